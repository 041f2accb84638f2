use std::fmt;

/// What came of a run of the suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One entry a case, in the order they ran.
    pub entries: Vec<Entry>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The case's name.
    pub case: String,
    /// What a pass proves.
    pub proves: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The subject does what the case proves.
    Passed,
    /// It does not: what was expected and what was seen.
    Failed(String),
    /// The case cannot be put to this subject, and why.
    NotApplicable(String),
    /// The subject declares that it does not do this, and why.
    Waived(String),
}

impl Report {
    /// The names of the cases that passed.
    pub fn passed(&self) -> impl Iterator<Item = &str> {
        self.ended(|outcome| *outcome == Outcome::Passed)
    }

    /// The names of the cases that failed.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.ended(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// The names of the cases that could not be put to the subject.
    pub fn not_applicable(&self) -> impl Iterator<Item = &str> {
        self.ended(|outcome| matches!(outcome, Outcome::NotApplicable(_)))
    }

    /// The names of the cases that the subject declared not to satisfy.
    pub fn waived(&self) -> impl Iterator<Item = &str> {
        self.ended(|outcome| matches!(outcome, Outcome::Waived(_)))
    }

    /// For tests.
    ///
    /// # Panics
    ///
    /// With the whole report when a case failed, or when none passed: a subject to which nothing applies has
    /// proven nothing.
    pub fn assert(&self) {
        assert!(
            self.failed().next().is_none() && self.passed().next().is_some(),
            "{self}"
        );
    }

    fn ended(&self, how: impl Fn(&Outcome) -> bool) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .filter(move |entry| how(&entry.outcome))
            .map(|entry| entry.case.as_str())
    }
}

/// The counts on the first line, then a line for each case, what a failed one should have proven included.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} not applicable, {} waived",
            self.passed().count(),
            self.failed().count(),
            self.not_applicable().count(),
            self.waived().count()
        )?;
        for entry in &self.entries {
            write!(f, "\n{}: ", entry.case)?;
            match &entry.outcome {
                Outcome::Passed => f.write_str("passed")?,
                Outcome::Failed(why) => write!(f, "FAILED ({}): {why}", entry.proves)?,
                Outcome::NotApplicable(why) => write!(f, "not applicable: {why}")?,
                Outcome::Waived(why) => write!(f, "waived: {why}")?,
            }
        }
        Ok(())
    }
}
