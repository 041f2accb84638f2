use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::settling::Settling;
use crate::config::{Layers, Look, SystemSecrets};
use crate::live::Refusal;
use crate::live::driver::Message;
use crate::step::apart;
use crate::transaction::Clock;

/// No interval is shorter.
const SHORTEST: Duration = Duration::from_millis(10);

/// Looks in between until it is dropped.
#[derive(Debug)]
pub(in crate::live) struct Watch {
    _task: AbortOnDropHandle<()>,
}

/// What is needed to look.
pub(in crate::live) struct Eyes {
    pub(in crate::live) layers: Layers,
    pub(in crate::live) secrets: SystemSecrets,
    pub(in crate::live) clock: Arc<dyn Clock>,
    pub(in crate::live) every: Duration,
}

/// What there is to be read.
///
/// The system gives no thread to read it on, or too many of them wait for a file system that does not answer.
pub(in crate::live) async fn look(layers: &Layers, secrets: &SystemSecrets) -> io::Result<Look> {
    let (layers, secrets) = (layers.clone(), secrets.clone());
    let take = move || Look::take(&layers, &secrets);
    apart(take).await
}

impl Watch {
    /// Watches from what `first` was on. Needs a tokio runtime.
    ///
    /// `messages` is weak: the watch does not keep the program running.
    pub(in crate::live) fn start(
        eyes: Eyes,
        first: Look,
        messages: mpsc::WeakUnboundedSender<Message>,
    ) -> Self {
        let watching = watch(eyes, Settling::new(first), messages);
        Self {
            _task: AbortOnDropHandle::new(tokio::spawn(watching)),
        }
    }
}

async fn watch(eyes: Eyes, mut settling: Settling, messages: mpsc::WeakUnboundedSender<Message>) {
    let every = eyes.every.max(SHORTEST);
    loop {
        eyes.clock.sleep(every).await;
        let seen = match look(&eyes.layers, &eyes.secrets).await {
            Ok(seen) => seen,
            Err(error) => {
                tracing::warn!("the files cannot be looked at, trying again: {error}");
                continue;
            }
        };
        let Some(look) = settling.saw(seen, eyes.clock.now()) else {
            continue;
        };
        let (reply, report) = oneshot::channel();
        let sent = messages
            .upgrade()
            .is_some_and(|messages| messages.send(Message::Watch { look, reply }).is_ok());
        let (true, Ok(report)) = (sent, report.await) else {
            // The program is ending.
            return;
        };
        // What is wrong waits for other content.
        if matches!(report.refusal(), Some(Refusal::Failed | Refusal::TimedOut)) {
            let delay = settling.was_refused(eyes.clock.now());
            tracing::warn!(
                "the files have changed and could not be adopted; trying again in {delay:.0?}, or when they change"
            );
        }
    }
}
