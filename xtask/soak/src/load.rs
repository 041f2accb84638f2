//! Operations at times fixed in advance: one that is late is measured from when it was due.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use socorro_core::Error;
use socorro_core::crash::{CrashDate, CrashId, Dump, DumpName, Dumps, Limits, RawCrash};
use socorro_core::live::{Socorro, StorageHandle};
use socorro_core::storage::ListRequest;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::ledger::{FEW, Ledger, MANY};
use crate::place::Place;
use crate::random::Random;
use crate::schedule::{Kind, Planned, STORAGES};

/// The load, and all that is known of what it did.
pub(crate) struct Load {
    handles: Vec<StorageHandle>,
    ledgers: Vec<Ledger>,
    day: CrashDate,
    /// Saves that were pinned: `generation id`, a line each. In a file, because memory is measured.
    pinned: Mutex<BufWriter<File>>,
    done: [[AtomicU64; KINDS]; STORAGES.len()],
    failed: AtomicU64,
    wrong: Mutex<Vec<String>>,
    /// How many operations took less than 2^(n/8) µs.
    latencies: Vec<AtomicU64>,
    pub(crate) stop: AtomicBool,
}

const KINDS: usize = 4;
/// Steps of a latency for each doubling; and doublings, up to an hour.
const FINE: usize = 8;
const DOUBLINGS: usize = 32;
/// The most operations at once. A machine that stands still for a while, or is too slow for the rate, is not to pile up more
/// and more of them: what is due waits then, and that counts into its latency.
pub(crate) const AT_ONCE: usize = 256;
/// As many of what is wrong as are told.
const TOLD: usize = 20;

impl Load {
    pub(crate) fn new(socorro: &Socorro, place: &Place) -> Result<Arc<Self>> {
        let handles: Result<Vec<StorageHandle>, Error> =
            STORAGES.iter().map(|name| socorro.storage(name)).collect();
        let pinned = File::create(place.path("pinned")).context("cannot note pinned saves")?;
        Ok(Arc::new(Self {
            handles: handles?,
            ledgers: STORAGES.iter().map(|_| Ledger::default()).collect(),
            day: CrashDate::new(2026, 8, 20).context("a day")?,
            pinned: Mutex::new(BufWriter::new(pinned)),
            done: Default::default(),
            failed: AtomicU64::new(0),
            wrong: Mutex::default(),
            latencies: (0..FINE * DOUBLINGS).map(|_| AtomicU64::new(0)).collect(),
            stop: AtomicBool::new(false),
        }))
    }

    /// Begins every operation when it is due, until told to stop; then waits for those under way.
    pub(crate) async fn run(self: Arc<Self>, schedule: impl Iterator<Item = Planned>) {
        let started = Instant::now();
        let operations = TaskTracker::new();
        let room = Arc::new(Semaphore::new(AT_ONCE));
        for planned in schedule {
            let due = started + planned.due;
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            }
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let room = Arc::clone(&room).acquire_owned().await;
            let load = Arc::clone(&self);
            operations.spawn(async move {
                load.operation(&planned).await;
                load.took(due.elapsed());
                drop(room);
            });
        }
        operations.close();
        operations.wait().await;
    }

    async fn operation(&self, planned: &Planned) {
        let (Some(handle), Some(ledger)) = (
            self.handles.get(planned.storage),
            self.ledgers.get(planned.storage),
        ) else {
            return self.tell("a storage that is none was planned".to_owned());
        };
        let handle = if planned.pinned {
            handle.clone().pinned()
        } else {
            handle.clone()
        };
        let kind = match planned.kind {
            Kind::Save if ledger.count() >= MANY => Kind::Delete,
            Kind::Delete | Kind::Read if ledger.count() < FEW => Kind::Save,
            kind => kind,
        };
        let outcome = match kind {
            Kind::Save => self.save(&handle, ledger, planned).await.map(|()| true),
            Kind::Read => self.read(&handle, ledger, planned).await,
            Kind::List => {
                let listed = self.list(&handle, ledger, planned.storage).await;
                listed.map(|()| true)
            }
            Kind::Delete => self.delete(&handle, ledger, planned).await,
        };
        match outcome {
            Ok(true) => self.count(planned.storage, kind),
            // There was nothing to read or delete that nobody else had.
            Ok(false) => {}
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let name = handle.name();
                self.tell(format!("failed: {kind:?} at {name}: {error}"));
            }
        }
    }

    async fn save(
        &self,
        handle: &StorageHandle,
        ledger: &Ledger,
        planned: &Planned,
    ) -> Result<(), Error> {
        let id = crash_id(self.day, planned);
        if let Some(generation) = handle.generation() {
            let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = writeln!(pinned, "{generation} {id}") {
                self.tell(format!("a pinned save cannot be noted: {error}"));
            }
        }
        ledger.saving(id);
        let (raw, dump) = content(&id)?;
        handle
            .save_raw_crash(&id, &raw, &Dumps::single(Dump::Bytes(dump.into())))
            .await?;
        ledger.saved(id);
        Ok(())
    }

    /// Was there anything to read?
    async fn read(
        &self,
        handle: &StorageHandle,
        ledger: &Ledger,
        planned: &Planned,
    ) -> Result<bool, Error> {
        let Some(id) = ledger.reading(planned.pick) else {
            return Ok(false);
        };
        let outcome = self
            .compare(handle, &id, planned.pick.is_multiple_of(2))
            .await;
        ledger.read(id);
        outcome.map(|()| true)
    }

    /// Reads a crash, the document or the dump, and compares it with what was saved.
    async fn compare(
        &self,
        handle: &StorageHandle,
        id: &CrashId,
        document: bool,
    ) -> Result<(), Error> {
        let (raw, dump) = content(id)?;
        let same = if document {
            handle.get_raw_crash(*id).await? == raw
        } else {
            handle.get_dump(*id, &DumpName::default()).await? == dump
        };
        if !same {
            self.tell(format!("lost: {id} at {} has other bytes", handle.name()));
        }
        Ok(())
    }

    /// Was there anything to delete?
    async fn delete(
        &self,
        handle: &StorageHandle,
        ledger: &Ledger,
        planned: &Planned,
    ) -> Result<bool, Error> {
        let Some(id) = ledger.deleting(planned.pick) else {
            return Ok(false);
        };
        handle.delete(id).await?;
        ledger.deleted(id);
        Ok(true)
    }

    async fn list(
        &self,
        handle: &StorageHandle,
        ledger: &Ledger,
        storage: usize,
    ) -> Result<(), Error> {
        let expected = ledger.expected();
        let page = handle.list(&ListRequest::day(self.day)).await?;
        let listed = page.ids.iter().filter_map(|id| id.crash_id()).collect();
        for wrong in ledger.wrong(&expected, &listed, |id| storage_of(id) == Some(storage)) {
            self.tell(format!("{wrong} at {}", handle.name()));
        }
        Ok(())
    }

    /// Compares everything that is stored with everything that was acknowledged. For when nothing is under way.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        for (storage, (handle, ledger)) in self.handles.iter().zip(&self.ledgers).enumerate() {
            let page = handle.list(&ListRequest::day(self.day)).await?;
            self.count(storage, Kind::List);
            let listed: BTreeSet<CrashId> =
                page.ids.iter().filter_map(|id| id.crash_id()).collect();
            let there = ledger.all();
            for id in there.symmetric_difference(&listed) {
                let what = if there.contains(id) {
                    "lost"
                } else {
                    "doubled or misrouted"
                };
                self.tell(format!(
                    "{what}: {id} in the last list of {}",
                    handle.name()
                ));
            }
            for id in &there {
                for document in [true, false] {
                    self.compare(handle, id, document).await?;
                    self.count(storage, Kind::Read);
                }
            }
        }
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = pinned.flush() {
            self.tell(format!("pinned saves cannot be noted: {error}"));
        }
        Ok(())
    }

    fn count(&self, storage: usize, kind: Kind) {
        if let Some(done) = self.done.get(storage).and_then(|of| of.get(kind as usize)) {
            done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many operations of this kind succeeded at this storage.
    pub(crate) fn done(&self, storage: usize, kind: Kind) -> u64 {
        self.done
            .get(storage)
            .and_then(|of| of.get(kind as usize))
            .map_or(0, |done| done.load(Ordering::Relaxed))
    }

    /// How many operations failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn tell(&self, wrong: String) {
        let mut told = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < TOLD {
            told.push(wrong);
        }
    }

    /// What is wrong, as far as it was told.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn took(&self, took: Duration) {
        let micros = took.as_secs_f64() * 1e6;
        let place = (micros.max(1.0).log2() * FINE as f64) as usize;
        if let Some(count) = self.latencies.get(place.min(self.latencies.len() - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The latency that `share` of the operations did not exceed.
    pub(crate) fn latency(&self, share: f64) -> Duration {
        let counts: Vec<u64> = self
            .latencies
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect();
        let all: u64 = counts.iter().sum();
        let mut rest = (all as f64 * share).ceil() as u64;
        let place = counts.iter().position(|count| {
            rest = rest.saturating_sub(*count);
            rest == 0
        });
        let place = place.unwrap_or(0) as f64 + 1.0;
        Duration::from_secs_f64((place / FINE as f64).exp2() / 1e6)
    }
}

/// An id that says which storage it is for.
fn crash_id(day: CrashDate, planned: &Planned) -> CrashId {
    let mut entropy = [0; 16];
    let [_, _, _, number @ ..] = planned.number.to_be_bytes();
    for (to, from) in entropy
        .iter_mut()
        .zip([planned.storage as u8].into_iter().chain(number))
    {
        *to = from;
    }
    CrashId::new(day, entropy)
}

/// Which storage this crash is for; `None` for an id that is none of ours.
pub(crate) fn storage_of(id: &CrashId) -> Option<usize> {
    let storage = usize::from_str_radix(id.as_str().get(..2)?, 16).ok()?;
    (storage < STORAGES.len()).then_some(storage)
}

/// The document and the dump of a crash, which follow from its id.
fn content(id: &CrashId) -> Result<(RawCrash, Vec<u8>), Error> {
    let seed = id
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mut random = Random::new(seed);
    let mut json = format!("{{\"uuid\":\"{id}\"");
    for field in 0..random.below(20) {
        json += &format!(",\"field{field}\":\"{:016x}\"", random.next_u64());
    }
    json.push('}');
    let dump = (0..1 + random.below(500)).flat_map(|_| random.next_u64().to_le_bytes());
    let dump = dump.collect();
    Ok((RawCrash::new(json, &Limits::default())?, dump))
}
