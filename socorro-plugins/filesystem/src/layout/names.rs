//! File names: `ID.json`, `ID.dump`, `ID.NAME.dump`, `ID.jsonz`.

use socorro_core::crash::DumpName;

/// The raw crash.
pub(crate) fn raw(id: &str) -> String {
    format!("{id}.json")
}

/// The processed crash, gzip.
pub(crate) fn processed(id: &str) -> String {
    format!("{id}.jsonz")
}

/// A dump; the default one has no name of its own.
pub(crate) fn dump(id: &str, name: &DumpName) -> String {
    if name.is_default() {
        format!("{id}.dump")
    } else {
        format!("{id}.{name}.dump")
    }
}

/// What [`dump_of`] says of a file name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DumpFile {
    /// The dump with this name.
    Named(DumpName),
    /// A dump of this crash whose name no dump can have today.
    Unnameable,
}

/// Whether `file` is a dump of `id`, and which one.
pub(crate) fn dump_of(id: &str, file: &str) -> Option<DumpFile> {
    let rest = file.strip_prefix(id)?.strip_prefix('.')?;
    if rest == "dump" {
        return Some(DumpFile::Named(DumpName::default()));
    }
    let name = rest.strip_suffix(".dump")?;
    Some(name.parse().map_or(DumpFile::Unnameable, DumpFile::Named))
}

/// The id in the name of a raw or processed crash's file.
pub(crate) fn crash_of(file: &str) -> Option<&str> {
    file.strip_suffix(".json")
        .or_else(|| file.strip_suffix(".jsonz"))
}
