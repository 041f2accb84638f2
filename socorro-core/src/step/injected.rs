//! The error of a failpoint. In a normal build there is no value of it.

#[cfg(feature = "failpoints")]
use super::Step;
use crate::config::{Class, ConfigError, ConfigErrors, Origin, Wrong};
use crate::error::{Error, ErrorKind};

/// A failpoint made this step fail.
#[cfg(feature = "failpoints")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Injected(pub(super) Step);

/// Nothing makes a step fail.
#[cfg(not(feature = "failpoints"))]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Injected {}

impl Injected {
    #[cfg(feature = "failpoints")]
    pub(crate) fn message(self) -> String {
        format!("a failpoint made {} fail", self.0)
    }

    #[cfg(not(feature = "failpoints"))]
    pub(crate) fn message(self) -> String {
        match self {}
    }
}

impl From<Injected> for Error {
    fn from(injected: Injected) -> Self {
        Self::new(ErrorKind::Internal, injected.message())
    }
}

impl From<Injected> for Wrong {
    fn from(injected: Injected) -> Self {
        Self::new(Class::FileUnreadable, injected.message())
    }
}

impl From<Injected> for ConfigErrors {
    fn from(injected: Injected) -> Self {
        ConfigError::new(Origin::Together, "", injected.into()).into()
    }
}
