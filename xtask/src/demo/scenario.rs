//! The three phases, one after the other, under load.

use std::fs;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use socorro_testkit::plugins::Profile;
use socorro_testkit::program::Program;

use super::{Arguments, PATIENCE, processes};

/// A destination: a letter, and its directory under the demo's own.
pub(super) type Destination = &'static str;

/// What `archive` is in each generation, counted from 1.
const PHASES: [(&str, &[Destination]); 3] = [
    ("A", &["a"]),
    ("A and B together", &["a", "b"]),
    ("B alone", &["b"]),
];

/// What happened, for the account.
#[derive(Default)]
pub(super) struct Story {
    /// What the crash mover delivered: id, and the destinations that were required.
    pub(super) moved: Vec<(String, &'static [Destination])>,
    pub(super) reloads: Vec<Reload>,
}

/// One reload of the saving program, seen from outside.
pub(super) struct Reload {
    pub(super) to: &'static str,
    /// When SIGHUP was sent and when the report came, in milliseconds since 1970.
    pub(super) from_to: (f64, f64),
    pub(super) report_millis: f64,
}

/// What had to hold a crash that was acknowledged in this generation.
pub(super) fn required(generation: u64) -> Result<&'static [Destination]> {
    let place = usize::try_from(generation)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let phase = place.and_then(|place| PHASES.get(place));
    Ok(phase
        .with_context(|| format!("no phase has generation {generation}"))?
        .1)
}

/// Where the demo lives, and what it runs.
pub(super) struct Demo<'a> {
    pub(super) work: &'a Path,
    pub(super) plugins: &'a Path,
    pub(super) profile: Profile,
}

impl Demo<'_> {
    /// Lives through the story.
    pub(super) fn live(&self, arguments: &Arguments) -> Result<Story> {
        let Self {
            work,
            plugins,
            profile,
        } = *self;
        let crashes = work.join("crashes");
        processes::make_crashes(profile, &crashes, 4)?;
        let config = work.join("socorro.toml");
        for directory in ["a", "b", "spool"] {
            fs::create_dir(work.join(directory))?;
        }
        fs::write(&config, configuration(work, plugins, 0))?;
        let mut story = Story::default();
        let mut mover = Mover::start(profile, &config)?;
        let mut load = processes::load(
            profile,
            &config,
            &crashes,
            &work.join("journal"),
            arguments.rate,
        )?;
        load.wait_for("ready", PATIENCE)?;
        let mut saved = 0;
        for (phase, (name, _)) in PHASES.iter().enumerate() {
            if phase > 0 {
                println!("\nedit, SIGHUP: archive becomes {name}");
                // As an editor does: the programs never see half a file.
                let edited = work.join("socorro.toml.new");
                fs::write(&edited, configuration(work, plugins, phase))?;
                fs::rename(&edited, &config)?;
                story.reloads.push(reload(name, &mut load, &mut mover)?);
            }
            saved += arguments.saves.next_multiple_of(50);
            load.wait_for(&format!("saved {saved}"), PATIENCE * 2)?;
            println!("  {saved} saves so far, archive is {name}");
        }
        println!("\nSIGTERM to both; what is left in spool is drained by `socorro run --once`");
        load.signal("TERM")?;
        load.wait_for("done", PATIENCE)?;
        ensure!(
            load.wait(PATIENCE)?.success(),
            "the load did not end well:\n{}",
            load.tail()
        );
        mover.end()?;
        let mut last = Mover::start_once(profile, &config)?;
        last.drain()?;
        for (id, generation) in mover.delivered {
            story.moved.push((id, required(generation)?));
        }
        // The last run knows only the last phase.
        story.moved.extend(
            last.delivered
                .into_iter()
                .map(|(id, _)| (id, PHASES[PHASES.len() - 1].1)),
        );
        Ok(story)
    }
}

/// The configuration of one phase. Only `archive`, and what it is made of, changes.
fn configuration(work: &Path, plugins: &Path, phase: usize) -> String {
    let directory = |name: &str| Value::from(work.join(name).display().to_string());
    let plugins = Value::from(plugins.display().to_string());
    let spool = directory("spool");
    let (a, b) = (directory("a"), directory("b"));
    let archive = match phase {
        0 => format!("[storage.archive]\ntype = \"filesystem\"\nroot = {a}\n"),
        1 => format!(
            "[storage.archive]\ntype = \"fanout\"\nstores = [\"a\", \"b\"]\n\n\
             [storage.a]\ntype = \"filesystem\"\nroot = {a}\n\n[storage.b]\ntype = \"filesystem\"\nroot = {b}\n"
        ),
        _ => format!("[storage.archive]\ntype = \"filesystem\"\nroot = {b}\n"),
    };
    format!(
        "[plugins]\npath = [{plugins}]\n\n\
         [storage.spool]\ntype = \"filesystem\"\nroot = {spool}\nlayout = \"dated_radix\"\n\n\
         {archive}\n\
         [source.new]\ntype = \"filesystem\"\nuse = \"storage.spool\"\npoll = \"100ms\"\n\n\
         [pipeline.crashmover]\nsource = \"new\"\nfrom = \"spool\"\nto = [\"archive\"]\nafter = \"ack_and_delete\"\n"
    )
}

/// Sends SIGHUP to both and waits for both reports.
fn reload(to: &'static str, load: &mut Program, mover: &mut Mover) -> Result<Reload> {
    let (sent, clock) = (now(), Instant::now());
    load.signal("HUP")?;
    mover.program.signal("HUP")?;
    let line = load.wait_for("reloaded ", PATIENCE)?;
    let came = sent + clock.elapsed().as_secs_f64() * 1000.0;
    let report: Value = serde_json::from_str(line.trim_start_matches("reloaded "))?;
    ensure!(
        report["applied"] == true,
        "the reload was not applied:\n{}",
        report["report"]
    );
    for line in report["report"].as_str().unwrap_or_default().lines() {
        println!("    {line}");
    }
    mover.reloaded()?;
    Ok(Reload {
        to,
        from_to: (sent, came),
        report_millis: report["millis"].as_f64().unwrap_or_default(),
    })
}

/// The crash mover, and what it said it delivered.
struct Mover {
    program: Program,
    delivered: Vec<(String, u64)>,
}

impl Mover {
    fn start(profile: Profile, config: &Path) -> Result<Self> {
        let mut mover = Self {
            program: processes::mover(profile, config, false)?,
            delivered: Vec::new(),
        };
        mover.read_until("started: generation")?;
        Ok(mover)
    }

    fn start_once(profile: Profile, config: &Path) -> Result<Self> {
        Ok(Self {
            program: processes::mover(profile, config, true)?,
            delivered: Vec::new(),
        })
    }

    /// Reads log lines, noting deliveries, until one contains `text`.
    fn read_until(&mut self, text: &str) -> Result<()> {
        loop {
            let line = self.program.wait_for("", PATIENCE)?;
            self.note(&line)?;
            if line.contains(text) {
                return Ok(());
            }
        }
    }

    fn reloaded(&mut self) -> Result<()> {
        self.read_until("reload applied")
    }

    fn end(&mut self) -> Result<()> {
        self.program.signal("TERM")?;
        self.drain()
    }

    /// Reads the rest and expects a good end.
    fn drain(&mut self) -> Result<()> {
        for line in self.program.rest(PATIENCE)? {
            self.note(&line)?;
        }
        let ended = self.program.wait(PATIENCE)?;
        ensure!(
            ended.success(),
            "the crash mover did not end well: {ended}\n{}",
            self.program.tail()
        );
        Ok(())
    }

    fn note(&mut self, line: &str) -> Result<()> {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            return Ok(());
        };
        ensure!(
            event["level"] != "ERROR",
            "the crash mover reported an error: {line}"
        );
        if event["message"] == "delivered" {
            let id = event["id"].as_str().context("a delivery without id")?;
            let generation = event["generation"]
                .as_u64()
                .context("a delivery without generation")?;
            self.delivered.push((id.to_owned(), generation));
        }
        Ok(())
    }
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
        * 1000.0
}
