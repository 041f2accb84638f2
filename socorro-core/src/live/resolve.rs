//! Options made ready for a plugin: checked against its schema, secrets read, each under the name of its step.

use serde_json::Value;
use zeroize::Zeroizing;

use super::environment::{Environment, unread};
use crate::config::{
    ConfigErrors, InstanceConfig, Resolved, SecretRef, SecretSource, SystemSecrets, Wrong,
};
use crate::step::{Step, Steps, apart};

/// Secrets, each read as a step of the attempt.
struct InSteps {
    secrets: SystemSecrets,
    steps: Steps,
}

impl SecretSource for InSteps {
    fn read(&self, reference: &SecretRef) -> Result<Zeroizing<String>, Wrong> {
        self.steps
            .take(Step::Secret, || self.secrets.read(reference))
    }
}

/// The options of `config` as the plugin with this schema gets them. Files of secrets are read on a thread of their own: one on a mount
/// that does not answer keeps this attempt and nothing else.
///
/// Everything that is wrong with the options.
pub(super) async fn resolve(
    environment: &Environment,
    schema: Value,
    config: &InstanceConfig,
    steps: &Steps,
) -> Result<Resolved, ConfigErrors> {
    let config = config.clone();
    let secrets = InSteps {
        secrets: environment.secrets.clone(),
        steps: steps.clone(),
    };
    let on_files = config.options.has_secret_files();
    let work = move || {
        let steps = secrets.steps.clone();
        steps.take(Step::Check, || config.options.resolve(&schema, &secrets))
    };
    if !on_files {
        return work();
    }
    match apart("secret", work).await {
        Ok(resolved) => resolved,
        Err(error) => Err(unread(format!(
            "there is no thread to read secrets on: {error}"
        ))),
    }
}
