//! One library in memory. Never unloaded: a Rust library leaves destructors of thread-locals behind, and
//! unmapping the code they are in kills the process sooner or later.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::inspect::{Inspection, check_note};
use super::{ImageHash, no_such_plugin, wrong};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::abi::{self, Note};
use crate::plugin::{ImageInfo, Plugin};
use crate::step::Steps;

/// Keeps the code when a handle is closed; `dlfcn.h` has it, libloading does not.
const RTLD_NODELETE: c_int = if cfg!(target_os = "linux") {
    0x1000
} else {
    0x80
};

/// A library that is loaded for the rest of the process.
pub(super) struct Image {
    pub(super) hash: ImageHash,
    /// Where it was read.
    pub(super) path: PathBuf,
    /// Where it was loaded from.
    pub(super) copy: PathBuf,
    /// Size of the file in bytes.
    pub(super) size: u64,
    plugins: BTreeMap<String, Exported>,
}

struct Exported {
    entry: abi::Entry,
    note: Note,
    /// What came of the entry function, which is called once in the life of an image.
    entered: Mutex<Option<Result<Arc<Plugin>>>>,
}

impl Image {
    /// Maps the copy and runs its constructors. Blocks as long as they do. The linker's lock is held
    /// meanwhile, so that every symbol is looked up here and none later.
    ///
    /// An error before the library is mapped is in the outer result. One after it is in the inner one: then
    /// the code is in memory for good.
    pub(super) fn map(
        hash: ImageHash,
        path: PathBuf,
        copy: PathBuf,
        size: u64,
        inspection: &Inspection,
    ) -> Result<Result<Self>> {
        let flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
        // SAFETY: the constructors of a library run here and could do anything; that it is a plugin of ours
        // was checked on its bytes, and the file is a private copy that nobody changes.
        let library = unsafe { Library::open(Some(&copy), flags) };
        let library = library.map_err(|error| {
            wrong(format!(
                "plugin library {} cannot be loaded",
                path.display()
            ))
            .caused_by(&error)
        })?;
        let plugins = inspection
            .plugins
            .keys()
            .map(|name| Ok((name.clone(), Exported::find(&library, &path, name)?)))
            .collect::<Result<_>>();
        // Closing would change nothing, because of RTLD_NODELETE, but run destructors of the library.
        let _ = library.into_raw();
        Ok(plugins.map(|plugins| Self {
            hash,
            path,
            copy,
            size,
            plugins,
        }))
    }

    pub(super) fn plugin_names(&self) -> Vec<String> {
        self.plugins.keys().cloned().collect()
    }

    /// The plugin of this name; its entry function is called when nobody asked before.
    pub(super) fn plugin(
        &self,
        name: &str,
        timeout: Duration,
        steps: &Steps,
    ) -> Result<Arc<Plugin>> {
        let exported = self
            .plugins
            .get(name)
            .ok_or_else(|| no_such_plugin(&self.path, name, self.plugins.keys()))?;
        let mut entered = exported
            .entered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = &*entered {
            return result.clone();
        }
        let result = self.enter(name, exported, timeout, steps);
        let called = |error: &Error| error.kind() != ErrorKind::Overloaded;
        if result.as_ref().err().is_none_or(called) {
            *entered = Some(result.clone());
        }
        result
    }

    fn enter(
        &self,
        name: &str,
        exported: &Exported,
        timeout: Duration,
        steps: &Steps,
    ) -> Result<Arc<Plugin>> {
        let info = ImageInfo {
            path: Some(self.path.clone()),
            sha256: Some(self.hash.0),
            note: Some(exported.note),
        };
        // SAFETY: the entry is a symbol of this image, which stays mapped; that it keeps the rules is what
        // its note promises.
        let plugin = unsafe { Plugin::from_entry_in(exported.entry, info, timeout, steps) }?;
        if plugin.name() != name {
            return Err(Error::new(
                ErrorKind::Plugin,
                format!(
                    "plugin library {} calls itself {:?} where its symbols call it {name:?}",
                    self.path.display(),
                    plugin.name()
                ),
            ));
        }
        Ok(plugin)
    }
}

impl Exported {
    fn find(library: &Library, path: &Path, name: &str) -> Result<Self> {
        let note: *mut c_void = symbol(library, path, abi::NOTE_PREFIX, name)?;
        // SAFETY: the symbol is not null and, as was read in the file, at least as long as a note, which is
        // plain data and copied here.
        let note = unsafe { note.cast::<Note>().read_unaligned() };
        // What is in memory need not be what was read in the file: constructors ran since.
        check_note(&note)
            .map_err(|defect| wrong(format!("plugin library {} {defect}", path.display())))?;
        let entry = symbol(library, path, abi::ENTRY_PREFIX, name)?;
        // SAFETY: the symbol is not null; functions with this prefix have this signature, and the note says
        // that its types are ours.
        let entry = unsafe { std::mem::transmute::<*mut c_void, abi::Entry>(entry) };
        Ok(Self {
            entry,
            note,
            entered: Mutex::default(),
        })
    }
}

/// The address of the symbol `prefix` + `name`, never null.
fn symbol(library: &Library, path: &Path, prefix: &str, name: &str) -> Result<*mut c_void> {
    let missing = || {
        wrong(format!(
            "plugin library {} has {prefix}{name} in its file, but not in memory",
            path.display()
        ))
    };
    // SAFETY: only the address is taken; what it leads to is up to the caller.
    let symbol = unsafe { library.get::<*mut c_void>(format!("{prefix}{name}")) };
    let address = symbol
        .map_err(|error| missing().caused_by(&error))?
        .as_raw_ptr();
    if address.is_null() {
        return Err(missing());
    }
    Ok(address)
}
