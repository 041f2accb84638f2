use std::fmt;

#[derive(Clone)]
pub(super) struct Part;

impl Part {
    pub(super) fn name(&self) -> &str {
        "modelled"
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
