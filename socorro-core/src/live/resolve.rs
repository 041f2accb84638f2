//! Options made ready for a plugin: checked against its schema, secrets read, each under the name of its step.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::environment::{Environment, unread};
use super::libraries::other_kind;
use super::wanted::Kind;
use crate::config::{
    ConfigErrors, InstanceConfig, Resolved, SecretReading, SecretRef, SecretSource, Wrong,
};
use crate::plugin::Plugin;
use crate::step::{Step, Steps, apart};

/// Secrets, each read as a step of the attempt.
struct InSteps<'a> {
    secrets: &'a SecretReading<'a>,
    steps: &'a Steps,
}

impl SecretSource for InSteps<'_> {
    fn read(&self, reference: &SecretRef) -> Result<Zeroizing<String>, Wrong> {
        self.steps
            .take(Step::Secret, || self.secrets.read(reference))
    }
}

/// Options of one instance, and the plugin they are for.
pub(super) struct Unresolved {
    pub(super) plugin: Arc<Plugin>,
    pub(super) kind: Kind,
    pub(super) config: InstanceConfig,
    /// The record of the attempt, about this instance.
    pub(super) steps: Steps,
}

/// The options of each instance as its plugin gets them, or everything that is wrong with them, in the same order.
///
/// When there are files of secrets, all of it is done on one thread of its own: a file on a mount that does not answer
/// keeps this attempt and nothing else.
///
/// Why there is no such thread.
pub(super) async fn resolve(
    environment: &Environment,
    instances: Vec<Unresolved>,
) -> Result<Vec<(Unresolved, Result<Resolved, ConfigErrors>)>, ConfigErrors> {
    let secrets = environment.secrets.clone();
    let on_files = instances
        .iter()
        .any(|instance| instance.config.options.has_secret_files());
    let work = move || {
        let secrets = secrets.reading();
        let each = instances.into_iter().map(|instance| {
            let resolved = instance.resolve(&secrets);
            (instance, resolved)
        });
        each.collect()
    };
    if !on_files {
        return Ok(work());
    }
    apart(work)
        .await
        .map_err(|error| unread(format!("there is no thread to read secrets on: {error}")))
}

impl Unresolved {
    fn resolve(&self, secrets: &SecretReading<'_>) -> Result<Resolved, ConfigErrors> {
        let Some(schema) = self.plugin.options_rules(self.kind) else {
            return Err(other_kind(self.kind, &self.config).into());
        };
        let options = &self.config.options;
        let schema = schema.as_ref().map_err(|why| options.unusable(why))?;
        let secrets = InSteps {
            secrets,
            steps: &self.steps,
        };
        let resolve = || options.resolve_by(schema, &secrets);
        self.steps.take(Step::Check, resolve)
    }
}
