//! A plugin whose `submit` does not return, which the rules of the boundary forbid.
//!
//! It is the scripted one with another function in its table.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)]

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use socorro_core::live::{Outcome, Stage};
use socorro_core::plugin::{StaticPlugin, abi};
use socorro_core::transaction::{ManualClock, NoJitter};

use crate::scripted::script;
use crate::support::{File, eventually, id, no_dumps, raw};

static REAL: OnceLock<abi::Table> = OnceLock::new();
/// While it is shut, calls about the crash 66 and closes do not come back.
static GATE: Mutex<bool> = Mutex::new(false);
static OPEN: Condvar = Condvar::new();
/// Somebody waits at the gate.
static INSIDE: AtomicBool = AtomicBool::new(false);

fn shut(is_shut: bool) {
    *GATE.lock().unwrap() = is_shut;
    OPEN.notify_all();
}

/// Opens the gate when a test fails, or its threads would keep it.
struct Opened;

impl Drop for Opened {
    fn drop(&mut self) {
        shut(false);
    }
}

unsafe extern "C" fn entry(
    host: *const abi::Host,
    failure: *mut abi::Failure,
) -> *const abi::Plugin {
    let real = unsafe { crate::scripted::PLUGIN.entry()(host, failure) };
    let real = unsafe { &*real };
    let functions = REAL.get_or_init(|| unsafe { *real.table });
    let table = Box::leak(Box::new(abi::Table {
        submit: Some(submit),
        ..*functions
    }));
    Box::leak(Box::new(abi::Plugin { table, ..*real }))
}

unsafe extern "C" fn submit(
    ctx: *mut c_void,
    request: *const abi::Request,
    done: abi::Completion,
    operation: *mut abi::Operation,
) {
    let asked = unsafe { &*request };
    let crash = match asked.crash_id.len {
        0 => &[][..],
        len => unsafe { std::slice::from_raw_parts(asked.crash_id.ptr, len) },
    };
    if crash == id(66).as_str().as_bytes() || asked.operation == abi::op::CLOSE {
        INSIDE.store(true, Ordering::SeqCst);
        let mut is_shut = GATE.lock().unwrap();
        while *is_shut {
            is_shut = OPEN.wait(is_shut).unwrap();
        }
    }
    let real = REAL.get().unwrap().submit.unwrap();
    unsafe { real(ctx, request, done, operation) };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_call_that_never_comes_back() {
    let text = |revision: u32| {
        format!(
            "[reload]\ndrain_timeout = \"10s\"\nshutdown_timeout = \"10s\"\n[plugins]\ntimeout = \"20s\"\n\
             [storage.a]\ntype = \"stuck\"\ntag = \"stuck_a\"\nrevision = {revision}\n\
             [storage.b]\ntype = \"scripted\"\ntag = \"stuck_b\"\nrevision = {revision}\n"
        )
    };
    let file = File::new(&text(0));
    let clock = ManualClock::new();
    let stuck = unsafe { StaticPlugin::new(entry) };
    let socorro = file
        .builder()
        .plugin("stuck", stuck)
        .time(Arc::new(clock.clone()), Arc::new(NoJitter))
        .start()
        .await
        .unwrap();
    let a = socorro.storage("a").unwrap();
    shut(true);
    let _opened = Opened;
    let hangs = tokio::spawn({
        let a = a.clone();
        async move { a.save_raw_crash(&id(66), &raw("stuck"), &no_dumps()).await }
    });
    let stages = || {
        let all = socorro.leaving().into_iter();
        all.map(|one| (one.part.to_string(), one.operations, one.stage))
            .collect::<Vec<_>>()
    };
    file.edit(&text(1));
    let b = script("stuck_b");
    // The save has to be in the old instance before that goes.
    eventually("it is inside", || INSIDE.load(Ordering::SeqCst)).await;
    assert_eq!(socorro.reload().await.outcome, Outcome::Applied);
    eventually("the other ends", || b.closed.load(Ordering::SeqCst) == 1).await;
    eventually("only the one is left", || {
        stages() == [("storage.a".to_owned(), 1, Stage::Draining)]
    })
    .await;
    a.save_raw_crash(&id(1), &raw("goes on"), &no_dumps())
        .await
        .unwrap();
    // The drain deadline, the time to settle, and the time to let go.
    eventually("it is given up", || {
        clock.advance(Duration::from_millis(100));
        let is_told = !socorro.stragglers().is_empty();
        is_told && stages() == [("storage.a".to_owned(), 1, Stage::LeftBehind)]
    })
    .await;
    eventually("it is told", || !socorro.stragglers().is_empty()).await;
    let told = socorro.stragglers();
    assert_eq!((told.len(), told[0].operations), (1, 1));
    assert!(
        told[0].why.contains("1 of its operations had not ended"),
        "{told:?}"
    );
    assert!(!hangs.is_finished());

    shut(false);
    let saved = hangs.await.unwrap();
    // Which of its ends it notices first is open: that it was cancelled, or that it is saved after all.
    let stored = script("stuck_a").has(id(66));
    assert!(saved.is_err() || stored, "{saved:?}, stored: {stored}");
    eventually("it ends after all", || socorro.leaving().is_empty()).await;
    socorro.shutdown().await;
}
