//! The disk fails at every step, and no save is acknowledged that is not whole, nor seen if it failed.

use std::sync::Arc;

use rustix::io::Errno;
use socorro_core::crash::{CrashId, Dumps, Limits, ProcessedCrash};
use socorro_core::error::{ErrorKind, Result};

use super::disks::{Call, Failing};
use super::support::{Tree, dumps, id, outside, raw, stored};
use crate::config::Layout;
use crate::store::Store;

/// What every step of an operation is failed for.
struct Trial {
    layout: Layout,
    /// What is there before.
    before: fn(&Store),
    work: fn(&Store) -> Result<()>,
    /// Looks at what is there after a failure, then at what is there after the next success.
    failed: fn(&Tree, &Store),
    done: fn(&Store),
}

fn crash() -> CrashId {
    id("2160918")
}

fn first() -> Dumps {
    dumps(&[("dump", "first"), ("flash1", "flash")])
}

fn second() -> Dumps {
    dumps(&[("dump", "second"), ("flash2", "flash")])
}

fn save_first(store: &Store) -> Result<()> {
    store.save_raw(&crash(), &raw("first"), &first())
}

fn save_second(store: &Store) -> Result<()> {
    store.save_raw(&crash(), &raw("second"), &second())
}

fn is_first(store: &Store) {
    assert_eq!(store.get_raw(&stored(&crash())).unwrap(), raw("first"));
    assert_eq!(store.get_dumps(&stored(&crash())).unwrap(), first());
}

fn is_second(store: &Store) {
    assert_eq!(store.get_raw(&stored(&crash())).unwrap(), raw("second"));
    assert_eq!(store.get_dumps(&stored(&crash())).unwrap(), second());
}

/// What may fail without failing the operation: cleaning up after it, and notes.
fn dispensable(call: Call, path: &str) -> bool {
    match call {
        Call::Annotate => true,
        Call::Rmdir | Call::Unlink => true,
        // Emptying what is finished begins with its new name.
        _ => path.ends_with(".done"),
    }
}

fn fail_everywhere(trial: &Trial) {
    for error in [Errno::IO, Errno::NOSPC] {
        for on in [false, true] {
            for calls in 0.. {
                let tree = Tree::in_memory();
                let disk = Arc::new(Failing::new(error));
                let store =
                    Store::open(tree.path(), trial.layout, disk.clone(), tree.clock()).unwrap();
                (trial.before)(&store);
                disk.fail_after(calls, on);
                let result = (trial.work)(&store);
                let Some((call, path)) = disk.heal() else {
                    result.unwrap();
                    assert!(calls > 3, "nothing was failed");
                    break;
                };
                let context = format!("{error:?} from {call:?} of {path}, call {calls}, on: {on}");
                match result {
                    Ok(()) => {
                        assert!(
                            dispensable(call, &path),
                            "acknowledged in spite of {context}"
                        );
                        (trial.done)(&store);
                    }
                    Err(failure) => {
                        assert_eq!(failure.kind(), ErrorKind::Unavailable, "{context}");
                        assert!(failure.is_retryable(), "{context}");
                        if !on {
                            (trial.failed)(&tree, &store);
                        }
                    }
                }
                (trial.work)(&store).unwrap_or_else(|error| panic!("{error} after {context}"));
                (trial.done)(&store);
            }
        }
    }
}

fn nothing_visible(tree: &Tree, _: &Store) {
    assert_eq!(tree.files(), Vec::<String>::new());
}

#[test]
fn a_new_crash() {
    for layout in [Layout::Radix, Layout::DatedRadix] {
        fail_everywhere(&Trial {
            layout,
            before: |_| {},
            work: save_first,
            failed: nothing_visible,
            done: is_first,
        });
    }
}

#[test]
fn a_crash_that_is_there() {
    fail_everywhere(&Trial {
        layout: Layout::DatedRadix,
        before: |store| save_first(store).unwrap(),
        work: save_first,
        failed: |_, store| is_first(store),
        done: is_first,
    });
}

#[test]
fn a_replacement() {
    for layout in [Layout::Radix, Layout::DatedRadix] {
        fail_everywhere(&Trial {
            layout,
            before: |store| save_first(store).unwrap(),
            work: save_second,
            failed: |_, store| {
                let raw_crash = store.get_raw(&stored(&crash())).unwrap();
                if raw_crash == raw("first") {
                    is_first(store);
                } else {
                    is_second(store);
                }
            },
            done: is_second,
        });
    }
}

#[test]
fn a_dump_from_a_file() {
    fail_everywhere(&Trial {
        layout: Layout::Radix,
        before: |_| {},
        work: |store| {
            let dir = tempfile::tempdir().unwrap();
            let given = Dumps::single(outside(&dir, "given", b"content"));
            store.save_raw(&crash(), &raw("x"), &given)
        },
        failed: nothing_visible,
        done: |store| {
            let dumps = store.get_dumps(&stored(&crash())).unwrap();
            assert_eq!(dumps, Dumps::single(b"content".to_vec()));
        },
    });
}

fn processed() -> ProcessedCrash {
    ProcessedCrash::new("{\"a\":1}", &Limits::default()).unwrap()
}

#[test]
fn a_processed_crash() {
    fail_everywhere(&Trial {
        layout: Layout::Radix,
        before: |_| {},
        work: |store| store.save_processed(&crash(), &processed()),
        failed: nothing_visible,
        done: |store| assert_eq!(store.get_processed(&stored(&crash())).unwrap(), processed()),
    });
}

#[test]
fn a_delete() {
    fail_everywhere(&Trial {
        layout: Layout::DatedRadix,
        before: |store| {
            save_first(store).unwrap();
            store.save_processed(&crash(), &processed()).unwrap();
        },
        work: |store| store.delete(&stored(&crash())),
        failed: |_, store| {
            // Either whole or not there.
            if store.get_raw(&stored(&crash())).is_ok() {
                is_first(store);
            }
        },
        done: |store| assert!(store.catalog(&stored(&crash())).unwrap().is_empty()),
    });
}
