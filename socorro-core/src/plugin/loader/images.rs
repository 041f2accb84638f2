//! Every library of this process, by the hash of its bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::control::{self, NoResult, deadline_in};
use super::image::Image;
use super::inspect::Inspection;
use super::stage::Stage;
use super::{ImageHash, LoaderOptions, Refusal};
use crate::error::{Error, ErrorKind, Result};
use crate::step::{Step, Steps};

/// A library that is in memory, for a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResidentImage {
    /// The hash of its bytes.
    pub sha256: ImageHash,
    /// Where it was read first.
    pub path: PathBuf,
    /// The private copy it was loaded from, as debuggers and `/proc/PID/maps` show it. `None` when it was
    /// loaded and then found unfit.
    pub copy: Option<PathBuf>,
    /// Size of the file in bytes.
    pub size: u64,
    /// The plugins in it.
    pub plugins: Vec<String>,
}

/// A library that was read and inspected, and is not loaded yet.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) hash: ImageHash,
    pub(super) bytes: Vec<u8>,
    pub(super) inspection: Inspection,
}

static IMAGES: Images = Images {
    state: Mutex::new(State {
        loaded: BTreeMap::new(),
        loading: None,
    }),
    changed: Condvar::new(),
};

/// By the option's value: reloading with another one stages elsewhere from then on.
static STAGES: Mutex<BTreeMap<Option<PathBuf>, Arc<Stage>>> = Mutex::new(BTreeMap::new());

struct Images {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    loaded: BTreeMap<ImageHash, Loaded>,
    /// The linker takes one library at a time, and a constructor that hangs keeps its lock.
    loading: Option<Loading>,
}

enum Loaded {
    Fit(Arc<Image>),
    /// Its code is in memory for good, but nothing can be done with it.
    Unfit {
        path: PathBuf,
        size: u64,
        error: Error,
    },
}

struct Loading {
    path: PathBuf,
    deadline: Instant,
    /// How far it has come.
    step: Step,
}

/// Every library in memory, in the order of their hashes.
pub fn resident_images() -> Vec<ResidentImage> {
    lock()
        .loaded
        .iter()
        .map(|(hash, loaded)| match loaded {
            Loaded::Fit(image) => ResidentImage {
                sha256: *hash,
                path: image.path.clone(),
                copy: Some(image.copy.clone()),
                size: image.size,
                plugins: image.plugin_names(),
            },
            Loaded::Unfit { path, size, .. } => ResidentImage {
                sha256: *hash,
                path: path.clone(),
                copy: None,
                size: *size,
                plugins: Vec::new(),
            },
        })
        .collect()
}

/// The image with this hash, if its bytes were loaded before.
pub(super) fn find(hash: ImageHash) -> Option<Result<Arc<Image>>> {
    lock().loaded.get(&hash).map(Loaded::result)
}

/// Loads the library, or waits for whoever is loading it. Blocks for two timeouts at most: another's and
/// its own.
pub(super) fn load(
    candidate: Candidate,
    options: &LoaderOptions,
    steps: &Steps,
) -> std::result::Result<Arc<Image>, Refusal> {
    let timeout = Duration::from(options.timeout);
    let mut state = lock();
    loop {
        if let Some(loaded) = state.loaded.get(&candidate.hash) {
            return Ok(loaded.result()?);
        }
        let Some(loading) = &state.loading else {
            break;
        };
        let wait = loading.deadline.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Err(loading.hangs().into());
        }
        (state, _) = IMAGES
            .changed
            .wait_timeout(state, wait)
            .unwrap_or_else(PoisonError::into_inner);
    }
    if state.loaded.len() >= options.max_images {
        return Err(too_many(&candidate.path, state.loaded.len(), options));
    }
    let path = candidate.path.clone();
    let deadline = deadline_in(timeout);
    state.loading = Some(Loading {
        path: path.clone(),
        deadline,
        step: Step::Copy,
    });
    drop(state);

    let place = options.stage.clone();
    let steps = steps.clone();
    let run = control::run(deadline, move || {
        let _done = DoneLoading;
        map(candidate, place.as_deref(), &steps)
    });
    match run {
        Ok(result) => Ok(result?),
        Err(NoResult::Late) => Err(late(path).into()),
        Err(NoResult::Died) => Err(Error::new(
            ErrorKind::Plugin,
            format!(
                "loading plugin library {} panicked; the panic hook has its message",
                path.display()
            ),
        )
        .into()),
        Err(NoResult::NoThread(error)) => {
            // The closure was dropped unrun, and with it nothing that says so.
            drop(DoneLoading);
            Err(no_thread(&error).into())
        }
    }
}

/// On a control thread. What it finds out stays known also when nobody waits for it any more.
fn map(candidate: Candidate, place: Option<&Path>, steps: &Steps) -> Result<Arc<Image>> {
    let Candidate {
        path,
        hash,
        bytes,
        inspection,
    } = candidate;
    let copy = steps.take(Step::Copy, || stage(place)?.put(hash, &bytes))?;
    if let Some(loading) = &mut lock().loading {
        loading.step = Step::Load;
    }
    let size = bytes.len() as u64;
    let mapped = steps.take(Step::Load, || {
        Image::map(
            hash,
            path.clone(),
            copy.path().to_owned(),
            size,
            &inspection,
        )
    })?;
    copy.keep();
    let loaded = match mapped {
        Ok(image) => Loaded::Fit(Arc::new(image)),
        Err(error) => Loaded::Unfit { path, size, error },
    };
    let result = loaded.result();
    lock().loaded.insert(hash, loaded);
    result
}

fn stage(place: Option<&Path>) -> Result<Arc<Stage>> {
    let mut stages = STAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let place = place.map(Path::to_owned);
    if let Some(stage) = stages.get(&place) {
        return Ok(Arc::clone(stage));
    }
    let stage = Arc::new(Stage::new(place.as_deref())?);
    stages.insert(place, Arc::clone(&stage));
    Ok(stage)
}

impl Loaded {
    fn result(&self) -> Result<Arc<Image>> {
        match self {
            Self::Fit(image) => Ok(Arc::clone(image)),
            Self::Unfit { error, .. } => Err(error.clone()),
        }
    }
}

/// Lets the next one load, however the load before it ended.
struct DoneLoading;

impl Drop for DoneLoading {
    fn drop(&mut self) {
        lock().loading = None;
        IMAGES.changed.notify_all();
    }
}

fn lock() -> MutexGuard<'static, State> {
    IMAGES.state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The library at `path` is not loaded in time.
fn late(path: PathBuf) -> Error {
    let step = lock().loading.as_ref().map_or(Step::Load, |it| it.step);
    let deadline = Instant::now();
    Loading {
        path,
        deadline,
        step,
    }
    .hangs()
}

impl Loading {
    fn hangs(&self) -> Error {
        let path = self.path.display();
        if self.step == Step::Copy {
            return Error::new(
                ErrorKind::Timeout,
                format!(
                    "the private copy of plugin library {path} could not be written in time; what is loaded goes \
                     on, but nothing else can be loaded until its disk answers: see plugins.stage"
                ),
            );
        }
        Error::new(
            ErrorKind::Plugin,
            format!(
                "plugin library {path} has not finished loading in time: a constructor in it hangs and keeps the \
                 linker's lock; what is loaded goes on, but nothing else can be loaded, and new threads may hang; \
                 remove the library and restart the program"
            ),
        )
    }
}

fn too_many(path: &Path, loaded: usize, options: &LoaderOptions) -> Refusal {
    let error = Error::new(
        ErrorKind::InvalidConfig,
        format!(
            "plugin library {} cannot be loaded: {loaded} different libraries are in memory and \
             plugins.max_images is {}; libraries are never unloaded, so restart the program, or raise the \
             option",
            path.display(),
            options.max_images
        ),
    );
    Refusal {
        error,
        no_room: true,
    }
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Overloaded,
        "there is no thread to load a plugin on",
    )
    .caused_by(error)
}
