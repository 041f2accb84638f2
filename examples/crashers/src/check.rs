//! Whether a minidump is worth keeping.
//!
//! The writer prefers a poor dump to none: it also succeeds when it could attach to no thread.

use anyhow::{Context, Result, ensure};
use minidump_writer::minidump_format::MDStreamType;

/// What to do when another process cannot be looked into, for error messages.
pub const ALLOW_PTRACE: &str = "if ptrace is refused: let kernel.yama.ptrace_scope be at most 1, \
    add CAP_SYS_PTRACE to a container, run without debugger and strace";

/// Size of a thread's entry in the list; it begins with the thread's id.
const THREAD_SIZE: usize = 48;

/// Fails if the thread is not in the minidump, with the writer's reasons.
pub fn holds_thread(minidump: &[u8], thread: u32) -> Result<()> {
    let threads = stream(minidump, MDStreamType::ThreadListStream)
        .and_then(|list| list.get(4..))
        .context("the minidump has no list of threads")?;
    let found = threads
        .chunks_exact(THREAD_SIZE)
        .any(|entry| u32_at(entry, 0) == Some(thread));
    let reasons = || {
        let text = stream(minidump, MDStreamType::MozSoftErrors).unwrap_or_default();
        let json: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
        json.to_string()
    };
    ensure!(
        found,
        "thread {thread} is missing ({ALLOW_PTRACE}); the writer says {}",
        reasons(),
    );
    Ok(())
}

/// The bytes of the first stream of a kind.
fn stream(minidump: &[u8], kind: MDStreamType) -> Option<&[u8]> {
    let count = u32_at(minidump, 8)?;
    let directory = u32_at(minidump, 12)? as usize;
    let entry = (0..count as usize)
        .map(|index| directory + index * 12)
        .find(|entry| u32_at(minidump, *entry) == Some(kind as u32))?;
    let (size, start) = (u32_at(minidump, entry + 4)?, u32_at(minidump, entry + 8)?);
    minidump.get(start as usize..)?.get(..size as usize)
}

/// A little-endian number.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|bytes| u32::from_le_bytes(*bytes))
}
