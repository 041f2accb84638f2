use std::io;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use rustix::fs::OFlags;

use super::{Dir, Dirs, GroupSync, RealDisk, beneath};

#[test]
fn whoever_comes_while_a_sync_runs_shares_the_next() {
    let group = GroupSync::default();
    let syncs = AtomicUsize::new(0);
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let (group, syncs) = (&group, &syncs);
        scope.spawn(move || {
            let first = || {
                started.send(()).unwrap();
                released.recv().unwrap();
                syncs.fetch_add(1, Ordering::SeqCst);
                Ok(())
            };
            group.run(first).unwrap();
        });
        has_started.recv().unwrap();
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(move || {
                    group.run(|| {
                        syncs.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                })
            })
            .collect();
        // All of them wait for the round after the one that runs.
        while group.waiting() < 8 {
            std::thread::yield_now();
        }
        release.send(()).unwrap();
        waiting
            .into_iter()
            .for_each(|thread| thread.join().unwrap().unwrap());
    });
    assert_eq!(syncs.into_inner(), 2);
}

#[test]
fn a_failed_sync_fails_all_who_shared_it_and_nobody_after() {
    let group = GroupSync::default();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let fail = || Err(io::Error::from_raw_os_error(5));
    std::thread::scope(|scope| {
        let group = &group;
        let first = scope.spawn(move || {
            group.run(|| {
                started.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            })
        });
        has_started.recv().unwrap();
        let waiting: Vec<_> = (0..3)
            .map(|_| scope.spawn(move || group.run(fail)))
            .collect();
        while group.waiting() < 3 {
            std::thread::yield_now();
        }
        release.send(()).unwrap();
        first.join().unwrap().unwrap();
        for thread in waiting {
            assert_eq!(thread.join().unwrap().unwrap_err().raw_os_error(), Some(5));
        }
    });
    group.run(|| Ok(())).unwrap();
}

#[test]
fn a_sync_that_panics_leaves_nobody_waiting() {
    let group = Arc::new(GroupSync::default());
    let own = Arc::clone(&group);
    let panicked = std::thread::spawn(move || own.run(|| panic!("on purpose"))).join();
    assert!(panicked.is_err());
    group.run(|| Ok(())).unwrap();
}

#[test]
fn nothing_is_opened_outside() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(root.path().join("a/b")).unwrap();
    std::fs::write(root.path().join("a/b/file"), "x").unwrap();
    std::fs::write(outside.path().join("file"), "x").unwrap();
    symlink(outside.path(), root.path().join("a/out")).unwrap();
    symlink("b", root.path().join("a/in")).unwrap();
    let dir = Dir::root(root.path()).unwrap();
    type Open = fn(std::os::fd::BorrowedFd<'_>, &str, OFlags) -> io::Result<std::os::fd::OwnedFd>;
    for open in [beneath::open as Open, beneath::step_by_step as Open] {
        open(dir.fd(), "a/b/file", OFlags::RDONLY).unwrap();
        open(dir.fd(), "a/b", OFlags::DIRECTORY).unwrap();
        for path in ["a/out/file", "a/in/file", "a/out", "a/b/missing"] {
            assert!(open(dir.fd(), path, OFlags::RDONLY).is_err(), "{path}");
        }
    }
    for path in ["", "/etc/passwd", "a/../../x", "..", ".", "a//b", "a/b/"] {
        assert!(
            beneath::open(dir.fd(), path, OFlags::RDONLY).is_err(),
            "{path}"
        );
    }
}

#[test]
fn a_directory_that_vanishes_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let open = Arc::new(Dir::root(root.path()).unwrap());
    let dirs = Dirs::new(open, Arc::new(RealDisk));
    let first = dirs.ensure("a/b").unwrap();
    std::fs::remove_dir_all(root.path().join("a")).unwrap();
    let mut tries = 0;
    let put = |dir: &Dir| {
        tries += 1;
        rustix::fs::symlinkat("x", dir.fd(), "link").map_err(io::Error::from)
    };
    let second = dirs.within("a/b", put).unwrap();
    assert_eq!(tries, 2);
    assert_ne!(first.identity().unwrap(), second.identity().unwrap());
    assert!(first.removed().unwrap() && !second.removed().unwrap());
    // Another reason is no reason to try again.
    let taken = |dir: &Dir| rustix::fs::symlinkat("x", dir.fd(), "link").map_err(io::Error::from);
    assert!(dirs.within("a/b", taken).is_err());
}

#[test]
fn remembering_is_bounded() {
    let root = tempfile::tempdir().unwrap();
    let open = Arc::new(Dir::root(root.path()).unwrap());
    let dirs = Dirs::new(open, Arc::new(RealDisk));
    for number in 0..300 {
        dirs.ensure(&format!("{number}")).unwrap();
    }
    assert!(dirs.remembered() <= 128);
}
