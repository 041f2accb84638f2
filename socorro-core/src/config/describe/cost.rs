//! What it costs to change an option of a running program.

use std::fmt;

use serde::Serialize;

/// What a reload does about an option that changed. In a schema it is the annotation `x-change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Cost {
    /// Taken over at the reload; nothing is replaced and no connection is lost.
    #[serde(rename = "in place")]
    InPlace,
    /// Holds for what is loaded from then on; what is loaded stays as it is.
    #[serde(rename = "next load")]
    NextLoad,
    /// The storage or source is replaced: the old instance sees through what it has, the new one takes what
    /// comes.
    #[serde(rename = "new instance")]
    NewInstance,
    /// The pipeline begins anew: the one before takes nothing new and sees through what it has.
    #[serde(rename = "new pipeline")]
    NewPipeline,
}

impl Cost {
    const ALL: [Self; 4] = [
        Self::InPlace,
        Self::NextLoad,
        Self::NewInstance,
        Self::NewPipeline,
    ];

    /// The word for it, such as `new instance`.
    pub fn word(self) -> &'static str {
        match self {
            Self::InPlace => "in place",
            Self::NextLoad => "next load",
            Self::NewInstance => "new instance",
            Self::NewPipeline => "new pipeline",
        }
    }

    /// What that means, as the end of a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InPlace => "a reload takes it over, and nothing is replaced",
            Self::NextLoad => {
                "a reload takes it over for what is loaded from then on; what is loaded stays as it is"
            }
            Self::NewInstance => {
                "a reload replaces the instance: the old one sees through what it has"
            }
            Self::NewPipeline => {
                "a reload begins the pipeline anew: the one before sees through what it has"
            }
        }
    }

    /// The change with this word.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.word() == word)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
