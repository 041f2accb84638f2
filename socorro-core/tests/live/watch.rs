//! Watching the files: everything by which they change is adopted, nothing half written is, and nothing else
//! causes anything. The clock is the test's: a look happens when the test says so.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use socorro_core::ErrorKind;
use socorro_core::config::Layers;
use socorro_core::live::coordinator::Phase;
use socorro_core::live::{Outcome, ReloadReport, Socorro, Trigger};
use socorro_core::transaction::{ManualClock, NoJitter};
use tempfile::{TempDir, tempdir};

use crate::scripted::script;
use crate::support::{eventually, plan};

const EVERY: Duration = Duration::from_secs(1);

/// A program that watches its files.
struct Watching {
    socorro: Socorro,
    clock: ManualClock,
    /// How often it has begun to sleep.
    looks: usize,
}

impl Watching {
    async fn start(layers: Layers) -> Self {
        let clock = ManualClock::new();
        let builder = Socorro::builder(layers)
            .plugin("scripted", crate::scripted::PLUGIN)
            .time(Arc::new(clock.clone()), Arc::new(NoJitter))
            .watch(EVERY);
        let socorro = builder.start().await.unwrap();
        let mut watching = Self {
            socorro,
            clock,
            looks: 0,
        };
        watching.rests().await;
        watching
    }

    /// Lets it take one look, and do whatever comes of it.
    async fn look(&mut self) {
        self.clock.advance(EVERY);
        self.rests().await;
    }

    /// Waits until it has done what comes of its last look, and sleeps again.
    async fn rests(&mut self) {
        self.looks += 1;
        loop {
            let sleeps = self.clock.sleeps();
            // Others sleep too, for other times.
            let looks = sleeps.iter().filter(|slept| **slept == EVERY).count();
            if looks >= self.looks {
                return;
            }
            self.clock.asked(sleeps.len() + 1).await;
        }
    }

    /// Lets it look twice at what was just changed, which is when it counts.
    async fn settle(&mut self) -> ReloadReport {
        self.look().await;
        self.look().await;
        self.socorro.last_report()
    }

    fn attempts(&self) -> u64 {
        self.socorro.last_report().attempt
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn rename_over(path: &Path, text: &str) {
    let new = path.with_extension("new");
    write(&new, text);
    fs::rename(new, path).unwrap();
}

/// Points the link elsewhere in one step.
fn relink(link: &Path, target: &Path) {
    let new = link.with_file_name("new_link");
    symlink(target, &new).unwrap();
    fs::rename(new, link).unwrap();
}

fn dumps(count: u32) -> String {
    format!("[limits]\ndumps = {count}\n")
}

/// A way in which configurations are changed: where it is, and how it comes to say this.
type Way = (&'static str, fn(&Path) -> PathBuf, fn(&Path, u32));

const WAYS: [Way; 7] = [
    (
        "rename over",
        |place| place.join("socorro.toml"),
        |place, count| rename_over(&place.join("socorro.toml"), &dumps(count)),
    ),
    (
        "truncate and write",
        |place| place.join("socorro.toml"),
        |place, count| write(&place.join("socorro.toml"), &dumps(count)),
    ),
    (
        "a Kubernetes volume",
        |place| place.join("socorro.toml"),
        |place, count| {
            let version = format!("..version_{count}");
            write(&place.join(&version).join("socorro.toml"), &dumps(count));
            relink(&place.join("..data"), Path::new(&version));
            if count == 1 {
                symlink("..data/socorro.toml", place.join("socorro.toml")).unwrap();
            } else {
                fs::remove_dir_all(place.join(format!("..version_{}", count - 1))).unwrap();
            }
        },
    ),
    (
        "a Kubernetes volume as a directory",
        |place| place.join("conf"),
        |place, count| {
            let version = format!("..version_{count}");
            write(
                &place.join("conf").join(&version).join("10.toml"),
                &dumps(count),
            );
            relink(&place.join("conf/..data"), Path::new(&version));
            if count == 1 {
                symlink("..data/10.toml", place.join("conf/10.toml")).unwrap();
            }
        },
    ),
    (
        "a worktree of git-sync",
        |place| place.join("current/etc/socorro.toml"),
        |place, count| {
            let tree = place.join(format!(".worktrees/{count}"));
            write(&tree.join("etc/socorro.toml"), &dumps(count));
            relink(&place.join("current"), &tree);
            if count > 1 {
                fs::remove_dir_all(place.join(format!(".worktrees/{}", count - 1))).unwrap();
            }
        },
    ),
    (
        "one file more in a directory",
        |place| place.join("conf.d"),
        |place, count| {
            write(
                &place.join(format!("conf.d/{count:03}.toml")),
                &dumps(count),
            )
        },
    ),
    (
        "an included file, removed and written",
        |place| place.join("socorro.toml"),
        |place, count| {
            let included = place.join("more.toml");
            if count == 1 {
                write(&place.join("socorro.toml"), "include = [\"*.toml\"]\n");
            } else {
                fs::remove_file(&included).unwrap();
            }
            write(&included, &dumps(count));
        },
    ),
];

#[tokio::test]
async fn every_way_of_changing_files_is_seen_every_time() {
    for (name, path, change) in WAYS {
        let place = tempdir().unwrap();
        change(place.path(), 1);
        let layers = Layers::new().file(path(place.path()));
        let mut watching = Watching::start(layers).await;
        assert_eq!(watching.socorro.limits().dumps, 1, "{name}");
        for count in 2..=100 {
            change(place.path(), count);
            let report = watching.settle().await;
            assert_eq!(
                (report.trigger, report.outcome, report.attempt),
                (Trigger::Watch, Outcome::Applied, u64::from(count) - 1),
                "{name}: {report}"
            );
            assert_eq!(watching.socorro.limits().dumps, count as usize, "{name}");
        }
        watching.socorro.shutdown().await;
    }
}

/// One file and a program that watches it.
async fn one(text: &str) -> (TempDir, PathBuf, Watching) {
    let place = tempdir().unwrap();
    let path = place.path().join("socorro.toml");
    write(&path, text);
    let watching = Watching::start(Layers::new().file(&path)).await;
    (place, path, watching)
}

#[tokio::test]
async fn a_touch_or_the_same_written_again_is_nothing() {
    let (_place, path, mut watching) = one(&dumps(3)).await;
    for second in 0..500 {
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(second))
            .unwrap();
        if second % 3 == 0 {
            rename_over(&path, &dumps(3));
        }
        watching.look().await;
    }
    assert_eq!(watching.attempts(), 0);
    watching.socorro.shutdown().await;
}

#[tokio::test]
async fn what_is_half_written_is_never_read() {
    let (_place, path, mut watching) = one(&dumps(1)).await;
    let whole = |count: u32| format!("{}[redaction]\nforbidden_keys = [\"a\"]\n", dumps(count));
    for count in 2..=20 {
        let text = whole(count);
        // Each of these is a valid configuration, and none is meant.
        for end in [0, text.find("[redaction]").unwrap()] {
            write(&path, &text[..end]);
            watching.look().await;
            assert_eq!(watching.attempts(), u64::from(count) - 2);
        }
        write(&path, &text);
        let report = watching.settle().await;
        assert_eq!(report.attempt, u64::from(count) - 1, "one for each");
        assert_eq!(report.outcome, Outcome::Applied);
        assert_eq!(watching.socorro.limits().dumps, count as usize);
    }
    watching.socorro.shutdown().await;
}

#[tokio::test]
async fn what_was_truncated_is_waited_for() {
    let (_place, path, mut watching) = one(&dumps(1)).await;
    write(&path, "");
    for _ in 0..20 {
        watching.look().await;
    }
    assert_eq!(watching.attempts(), 0);
    write(&path, &dumps(2));
    assert_eq!(watching.settle().await.outcome, Outcome::Applied);
    assert_eq!(watching.socorro.limits().dumps, 2);
    watching.socorro.shutdown().await;
}

#[tokio::test]
async fn an_attempt_that_reads_anything_but_what_had_settled_is_refused() {
    let held = "[storage.held]\ntype = \"scripted\"\ntag = \"watch_held\"\n";
    let (_place, path, mut watching) = one(&dumps(1)).await;
    let script = script("watch_held");
    script.shut_open_gate();
    let mut activity = watching.socorro.activity();
    // An attempt that somebody else asked for is under way, so that the watch's has to wait.
    write(&path, &format!("{}{held}", dumps(2)));
    watching.socorro.request_reload(Trigger::Hangup);
    script.at_open_gate.notified().await;
    write(&path, &format!("{}{held}", dumps(3)));
    watching.look().await;
    watching.clock.advance(EVERY);
    let pending = |phase: Phase| matches!(phase, Phase::Reloading { pending: true, .. });
    activity.wait_for(|it| pending(it.phase)).await.unwrap();
    // Half of it: valid, and not meant.
    write(&path, held);
    script.open_gate.add_permits(1_000_000);
    watching.rests().await;
    let report = watching.socorro.last_report();
    assert_eq!(
        (report.attempt, report.trigger, report.outcome),
        (2, Trigger::Watch, Outcome::Refused)
    );
    assert!(
        report.to_string().contains("changed while they were read"),
        "{report}"
    );
    assert_eq!(watching.socorro.limits().dumps, 2);

    // The same as was asked for before: it is not forgotten.
    write(&path, &format!("{}{held}", dumps(3)));
    for _ in 0..6 {
        watching.look().await;
    }
    assert_eq!(watching.socorro.limits().dumps, 3);
    watching.socorro.shutdown().await;
}

#[tokio::test]
async fn a_secret_file_is_watched_too() {
    let place = tempdir().unwrap();
    let secret = place.path().join("secret");
    let keep = |text: &str| {
        let new = secret.with_extension("new");
        write(&new, text);
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(new, &secret).unwrap();
    };
    keep("first");
    let path = place.path().join("socorro.toml");
    write(
        &path,
        &format!(
            "[storage.a]\ntype = \"scripted\"\ntag = \"watch_secret\"\npassword = {{ file = {secret:?} }}"
        ),
    );
    let mut watching = Watching::start(Layers::new().file(&path)).await;
    keep("first\n");
    watching.settle().await;
    assert_eq!(watching.attempts(), 0);
    keep("second");
    assert_eq!(plan(&watching.settle().await), ["replace storage.a"]);
    let given = script("watch_secret").passwords.lock().unwrap().clone();
    assert_eq!(given, ["first", "second"]);
    watching.socorro.shutdown().await;
}

#[tokio::test]
async fn a_wrong_edit_is_tried_once_and_the_next_right_one_adopted() {
    let (_place, path, mut watching) = one(&dumps(1)).await;
    write(&path, "[limits]\ndumps = \"many\"");
    assert_eq!(watching.settle().await.outcome, Outcome::Refused);
    for _ in 0..400 {
        watching.look().await;
    }
    assert_eq!(watching.attempts(), 1, "it is as wrong as before");
    // Back to what runs: nothing to do, and in sync again.
    write(&path, &dumps(1));
    let report = watching.settle().await;
    assert_eq!(report.outcome, Outcome::Unchanged);
    assert!(report.in_sync());
    watching.socorro.shutdown().await;
}

#[tokio::test]
async fn a_backend_that_comes_later_is_waited_for() {
    let (_place, path, mut watching) = one("").await;
    let script = script("watch_later");
    let away = socorro_core::Error::new(ErrorKind::Unavailable, "connection refused");
    *script.open_fails.lock().unwrap() = Some(away);
    write(
        &path,
        "[storage.a]\ntype = \"scripted\"\ntag = \"watch_later\"",
    );
    assert_eq!(watching.settle().await.outcome, Outcome::Refused);
    for _ in 0..60 {
        watching.look().await;
    }
    // After 5 s, after 10 more, after 20 more.
    assert_eq!(watching.attempts(), 4);
    *script.open_fails.lock().unwrap() = None;
    for _ in 0..40 {
        watching.look().await;
    }
    let report = watching.socorro.last_report();
    assert_eq!((report.attempt, report.outcome), (5, Outcome::Applied));
    assert_eq!(report.trigger, Trigger::Watch);
    watching.socorro.shutdown().await;
}

#[tokio::test]
async fn does_not_keep_the_program_from_ending() {
    let (_place, path, watching) =
        one("[storage.a]\ntype = \"scripted\"\ntag = \"watch_end\"").await;
    let Watching { socorro, clock, .. } = watching;
    drop(socorro);
    let script = script("watch_end");
    eventually("it has ended", || script.closed.load(Ordering::SeqCst) == 1).await;
    write(&path, "");
    clock.advance(EVERY);
}
