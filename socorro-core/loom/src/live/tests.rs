use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use loom::thread;

use super::in_service::{Held, Live};
use super::slot::Slot;
use super::switch::Switch;
use super::sync::Arc;
use super::world::{Backend, Generation, departure};

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
            let (switch, backends) = (switch.clone(), [old.clone(), new.clone()]);
            thread::spawn(move || {
                let mut last = 0;
                for _ in 0..times {
                    let generation = switch.pin();
                    assert!(generation.number >= last, "never back");
                    last = generation.number;
                    let live = generation.instance.live();
                    // An operation on a backend keeps that open, and nothing else of its generation.
                    let is_done = backends[last - 1].operate({
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
        let leaves = previous.instance.live().unwrap();
        leaves.departs(departure());
        drop((leaves, previous));

        for operation in operations {
            operation.join().unwrap();
        }
        old.has_ended(0);
        assert!(old.has_departed(), "it knows why");
        let runs = switch.pin().instance.live().unwrap();
        assert_eq!(runs.operations(), 0, "who left is not counted");
        drop(runs);
        assert!(new.is_open(), "what runs is not touched");
        drop(switch);
        new.has_ended(0);
        assert!(!new.has_departed());
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
            let (instance, backend) = (instance.clone(), backend.clone());
            thread::spawn(move || backend.operate(instance.live()))
        };
        let operations = [operation(), operation()];

        let live = instance.take().unwrap();
        live.give_up();
        assert!(instance.live().is_none(), "nobody takes hold of it");
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
        let is_done = backend.operate(Some(live));
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
            let (instance, backend) = (instance.clone(), backend.clone());
            thread::spawn(move || {
                let live = instance.live()?;
                let receive = Live::enter(&live)?;
                let crash = receive.again();
                drop(receive);
                backend.use_within(&crash);
                Some(())
            })
        };
        let live = instance.take().unwrap();
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
            thread::spawn(move || instance.take().is_some())
        };
        let is_mine = instance.take().is_some();
        assert_ne!(is_mine, other.join().unwrap());
        backend.has_ended(0);
    });
}

/// Whoever waits for an exchanged instance gets it, and never the one that was taken.
#[test]
fn who_waits_is_woken() {
    model(3, || {
        let ((old, old_live), (new, new_live)) = (Backend::open(), Backend::open());
        let instance = Arc::new(Slot::new(old_live));
        drop(instance.take());
        old.has_ended(0);
        let waits = {
            let (instance, new) = (instance.clone(), new.clone());
            thread::spawn(move || {
                let live = loom::future::block_on(instance.in_service());
                new.operate(Some(live))
            })
        };
        instance.put(new_live);
        assert!(waits.join().unwrap());
        drop(instance);
        new.has_ended(0);
    });
}
