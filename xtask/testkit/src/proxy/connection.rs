//! One connection through the proxy: two threads that carry bytes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use super::{Direction, Shared, Then};

/// Both sides. The sockets are closed when the last thread drops it; then the channel is, which tells those who
/// wait for that: fields are dropped in this order.
#[derive(Debug)]
pub(super) struct Connection {
    client: TcpStream,
    server: TcpStream,
    cut: AtomicBool,
    _closed: Sender<()>,
}

/// What the proxy keeps of a connection.
#[derive(Debug)]
pub(super) struct Handle {
    connection: Weak<Connection>,
    closed: Receiver<()>,
}

/// How long a write may be stuck before it looks whether the connection was cut.
const STUCK: Duration = Duration::from_millis(20);

impl Connection {
    /// Carries bytes between these two from now on.
    pub(super) fn start(client: TcpStream, server: TcpStream, shared: &Arc<Shared>) {
        for stream in [&client, &server] {
            // Without it a small write waits for the answer to the one before. Fails on a closed socket only.
            let _ = stream.set_nodelay(true);
            let _ = stream.set_write_timeout(Some(STUCK));
        }
        let (sender, closed) = channel();
        let connection = Arc::new(Self {
            client,
            server,
            cut: AtomicBool::new(false),
            _closed: sender,
        });
        let mut faults = shared.faults();
        faults.connections.retain(Handle::is_open);
        faults.connections.push(Handle {
            connection: Arc::downgrade(&connection),
            closed,
        });
        drop(faults);
        for direction in [Direction::ToServer, Direction::FromServer] {
            let (connection, shared) = (connection.clone(), shared.clone());
            thread::spawn(move || {
                if connection.carry(direction, &shared).is_err() {
                    connection.cut();
                    shared.changed.notify_all();
                }
            });
        }
    }

    /// Until the end of what this side sends, which the other side is told.
    fn carry(&self, direction: Direction, shared: &Shared) -> io::Result<()> {
        let (mut from, to) = match direction {
            Direction::ToServer => (&self.client, &self.server),
            Direction::FromServer => (&self.server, &self.client),
        };
        let mut buffer = vec![0; 64 << 10];
        let mut carried = 0;
        let mut trap = 0;
        loop {
            let length = match from.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                length => length?,
            };
            let mut bytes = buffer.get(..length).unwrap_or_default();
            loop {
                let passing = self.pass(direction, shared, bytes.len(), &mut trap, &mut carried)?;
                if length == 0 {
                    return to.shutdown(Shutdown::Write);
                }
                let (now, later) = bytes.split_at_checked(passing).unwrap_or((bytes, &[]));
                self.write(to, now)?;
                if self.is_cut() {
                    return Err(ErrorKind::ConnectionReset.into());
                }
                if later.is_empty() {
                    break;
                }
                bytes = later;
            }
        }
    }

    /// Waits until bytes may pass, and says how many of them do: fewer than all when a trap is behind these.
    fn pass(
        &self,
        direction: Direction,
        shared: &Shared,
        length: usize,
        trap: &mut u64,
        carried: &mut u64,
    ) -> io::Result<usize> {
        let mut faults = shared.faults();
        loop {
            while faults.stalled && !self.is_cut() {
                faults = shared
                    .changed
                    .wait(faults)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if self.is_cut() {
                return Err(ErrorKind::ConnectionReset.into());
            }
            let Some(set) = faults.trap.filter(|trap| trap.direction == direction) else {
                return Ok(length);
            };
            if set.number != *trap {
                (*trap, *carried) = (set.number, 0);
            }
            let room = usize::try_from(set.bytes - *carried).unwrap_or(usize::MAX);
            let passing = length.min(room);
            if passing > 0 || length == 0 {
                *carried += passing as u64;
                return Ok(passing);
            }
            faults.trap = None;
            match set.then {
                Then::Cut => return Err(ErrorKind::ConnectionReset.into()),
                Then::Stall => faults.stalled = true,
            }
        }
    }

    fn write(&self, mut to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() && !self.is_cut() {
            match to.write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// Wakes both threads; when they are done the sockets are closed, which sends a reset.
    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in [&self.client, &self.server] {
            // On a socket that is closed already there is nothing to reset and nobody to wake.
            let _ = set_socket_linger(stream, Some(Duration::ZERO));
            // Not the side that writes: that would end the connection in order.
            let _ = stream.shutdown(Shutdown::Read);
        }
    }
}

impl Handle {
    pub(super) fn is_open(&self) -> bool {
        self.connection.strong_count() > 0
    }

    pub(super) fn cut(&self) {
        if let Some(connection) = self.connection.upgrade() {
            connection.cut();
        }
    }

    /// Waits until both sockets are closed.
    pub(super) fn wait(self) {
        // Nothing is ever sent: it ends when the sender is dropped.
        let _ = self.closed.recv();
    }
}
