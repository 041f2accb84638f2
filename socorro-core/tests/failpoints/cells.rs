//! The cells: every step, every fault.

use std::path::{Path, PathBuf};
use std::process::Command;

use socorro_core::live::{Fault, How, Outcome, ReloadReport, Step};

use crate::left_over::{LeftOver, images_are_accounted_for, names};
use crate::program::{LONG, Program};

/// Where the process works that is counted.
const DIRECTORY: &str = "SOCORRO_FAILPOINTS_DIRECTORY";

/// On which side of the switch a step is.
#[derive(PartialEq)]
enum Side {
    /// What goes wrong refuses the attempt.
    Before,
    /// The new configuration runs; what goes wrong is told of the instance that leaves.
    After,
}

fn side(step: Step) -> Side {
    match step {
        Step::Read
        | Step::Parse
        | Step::Merge
        | Step::Check
        | Step::Copy
        | Step::Load
        | Step::Handshake
        | Step::Secret
        | Step::Plan
        | Step::Construct
        | Step::Health
        | Step::Exchange
        | Step::Commit => Side::Before,
        Step::Drain | Step::Close => Side::After,
    }
}

/// Threads and files are counted, so all of it runs in a process and a temporary directory of its own.
#[test]
fn every_step_fails_panics_and_hangs() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let cells = runtime.block_on(all(Path::new(&directory)));
        println!("{cells} cells");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    // Directories on the way through links must be ours too, and a temporary directory may be a link.
    let directory = place.path().canonicalize().unwrap();
    let temporary = directory.join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let thread = std::thread::current();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([thread.name().unwrap(), "--exact", "--nocapture"])
        .env(DIRECTORY, &directory)
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    let cells = Step::ALL.len() * Fault::ALL.len();
    assert!(said.contains(&format!("{cells} cells")), "{said}");
    for text in [said, complained] {
        assert!(!text.contains("canary-"), "a secret was told: {text}");
    }
}

/// Runs every cell; how many those are.
async fn all(directory: &Path) -> usize {
    let temporary: PathBuf = std::env::temp_dir();
    let mut program = Program::start(directory).await;
    let nothing_in_temporary = names(&temporary);
    // The first ones make what stays: the threads of the runtime, the directory of private copies.
    for _ in 0..2 {
        program.edit();
        takes_every_step(&program.socorro.reload().await, program.is_alone);
    }
    ends_are_over(&program, "at the start").await;
    let before = LeftOver::settled().await;
    let mut cells = 0;
    for step in Step::ALL {
        for fault in Fault::ALL {
            let cell = format!("{step} x {fault:?}");
            run(&mut program, &before, *step, *fault, &cell).await;
            images_are_accounted_for(&cell, &program.stage());
            assert_eq!(names(&temporary), nothing_in_temporary, "{cell}");
            cells += 1;
        }
    }
    program.socorro.shutdown().await;
    cells
}

/// One cell, and the reload after it, which is as if nothing had been.
async fn run(program: &mut Program, before: &LeftOver, step: Step, fault: Fault, cell: &str) {
    let exchanges = step == Step::Exchange;
    if program.is_alone != exchanges {
        program.is_alone = exchanges;
        program.edit();
        takes_every_step(&program.socorro.reload().await, false);
        ends_are_over(program, cell).await;
    }
    let (generation, runs) = (program.socorro.generation(), program.revision());
    program.save(cell).await;
    program.edit();
    program.failpoints.arm(step, fault);
    let reload = tokio::spawn({
        let socorro = program.socorro.clone();
        async move { socorro.reload().await }
    });
    if side(step) == Side::After {
        let report = reload.await.unwrap();
        assert_eq!(report.outcome, Outcome::Applied, "{cell}: {report}");
        program.save(cell).await;
        straggles(program, step, fault, cell).await;
    } else {
        program.failpoints.struck().await;
        if fault == Fault::Hang {
            // Meanwhile the program serves, but for what is being exchanged.
            if !exchanges {
                program.has(cell).await;
            }
            program.clock.advance(LONG);
        }
        let report = reload.await.unwrap();
        is_refused_in(&report, step, fault, cell);
        assert_eq!(report.generation, generation, "{cell}");
        assert_eq!(program.socorro.generation(), generation, "{cell}");
        program.has(cell).await;
        if fault == Fault::Hang {
            // What hangs keeps no other attempt from anything that it does not need itself.
            program.edit_back(runs);
            let report = program.socorro.reload().await;
            assert_eq!(report.outcome, Outcome::Unchanged, "{cell}: {report}");
        }
    }
    program.failpoints.release();
    ends_are_over(program, cell).await;
    before.is_back(cell).await;
    program.has(cell).await;

    program.edit();
    let report = program.socorro.reload().await;
    takes_every_step(&report, exchanges);
    assert!(!program.failpoints.has_struck() || report.errors.is_empty());
    ends_are_over(program, cell).await;
    before.is_back(cell).await;
}

/// The report says that nothing changed, and in which step and how the attempt ended.
fn is_refused_in(report: &ReloadReport, step: Step, fault: Fault, cell: &str) {
    assert_eq!(report.outcome, Outcome::Refused, "{cell}: {report}");
    let how = match fault {
        Fault::Error => How::Failed,
        Fault::Panic => How::Panicked,
        Fault::Hang => How::Hung,
    };
    let stopped: Vec<_> = report
        .stopped_in
        .iter()
        .map(|stopped| (stopped.step, stopped.how))
        .collect();
    assert_eq!(stopped, [(step, how)], "{cell}: {report}");
    assert_eq!(report.timed_out, fault == Fault::Hang, "{cell}");
    let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    let errors = errors.join("\n");
    let told = match fault {
        Fault::Error => format!("a failpoint made {step} fail"),
        Fault::Panic => "panic".to_owned(),
        Fault::Hang => format!("gave up after 60s in {}", report.stopped_in[0]),
    };
    assert!(errors.contains(&told), "{cell}: {errors}");
    assert!(report.to_string().contains(step.word()), "{cell}: {report}");
}

/// The instance that was replaced did not end as it should, and the program says so and goes on.
async fn straggles(program: &Program, step: Step, fault: Fault, cell: &str) {
    program.failpoints.struck().await;
    let known = program.socorro.stragglers().len();
    if fault == Fault::Hang {
        program.has(cell).await;
        if step == Step::Drain {
            // It ends by itself; only nobody sees to it.
            ends_are_over(program, cell).await;
        }
        program.clock.advance(LONG);
    }
    let mut stragglers = program.socorro.stragglers();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !stragglers
        .iter()
        .any(|one| one.generation == program.socorro.generation())
    {
        assert!(
            std::time::Instant::now() < deadline,
            "{cell}: {known} stragglers, no other came"
        );
        tokio::task::yield_now().await;
        stragglers = program.socorro.stragglers();
    }
    let straggler = stragglers.last().unwrap();
    assert_eq!(
        (straggler.step, straggler.part.to_string()),
        (step, "storage.archive".to_owned()),
        "{cell}: {}",
        straggler.why
    );
    let told = match fault {
        Fault::Error => format!("a failpoint made {step} fail"),
        Fault::Panic => "panicked".to_owned(),
        Fault::Hang => "not".to_owned(),
    };
    assert!(straggler.why.contains(&told), "{cell}: {}", straggler.why);
}

/// A reload that changes everything goes through every step before the switch, in the order of the list.
fn takes_every_step(report: &ReloadReport, exchanges: bool) {
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    assert_eq!(report.stopped_in, []);
    let taken: Vec<Step> = report.steps.iter().map(|(step, _)| *step).collect();
    let listed: Vec<Step> = Step::ALL
        .iter()
        .copied()
        .filter(|step| side(*step) == Side::Before && (*step != Step::Exchange || exchanges))
        .collect();
    assert_eq!(taken, listed);
}

/// Everything that was replaced has ended.
async fn ends_are_over(program: &Program, cell: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !program.socorro.leaving().is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "{cell}: {:?}",
            program.socorro.leaving()
        );
        tokio::task::yield_now().await;
    }
}
