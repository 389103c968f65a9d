//! Whether the cluster is of a release that brd is written for: shared-nothing 3.2 to 4.2.

use crate::starrocks::{FrontendRow, Version, leader_of};

/// What is wrong with the releases of a cluster's frontends, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseProblem {
    pub wrong: String,
    pub help: String,
    /// Stops no job.
    pub warning: bool,
}

/// The oldest, and the first that is not known yet.
const OLDEST: Version = Version(3, 2, 0);
const UNKNOWN: (u32, u32) = (4, 3);

/// `information_schema.partitions_meta`, from which brd tells what has changed (release notes of 3.2).
const WITH_PARTITIONS_META: Version = Version(3, 2, 4);

/// BACKUP of tables partitioned by LIST (release notes of 3.2).
const WITH_LIST: Version = Version(3, 2, 12);

pub fn problems(frontends: &[FrontendRow]) -> Vec<ReleaseProblem> {
    let mut problems = Vec::new();
    match leader_of(frontends) {
        Some(leader) => problems.extend(of_leader(leader)),
        None => problems.push(ReleaseProblem {
            wrong: "no frontend says that it leads the cluster".to_owned(),
            help: "brd works through the frontend that answers; releases 3.3.0 to 3.3.3 are known to hide the leader: upgrade them to 3.3.4 \
                   or newer"
                .to_owned(),
            warning: true,
        }),
    }
    problems.extend(mixed(frontends));
    problems
}

fn of_leader(leader: &FrontendRow) -> Option<ReleaseProblem> {
    let version = &leader.version;
    let problem = |wrong: String, help: &str, warning| {
        Some(ReleaseProblem {
            wrong,
            help: help.to_owned(),
            warning,
        })
    };
    let Some(release) = leader.release() else {
        return problem(
            format!("the leader's version `{version}` names no release"),
            "brd is written for releases 3.2 to 4.2; see that it is one of them",
            true,
        );
    };
    if release < OLDEST {
        return problem(
            format!("the leader runs StarRocks {version}, and brd needs 3.2 or newer"),
            "upgrade the cluster to 3.2.12 or newer",
            false,
        );
    }
    if release < WITH_PARTITIONS_META {
        return problem(
            format!(
                "the leader runs StarRocks {version}, which has no information_schema.partitions_meta (since 3.2.4): brd cannot tell what has changed"
            ),
            "upgrade the cluster to 3.2.12 or newer",
            false,
        );
    }
    if release < WITH_LIST {
        return problem(
            format!(
                "the leader runs StarRocks {version}, which cannot back up tables partitioned by LIST (since 3.2.12)"
            ),
            "upgrade the cluster to 3.2.12 or newer, or name the other tables one by one in ops.table_inventory",
            false,
        );
    }
    if (release.0, release.1) >= UNKNOWN {
        return problem(
            format!(
                "the leader runs StarRocks {version}, which is newer than 4.2, the newest that this brd was written for"
            ),
            "look for a newer brd; until then prove your backups by restoring one (`brctl restore … --plan` first)",
            true,
        );
    }
    None
}

/// In the middle of an upgrade.
fn mixed(frontends: &[FrontendRow]) -> Option<ReleaseProblem> {
    let alive = frontends.iter().filter(|frontend| frontend.alive);
    let mut releases: Vec<(u32, u32)> = alive
        .filter_map(FrontendRow::release)
        .map(|Version(major, minor, _)| (major, minor))
        .collect();
    releases.sort_unstable();
    releases.dedup();
    if releases.len() < 2 {
        return None;
    }
    let named: Vec<String> = frontends
        .iter()
        .map(|frontend| {
            format!(
                "{}:{} runs {}",
                frontend.ip, frontend.query_port, frontend.version
            )
        })
        .collect();
    Some(ReleaseProblem {
        wrong: format!("the frontends are not of one release: {}", named.join(", ")),
        help: "finish the upgrade; a backup that is taken meanwhile is of the release of whoever leads".to_owned(),
        warning: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frontend(port: u16, leader: bool, version: &str) -> FrontendRow {
        FrontendRow {
            ip: "fe".to_owned(),
            query_port: port,
            leader,
            alive: true,
            version: version.to_owned(),
        }
    }

    /// Nothing, a warning, or what keeps backups from being right.
    #[test]
    fn the_leader_decides_what_brd_can_do() {
        let cases = [
            ("2.5.22-abc", Some(false), "3.2 or newer"),
            ("3.1.17", Some(false), "3.2 or newer"),
            ("3.2.3", Some(false), "partitions_meta"),
            ("3.2.4", Some(false), "LIST"),
            ("3.2.11-4f1ec25", Some(false), "LIST"),
            ("3.2.12", None, ""),
            ("3.3.0", None, ""),
            ("3.5.2-sandbox", None, ""),
            ("4.2.7", None, ""),
            ("4.3.0", Some(true), "newer than 4.2"),
            ("5.0.0", Some(true), "newer than 4.2"),
            ("main-8f3c1d2", Some(true), "names no release"),
            ("", Some(true), "names no release"),
        ];
        for (version, warning, part) in cases {
            let found = problems(&[frontend(1, true, version)]);
            let first = found.first();
            assert_eq!(first.map(|problem| problem.warning), warning, "{version}");
            assert!(
                first.is_none_or(|problem| problem.wrong.contains(part)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn an_upgrade_under_way_is_said() {
        let found = problems(&[
            frontend(1, true, "3.4.3"),
            frontend(2, false, "3.5.2"),
            frontend(3, false, "NULL"),
        ]);
        assert_eq!(
            found[0].wrong,
            "the frontends are not of one release: fe:1 runs 3.4.3, fe:2 runs 3.5.2, fe:3 runs NULL"
        );
        assert!(found[0].warning);
        assert!(problems(&[frontend(1, true, "3.4.3"), frontend(2, false, "3.4.1")]).is_empty());
    }

    #[test]
    fn a_cluster_whose_leader_hides_is_worked_with() {
        let found = problems(&[frontend(1, false, "3.3.2"), frontend(2, false, "3.3.2")]);
        assert!(found[0].warning && found[0].wrong.contains("no frontend says that it leads"));
        assert_eq!(found.len(), 1);
    }
}
