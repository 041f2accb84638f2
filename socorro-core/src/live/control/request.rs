use serde::Deserialize;

use crate::live::SavedPlan;

/// What can be asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    /// How the program is.
    Status {},
    /// What came of the last attempts.
    History {},
    /// Read the configuration again.
    Reload {
        /// Answer when it is done, with what came of it.
        #[serde(default)]
        wait: bool,
        /// Do this or nothing; answered when it is done.
        #[serde(default)]
        expect: Option<Box<SavedPlan>>,
    },
    /// What a reload would do.
    Diff {},
}
