use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::instance::Instance;
use super::owner::Owner;
use super::plugin::Plugin;
use super::{control, services};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::wire::{broken, lend, take_failure};
use crate::plugin::{Kind, abi};
use crate::step::{Step, Steps};
use crate::storage::Capabilities;

/// How an instance is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// How long it may take. 30 s by default.
    pub timeout: Duration,
    /// Threads of the plugin's runtime; 0, the default, leaves it to the plugin. Taken from the first instance
    /// of an image.
    pub worker_threads: u32,
    /// The most threads for blocking work; 0, the default, leaves it to the plugin. Taken from the first
    /// instance of an image.
    pub blocking_threads: u32,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            worker_threads: 0,
            blocking_threads: 0,
        }
    }
}

/// The arguments of a call on a control thread, which outlives the caller's patience.
pub(super) struct Arguments {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Secrets in clear: wiped when the call has returned.
    pub(super) options: Zeroizing<String>,
    pub(super) open: OpenOptions,
}

impl Arguments {
    /// The same as the plugin sees it, for the length of a call.
    pub(super) fn lend(&self) -> abi::Create {
        abi::Create {
            struct_size: size_of::<abi::Create>() as u32,
            kind: self.kind.code(),
            name: lend(&self.name),
            options: lend(&self.options),
            worker_threads: self.open.worker_threads,
            blocking_threads: self.open.blocking_threads,
            timeout_ms: u64::try_from(self.open.timeout.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

pub(super) async fn create(
    plugin: &Arc<Plugin>,
    kind: Kind,
    name: &str,
    options: &Value,
    open: &OpenOptions,
    steps: &Steps,
) -> Result<Owner> {
    plugin.require(kind)?;
    services::sync_log_level();
    let arguments = Arguments {
        kind,
        name: name.to_owned(),
        options: text(options)?,
        open: open.clone(),
    };
    let maker = Arc::clone(plugin);
    // The outcome owns the instance, so that one that comes too late for anybody is destroyed.
    let steps = steps.clone();
    control::run("create", open.timeout, move || {
        steps.take(Step::Construct, || create_now(maker, &arguments))
    })
    .await
    .map_err(|error| plugin.blame(error))?
}

/// The options as the text that crosses. The room for it is measured before, because text that grows leaves copies
/// of what is in it behind.
pub(super) fn text(options: &Value) -> Result<Zeroizing<String>> {
    let unusable = |error: &(dyn std::error::Error + 'static)| {
        Error::new(ErrorKind::Internal, "the options cannot be written as JSON").caused_by(error)
    };
    let mut length = Length(0);
    serde_json::to_writer(&mut length, options).map_err(|error| unusable(&error))?;
    let mut bytes = Vec::with_capacity(length.0);
    serde_json::to_writer(&mut bytes, options).map_err(|error| unusable(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| unusable(&error.utf8_error()))?;
    Ok(Zeroizing::new(text))
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn create_now(plugin: Arc<Plugin>, arguments: &Arguments) -> Result<Owner> {
    let mut instance = abi::Instance {
        struct_size: size_of::<abi::Instance>() as u32,
        reserved: 0,
        ctx: std::ptr::null_mut(),
        capabilities: 0,
    };
    let mut failure = abi::Failure::NONE;
    let create = plugin.functions().create;
    // SAFETY: all three live through the call.
    match unsafe { create(&arguments.lend(), &raw mut instance, &raw mut failure) } {
        0 if instance.ctx.is_null() => Err(plugin.blame(broken("it made a null instance"))),
        0 => {
            let capabilities = Capabilities::from_bits_truncate(instance.capabilities);
            let excess = capabilities - plugin.capabilities();
            // SAFETY: `create` just filled it in.
            let made = unsafe {
                Instance::new(
                    Arc::clone(&plugin),
                    &arguments.name,
                    instance.ctx,
                    capabilities,
                )
            };
            let owner = Owner(Arc::new(made));
            if excess.is_empty() {
                return Ok(owner);
            }
            Err(plugin.blame(broken(format!(
                "it made a storage that can do what the plugin cannot: {excess}"
            ))))
        }
        1 => {
            // SAFETY: `create` moved the failure to us.
            Err(unsafe { take_failure(failure) }.unwrap_or_else(|wrong| plugin.blame(wrong)))
        }
        code => Err(plugin.blame(broken(format!(
            "`create` returned {code}, which means nothing"
        )))),
    }
}
