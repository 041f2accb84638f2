use std::time::Duration;

use crate::Operation;

/// Something that goes wrong: what, with which requests, how often.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) action: Action,
    operation: Option<Operation>,
    key: Option<String>,
    skip: usize,
    times: usize,
}

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Action {
    /// It is carried out this much later.
    Delay(Duration),
    /// It is not carried out, and answered with this error.
    Status {
        /// The HTTP status.
        status: u16,
        /// The S3 error code.
        code: String,
        /// Seconds for the `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// It is not carried out, and answered with 200 and this error in the body.
    ErrorIn200(String),
    /// The connection is closed after so many bytes of its body; it is not carried out.
    ResetAfter(u64),
    /// It is carried out, and the connection is closed instead of an answer.
    LoseAnswer,
    /// It is carried out; the answer's body ends after so many bytes, and with it the connection.
    TruncateAnswer(u64),
    /// It is neither carried out nor answered, and the connection stays open.
    Stall,
    /// It is carried out and answered with this ETag.
    WrongEtag(String),
}

impl Action {
    /// An error answer without `Retry-After`.
    pub fn status(status: u16, code: &str) -> Self {
        Self::Status {
            status,
            code: code.to_owned(),
            retry_after: None,
        }
    }
}

impl Fault {
    /// Happens with every request.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            operation: None,
            key: None,
            skip: 0,
            times: usize::MAX,
        }
    }

    /// Only with requests of this operation.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Only with requests whose key contains this.
    #[must_use]
    pub fn with_key(mut self, part: &str) -> Self {
        self.key = Some(part.to_owned());
        self
    }

    /// Lets so many of the requests it is about pass first.
    #[must_use]
    pub fn skip(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Happens so often, and then no more.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Whether it happens with this request; counts.
    pub(crate) fn strikes(&mut self, operation: Operation, key: &str) -> bool {
        let concerned = self.operation.is_none_or(|only| only == operation)
            && self.key.as_deref().is_none_or(|part| key.contains(part));
        if !concerned || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}
