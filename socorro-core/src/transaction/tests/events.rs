use std::fmt;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;

/// Keeps the events of this crate as `LEVEL field=value ...`.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("socorro_core")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn events(work: impl FnOnce()) -> Vec<String> {
    let events = Events::default();
    // With only one subscriber alive, tracing lets whichever thread meets a call site first decide for all
    // threads whether it is of interest, and other tests run without a subscriber.
    let _second = tracing::Dispatch::new(Events::default());
    tracing::subscriber::with_default(events.clone(), work);
    let lines = events.0.lock().unwrap();
    lines.clone()
}

#[test]
fn one_event_for_each_retry_and_one_for_giving_up() {
    let bench = Bench::limited(&[2, 4]);
    let lines = events(|| {
        let outcome = run_blocking(&*bench.executor, &SAVE, |_| Err::<(), _>(unavailable()));
        assert!(outcome.is_err());
    });
    let [first, second, third] = &lines[..] else {
        panic!("{lines:#?}");
    };
    for (line, attempt, delay) in [(first, 1, "2s"), (second, 2, "4s")] {
        assert!(line.starts_with(&Level::WARN.to_string()), "{line}");
        assert!(line.contains("operation=\"save_raw_crash\""), "{line}");
        assert!(
            line.contains(&format!("attempt={attempt} delay={delay}")),
            "{line}"
        );
        assert!(line.contains("connection refused"), "{line}");
    }
    assert!(third.contains("attempts=3 elapsed=6s"), "{third}");
}

#[test]
fn v80_nothing_is_logged_of_what_is_no_failure() {
    struct Quiet;

    impl Connections for Quiet {
        type Connection = ();

        fn release(&self, (): ()) {}

        fn discard(&self, (): ()) {}
    }

    impl BlockingConnectionSource for Quiet {
        fn begin(&self) -> Result<()> {
            Ok(())
        }

        fn commit(&self, (): &mut ()) -> Result<(), CommitError> {
            Ok(())
        }

        fn rollback(&self, (): &mut ()) -> Result<()> {
            Ok(())
        }
    }

    let bench = Bench::limited(&[2]);
    let lines = events(|| {
        let abandoned = transaction_blocking(&*bench.executor, &SAVE, &Quiet, |()| {
            Ok(Outcome::Abandon(()))
        });
        assert!(abandoned.is_ok());
        let refused = run_blocking(&*bench.executor, &SAVE, |_| {
            Err::<(), _>(Error::new(ErrorKind::NotFound, "no such crash"))
        });
        assert!(refused.is_err());
    });
    assert_eq!(lines, [""; 0]);
}
