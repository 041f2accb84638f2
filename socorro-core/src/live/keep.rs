//! The last configuration that was adopted, kept so that a program can start on it when the files are broken.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::wanted::Wanted;
use crate::config::{Configuration, InstanceConfig, to_toml};

/// A configuration on its way to the disk. Has references to secrets, never secrets.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    path: PathBuf,
    text: String,
}

/// What is to be kept of this configuration, if `[reload] keep` says where.
pub(super) fn text(configuration: &Configuration, wanted: &Wanted) -> Option<Kept> {
    let path = configuration.reload.keep.clone()?;
    let checked = wanted.instances.len();
    if checked < configuration.storages.len() + configuration.sources.len() {
        // Text from variables could not be told from strings.
        tracing::warn!(
            path = %path.display(),
            "the configuration is not kept: this program runs only a part of it"
        );
        return None;
    }
    let schema_of = |config: &InstanceConfig| {
        let instance = wanted.instances.iter().find(|instance| {
            instance.config.name == config.name && instance.config.options == config.options
        });
        instance.and_then(|instance| instance.schema().cloned())
    };
    if wanted
        .instances
        .iter()
        .any(|instance| instance.waits.is_some())
    {
        // Not all of it runs; what did is kept already.
        return None;
    }
    match to_toml(configuration, &schema_of) {
        Ok(text) => Some(Kept {
            path,
            text: format!("{HEAD}{text}"),
        }),
        Err(error) => {
            tracing::error!("the configuration is not kept: {error}");
            None
        }
    }
}

const HEAD: &str = "# The configuration that was last adopted, written by the program for `run --last-good`. Not for editing.\n\n";

/// Writes what was adopted, one after another; of several that wait only the last.
pub(super) struct Keeper {
    next: watch::Sender<Option<Kept>>,
    writing: JoinHandle<()>,
}

impl Keeper {
    pub(super) fn start() -> Self {
        let (next, mut adopted) = watch::channel(None::<Kept>);
        let writing = tokio::spawn(async move {
            while adopted.changed().await.is_ok() {
                let Some(kept) = adopted.borrow_and_update().clone() else {
                    continue;
                };
                let path = kept.path.clone();
                let written = tokio::task::spawn_blocking(move || write(&kept)).await;
                if let Ok(Err(error)) = written {
                    tracing::error!(
                        path = %path.display(),
                        "the configuration that was adopted cannot be kept: {error}; see reload.keep"
                    );
                }
            }
        });
        Self { next, writing }
    }

    pub(super) fn keep(&self, kept: Option<Kept>) {
        if kept.is_some() {
            self.next.send_replace(kept);
        }
    }

    /// Waits until everything is written, at most `timeout`.
    pub(super) async fn finish(self, timeout: Duration) {
        drop(self.next);
        if tokio::time::timeout(timeout, self.writing).await.is_err() {
            tracing::warn!("the configuration that was adopted could not be kept in time");
        }
    }
}

/// Writes beside, and renames over: there is the old one or the new one, also after a power loss. What somebody
/// else wrote is left alone.
fn write(kept: &Kept) -> io::Result<()> {
    if !is_ours(&kept.path)? {
        let why = "there is a file that this program did not write; name another, or remove it";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    let directory = match kept.path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut name = kept.path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = directory.join(name);
    let written = create(&new).and_then(|mut file| {
        file.write_all(kept.text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &kept.path)?;
        File::open(directory)?.sync_all()
    });
    if written.is_err() {
        // Best effort: what failed is told.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Is there nothing at `path`, or something that was kept?
fn is_ours(path: &Path) -> io::Result<bool> {
    let mut begin = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(HEAD.len() as u64).read_to_end(&mut begin)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    Ok(begin == HEAD.as_bytes())
}

fn create(path: &Path) -> io::Result<File> {
    // Left by a program of the same number that was killed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
