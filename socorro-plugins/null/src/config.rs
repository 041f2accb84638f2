use schemars::JsonSchema;
use serde::Deserialize;

/// There are no options.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NullConfig {}
