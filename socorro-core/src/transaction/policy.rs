use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::delay::{DEFAULT_DELAYS, FixedDelays};
use super::{BackoffExecutor, Clock, Jitter, NoJitter, Quit, TransactionExecutor};
use crate::options::HumanDuration;
use crate::{Error, ErrorKind, Result};

/// The most delays a policy may list.
pub const MAX_DELAYS: usize = 64;

/// The longest single delay of a policy.
pub const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The `retry` table of a storage: how often, and when, an operation that failed is tried again.
///
/// ```toml
/// retry = { policy = "limited_backoff", delays = ["10s", "30s"], jitter = "full", deadline = "5min" }
/// ```
///
/// A value of this type has been checked: reading one from configuration refuses what [`Policy::new`] does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PolicyTable", into = "PolicyTable")]
pub struct Policy(PolicyTable);

/// What a `retry` table says, unchecked. [`Policy`] is the checked form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyTable {
    /// How often an operation is tried.
    #[serde(default)]
    pub policy: PolicyKind,
    /// The waits between attempts; 10s, 30s, 1min, 2min, 5min if left out. Not with `once`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub delays: Option<Vec<HumanDuration>>,
    /// Whether each wait is shortened at random.
    #[serde(default)]
    pub jitter: JitterKind,
    /// How long one operation goes on with all its attempts: no wait begins that would end later. An attempt
    /// under way is not cut. Not with `once`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<HumanDuration>,
}

/// How often an operation is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// One attempt.
    #[default]
    Once,
    /// Each delay once: one attempt more than there are delays.
    LimitedBackoff,
    /// Each delay once, then the last one until the operation succeeds, its deadline passes or the program quits.
    InfiniteBackoff,
}

/// Whether the waits of a policy are shortened at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JitterKind {
    /// Anything from no wait to the whole delay.
    #[default]
    Full,
    /// The delays as they are.
    None,
}

impl Policy {
    /// Checks a table.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`]: delays that are empty, more than [`MAX_DELAYS`] or longer than
    /// [`MAX_DELAY`], a last delay of zero that would repeat for ever, a deadline of zero, and delays or a
    /// deadline for `once`, which does not wait.
    pub fn new(table: PolicyTable) -> Result<Self> {
        match table.problem() {
            None => Ok(Self(table)),
            Some(problem) => Err(Error::new(ErrorKind::InvalidConfig, problem)),
        }
    }

    /// The table this was made from.
    pub fn table(&self) -> &PolicyTable {
        &self.0
    }

    /// The executor that follows this policy; `jitter` is what `jitter = "full"` draws from.
    pub fn build(
        &self,
        clock: Arc<dyn Clock>,
        jitter: Arc<dyn Jitter>,
        quit: Quit,
    ) -> Arc<dyn TransactionExecutor> {
        let mut executor = BackoffExecutor::new(clock, quit);
        let delays = match self.0.policy {
            PolicyKind::Once => None,
            PolicyKind::LimitedBackoff => Some(FixedDelays::once(self.0.delays())),
            PolicyKind::InfiniteBackoff => Some(FixedDelays::repeating_last(self.0.delays())),
        };
        if let Some(delays) = delays {
            let jitter = match self.0.jitter {
                JitterKind::Full => jitter,
                JitterKind::None => Arc::new(NoJitter),
            };
            executor = executor.with_delays(delays.into_factory(), jitter);
        }
        if let Some(deadline) = self.0.deadline {
            executor = executor.with_deadline(deadline.0);
        }
        Arc::new(executor)
    }
}

impl PolicyTable {
    fn delays(&self) -> Vec<Duration> {
        match &self.delays {
            None => DEFAULT_DELAYS.to_vec(),
            Some(delays) => delays.iter().map(|delay| delay.0).collect(),
        }
    }

    fn problem(&self) -> Option<String> {
        if self.policy == PolicyKind::Once {
            let stray = match (&self.delays, self.deadline) {
                (Some(_), _) => "delays",
                (None, Some(_)) => "deadline",
                (None, None) => return None,
            };
            return Some(format!(
                "`{stray}` is for waits between attempts and policy \"once\" has none; remove it, or choose \
                 \"limited_backoff\" or \"infinite_backoff\""
            ));
        }
        if let Some(problem) = self.delays.as_deref().and_then(delays_problem) {
            return Some(problem);
        }
        if self.policy == PolicyKind::InfiniteBackoff
            && self.delays().last().is_some_and(Duration::is_zero)
        {
            return Some(
                "the last of `delays` repeats for ever and must not be zero; give at least \"1ms\""
                    .into(),
            );
        }
        if self.deadline.is_some_and(|deadline| deadline.0.is_zero()) {
            return Some(
                "a `deadline` of zero leaves no time for anything; remove it, or give a longer one"
                    .into(),
            );
        }
        None
    }
}

/// What is wrong with delays whatever the policy: how many they are, or how long.
pub(crate) fn delays_problem(delays: &[HumanDuration]) -> Option<String> {
    if delays.is_empty() || delays.len() > MAX_DELAYS {
        return Some(format!(
            "expected 1 to {MAX_DELAYS} delays, found {}",
            delays.len()
        ));
    }
    let delay = delays.iter().find(|delay| delay.0 > MAX_DELAY)?;
    Some(format!(
        "a delay of {delay} is too long; {} is the longest",
        HumanDuration(MAX_DELAY)
    ))
}

impl TryFrom<PolicyTable> for Policy {
    type Error = Error;

    fn try_from(table: PolicyTable) -> Result<Self> {
        Self::new(table)
    }
}

impl From<Policy> for PolicyTable {
    fn from(policy: Policy) -> Self {
        policy.0
    }
}

impl JsonSchema for Policy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Policy".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        PolicyTable::json_schema(generator)
    }
}
