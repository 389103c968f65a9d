//! `brctl recover`: brd's memory again, when the cluster that held it is gone.

use std::path::absolute;

use super::args::RecoverArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::watch;
use crate::control::client::Client;
use crate::control::protocol::RecoverRequest;

/// It is not asked about: whatever holds a history is refused.
pub(super) async fn recover(client: &Client, args: RecoverArgs) -> Result<Exit, Failure> {
    // The daemon was started in another directory than this one.
    let from_mirror = args
        .from_mirror
        .map(absolute)
        .transpose()
        .map_err(Failure::Start)?;
    let request = RecoverRequest {
        repository: args.repository,
        from_mirror,
    };
    let accepted = client.start_recovery(request).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}
