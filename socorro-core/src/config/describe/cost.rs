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
    /// The storage or source is replaced: the old instance sees through what it has, the new one takes what
    /// comes.
    #[serde(rename = "new instance")]
    NewInstance,
    /// The pipeline begins anew: the one before takes nothing new and sees through what it has.
    #[serde(rename = "new pipeline")]
    NewPipeline,
    /// Taken over when the program starts anew.
    #[serde(rename = "restart")]
    Restart,
}

impl Cost {
    const ALL: [Self; 4] = [
        Self::InPlace,
        Self::NewInstance,
        Self::NewPipeline,
        Self::Restart,
    ];

    /// The word for it, such as `new instance`.
    pub fn word(self) -> &'static str {
        match self {
            Self::InPlace => "in place",
            Self::NewInstance => "new instance",
            Self::NewPipeline => "new pipeline",
            Self::Restart => "restart",
        }
    }

    /// What that means, as the end of a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InPlace => "a reload takes it over, and nothing is replaced",
            Self::NewInstance => {
                "a reload replaces the instance: the old one sees through what it has"
            }
            Self::NewPipeline => {
                "a reload begins the pipeline anew: the one before sees through what it has"
            }
            Self::Restart => "it takes a restart of the program",
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
