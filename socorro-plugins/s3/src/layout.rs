//! Keys: where the parts of a crash are, and were.
//!
//! | since | raw crash | everything else |
//! |---|---|---|
//! | 2022, written | `v1/raw_crash/YYYYMMDD/ID` | `v1/THING/ID` |
//! | 2016 | `v2/raw_crash/III/YYYYMMDD/ID`, `III` the id's first three characters | `v1/THING/ID` |
//! | 2014 | `v1/raw_crash/ID` | `v1/THING/ID` |
//! | telemetry | `v1/raw_crash/YYYYMMDD/ID` | `v1/THING/YYYYMMDD/ID` |
//!
//! A thing is `dump_names`, `processed_crash`, `dump` for the default dump, or the name of another one. Beside
//! these there are keys of our own, outside `v1` so that no dump's name can be in their way:
//!
//! * `staged/ID/SET/THING`: a replacement until it is in place, see [`save`](crate::store);
//! * `processed_only/YYYYMMDD/ID`: empty, lets a processed crash without a raw crash be listed by its day;
//! * `test/…`: probes.

use socorro_core::crash::{CrashDate, CrashId, DumpName, StoredId};

use crate::set::SetId;

pub(crate) const DUMP_NAMES: &str = "dump_names";
pub(crate) const PROCESSED: &str = "processed_crash";

/// The keys under one prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout(String);

impl Layout {
    /// With this prefix; a slash at its end makes no difference.
    pub(crate) fn new(prefix: &str) -> Self {
        match prefix.trim_end_matches('/') {
            "" => Self(String::new()),
            prefix => Self(format!("{prefix}/")),
        }
    }

    /// The key that a raw crash is written to.
    pub(crate) fn raw(&self, id: &CrashId) -> String {
        self.dated_raw(id.date(), id.as_str())
    }

    fn dated_raw(&self, date: CrashDate, id: &str) -> String {
        format!("{}v1/raw_crash/{}/{id}", self.0, date.compact())
    }

    /// Every key a raw crash may have, the newest scheme first.
    pub(crate) fn raws(&self, id: &StoredId) -> Vec<String> {
        let text = id.as_str();
        let mut keys = Vec::new();
        if let Some(date) = id.date() {
            keys.push(self.dated_raw(date, text));
            let start = text.get(..3).unwrap_or_default();
            let date = date.compact();
            keys.push(format!("{}v2/raw_crash/{start}/{date}/{text}", self.0));
        }
        keys.push(format!("{}v1/raw_crash/{text}", self.0));
        keys
    }

    /// The key of a thing.
    pub(crate) fn thing(&self, thing: &str, id: &str) -> String {
        format!("{}v1/{thing}/{id}", self.0)
    }

    /// Every key a thing may have.
    pub(crate) fn things(&self, thing: &str, id: &StoredId) -> Vec<String> {
        let mut keys = vec![self.thing(thing, id.as_str())];
        if let Some(date) = id.date() {
            keys.push(format!("{}v1/{thing}/{}/{id}", self.0, date.compact()));
        }
        keys
    }

    /// The key of a thing while a replacement is not in place.
    pub(crate) fn staged(&self, id: &str, set: SetId, thing: &str) -> String {
        format!("{}staged/{id}/{set}/{thing}", self.0)
    }

    /// In front of all that is staged for an id.
    pub(crate) fn all_staged(&self, id: &str) -> String {
        format!("{}staged/{id}/", self.0)
    }

    /// Lets a processed crash be listed by its day.
    pub(crate) fn marker(&self, date: CrashDate, id: &str) -> String {
        format!("{}processed_only/{}/{id}", self.0, date.compact())
    }

    /// A probe.
    pub(crate) fn probe(&self, name: &str) -> String {
        format!("{}test/{name}", self.0)
    }

    /// In front of the dated keys of raw crashes.
    pub(crate) fn dated_raws(&self) -> String {
        format!("{}v1/raw_crash/", self.0)
    }

    /// In front of the markers.
    pub(crate) fn markers(&self) -> String {
        format!("{}processed_only/", self.0)
    }

    /// In front of every key that an older scheme may have an id in.
    pub(crate) fn legacy(&self) -> [String; 3] {
        [
            format!("{}v1/raw_crash/", self.0),
            format!("{}v2/raw_crash/", self.0),
            format!("{}v1/{PROCESSED}/", self.0),
        ]
    }
}

/// What a dump is called in keys.
pub(crate) fn thing_of(name: &DumpName) -> &str {
    if name.is_default() {
        "dump"
    } else {
        name.as_str()
    }
}

/// The id in `YYYYMMDD/ID`, if it is one of that day.
pub(crate) fn id_of_day(rest: &str) -> Option<StoredId> {
    let (day, id) = rest.split_once('/')?;
    let id: StoredId = id.parse().ok()?;
    (id.date()? == CrashDate::from_compact(day)?).then_some(id)
}

/// The id at the end of a key of any scheme, if it carries its day.
pub(crate) fn id_at_end(key: &str) -> Option<StoredId> {
    let (_, id) = key.rsplit_once('/')?;
    let id: StoredId = id.parse().ok()?;
    id.date().is_some().then_some(id)
}
