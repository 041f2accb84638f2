//! The date tree: `DATE/date/HH/MM_SS/ID`, a link for each new crash in the slot it was saved in.

use std::time::{Duration, SystemTime};

/// Seconds that share one slot.
const SLICE: u64 = 4;

/// Four seconds of a day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    hour: u64,
    minute: u64,
    slice: u64,
}

impl Slot {
    /// The slot that holds a moment.
    pub(crate) fn of(moment: SystemTime) -> Self {
        let second = moment
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO)
            .as_secs();
        Self {
            hour: second / 3600 % 24,
            minute: second / 60 % 60,
            slice: second % 60 / SLICE,
        }
    }

    /// `date/15/30_03`, below the day's directory.
    pub(crate) fn path(self) -> String {
        format!("date/{:02}/{:02}_{:02}", self.hour, self.minute, self.slice)
    }
}

/// How long a slot lasts.
pub(crate) const LENGTH: Duration = Duration::from_secs(SLICE);

/// The target of the link in a slot: the directory of the crash, `name/…` below the same day.
pub(crate) fn slot_target(base: &str, dir: &str) -> String {
    let below = dir.strip_prefix(base).unwrap_or(dir);
    format!("../../..{below}")
}

/// The target of the link beside the crash: its slot. As many `..` as the crash's directory is deep.
pub(crate) fn name_target(base: &str, dir: &str, slot: &str) -> String {
    let below = dir.strip_prefix(base).unwrap_or(dir);
    let up = "../".repeat(below.matches('/').count());
    format!("{up}{slot}")
}

/// The slot that the link beside a crash names, `date/…` below the day; `None` for anything else. The link
/// is read, never followed.
pub(crate) fn of_target(target: &str) -> Option<&str> {
    let mut slot = target;
    while let Some(rest) = slot.strip_prefix("../") {
        slot = rest;
    }
    let tidy = slot.trim_end_matches('/');
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    (tidy.starts_with("date/") && tidy.split('/').all(plain)).then_some(tidy)
}

/// Is this the name of an hour's directory?
pub(crate) fn is_hour(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Is this the name of a slot's directory? Older trees have whole minutes.
pub(crate) fn is_slot(name: &str) -> bool {
    match name.split_once('_') {
        Some((minute, slice)) => is_hour(minute) && is_hour(slice),
        None => is_hour(name),
    }
}

/// How far from now a slot is left alone although it is empty: a save may be about to use it.
const NEAR: u64 = 300;
const DAY: u64 = 24 * 3600;

/// Whether saves may be using the slot, or any slot of the hour, at `DATE/date/HH` or `DATE/date/HH/MM_SS`.
pub(crate) fn is_near(path: &str, now: SystemTime) -> bool {
    let mut parts = path.split('/').skip(2);
    let Some(hour) = parts.next().and_then(|hour| hour.parse::<u64>().ok()) else {
        return true;
    };
    let (first, last) = match parts
        .next()
        .map(|slot| slot.split_once('_').unwrap_or((slot, "0")))
    {
        None => (hour * 3600, hour * 3600 + 3599),
        Some((minute, slice)) => {
            let (Ok(minute), Ok(slice)) = (minute.parse::<u64>(), slice.parse::<u64>()) else {
                return true;
            };
            let second = hour * 3600 + minute * 60 + slice * SLICE;
            (second, second + SLICE)
        }
    };
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs()
        % DAY;
    // Around midnight too.
    [0, DAY, 2 * DAY]
        .iter()
        .any(|day| now + DAY + NEAR >= first + day && now + DAY <= last + day + NEAR)
}
