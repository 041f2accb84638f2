//! Lets peers in, a few at a time, until the program ends.

use std::time::Duration;

use serde_json::Value;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::request::Request;
use super::socket::Socket;
use super::{answer, connection};
use crate::error::{Error, ErrorKind, Result};
use crate::live::Trigger;
use crate::live::driver::Message;
use crate::live::status::Observed;

/// Peers beyond these wait in the backlog.
const PEERS: usize = 16;

/// How long answers that are on their way may still take at the end.
const GRACE: Duration = Duration::from_secs(1);

/// Between two attempts to let somebody in when the system refuses it, for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The open socket and who serves it; both end when it is dropped.
#[derive(Debug)]
pub(in crate::live) struct Server {
    /// Dropped with the server, and its file with it.
    _socket: Socket,
    serving: JoinHandle<()>,
    end: CancellationToken,
}

/// What requests reach.
#[derive(Clone)]
pub(in crate::live) struct Access {
    /// Weak: a peer does not keep the program running.
    pub(in crate::live) messages: mpsc::WeakUnboundedSender<Message>,
    pub(in crate::live) observed: Observed,
}

impl Server {
    /// Serves who comes to `socket`. Needs a tokio runtime.
    pub(in crate::live) fn start(mut socket: Socket, access: Access) -> Result<Self> {
        let wrong = |why: &str| Error::new(ErrorKind::Internal, format!("control.socket: {why}"));
        let listener = socket
            .take_listener()
            .ok_or_else(|| wrong("it is served already"))?;
        let listener = UnixListener::from_std(listener)
            .map_err(|error| wrong("it cannot be watched").caused_by(&error))?;
        let end = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, access, end.clone()));
        Ok(Self {
            _socket: socket,
            serving,
            end,
        })
    }

    /// Lets nobody in any more, sends the answers that are ready, and removes the socket.
    pub(in crate::live) async fn finish(mut self) {
        self.end.cancel();
        // Aborted by the drop when it takes longer.
        let _ = tokio::time::timeout(GRACE, &mut self.serving).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: UnixListener, access: Access, end: CancellationToken) {
    let mut peers = JoinSet::new();
    loop {
        while peers.try_join_next().is_some() {}
        tokio::select! {
            biased;
            () = end.cancelled() => break,
            Some(_) = peers.join_next(), if peers.len() >= PEERS => {}
            peer = listener.accept(), if peers.len() < PEERS => match peer {
                Ok((stream, _)) => {
                    peers.spawn(connection::serve(stream, access.clone(), end.clone()));
                }
                Err(error) => {
                    tracing::warn!("nobody can be let in at the control socket: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    while peers.join_next().await.is_some() {}
}

impl Access {
    /// Carries out one request.
    pub(super) async fn answer(&self, request: Request) -> Value {
        match request {
            Request::Status {} => answer::status(&self.observed.status()),
            Request::History {} => answer::history(&self.observed.history()),
            Request::Reload {
                wait: false,
                expect: None,
            } => {
                let trigger = Trigger::Control;
                match self.send(Message::Reload {
                    trigger,
                    reply: None,
                }) {
                    Ok(()) => answer::asked(),
                    Err(Ending) => ending(),
                }
            }
            Request::Reload { expect, .. } => {
                let (reply, report) = oneshot::channel();
                let sent = self.send(match expect {
                    Some(plan) => Message::Expect {
                        trigger: Trigger::Control,
                        plan,
                        reply,
                    },
                    None => Message::Reload {
                        trigger: Trigger::Control,
                        reply: Some(reply),
                    },
                });
                match (sent, report.await) {
                    (Ok(()), Ok(report)) => answer::reloaded(&report),
                    _ => ending(),
                }
            }
            Request::Diff {} => {
                let (reply, diff) = oneshot::channel();
                let sent = self.send(Message::Diff { reply });
                match (sent, diff.await) {
                    (Ok(()), Ok(diff)) => answer::diff(&diff),
                    _ => ending(),
                }
            }
        }
    }

    fn send(&self, message: Message) -> Result<(), Ending> {
        let messages = self.messages.upgrade().ok_or(Ending)?;
        messages.send(message).map_err(|_| Ending)
    }
}

/// The program ends.
struct Ending;

fn ending() -> Value {
    answer::error("the program is ending")
}
