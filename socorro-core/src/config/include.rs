//! A file with everything it includes, in the order in which they are merged.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::class::Class;
use super::error::{ConfigError, ConfigErrors, Wrong};
use super::merge::{Layer, Part};
use super::origin::{Origin, SourceFile};
use super::seen::{Content, Recorder};
use super::tree::{Kind, Node, Table};
use super::{file, parse};
use crate::step::{Injected, Step, Steps};

const DEPTH: usize = 16;
const FILES: usize = 256;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads files into layers.
pub(crate) struct Reader<'a> {
    pub(crate) size_limit: u64,
    pub(crate) layers: &'a mut Vec<Layer>,
    pub(crate) errors: &'a mut ConfigErrors,
    files: usize,
    /// The files that are being read, each included by the one before it.
    open: Vec<PathBuf>,
    recorder: Option<&'a Recorder>,
    steps: Steps,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        size_limit: u64,
        layers: &'a mut Vec<Layer>,
        errors: &'a mut ConfigErrors,
    ) -> Self {
        Self {
            size_limit,
            layers,
            errors,
            files: 0,
            open: Vec::new(),
            recorder: None,
            steps: Steps::default(),
        }
    }

    /// The same, telling `recorder` of every file that is read.
    pub(crate) fn recorded_by(self, recorder: Option<&'a Recorder>) -> Self {
        Self { recorder, ..self }
    }

    fn record(&self, path: &Path, content: Content) {
        if let Some(recorder) = self.recorder {
            recorder.record(path, content);
        }
    }

    /// Takes the steps of an attempt.
    pub(crate) fn within(mut self, steps: &Steps) -> Self {
        self.steps = steps.clone();
        self
    }

    /// Reads a file, or the `*.toml` of a directory; what they include comes before them.
    pub(crate) fn read(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.read_file(path);
        }
        let found = file::list_toml(path);
        self.record(path, Content::of_paths(None, &found));
        match found {
            Ok(paths) => paths.iter().for_each(|path| self.read_file(path)),
            Err(wrong) => self.wrong(&Origin::path(path), "", wrong),
        }
    }

    fn read_file(&mut self, path: &Path) {
        self.files += 1;
        if self.files > FILES {
            if self.files == FILES + 1 {
                let why = format!("more than {FILES} files in all");
                let wrong = Wrong::new(Class::TooManyFiles, why);
                self.wrong(&Origin::path(path), "include", wrong);
            }
            return;
        }
        if let Err(wrong) = self.try_file(path) {
            self.wrong(&Origin::path(path), "", wrong);
        }
    }

    fn try_file(&mut self, path: &Path) -> Result<(), Wrong> {
        let steps = self.steps.clone();
        let mut bytes = steps.take(Step::Read, || self.read_text(path))?;
        let is_json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if !is_json && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        // Moved, not copied: what a file says may be a secret that nobody should have written there.
        let text = String::from_utf8(std::mem::take(&mut *bytes)).unwrap_or_default();
        let file = SourceFile::new(path, text);
        let mut wrong = ConfigErrors::default();
        let parsed = steps.take(Step::Parse, || {
            let table = if is_json {
                parse::json(&file, &mut wrong)
            } else {
                parse::toml(&file, &mut wrong)
            };
            // What could be parsed may include files, in which there are mistakes of their own to tell.
            if wrong.0.is_empty() {
                Ok(table)
            } else {
                Err(Unparsed::Partly(table))
            }
        });
        self.errors.extend(wrong);
        let mut table = match parsed {
            Ok(table) | Err(Unparsed::Partly(table)) => table,
            Err(Unparsed::Injected(injected)) => return Err(injected.into()),
        };
        if let Some(include) = table.remove("include") {
            self.include(path, &include);
        }
        self.layers.push(vec![Part { table }]);
        Ok(())
    }

    fn read_text(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, Wrong> {
        let read = file::read(path, self.size_limit);
        self.record(path, Content::of(&read));
        let (bytes, _) = read?;
        if std::str::from_utf8(&bytes).is_err() {
            let why = "is not UTF-8; save it as UTF-8";
            return Err(Wrong::new(Class::FileNotUtf8, why));
        }
        Ok(bytes)
    }

    fn include(&mut self, path: &Path, include: &Node) {
        let Some(included) = strings(include) else {
            let why = format!(
                "expected a list of paths, such as [\"other.toml\", \"more/*.toml\"], found {}",
                include.show()
            );
            return self.wrong_include(include, Wrong::new(Class::IncludeNotPaths, why));
        };
        let canonical = match path.canonicalize() {
            Ok(canonical) => canonical,
            Err(error) => return self.wrong_include(include, file::unreadable(error)),
        };
        if self.open.contains(&canonical) {
            let way = self.open.iter().skip_while(|open| **open != canonical);
            let way: Vec<String> = way
                .chain([&canonical])
                .map(|path| path.display().to_string())
                .collect();
            let why = format!(
                "the files include each other in a circle: {}",
                way.join(" -> ")
            );
            return self.wrong_include(include, Wrong::new(Class::IncludeCircle, why));
        }
        if self.open.len() >= DEPTH {
            let why = format!("files include each other more than {DEPTH} levels deep");
            return self.wrong_include(include, Wrong::new(Class::IncludeTooDeep, why));
        }
        self.open.push(canonical);
        let directory = path.parent().unwrap_or(Path::new(""));
        for (node, name) in included {
            let found = matches(directory, name);
            if is_pattern(name) {
                self.record(directory, Content::of_paths(Some(name), &found));
            }
            match found {
                Ok(paths) => {
                    for path in paths {
                        if is_pattern(name) && self.is_open_last(&path) {
                            self.record(&path, Content::Itself);
                            continue;
                        }
                        if !path.exists() {
                            // Told where it is named, which is where it can be mended.
                            let wrong = file::unreadable(missing(&path));
                            self.record(&path, Content::Unreadable(wrong.class));
                            self.wrong_include(
                                node,
                                Wrong {
                                    message: format!("{} {}", path.display(), wrong.message),
                                    ..wrong
                                },
                            );
                        } else {
                            self.read(&path);
                        }
                    }
                }
                Err(wrong) => self.wrong_include(node, wrong),
            }
        }
        self.open.pop();
    }

    /// Whether this is the file that is being read: a pattern may match the file it stands in.
    fn is_open_last(&self, path: &Path) -> bool {
        path.canonicalize()
            .is_ok_and(|path| self.open.last() == Some(&path))
    }

    fn wrong_include(&mut self, node: &Node, wrong: Wrong) {
        self.wrong(&node.origin, "include", wrong);
    }

    fn wrong(&mut self, origin: &Origin, key: &str, wrong: Wrong) {
        self.errors
            .extend([ConfigError::new(origin.clone(), key, wrong)]);
    }
}

/// A file that could not be parsed, or not wholly.
enum Unparsed {
    Partly(Table),
    Injected(Injected),
}

impl From<Injected> for Unparsed {
    fn from(injected: Injected) -> Self {
        Self::Injected(injected)
    }
}

fn strings(node: &Node) -> Option<Vec<(&Node, &str)>> {
    let Kind::List(items) = &node.kind else {
        return None;
    };
    items
        .iter()
        .map(|item| match &item.kind {
            Kind::String(text) => Some((item, text.as_str())),
            _ => None,
        })
        .collect()
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The paths that `name` means in `directory`: one, or those that match a pattern, in order. A pattern may
/// match nothing.
pub(crate) fn matches(directory: &Path, name: &str) -> Result<Vec<PathBuf>, Wrong> {
    if !is_pattern(name) {
        return Ok(vec![directory.join(name)]);
    }
    let no_pattern = |why: &str| {
        let why = format!("{name:?} is no pattern: {why}");
        Wrong::new(Class::IncludePattern, why)
    };
    let directory = directory
        .to_str()
        .ok_or_else(|| no_pattern("the name of its directory is not UTF-8"))?;
    let pattern = Path::new(&glob::Pattern::escape(directory)).join(name);
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let found = glob::glob_with(&pattern.to_string_lossy(), options)
        .map_err(|error| no_pattern(error.msg))?;
    let mut paths = Vec::new();
    for path in found {
        paths.push(path.map_err(|error| file::unreadable(error.into()))?);
        if paths.len() > FILES {
            break;
        }
    }
    paths.sort();
    Ok(paths)
}

fn missing(path: &Path) -> std::io::Error {
    std::fs::metadata(path)
        .err()
        .unwrap_or_else(|| std::io::ErrorKind::NotFound.into())
}
