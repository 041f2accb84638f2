//! `config dump`, `config explain` and `config schema`.

use socorro_core::config::Layers;
use socorro_core::live::Socorro;
use socorro_core::pipeline::Pipelines;

use crate::exit::Exit;
use crate::output::{json, line};

/// Prints what is in force, secrets as their references.
pub(super) async fn dump(layers: Layers, as_json: bool) -> Result<(), Exit> {
    let text = Socorro::builder(layers)
        .pipelines(Pipelines::Forever)
        .dump(as_json)
        .await?;
    line(format_args!("{}", text.trim_end()))
}

/// Prints all there is to know of one key.
pub(super) async fn explain(layers: Layers, key: &str, as_json: bool) -> Result<(), Exit> {
    let explained = Socorro::builder(layers).explain(key).await?;
    if as_json {
        return json(&explained.to_json());
    }
    line(format_args!("{explained}"))
}

/// Prints the JSON Schema of a configuration file.
pub(super) async fn schema(layers: Layers) -> Result<(), Exit> {
    json(&Socorro::builder(layers).schema().await?)
}
