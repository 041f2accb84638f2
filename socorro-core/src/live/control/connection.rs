//! One peer: its requests, a line each, and the answers.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer;
use super::request::Request;
use super::server::Access;

/// The most bytes of a request: a saved plan of some thousand parts.
pub(super) const REQUEST: u64 = 1024 * 1024;

/// How long a request may take to come, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers until the peer goes, is silent for too long, or writes what is no request.
///
/// After `end` it takes no more requests.
pub(super) async fn serve(stream: UnixStream, access: Access, end: CancellationToken) {
    // A peer that went away is no trouble of ours.
    let _ = answer_all(stream, &access, &end).await;
}

async fn answer_all(
    stream: UnixStream,
    access: &Access,
    end: &CancellationToken,
) -> io::Result<()> {
    if !is_same_user(&stream)? {
        tracing::warn!("another user was turned away at the control socket");
        return Ok(());
    }
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut read).take(REQUEST + 1);
        let came = tokio::select! {
            came = timeout(PATIENCE, bounded.read_until(b'\n', &mut line)) => came,
            () = end.cancelled() => return Ok(()),
        };
        let Ok(came) = came else { return Ok(()) };
        if came? == 0 {
            return Ok(());
        }
        let too_long = line.len() as u64 > REQUEST;
        let parsed = if too_long {
            Err(format!("a request has at most {REQUEST} bytes"))
        } else {
            serde_json::from_slice::<Request>(&line)
                .map_err(|error| format!("this is no request: {error}"))
        };
        let (answer, go_on) = match parsed {
            Ok(request) => (access.answer(request).await, true),
            Err(why) => (answer::error(&why), false),
        };
        let mut answer = answer.to_string().into_bytes();
        answer.push(b'\n');
        match timeout(PATIENCE, write.write_all(&answer)).await {
            Ok(written) => written?,
            Err(_) => return Ok(()),
        }
        if !go_on {
            return Ok(());
        }
    }
}

fn is_same_user(stream: &UnixStream) -> io::Result<bool> {
    Ok(stream.peer_cred()?.uid() == rustix::process::geteuid().as_raw())
}
