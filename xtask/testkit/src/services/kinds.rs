//! What differs between the kinds, by kind.

use anyhow::Result;
use rustix::process::Signal;

use super::place::Place;
use super::process::Process;
use super::{Kind, Server, Use, ceph, elasticsearch, garage, opensearch, postgres, rabbitmq};

/// Makes what the server needs before its first start, and decides its ports and passwords.
pub(super) fn prepare(place: &Place, purpose: Use) -> Result<Server> {
    place.make()?;
    let mut server = match place.kind {
        Kind::Postgres => postgres::prepare(place),
        Kind::Rabbitmq => rabbitmq::prepare(place),
        Kind::Ceph => ceph::prepare(place, purpose),
        Kind::Garage => garage::prepare(place),
        Kind::Elasticsearch => elasticsearch::prepare(place),
        Kind::Opensearch => opensearch::prepare(place),
    }?;
    server.directory = Some(place.directory.clone());
    Ok(server)
}

/// Starts the server on what it has, and waits until it answers.
pub(super) fn start(place: &Place, server: &Server, purpose: Use) -> Result<()> {
    match place.kind {
        Kind::Postgres => postgres::start(place, server, purpose),
        Kind::Rabbitmq => rabbitmq::start(place, server),
        Kind::Ceph => ceph::start(place, server),
        Kind::Garage => garage::start(place, server),
        Kind::Elasticsearch => elasticsearch::start(place, server, purpose),
        Kind::Opensearch => opensearch::start(place, server, purpose),
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
