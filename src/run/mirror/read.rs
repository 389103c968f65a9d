//! Reading a mirror: whole and of a format that is known, or not at all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::format::{FORMAT, Line, MirrorHeader};
use crate::names::{Label, RepositoryName};
use crate::ops::{Cells, ManifestRows};

/// Everything but the manifests, which are read one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    pub path: PathBuf,
    pub header: MirrorHeader,
    /// With their locations.
    pub repositories: BTreeMap<RepositoryName, String>,
    pub inventory: Vec<Cells>,
    pub backups: Vec<Cells>,
    pub left_out: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("the mirror {} cannot be read", .path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the mirror {} is of format {found}, and this brd reads {FORMAT}", .path.display())]
    Format { path: PathBuf, found: u32 },
    #[error("line {line} of the mirror {} is not one of a mirror: {why}", .path.display())]
    Line {
        path: PathBuf,
        line: usize,
        why: String,
    },
    #[error("the mirror {} has no end: it was cut off", .path.display())]
    CutOff { path: PathBuf },
}

impl MirrorError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            MirrorError::Unreadable { .. } => {
                "the daemon reads it, not brctl: give a path on the daemon's host that its user may read"
            }
            MirrorError::Format { .. } => "recover with the release of brd that wrote it",
            MirrorError::Line { .. } | MirrorError::CutOff { .. } => {
                "give another copy of it with --from-mirror"
            }
        }
    }
}

impl Mirror {
    pub fn open(path: &Path) -> Result<Mirror, MirrorError> {
        let mut lines = Lines::open(path)?;
        let header = lines.header()?;
        let mut mirror = Mirror {
            path: path.to_owned(),
            header,
            repositories: BTreeMap::new(),
            inventory: Vec::new(),
            backups: Vec::new(),
            left_out: 0,
        };
        while let Some((_, text)) = lines.next()? {
            match lines.parse(&text)? {
                Line::Repository(found) => {
                    mirror.repositories.insert(found.name, found.location);
                }
                Line::Inventory(row) => mirror.inventory.push(row),
                Line::Backup(row) => mirror.backups.push(row),
                Line::Manifest { .. } => {}
                Line::End {
                    lines: before,
                    left_out,
                } if before + 1 == lines.number as u64 => {
                    mirror.left_out = left_out;
                    return Ok(mirror);
                }
                Line::Header(_) | Line::End { .. } => {
                    return Err(lines.wrong("it does not belong there"));
                }
            }
        }
        Err(MirrorError::CutOff {
            path: path.to_owned(),
        })
    }

    /// One after another, in the order of the file.
    pub fn manifests(&self) -> Result<Manifests, MirrorError> {
        Lines::open(&self.path).map(Manifests)
    }
}

/// The manifests of a file that [`Mirror::open`] has found whole.
pub struct Manifests(Lines);

impl Iterator for Manifests {
    type Item = Result<(Label, ManifestRows), MirrorError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.0.next() {
                Ok(line) => self.0.parse(&line?.1),
                Err(error) => Err(error),
            };
            match line {
                Ok(Line::Manifest { label, rows }) => return Some(Ok((label, rows))),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Where the line of a label's manifest begins, and how long it is.
pub(super) type Places = BTreeMap<Label, (u64, usize)>;

/// The header, and where the line of each manifest lies: what the next mirror takes over as it is.
pub(super) fn index(path: &Path) -> Result<(MirrorHeader, Places), MirrorError> {
    #[derive(Deserialize)]
    struct Head {
        manifest: Option<Labelled>,
    }
    #[derive(Deserialize)]
    struct Labelled {
        label: Label,
    }
    let mut lines = Lines::open(path)?;
    let header = lines.header()?;
    let mut places = BTreeMap::new();
    while let Some((offset, text)) = lines.next()? {
        let head: Head = serde_json::from_str(&text).map_err(|error| lines.no_json(&error))?;
        if let Some(manifest) = head.manifest {
            places.insert(manifest.label, (offset, text.len()));
        }
    }
    Ok((header, places))
}

struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    number: usize,
    offset: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Lines, MirrorError> {
        let file = File::open(path).map_err(|source| MirrorError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Ok(Lines {
            path: path.to_owned(),
            reader: BufReader::new(file),
            number: 0,
            offset: 0,
        })
    }

    /// With its place; without the line's end. What has no end is no line.
    fn next(&mut self) -> Result<Option<(u64, String)>, MirrorError> {
        let mut text = String::new();
        let read = self
            .reader
            .read_line(&mut text)
            .map_err(|source| MirrorError::Unreadable {
                path: self.path.clone(),
                source,
            })?;
        if text.pop() != Some('\n') {
            return Ok(None);
        }
        let offset = self.offset;
        self.offset += read as u64;
        self.number += 1;
        Ok(Some((offset, text)))
    }

    fn parse(&self, text: &str) -> Result<Line, MirrorError> {
        serde_json::from_str(text).map_err(|error| self.no_json(&error))
    }

    fn header(&mut self) -> Result<MirrorHeader, MirrorError> {
        let Some((_, text)) = self.next()? else {
            return Err(MirrorError::CutOff {
                path: self.path.clone(),
            });
        };
        match self.parse(&text)? {
            Line::Header(header) if header.format == FORMAT => Ok(header),
            Line::Header(header) => Err(MirrorError::Format {
                path: self.path.clone(),
                found: header.format,
            }),
            _ => Err(self.wrong("the first line is the header")),
        }
    }

    /// Where, and never what stands there: the file may be any that the daemon can read, and its asker not.
    fn no_json(&self, error: &serde_json::Error) -> MirrorError {
        self.wrong(format_args!("at column {}", error.column()))
    }

    fn wrong(&self, why: impl std::fmt::Display) -> MirrorError {
        MirrorError::Line {
            path: self.path.clone(),
            line: self.number,
            why: why.to_string(),
        }
    }
}
