//! TLS with a certificate made here, and with a client of rustls that trusts nothing else.

use std::sync::Arc;

use mysql_async::prelude::Queryable;
use starrocks_sandbox::engine::{OpenError, Options, Sandbox, TlsFiles};
use starrocks_sandbox::release::Release;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::Server;

/// PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH
const FLAGS: u32 = 0x0008_8a00;
const SSL: u32 = 0x800;

struct Identity {
    directory: TempDir,
    certificate: CertificateDer<'static>,
}

impl Identity {
    fn new() -> Identity {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("certificate.pem"), made.cert.pem()).unwrap();
        let key = made.signing_key.serialize_pem();
        std::fs::write(directory.path().join("key.pem"), key).unwrap();
        Identity {
            directory,
            certificate: made.cert.der().clone(),
        }
    }

    fn files(&self, required: bool) -> TlsFiles {
        TlsFiles {
            certificate: self.directory.path().join("certificate.pem"),
            key: self.directory.path().join("key.pem"),
            required,
        }
    }

    fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }
}

async fn secure_server(identity: &Identity, required: bool) -> Server {
    Server::with(|options| options.tls = Some(identity.files(required))).await
}

#[tokio::test]
async fn a_client_that_asks_for_tls_logs_in_under_it() {
    let identity = Identity::new();
    let server = secure_server(&identity, false).await;
    let mut raw = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    assert!(offers_tls(&receive(&mut raw).await));
    send(&mut raw, 1, &request(FLAGS)).await;
    let name = ServerName::try_from("localhost").unwrap();
    let mut secure = identity.connector().connect(name, raw).await.unwrap();
    send(&mut secure, 2, &login(FLAGS)).await;
    assert_eq!(receive(&mut secure).await[0], 0x00);
    send(&mut secure, 0, b"\x03SELECT 7").await;
    let mut last = Vec::new();
    for _ in 0..4 {
        last = receive(&mut secure).await;
    }
    assert_eq!(last, b"\x017");
}

#[tokio::test]
async fn plain_clients_are_welcome_beside_it() {
    let identity = Identity::new();
    let server = secure_server(&identity, false).await;
    server.connect().await.ping().await.unwrap();
}

#[tokio::test]
async fn what_is_no_tls_after_the_request_is_refused_in_clear() {
    let identity = Identity::new();
    let server = secure_server(&identity, false).await;
    let mut raw = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    receive(&mut raw).await;
    send(&mut raw, 1, &request(FLAGS)).await;
    send(&mut raw, 2, &login(FLAGS)).await;
    let mut answer = Vec::new();
    raw.read_to_end(&mut answer).await.unwrap();
    let text = b"\xff\x18\x15#XX000Failed to change to SSL connection";
    assert!(answer.ends_with(text), "{answer:?}");
}

/// There is no SSLContext to make an engine from.
#[tokio::test]
async fn a_request_for_tls_that_is_not_configured_ends_the_connection_without_a_word() {
    let server = Server::start().await;
    let mut raw = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    assert!(!offers_tls(&receive(&mut raw).await));
    send(&mut raw, 1, &request(FLAGS)).await;
    assert_eq!(raw.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn where_tls_is_required_only_127_0_0_1_may_do_without() {
    let identity = Identity::new();
    let server = secure_server(&identity, true).await;
    server.connect().await.ping().await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let address = format!("127.0.0.1:{}", server.port).parse().unwrap();
    let mut raw = socket.connect(address).await.unwrap();
    receive(&mut raw).await;
    send(&mut raw, 1, &login(FLAGS & !SSL)).await;
    let refusal = receive(&mut raw).await;
    let text = b"\xff\x55\x14#HY000Connections using insecure transport are prohibited";
    assert_eq!(refusal, text);
    assert_eq!(raw.read(&mut [0]).await.unwrap(), 0);
}

#[test]
fn tls_that_cannot_be_set_up_keeps_the_sandbox_from_opening() {
    let identity = Identity::new();
    let data = tempfile::tempdir().unwrap();
    let open = |release, files| {
        Sandbox::open(Options {
            release,
            tls: Some(files),
            ..Options::new(data.path())
        })
    };
    let key_twice = TlsFiles {
        certificate: identity.files(false).key,
        ..identity.files(false)
    };
    let wrong = open(Release::V3_5, key_twice).err();
    assert!(matches!(wrong, Some(OpenError::Tls(_))), "{wrong:?}");
    let early = open(Release::V3_4, identity.files(true)).err();
    assert!(
        matches!(early, Some(OpenError::TlsRequired(_))),
        "{early:?}"
    );
}

/// Where the capabilities stand behind version "8.0.33".
fn offers_tls(greeting: &[u8]) -> bool {
    greeting[22] & 0x08 != 0
}

fn request(flags: u32) -> Vec<u8> {
    [&flags.to_le_bytes()[..], &[0; 28]].concat()
}

fn login(flags: u32) -> Vec<u8> {
    [&request(flags)[..], b"root\0\0mysql_native_password\0"].concat()
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, number: u8, payload: &[u8]) {
    let length = u8::try_from(payload.len()).unwrap();
    let packet = [&[length, 0, 0, number], payload].concat();
    stream.write_all(&packet).await.unwrap();
    stream.flush().await.unwrap();
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await.unwrap();
    let mut payload = vec![0; usize::from(header[0])];
    stream.read_exact(&mut payload).await.unwrap();
    payload
}
