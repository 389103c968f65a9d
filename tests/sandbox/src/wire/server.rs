//! Accepts connections.

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::wire::connection::Connection;
use crate::wire::service::Service;

/// Serves until `stop` is done. Open connections are cut then; a statement that is running on a thread runs to its end.
pub async fn serve<S: Service>(listener: TcpListener, service: S, stop: impl Future<Output = ()>) {
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return,
            accepted = listener.accept() => accepted,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(panic) = ended {
                    tracing::error!(%panic, "connection ended by a panic");
                }
                continue;
            }
        };
        match accepted {
            // The port stays taken, so that nobody else gets it meanwhile.
            Ok(_) if !service.accepts() => {}
            Ok((stream, peer)) => {
                let service = service.clone();
                connections.spawn(async move { Connection::run(service, stream, peer).await });
            }
            Err(error) => {
                // Out of descriptors, mostly: the listener itself is sound.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
