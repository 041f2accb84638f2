//! Events with the targets, levels and places of a plugin: `tracing` wants a static callsite for each, so one
//! is made, and kept, for every place that logs. Their number is bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use tracing::callsite::{Callsite, Identifier, register};
use tracing::field::{FieldSet, Value};
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, dispatcher};

/// The most places that get a callsite; lines of further ones are logged under [`OTHERS`].
const MOST: usize = 4096;
/// The target of places beyond [`MOST`].
const OTHERS: &str = "socorro_plugin";

/// Where a plugin logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place<'a> {
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) file: &'a str,
    pub(super) line: u32,
}

type Sites = HashMap<Place<'static>, &'static Site>;

/// Read without a lock, replaced whole when a place logs for the first time.
static SITES: LazyLock<ArcSwap<Sites>> = LazyLock::new(ArcSwap::default);
static ADDING: Mutex<()> = Mutex::new(());

/// Hands one line to the program's subscriber, if it wants it.
pub(super) fn emit(place: &Place<'_>, message: &str) {
    match site(place) {
        Some(site) => site.emit(message),
        None => {
            let others = Place {
                level: place.level,
                target: OTHERS,
                file: "",
                line: 0,
            };
            if let Some(site) = site(&others) {
                site.emit(&format!("{}: {message}", place.target));
            }
        }
    }
}

fn site(place: &Place<'_>) -> Option<&'static Site> {
    if let Some(site) = SITES.load().get(place) {
        return Some(site);
    }
    let _one_at_a_time = ADDING.lock().unwrap_or_else(PoisonError::into_inner);
    let known = SITES.load();
    if let Some(site) = known.get(place) {
        return Some(site);
    }
    if known.len() >= MOST && place.target != OTHERS {
        return None;
    }
    let place = Place {
        level: place.level,
        target: leak(place.target),
        file: leak(place.file),
        line: place.line,
    };
    let site = Site::new(&place);
    let mut sites = Sites::clone(&known);
    sites.insert(place, site);
    SITES.store(sites.into());
    Some(site)
}

fn leak(text: &str) -> &'static str {
    Box::leak(Box::from(text))
}

/// A callsite that lives as long as the process.
struct Site {
    metadata: OnceLock<Metadata<'static>>,
    /// Whether any subscriber can ever want it: so that what nobody wants costs nothing.
    never: AtomicU8,
}

static NOWHERE: Metadata<'static> = Metadata::new(
    "event",
    OTHERS,
    Level::TRACE,
    None,
    None,
    None,
    FieldSet::new(&[], Identifier(&Unplaced)),
    Kind::EVENT,
);

/// Stands in for the one moment in which a site has no metadata.
struct Unplaced;

impl Callsite for Unplaced {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &NOWHERE
    }
}

impl Site {
    fn new(place: &Place<'static>) -> &'static Self {
        let site: &'static Self = Box::leak(Box::new(Self {
            metadata: OnceLock::new(),
            never: AtomicU8::new(0),
        }));
        site.metadata.get_or_init(|| {
            Metadata::new(
                "event",
                place.target,
                place.level,
                Some(place.file).filter(|file| !file.is_empty()),
                Some(place.line).filter(|line| *line != 0),
                Some(place.target),
                FieldSet::new(&["message"], Identifier(site)),
                Kind::EVENT,
            )
        });
        register(site);
        site
    }

    fn emit(&'static self, message: &str) {
        if self.never.load(Ordering::Relaxed) != 0 {
            return;
        }
        let Some(metadata) = self.metadata.get() else {
            return;
        };
        dispatcher::get_default(|subscriber| {
            if !subscriber.enabled(metadata) {
                return;
            }
            let fields = metadata.fields();
            if let Some(field) = fields.field("message") {
                let message = format_args!("{message}");
                let values = [(&field, Some(&message as &dyn Value))];
                subscriber.event(&Event::new(metadata, &fields.value_set(&values)));
            }
        });
    }
}

impl Callsite for Site {
    fn set_interest(&self, interest: Interest) {
        self.never
            .store(interest.is_never().into(), Ordering::Relaxed);
    }

    fn metadata(&self) -> &Metadata<'_> {
        self.metadata.get().unwrap_or(&NOWHERE)
    }
}
