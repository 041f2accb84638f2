//! Crashes to test with, made from a seed: the same seed makes the same crashes.

mod documents;
mod random;

pub use documents::DOCUMENTS;

use bytes::Bytes;
use random::Random;

use crate::crash::{CrashDate, CrashId, Dump, DumpName, Dumps, Limits, ProcessedCrash, RawCrash};
use crate::error::Result;

/// Everything there can be of one crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its id.
    pub id: CrashId,
    /// The document that came with it.
    pub raw: RawCrash,
    /// Its dumps, in memory.
    pub dumps: Dumps,
    /// What a processor made of it.
    pub processed: ProcessedCrash,
}

/// Names that a layout may stumble over: the longest, dots and dashes, two that differ in case alone, and
/// those that look like the suffixes of files.
pub const DUMP_NAMES: [&str; 10] = [
    "upload_file_minidump",
    "upload_file_minidump_browser",
    "Flash",
    "flash",
    "a",
    "a.dump",
    "json",
    "x-y.z--_.",
    "0",
    "a_name_of_64_bytes_which_is_the_most_that_a_dump_may_have-0.DUMP",
];

/// Makes crashes from a seed.
#[derive(Clone, Debug)]
pub struct Maker(Random);

impl Maker {
    /// Another seed makes other crashes.
    pub fn new(seed: u64) -> Self {
        Self(Random(seed))
    }

    /// A new id of `day`, its digit 0.
    pub fn id(&mut self, day: CrashDate) -> CrashId {
        let mut entropy = [0; 16];
        self.0.fill(&mut entropy);
        CrashId::new(day, entropy)
    }

    /// A new id of `day` with the seventh character from the end `digit`, 0 to 9.
    pub fn id_with_digit(&mut self, day: CrashDate, digit: u8) -> Result<CrashId> {
        let id = self.id(day);
        let (start, end) = id.as_str().split_at(29);
        format!("{start}{digit}{}", end.get(1..).unwrap_or_default()).parse()
    }

    /// A new id with the day and the first 8 characters of `id`: wherever it is put by those, they are
    /// neighbours.
    pub fn neighbour(&mut self, id: &CrashId) -> Result<CrashId> {
        let other = self.id(id.date());
        let start = id.as_str().get(..8).unwrap_or_default();
        format!("{start}{}", other.as_str().get(8..).unwrap_or_default()).parse()
    }

    /// So many bytes that no compression makes smaller.
    pub fn bytes(&mut self, len: usize) -> Bytes {
        let mut bytes = vec![0; len];
        self.0.fill(&mut bytes);
        bytes.into()
    }

    /// A small document that no other call makes.
    pub fn raw(&mut self) -> Result<RawCrash> {
        let text = format!(
            r#"{{"ProductName": "Conformance", "Version": "1.0", "serial": "{:016x}"}}"#,
            self.0.next()
        );
        RawCrash::new(text, &Limits::default())
    }

    /// A processed crash that no other call makes, with `email` and `json_dump.sensitive` to be redacted.
    pub fn processed(&mut self) -> Result<ProcessedCrash> {
        let text = format!(
            r#"{{"signature": "f{:x}", "email": "someone@example.com", "json_dump": {{"sensitive": [1, 2], "status": "OK"}}}}"#,
            self.0.next()
        );
        ProcessedCrash::new(text, &Limits::default())
    }

    /// The default dump and one more, of a few hundred bytes each.
    pub fn dumps(&mut self) -> Result<Dumps> {
        let second: DumpName = "upload_file_minidump_browser".parse()?;
        Ok(Dumps::single(self.bytes(400)).with(second, self.bytes(300)))
    }

    /// One dump for each of [`DUMP_NAMES`], no two alike.
    pub fn named_dumps(&mut self) -> Result<Dumps> {
        let mut dumps = Dumps::new();
        for name in DUMP_NAMES {
            dumps.insert(name.parse()?, self.bytes(100));
        }
        Ok(dumps)
    }

    /// Dumps of the sizes at which stores change their ways: nothing, one byte, 150 kB and 1 MiB, each of the
    /// larger ones once incompressible and once of zeros.
    pub fn sized_dumps(&mut self) -> Result<Dumps> {
        const KB_150: usize = 150_000;
        const MIB: usize = 1 << 20;
        let sizes: [(&str, Bytes); 6] = [
            ("empty", Bytes::new()),
            ("one_byte", Bytes::from_static(b"\0")),
            ("middle", self.bytes(KB_150)),
            ("middle_zeros", vec![0; KB_150].into()),
            ("large", self.bytes(MIB)),
            ("large_zeros", vec![0; MIB].into()),
        ];
        let mut dumps = Dumps::new();
        for (name, bytes) in sizes {
            dumps.insert(name.parse()?, Dump::Bytes(bytes));
        }
        Ok(dumps)
    }

    /// A whole crash of `day`.
    pub fn sample(&mut self, day: CrashDate) -> Result<Sample> {
        let id = self.id(day);
        self.sample_of(id)
    }

    /// A whole crash with this id.
    pub fn sample_of(&mut self, id: CrashId) -> Result<Sample> {
        Ok(Sample {
            id,
            raw: self.raw()?,
            dumps: self.dumps()?,
            processed: self.processed()?,
        })
    }

    /// The same items in another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let place = self.0.next() as usize % (end + 1);
            items.swap(end, place);
        }
    }
}

#[cfg(test)]
mod tests;
