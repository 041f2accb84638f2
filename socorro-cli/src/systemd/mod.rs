//! Telling systemd how the program is, when systemd started it: `Type=notify` or `notify-reload`.
//!
//! | when | what is sent |
//! |---|---|
//! | it runs | `READY=1` |
//! | an attempt to reload begins, whoever asked for it | `RELOADING=1` and `MONOTONIC_USEC`, in one datagram |
//! | that attempt ended: applied, nothing to do, refused, given up, panicked | `READY=1` |
//! | a reload or the end takes long | `EXTEND_TIMEOUT_USEC`, again and again |
//! | it ends | `STOPPING=1` |
//!
//! With each of them goes a `STATUS` of one line, which `systemctl status` shows: the verdict of the last reload,
//! for the protocol has none. `systemctl reload` sends SIGHUP and waits for `RELOADING=1` with a time that is not
//! before the signal, then for `READY=1`. So the time is when the attempt began, which is before it read anything:
//! an attempt that was under way when the signal came has an earlier one, and is not taken for its answer. Each
//! `RELOADING=1` has its one `READY=1`, and there is none before the start's.
//!
//! The crates for this send what they are told. What is hard is to tell it on every path, which is here.

mod socket;
mod status;
mod told;

use std::time::Duration;

use socorro_core::live::{Activity, Refused, Socorro};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use socket::Socket;
use told::Told;

/// How often a longer patience is asked for, and how long it is then.
const BEAT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the last words may take.
const LAST: Duration = Duration::from_secs(2);

/// The service manager, if there is one.
pub(crate) struct Systemd(Option<Socket>);

/// Whoever tells it.
pub(crate) struct Telling(Option<JoinHandle<()>>);

impl Systemd {
    /// As `NOTIFY_SOCKET` says; nobody without it.
    pub(crate) fn from_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET") else {
            return Self(None);
        };
        match Socket::named(&name) {
            Ok(socket) => Self(Some(socket)),
            Err(error) => {
                tracing::warn!(?name, "nothing can be told to systemd: {error}");
                Self(None)
            }
        }
    }

    /// Tells why there is no start.
    pub(crate) async fn cannot_start(&self, refused: &Refused) {
        if let Some(socket) = &self.0 {
            let status = status::line(&format!("start refused: {}", refused.message()));
            socket.send(&format!("STATUS={status}")).await;
        }
    }

    /// Tells that the program runs, and from then on what becomes of it.
    pub(crate) fn follow(self, socorro: &Socorro) -> Telling {
        let (activity, reports) = (socorro.activity(), socorro.reports());
        let verdict = move || status::verdict(&reports.borrow());
        Telling(
            self.0
                .map(|socket| tokio::spawn(tell(socket, activity, verdict))),
        )
    }
}

impl Telling {
    /// Waits for the last words, after the shutdown.
    pub(crate) async fn finish(self) {
        if let Some(telling) = self.0
            && tokio::time::timeout(LAST, telling).await.is_err()
        {
            tracing::warn!("systemd does not take what it is told");
        }
    }
}

async fn tell(
    socket: Socket,
    mut activity: watch::Receiver<Activity>,
    verdict: impl Fn() -> String,
) {
    let mut told = Told::default();
    socket.send(&format!("READY=1\nSTATUS={}", verdict())).await;
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let now = *activity.borrow_and_update();
        for message in told.next(now, &verdict) {
            socket.send(&message).await;
            // What was just told of is not slow yet.
            beat.reset();
        }
        tokio::select! {
            changed = activity.changed() => if changed.is_err() {
                break;
            },
            _ = beat.tick(), if told.takes_time() => {
                let patience = PATIENCE.as_micros();
                socket.send(&format!("EXTEND_TIMEOUT_USEC={patience}")).await;
            }
        }
    }
    // Whoever runs attempts is gone: nobody is to wait for one.
    if let Some(message) = told.end(&verdict) {
        socket.send(&message).await;
    }
}

#[cfg(test)]
mod tests;
