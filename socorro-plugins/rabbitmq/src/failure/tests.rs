use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError};
use socorro_core::error::Scope;

use super::*;

fn failures() -> Failures {
    Failures::new(&Address::parse("amqp://h/v").expect("a URL"))
}

fn reply(kind: AMQPErrorKind, text: &str) -> lapin::Error {
    Client::ProtocolError(AMQPError::new(kind, text.into())).into()
}

/// The table in the README is that of the code, row by row.
#[test]
fn the_readme_is_in_step() {
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("| AMQP | text has |").expect("the table");
    let rows: Vec<_> = after
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let written: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            (
                cells[1].to_owned(),
                cells[2].to_owned(),
                cells[3].to_owned(),
                cells[4].to_owned(),
            )
        })
        .collect();
    let coded: Vec<_> = TABLE
        .iter()
        .map(|row| {
            let retryable = if row.retryable { "yes" } else { "no" };
            (
                row.code.to_string(),
                row.text.to_owned(),
                format!("`{:?}`", row.kind),
                retryable.to_owned(),
            )
        })
        .collect();
    assert_eq!(written, coded);
}

#[test]
fn replies_are_told_apart() {
    let soft = AMQPErrorKind::Soft;
    let hard = AMQPErrorKind::Hard;
    for (error, kind, retryable) in [
        (
            reply(
                soft(AMQPSoftError::NOTFOUND),
                "NOT_FOUND - no queue 'q' in vhost 'v'",
            ),
            ErrorKind::InvalidConfig,
            false,
        ),
        (
            reply(
                soft(AMQPSoftError::NOTFOUND),
                "NOT_FOUND - home node 'n' of durable queue",
            ),
            ErrorKind::Unavailable,
            true,
        ),
        (
            reply(
                soft(AMQPSoftError::PRECONDITIONFAILED),
                "PRECONDITION_FAILED - inequivalent arg",
            ),
            ErrorKind::InvalidConfig,
            false,
        ),
        (
            reply(
                soft(AMQPSoftError::PRECONDITIONFAILED),
                "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out",
            ),
            ErrorKind::Unavailable,
            true,
        ),
        (
            reply(
                soft(AMQPSoftError::ACCESSREFUSED),
                "ACCESS_REFUSED - write access",
            ),
            ErrorKind::PermissionDenied,
            false,
        ),
        (
            reply(
                hard(AMQPHardError::NOTALLOWED),
                "NOT_ALLOWED - vhost x not found",
            ),
            ErrorKind::InvalidConfig,
            false,
        ),
        (
            reply(
                hard(AMQPHardError::NOTALLOWED),
                "NOT_ALLOWED - access to vhost 'x' refused",
            ),
            ErrorKind::PermissionDenied,
            false,
        ),
        (
            reply(hard(AMQPHardError::CONNECTIONFORCED), "CONNECTION_FORCED"),
            ErrorKind::Unavailable,
            true,
        ),
        (
            reply(hard(AMQPHardError::FRAMEERROR), "FRAME_ERROR"),
            ErrorKind::Internal,
            false,
        ),
        (
            Client::MissingHeartbeatError.into(),
            ErrorKind::Unavailable,
            true,
        ),
        (
            std::io::Error::from(std::io::ErrorKind::ConnectionReset).into(),
            ErrorKind::Unavailable,
            true,
        ),
        (
            std::io::Error::from(std::io::ErrorKind::TimedOut).into(),
            ErrorKind::Timeout,
            true,
        ),
        (
            Client::ChannelsLimitReached.into(),
            ErrorKind::Throttled,
            true,
        ),
    ] {
        let made = failures().of(&error, Doing::Preparing);
        assert_eq!(
            (made.kind(), made.is_retryable()),
            (kind, retryable),
            "{made:?}"
        );
        assert_eq!(made.scope(), Scope::Store);
        assert!(made.message().starts_with("amqp://h:5672/v: "), "{made}");
    }
}

#[test]
fn what_was_on_its_way_may_have_landed() {
    let lost: lapin::Error = std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
    assert_eq!(
        failures().of(&lost, Doing::Publishing).applied(),
        Applied::Unknown
    );
    assert_eq!(
        failures().of(&lost, Doing::Connecting).applied(),
        Applied::No
    );
    assert_eq!(failures().refused("q").applied(), Applied::No);
    assert!(failures().blocked().retry_after().is_some());
    assert!(failures().unroutable("q", true).is_retryable());
    assert!(!failures().unroutable("q", false).is_retryable());
}
