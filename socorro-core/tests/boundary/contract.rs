//! Plugins that break the rules.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use socorro_core::error::Applied;
use socorro_core::plugin::{Destroyed, OpenOptions, Plugin, PluginStorage, abi};
use socorro_core::storage::CrashStorage;
use socorro_core::{Bytes, Context, Error, ErrorKind, Result};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::raw::{self, Script, Submitted, script};
use crate::scripted::{dump_name, id};

fn get_dump(storage: &PluginStorage) -> JoinHandle<Result<Bytes>> {
    let storage = storage.clone();
    tokio::spawn(async move {
        storage
            .get_dump(&Context::new(), &id().into(), &dump_name("dump"))
            .await
    })
}

/// Runs one operation that is answered so, and returns its error.
async fn answered(
    name: &str,
    answer: impl FnOnce(&Submitted, &mut abi::Answer),
) -> (Error, Submitted) {
    let (storage, mut operations) = raw::storage(name).await;
    let operation = get_dump(&storage);
    let submitted = operations.recv().await.unwrap();
    submitted.answer_with(|it| answer(&submitted, it));
    (operation.await.unwrap().unwrap_err(), submitted)
}

async fn one(storage: &PluginStorage, operations: &mut UnboundedReceiver<Submitted>) -> Submitted {
    let operation = get_dump(storage);
    let submitted = operations.recv().await.unwrap();
    submitted.answer("first");
    assert_eq!(&operation.await.unwrap().unwrap()[..], b"first");
    submitted
}

#[tokio::test]
async fn a_second_answer_is_released_counted_and_harmless() {
    let (storage, mut operations) = raw::storage("two_answers").await;
    let submitted = one(&storage, &mut operations).await;
    assert_eq!(submitted.buffers_released(), 1);
    assert_eq!(submitted.counts.released.load(Ordering::SeqCst), 1);
    assert_eq!(submitted.counts.cancelled.load(Ordering::SeqCst), 0);

    submitted.answer("second");
    assert_eq!(submitted.buffers_released(), 2);
    assert_eq!(storage.plugin().stray_answers(), 1);

    // Its slot is taken by another operation, which a third answer must not reach.
    let next = get_dump(&storage);
    let waiting = operations.recv().await.unwrap();
    submitted.answer("third");
    assert_eq!(submitted.buffers_released(), 3);
    waiting.answer("right");
    assert_eq!(&next.await.unwrap().unwrap()[..], b"right");
    assert_eq!(storage.plugin().stray_answers(), 2);
}

#[tokio::test]
async fn an_answer_after_destroy_is_released_counted_and_harmless() {
    let (storage, mut operations) = raw::storage("after_destroy").await;
    let operation = get_dump(&storage);
    let submitted = operations.recv().await.unwrap();
    let plugin = Arc::clone(storage.plugin());
    assert_eq!(
        storage.destroy(Duration::from_secs(10)).await,
        Destroyed::Clean
    );
    let error = operation.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(plugin.stray_answers(), 0);

    submitted.answer("late");
    assert_eq!(submitted.buffers_released(), 1);
    assert_eq!(plugin.stray_answers(), 1);
    assert_eq!(submitted.counts.released.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_answer_to_a_dropped_operation_is_released_and_no_offence() {
    let (storage, mut operations) = raw::storage("after_cancel").await;
    let operation = get_dump(&storage);
    let submitted = operations.recv().await.unwrap();
    operation.abort();
    assert!(operation.await.unwrap_err().is_cancelled());
    assert_eq!(submitted.counts.cancelled.load(Ordering::SeqCst), 1);
    assert_eq!(submitted.counts.released.load(Ordering::SeqCst), 1);

    submitted.answer("late");
    assert_eq!(submitted.buffers_released(), 1);
    assert_eq!(storage.plugin().stray_answers(), 0);
    submitted.answer("later");
    assert_eq!(submitted.buffers_released(), 2);
    assert_eq!(storage.plugin().stray_answers(), 1);
}

#[tokio::test]
async fn a_context_that_is_made_up_finds_nothing() {
    let (storage, mut operations) = raw::storage("made_up").await;
    let operation = get_dump(&storage);
    let mut submitted = operations.recv().await.unwrap();
    let right = submitted.done.ctx;
    for wrong in [
        0,
        1,
        usize::MAX,
        usize::MAX >> 1,
        right.addr() ^ 1 << 63,
        right.addr() ^ 1 << 40,
    ] {
        submitted.done.ctx = std::ptr::without_provenance_mut(wrong);
        submitted.answer("forged");
    }
    assert_eq!(submitted.buffers_released(), 6);
    submitted.done.ctx = right;
    submitted.answer("genuine");
    assert_eq!(&operation.await.unwrap().unwrap()[..], b"genuine");
}

#[tokio::test]
async fn an_operation_that_is_never_answered_ends_at_its_deadline() {
    let (storage, mut operations) = raw::storage("never").await;
    let cx = Context::new().with_timeout(Duration::from_secs(2));
    let error = storage.delete(&cx, &id().into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.applied(), Applied::Unknown);
    let submitted = operations.recv().await.unwrap();
    assert_eq!(submitted.counts.cancelled.load(Ordering::SeqCst), 1);
    assert_eq!(submitted.counts.released.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn answers_that_are_nonsense_become_errors_and_are_released() {
    let (error, _) = answered("short", |_, answer| answer.struct_size = 3).await;
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("plugin raw 0.0.1"), "{error}");

    let (error, _) = answered("long", |_, answer| answer.struct_size = u32::MAX).await;
    assert_eq!(error.kind(), ErrorKind::Plugin);

    let (error, submitted) = answered("status", |it, answer| {
        answer.status = 9;
        answer.data = it.buf(b"data");
        answer.failure.message = it.buf(b"message");
        answer.failure.details = it.buf(b"{}");
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("status 9"), "{error}");
    assert_eq!(submitted.buffers_released(), 3);

    let (error, submitted) = answered("null_data", |it, answer| {
        answer.data = it.buf(b"data");
        answer.data.ptr = std::ptr::null();
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert_eq!(submitted.buffers_released(), 1);

    let (error, _) = answered("null_dumps", |_, answer| answer.dumps_len = 5).await;
    assert_eq!(error.kind(), ErrorKind::Plugin);

    let (error, _) = answered("many_dumps", |_, answer| {
        answer.dumps = std::ptr::dangling();
        answer.dumps_len = usize::MAX;
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Plugin);

    let (error, submitted) = answered("unknown_kind", |it, answer| {
        answer.status = abi::STATUS_FAILED;
        answer.failure.kind = 77;
        answer.failure.message = it.buf(b"from the future");
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("from the future"), "{error}");
    assert_eq!(submitted.buffers_released(), 1);

    let (error, _) = answered("bad_details", |it, answer| {
        answer.status = abi::STATUS_FAILED;
        answer.failure.kind = ErrorKind::NotFound.code();
        answer.failure.details = it.buf(b"[");
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Plugin);
}

#[tokio::test]
async fn a_message_that_is_not_utf8_still_tells_what_failed() {
    let (error, _) = answered("latin1", |it, answer| {
        answer.status = abi::STATUS_FAILED;
        answer.failure.kind = ErrorKind::NotFound.code();
        answer.failure.message = it.buf(b"caf\xe9 is missing");
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), "caf\u{fffd} is missing");
}

async fn open(plugin: &Arc<Plugin>, name: &str, timeout: Duration) -> Result<PluginStorage> {
    let open = OpenOptions {
        timeout,
        ..OpenOptions::default()
    };
    plugin.open_storage(name, &json!({}), &open).await
}

#[tokio::test]
async fn an_instance_that_comes_too_late_is_destroyed() {
    let plugin = raw::plugin();
    let hang = Arc::new(Mutex::new(()));
    let (destroyed, mut was_destroyed) = unbounded_channel();
    let held = Holder::hold(Arc::clone(&hang));
    script(
        "late",
        Script {
            hang_create: Arc::clone(&hang),
            destroyed: Some(destroyed),
            ..Script::default()
        },
    );
    let error = open(&plugin, "late", Duration::from_millis(20))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(was_destroyed.try_recv().is_err());
    drop(held);
    was_destroyed.recv().await.unwrap();
}

#[tokio::test]
async fn an_instance_that_claims_too_much_is_refused_and_destroyed() {
    let plugin = raw::plugin();
    let (destroyed, mut was_destroyed) = unbounded_channel();
    script(
        "boasts",
        Script {
            capabilities: socorro_core::storage::Capabilities::all().bits(),
            destroyed: Some(destroyed),
            ..Script::default()
        },
    );
    let error = open(&plugin, "boasts", Duration::from_secs(10))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("durable"), "{error}");
    was_destroyed.recv().await.unwrap();
}

#[tokio::test]
async fn codes_that_mean_nothing_become_errors() {
    let plugin = raw::plugin();
    // 0 without an instance, 1 without a reason, and another number.
    for (name, create, says) in [
        ("null", 100, "null instance"),
        ("no_reason", 1, "unknown kind 0"),
        ("number", 42, "42"),
    ] {
        script(
            name,
            Script {
                create,
                ..Script::default()
            },
        );
        let error = open(&plugin, name, Duration::from_secs(10))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert!(error.message().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_destroy_that_hangs_is_left_behind() {
    let plugin = raw::plugin();
    let hang = Arc::new(Mutex::new(()));
    let (destroyed, mut was_destroyed) = unbounded_channel();
    let (submitted, mut operations) = unbounded_channel();
    script(
        "hangs",
        Script {
            hang_destroy: Arc::clone(&hang),
            destroyed: Some(destroyed),
            submitted: Some(submitted),
            ..Script::default()
        },
    );
    let storage = open(&plugin, "hangs", Duration::from_secs(10))
        .await
        .unwrap();
    let operation = get_dump(&storage);
    operations.recv().await.unwrap();
    let holder = Holder::hold(hang);
    assert_eq!(
        storage.destroy(Duration::from_millis(10)).await,
        Destroyed::TimedOut
    );
    let error = operation.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    drop(holder);
    assert_eq!(was_destroyed.recv().await, Some(10));
}

#[tokio::test]
async fn what_destroy_says_is_told() {
    let plugin = raw::plugin();
    script(
        "leaks",
        Script {
            destroy: 1,
            ..Script::default()
        },
    );
    let storage = open(&plugin, "leaks", Duration::from_secs(10))
        .await
        .unwrap();
    assert_eq!(
        storage.destroy(Duration::from_secs(10)).await,
        Destroyed::Leaked
    );
}

#[tokio::test]
async fn an_instance_that_is_dropped_is_destroyed_in_the_background() {
    let plugin = raw::plugin();
    let (destroyed, mut was_destroyed) = unbounded_channel();
    script(
        "dropped",
        Script {
            destroyed: Some(destroyed),
            ..Script::default()
        },
    );
    let storage = open(&plugin, "dropped", Duration::from_secs(10))
        .await
        .unwrap();
    let clone = storage.clone();
    drop(storage);
    assert!(was_destroyed.try_recv().is_err());
    drop(clone);
    was_destroyed.recv().await.unwrap();
}

/// Holds a lock on a thread of its own until it is dropped: a guard must not live across an await.
struct Holder(Option<(std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>)>);

impl Holder {
    fn hold(lock: Arc<Mutex<()>>) -> Self {
        let (held, is_held) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let _guard = lock.lock().unwrap();
            held.send(()).unwrap();
            let _ = released.recv();
        });
        is_held.recv().unwrap();
        Self(Some((release, thread)))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if let Some((release, thread)) = self.0.take() {
            drop(release);
            thread.join().unwrap();
        }
    }
}
