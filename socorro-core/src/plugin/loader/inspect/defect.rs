use crate::plugin::abi;

/// Why the bytes of a library cannot be a plugin for this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// Neither ELF nor Mach-O.
    #[error("is not a shared library")]
    NotALibrary,
    /// A library for another operating system.
    #[error("is {0}, this program runs on {os}", os = std::env::consts::OS)]
    OtherPlatform(&'static str),
    /// 32 bits on 64, or the other way round.
    #[error("is a {0}-bit library, this program is {host}-bit", host = usize::BITS)]
    OtherClass(u32),
    /// Little endian on big, or the other way round.
    #[error("is {0}-endian, this program is {host}-endian", host = if cfg!(target_endian = "big") { "big" } else { "little" })]
    OtherByteOrder(&'static str),
    /// Another processor.
    #[error("is for {0}, this program is {host}", host = std::env::consts::ARCH)]
    OtherMachine(String),
    /// A program, an object file, a core dump.
    #[error("is {0}, not a shared library")]
    OtherType(&'static str),
    /// The file ends too early.
    #[error("is truncated: {what} ends at {end}, the file has {size} bytes; copy it again")]
    Truncated {
        /// What does not fit.
        what: String,
        /// Where it should end.
        end: u64,
        /// The size of the file.
        size: u64,
    },
    /// Something in it contradicts itself.
    #[error("is damaged: {0}; copy it again")]
    Damaged(String),
    /// Stripped beyond what `strip` does.
    #[error(
        "has no table of sections, so that its symbols cannot be read; build it without removing it"
    )]
    NoSections,
    /// An ordinary library.
    #[error("exports no {prefix}* symbol: it is a library, but no plugin", prefix = abi::ENTRY_PREFIX)]
    NoEntry,
    /// Only entries of other major versions.
    #[error(
        "exports {prefix}{0}, which is for another ABI; this host speaks {major}.{minor}; \
         use a build of the plugin for this version of the program",
        prefix = abi::ANY_ENTRY_PREFIX, major = abi::MAJOR, minor = abi::MINOR
    )]
    OtherMajor(String),
    /// An entry symbol that ends in something that is no name.
    #[error("exports a plugin with the impossible name {0:?}")]
    BadName(String),
    /// No note beside the entry.
    #[error("exports the plugin {0:?} without the note {prefix}{0}", prefix = abi::NOTE_PREFIX)]
    NoNote(String),
    /// The note's symbol leads nowhere.
    #[error("is damaged: the note {prefix}{0} is not in the file; copy it again", prefix = abi::NOTE_PREFIX)]
    NoteOutside(String),
    /// The note does not start as one.
    #[error("has a note that is none: it does not start with {magic:?}", magic = String::from_utf8_lossy(&abi::MAGIC))]
    NoteMagic,
    /// Smaller than any note was.
    #[error("has a note of {0} bytes, too small for one; build the plugin again")]
    NoteSize(u32),
    /// Another version of the ABI.
    #[error(
        "was built for ABI {major}.{minor}, this host speaks {host_major}.{host_minor}; \
         use a build of the plugin for this version of the program",
        host_major = abi::MAJOR, host_minor = abi::MINOR
    )]
    OtherAbi {
        /// The plugin's.
        major: u16,
        /// The plugin's.
        minor: u16,
    },
    /// The same version with other types.
    #[error(
        "was built for ABI {major}.{minor} with fields in another order (layout hash {hash:016x}, this \
         host's is {host:016x}); build the plugin with the socorro_plugin.h or socorro-core of this version",
        major = abi::MAJOR, minor = abi::MINOR, host = abi::LAYOUT_HASH
    )]
    OtherLayout {
        /// The plugin's.
        hash: u64,
    },
    /// The note's pointers have another width than the file's.
    #[error("has a note for {0}-bit pointers, this program is {host}-bit", host = usize::BITS)]
    NotePointers(u32),
}

impl Defect {
    pub(super) fn truncated(what: impl Into<String>, end: u64, bytes: &[u8]) -> Self {
        Self::Truncated {
            what: what.into(),
            end,
            size: bytes.len() as u64,
        }
    }
}
