//! Where new crashes come from: the trait that a queue, a date tree or a table implements.
//!
//! # The life of one crash in a source
//!
//! 1. [`receive`](NewCrashSource::receive) hands it out with a [`Token`]. Until it is settled, the source
//!    hands it out to nobody else.
//! 2. It is settled once, from any task and in any order: [`Settlement::Ack`] when it is safe elsewhere,
//!    [`Settlement::Nack`] when it cannot be dealt with, [`Settlement::GiveBack`] when whoever had it stops.
//! 3. A process that dies settles nothing: the source hands the crash out again, to the same or another
//!    process. Delivery is at least once; whoever receives must be idempotent.
//! 4. [`close`](NewCrashSource::close) flushes the settlements and gives back what is still out.

#[cfg(feature = "host")]
mod new_crash;

#[cfg(feature = "host")]
pub(crate) use new_crash::NewCrash;

use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::crash::StoredId;
use crate::error::Result;

/// A stream of new crashes. See the [module](self) for the protocol.
#[async_trait]
pub trait NewCrashSource: Send + Sync + 'static {
    /// Hands out up to `request.max` new crashes.
    ///
    /// Waits up to `request.wait` for the first one; an empty answer says that none came. With a wait of
    /// zero it also hands out what arrived in the present moment, and an empty answer says that at this
    /// instant there was nothing: so a program drains a source and ends.
    ///
    /// Cancel safe: what was taken but not handed out because the future was dropped is given back.
    async fn receive(&self, cx: &Context, request: Receive) -> Result<Vec<Delivery>>;

    /// Settles one crash that was handed out. A token that is not out (settled before, or of an earlier
    /// instance) is no error: settling is idempotent.
    async fn settle(&self, cx: &Context, token: Token, settlement: Settlement) -> Result<()>;

    /// Flushes settlements, gives back what is out, lets go of connections. Called once, last.
    async fn close(&self, cx: &Context) -> Result<()> {
        let _ = cx;
        Ok(())
    }
}

/// How many new crashes to hand out, and how long to wait for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receive {
    /// At most so many.
    pub max: NonZeroUsize,
    /// At most so long; zero does not wait.
    pub wait: Duration,
}

/// One new crash, handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which crash.
    pub id: StoredId,
    /// What to settle it by.
    pub token: Token,
}

/// Names one delivery of one source instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

/// What became of a crash that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is durable wherever it has to be; the source forgets it.
    Ack,
    /// It could not be dealt with; the source keeps it, and hands it out again later if ever.
    Nack {
        /// Why, for a person.
        reason: String,
    },
    /// Nobody tried; the source hands it out again at once.
    GiveBack,
}
