//! What differs between the kinds, by kind.

use anyhow::{Result, bail};
use rustix::process::Signal;

use super::place::Place;
use super::process::Process;
use super::{Kind, Server, Use, postgres, rabbitmq};

/// Makes what the server needs before its first start, and decides its ports and passwords.
pub(super) fn prepare(place: &Place) -> Result<Server> {
    place.make()?;
    let mut server = match place.kind {
        Kind::Postgres => postgres::prepare(place),
        Kind::Rabbitmq => rabbitmq::prepare(place),
        other => bail!("{other} cannot be started"),
    }?;
    server.directory = Some(place.directory.clone());
    Ok(server)
}

/// Starts the server on what it has, and waits until it answers.
pub(super) fn start(place: &Place, server: &Server, purpose: Use) -> Result<()> {
    match place.kind {
        Kind::Postgres => postgres::start(place, server, purpose),
        Kind::Rabbitmq => rabbitmq::start(place, server),
        other => bail!("{other} cannot be started"),
    }
}

/// Asks this process of a server to end in order, if that is how the server is ended.
pub(super) fn ask_to_end(kind: Kind, process: &Process) {
    match kind {
        // Fast shutdown: sessions are ended, nothing is lost.
        Kind::Postgres => process.signal(Signal::INT),
        // The node itself; the script around it would start another node to tell it.
        Kind::Rabbitmq => process
            .tree()
            .iter()
            .filter(|process| process.name() == "beam.smp")
            .for_each(|node| node.signal(Signal::TERM)),
        // The daemons of a Ceph cluster wait for each other, and lose nothing when killed.
        Kind::Ceph => process.signal(Signal::KILL),
        Kind::Garage | Kind::Elasticsearch | Kind::Opensearch => process.signal(Signal::TERM),
    }
}
