//! TLS for clients that ask for it: FE configuration `ssl_keystore_location` (`mysql/ssl/SSLContextLoader.java`), here two PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

#[derive(Clone)]
pub struct Tls(TlsAcceptor);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("no certificate in {}: {reason}", file.display())]
    Certificate { file: PathBuf, reason: String },
    #[error("no private key in {}: {reason}", file.display())]
    Key { file: PathBuf, reason: String },
    #[error("certificate and private key are of no use together")]
    Pair(#[from] tokio_rustls::rustls::Error),
}

impl Tls {
    /// A certificate with the chain behind it, and its key.
    pub fn open(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let chain = read_chain(certificate).map_err(|reason| TlsError::Certificate {
            file: certificate.to_owned(),
            reason,
        })?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|fault| TlsError::Key {
            file: key.to_owned(),
            reason: fault.to_string(),
        })?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, secret)?;
        Ok(Tls(TlsAcceptor::from(Arc::new(config))))
    }

    /// Gives the stream back where the client does not speak TLS.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> Result<TlsStream<S>, S> {
        self.0
            .accept(stream)
            .into_fallible()
            .await
            .map_err(|(error, stream)| {
                tracing::debug!(%error, "no TLS");
                stream
            })
    }
}

fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|fault| fault.to_string())?;
    if chain.is_empty() {
        return Err("the file holds none".to_owned());
    }
    Ok(chain)
}
