//! What belongs to a crash besides its raw crash.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;
use socorro_core::crash::{DumpName, StoredId};
use socorro_core::error::Result;

use super::find::Found;
use super::{Store, note};
use crate::disk::{Dir, Kind};
use crate::failure::At;
use crate::layout::names::{self, DumpFile};
use crate::layout::{Place, Shape};

/// Where a dump lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: DumpName,
    pub(crate) dir: String,
    pub(crate) file: String,
}

/// The dumps of a crash, ascending by name.
pub(crate) struct Parts {
    pub(crate) dumps: Vec<Part>,
    /// All of them are certain to belong: one that is not there is lost.
    pub(crate) certain: bool,
}

/// More than this in antenna's list of names is no list of names.
const NAMES_SIZE: u64 = 1 << 20;

impl Part {
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.dir, self.file)
    }
}

impl Parts {
    /// The directories that hold them and the raw crash, the raw crash's last.
    pub(crate) fn dirs<'a>(&'a self, place: &'a Place) -> Vec<&'a str> {
        let mut dirs: Vec<&str> = self.dumps.iter().map(|part| part.dir.as_str()).collect();
        dirs.retain(|dir| *dir != place.dir);
        dirs.sort_unstable();
        dirs.dedup();
        dirs.push(&place.dir);
        dirs
    }
}

impl Store {
    /// The dumps that belong to a raw crash that is there.
    pub(crate) fn parts(&self, found: &Found, id: &StoredId) -> Result<Parts> {
        if found.place.shape == Shape::Antenna {
            return self.antenna_parts(&found.place, id);
        }
        let Some(names) = note::dumps(&found.raw) else {
            return self.listed_parts(&found.place, id);
        };
        let parts = names.into_iter().map(|name| Part {
            dir: found.place.dir.clone(),
            file: names::dump(id.as_str(), &name),
            name,
        });
        Ok(Parts {
            dumps: parts.collect(),
            certain: true,
        })
    }

    /// The dumps that bear the id, as the original systems find them.
    pub(crate) fn listed_parts(&self, place: &Place, id: &StoredId) -> Result<Parts> {
        let mut dumps = BTreeMap::new();
        if let Some(dir) = self.find_dir(&place.dir)? {
            for file in dump_files(&dir, id)? {
                match names::dump_of(id.as_str(), &file) {
                    Some(DumpFile::Named(name)) => {
                        let canonical = names::dump(id.as_str(), &name) == file;
                        let part = Part {
                            name: name.clone(),
                            dir: place.dir.clone(),
                            file,
                        };
                        if canonical {
                            dumps.insert(name, part);
                        } else {
                            dumps.entry(name).or_insert(part);
                        }
                    }
                    _ => tracing::warn!(%id, file, "a dump is passed over: its name cannot be one"),
                }
            }
        }
        Ok(Parts {
            dumps: dumps.into_values().collect(),
            certain: false,
        })
    }

    /// The dumps in antenna's directories that bear the id.
    pub(crate) fn antenna_parts(&self, place: &Place, id: &StoredId) -> Result<Parts> {
        let mut dumps = BTreeMap::new();
        for dir in self.antenna_dirs(place, id)? {
            let path = format!("{}/{dir}", place.base);
            let holds = match self.find_dir(&path)? {
                Some(dir) => dir.find_file(id.as_str()).at("open", &path)?.is_some(),
                None => false,
            };
            let Ok(name) = dir.parse::<DumpName>() else {
                continue;
            };
            // antenna took a failed write for a success, so that a dump it lists may not be there.
            if holds {
                dumps.entry(name.clone()).or_insert(Part {
                    name,
                    dir: path,
                    file: id.to_string(),
                });
            }
        }
        Ok(Parts {
            dumps: dumps.into_values().collect(),
            certain: false,
        })
    }

    /// The directories antenna put this crash's dumps in: as its list says or, without one, any there is.
    fn antenna_dirs(&self, place: &Place, id: &StoredId) -> Result<Vec<String>> {
        let list = format!("{}/dump_names/{}", place.base, names::raw(id.as_str()));
        if let Some(file) = self.root.find_file(&list).at("open", &list)? {
            let mut text = Vec::new();
            file.take(NAMES_SIZE)
                .read_to_end(&mut text)
                .at("read", &list)?;
            if let Ok(Value::Array(names)) = serde_json::from_slice(&text) {
                let text = |name: &Value| match name {
                    Value::String(name) if !name.is_empty() => name.clone(),
                    _ => DumpName::DEFAULT.to_owned(),
                };
                let names = names.iter().map(text);
                return Ok(names.filter(|name| plain(name)).collect());
            }
        }
        let mut dirs = Vec::new();
        if let Some(base) = self.find_dir(&place.base)? {
            for entry in base.entries().at("read", &place.base)? {
                let entry = entry.at("read", &place.base)?;
                if entry.kind == Kind::Dir {
                    dirs.push(entry.name);
                }
            }
        }
        dirs.sort_unstable();
        Ok(dirs)
    }
}

/// The files in `dir` that are dumps of `id`, whatever their names.
pub(crate) fn dump_files(dir: &Dir, id: &StoredId) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in dir.entries().at("read", dir.path())? {
        let entry = entry.at("read", dir.path())?;
        if entry.kind == Kind::File && names::dump_of(id.as_str(), &entry.name).is_some() {
            files.push(entry.name);
        }
    }
    Ok(files)
}

fn plain(name: &str) -> bool {
    !name.contains('/') && name != "." && name != ".."
}
