//! The mapping of an index, the plugin's own: nothing is indexed that it does not name.

use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::fields::{FieldType, Fields};

/// Raised with every change of the mapping.
pub(crate) const VERSION: u64 = 1;

/// Marks the index template as this plugin's.
pub(crate) const OWNER: &str = "socorro-plugin-elasticsearch";

/// The settings and mappings of an index, as for `PUT /INDEX`.
pub(crate) fn index(config: &Config, fields: &Fields) -> Value {
    let mut searchable = Map::new();
    for (name, kind) in fields.iter() {
        if let Some(mapping) = field(kind) {
            searchable.insert(name.to_owned(), mapping);
        }
    }
    json!({
        "settings": { "index": {
            "number_of_shards": config.shards,
            "number_of_replicas": config.replicas,
            // What is acknowledged is on disk: the server's default, which another template could change.
            "translog": { "durability": "request" },
        } },
        "mappings": {
            "dynamic": false,
            "properties": {
                "crash_id": { "type": "keyword" },
                "date": { "type": "date", "format": "strict_date" },
                "processed_crash": { "type": "object", "dynamic": false, "properties": searchable },
                "removed_fields": { "type": "keyword" },
                "document": { "type": "object", "enabled": false },
                "document_size": { "type": "long", "index": false },
                "document_cut": { "type": "keyword" },
            },
        },
    })
}

/// The index template, as for `PUT /_index_template/NAME`.
pub(crate) fn template(config: &Config, fields: &Fields, pattern: &str) -> Value {
    json!({
        "index_patterns": [pattern],
        // Above the built-in ones, which have 100.
        "priority": 200,
        "version": VERSION,
        "_meta": { "owner": OWNER },
        "template": index(config, fields),
    })
}

fn field(kind: FieldType) -> Option<Value> {
    Some(match kind {
        FieldType::Keyword | FieldType::SemicolonKeywords => json!({ "type": "keyword" }),
        FieldType::Text => json!({
            "type": "text", "fields": { "full": { "type": "keyword", "ignore_above": 8000 } },
        }),
        FieldType::Integer => json!({ "type": "integer" }),
        FieldType::Long => json!({ "type": "long" }),
        FieldType::Double => json!({ "type": "double" }),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Date => json!({ "type": "date", "format": "strict_date_optional_time" }),
        FieldType::Ignore => return None,
    })
}
