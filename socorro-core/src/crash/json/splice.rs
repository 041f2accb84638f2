use std::ops::Range;

use bytes::Bytes;

use super::scan::{Kind, Scanner};
use super::string;

/// A copy of `document` without the members at `paths`, every other byte unchanged; `document` itself when
/// it has none of them.
///
/// Every one of duplicate keys goes. With a member go its comma and the white space between it and the
/// member before, or behind if it was first. A path that leads through anything but an object ends there.
/// The error completes "the document …".
pub(crate) fn without(document: &Bytes, paths: &[Vec<String>]) -> Result<Bytes, String> {
    let cuts = cuts(document, paths)?;
    if cuts.is_empty() {
        return Ok(document.clone());
    }
    let removed: usize = cuts.iter().map(ExactSizeIterator::len).sum();
    let mut rest = Vec::with_capacity(document.len().saturating_sub(removed));
    let mut from = 0;
    for cut in cuts {
        rest.extend_from_slice(document.get(from..cut.start).unwrap_or_default());
        from = cut.end;
    }
    rest.extend_from_slice(document.get(from..).unwrap_or_default());
    Ok(rest.into())
}

/// An object some path leads into, as far as it is scanned.
struct Object<'p> {
    /// What is left of the paths that lead here; none is empty.
    tails: Vec<&'p [String]>,
    /// Whether a member that stays has been seen.
    kept: bool,
    /// Where the last member ended.
    last_end: usize,
    /// Where a removed member starts that no kept one precedes: its cut ends where the next member starts.
    pending: Option<usize>,
}

impl<'p> Object<'p> {
    fn new(tails: Vec<&'p [String]>) -> Self {
        Self {
            tails,
            kept: false,
            last_end: 0,
            pending: None,
        }
    }

    /// What is left of the paths that go on with `key`; an empty one ends there.
    fn follow(&self, key: &[u8]) -> Vec<&'p [String]> {
        let after = |tail: &&'p [String]| {
            let (name, rest) = tail.split_first()?;
            string::says(key, name).then_some(rest)
        };
        self.tails.iter().filter_map(after).collect()
    }
}

/// The ranges to leave out, ascending.
fn cuts(document: &[u8], paths: &[Vec<String>]) -> Result<Vec<Range<usize>>, String> {
    let mut scanner = Scanner::of_object(document, usize::MAX)?;
    let mut cuts = Vec::new();
    let mut objects = vec![Object::new(paths.iter().map(Vec::as_slice).collect())];
    while let Some(object) = objects.last_mut() {
        let Some(token) = scanner.next()? else {
            break;
        };
        if token.kind != Kind::Key {
            let ended = objects
                .pop()
                .and_then(|object| Some(object.pending?..object.last_end));
            cuts.extend(ended);
            if let Some(parent) = objects.last_mut() {
                parent.last_end = token.end;
            }
            continue;
        }
        cuts.extend(object.pending.take().map(|start| start..token.start));
        let tails = object.follow(document.get(token.start..token.end).unwrap_or_default());
        let removed = tails.iter().any(|tail| tail.is_empty());
        object.kept |= !removed;
        if !removed && !tails.is_empty() && scanner.peek() == Some(b'{') {
            scanner.next()?;
            objects.push(Object::new(tails));
            continue;
        }
        let end = scanner.skip_value()?.end;
        if removed && object.kept {
            cuts.push(object.last_end..end);
        } else if removed {
            object.pending = Some(token.start);
        }
        object.last_end = end;
    }
    // Nothing may hide behind the object.
    while scanner.next()?.is_some() {}
    Ok(cuts)
}
