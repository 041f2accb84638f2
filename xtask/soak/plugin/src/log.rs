use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use socorro_core::{Error, ErrorKind, Result};

use crate::config::WitnessConfig;

/// Instances that were made of this library; its address tells the libraries of a process apart.
static INSTANCES: AtomicU64 = AtomicU64::new(0);

/// Where the calls of one instance are written down.
pub(crate) struct Log {
    file: File,
    /// `instance name revision`.
    who: String,
}

impl Log {
    /// For a new instance.
    pub(crate) fn of_instance(config: &WitnessConfig) -> Result<Self> {
        let number = INSTANCES.fetch_add(1, Ordering::Relaxed);
        Self::of(config, &format!("{:p}-{number}", &raw const INSTANCES))
    }

    /// For calls that are about no instance.
    pub(crate) fn of_none(config: &WitnessConfig) -> Result<Self> {
        Self::of(config, "none")
    }

    fn of(config: &WitnessConfig, instance: &str) -> Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&config.log)
            .map_err(|error| {
                Error::new(ErrorKind::InvalidConfig, "the log cannot be opened").caused_by(&error)
            })?;
        Ok(Self {
            file,
            who: format!("{instance} {} {}", config.name, config.revision),
        })
    }

    /// Writes a call down. Appending is atomic, so that lines of all instances may come at once.
    pub(crate) fn note(&self, call: &str, about: impl std::fmt::Display) -> Result<()> {
        let line = format!("{} {call} {about}\n", self.who);
        (&self.file).write_all(line.as_bytes()).map_err(|error| {
            Error::new(ErrorKind::Internal, "a call cannot be written down").caused_by(&error)
        })
    }
}
