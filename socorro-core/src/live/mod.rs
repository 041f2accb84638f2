//! Live reload.

/// One configuration as it runs.
#[derive(Debug)]
pub struct Generation;
