use super::text::read_str;
use super::{broken, give, lend, lend_path, read_path, take};
use crate::crash::{Dump, DumpName, Dumps};
use crate::error::Result;
use crate::plugin::abi;

/// The longest array of dumps that is read; a longer one is taken for nonsense and not touched.
const MOST: usize = 4096;

/// The dumps as an array for one call. Names and paths are lent and payloads moved, so that the array must
/// reach the other side before `dumps` is gone.
pub(crate) fn lend_dumps(dumps: &Dumps) -> Vec<abi::Dump> {
    dumps
        .iter()
        .map(|(name, dump)| {
            let (bytes, path) = match dump {
                Dump::Bytes(bytes) => (give(bytes.clone()), abi::Str::EMPTY),
                Dump::File(path) => (abi::Buf::EMPTY, lend_path(path)),
            };
            abi::Dump {
                name: lend(name.as_str()),
                bytes,
                path,
            }
        })
        .collect()
}

/// Takes over an array of dumps. Every payload is released if one entry is wrong.
///
/// # Safety
///
/// `array` is null or points to `len` dumps whose buffers were moved to us and whose texts are readable now.
pub(crate) unsafe fn take_dumps(array: *const abi::Dump, len: usize) -> Result<Dumps> {
    if len == 0 {
        return Ok(Dumps::new());
    }
    if array.is_null() {
        return Err(broken(format!(
            "the dumps are a null pointer with a length of {len}"
        )));
    }
    if len > MOST {
        return Err(broken(format!(
            "there are {len} dumps; at most {MOST} are read"
        )));
    }
    let mut dumps = Dumps::new();
    let mut wrong = None;
    for place in 0..len {
        // SAFETY: the caller vouches for `len` entries; alignment is not relied on.
        let entry = unsafe { array.add(place).read_unaligned() };
        // SAFETY: the caller vouches for the entry. Taken even after an error, so that it is released.
        match unsafe { take_dump(entry) } {
            Ok((name, dump)) => {
                if dumps.get(&name).is_some() {
                    wrong
                        .get_or_insert_with(|| broken(format!("the dump {name:?} is there twice")));
                }
                dumps.insert(name, dump);
            }
            Err(error) => {
                wrong.get_or_insert(error);
            }
        }
    }
    match wrong {
        None => Ok(dumps),
        Some(error) => Err(error),
    }
}

/// # Safety
///
/// As for one entry of [`take_dumps`].
unsafe fn take_dump(entry: abi::Dump) -> Result<(DumpName, Dump)> {
    // SAFETY: the caller vouches for the buffer; it is taken first, so that an error below releases it.
    let bytes = unsafe { take(entry.bytes, "a dump") }?;
    // SAFETY: the caller vouches for the texts.
    let name = unsafe { read_str(entry.name, DumpName::MAX_LEN, "the name of a dump") }?;
    let name: DumpName = name
        .parse()
        .map_err(|error: crate::Error| broken(error.message()))?;
    // SAFETY: as above.
    let path = unsafe { read_path(entry.path, "the path of a dump") }?;
    let dump = if path.as_os_str().is_empty() {
        Dump::Bytes(bytes)
    } else if bytes.is_empty() {
        Dump::File(path.to_owned())
    } else {
        return Err(broken(format!("the dump {name:?} has bytes and a path")));
    };
    Ok((name, dump))
}
