//! The C types that cross the boundary. `include/socorro_plugin.h` says the same in C and is kept in step by
//! a test; read that one for the rules of ownership.
//!
//! # Compatibility
//!
//! * The major version is part of every symbol's name. Inside a major version, types that are passed by
//!   value or lie inside another ([`Str`], [`Buf`], [`Completion`], [`Operation`], [`Dump`], [`Failure`])
//!   never change; a failure grows in its `details`.
//! * Types that are passed by pointer start with `struct_size` and only grow at the end. A reader copies
//!   `min(struct_size, sizeof)` bytes into a zeroed struct, so that what an older side does not know is zero.
//! * [`LAYOUT_HASH`] covers size and offsets of everything in version 0.1 and finds a build whose fields are
//!   in another order although every size fits.
//! * The ABI is 0.x until live reload is finished; until then a minor version may break.

use std::ffi::c_void;
use std::mem::{offset_of, size_of};

/// Part of every symbol's name.
pub const MAJOR: u16 = 0;
/// Grows with every addition.
pub const MINOR: u16 = 1;
/// What the note starts with.
pub const MAGIC: [u8; 8] = *b"SOCORROP";
/// Entry symbols are this prefix and the plugin's name, such as `socorro_plugin_v0_filesystem`.
pub const ENTRY_PREFIX: &str = "socorro_plugin_v0_";
/// Entry symbols of every major version start with this.
pub const ANY_ENTRY_PREFIX: &str = "socorro_plugin_v";
/// Note symbols are this prefix and the plugin's name, whatever the major version.
pub const NOTE_PREFIX: &str = "socorro_plugin_note_";

/// Borrowed UTF-8 text, valid until the call it is passed to returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    /// May be null when `len` is 0.
    pub ptr: *const u8,
    /// Bytes.
    pub len: usize,
}

/// Owned bytes, moved to the receiver, who calls `release(owner)` exactly once from any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buf {
    /// May be null when `len` is 0.
    pub ptr: *const u8,
    /// Bytes.
    pub len: usize,
    /// Passed to `release`.
    pub owner: *mut c_void,
    /// Must not block, unwind or call back; null when there is nothing to release.
    pub release: Option<unsafe extern "C" fn(owner: *mut c_void)>,
}

/// A dump on its way in or out: in memory, or a file when `path` is not empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Dump {
    /// The dump's name; borrowed.
    pub name: Str,
    /// The dump's bytes; moved.
    pub bytes: Buf,
    /// The file that holds the dump, instead of bytes; borrowed, bytes of the platform.
    pub path: Str,
}

impl Str {
    /// No text.
    pub const EMPTY: Self = Self {
        ptr: std::ptr::null(),
        len: 0,
    };

    /// Text that lives as long as the image.
    pub const fn of(text: &'static str) -> Self {
        Self {
            ptr: text.as_ptr(),
            len: text.len(),
        }
    }
}

impl Buf {
    /// No bytes, nothing to release.
    pub const EMPTY: Self = Self {
        ptr: std::ptr::null(),
        len: 0,
        owner: std::ptr::null_mut(),
        release: None,
    };
}

/// How the other side is told that an operation is over: exactly once on every path, from any thread,
/// possibly before the function that started it returned.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Completion {
    /// Passed to `complete`; dead afterwards.
    pub ctx: *mut c_void,
    /// Takes over the buffers in the answer; the answer itself stays the caller's. Never blocks or unwinds.
    pub complete: Option<unsafe extern "C" fn(ctx: *mut c_void, answer: *mut Answer)>,
}

/// A running operation, as the host sees it. All zero when it cannot be cancelled.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Operation {
    /// Passed to both functions.
    pub ctx: *mut c_void,
    /// A request; the completion still comes. Called any number of times, also after the completion and
    /// after `destroy`.
    pub cancel: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// Called once, last; possibly after `destroy`.
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}

impl Operation {
    /// An operation that cannot be cancelled.
    pub const NONE: Self = Self {
        ctx: std::ptr::null_mut(),
        cancel: None,
        release: None,
    };
}

/// Why something failed. Moved with its buffers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Failure {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// [`ErrorKind::code`](crate::error::ErrorKind::code); 0 says that nothing failed.
    pub kind: u32,
    /// 0 no, 1 yes.
    pub retryable: u32,
    /// 0 no, 1 yes, 2 unknown.
    pub applied: u32,
    /// 0 item, 1 store.
    pub scope: u32,
    /// Zero.
    pub reserved: u32,
    /// Milliseconds plus one; 0 when the backend said nothing.
    pub retry_after_ms: u64,
    /// UTF-8, for a person.
    pub message: Buf,
    /// Empty, or JSON with the rest: `operation`, `storage`, `crash_id`, `causes`, `children`.
    pub details: Buf,
}

impl Failure {
    /// Nothing failed.
    pub const NONE: Self = Self {
        struct_size: size_of::<Self>() as u32,
        kind: 0,
        retryable: 0,
        applied: 0,
        scope: 0,
        reserved: 0,
        retry_after_ms: 0,
        message: Buf::EMPTY,
        details: Buf::EMPTY,
    };
}

/// The end of an operation.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Answer {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// [`STATUS_OK`] or [`STATUS_FAILED`].
    pub status: u32,
    /// A document, a dump, or JSON; see [`op`].
    pub data: Buf,
    /// For `get_dumps`: an array of `dumps_len`, borrowed, its buffers moved.
    pub dumps: *const Dump,
    /// Length of `dumps`.
    pub dumps_len: usize,
    /// Set when the status is [`STATUS_FAILED`].
    pub failure: Failure,
}

/// The operation succeeded.
pub const STATUS_OK: u32 = 0;
/// The operation failed; see [`Answer::failure`].
pub const STATUS_FAILED: u32 = 1;

/// Operation codes in [`Request::operation`]: their arguments, and what [`Answer::data`] holds.
pub mod op {
    /// `crash_id`, `raw_crash`, `dumps`.
    pub const SAVE_RAW_CRASH: u32 = 1;
    /// `crash_id`, `processed_crash`.
    pub const SAVE_PROCESSED_CRASH: u32 = 2;
    /// `crash_id`, `raw_crash`, `dumps`, `processed_crash`.
    pub const SAVE_RAW_AND_PROCESSED: u32 = 3;
    /// `crash_id`; the document.
    pub const GET_RAW_CRASH: u32 = 4;
    /// `crash_id`, `name`; the dump.
    pub const GET_DUMP: u32 = 5;
    /// `crash_id`; [`Answer::dumps`](super::Answer::dumps).
    pub const GET_DUMPS: u32 = 6;
    /// `crash_id`, `directory`; [`Answer::dumps`](super::Answer::dumps) with paths.
    pub const GET_DUMPS_AS_FILES: u32 = 7;
    /// `crash_id`; the document.
    pub const GET_PROCESSED_CRASH: u32 = 8;
    /// `crash_id`; JSON of [`Catalog`](crate::storage::Catalog).
    pub const CATALOG: u32 = 9;
    /// `text`: JSON of [`ListRequest`](crate::storage::ListRequest); JSON of
    /// [`ListPage`](crate::storage::ListPage).
    pub const LIST: u32 = 10;
    /// `crash_id`.
    pub const DELETE: u32 = 11;
    /// JSON of [`Health`](crate::storage::Health).
    pub const HEALTH: u32 = 12;
    /// Storage and source: flush, before `destroy`.
    pub const CLOSE: u32 = 13;
    /// Source: `count` at most, `wait_ms`; JSON array of [`Delivery`](crate::source::Delivery).
    pub const RECEIVE: u32 = 32;
    /// Source: `token`, `settlement`, `text`: the reason of a nack.
    pub const SETTLE: u32 = 33;
}

/// Values of [`Request::settlement`].
pub mod settlement {
    /// Safe elsewhere.
    pub const ACK: u32 = 1;
    /// Could not be dealt with.
    pub const NACK: u32 = 2;
    /// Nobody tried.
    pub const GIVE_BACK: u32 = 3;
}

/// One operation. Borrowed for the call; the plugin copies what it keeps, and owns the buffers from the
/// moment it is called, whatever the outcome.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Request {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// One of [`op`].
    pub operation: u32,
    /// Milliseconds until the host loses interest, plus one; 0 without a deadline.
    pub timeout_ms: u64,
    /// W3C `traceparent`, or empty.
    pub trace_parent: Str,
    /// 36 characters.
    pub crash_id: Str,
    /// A dump's name.
    pub name: Str,
    /// See [`op`].
    pub text: Str,
    /// A directory that exists; bytes of the platform.
    pub directory: Str,
    /// A JSON document.
    pub raw_crash: Buf,
    /// A JSON document.
    pub processed_crash: Buf,
    /// An array of `dumps_len`; borrowed, its buffers moved.
    pub dumps: *const Dump,
    /// Length of `dumps`.
    pub dumps_len: usize,
    /// A delivery's token.
    pub token: u64,
    /// Milliseconds.
    pub wait_ms: u64,
    /// At most so many.
    pub count: u32,
    /// One of [`settlement`].
    pub settlement: u32,
}

/// A log line of a plugin.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LogRecord {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// 1 error, 2 warn, 3 info, 4 debug, 5 trace.
    pub level: u32,
    /// Such as `socorro_plugin_filesystem::storage`.
    pub target: Str,
    /// The text, fields appended as `key=value`.
    pub message: Str,
    /// Source file, or empty.
    pub file: Str,
    /// Line in the source file, or 0.
    pub line: u32,
    /// Zero.
    pub reserved: u32,
}

/// Kinds of [`Metric`].
pub mod metric {
    /// Adds `value` to a counter.
    pub const COUNTER: u32 = 1;
    /// Sets a gauge.
    pub const GAUGE: u32 = 2;
    /// Records `value` in a histogram.
    pub const HISTOGRAM: u32 = 3;
}

/// A measurement of a plugin.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Metric {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// One of [`metric`].
    pub kind: u32,
    /// Such as `filesystem_saves_total`.
    pub name: Str,
    /// Pairs `key=value` separated by newlines, or empty.
    pub labels: Str,
    /// What to add, set or record.
    pub value: f64,
}

/// What the host offers. Lives as long as the process.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Host {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// The host's version of this interface.
    pub abi_major: u16,
    /// The host's version of this interface.
    pub abi_minor: u16,
    /// [`HOST_SAME_IMAGE`] or 0.
    pub flags: u64,
    /// Passed to the functions.
    pub ctx: *mut c_void,
    /// The most detailed level worth logging, 0 (none) to 5 (trace); read it atomically, it changes.
    pub log_level: *const u32,
    /// Takes a log line; any thread; copies what it keeps.
    pub log: Option<unsafe extern "C" fn(ctx: *mut c_void, record: *const LogRecord)>,
    /// Takes a measurement; any thread; copies what it keeps.
    pub metric: Option<unsafe extern "C" fn(ctx: *mut c_void, metric: *const Metric)>,
}

/// Host and plugin are linked into one image and share its statics: install no log forwarder, it would
/// forward to itself.
pub const HOST_SAME_IMAGE: u64 = 1;

/// Values of [`Create::kind`]; as bits in [`Plugin::kinds`].
pub mod kind {
    /// Implements `CrashStorage`.
    pub const STORAGE: u32 = 1;
    /// Implements `NewCrashSource`.
    pub const SOURCE: u32 = 2;
}

/// How to make an instance. Borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Create {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// One of [`kind`].
    pub kind: u32,
    /// The configured name, for messages.
    pub name: Str,
    /// A JSON object of the options, defaults not filled in, secrets resolved.
    pub options: Str,
    /// Threads of the image's runtime, and of its pool for blocking work; 0 for the plugin's own choice.
    pub worker_threads: u32,
    /// See `worker_threads`.
    pub blocking_threads: u32,
    /// Milliseconds until the host gives up on `create`.
    pub timeout_ms: u64,
}

/// What `create` made.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Instance {
    /// `sizeof` of the host, set before the call.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Passed to the functions of [`Table`]; not null.
    pub ctx: *mut c_void,
    /// [`Capabilities`](crate::storage::Capabilities) of a storage as bits.
    pub capabilities: u64,
}

/// The functions of a plugin. Static in the plugin. Every one is called on a thread of the host.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Table {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Control thread; may block shortly. Writes a JSON array of [`Resource`](super::Resource) and returns 0,
    /// or writes the failure and returns 1. Null when an instance needs nothing for itself. A reader ignores members
    /// that it does not know, and takes a way to [exchange](super::Exchange) that it does not know for the most
    /// careful one.
    pub resources: Option<
        unsafe extern "C" fn(
            create: *const Create,
            resources: *mut Buf,
            failure: *mut Failure,
        ) -> u32,
    >,
    /// Control thread; may block until the deadline. Fills `instance` and returns 0, or writes the failure
    /// and returns 1.
    pub create: Option<
        unsafe extern "C" fn(
            create: *const Create,
            instance: *mut Instance,
            failure: *mut Failure,
        ) -> u32,
    >,
    /// Any thread, concurrently; returns at once. Fills `operation` before it returns.
    pub submit: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            request: *const Request,
            done: Completion,
            operation: *mut Operation,
        ),
    >,
    /// Control thread, once, last; may block up to `timeout_ms`. Operations that still run complete with
    /// `Cancelled`. Returns 0 when nothing of the instance is left, 1 when something still runs.
    pub destroy: Option<unsafe extern "C" fn(ctx: *mut c_void, timeout_ms: u64) -> u32>,
}

/// A plugin. Static in the plugin.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Plugin {
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// The plugin's version of this interface.
    pub abi_major: u16,
    /// The plugin's version of this interface.
    pub abi_minor: u16,
    /// Bits of [`kind`].
    pub kinds: u32,
    /// Zero.
    pub reserved: u32,
    /// [`Capabilities`](crate::storage::Capabilities) that an instance can have at most.
    pub capabilities: u64,
    /// As in the entry symbol.
    pub name: Str,
    /// Of the plugin, such as `0.1.0`.
    pub version: Str,
    /// Compiler and libraries, for the log only.
    pub build: Str,
    /// JSON Schema 2020-12 of the options of a storage; empty when it is none.
    pub storage_options: Str,
    /// JSON Schema 2020-12 of the options of a source; empty when it is none.
    pub source_options: Str,
    /// The functions.
    pub table: *const Table,
}

/// The entry symbol: returns the plugin, or null and the failure. Called once an image, on a control thread.
pub type Entry = unsafe extern "C" fn(host: *const Host, failure: *mut Failure) -> *const Plugin;

/// Plain data in the file, found by its symbol and read before anything of the file is run.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// `sizeof` of the writer.
    pub struct_size: u32,
    /// The plugin's version of this interface.
    pub abi_major: u16,
    /// The plugin's version of this interface.
    pub abi_minor: u16,
    /// [`LAYOUT_HASH`] of the plugin's build.
    pub layout_hash: u64,
    /// 4 or 8.
    pub pointer_width: u32,
    /// 0x01020304, in the plugin's byte order.
    pub byte_order: u32,
}

impl Note {
    /// The note of this build.
    pub const THIS: Self = Self {
        magic: MAGIC,
        struct_size: size_of::<Self>() as u32,
        abi_major: MAJOR,
        abi_minor: MINOR,
        layout_hash: LAYOUT_HASH,
        pointer_width: size_of::<usize>() as u32,
        byte_order: 0x0102_0304,
    };
}

const fn fnv(hash: u64, value: usize) -> u64 {
    (hash ^ value as u64).wrapping_mul(0x0000_0100_0000_01b3)
}

macro_rules! layout {
    ($hash:ident; $($type:ident { $($field:ident),* $(,)? })*) => {
        $(
            $hash = fnv($hash, size_of::<$type>());
            $( $hash = fnv($hash, offset_of!($type, $field)); )*
        )*
    };
}

/// FNV-1a over the size of every type of version 0.1 and the offset of each of its fields, in the order of
/// this list. Fields that are appended later are not in it.
pub const LAYOUT_HASH: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    layout! { hash;
        Str { ptr, len }
        Buf { ptr, len, owner, release }
        Dump { name, bytes, path }
        Completion { ctx, complete }
        Operation { ctx, cancel, release }
        Failure { struct_size, kind, retryable, applied, scope, reserved, retry_after_ms, message, details }
        Answer { struct_size, status, data, dumps, dumps_len, failure }
        Request {
            struct_size, operation, timeout_ms, trace_parent, crash_id, name, text, directory, raw_crash,
            processed_crash, dumps, dumps_len, token, wait_ms, count, settlement,
        }
        LogRecord { struct_size, level, target, message, file, line, reserved }
        Metric { struct_size, kind, name, labels, value }
        Host { struct_size, abi_major, abi_minor, flags, ctx, log_level, log, metric }
        Create { struct_size, kind, name, options, worker_threads, blocking_threads, timeout_ms }
        Instance { struct_size, reserved, ctx, capabilities }
        Table { struct_size, reserved, resources, create, submit, destroy }
        Plugin {
            struct_size, abi_major, abi_minor, kinds, reserved, capabilities, name, version, build,
            storage_options, source_options, table,
        }
        Note { magic, struct_size, abi_major, abi_minor, layout_hash, pointer_width, byte_order }
    }
    hash
};
