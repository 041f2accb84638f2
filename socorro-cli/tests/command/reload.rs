//! SIGHUP: the edited configuration is adopted, or refused, while crashes come in.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::support::{PATIENCE, Place};
use crate::tree::{MOVER, assert_holds, crash, files};

/// The mover with an archive that is this.
fn archive(is: &str) -> String {
    format!("{MOVER}to = [\"archive\"]\nafter = \"ack_and_delete\"\n[storage.archive]\n{is}\n")
        .replace("[storage.a]\ntype = \"filesystem\"\nroot = \"{}/a\"\n", "")
        .replace("[storage.b]\ntype = \"filesystem\"\nroot = \"{}/b\"\n", "")
}

const A: &str = "type = \"filesystem\"\nroot = \"{}/a\"";
const B: &str = "type = \"filesystem\"\nroot = \"{}/b\"";
const BOTH: &str = "type = \"fanout\"\nstores = [\"first\", \"second\"]\n\
                    [storage.first]\ntype = \"filesystem\"\nroot = \"{}/a\"\n\
                    [storage.second]\ntype = \"filesystem\"\nroot = \"{}/b\"";

/// Puts one crash with `crash put`.
fn put(place: &Place, number: u32) {
    let (id, raw, dump) = crash(number);
    let dump = place.write(&format!("{number}.dmp"), dump);
    let (id, dump) = (id.to_string(), format!("dump={}", dump.display()));
    let arguments = [
        "crash", "put", "spool", "--id", &id, "--raw", "-", "--dump", &dump,
    ];
    assert_eq!(place.run_with(&raw, &arguments).lines(), [id]);
}

#[test]
fn a_to_both_to_b_under_a_trickle_of_crashes() {
    let place = Place::new(&archive(A));
    let mut mover = place.mover();
    let (next, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    let phases = thread::scope(|threads| {
        threads.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                put(&place, next.load(Ordering::Relaxed));
                next.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut lines = Vec::new();
        let mut story = || -> anyhow::Result<()> {
            for (generation, edit) in [(1, None), (2, Some(BOTH)), (3, Some(B))] {
                if let Some(edit) = edit {
                    place.edit(&archive(edit));
                    mover.signal("HUP")?;
                    // Crashes are delivered meanwhile, some of them in the generation before.
                    loop {
                        let line = mover.wait_for("", PATIENCE)?;
                        if line.contains(&format!("reload applied: generation {generation}")) {
                            break;
                        }
                        lines.push(line);
                    }
                }
                // Of this generation: what was under way is still delivered in the one before.
                let of_this = format!("generation={generation}");
                let mut delivered = 0;
                while delivered < 3 {
                    let line = mover.wait_for("delivered", PATIENCE)?;
                    delivered += u32::from(line.contains(&of_this));
                    lines.push(line);
                }
            }
            Ok(())
        };
        let told = story();
        stop.store(true, Ordering::Relaxed);
        told.unwrap();
        lines
    });
    mover.signal("TERM").unwrap();
    let rest = mover.rest(PATIENCE).unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success(), "{}", mover.tail());
    let last = place.run(&["--log-level", crate::support::MOVER_LEVEL, "run", "--once"]);
    assert_eq!(last.code, Some(0), "{}", last.err);

    // Each crash is where the generation it was delivered in wanted it.
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let count = next.load(Ordering::Relaxed);
    let number = |line: &str| {
        (0..count)
            .find(|number| line.contains(crash(*number).0.to_string().as_str()))
            .unwrap()
    };
    let mut seen = 0;
    for line in phases
        .iter()
        .chain(&rest)
        .filter(|line| line.contains("delivered id=") || line.contains("delivered pipeline="))
    {
        seen += 1;
        if line.contains("generation=1") || line.contains("generation=2") {
            a.push(number(line));
        }
        if line.contains("generation=2") || line.contains("generation=3") {
            b.push(number(line));
        }
    }
    for line in last.err.lines().filter(|line| line.contains(" delivered ")) {
        seen += 1;
        b.push(number(line));
    }
    assert_eq!(seen, count as usize, "each crash is delivered once");
    assert!(
        !a.is_empty() && a.len() + b.len() > count as usize,
        "a: {a:?}, b: {b:?}"
    );
    assert_holds(&place.path("a"), a);
    assert_holds(&place.path("b"), b);
    assert_holds(&place.path("spool"), []);
}

#[test]
fn a_bad_edit_is_refused_and_the_old_goes_on() {
    let place = Place::new(&archive(A));
    let mut mover = place.mover();
    for (bad, says) in [
        (
            archive("type = \"filesystem\"\nrot = 1"),
            "storage.archive.rot",
        ),
        (
            archive("type = \"filesytem\"\nroot = \"/x\""),
            "no plugin \"filesytem\"",
        ),
        (
            archive("type = \"filesystem\"\nroot = \"{}/spool\""),
            "needs the same storage directory",
        ),
        (
            archive("type = \"filesystem\"\nroot = \"{}/nowhere/at/all\""),
            "storage.archive",
        ),
        ("[storage\n".to_owned(), "socorro.toml"),
        (
            archive(A).replace("to = [\"archive\"]", "to = [\"archiv\"]"),
            "no storage \"archiv\"",
        ),
    ] {
        place.edit(&bad);
        mover.signal("HUP").unwrap();
        mover
            .wait_for(
                "reload refused, everything stays as it was: generation 1",
                PATIENCE,
            )
            .unwrap();
        // The lines before it may name the same.
        while !mover
            .wait_for(says, PATIENCE)
            .unwrap()
            .contains("  error    ")
        {}
    }
    std::fs::remove_file(place.config()).unwrap();
    mover.signal("HUP").unwrap();
    mover.wait_for("socorro.toml", PATIENCE).unwrap();

    place.edit(&archive(A));
    put(&place, 1);
    let line = mover.wait_for("delivered", PATIENCE).unwrap();
    assert!(line.contains("generation=1"), "{line}");
    mover.signal("HUP").unwrap();
    mover
        .wait_for("nothing changed: generation 1", PATIENCE)
        .unwrap();
    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
    assert_holds(&place.path("a"), [1]);
}

#[test]
fn a_storm_ends_on_the_last_file() {
    let place = Place::new(&archive(A));
    let mut mover = place.mover();
    for edit in 0..200 {
        let is = match edit {
            199 => format!("{B}\n[storage.last]\ntype = \"null\""),
            edit if edit % 2 == 0 => BOTH.to_owned(),
            _ => A.to_owned(),
        };
        place.edit(&archive(&is));
        mover.signal("HUP").unwrap();
    }
    mover.wait_for("add      storage.last", PATIENCE).unwrap();
    put(&place, 1);
    mover.wait_for("delivered", PATIENCE).unwrap();
    mover.signal("TERM").unwrap();
    let rest = mover.rest(PATIENCE).unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success(), "{}", mover.tail());
    assert!(
        !rest
            .iter()
            .any(|line| line.contains("ERROR") || line.contains("reload applied")),
        "{rest:?}"
    );
    assert!(files(&place.path("a")).is_empty());
    assert_holds(&place.path("b"), [1]);
}
