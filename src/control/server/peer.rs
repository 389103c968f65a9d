//! Who is at the other end, by the kernel's word.

use std::io;

use tokio::net::UnixStream;

use crate::engine::{Asker, Role};

/// The kernel remembers the peer's user as it was at connect; nothing the client sends can change it.
pub(super) fn asker(stream: &UnixStream) -> io::Result<Asker> {
    let peer = stream.peer_cred()?;
    let own = rustix::process::geteuid().as_raw();
    Ok(Asker {
        role: role(peer.uid(), own),
        uid: peer.uid(),
        pid: peer.pid(),
    })
}

/// Everybody else came through the socket's mode, so belongs to its group.
fn role(uid: u32, own: u32) -> Role {
    if uid == 0 || uid == own {
        Role::Admin
    } else {
        Role::Operator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_the_daemons_own_user_administer_and_the_group_operates() {
        assert!(matches!(role(0, 990), Role::Admin));
        assert!(matches!(role(990, 990), Role::Admin));
        assert!(matches!(role(1000, 990), Role::Operator));
    }

    #[tokio::test]
    async fn the_kernel_names_the_peer() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let asker = asker(&ours).unwrap();
        assert_eq!(asker.uid, rustix::process::geteuid().as_raw());
        assert_eq!(asker.pid, Some(i32::try_from(std::process::id()).unwrap()));
        assert!(matches!(asker.role, Role::Admin));
    }
}
