//! Finds a plugin's library, checks it, and loads it once per content.
//!
//! | file | idea |
//! |---|---|
//! | `options` | the `[plugins]` table |
//! | `discover`, `name` | from a plugin's name to a file |
//! | `trust`, `read`, `memo` | nobody else can change the file; it is read once; its hash is remembered |
//! | `inspect` | what can be known from the bytes, before any of them is run |
//! | `stage`, `sweep` | the private copy that is loaded |
//! | `image`, `images`, `refusal` | a library in memory, for the rest of the process; all of them; when there is no room for another |
//! | `control` | foreign code runs on threads of its own, with a deadline |
//!
//! A library is known by the SHA-256 of its bytes. Replacing a file on disk, by whatever means, makes the
//! next [`Loader::load`] load a new image beside the old one, which goes on as if nothing had happened.

mod control;
mod discover;
mod found;
mod hash;
mod image;
mod images;
mod inspect;
mod memo;
mod name;
mod options;
mod read;
mod refusal;
mod stage;
mod sweep;
#[cfg(test)]
mod tests;
pub(crate) mod trust;

pub use found::{Contents, Found, Library};
pub use hash::ImageHash;
pub use images::{ResidentImage, resident_images};
pub use inspect::{Defect, Inspection, inspect};
pub use name::is_plugin_name;
pub use options::LoaderOptions;
pub(crate) use refusal::Refusal;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use discover::Search;
use image::Image;
use images::Candidate;
use memo::Memo;

use crate::error::{Error, ErrorKind, Result};
use crate::plugin::{Plugin, StaticPlugin};
use crate::step::{Step, Steps, apart};

/// Loads plugins by name. Cheap to clone; clones share what they remember of files. What is loaded belongs
/// to the process, whichever loader loaded it.
///
/// ```no_run
/// # async fn example() -> socorro_core::Result<()> {
/// use socorro_core::plugin::loader::{Loader, LoaderOptions};
///
/// let loader = Loader::new(LoaderOptions::default());
/// let filesystem = loader.load("filesystem", None).await?;
/// # drop(filesystem);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Loader(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    options: LoaderOptions,
    search: Search,
    memo: Arc<Memo>,
    linked: BTreeMap<String, StaticPlugin>,
    /// The record of the attempt that loads.
    steps: Steps,
}

impl Loader {
    /// A loader with these options. Touches nothing.
    pub fn new(options: LoaderOptions) -> Self {
        Self(Arc::new(Inner {
            search: Search::new(&options.path),
            options,
            memo: Arc::default(),
            linked: BTreeMap::new(),
            steps: Steps::default(),
        }))
    }

    /// The same loader, taking the steps of an attempt.
    #[must_use]
    pub(crate) fn within(&self, steps: &Steps) -> Self {
        Self(Arc::new(Inner {
            steps: steps.clone(),
            ..Inner::clone(&self.0)
        }))
    }

    /// The same loader with other options: what it knows of files and linked plugins stays, so that loading
    /// what has not changed reads nothing. For a reload.
    #[must_use]
    pub fn with_options(&self, options: LoaderOptions) -> Self {
        Self(Arc::new(Inner {
            search: Search::new(&options.path),
            options,
            ..Inner::clone(&self.0)
        }))
    }

    /// Knows a plugin that is linked into the program as well. It wins over every file of its name.
    #[must_use]
    pub fn with_static(mut self, name: impl Into<String>, plugin: StaticPlugin) -> Self {
        Arc::make_mut(&mut self.0)
            .linked
            .insert(name.into(), plugin);
        self
    }

    /// What this loader was made with.
    pub fn options(&self) -> &LoaderOptions {
        &self.0.options
    }

    /// The plugin `name`: a linked one, or the one in the file `library`, or else in the first
    /// `libsocorro_plugin_<name>.so` of the search path. Equal bytes give the same plugin, wherever they are.
    ///
    /// Everything that blocks runs on control threads of its own. When the future is dropped the load goes on by
    /// itself; loading again then finds it done.
    ///
    /// # Errors
    ///
    /// * `InvalidConfig`: there is no such plugin; its file is not one for this program, can be changed by
    ///   others, or has another hash than `plugins.sha256` says; there is no place to stage it; or
    ///   `plugins.max_images` is reached and a restart is needed.
    /// * `Plugin`: it broke its contract: a constructor hangs, or what it says of itself contradicts itself.
    /// * `Timeout`: its entry function did not return.
    /// * Whatever the entry function of the plugin refused with. It is called once in the life of an image.
    ///
    /// # A constructor that hangs
    ///
    /// It is given up on like everything else, but it keeps the lock of the dynamic linker, which glibc also
    /// takes when a thread first uses a thread-local with a destructor, and at `exit`. Threads that are there
    /// already go on; new ones, and an orderly end of the process, wait for the constructor.
    pub async fn load(&self, name: &str, library: Option<&Path>) -> Result<Arc<Plugin>> {
        Ok(self.load_if_room(name, library).await?)
    }

    /// [`load`](Self::load), with an error that tells whether it is the room that is missing.
    pub(crate) async fn load_if_room(
        &self,
        name: &str,
        library: Option<&Path>,
    ) -> std::result::Result<Arc<Plugin>, Refusal> {
        let inner = Arc::clone(&self.0);
        let name = name.to_owned();
        let library = library.map(Path::to_owned);
        apart(move || inner.load(&name, library))
            .await
            .map_err(|error| {
                let why = "there is no thread to load a plugin on";
                Error::new(ErrorKind::Overloaded, why).caused_by(&error)
            })?
    }

    /// Whether there is a plugin of this name, linked or in a file that may be one. Blocks.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.linked.contains_key(name) || self.0.search.find(name).is_ok()
    }

    /// Every plugin that can be found by name, linked ones first. Reads and checks every library, runs none
    /// of them; blocks meanwhile.
    pub fn found(&self) -> Vec<Found> {
        found::all(&self.0)
    }
}

impl Inner {
    fn load(
        &self,
        name: &str,
        library: Option<PathBuf>,
    ) -> std::result::Result<Arc<Plugin>, Refusal> {
        let steps = self.steps.about(format_args!("plugin {name}"));
        if library.is_none()
            && let Some(linked) = self.linked.get(name)
        {
            return Ok(Plugin::from_static_in(*linked, &steps)?);
        }
        let path = match library {
            Some(path) => path,
            None => self.search.find(name)?,
        };
        let timeout = Duration::from(self.options.timeout);
        let image = self.image(name, path, &steps)?;
        Ok(image.plugin(name, timeout, &steps)?)
    }

    fn image(
        &self,
        name: &str,
        path: PathBuf,
        steps: &Steps,
    ) -> std::result::Result<Arc<Image>, Refusal> {
        match steps.take(Step::Copy, || self.look(name, path))? {
            Seen::Known(image) => Ok(image?),
            Seen::New(candidate) => images::load(*candidate, &self.options, steps),
        }
    }

    /// Reads the library as far as that is needed to know it.
    fn look(&self, name: &str, path: PathBuf) -> Result<Seen> {
        let (file, metadata) = read::open(&path)?;
        if let Some(hash) = self.memo.get(&metadata)
            && let Some(image) = images::find(hash)
        {
            self.check_pin(name, &path, hash)?;
            return Ok(Seen::Known(image));
        }
        let bytes = read::bytes(&path, &file, &metadata)?;
        let hash = ImageHash::of(&bytes);
        self.check_pin(name, &path, hash)?;
        self.memo.put(&metadata, hash, SystemTime::now());
        if let Some(image) = images::find(hash) {
            return Ok(Seen::Known(image));
        }
        let inspection = inspect(&bytes).map_err(|defect| defective(&path, &defect))?;
        Ok(Seen::New(Box::new(Candidate {
            path,
            hash,
            bytes,
            inspection,
        })))
    }

    fn check_pin(&self, name: &str, path: &Path, hash: ImageHash) -> Result<()> {
        match self.options.sha256.get(name) {
            Some(pinned) if *pinned != hash => Err(wrong(format!(
                "plugin library {} has the SHA-256 {hash}, but plugins.sha256 pins {name} to {pinned}; \
                 install the pinned build, or change the pin",
                path.display()
            ))),
            _ => Ok(()),
        }
    }
}

/// What a library turned out to be.
enum Seen {
    /// Its bytes were loaded before; and what came of that.
    Known(Result<Arc<Image>>),
    New(Box<Candidate>),
}

fn defective(path: &Path, defect: &Defect) -> Error {
    wrong(format!("plugin library {} {defect}", path.display()))
}

fn no_such_plugin<'a>(path: &Path, name: &str, there: impl Iterator<Item = &'a String>) -> Error {
    let there: Vec<&str> = there.map(String::as_str).collect();
    wrong(format!(
        "plugin library {} has no plugin {name:?}; it has {}",
        path.display(),
        there.join(", ")
    ))
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}
