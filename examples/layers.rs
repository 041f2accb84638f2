//! A program that chooses its own layers and their order, and tells where a value came from: its defaults, then
//! variables with a prefix of its own, then the file of the site, and last what nobody may change.
//!
//!     SHOP__STORAGE__ARCHIVE__ROOT=/mnt/crashes cargo run --example layers -- site.toml storage.archive.root
#![allow(clippy::print_stdout, reason = "the answer")]

use anyhow::{Context, Result};
use serde_json::json;
use socorro_core::config::Layers;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: layers FILE KEY";
    let (file, key) = (
        arguments.next().context(usage)?,
        arguments.next().context(usage)?,
    );
    // Later layers win, whatever they are.
    let layers = Layers::new()
        .defaults(json!({
            "storage": { "archive": { "type": "filesystem", "root": "/var/lib/shop/crashes" } },
        }))
        .environment("SHOP", std::env::vars_os())
        .file(file)
        .set("limits.dumps=8");
    let document = layers.load()?;
    // Checked as far as that goes without plugins; `Socorro::start(layers)` does all of it.
    let configuration = document.configuration()?;
    println!("{} storages", configuration.storages.len());
    let story = document.explain(&key);
    println!("{}", story.with_context(|| format!("nobody says {key}"))?);
    Ok(())
}
