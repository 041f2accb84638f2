use std::process::ExitCode;

use socorro_core::config::ConfigErrors;
use socorro_core::live::{Reason, Refused};
use socorro_core::{Error, ErrorKind};

use crate::render::{self, Style};

/// Why the command ends other than well, and with which code.
#[derive(Debug)]
pub(crate) struct Exit {
    code: u8,
    message: String,
    /// What is wrong in detail, instead of a message.
    reasons: Vec<Reason>,
}

impl Exit {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            reasons: Vec::new(),
        }
    }

    /// Code 1: it was tried and failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(1, message)
    }

    /// Code 2: the arguments or the configuration are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(2, message)
    }

    /// Says why on standard error.
    pub(crate) fn report(self, style: Style) -> ExitCode {
        if self.message.is_empty() && self.reasons.is_empty() {
            return ExitCode::from(self.code);
        }
        let text = if self.reasons.is_empty() {
            let code = if self.code == 2 { "usage" } else { "failed" };
            render::message(style, code, &self.message)
        } else {
            render::reasons(style, &self.reasons)
        };
        eprint!("{text}");
        ExitCode::from(self.code)
    }
}

impl From<Error> for Exit {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidConfig => Self::usage(error.to_string()),
            _ => Self::failed(error.to_string()),
        }
    }
}

impl From<ConfigErrors> for Exit {
    fn from(errors: ConfigErrors) -> Self {
        Refused::from(errors).into()
    }
}

impl From<Refused> for Exit {
    fn from(refused: Refused) -> Self {
        let code = match refused.kind() {
            ErrorKind::InvalidConfig => 2,
            _ => 1,
        };
        Self {
            code,
            message: String::new(),
            reasons: refused.reasons,
        }
    }
}

impl From<std::io::Error> for Exit {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
