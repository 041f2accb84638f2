//! Mutated configurations, a million of them: nothing panics, hangs or shows a secret.
//!
//! The same numbers make the same mutations. A failure prints its seed, which `SOCORRO_SEED` repeats alone;
//! `SOCORRO_MUTATIONS` is how many there are in all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::config::fuzzing;

const ALL: u64 = 1_000_000;

/// A busy machine is slow, but not this slow.
const LONGEST: Duration = Duration::from_secs(20);

/// What is mutated, and what is put into it.
struct Corpus {
    inputs: Vec<Vec<u8>>,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = (length - start).min(16);
        start..start + self.below(most + 1)
    }
}

const WORDS: [&str; 40] = [
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "=",
    ",",
    ".",
    ":",
    "#",
    "\n",
    "\\",
    "\\u0000",
    "\u{0}",
    "é",
    "storage",
    "source",
    "pipeline",
    "type",
    "use",
    "stores",
    "fanout",
    "storage.a",
    "{ env = \"A\" }",
    "\"fanout\"",
    "1e999",
    "-1",
    "9223372036854775808",
    "0x",
    "inf",
    "true",
    "null",
    "1979-05-27",
    "== json\n",
    "SOCORRO__",
    "__",
    "\u{feff}",
];

impl Corpus {
    /// The sections of the golden cases that `words` name, each with the text that it adds to the input.
    fn of(words: &[&str]) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases");
        let mut paths: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let mut inputs = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(path).unwrap();
            for section in text.split("== ") {
                let (head, body) = section.split_once('\n').unwrap_or((section, ""));
                let (word, rest) = head.split_once(' ').unwrap_or((head, ""));
                let name = rest.split(' ').next().unwrap_or_default();
                let kind = name.rsplit('.').next().unwrap_or_default();
                if words.contains(&word) {
                    inputs.push(rest.as_bytes().to_vec());
                } else if word == "file" && words.contains(&kind) {
                    inputs.push(body.as_bytes().to_vec());
                }
            }
        }
        assert!(!inputs.is_empty());
        Self { inputs }
    }

    /// Several layers of this one in each input.
    fn layered(kinds: [(&str, &Self); 4], random: &mut Random) -> Self {
        let inputs = (0..256).map(|_| {
            let mut input = Vec::new();
            for _ in 0..2 + random.below(3) {
                let (word, corpus) = kinds[random.below(4)];
                input.extend(format!("== {word}\n").bytes());
                input.extend(&corpus.inputs[random.below(corpus.inputs.len())]);
                input.push(b'\n');
            }
            input
        });
        Self {
            inputs: inputs.collect(),
        }
    }

    fn mutated(&self, random: &mut Random) -> Vec<u8> {
        let mut input = self.inputs[random.below(self.inputs.len())].clone();
        for _ in 0..1 + random.below(4) {
            let range = random.range(input.len());
            match random.below(6) {
                0 => drop(input.drain(range)),
                1 => {
                    let byte = random.next() as u8;
                    input.splice(range, [byte]);
                }
                2 => {
                    let copy = input[range.clone()].repeat(1 + random.below(3));
                    input.splice(range.end..range.end, copy);
                }
                3 => {
                    let other = &self.inputs[random.below(self.inputs.len())];
                    let piece = other[random.range(other.len())].to_vec();
                    input.splice(range, piece);
                }
                _ => {
                    let word = WORDS[random.below(WORDS.len())].bytes();
                    input.splice(range.start..range.start, word);
                }
            }
            input.truncate(4096);
        }
        input
    }
}

/// Drives a share of all mutations, in thousandths, through `drive`.
fn run(name: &str, share: u64, corpus: &Corpus, drive: fn(&[u8])) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let all = number("SOCORRO_MUTATIONS").unwrap_or(ALL);
    let count = (all * share).div_ceil(1000);
    let first = number("SOCORRO_SEED");
    println!("{name}: {count} mutations from seed {}", first.unwrap_or(1));
    let begun = Instant::now();
    let seeds = match first {
        Some(seed) => seed..seed + 1,
        None => 1..1 + count,
    };
    for seed in seeds {
        let input = corpus.mutated(&mut Random(seed));
        let started = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| drive(&input)));
        let took = started.elapsed();
        assert!(
            done.is_ok() && took < LONGEST,
            "{name}: SOCORRO_SEED={seed}, {took:?}: {:?}",
            String::from_utf8_lossy(&input)
        );
    }
    println!("{name}: done after {:?}", begun.elapsed());
}

#[test]
fn toml_files() {
    run("toml", 150, &Corpus::of(&["toml"]), fuzzing::toml);
}

#[test]
fn json_files() {
    run("json", 250, &Corpus::of(&["json"]), fuzzing::json);
}

#[test]
fn variables() {
    run(
        "variables",
        290,
        &Corpus::of(&["variable"]),
        fuzzing::variables,
    );
}

#[test]
fn flags() {
    run("flags", 280, &Corpus::of(&["set"]), fuzzing::flags);
}

#[test]
fn layers_together() {
    let (toml, json) = (Corpus::of(&["toml"]), Corpus::of(&["json"]));
    let (variables, flags) = (Corpus::of(&["variable"]), Corpus::of(&["set"]));
    let kinds = [
        ("toml", &toml),
        ("json", &json),
        ("variables", &variables),
        ("flags", &flags),
    ];
    let corpus = Corpus::layered(kinds, &mut Random(0));
    run("layers", 30, &corpus, fuzzing::layers);
}
