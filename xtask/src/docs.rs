//! `cargo xtask docs`: the tables of options and metrics in `docs/`, made of what core and the plugins say of
//! themselves.
//!
//! A page has marked regions, of which everything between the marks is replaced:
//!
//! ```text
//! <!-- options: core limits -->
//! <!-- options: s3 storage -->
//! <!-- options: metrics -->
//! …
//! <!-- end of options -->
//! ```

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use socorro_core::config::{core_tables, option_table};
use socorro_core::plugin::Kind;
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::telemetry;
use socorro_testkit::plugins::{self, Profile};

const BEGIN: &str = "<!-- options: ";
const END: &str = "<!-- end of options -->";

/// What to do with the pages.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when a page is not what it would be.
    #[arg(long)]
    check: bool,
}

/// Brings the pages up to date, or tells that they are not.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let tables = tables()?;
    let mut stale = Vec::new();
    for path in pages()? {
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let filled = fill(&text, &tables).with_context(|| path.display().to_string())?;
        if filled == text {
            continue;
        }
        if !arguments.check {
            fs::write(&path, filled).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{}", path.display());
        }
        stale.push(path.display().to_string());
    }
    ensure!(
        !arguments.check || stale.is_empty(),
        "not up to date: {}; run `cargo xtask docs`",
        stale.join(", ")
    );
    Ok(())
}

/// Every page of the documentation.
fn pages() -> Result<Vec<PathBuf>> {
    let directory = socorro_testkit::root().join("docs");
    let entries =
        fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?;
    let mut pages = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// The tables there are, by what regions call them.
fn tables() -> Result<BTreeMap<String, String>> {
    let core = core_tables().into_iter();
    let mut tables: BTreeMap<String, String> = core
        .map(|(name, table)| (format!("core {name}"), table))
        .collect();
    tables.insert("metrics".to_owned(), telemetry::table::page());
    let names = plugins::all()?;
    let loader = Loader::new(LoaderOptions {
        path: vec![plugins::directory(&names, Profile::Dev)?],
        ..LoaderOptions::default()
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for name in names {
        let plugin = runtime
            .block_on(loader.load(&name, None))
            .with_context(|| format!("cannot load the plugin {name}"))?;
        for kind in Kind::ALL {
            if let Some(schema) = plugin.options_schema(kind) {
                tables.insert(format!("{name} {kind}"), option_table(schema));
            }
        }
    }
    Ok(tables)
}

/// `page` with each region replaced by its table.
fn fill(page: &str, tables: &BTreeMap<String, String>) -> Result<String> {
    let mut filled = String::new();
    let mut rest = page;
    while let Some((before, region)) = rest.split_once(BEGIN) {
        let (name, inside) = region
            .split_once(" -->")
            .context("a mark of options has no end")?;
        let Some(table) = tables.get(name) else {
            let known: Vec<&str> = tables.keys().map(String::as_str).collect();
            bail!(
                "there are no options of {name:?}; there are: {}",
                known.join(", ")
            );
        };
        let (_, after) = inside
            .split_once(END)
            .with_context(|| format!("{END} is missing after {name:?}"))?;
        filled.push_str(&format!("{before}{BEGIN}{name} -->\n{table}{END}"));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
