use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram as Datagram};
use std::time::Duration;

use tokio::net::UnixDatagram;

/// How long systemd may take to make room for a message.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where systemd listens.
#[derive(Debug)]
pub(super) struct Socket(SocketAddr);

impl Socket {
    /// A path, or with `@` before it a name in the abstract namespace.
    pub(super) fn named(name: &OsStr) -> io::Result<Self> {
        match name.as_bytes() {
            [b'@', name @ ..] => named_abstract(name).map(Self),
            [b'/', ..] => SocketAddr::from_pathname(name).map(Self),
            _ => Err(unsupported("NOTIFY_SOCKET is neither a path nor @NAME")),
        }
    }

    /// Sends one datagram. Whoever cannot be told is not told: the program goes on.
    pub(super) async fn send(&self, message: &str) {
        let sent = tokio::time::timeout(PATIENCE, self.try_send(message)).await;
        let sent = sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if let Err(error) = sent {
            tracing::warn!("systemd cannot be told: {error}");
        }
    }

    /// With a socket of its own each time: there are few messages, and systemd may have been started anew.
    async fn try_send(&self, message: &str) -> io::Result<()> {
        let socket = Datagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect_addr(&self.0)?;
        UnixDatagram::from_std(socket)?
            .send(message.as_bytes())
            .await
            .map(drop)
    }
}

#[cfg(target_os = "linux")]
fn named_abstract(name: &[u8]) -> io::Result<SocketAddr> {
    <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn named_abstract(_: &[u8]) -> io::Result<SocketAddr> {
    Err(unsupported("there are no abstract sockets here"))
}

fn unsupported(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}
