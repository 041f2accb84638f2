//! A program with a storage that cannot be shared, on a clock of the test's, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use socorro_core::crash::{CrashDate, CrashId};
use socorro_core::live::{Builder, ReloadReport, Socorro, StorageHandle};
use socorro_core::transaction::{ManualClock, NoJitter};
use tokio::task::JoinSet;

use super::plugin::{PLUGIN, Place, place};
use crate::support::{File, no_dumps, raw};

/// `reload.park_timeout` of the tests.
pub const PARK: Duration = Duration::from_secs(40);

pub const MODES: [&str; 3] = ["overlap", "handover", "break_before_make"];

pub struct Rig {
    pub file: File,
    pub clock: Arc<ManualClock>,
    pub socorro: Socorro,
    pub place: Arc<Place>,
    head: &'static str,
}

impl Rig {
    /// Starts with this configuration, which uses the place of this name.
    pub async fn start(name: &str, configuration: &str) -> Self {
        Self::with_head(HEAD, name, configuration).await
    }

    /// The same, where opening may take no more than a few seconds, which are real, after the first edit.
    pub async fn impatient(name: &str, configuration: &str) -> Self {
        let mut rig = Self::start(name, configuration).await;
        rig.head = IMPATIENT;
        rig
    }

    /// The same, where flushing and destroying may take as long as it does.
    pub async fn patient(name: &str, configuration: &str) -> Self {
        Self::with_head(PATIENT, name, configuration).await
    }

    async fn with_head(head: &'static str, name: &str, configuration: &str) -> Self {
        let file = File::new(&format!("{head}{configuration}"));
        let clock = Arc::new(ManualClock::new());
        let socorro = builder(&file, &clock).start().await.unwrap();
        Self {
            file,
            clock,
            socorro,
            place: place(name),
            head,
        }
    }

    /// A program with the storage `a` on a place of its own.
    pub async fn with_a(name: &str, exchange: &str) -> Self {
        Self::start(name, &storage("a", name, exchange, 0)).await
    }

    pub fn edit(&self, configuration: &str) {
        self.file.edit(&format!("{}{configuration}", self.head));
    }

    pub async fn reload(&self, configuration: &str) -> ReloadReport {
        self.edit(configuration);
        self.socorro.reload().await
    }

    /// A reload that goes on in the background.
    pub fn reloading(&self, configuration: &str) -> tokio::task::JoinHandle<ReloadReport> {
        self.edit(configuration);
        let socorro = self.socorro.clone();
        tokio::spawn(async move { socorro.reload().await })
    }

    pub fn a(&self) -> StorageHandle {
        self.socorro.storage("a").unwrap()
    }

    /// Waits until somebody sleeps for so long on the clock.
    pub async fn sleeps(&self, duration: Duration) {
        self.sleeps_times(duration, 1).await;
    }

    pub async fn sleeps_times(&self, duration: Duration, times: usize) {
        let asked = async {
            while self
                .clock
                .sleeps()
                .iter()
                .filter(|it| **it == duration)
                .count()
                < times
            {
                tokio::task::yield_now().await;
            }
        };
        let asked = tokio::time::timeout(Duration::from_secs(120), asked).await;
        assert!(
            asked.is_ok(),
            "nobody slept for {duration:?}: {:?}",
            self.clock.sleeps()
        );
    }

    /// Waits until operations are taken from what is exchanged.
    pub async fn parks(&self) {
        self.sleeps(PARK / 2).await;
    }
}

const HEAD: &str = "[reload]\npark_timeout = \"40s\"\n";
const IMPATIENT: &str = "[plugins]\ntimeout = \"5s\"\n[reload]\npark_timeout = \"40s\"\n";

const PATIENT: &str = "[plugins]\ntimeout = \"1h\"\n[reload]\npark_timeout = \"40s\"\n";

pub fn builder(file: &File, clock: &Arc<ManualClock>) -> Builder {
    file.builder()
        .plugin("sharing", PLUGIN)
        .time(clock.clone(), Arc::new(NoJitter))
}

pub fn storage(name: &str, place: &str, exchange: &str, revision: u32) -> String {
    format!(
        "[storage.{name}]\ntype = \"sharing\"\nplace = \"{place}\"\nexchange = \"{exchange}\"\nrevision = {revision}\n"
    )
}

pub fn source(name: &str, place: &str, exchange: &str, revision: u32) -> String {
    storage(name, place, exchange, revision).replace("[storage.", "[source.")
}

/// A crash id from a number.
pub fn number(number: u64) -> CrashId {
    let mut entropy = [7; 16];
    // The last digits of an id are its date.
    for (place, byte) in entropy.iter_mut().zip(number.to_le_bytes()).take(6) {
        *place = byte;
    }
    CrashId::new(CrashDate::new(2026, 11, 21).unwrap(), entropy)
}

/// Saves and reads through a handle without a pause, each crash once, until it is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    tasks: JoinSet<Vec<String>>,
}

impl Load {
    pub fn on(handles: &[StorageHandle]) -> Self {
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let mut tasks = JoinSet::new();
        for (place, handle) in handles.iter().enumerate() {
            for task in 0..4 {
                let (stop, done, handle) = (stop.clone(), done.clone(), handle.clone());
                tasks.spawn(async move {
                    let mut failed = Vec::new();
                    let mut next = (place * 4 + task) as u64 * 1_000_000_000;
                    while !stop.load(Ordering::SeqCst) {
                        let (id, text) = (number(next), raw(&next.to_string()));
                        next += 1;
                        if let Err(error) = handle.save_raw_crash(&id, &text, &no_dumps()).await {
                            failed.push(error.to_string());
                        }
                        match handle.get_raw_crash(id).await {
                            Ok(found) if found == text => {}
                            Ok(found) => failed.push(format!("{found:?} in place of {text:?}")),
                            Err(error) => failed.push(error.to_string()),
                        }
                        done.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                    }
                    failed
                });
            }
        }
        Self { stop, done, tasks }
    }

    /// Waits for so many more crashes.
    pub async fn more(&self, crashes: u64) {
        let until = self.done.load(Ordering::SeqCst) + crashes;
        crate::support::eventually("the load goes on", || {
            self.done.load(Ordering::SeqCst) >= until
        })
        .await;
    }

    /// Ends the load: how many crashes there were; panics if an operation failed.
    pub async fn none_failed(mut self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(failed) = self.tasks.join_next().await {
            assert_eq!(failed.unwrap(), Vec::<String>::new());
        }
        self.done.load(Ordering::SeqCst)
    }
}
