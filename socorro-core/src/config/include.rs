//! A file with everything it includes, in the order in which they are merged.

use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};

use super::error::{ConfigError, ConfigErrors};
use super::merge::{Layer, Part};
use super::{file, parse};

const DEPTH: usize = 16;
const FILES: usize = 256;

/// Reads files into layers.
pub(crate) struct Reader<'a> {
    pub(crate) size_limit: u64,
    pub(crate) layers: &'a mut Vec<Layer>,
    pub(crate) errors: &'a mut ConfigErrors,
    files: usize,
    /// The files that are being read, each included by the one before it.
    open: Vec<PathBuf>,
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
        }
    }

    /// Reads a file, or the `*.toml` of a directory; what they include comes before them.
    pub(crate) fn read(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.read_file(path);
        }
        match file::list_toml(path) {
            Ok(paths) => paths.iter().for_each(|path| self.read_file(path)),
            Err(why) => self.wrong(path, "", why),
        }
    }

    fn read_file(&mut self, path: &Path) {
        self.files += 1;
        if self.files > FILES {
            if self.files == FILES + 1 {
                self.wrong(path, "include", format!("more than {FILES} files in all"));
            }
            return;
        }
        if let Err((key, why)) = self.try_file(path) {
            self.wrong(path, key, why);
        }
    }

    fn try_file(&mut self, path: &Path) -> Result<(), (&'static str, String)> {
        let (bytes, _) = file::read(path, self.size_limit).map_err(|why| ("", why))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| ("", "is not UTF-8".to_owned()))?;
        let is_json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let mut dict = if is_json {
            parse::json(text)
        } else {
            parse::toml(text.strip_prefix('\u{feff}').unwrap_or(text))
        }
        .map_err(|why| ("", why))?;
        let include = dict.remove("include");
        if let Some(include) = include {
            let included = strings(include).ok_or_else(|| {
                let why = "expected a list of paths, such as [\"other.toml\"]";
                ("include", why.to_owned())
            })?;
            self.include(path, &included)
                .map_err(|why| ("include", why))?;
        }
        let origin = path.display().to_string();
        self.keep(origin, dict);
        Ok(())
    }

    fn include(&mut self, path: &Path, included: &[String]) -> Result<(), String> {
        let canonical = path
            .canonicalize()
            .map_err(|error| format!("cannot be read: {error}"))?;
        if self.open.contains(&canonical) {
            return Err("the files include each other in a circle".to_owned());
        }
        if self.open.len() >= DEPTH {
            return Err(format!(
                "files include each other more than {DEPTH} levels deep"
            ));
        }
        self.open.push(canonical);
        let directory = path.parent().unwrap_or(Path::new(""));
        for name in included {
            self.read(&directory.join(name));
        }
        self.open.pop();
        Ok(())
    }

    fn keep(&mut self, origin: String, dict: Dict) {
        let mut wrong = Vec::new();
        let dict = parse::clean_dict(dict, "", 0, &mut wrong);
        let errors = wrong
            .into_iter()
            .map(|(key, why)| ConfigError::new(&origin, key, why));
        self.errors.extend(errors);
        self.layers.push(vec![Part {
            origin,
            text: false,
            dict,
        }]);
    }

    fn wrong(&mut self, path: &Path, key: &str, why: String) {
        let origin = path.display().to_string();
        self.errors.extend([ConfigError::new(origin, key, why)]);
    }
}

fn strings(value: Value) -> Option<Vec<String>> {
    value
        .into_array()?
        .into_iter()
        .map(Value::into_string)
        .collect()
}
