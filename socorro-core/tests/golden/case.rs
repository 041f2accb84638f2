//! One case: sections that begin with `== WORD …`, then lines.
//!
//! What makes the mistake, `{here}` standing for the directory of the case:
//!
//! | section | |
//! |---|---|
//! | `file NAME [MODE]` | a file; `a.toml` or `a.json` is the configuration unless `config` says otherwise |
//! | `files COUNT NAME` | as many files, in whose name and text `{n}` is the number and `{next}` the next |
//! | `lines COUNT NAME` | a file that has the text so many times, `{n}` being the number |
//! | `bytes NAME` | a file of bytes in hexadecimal |
//! | `link NAME TARGET` | a symbolic link |
//! | `later NAME` | the file as it is at the second reading |
//! | `gone NAME` | the file is not there any more at the second reading |
//! | `config PATH` | a file or directory of configuration |
//! | `defaults` | the program's own, JSON |
//! | `variable NAME=VALUE` | `\xff` is that byte |
//! | `set KEY=VALUE` | a flag |
//! | `set-long COUNT KEY` | a flag with so long a value |
//! | `size-limit BYTES` | the most bytes of a file |
//! | `schema` | checks the options of every storage against it |
//! | `credentials NAME` | the directory of systemd's credentials |
//! | `vault` | the program has secrets of its own, none of which can be had |
//! | `live` | checks with the plugin `plain`, which is linked in, as the command does |
//! | `handle NAME` | starts, takes a handle to a storage, reads again |
//!
//! What is said: `says`, a line for each error; `shows`, the source lines as they may be shown; `json`, the
//! errors for machines, if the case has that section.

/// A case as it is written.
pub(crate) struct Case {
    pub(crate) sections: Vec<Section>,
}

/// A section.
pub(crate) struct Section {
    pub(crate) word: String,
    pub(crate) rest: String,
    pub(crate) text: String,
}

/// Sections that are an outcome.
const OUTCOMES: [&str; 3] = ["says", "shows", "json"];

impl Case {
    pub(crate) fn parse(text: &str) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("== ") {
                let (word, rest) = head.split_once(' ').unwrap_or((head, ""));
                sections.push(Section {
                    word: word.to_owned(),
                    rest: rest.to_owned(),
                    text: String::new(),
                });
            } else {
                let section = sections.last_mut().expect("a section first");
                section.text += line;
                section.text += "\n";
            }
        }
        Self { sections }
    }

    pub(crate) fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a Section> {
        self.sections
            .iter()
            .filter(move |section| section.word == word)
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.all(word).next().is_some()
    }

    /// The file, with these outcomes.
    pub(crate) fn with(&self, outcomes: &[(&str, String)]) -> String {
        let mut text = String::new();
        let written = self
            .sections
            .iter()
            .filter(|section| !OUTCOMES.contains(&section.word.as_str()));
        for section in written {
            let head = format!("{} {}", section.word, section.rest);
            text += &format!("== {}\n{}", head.trim_end(), section.text);
        }
        for (word, outcome) in outcomes {
            if !outcome.is_empty() && (*word != "json" || self.has("json")) {
                text += &format!("== {word}\n{outcome}");
            }
        }
        text
    }
}
