use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::class::Class;
use super::error::{ConfigError, ConfigErrors, Wrong};
use super::include::Reader;
use super::merge::{self, Layer, Part};
use super::origin::Origin;
use super::seen::Recorder;
use super::tree::Table;
use super::{Document, environment, parse, retyped, set};
use crate::step::{Step, Steps};

const SIZE_LIMIT: u64 = 1024 * 1024;

/// Where a configuration comes from, in order; later layers win. Kept by a program and loaded again at every
/// reload, when files are read anew.
#[derive(Clone)]
pub struct Layers {
    layers: Vec<Source>,
    size_limit: u64,
    /// Who is told what was read.
    recorder: Option<Recorder>,
}

#[derive(Clone)]
pub(crate) enum Source {
    Defaults(Result<Table, ConfigErrors>),
    File(PathBuf),
    Environment(String, Vec<(OsString, OsString)>),
    Set(Vec<String>),
}

impl Default for Layers {
    fn default() -> Self {
        Self {
            layers: Vec::new(),
            size_limit: SIZE_LIMIT,
            recorder: None,
        }
    }
}

impl Layers {
    /// No layers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A program's own defaults: anything that serializes as a map, in the shape of the configuration file.
    #[must_use]
    pub fn defaults(mut self, defaults: impl Serialize) -> Self {
        self.layers.push(Source::Defaults(parse::program(defaults)));
        self
    }

    /// A TOML file, or a JSON file if its name ends in `.json`, or all `*.toml` of a directory in the order of
    /// their names. What a file includes, `include = ["other.toml"]` at its top, comes before it.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.layers.push(Source::File(path.into()));
        self
    }

    /// Variables: with prefix `SOCORRO`, `SOCORRO__STORAGE__ARCHIVE__BUCKET=x` is `storage.archive.bucket`.
    /// Case does not matter, so only keys of small letters can be said so. Others' variables are left alone.
    #[must_use]
    pub fn environment(
        mut self,
        prefix: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let ours = variables
            .into_iter()
            .filter(|(name, _)| environment::is_ours(prefix, name))
            .collect();
        self.layers
            .push(Source::Environment(prefix.to_owned(), ours));
        self
    }

    /// The variables of this process, with prefix `SOCORRO`, as they are now.
    #[must_use]
    pub fn process_environment(self) -> Self {
        self.environment("SOCORRO", std::env::vars_os())
    }

    /// One `KEY=VALUE`, as in `storage.archive.bucket=x`. Flags that follow each other are one layer.
    #[must_use]
    pub fn set(mut self, flag: impl Into<String>) -> Self {
        let flag = flag.into();
        match self.layers.last_mut() {
            Some(Source::Set(flags)) => flags.push(flag),
            _ => self.layers.push(Source::Set(vec![flag])),
        }
        self
    }

    /// The most bytes a file may have; 1 MiB unless said here.
    #[must_use]
    pub fn file_size_limit(mut self, bytes: u64) -> Self {
        self.size_limit = bytes;
        self
    }

    pub(crate) fn sources(&self) -> &[Source] {
        &self.layers
    }

    pub(crate) fn size_limit(&self) -> u64 {
        self.size_limit
    }

    /// The same, telling `recorder` of every file that is read.
    pub(crate) fn recorded_by(&self, recorder: &Recorder) -> Self {
        Self {
            recorder: Some(recorder.clone()),
            ..self.clone()
        }
    }

    /// Reads and merges everything. Blocks on files.
    ///
    /// Every file that cannot be read or parsed, every variable and flag that cannot be one.
    pub fn load(&self) -> Result<Document, ConfigErrors> {
        self.load_in(&Steps::default())
    }

    /// [`load`](Self::load), taking the steps of an attempt.
    pub(crate) fn load_in(&self, steps: &Steps) -> Result<Document, ConfigErrors> {
        let (root, layers) = self.merged(steps)?;
        for (origin, key) in retyped::dropped(&root, &layers) {
            tracing::warn!(
                "{origin} does not count: a later layer changes the type, and {key} is gone with what was said for the old one"
            );
        }
        Ok(Document::new(root, layers))
    }

    /// As [`load_in`](Self::load_in), without a word in the log.
    pub(crate) fn merged(&self, steps: &Steps) -> Result<(Table, Vec<Layer>), ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let mut layers = Vec::new();
        for source in &self.layers {
            match source {
                Source::Defaults(Ok(table)) => layers.push(vec![Part {
                    table: table.clone(),
                }]),
                Source::Defaults(Err(wrong)) => errors.extend(wrong.clone()),
                Source::File(path) => {
                    Reader::new(self.size_limit, &mut layers, &mut errors)
                        .recorded_by(self.recorder.as_ref())
                        .within(steps)
                        .read(path);
                }
                Source::Environment(prefix, variables) => {
                    layers.push(environment::layer(prefix, variables, &mut errors));
                }
                Source::Set(flags) => layers.push(set::layer(flags, &mut errors)),
            }
        }
        let layers = errors.in_reading_order().or(layers)?;
        let root = steps.take(Step::Merge, || {
            merge::merge(&layers).map_err(|why| {
                let wrong = Wrong::new(Class::DefaultsUnusable, why);
                ConfigErrors::from(ConfigError::new(Origin::Together, "", wrong))
            })
        })?;
        Ok((root, layers))
    }
}

/// Without values: flags and variables may hold secrets.
impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.layers.iter().map(|layer| match layer {
            Source::Defaults(_) => "defaults".to_owned(),
            Source::File(path) => path.display().to_string(),
            Source::Environment(prefix, _) => format!("{prefix}__*"),
            Source::Set(_) => "--set".to_owned(),
        });
        f.debug_list().entries(names).finish()
    }
}
