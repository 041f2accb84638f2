#[derive(Clone)]
pub(super) struct Part;
