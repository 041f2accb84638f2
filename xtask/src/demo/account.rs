//! The account: journals and plain file reading, none of the product's code.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::scenario::{Destination, Story, required};

/// What became of every crash that was acknowledged.
#[derive(Default)]
pub(super) struct Account {
    acknowledged: usize,
    moved: usize,
    errors: Vec<String>,
    lost: Vec<String>,
    damaged: Vec<String>,
    /// To what, how long seen from outside, how long by its report, the slowest save during it.
    reloads: Vec<(&'static str, f64, f64, f64)>,
}

/// A file tree: what lies under which name. Crash ids make names unique.
type Files = HashMap<String, PathBuf>;

/// Reads the journal and every file.
pub(super) fn draw_up(work: &Path, story: &Story) -> Result<Account> {
    let mut account = Account::default();
    let trees: BTreeMap<&str, Files> = ["a", "b", "spool"]
        .into_iter()
        .map(|name| Ok((name, files(&work.join(name))?)))
        .collect::<Result<_>>()?;
    let mut templates = HashMap::new();
    let mut spans = Vec::new();
    let mut spooled = HashMap::new();
    for line in fs::read_to_string(work.join("journal"))?.lines() {
        let entry: Value = serde_json::from_str(line)?;
        let started = entry["started"].as_f64().unwrap_or_default();
        let took = entry["millis"].as_f64().unwrap_or_default();
        spans.push((started, started + took));
        let Some(id) = entry["id"].as_str() else {
            account.errors.push(entry["error"].to_string());
            continue;
        };
        account.acknowledged += 1;
        let template = entry["template"]
            .as_str()
            .context("an entry without template")?
            .to_owned();
        if !templates.contains_key(&template) {
            templates.insert(
                template.clone(),
                read_template(&work.join("crashes").join(&template))?,
            );
        }
        if entry["storage"] == "spool" {
            spooled.insert(id.to_owned(), template);
            continue;
        }
        let generation = entry["generation"]
            .as_u64()
            .context("an entry without generation")?;
        for destination in required(generation)? {
            account.compare(&trees, destination, id, &templates[&template])?;
        }
    }
    account.moved = story
        .moved
        .iter()
        .map(|(id, _)| id)
        .collect::<HashSet<_>>()
        .len();
    let mut moved: HashMap<&str, Vec<&[Destination]>> = HashMap::new();
    for (id, destinations) in &story.moved {
        moved.entry(id).or_default().push(destinations);
    }
    for (id, template) in &spooled {
        // Acknowledged in the spool: it is still there, or the mover acknowledged it elsewhere.
        match moved.get(id.as_str()) {
            None => account.compare(&trees, "spool", id, &templates[template])?,
            Some(times) => {
                for destination in times.iter().flat_map(|destinations| destinations.iter()) {
                    account.compare(&trees, destination, id, &templates[template])?;
                }
            }
        }
    }
    for reload in &story.reloads {
        let (from, to) = reload.from_to;
        let during = spans
            .iter()
            .filter(|(started, ended)| *started <= to && *ended >= from);
        let slowest = during
            .map(|(started, ended)| ended - started)
            .fold(0.0, f64::max);
        account
            .reloads
            .push((reload.to, to - from, reload.report_millis, slowest));
    }
    Ok(account)
}

/// The files of a template: the raw crash without its last brace, and the dumps by file suffix.
struct Template {
    raw: Vec<u8>,
    dumps: Vec<(String, Vec<u8>)>,
}

fn read_template(directory: &Path) -> Result<Template> {
    let raw = fs::read_to_string(directory.join("raw.json"))?;
    let raw = raw
        .trim_end()
        .strip_suffix('}')
        .context("raw.json is not an object")?
        .as_bytes()
        .to_vec();
    let mut dumps = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match name.as_str() {
            "upload_file_minidump.dump" => dumps.push((".dump".to_owned(), fs::read(path)?)),
            name if name.ends_with(".dump") => dumps.push((format!(".{name}"), fs::read(&path)?)),
            _ => {}
        }
    }
    Ok(Template { raw, dumps })
}

fn files(root: &Path) -> Result<Files> {
    let mut found = Files::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.insert(
                    entry.file_name().to_string_lossy().into_owned(),
                    entry.path(),
                );
            }
        }
    }
    Ok(found)
}

impl Account {
    fn compare(
        &mut self,
        trees: &BTreeMap<&str, Files>,
        destination: &str,
        id: &str,
        template: &Template,
    ) -> Result<()> {
        let mut raw = template.raw.clone();
        raw.extend_from_slice(format!(",\"uuid\":\"{id}\"}}").as_bytes());
        let parts = std::iter::once((".json".to_owned(), &raw)).chain(
            template
                .dumps
                .iter()
                .map(|(suffix, dump)| (suffix.clone(), dump)),
        );
        for (suffix, expected) in parts {
            let name = format!("{id}{suffix}");
            match trees.get(destination).and_then(|files| files.get(&name)) {
                None => self.lost.push(format!("{destination}: {name}")),
                Some(path) if fs::read(path)? != *expected => {
                    self.damaged.push(format!("{destination}: {name}"))
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn is_clean(&self) -> bool {
        self.acknowledged > 0
            && self.errors.is_empty()
            && self.lost.is_empty()
            && self.damaged.is_empty()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "acknowledged saves    {:>8}", self.acknowledged)?;
        writeln!(f, "moved by the mover    {:>8}", self.moved)?;
        for (name, found) in [
            ("save errors", &self.errors),
            ("lost", &self.lost),
            ("damaged", &self.damaged),
        ] {
            writeln!(f, "{name:<21} {:>8}", found.len())?;
            for first in found.iter().take(5) {
                writeln!(f, "    {first}")?;
            }
        }
        writeln!(f)?;
        writeln!(
            f,
            "{:<24} {:>16} {:>12} {:>22}",
            "reload to", "SIGHUP to report", "the attempt", "slowest save during it"
        )?;
        for (to, seen, report, slowest) in &self.reloads {
            writeln!(
                f,
                "{to:<24} {seen:>13.1} ms {report:>9.1} ms {slowest:>19.1} ms"
            )?;
        }
        Ok(())
    }
}
