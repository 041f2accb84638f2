//! Metrics, liveness and readiness over HTTP, where `[control] metrics` says.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | every metric, in the text format of Prometheus |
//! | `/healthz` | 200 as long as the process can answer at all: what to restart it by |
//! | `/readyz` | 200 while a configuration runs, 503 from the moment on that the program is to end |
//!
//! Neither of the last two asks a backend: one that is away must not have every process restarted that needs it, nor
//! taken out of service; what is degraded stands in the body, and in the metrics.
//!
//! Whoever reaches the address is answered, so everything is bounded: peers at once, bytes and time of a request, and
//! time of an answer. A peer gets one answer a connection.

mod answer;
mod recorder;
mod server;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use socorro_core::live::Socorro;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::answer::Answers;
pub(crate) use self::recorder::Recorder;
use crate::exit::Exit;

/// The open endpoint; it closes when it is dropped.
pub(crate) struct Endpoint {
    serving: JoinHandle<()>,
    /// The program is to end.
    ending: CancellationToken,
}

impl Endpoint {
    /// Serves where the configuration says, if it does.
    pub(crate) async fn open(socorro: &Socorro, recorder: Recorder) -> Result<Option<Self>, Exit> {
        let Some(address) = socorro.metrics_address() else {
            return Ok(None);
        };
        let (listener, address) = listen(address).await.map_err(|error| {
            Exit::failed(format!(
                "control.metrics: cannot listen at {address}: {error}; end what listens there, or name another address"
            ))
        })?;
        tracing::info!("metrics and health at http://{address}/metrics, /healthz, /readyz");
        let ending = CancellationToken::new();
        let answers = Answers::new(socorro.clone(), recorder, ending.clone());
        let serving = tokio::spawn(server::serve(listener, answers));
        Ok(Some(Self { serving, ending }))
    }

    /// The program is to end: it is not ready any more, and still answers.
    pub(crate) fn ending(&self) {
        self.ending.cancel();
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// With the port that the system chose when it was 0.
async fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
