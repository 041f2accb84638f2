use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use loom::thread;

use super::handover::{Slot, Taken};
use super::in_service::{Held, Live};
use super::switch::Switch;
use super::sync::Arc;
use super::world::{Backend, Generation, departure, operate};

/// Every order, with what the model checker calls preemptions bounded: a switch away from a thread that could go on.
fn model(preemptions: usize, run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(run);
}

/// Nothing of the operations is lost or in two generations, and what left ends when the last of them does, once,
/// knowing why.
#[test]
fn operations_while_a_generation_is_committed() {
    model(3, || {
        let ((old, old_live), (new, new_live)) = (Backend::open(), Backend::open());
        let switch = Arc::new(Switch::new(Generation::new(1, old_live)));
        let operation = |times: usize| {
            let switch = switch.clone();
            thread::spawn(move || {
                let mut last = 0;
                for _ in 0..times {
                    let generation = switch.pin();
                    assert!(generation.number >= last, "never back");
                    last = generation.number;
                    let live = generation.instance.get().ok();
                    // An operation on a backend keeps that open, and nothing else of its generation.
                    let is_done = operate({
                        drop(generation);
                        live
                    });
                    assert!(is_done, "none is lost");
                }
            })
        };
        let operations = [operation(2), operation(1)];

        // As the driver commits.
        let previous = switch.commit(Arc::new(Generation::new(2, new_live)));
        let leaves = previous.instance.get().unwrap();
        leaves.departs(departure());
        drop((leaves, previous));

        for operation in operations {
            operation.join().unwrap();
        }
        old.has_ended(0);
        assert!(old.has_departed(), "it knows why");
        let runs = switch.pin().instance.get().unwrap();
        assert_eq!(runs.operations(), 0, "who left is not counted");
        drop(runs);
        assert!(new.is_open(), "what runs is not touched");
        drop(switch);
        new.has_ended(0);
        assert!(!new.has_departed());
    });
}

/// Each finds what is in its own, though it remembers one of them only.
#[test]
fn a_thread_with_two_switches() {
    model(3, || {
        let ((_, first), (_, second), (_, third)) =
            (Backend::open(), Backend::open(), Backend::open());
        let one = Arc::new(Switch::new(Generation::new(1, first)));
        let other = Switch::new(Generation::new(10, second));
        let pinning = {
            let one = one.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    assert!([1, 2].contains(&one.pin().number));
                    assert_eq!(other.pin().number, 10);
                }
            })
        };
        drop(one.commit(Arc::new(Generation::new(2, third))));
        assert_eq!(one.pin().number, 2, "who committed finds it");
        pinning.join().unwrap();
    });
}

/// At the drain deadline: something keeps the generation, and operations come, are in it, and leave.
#[test]
fn operations_while_an_instance_is_given_up() {
    // Both happen: the model is of what it should be.
    static IN_IT: AtomicUsize = AtomicUsize::new(0);
    static NONE: AtomicUsize = AtomicUsize::new(0);
    model(3, || {
        let (backend, live) = Backend::open();
        let instance = Arc::new(Slot::new(live));
        let operation = || {
            let instance = instance.clone();
            thread::spawn(move || operate(instance.get().ok()))
        };
        let operations = [operation(), operation()];

        // As it is seen off.
        let live = instance.empty().unwrap();
        live.give_up_idle();
        live.give_up();
        assert!(instance.get().is_err(), "nobody takes hold of it");
        assert!(Live::enter(&live).is_none(), "nothing enters");
        drop(live);

        let done = operations.map(|operation| operation.join().unwrap());
        backend.has_ended(done.iter().filter(|done| **done).count());
        match backend.told() {
            0 => NONE.fetch_add(1, SeqCst),
            _ => IN_IT.fetch_add(1, SeqCst),
        };
    });
    assert!(NONE.load(SeqCst) > 0 && IN_IT.load(SeqCst) > 0);
}

/// A reload gives it up, and so does the end of the program, and the last operation leaves.
#[test]
fn an_instance_is_given_up_twice_and_let_go() {
    model(3, || {
        let (backend, live) = Backend::open();
        let give_up = |live: &Arc<super::world::Open>| {
            let live = live.clone();
            thread::spawn(move || {
                live.departs(departure());
                live.give_up();
            })
        };
        let both = [give_up(&live), give_up(&live)];
        let is_done = operate(Some(live));
        for one in both {
            one.join().unwrap();
        }
        backend.has_ended(usize::from(is_done));
        assert!(backend.has_departed());
    });
}

/// What is handed out by an operation counts for itself, from before that operation leaves.
#[test]
fn what_an_operation_hands_out_stays_in_it() {
    model(3, || {
        let (backend, live) = Backend::open();
        let instance = Arc::new(Slot::new(live));
        let source = {
            let instance = instance.clone();
            thread::spawn(move || {
                let live = instance.get().ok()?;
                let receive = Live::enter(&live)?;
                let crash = receive.again();
                drop(receive);
                crash.live().open().is_used();
                Some(())
            })
        };
        let live = instance.empty().unwrap();
        live.give_up();
        drop(live);
        source.join().unwrap();
        backend.has_ended(2);
    });
}

/// Two who exchange an instance: one of them has it.
#[test]
fn an_instance_is_taken_by_one() {
    model(3, || {
        let (backend, live) = Backend::open();
        let instance = Arc::new(Slot::new(live));
        let other = {
            let instance = instance.clone();
            thread::spawn(move || instance.empty().is_some())
        };
        let is_mine = instance.empty().is_some();
        assert_ne!(is_mine, other.join().unwrap());
        backend.has_ended(0);
    });
}

/// Operations that come while an instance is exchanged, and may be on their way into it: each runs once, in what
/// serves before or after. What did not end comes back; otherwise the next generation comes, or the like of it.
#[test]
fn operations_while_an_instance_is_exchanged() {
    assert!(exchange(1, 3).iter().all(|times| *times > 0));
    // One is in it, so that it comes back, and another comes.
    assert!(exchange(2, 2)[Exchange::Same as usize] > 0);
}

/// How it ended.
#[derive(Clone, Copy, PartialEq)]
enum Exchange {
    Committed,
    Same,
    Again,
}

/// How often it ended how.
fn exchange(operations: usize, preemptions: usize) -> [usize; 3] {
    let outcomes = std::sync::Arc::new([const { AtomicUsize::new(0) }; 3]);
    let seen = outcomes.clone();
    model(preemptions, move || {
        let ((old, old_live), (new, new_live)) = (Backend::open(), Backend::open());
        let switch = Arc::new(Switch::new(Generation::new(1, old_live)));
        let operation = |_| {
            let switch = switch.clone();
            thread::spawn(move || {
                loop {
                    let generation = switch.pin();
                    let live = generation.instance.get();
                    drop(generation);
                    match live {
                        Ok(live) => return operate(Some(live)),
                        Err(parking) => parking.expect("it knows where to wait").wait(),
                    }
                }
            })
        };
        let operations: Vec<_> = (0..operations).map(operation).collect();

        let running = switch.pin();
        let taken = Taken::take(&running.instance);
        let outcome = if !old.is_open() {
            drop(switch.commit(Arc::new(Generation::new(2, new_live))));
            taken.committed();
            Exchange::Committed
        } else if taken.back(|| new_live) {
            Exchange::Same
        } else {
            Exchange::Again
        };
        drop(running);
        for operation in operations {
            assert!(operation.join().unwrap(), "none is lost");
        }
        drop(switch);
        old.has_ended(0);
        new.has_ended(0);
        let is_same = outcome == Exchange::Same;
        assert_ne!(old.has_departed(), is_same, "it stays after all");
        seen[outcome as usize].fetch_add(1, SeqCst);
    });
    outcomes.each_ref().map(|times| times.load(SeqCst))
}

/// Whoever waits for an exchanged instance gets it, and never the one that was taken.
#[test]
fn who_waits_is_woken() {
    model(3, || {
        let ((old, old_live), (new, new_live)) = (Backend::open(), Backend::open());
        let instance = Arc::new(Slot::new(old_live));
        let taken = Taken::take(&instance);
        old.has_ended(0);
        let waits = {
            let instance = instance.clone();
            thread::spawn(move || {
                let live = loom::future::block_on(instance.wait());
                operate(Some(live))
            })
        };
        assert!(!taken.back(|| new_live));
        assert!(waits.join().unwrap());
        drop(instance);
        new.has_ended(0);
    });
}
