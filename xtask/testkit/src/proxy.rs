//! A TCP proxy between a client and a server, with the faults of a network.
//!
//! Threads of the standard library only: it works in front of anything, in any test, without privileges.
//!
//! * [`cut`](Proxy::cut): both sides of every connection see a reset; new connections pass.
//! * [`refuse`](Proxy::refuse): nothing listens any more; connections there are stay.
//! * [`stall`](Proxy::stall): connections are accepted and stay, and not a byte passes.
//! * [`cut_after`](Proxy::cut_after): a connection is cut in the middle of what it carries.
//! * [`stall_after`](Proxy::stall_after): the same, but no byte passes any more.

mod connection;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use connection::{Connection, Handle};

use crate::services::free_ports;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    FromServer,
}

/// A proxy in front of one server. Gone, with every connection through it, when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// What the threads of a proxy know.
#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    faults: Mutex<Faults>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Faults {
    refusing: bool,
    stalled: bool,
    trap: Option<Trap>,
    traps: u64,
    connections: Vec<Handle>,
}

/// Waits for the first connection that carries this much.
#[derive(Clone, Copy, Debug)]
struct Trap {
    number: u64,
    direction: Direction,
    bytes: u64,
    then: Then,
}

/// What a trap does.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The connection is cut.
    Cut,
    /// Every connection is stalled.
    Stall,
}

impl Shared {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// A proxy to `server`, on a free port of its own that it keeps.
    pub fn to(server: SocketAddr) -> io::Result<Self> {
        let port = free_ports(1).map_err(io::Error::other)?;
        let proxy = Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            shared: Arc::new(Shared {
                server,
                faults: Mutex::default(),
                changed: Condvar::new(),
            }),
            listening: Mutex::new(None),
        };
        proxy.listen()?;
        Ok(proxy)
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets every connection there is, on both sides, and returns when that is done. New ones pass.
    pub fn cut(&self) {
        let connections = std::mem::take(&mut self.shared.faults().connections);
        for connection in &connections {
            connection.cut();
        }
        self.shared.changed.notify_all();
        for connection in connections {
            connection.wait();
        }
    }

    /// New connections are refused, as if nothing listened. Connections there are stay.
    pub fn refuse(&self) {
        let Some(listening) = self.listening().take() else {
            return;
        };
        self.shared.faults().refusing = true;
        // Wakes the thread; if it cannot be reached it has ended.
        drop(TcpStream::connect(self.address));
        let _ = listening.join();
    }

    /// New connections pass again after [`refuse`](Self::refuse).
    pub fn allow(&self) -> io::Result<()> {
        self.listen()
    }

    /// No byte passes any more, in either direction, until [`flow`](Self::flow).
    pub fn stall(&self) {
        self.shared.faults().stalled = true;
    }

    /// Bytes pass again, those that waited first.
    pub fn flow(&self) {
        self.shared.faults().stalled = false;
        self.shared.changed.notify_all();
    }

    /// Cuts the first connection that carries so many bytes from now on, after exactly these; with 0, before
    /// its next byte in that direction. Happens once, and replaces an earlier one that has not happened.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.set_trap(direction, bytes, Then::Cut);
    }

    /// [Stalls](Self::stall) when the first connection has carried so many bytes from now on, after exactly these;
    /// with 0, before its next byte in that direction. Happens once, and replaces an earlier
    /// [`cut_after`](Self::cut_after) or `stall_after` that has not happened.
    pub fn stall_after(&self, direction: Direction, bytes: u64) {
        self.set_trap(direction, bytes, Then::Stall);
    }

    fn set_trap(&self, direction: Direction, bytes: u64, then: Then) {
        let mut faults = self.shared.faults();
        faults.traps += 1;
        faults.trap = Some(Trap {
            number: faults.traps,
            direction,
            bytes,
            then,
        });
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        let mut faults = self.shared.faults();
        faults.connections.retain(Handle::is_open);
        faults.connections.len()
    }

    fn listening(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self) -> io::Result<()> {
        let mut listening = self.listening();
        if listening.is_none() {
            let listener = TcpListener::bind(self.address)?;
            self.shared.faults().refusing = false;
            let shared = self.shared.clone();
            *listening = Some(thread::spawn(move || accept(&listener, &shared)));
        }
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse();
        self.cut();
    }
}

/// Until connections are refused: the listener is closed then.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.faults().refusing {
            return;
        }
        // A server that cannot be reached: the client sees its connection end.
        if let Ok(client) = client
            && let Ok(server) = TcpStream::connect(shared.server)
        {
            Connection::start(client, server, shared);
        }
    }
}
