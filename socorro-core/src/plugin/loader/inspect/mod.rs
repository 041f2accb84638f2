//! Looks at a library's bytes before anything of it is mapped or run.
//!
//! A truncated file kills the process when the linker touches a page that is not there, and constructors run
//! before anything could be asked in memory. So all that can be known from the bytes is checked on them:
//! that it is a whole library for this machine, which plugins it exports, and that their notes fit.

mod defect;
mod elf;
#[cfg(any(target_os = "macos", test))]
mod macho;
mod note;
#[cfg(test)]
mod tests;

pub use defect::Defect;
pub(super) use note::check as check_note;

use std::collections::BTreeMap;

use super::name::is_plugin_name;
use crate::plugin::abi::{self, Note};

/// What a library exports: the plugins' names with their notes, each of which fits this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// At least one.
    pub plugins: BTreeMap<String, Note>,
}

/// Checks a library's bytes. Never panics, whatever they are.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, Defect> {
    let magic = bytes.first_chunk().ok_or(Defect::NotALibrary)?;
    let symbols = match magic {
        b"\x7fELF" if cfg!(target_os = "macos") => Err(Defect::OtherPlatform("an ELF library")),
        b"\x7fELF" => elf::symbols(bytes),
        magic if is_macho(magic) => macho_symbols(bytes),
        _ => Err(Defect::NotALibrary),
    }?;
    judge(&symbols)
}

/// The symbols of a library that concern plugins.
#[derive(Default)]
struct Symbols<'data> {
    /// Names of functions that start with [`abi::ANY_ENTRY_PREFIX`], without `socorro_plugin_v`.
    entries: Vec<&'data str>,
    /// The bytes in the file from each note on, by the plugin's name; `None` when they are not in the file.
    notes: BTreeMap<&'data str, Option<&'data [u8]>>,
}

impl<'data> Symbols<'data> {
    /// Takes the symbol in if it concerns plugins; `bytes` finds what it stands for.
    fn take(&mut self, name: &'data [u8], bytes: impl FnOnce() -> Option<&'data [u8]>) {
        let Ok(name) = std::str::from_utf8(name) else {
            return;
        };
        if let Some(plugin) = name.strip_prefix(abi::NOTE_PREFIX) {
            self.notes.insert(plugin, bytes());
        } else if let Some(rest) = name.strip_prefix(abi::ANY_ENTRY_PREFIX)
            && rest.starts_with(|digit: char| digit.is_ascii_digit())
        {
            self.entries.push(rest);
        }
    }
}

fn judge(symbols: &Symbols<'_>) -> Result<Inspection, Defect> {
    let mut plugins = BTreeMap::new();
    let mut other_majors = Vec::new();
    for entry in &symbols.entries {
        let Some((major, name)) = entry.split_once('_') else {
            continue;
        };
        if major.parse() != Ok(abi::MAJOR) {
            other_majors.push(*entry);
            continue;
        }
        if !is_plugin_name(name) {
            return Err(Defect::BadName(name.chars().take(80).collect()));
        }
        plugins.insert(name.to_owned(), note_of(symbols, name)?);
    }
    if !plugins.is_empty() {
        return Ok(Inspection { plugins });
    }
    // No entry of ours: a note tells best what it was built for.
    for name in symbols.notes.keys() {
        note_of(symbols, name)?;
    }
    match other_majors.first() {
        Some(entry) => Err(Defect::OtherMajor(entry.chars().take(80).collect())),
        None => Err(Defect::NoEntry),
    }
}

fn note_of(symbols: &Symbols<'_>, name: &str) -> Result<Note, Defect> {
    let bytes = symbols
        .notes
        .get(name)
        .ok_or_else(|| Defect::NoNote(name.to_owned()))?;
    let bytes = bytes.ok_or_else(|| Defect::NoteOutside(name.to_owned()))?;
    let note = note::read(bytes).ok_or_else(|| Defect::NoteOutside(name.to_owned()))?;
    note::check(&note)?;
    Ok(note)
}

/// Refuses what does not lie in the file.
fn within(bytes: &[u8], what: &str, start: u64, size: u64) -> Result<(), Defect> {
    let end = start.saturating_add(size);
    if end > bytes.len() as u64 {
        return Err(Defect::truncated(what, end, bytes));
    }
    Ok(())
}

fn damaged(why: impl std::fmt::Display) -> Defect {
    Defect::Damaged(why.to_string())
}

fn is_macho(magic: &[u8; 4]) -> bool {
    matches!(
        u32::from_be_bytes(*magic),
        0xfeed_face | 0xfeed_facf | 0xcefa_edfe | 0xcffa_edfe | 0xcafe_babe | 0xcafe_babf
    )
}

#[cfg(target_os = "macos")]
fn macho_symbols(bytes: &[u8]) -> Result<Symbols<'_>, Defect> {
    macho::symbols(bytes)
}

#[cfg(not(target_os = "macos"))]
fn macho_symbols(_: &[u8]) -> Result<Symbols<'_>, Defect> {
    Err(Defect::OtherPlatform("a macOS library"))
}
