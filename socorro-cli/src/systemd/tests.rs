use std::time::Instant;

use socorro_core::live::coordinator::Phase;
use tempfile::TempDir;
use tokio::net::UnixDatagram;

use super::*;

/// A fake systemd, and a program whose activity the test says.
struct Fake {
    _directory: TempDir,
    socket: UnixDatagram,
    activity: Option<watch::Sender<Activity>>,
    telling: JoinHandle<()>,
}

fn at(phase: Phase, attempt: u64) -> Activity {
    let since = Instant::now();
    Activity {
        phase,
        attempt,
        since,
    }
}

impl Fake {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let (sender, activity) = watch::channel(at(Phase::Idle, 0));
        let verdict = || "fine".to_owned();
        let to = Socket::named(path.as_os_str()).unwrap();
        Self {
            _directory: directory,
            socket,
            activity: Some(sender),
            telling: tokio::spawn(tell(to, activity, verdict)),
        }
    }

    fn is(&self, phase: Phase, attempt: u64) {
        let activity = self.activity.as_ref().unwrap();
        activity.send_replace(at(phase, attempt));
    }

    async fn hears(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).await.unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }
}

const RELOADING: Phase = Phase::Reloading {
    attempt: 1,
    pending: false,
};
const EXTENDED: &str = "EXTEND_TIMEOUT_USEC=15000000";

// Time moves by itself as soon as everybody waits.
#[tokio::test(start_paused = true)]
async fn a_slow_reload_and_a_slow_end_ask_for_patience() {
    let mut systemd = Fake::new();
    assert_eq!(systemd.hears().await, "READY=1\nSTATUS=fine");
    systemd.is(RELOADING, 1);
    assert!(
        systemd
            .hears()
            .await
            .starts_with("RELOADING=1\nMONOTONIC_USEC=")
    );
    let started = tokio::time::Instant::now();
    for _ in 0..10 {
        assert_eq!(systemd.hears().await, EXTENDED);
    }
    let took = started.elapsed();
    assert_eq!(took, 10 * BEAT, "not before it is slow");
    systemd.is(Phase::Idle, 1);
    assert_eq!(systemd.hears().await, "READY=1\nSTATUS=fine");

    systemd.is(Phase::Stopping, 1);
    assert!(systemd.hears().await.starts_with("STOPPING=1\n"));
    for _ in 0..10 {
        assert_eq!(systemd.hears().await, EXTENDED);
    }
    drop(systemd.activity.take());
    systemd.telling.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_nobody_finishes_is_ended() {
    let mut systemd = Fake::new();
    systemd.hears().await;
    systemd.is(RELOADING, 1);
    systemd.hears().await;
    drop(systemd.activity.take());
    // What was asked for meanwhile may come before.
    let mut last = systemd.hears().await;
    while last == EXTENDED {
        last = systemd.hears().await;
    }
    assert_eq!(last, "READY=1\nSTATUS=fine");
    systemd.telling.await.unwrap();
}

#[tokio::test]
async fn nobody_listens_and_nothing_happens() {
    let socket = Socket::named("/nowhere/at/all".as_ref()).unwrap();
    socket.send("READY=1").await;
    assert!(Socket::named("relative".as_ref()).is_err());
    assert!(Socket::named("vsock:2:1234".as_ref()).is_err());
}
