use serde_json::{Value, json};
use socorro_core::config::Layers;
use socorro_core::live::Socorro;
use socorro_core::plugin::Kind;
use socorro_core::plugin::loader::Found;

use crate::arguments::Plugin;
use crate::exit::Exit;
use crate::output::{json, line};

pub(super) async fn run(layers: Layers, command: Plugin) -> Result<(), Exit> {
    let loader = Socorro::builder(layers).loader().await?;
    match command {
        Plugin::List { json: as_json } => {
            let found = tokio::task::spawn_blocking(move || loader.found())
                .await
                .map_err(|_| Exit::failed("interrupted"))?;
            if as_json {
                return json(&found.iter().map(as_value).collect());
            }
            for found in &found {
                line(format_args!("{}", as_text(found)))?;
            }
            if found.is_empty() {
                return Err(Exit::failed(
                    "no plugins found; give --plugin-path DIR or set plugins.path",
                ));
            }
            Ok(())
        }
        Plugin::Show {
            name,
            json: as_json,
        } => {
            let plugin = loader.load(&name, None).await?;
            let image = plugin.image();
            let kinds: Vec<String> = plugin.kinds().iter().map(ToString::to_string).collect();
            let (major, minor) = plugin.abi();
            let path = image.path.as_ref().map(|path| path.display().to_string());
            let sha256 = image.sha256.map(|hash| {
                hash.iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            });
            let options: Vec<(Kind, &Value)> = Kind::ALL
                .into_iter()
                .filter_map(|kind| Some((kind, plugin.options_schema(kind)?)))
                .collect();
            if as_json {
                let options: serde_json::Map<String, Value> = options
                    .into_iter()
                    .map(|(kind, schema)| (kind.to_string(), schema.clone()))
                    .collect();
                return json(&json!({
                    "name": plugin.name(),
                    "version": plugin.version(),
                    "build": plugin.build(),
                    "abi": format!("{major}.{minor}"),
                    "kinds": kinds,
                    "capabilities": plugin.capabilities().to_string(),
                    "path": path,
                    "sha256": sha256,
                    "options": options,
                }));
            }
            line(format_args!("name          {}", plugin.name()))?;
            line(format_args!("version       {}", plugin.version()))?;
            line(format_args!("abi           {major}.{minor}"))?;
            line(format_args!("build         {}", plugin.build()))?;
            line(format_args!("kinds         {}", kinds.join(", ")))?;
            line(format_args!("capabilities  {}", plugin.capabilities()))?;
            line(format_args!(
                "path          {}",
                path.as_deref().unwrap_or("linked into the program")
            ))?;
            line(format_args!(
                "sha256        {}",
                sha256.as_deref().unwrap_or("-")
            ))?;
            for (kind, schema) in options {
                line(format_args!("\noptions of a {kind}:"))?;
                show_options(schema)?;
            }
            Ok(())
        }
    }
}

fn as_value(found: &Found) -> Value {
    let Some(library) = &found.library else {
        return json!({ "name": found.name, "linked": true });
    };
    let mut value = json!({ "name": found.name, "path": library.path.display().to_string() });
    let note = library.contents.as_ref().and_then(|contents| {
        value["size"] = contents.size.into();
        value["sha256"] = contents.sha256.to_string().into();
        contents.note.as_ref()
    });
    match note {
        Ok(note) => value["abi"] = format!("{}.{}", note.abi_major, note.abi_minor).into(),
        Err(error) => value["error"] = error.to_string().into(),
    }
    value
}

fn as_text(found: &Found) -> String {
    let Some(library) = &found.library else {
        return format!("{:<14} linked into the program", found.name);
    };
    let path = library.path.display();
    let contents = match &library.contents {
        Ok(contents) => contents,
        Err(error) => return format!("{:<14} {path}: {error}", found.name),
    };
    match &contents.note {
        Ok(note) => {
            let (major, minor) = (note.abi_major, note.abi_minor);
            format!(
                "{:<14} abi {major}.{minor}  {:>9} bytes  sha256 {}  {path}",
                found.name, contents.size, contents.sha256
            )
        }
        Err(error) => format!("{:<14} {path}: {error}", found.name),
    }
}

/// Each option with its default and what it is for.
fn show_options(schema: &Value) -> Result<(), Exit> {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let Some(properties) = schema["properties"].as_object() else {
        return Ok(());
    };
    for (name, option) in properties {
        let default = match &option["default"] {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            Value::Null => "optional".to_owned(),
            default => format!("default {default}"),
        };
        let what = option["description"]
            .as_str()
            .unwrap_or_default()
            .replace('\n', " ");
        line(format_args!(
            "  {name:<18} {default}\n                     {what}"
        ))?;
    }
    Ok(())
}
