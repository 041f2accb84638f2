//! A plugin written against the C types alone, which answers when and what the test wants, rules or no rules.
//!
//! Every `unsafe` here stands on the rules of the boundary as the host keeps them, which is what is tested.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)]

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use socorro_core::plugin::{ImageInfo, OpenOptions, Plugin, PluginSource, PluginStorage, abi};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// An operation as it was submitted.
pub(crate) struct Submitted {
    pub(crate) operation: u32,
    pub(crate) token: u64,
    pub(crate) settlement: u32,
    pub(crate) done: abi::Completion,
    pub(crate) counts: Arc<Counts>,
}

// A completion may be called from any thread.
unsafe impl Send for Submitted {}

/// How often the host did what.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) cancelled: AtomicUsize,
    pub(crate) released: AtomicUsize,
    /// Releases of buffers that were given to the host.
    pub(crate) buffers: AtomicUsize,
}

/// What `create` and `destroy` of an instance do, by the instance's name.
pub(crate) struct Script {
    pub(crate) create: u32,
    pub(crate) capabilities: u64,
    pub(crate) destroy: u32,
    /// Held to make `create` or `destroy` hang.
    pub(crate) hang_create: Arc<Mutex<()>>,
    pub(crate) hang_destroy: Arc<Mutex<()>>,
    pub(crate) destroyed: Option<UnboundedSender<u64>>,
    pub(crate) submitted: Option<UnboundedSender<Submitted>>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            create: 0,
            capabilities: socorro_core::storage::Capabilities::FULL.bits(),
            destroy: 0,
            hang_create: Arc::default(),
            hang_destroy: Arc::default(),
            destroyed: None,
            submitted: None,
        }
    }
}

static SCRIPTS: LazyLock<Mutex<HashMap<String, Script>>> = LazyLock::new(Mutex::default);

pub(crate) fn script(name: &str, script: Script) {
    SCRIPTS.lock().unwrap().insert(name.to_owned(), script);
}

/// A plugin of one's own: every call is another one, so that what one test makes it do is not counted in
/// another.
pub(crate) fn plugin() -> Arc<Plugin> {
    unsafe { Plugin::from_entry(entry, ImageInfo::default()) }.unwrap()
}

pub(crate) async fn storage(name: &str) -> (PluginStorage, UnboundedReceiver<Submitted>) {
    let (submitted, operations) = unbounded_channel();
    script(
        name,
        Script {
            submitted: Some(submitted),
            ..Script::default()
        },
    );
    let storage = plugin()
        .open_storage(name, &serde_json::json!({}), &OpenOptions::default())
        .await
        .unwrap();
    (storage, operations)
}

pub(crate) async fn source(name: &str) -> (PluginSource, UnboundedReceiver<Submitted>) {
    let (submitted, operations) = unbounded_channel();
    script(
        name,
        Script {
            submitted: Some(submitted),
            ..Script::default()
        },
    );
    let source = plugin()
        .open_source(name, &serde_json::json!({}), &OpenOptions::default())
        .await
        .unwrap();
    (source, operations)
}

impl Submitted {
    /// Answers with `data`, which counts its release.
    pub(crate) fn answer(&self, data: &'static str) {
        self.answer_with(|answer| answer.data = self.buf(data.as_bytes()));
    }

    /// A buffer that counts its release.
    pub(crate) fn buf(&self, bytes: &'static [u8]) -> abi::Buf {
        abi::Buf {
            ptr: bytes.as_ptr(),
            len: bytes.len(),
            owner: Arc::into_raw(Arc::clone(&self.counts)).cast_mut().cast(),
            release: Some(count_buffer),
        }
    }

    pub(crate) fn answer_with(&self, change: impl FnOnce(&mut abi::Answer)) {
        let mut answer = abi::Answer {
            struct_size: size_of::<abi::Answer>() as u32,
            status: abi::STATUS_OK,
            data: abi::Buf::EMPTY,
            dumps: std::ptr::null(),
            dumps_len: 0,
            failure: abi::Failure::NONE,
        };
        change(&mut answer);
        let complete = self.done.complete.unwrap();
        unsafe { complete(self.done.ctx, &mut answer) };
    }

    pub(crate) fn buffers_released(&self) -> usize {
        self.counts.buffers.load(Ordering::SeqCst)
    }
}

unsafe extern "C" fn count_buffer(counts: *mut c_void) {
    let counts = unsafe { Arc::from_raw(counts.cast_const().cast::<Counts>()) };
    counts.buffers.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn count_cancel(counts: *mut c_void) {
    let counts = unsafe { &*counts.cast_const().cast::<Counts>() };
    counts.cancelled.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn count_release(counts: *mut c_void) {
    let counts = unsafe { Arc::from_raw(counts.cast_const().cast::<Counts>()) };
    counts.released.fetch_add(1, Ordering::SeqCst);
}

struct Table(abi::Plugin);
unsafe impl Sync for Table {}

static FUNCTIONS: abi::Table = abi::Table {
    struct_size: size_of::<abi::Table>() as u32,
    reserved: 0,
    resources: None,
    create: Some(create),
    submit: Some(submit),
    destroy: Some(destroy),
};

static RAW: Table = Table(abi::Plugin {
    struct_size: size_of::<abi::Plugin>() as u32,
    abi_major: abi::MAJOR,
    abi_minor: abi::MINOR,
    kinds: abi::kind::STORAGE | abi::kind::SOURCE,
    reserved: 0,
    capabilities: socorro_core::storage::Capabilities::FULL.bits(),
    name: abi::Str::of("raw"),
    version: abi::Str::of("0.0.1"),
    build: abi::Str::of("by hand"),
    storage_options: abi::Str::of("{}"),
    source_options: abi::Str::of("{}"),
    table: &raw const FUNCTIONS,
});

pub(crate) unsafe extern "C" fn entry(
    _: *const abi::Host,
    _: *mut abi::Failure,
) -> *const abi::Plugin {
    &raw const RAW.0
}

unsafe extern "C" fn create(
    arguments: *const abi::Create,
    instance: *mut abi::Instance,
    _: *mut abi::Failure,
) -> u32 {
    let name = unsafe { (*arguments).name };
    let name = unsafe { std::slice::from_raw_parts(name.ptr, name.len) };
    let name = std::str::from_utf8(name).unwrap();
    let script = SCRIPTS.lock().unwrap().remove(name).unwrap();
    drop(script.hang_create.lock());
    let code = script.create;
    unsafe { (*instance).capabilities = script.capabilities };
    if code == 0 {
        unsafe { (*instance).ctx = Box::into_raw(Box::new(script)).cast() };
    }
    // 100 stands for success without an instance.
    code % 100
}

unsafe extern "C" fn submit(
    ctx: *mut c_void,
    request: *const abi::Request,
    done: abi::Completion,
    operation: *mut abi::Operation,
) {
    let script = unsafe { &*ctx.cast_const().cast::<Script>() };
    let request = unsafe { &*request };
    let counts = Arc::new(Counts::default());
    unsafe {
        *operation = abi::Operation {
            ctx: Arc::into_raw(Arc::clone(&counts)).cast_mut().cast(),
            cancel: Some(count_cancel),
            release: Some(count_release),
        };
    }
    let submitted = Submitted {
        operation: request.operation,
        token: request.token,
        settlement: request.settlement,
        done,
        counts,
    };
    let _ = script.submitted.as_ref().unwrap().send(submitted);
}

unsafe extern "C" fn destroy(ctx: *mut c_void, timeout_ms: u64) -> u32 {
    let script = unsafe { Box::from_raw(ctx.cast::<Script>()) };
    drop(script.hang_destroy.lock());
    if let Some(destroyed) = &script.destroyed {
        let _ = destroyed.send(timeout_ms);
    }
    script.destroy
}
