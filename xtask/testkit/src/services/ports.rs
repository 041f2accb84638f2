//! Free ports for servers.
//!
//! Below the range that the system takes ports of outgoing connections from: a fixed port inside that range is
//! taken by some connection sooner or later, just when the server is started again on it.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

/// Where ports are looked for, unless `SOCORRO_TEST_PORTS` (`21000-21999`) says otherwise.
const RANGE: (u16, u16) = (23_000, 31_999);

/// The lowest port of outgoing connections on a system that does not say.
const EPHEMERAL: u16 = 32_768;

/// What this process has given out; servers bind later than they are given a port.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// The first of `count` consecutive ports that nobody listens on, and that this process gives out once.
pub fn free(count: u16) -> Result<u16> {
    let given = std::env::var("SOCORRO_TEST_PORTS").ok();
    let (first, last) = match &given {
        Some(range) => parse(range)?,
        None => (RANGE.0, RANGE.1.min(ephemeral() - 1)),
    };
    ensure!(
        last >= first && last - first >= count,
        "there is no room for {count} ports between {first} and {last}; SOCORRO_TEST_PORTS can name another range"
    );
    let starts = u32::from(last - first - count) + 1;
    // At random: processes that look at the same time hardly meet.
    let offset = getrandom::u32().context("no random numbers")? % starts;
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for step in 0..starts {
        let port = first + u16::try_from((offset + step) % starts)?;
        let mut wanted = port..port + count;
        if wanted
            .clone()
            .all(|port| !given.contains(&port) && is_free(port))
        {
            given.extend(&mut wanted);
            return Ok(port);
        }
    }
    anyhow::bail!("no {count} consecutive ports are free between {first} and {last}")
}

fn parse(range: &str) -> Result<(u16, u16)> {
    let parsed = range
        .split_once('-')
        .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
    parsed.with_context(|| format!("SOCORRO_TEST_PORTS is {range:?}, not like 21000-21999"))
}

fn is_free(port: u16) -> bool {
    // Some servers listen on every address and would fail where only loopback is free.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

fn ephemeral() -> u16 {
    fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(EPHEMERAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_consecutive_below_the_ephemeral_range_and_given_once() {
        let mut all = BTreeSet::new();
        for _ in 0..20 {
            let port = free(5).unwrap();
            assert!(port + 5 <= ephemeral());
            for port in port..port + 5 {
                assert!(all.insert(port), "{port} was given twice");
            }
        }
    }

    #[test]
    fn a_port_that_is_taken_is_not_given() {
        let port = free(1).unwrap();
        assert!(is_free(port));
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(!is_free(port));
    }

    #[test]
    fn a_range_is_two_numbers() {
        assert_eq!(parse("21000-21999").unwrap(), (21_000, 21_999));
        assert!(parse("21000").is_err());
        assert!(parse("a-b").is_err());
    }
}
