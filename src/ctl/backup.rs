//! `brctl backup`.

use super::args::BackupArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::watch;
use crate::catalog::BackupKind;
use crate::control::client::Client;
use crate::control::protocol::BackupRequest;

pub(super) async fn backup(client: &Client, args: BackupArgs) -> Result<Exit, Failure> {
    if args.kind == BackupKind::Full && args.baseline_backup.is_some() {
        return Err(Failure::Usage {
            message: "a full backup is compared with nothing, so --baseline-backup says nothing"
                .to_owned(),
            help: "leave it out, or make it `brctl backup incremental`".to_owned(),
        });
    }
    let request = BackupRequest {
        kind: args.kind,
        group: args.group,
        baseline_backup: args.baseline_backup,
        name: args.name,
    };
    let accepted = client.start_backup(request).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}
