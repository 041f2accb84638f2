use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use socorro_core::config::Layers;
use socorro_core::live::{Outcome as Verdict, ReloadReport, Socorro};
use socorro_core::plugin::loader::resident_images;

use crate::calls;
use crate::edits::Edit;
use crate::load::{AT_ONCE, Load};
use crate::model::{Bad, Disk, Model, VERSIONS};
use crate::options::Options;
use crate::outcome::{Outcome, growth};
use crate::place::Place;
use crate::process::{Holds, resident};
use crate::random::Random;
use crate::schedule::{Kind, Planned, STORAGES, Schedule};
use crate::slope::Slope;

/// Soaks, in a runtime of its own.
///
/// # Errors
/// When it cannot be carried out. What it found wrong is in the outcome.
pub fn run(options: &Options) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // Idle threads are not what is looked for among those that are left.
        .thread_keep_alive(Duration::from_millis(20))
        .enable_all()
        .build()?;
    let place = Place::new(&options.plugins, options.files)?;
    let outcome = runtime.block_on(soak(options, &place))?;
    place.remove()?;
    Ok(outcome)
}

/// A program that is reloaded.
struct Program<'a> {
    socorro: Socorro,
    place: &'a Place,
    model: Model,
    random: Random,
    /// Of the edits; no two revisions, directories or secrets are the same.
    serial: u64,
    /// What each generation is made of, a line each; in a file, because memory is measured.
    generations: BufWriter<File>,
}

impl<'a> Program<'a> {
    async fn start(place: &'a Place, seed: u64) -> Result<Self> {
        let model = Model::new();
        place.write(&model)?;
        File::create(place.path("calls"))?;
        let layers = Layers::new().file(place.path("socorro.toml"));
        let generations = File::create(place.path("generations"))?;
        let mut program = Self {
            socorro: Socorro::start(layers).await?,
            place,
            model,
            random: Random::new(seed),
            serial: 1,
            generations: BufWriter::new(generations),
        };
        program.note(1)?;
        Ok(program)
    }

    fn note(&mut self, generation: u64) -> Result<()> {
        let Model { revision, disk, .. } = self.model;
        let witness = disk == Disk::Witness;
        let stores = self.model.stores().join(",");
        writeln!(
            self.generations,
            "{generation} {revision} {witness} {stores}"
        )
        .context("cannot note a generation")
    }

    /// Edits, reloads, and tells what is wrong with the report.
    async fn reload(&mut self, next: Model) -> Result<Option<String>> {
        self.place.write(&next)?;
        let before = self.socorro.generation();
        let report = self.socorro.reload().await;
        let wrong = self.judge(&report, before, &next);
        if report.outcome == Verdict::Applied {
            self.model = next;
            self.note(report.generation)?;
        }
        Ok(wrong.map(|wrong| format!("{wrong}: {report}")))
    }

    fn judge(&self, report: &ReloadReport, before: u64, next: &Model) -> Option<String> {
        let plan: BTreeMap<String, String> = report
            .plan
            .changes
            .iter()
            .map(|(part, change)| (part.to_string(), change.to_string()))
            .filter(|(_, change)| change != "keep")
            .collect();
        let wanted: BTreeMap<String, String> = self
            .model
            .plan(next)
            .into_iter()
            .map(|(part, change)| (part, change.to_owned()))
            .collect();
        let (outcome, generation) = match (next.bad, wanted.is_empty()) {
            (Some(_), _) => (Verdict::Refused, before),
            (None, true) => (Verdict::Unchanged, before),
            (None, false) => (Verdict::Applied, before + 1),
        };
        if report.outcome != outcome || report.generation != generation {
            return Some(format!("{outcome:?} was to be expected of {:?}", next.bad));
        }
        if next.bad.is_none() && plan != wanted {
            return Some(format!("the plan should have been {wanted:?}"));
        }
        None
    }

    fn edit(&mut self, edit: Edit) -> Model {
        self.serial += 1;
        edit.of(&self.model, &mut self.random, self.serial)
    }

    async fn end(mut self) -> Result<Vec<String>> {
        self.generations.flush()?;
        self.socorro.shutdown().await;
        let stragglers = self.socorro.stragglers();
        Ok(stragglers
            .iter()
            .map(|straggler| format!("left behind: {}: {}", straggler.name, straggler.why))
            .collect())
    }
}

async fn soak(options: &Options, place: &Place) -> Result<Outcome> {
    rehearse(options, place).await?;
    let before = rest(None).await?;
    let images = resident_images().len();

    let mut program = Program::start(place, options.seed).await?;
    let load = Load::new(&program.socorro, place)?;
    let loading = tokio::spawn(Arc::clone(&load).run(Schedule::new(options.seed, options.rate)));
    let mut memory = vec![0.0; options.reloads];
    let mut edits: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let started = Instant::now();
    for sample in &mut memory {
        let edit = program.random.below(Edit::ALL.len());
        let edit = *Edit::ALL.get(edit).context("an edit")?;
        let next = program.edit(edit);
        let told = program.reload(next).await?;
        wrong.extend(told.filter(|_| wrong.len() < 20));
        match edits.get_mut(name(edit)) {
            Some(count) => *count += 1,
            None => drop(edits.insert(name(edit).to_owned(), 1)),
        }
        *sample = resident()?;
    }
    let took = started.elapsed();
    load.stop.store(true, Ordering::Relaxed);
    loading.await?;
    load.settle().await?;
    wrong.extend(program.end().await?);
    wrong.extend(load.wrong());
    wrong.extend(calls::check(place, &load)?);

    let done = STORAGES.iter().enumerate().flat_map(|(place, name)| {
        [Kind::Save, Kind::Read, Kind::List, Kind::Delete]
            .map(|kind| (format!("{kind:?} at {name}"), load.done(place, kind)))
    });
    let done = done.collect();
    let failed = load.failed();
    let latencies = [0.5, 0.99, 0.999].map(|share| load.latency(share));
    // Its files are not what is looked for among those that are left.
    drop(load);

    let after = rest(Some(&before)).await?;
    let left = after.differs_from(&before);
    wrong.extend(left.into_iter().map(|line| format!("left behind: {line}")));
    if resident_images().len() != images {
        wrong.push(format!(
            "{images} libraries became {}",
            resident_images().len()
        ));
    }
    // In the first half caches fill, and the allocator finds its size.
    let settled = memory.get(memory.len() / 2..).unwrap_or_default();
    let slope = Slope::of(settled);
    if let Some(slope) = slope.filter(|slope| slope.least() > growth(settled.len())) {
        wrong.push(format!(
            "memory grows by {:.0} ± {:.0} bytes a reload",
            slope.each, slope.margin
        ));
    }
    Ok(Outcome {
        options: options.clone(),
        took,
        edits,
        done,
        failed,
        latencies,
        memory: slope,
        before,
        after,
        images,
        wrong,
    })
}

/// Every edit once, so that every library there is was loaded, and everything that is made once is made.
async fn rehearse(options: &Options, place: &Place) -> Result<()> {
    let mut program = Program::start(place, options.seed).await?;
    let load = Load::new(&program.socorro, place)?;
    let mut schedule = Schedule::new(options.seed, options.rate);
    // The first at once, as many as there can be: what the allocator needs for that is no growth later.
    let first: Vec<Planned> = schedule.by_ref().take(AT_ONCE).collect();
    let first = first.into_iter().map(|planned| Planned {
        due: Duration::ZERO,
        ..planned
    });
    let loading = tokio::spawn(Arc::clone(&load).run(first.chain(schedule)));
    let mut models: Vec<Model> = Vec::new();
    for edit in Edit::ALL {
        models.push(program.edit(edit));
    }
    for version in 0..VERSIONS {
        let mut model = program.model.clone();
        (model.turned, model.disk) = (version, Disk::Filesystem(version));
        models.push(model);
    }
    for bad in Bad::ALL {
        let bad = Some(bad);
        models.push(Model {
            bad,
            ..program.model.clone()
        });
    }
    for model in models {
        let wrong = program.reload(model).await?;
        ensure!(
            wrong.is_none(),
            "in the rehearsal: {}",
            wrong.unwrap_or_default()
        );
    }
    load.stop.store(true, Ordering::Relaxed);
    loading.await?;
    let mut wrong = program.end().await?;
    wrong.extend(load.wrong());
    ensure!(wrong.is_empty(), "in the rehearsal: {wrong:?}");
    // What it stored is not what the soak stores.
    for name in ["kept", "disk", "left", "right"] {
        std::fs::remove_dir_all(place.path(name))?;
    }
    Ok(())
}

/// What the process holds once that is what it held before, or once it has held the same for a while: idle threads
/// end by themselves and tell nobody.
async fn rest(before: Option<&Holds>) -> Result<Holds> {
    let patience = Instant::now() + Duration::from_secs(15);
    let mut since = Instant::now();
    let mut last = Holds::now()?;
    loop {
        let now = Holds::now()?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
        let long = since.elapsed() > Duration::from_millis(300);
        let same = before.map_or(long, |before| *before == last);
        if same || Instant::now() > patience {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn name(edit: Edit) -> &'static str {
    match edit {
        Edit::Nothing => "nothing changes",
        Edit::Revise => "everything behind pair is replaced",
        Edit::Store => "a storage comes or goes",
        Edit::Plugin => "another plugin",
        Edit::Library => "another library",
        Edit::Code => "the library's bytes are others",
        Edit::Host => "an option of the host",
        Edit::Secret => "a secret is rotated",
        Edit::Several => "several at once",
        Edit::Bad => "a file that is refused",
    }
}
