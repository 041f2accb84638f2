//! Everything that was logged in this process, and what panics said.

use std::fmt::Debug;
use std::panic;
use std::sync::{Mutex, Once};

use socorro_testkit::canary;
use tracing::field::{Field, Visit};
use tracing::span;

static HEARD: Mutex<String> = Mutex::new(String::new());
/// What was logged with a secret in it.
static LEAKED: Mutex<Option<String>> = Mutex::new(None);

/// Listens to everything from now on.
pub fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        tracing::subscriber::set_global_default(Listener).unwrap();
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // The plugin here panics with a secret; the hook that prints that is the program's.
            if !canary::is_in(info.to_string().as_bytes()) {
                usual(info);
            }
        }));
    });
}

/// Fails when a secret is in `said`, or in anything that was logged until now.
#[track_caller]
pub fn assert_silent(said: &str) {
    assert!(!said.is_empty());
    let line = said.lines().find(|line| canary::is_in(line.as_bytes()));
    // Told without what must not be told.
    assert_eq!(line.map(hidden), None, "said");
    let line = LEAKED.lock().unwrap().clone();
    assert_eq!(line.as_deref().map(hidden), None, "logged");
}

fn hidden(line: &str) -> String {
    line.replace(canary::TOKEN, "SECRET")
}

/// Fails unless something with this text was logged: the silence would mean nothing.
#[track_caller]
pub fn assert_heard(text: &str) {
    let heard = HEARD.lock().unwrap().contains(text);
    assert!(heard, "never logged: {text}");
}

struct Listener;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!("{field}={value:?} {value:#?} ");
    }
}

fn hear(record: impl FnOnce(&mut Fields)) {
    let mut fields = Fields(String::new());
    record(&mut fields);
    if canary::is_in(fields.0.as_bytes()) {
        LEAKED.lock().unwrap().get_or_insert(fields.0.clone());
    }
    *HEARD.lock().unwrap() += &fields.0;
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        hear(|fields| attributes.record(fields));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        hear(|fields| values.record(fields));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        hear(|fields| event.record(fields));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
