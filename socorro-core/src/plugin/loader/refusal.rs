use crate::error::Error;

/// Why a library was not loaded.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    /// It is a library for this program, but as many as may be are in memory, and there they stay: what runs
    /// goes on with the code it has until the program is started again.
    pub(crate) no_room: bool,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            error,
            no_room: false,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}
