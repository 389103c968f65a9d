//! The next mirror: gathered from ops, written beside the last one, and put in its place.
//!
//! A manifest never changes once its run has ended, so those of the last mirror are taken over line by line, and ops is asked only for
//! what is new.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::format::{FORMAT, Line, MirrorHeader, MirroredRepository};
use super::read::{MirrorError, Places, index};
use crate::names::{Label, RepositoryName};
use crate::ops::{Cells, Ops};
use crate::run::error::RunError;
use crate::run::job::Job;
use crate::starrocks::{RepositoryRow, Session, cluster_id, query};

/// The longest mirror, in bytes. What does not fit are the oldest recovery points.
const LIMIT: u64 = 64 << 20;

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the mirror of the catalogue could not be written to {}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Where the manifest of a label comes from.
enum Source {
    /// The last mirror: place and length.
    Last(u64, usize),
    New(String),
}

struct Content {
    header: MirrorHeader,
    repositories: Vec<MirroredRepository>,
    inventory: Vec<Cells>,
    /// Newest first.
    backups: Vec<(Label, Cells)>,
    manifests: BTreeMap<Label, Source>,
}

pub async fn write(job: &Job, session: &Session, ops: &Ops, path: &Path) -> Result<(), WriteError> {
    let cluster = cluster_id(session.as_ref())
        .await
        .map_err(RunError::from)?
        .unwrap_or_default();
    let last = match index(path) {
        Ok((header, places)) if header.cluster == cluster => places,
        // The catalogue of a cluster that may be gone: the one thing it can be recovered by.
        Ok((header, _)) => {
            set_aside(path, &header.cluster)?;
            Places::new()
        }
        Err(MirrorError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Places::new()
        }
        Err(_) => {
            set_aside(path, "unreadable")?;
            Places::new()
        }
    };
    let content = gather(job, session, ops, cluster, last).await?;
    let target = path.to_owned();
    let written = tokio::task::spawn_blocking(move || content.put(&target));
    match written.await {
        Ok(written) => written.map_err(|source| failed(path, source)),
        Err(error) => Err(RunError::Failed(format!("brd's own fault: {error}")).into()),
    }
}

fn failed(path: &Path, source: io::Error) -> WriteError {
    WriteError::Io {
        path: path.to_owned(),
        source,
    }
}

fn set_aside(path: &Path, word: &str) -> Result<(), WriteError> {
    let safe: String = word
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    fs::rename(path, path.with_extension(format!("{safe}.jsonl")))
        .map_err(|source| failed(path, source))
}

async fn gather(
    job: &Job,
    session: &Session,
    ops: &Ops,
    cluster: String,
    last: Places,
) -> Result<Content, RunError> {
    let mut manifests: BTreeMap<Label, Source> = BTreeMap::new();
    let mut backups = Vec::new();
    let mut gathered = 0;
    for row in ops.point_rows().await? {
        let Some(label) = label(&row, "label") else {
            continue;
        };
        if let Some((offset, length)) = last.get(&label) {
            manifests.insert(label.clone(), Source::Last(*offset, *length));
        } else if gathered < LIMIT {
            job.check_stop()?;
            let mut text = manifest_head(&label);
            ops.manifest_json(&label, &mut text).await?;
            text.push_str(MANIFEST_TAIL);
            gathered += text.len() as u64;
            manifests.insert(label.clone(), Source::New(text));
        }
        backups.push((label, row));
    }
    Ok(Content {
        header: MirrorHeader {
            format: FORMAT,
            brd: env!("CARGO_PKG_VERSION").to_owned(),
            written: job.now(),
            host: job.host.to_string(),
            cluster,
        },
        repositories: repositories(session).await?,
        inventory: ops.inventory_rows().await?,
        backups,
        manifests,
    })
}

async fn repositories(session: &Session) -> Result<Vec<MirroredRepository>, RunError> {
    let set = query(session.as_ref(), "SHOW REPOSITORIES").await?;
    let mut found = Vec::new();
    for row in set.rows() {
        let row = RepositoryRow::read(&row)?;
        if let Ok(name) = RepositoryName::parse(row.name) {
            found.push(MirroredRepository {
                name,
                location: row.location,
            });
        }
    }
    Ok(found)
}

fn label(row: &Cells, column: &str) -> Option<Label> {
    let text = row.get(column)?.as_ref()?;
    Label::recorded(text.as_str()).ok() // no error: a row that no statement can name
}

/// As [`Line::Manifest`] begins and ends; between them are the fields of its rows.
fn manifest_head(label: &Label) -> String {
    let label = serde_json::to_string(label).expect("a label is JSON");
    format!("{{\"manifest\":{{\"label\":{label},")
}

const MANIFEST_TAIL: &str = "}}";

fn text(line: &Line) -> String {
    serde_json::to_string(line).expect("a line is JSON")
}

impl Content {
    /// Beside the last one, whole and on the disk, before it takes its name: a crash leaves the one or the other.
    fn put(self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("part");
        let mut last = File::open(path).ok(); // no error: the first mirror has none before it
        let mut out = Out {
            file: BufWriter::new(File::create(&beside)?),
            lines: 0,
            bytes: 0,
        };
        self.lines(&mut out, &mut last, LIMIT)?;
        out.file.into_inner()?.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    }

    fn lines(self, out: &mut Out, last: &mut Option<File>, limit: u64) -> io::Result<()> {
        out.line(&text(&Line::Header(self.header)))?;
        for repository in self.repositories {
            out.line(&text(&Line::Repository(repository)))?;
        }
        for row in self.inventory {
            out.line(&text(&Line::Inventory(row)))?;
        }
        let rows: BTreeMap<&Label, &Cells> = self
            .backups
            .iter()
            .map(|(label, row)| (label, row))
            .collect();
        let mut done: BTreeSet<&Label> = BTreeSet::new();
        let mut points = self.backups.iter();
        let mut left_out = 0;
        // A backup, and all that it was compared with, before the next older one: what is cut off in the end are whole chains.
        for (label, _) in points.by_ref() {
            for link in chain(label, &rows) {
                if !done.insert(link) {
                    continue;
                }
                out.line(&text(&Line::Backup(rows[link].clone())))?;
                match self.manifests.get(link) {
                    Some(Source::New(text)) => out.line(text)?,
                    Some(Source::Last(offset, length)) => {
                        let line = taken_over(last, *offset, *length)?;
                        out.line(&line)?;
                    }
                    None => {}
                }
            }
            if out.bytes > limit {
                left_out = points.filter(|(label, _)| !done.contains(label)).count() as u64;
                break;
            }
        }
        let end = Line::End {
            lines: out.lines,
            left_out,
        };
        out.line(&text(&end))
    }
}

fn chain<'a>(label: &'a Label, rows: &BTreeMap<&'a Label, &'a Cells>) -> Vec<&'a Label> {
    let mut links = vec![label];
    while let Some(below) = links.last().and_then(|link| label_of(rows, link)) {
        // A circle was written by nobody of ours, and ends here.
        if links.contains(&below) {
            break;
        }
        links.push(below);
    }
    links
}

fn label_of<'a>(rows: &BTreeMap<&'a Label, &'a Cells>, of: &Label) -> Option<&'a Label> {
    let baseline = label(rows.get(of)?, "baseline_label")?;
    rows.get_key_value(&baseline).map(|(label, _)| *label)
}

fn taken_over(last: &mut Option<File>, offset: u64, length: usize) -> io::Result<String> {
    let file = last
        .as_mut()
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

struct Out {
    file: BufWriter<File>,
    lines: u64,
    bytes: u64,
}

impl Out {
    fn line(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.write_all(b"\n")?;
        self.lines += 1;
        self.bytes += text.len() as u64 + 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::ManifestRows;
    use crate::run::mirror::Mirror;

    fn named(text: &str) -> Label {
        Label::parse(text).unwrap()
    }

    /// `label` or `label<baseline`, newest first, each with a manifest of about 1 KiB.
    fn content(backups: &[&str]) -> Content {
        let backup = |text: &&str| {
            let (name, baseline) = text.split_once('<').unwrap_or((text, ""));
            let baseline = Some(baseline.to_owned()).filter(|text| !text.is_empty());
            let row = [
                ("label".to_owned(), Some(name.to_owned())),
                ("baseline_label".to_owned(), baseline),
            ];
            (named(name), Cells::from(row))
        };
        let backups: Vec<(Label, Cells)> = backups.iter().map(backup).collect();
        let manifest = |(name, _): &(Label, Cells)| {
            let wide = Cells::from([("partition_name".to_owned(), Some("x".repeat(1000)))]);
            let rows = ManifestRows {
                tables: Vec::new(),
                partitions: vec![wide],
            };
            let label = name.clone();
            (
                name.clone(),
                Source::New(text(&Line::Manifest { label, rows })),
            )
        };
        Content {
            header: MirrorHeader {
                format: FORMAT,
                brd: "0".to_owned(),
                written: chrono::DateTime::UNIX_EPOCH,
                host: "h".to_owned(),
                cluster: "1".to_owned(),
            },
            repositories: Vec::new(),
            inventory: Vec::new(),
            manifests: backups.iter().map(manifest).collect(),
            backups,
        }
    }

    fn written(content: Content, limit: u64) -> (Vec<String>, Mirror) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror");
        let mut out = Out {
            file: BufWriter::new(File::create(&path).unwrap()),
            lines: 0,
            bytes: 0,
        };
        content.lines(&mut out, &mut None, limit).unwrap();
        out.file.into_inner().unwrap();
        let mirror = Mirror::open(&path).unwrap();
        let manifests = mirror.manifests().unwrap();
        let labels = manifests.map(|manifest| manifest.unwrap().0.to_string());
        (labels.collect(), mirror)
    }

    #[test]
    fn what_does_not_fit_are_the_oldest_points_and_no_chain_is_cut() {
        let backups = ["i4<f3", "f3", "i2<f1", "i1<f1", "f1", "f0"];
        let (labels, mirror) = written(content(&backups), LIMIT);
        assert_eq!(labels, ["i4", "f3", "i2", "f1", "i1", "f0"]);
        assert_eq!((mirror.backups.len(), mirror.left_out), (6, 0));
        // The third point takes it beyond the limit, and comes with its full.
        let (labels, mirror) = written(content(&backups), 3_000);
        assert_eq!(labels, ["i4", "f3", "i2", "f1"]);
        assert_eq!((mirror.backups.len(), mirror.left_out), (4, 2));
    }

    #[test]
    fn a_manifest_is_written_as_its_line() {
        let rows = ManifestRows {
            tables: vec![Cells::from([("a".to_owned(), None)])],
            partitions: vec![Cells::from([("b".to_owned(), Some("\"'\\".to_owned()))])],
        };
        let label = named("x");
        let json = serde_json::to_string(&rows).unwrap();
        let fields = &json[1..json.len() - 1];
        let written = format!("{}{fields}{MANIFEST_TAIL}", manifest_head(&label));
        assert_eq!(written, text(&Line::Manifest { label, rows }));
    }

    #[test]
    fn a_circle_of_baselines_has_an_end() {
        let (labels, _) = written(content(&["a<b", "b<a"]), LIMIT);
        assert_eq!(labels, ["a", "b"]);
    }
}
