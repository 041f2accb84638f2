//! The tables that are no instances: `[plugins]`, `[limits]`, `[redaction]`, `[reload]`, `[control]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::class::Class;
use super::error::Wrong;
use super::read::{Section, address, count, duration, list, path, size, string};
use super::tree::join;
use super::{ControlConfig, DEFAULT_FORBIDDEN_KEYS, ReloadConfig, names};
use crate::crash::{Limits, Redaction};
use crate::options::HumanDuration;
use crate::plugin::loader::{ImageHash, LoaderOptions};

pub(crate) fn plugins(mut section: Section<'_>) -> LoaderOptions {
    let default = LoaderOptions::default();
    let plugins = LoaderOptions {
        path: section
            .get("path", list("[\"/usr/lib/socorro\"]", path))
            .unwrap_or(default.path),
        stage: section.get::<PathBuf>("stage", path),
        sha256: pins(section.section("sha256")),
        max_images: section
            .get("max_images", count(1..=4096))
            .unwrap_or(default.max_images),
        timeout: section
            .get("timeout", duration)
            .map_or(default.timeout, HumanDuration),
        worker_threads: section
            .get("worker_threads", count(0..=1024))
            .unwrap_or(default.worker_threads),
        blocking_threads: section
            .get("blocking_threads", count(0..=1024))
            .unwrap_or(default.blocking_threads),
    };
    section.finish();
    plugins
}

fn pins(section: Section<'_>) -> BTreeMap<String, ImageHash> {
    let mut pins = BTreeMap::new();
    for (name, node) in section.rest() {
        let pin = if names::is_name(name) {
            string(node).and_then(|text| {
                text.parse()
                    .map_err(|why: String| Wrong::new(Class::BadHash, why))
            })
        } else {
            Err(Wrong::new(Class::BadName, names::RULE))
        };
        match pin {
            Ok(pin) => {
                pins.insert(name.clone(), pin);
            }
            Err(wrong) => section.errors.about(node, &join(&section.key, name), wrong),
        }
    }
    pins
}

pub(crate) fn limits(mut section: Section<'_>) -> Limits {
    let default = Limits::default();
    let limits = Limits {
        crash_size: section
            .get("crash_size", size)
            .map_or(default.crash_size, |size| size.0),
        dumps: section
            .get("dumps", count(1..=65_536))
            .unwrap_or(default.dumps),
        json_depth: section
            .get("json_depth", count(1..=1024))
            .unwrap_or(default.json_depth),
    };
    section.finish();
    limits
}

pub(crate) fn redaction(mut section: Section<'_>) -> Redaction {
    let keys = section.get(
        "forbidden_keys",
        list("[\"url\", \"json_dump.sensitive\"]", |node| {
            let key = string(node)?;
            match Redaction::new([&key]) {
                Ok(_) => Ok(key),
                Err(_) => Err(Wrong::new(
                    Class::BadPath,
                    format!(
                        "expected a dotted path such as json_dump.sensitive, found {}",
                        node.show()
                    ),
                )),
            }
        }),
    );
    section.finish();
    let keys = keys.unwrap_or_else(|| DEFAULT_FORBIDDEN_KEYS.map(str::to_owned).to_vec());
    // Each has been checked.
    Redaction::new(keys).unwrap_or_default()
}

pub(crate) fn reload(mut section: Section<'_>) -> ReloadConfig {
    let default = ReloadConfig::default();
    let reload = ReloadConfig {
        drain_timeout: section
            .get("drain_timeout", duration)
            .unwrap_or(default.drain_timeout),
        timeout: section.get("timeout", duration).unwrap_or(default.timeout),
        park_timeout: section
            .get("park_timeout", duration)
            .unwrap_or(default.park_timeout),
        shutdown_timeout: section
            .get("shutdown_timeout", duration)
            .unwrap_or(default.shutdown_timeout),
        keep: section.get("keep", path),
    };
    section.finish();
    reload
}

pub(crate) fn control(mut section: Section<'_>) -> ControlConfig {
    let control = ControlConfig {
        socket: section.get("socket", path),
        metrics: section.get("metrics", address),
    };
    section.finish();
    control
}
