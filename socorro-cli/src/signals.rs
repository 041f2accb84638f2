//! Signals, from the first moment of the program on.
//!
//! 1. *Before `main`* nobody can do anything: SIGHUP ends a program that does not handle it, unless whoever started
//!    it had it blocked, which is inherited.
//! 2. [`hold`], the first statement of `main`, blocks it. What comes now is kept by the system. The threads of the
//!    runtime inherit that, so from then on signals arrive at the main thread alone.
//! 3. [`Signals::install`] puts the handlers in, then lets through what was kept: also what whoever started the
//!    program had blocked, or else nothing could end it.
//! 4. A SIGHUP until the program runs makes it read the files again right after the start.

use std::io;

use nix::sys::signal::{SigSet, Signal as Number};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals the command reacts to. One that comes before anybody listens is kept.
pub(crate) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGHUP.
    Reload,
    /// SIGTERM or SIGINT.
    End,
}

/// Keeps SIGHUP waiting in this thread and those it starts, until [`Signals::install`].
pub(crate) fn hold() -> io::Result<()> {
    set([Number::SIGHUP]).thread_block()?;
    Ok(())
}

fn set(numbers: impl IntoIterator<Item = Number>) -> SigSet {
    let mut set = SigSet::empty();
    for number in numbers {
        set.add(number);
    }
    set
}

impl Signals {
    /// Installs the handlers and lets through what was kept waiting; needs the runtime around it.
    pub(crate) fn install() -> io::Result<Self> {
        let signals = Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        set([Number::SIGHUP, Number::SIGTERM, Number::SIGINT]).thread_unblock()?;
        Ok(signals)
    }

    /// The next signal; ending wins over reloading.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Waits for a request to end; a reload that is asked for meanwhile is remembered by the return of
    /// [`Signals::next`] later.
    pub(crate) async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
