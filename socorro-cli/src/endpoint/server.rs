use std::convert::Infallible;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::answer::Answers;

/// Peers beyond these wait in the backlog.
pub(super) const PEERS: usize = 16;

/// How long the head of a request may take to come.
const HEAD: Duration = Duration::from_secs(5);

/// How long a connection may last in all.
const WHOLE: Duration = Duration::from_secs(10);

/// The most bytes of a request's head.
pub(super) const BYTES: usize = 16 * 1024;

/// The most headers of a request.
const HEADERS: usize = 64;

/// Between two attempts to let somebody in when the system refuses it, for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers who comes, a few at a time, until it is dropped.
pub(super) async fn serve(listener: TcpListener, answers: Answers) {
    let mut peers = JoinSet::new();
    loop {
        while peers.try_join_next().is_some() {}
        tokio::select! {
            Some(_) = peers.join_next(), if peers.len() >= PEERS => {}
            peer = listener.accept(), if peers.len() < PEERS => match peer {
                Ok((stream, _)) => {
                    peers.spawn(answer(stream, answers.clone()));
                }
                Err(error) => {
                    tracing::warn!("nobody can be let in at the metrics endpoint: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
}

async fn answer(stream: TcpStream, answers: Answers) {
    let service = service_fn(|request| {
        let answer = answers.to(&request);
        async { Ok::<_, Infallible>(answer) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BYTES)
        .max_headers(HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A peer that went away, or was too slow, is no trouble of ours.
    let _ = tokio::time::timeout(WHOLE, serving).await;
}
