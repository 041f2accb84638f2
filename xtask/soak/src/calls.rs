//! What the witness wrote down, checked against what was done.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use anyhow::{Context, Result};
use socorro_core::crash::CrashId;

use crate::load::{Load, storage_of};
use crate::place::Place;
use crate::schedule::{Kind, STORAGES};

/// One call.
struct Call<'a> {
    instance: &'a str,
    name: &'a str,
    revision: &'a str,
    call: &'a str,
    about: &'a str,
}

/// A generation: what `pair` consisted of, and whether the witness was behind `disk`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Made<'a> {
    revision: &'a str,
    stores: BTreeSet<&'a str>,
    witness: bool,
}

/// All that is wrong with the calls.
pub(crate) fn check(place: &Place, load: &Load) -> Result<Vec<String>> {
    let read = |name: &str| {
        fs::read_to_string(place.path(name)).with_context(|| format!("cannot read {name}"))
    };
    let (calls, generations, pinned) = (read("calls")?, read("generations")?, read("pinned")?);
    let calls: Vec<Call<'_>> = calls.lines().filter_map(call).collect();
    let generations: HashMap<&str, Made<'_>> = generations.lines().filter_map(made).collect();
    let pinned: HashMap<&str, &str> = pinned
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(generation, id)| (id, generation))
        .collect();
    let mut wrong = Vec::new();
    wrong.extend(lives(&calls));
    wrong.extend(disturbed(&calls, load));
    wrong.extend(routes(&calls));
    wrong.extend(pairs(&calls, &generations, &pinned));
    wrong.extend(disks(&calls, &generations, &pinned));
    wrong.truncate(50);
    Ok(wrong)
}

fn call(line: &str) -> Option<Call<'_>> {
    let mut words = line.split(' ');
    Some(Call {
        instance: words.next()?,
        name: words.next()?,
        revision: words.next()?,
        call: words.next()?,
        about: words.next()?,
    })
}

/// `generation revision witness stores,...`, as [`crate::run`] writes it.
fn made(line: &str) -> Option<(&str, Made<'_>)> {
    let mut words = line.split(' ');
    let generation = words.next()?;
    let made = Made {
        revision: words.next()?,
        witness: words.next()? == "true",
        stores: words.next()?.split(',').collect(),
    };
    Some((generation, made))
}

/// Every instance was opened, asked for its health once, closed and dropped, and in between came everything else.
fn lives(calls: &[Call<'_>]) -> Vec<String> {
    let mut lives: BTreeMap<&str, Vec<&Call<'_>>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.instance != "none") {
        lives.entry(call.instance).or_default().push(call);
    }
    let mut wrong = Vec::new();
    for (instance, calls) in lives {
        let name = calls.first().map_or("", |call| call.name);
        let count = |what: &str| calls.iter().filter(|call| call.call == what).count();
        let first = calls.first().map_or("", |call| call.call);
        let last = calls.last().map_or("", |call| call.call);
        let closed = calls.iter().position(|call| call.call == "close");
        let after = closed.map_or(0, |closed| calls.len() - closed - 1);
        let health = count("health");
        // One that was opened for an attempt that was refused need not be closed; it has seen no operation.
        let unused = calls
            .iter()
            .all(|call| matches!(call.call, "open" | "health" | "close" | "drop"));
        if first != "open" || last != "drop" || count("open") != 1 || count("drop") != 1 {
            wrong.push(format!(
                "left behind: an instance of {name} ({instance}) was not opened and dropped once"
            ));
        }
        if health != 1 {
            wrong.push(format!(
                "disturbed: an instance of {name} was asked for its health {health} times"
            ));
        }
        if count("close") > 1 || (!unused && (count("close") == 0 || after != 1)) {
            wrong.push(format!(
                "an instance of {name} ({instance}) was closed {} times, and called {after} times after that",
                count("close")
            ));
        }
    }
    wrong
}

/// What no edit touches got the operations of the load and nothing else.
fn disturbed(calls: &[Call<'_>], load: &Load) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.name == "kept") {
        let what = match call.call {
            "read_dump" => "read",
            what => what,
        };
        *counts.entry(what).or_default() += 1;
    }
    let done = |kind| load.done(0, kind);
    let wanted = BTreeMap::from([
        ("resources", 1),
        ("open", 1),
        ("health", 1),
        ("close", 1),
        ("drop", 1),
        ("save", done(Kind::Save)),
        ("read", done(Kind::Read)),
        ("list", done(Kind::List)),
        ("delete", done(Kind::Delete)),
    ]);
    if counts == wanted || load.failed() > 0 {
        return Vec::new();
    }
    vec![format!(
        "disturbed: kept got {counts:?}, and should have got {wanted:?}"
    )]
}

/// Nothing went where it does not belong, and nothing twice.
fn routes(calls: &[Call<'_>]) -> Vec<String> {
    let mut seen: HashMap<(&str, &str, &str), u64> = HashMap::new();
    let mut wrong = Vec::new();
    for call in calls.iter().filter(|call| call.about != "-") {
        let id: Option<CrashId> = call.about.parse().ok();
        let storage = id.and_then(|id| STORAGES.get(storage_of(&id)?).copied());
        let right = match call.name {
            "left" | "right" | "extra" => storage == Some("pair"),
            name => storage == Some(name),
        };
        if !right {
            wrong.push(format!(
                "misrouted: {} {} to {}",
                call.call, call.about, call.name
            ));
        }
        if matches!(call.call, "save" | "delete") {
            *seen.entry((call.name, call.call, call.about)).or_default() += 1;
        }
    }
    let doubled = seen.into_iter().filter(|(_, count)| *count > 1);
    wrong.extend(
        doubled.map(|((name, call, id), count)| {
            format!("doubled: {name} got {call} {id} {count} times")
        }),
    );
    wrong
}

/// Every save to `pair` went to all its stores, of one generation.
fn pairs(
    calls: &[Call<'_>],
    generations: &HashMap<&str, Made<'_>>,
    pinned: &HashMap<&str, &str>,
) -> Vec<String> {
    let mut saves: BTreeMap<&str, Vec<&Call<'_>>> = BTreeMap::new();
    let is_store = |call: &&Call<'_>| matches!(call.name, "left" | "right" | "extra");
    for call in calls.iter().filter(is_store) {
        if call.call == "save" {
            saves.entry(call.about).or_default().push(call);
        }
    }
    let all: BTreeSet<(&str, &BTreeSet<&str>)> = generations
        .values()
        .map(|made| (made.revision, &made.stores))
        .collect();
    let mut wrong = Vec::new();
    for (id, calls) in saves {
        let revisions: BTreeSet<&str> = calls.iter().map(|call| call.revision).collect();
        let stores: BTreeSet<&str> = calls.iter().map(|call| call.name).collect();
        let revision = revisions.first().copied().unwrap_or_default();
        let one = revisions.len() == 1 && all.contains(&(revision, &stores));
        let its_own = match pinned.get(id) {
            None => true,
            Some(generation) => generations
                .get(generation)
                .is_some_and(|made| made.revision == revision && made.stores == stores),
        };
        if !one || !its_own {
            wrong.push(format!(
                "between generations: {id} (pinned to {:?}) was saved to {stores:?} of {revisions:?}",
                pinned.get(id)
            ));
        }
    }
    wrong
}

/// A pinned save to `disk` went through the plugin of its generation.
fn disks(
    calls: &[Call<'_>],
    generations: &HashMap<&str, Made<'_>>,
    pinned: &HashMap<&str, &str>,
) -> Vec<String> {
    let seen: BTreeSet<&str> = calls
        .iter()
        .filter(|call| call.name == "disk" && call.call == "save")
        .map(|call| call.about)
        .collect();
    let of_disk = |id: &str| {
        let id: Option<CrashId> = id.parse().ok();
        id.and_then(|id| storage_of(&id)) == Some(2)
    };
    let mut wrong = Vec::new();
    for (id, generation) in pinned.iter().filter(|(id, _)| of_disk(id)) {
        let witness = generations.get(generation).map(|made| made.witness);
        if witness != Some(seen.contains(id)) {
            wrong.push(format!(
                "between generations: {id}, pinned to {generation}, went through {}",
                if seen.contains(id) {
                    "the witness"
                } else {
                    "the filesystem plugin"
                }
            ));
        }
    }
    wrong
}
