use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::answer::{JSON, json};
use super::control;
use super::create::{Arguments, OpenOptions, text};
use super::plugin::Plugin;
use crate::error::Result;
use crate::plugin::wire::{broken, take, take_failure};
use crate::plugin::{Kind, Resource, abi};

pub(super) async fn resources(
    plugin: &Arc<Plugin>,
    kind: Kind,
    name: &str,
    options: &Value,
    timeout: Duration,
) -> Result<Vec<Resource>> {
    plugin.require(kind)?;
    if plugin.functions().resources.is_none() {
        return Ok(Vec::new());
    }
    let arguments = Arguments {
        kind,
        name: name.to_owned(),
        options: text(options)?,
        open: OpenOptions {
            timeout,
            ..OpenOptions::default()
        },
    };
    let asked = Arc::clone(plugin);
    control::run("resources", timeout, move || ask(&asked, &arguments))
        .await
        .map_err(|error| plugin.blame(error))?
}

fn ask(plugin: &Plugin, arguments: &Arguments) -> Result<Vec<Resource>> {
    let Some(resources) = plugin.functions().resources else {
        return Ok(Vec::new());
    };
    let mut answer = abi::Buf::EMPTY;
    let mut failure = abi::Failure::NONE;
    // SAFETY: all three live through the call.
    match unsafe { resources(&arguments.lend(), &raw mut answer, &raw mut failure) } {
        0 => {
            // SAFETY: the plugin moved the buffer to us.
            unsafe { take(answer, "the resources") }
                .and_then(|data| json::<Vec<Resource>>(&data, JSON, "list of resources"))
                .map_err(|error| plugin.blame(error))
        }
        1 => {
            // SAFETY: the plugin moved the failure to us.
            Err(unsafe { take_failure(failure) }.unwrap_or_else(|wrong| plugin.blame(wrong)))
        }
        code => Err(plugin.blame(broken(format!(
            "`resources` returned {code}, which means nothing"
        )))),
    }
}
