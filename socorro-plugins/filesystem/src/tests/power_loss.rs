//! The power fails at every step of a run, and nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::io::Errno;
use socorro_core::crash::{CrashId, Dump, Dumps, StoredId};

use super::disks::{Failing, Mark, Op, Recorder};
use super::platter::{Chance, Lasts, Platter};
use super::support::{Tree, another, dumps, files_below, in_memory, raw, stored};
use crate::config::Layout;
use crate::source_tree::{Held, Nacked, NewCrashes};
use crate::store::Store;

/// The raw crash's text and the dumps.
type Set = (&'static str, &'static [(&'static str, &'static str)]);

/// One step of a run.
#[derive(Clone, Copy)]
enum Step {
    Save(CrashId, Set),
    Delete(CrashId),
    /// Everything new is received and settled.
    Settle,
}

/// What there may be of one crash after the power failed.
#[derive(Clone, Default)]
struct Expected {
    sets: Vec<Option<Set>>,
    /// Its delete was acknowledged: not one of its files may be there. A link to it may, if its removal by a
    /// settlement was lost; it leads nowhere and is swept.
    gone: bool,
    /// Whether the source must offer it, as far as that is certain.
    new: Option<bool>,
}

const ONE: Set = ("one", &[("dump", "first dump"), ("flash1", "flash")]);
const TWO: Set = ("two", &[("dump", "second dump"), ("flash2", "another")]);
const THREE: Set = ("three, longer than the others", &[]);

impl Step {
    fn run(self, store: &Store, news: &Arc<NewCrashes>) {
        match self {
            Self::Save(id, set) => store.save_raw(&id, &raw(set.0), &dumps(set.1)).unwrap(),
            Self::Delete(id) => store.delete(&stored(&id)).unwrap(),
            Self::Settle => settle_all(news),
        }
    }

    fn begin(self, expected: &mut BTreeMap<CrashId, Expected>) {
        match self {
            Self::Save(id, set) => {
                let crash = expected.entry(id).or_insert_with(absent);
                crash.sets.push(Some(set));
                crash.new = None;
                crash.gone = false;
            }
            Self::Delete(id) => {
                let crash = expected.entry(id).or_insert_with(absent);
                crash.sets.push(None);
                crash.new = None;
                crash.gone = false;
            }
            Self::Settle => expected.values_mut().for_each(|crash| crash.new = None),
        }
    }

    fn end(self, expected: &mut BTreeMap<CrashId, Expected>, layout: Layout) {
        let dated = layout == Layout::DatedRadix;
        match self {
            Self::Save(id, set) => {
                let sets = vec![Some(set)];
                expected.insert(
                    id,
                    Expected {
                        sets,
                        gone: false,
                        new: dated.then_some(true),
                    },
                );
            }
            Self::Delete(id) => {
                let sets = vec![None];
                expected.insert(
                    id,
                    Expected {
                        sets,
                        gone: true,
                        new: dated.then_some(false),
                    },
                );
            }
            // A settlement that is lost offers the crash again.
            Self::Settle => {}
        }
    }
}

fn absent() -> Expected {
    Expected {
        sets: vec![None],
        gone: false,
        new: None,
    }
}

fn settle_all(news: &Arc<NewCrashes>) {
    assert!(matches!(news.lock().unwrap(), Held::Here));
    let taken = NewCrashes::take(news, 100, Nacked::Keep).unwrap();
    for new in taken.hand_out() {
        news.ack(new.token).unwrap();
    }
}

/// Runs `threads` lists of steps at once, and returns all that was done to the disk.
fn record(layout: Layout, threads: &[Vec<Step>]) -> (Vec<Op>, Vec<Step>) {
    let tree = Tree::in_memory();
    let disk = Arc::new(Recorder::default());
    let open = || Store::open(tree.path(), layout, disk.clone(), tree.clock()).unwrap();
    let store = open();
    let news = Arc::new(NewCrashes::new(open(), "new".to_owned(), Duration::ZERO));
    let all: Vec<Step> = threads.iter().flatten().copied().collect();
    std::thread::scope(|scope| {
        let mut number = 0;
        for steps in threads {
            let (first, store, news, disk) = (number, &store, &news, &disk);
            number += steps.len();
            scope.spawn(move || {
                for (place, step) in steps.iter().enumerate() {
                    disk.mark(Mark::Begins(first + place));
                    step.run(store, news);
                    disk.mark(Mark::Done(first + place));
                }
            });
        }
    });
    // The lock file of the source is no effect that matters, and not recorded.
    (disk.ops(), all)
}

/// Fails the power after every operation, in several ways each.
fn lose_power_everywhere(layout: Layout, threads: &[Vec<Step>], chances: u64) {
    let (ops, steps) = record(layout, threads);
    let mut platter = Platter::new();
    let mut expected = BTreeMap::new();
    for cut in 0..=ops.len() {
        for chance in 0..chances + 2 {
            let seed = cut as u64 * 1000 + chance;
            let lasts = match chance {
                0 => Lasts::Nothing,
                1 => Lasts::Everything,
                _ => Lasts::Some(Chance(seed)),
            };
            let image = in_memory();
            platter.lose_power(image.path(), lasts);
            let context = format!("power lost after {cut} operations, seed {seed}");
            lose_power_again(layout, image.path(), &expected, seed, &context);
            check(layout, image.path(), &expected, &context);
        }
        let Some(op) = ops.get(cut) else { break };
        platter.play(op);
        match op {
            Op::Mark(Mark::Begins(step)) => steps[*step].begin(&mut expected),
            Op::Mark(Mark::Done(step)) => steps[*step].end(&mut expected, layout),
            _ => {}
        }
    }
}

/// Recovery, cut short by another loss at a place that the seed chooses, ends as well as any.
fn lose_power_again(
    layout: Layout,
    image: &Path,
    expected: &BTreeMap<CrashId, Expected>,
    seed: u64,
    context: &str,
) {
    let mut chance = Chance(seed);
    let mut platter = Platter::load(image);
    let copy = in_memory();
    platter.lose_power(copy.path(), Lasts::Everything);
    let disk = Arc::new(Recorder::default());
    let store = Store::open(copy.path(), layout, disk.clone(), Arc::new(SystemTime::now)).unwrap();
    store.sweep(Duration::ZERO, usize::MAX).unwrap();
    let ops = disk.ops();
    if ops.is_empty() {
        return;
    }
    let cut = chance.next() as usize % ops.len();
    ops.iter().take(cut).for_each(|op| platter.play(op));
    let image = in_memory();
    platter.lose_power(image.path(), Lasts::Some(chance));
    let context = format!("{context}, and again after {cut} operations of the recovery");
    check(layout, image.path(), expected, &context);
}

fn check(layout: Layout, image: &Path, expected: &BTreeMap<CrashId, Expected>, context: &str) {
    // Recovery is not what is measured here: no need to wait for the real disk.
    let disk = Arc::new(Failing::new(Errno::IO));
    let open = || Store::open(image, layout, disk.clone(), Arc::new(SystemTime::now)).unwrap();
    let store = open();
    let files = files_below(image);
    for (id, _) in expected.iter().filter(|(_, crash)| crash.gone) {
        let left: Vec<_> = files
            .iter()
            .filter(|file| file.contains(id.as_str()) && !file.contains("/date/"))
            .collect();
        assert!(left.is_empty(), "{id}: {left:?} after {context}");
    }
    // Whether or not anything was swept, what a reader sees is whole.
    for sweep in [false, true] {
        if sweep {
            store.sweep(Duration::ZERO, usize::MAX).unwrap();
        }
        for (id, crash) in expected {
            let found = read(&store, &stored(id), context);
            let fits = crash
                .sets
                .iter()
                .any(|set| same(set.as_ref(), found.as_ref()));
            assert!(fits, "{id}: {found:?} after {context}");
        }
    }
    let news = Arc::new(NewCrashes::new(open(), "new".to_owned(), Duration::ZERO));
    let taken = NewCrashes::take(&news, 100, Nacked::Keep)
        .unwrap()
        .hand_out();
    for (id, crash) in expected {
        let offered = taken.iter().any(|new| new.id == stored(id));
        if let Some(new) = crash.new {
            assert_eq!(offered, new, "{id} offered after {context}");
        }
        // And life goes on.
        store
            .save_raw(id, &raw("next"), &dumps(&[("dump", "next")]))
            .unwrap();
        let found = read(&store, &stored(id), context);
        let next: Set = ("next", &[("dump", "next")]);
        assert!(
            same(Some(&next), found.as_ref()),
            "{id}: {found:?} after {context}"
        );
    }
}

fn read(store: &Store, id: &StoredId, context: &str) -> Option<(String, Dumps)> {
    let found = match store.get_raw(id) {
        Err(error) if error.is_not_found() => return None,
        found => found.unwrap_or_else(|error| panic!("{error} after {context}")),
    };
    let dumps = store.get_dumps(id);
    let dumps = dumps.unwrap_or_else(|error| panic!("{error} after {context}"));
    let text = String::from_utf8(found.into_bytes().to_vec()).unwrap();
    Some((text, dumps))
}

fn same(set: Option<&Set>, found: Option<&(String, Dumps)>) -> bool {
    match (set, found) {
        (None, None) => true,
        (Some(set), Some((text, found))) => {
            let bytes = |dump: &Dump| dump.read().unwrap();
            raw(set.0).as_bytes() == text.as_bytes()
                && dumps(set.1).names().eq(found.names())
                && dumps(set.1).iter().all(|(name, dump)| {
                    found
                        .get(name)
                        .is_some_and(|found| bytes(found) == bytes(dump))
                })
        }
        _ => false,
    }
}

#[test]
fn saves_of_new_crashes() {
    for layout in [Layout::Radix, Layout::DatedRadix] {
        let steps = vec![
            Step::Save(another("0160918"), ONE),
            Step::Save(another("2160918"), TWO),
            Step::Save(another("0160918"), THREE),
        ];
        lose_power_everywhere(layout, &[steps], 4);
    }
}

#[test]
fn the_same_crash_saved_again() {
    for layout in [Layout::Radix, Layout::DatedRadix] {
        let id = another("1160918");
        let steps = vec![
            Step::Save(id, ONE),
            Step::Save(id, ONE),
            Step::Save(id, TWO),
            Step::Save(id, THREE),
        ];
        lose_power_everywhere(layout, &[steps], 3);
    }
}

#[test]
fn deletes_and_settlements() {
    let (one, two) = (another("0160918"), another("1160918"));
    let steps = vec![
        Step::Save(one, ONE),
        Step::Save(two, TWO),
        Step::Settle,
        Step::Delete(one),
        Step::Save(one, TWO),
        Step::Save(two, ONE),
        Step::Settle,
        Step::Delete(two),
        Step::Delete(one),
    ];
    lose_power_everywhere(Layout::DatedRadix, &[steps], 3);
}

#[test]
fn many_at_once() {
    let threads: Vec<Vec<Step>> = (0..3)
        .map(|number| {
            let id = another(if number % 2 == 0 {
                "0160918"
            } else {
                "1160918"
            });
            vec![
                Step::Save(id, ONE),
                Step::Save(id, TWO),
                Step::Delete(id),
                Step::Save(id, THREE),
            ]
        })
        .collect();
    lose_power_everywhere(Layout::DatedRadix, &threads, 1);
}
