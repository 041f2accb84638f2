//! What is indexed: the fields of Socorro's search, and those of the option `fields`.
//!
//! Only fields that are listed reach the index, because what a processed crash has besides is its users' data:
//! indexing everything once made it searchable (bug 1624345).

mod date;
mod fix;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use socorro_core::{Error, ErrorKind, Result};

use crate::config::Config;

/// How a field is indexed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// An exact text, or a list of such; cut at 10,000 characters.
    Keyword,
    /// Texts with semicolons between them, each an exact text of its own.
    SemicolonKeywords,
    /// Words; cut at 32,766 bytes.
    Text,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A number.
    Double,
    /// True or false.
    Boolean,
    /// A moment.
    Date,
    /// Not indexed, though it is a built-in field.
    Ignore,
}

/// The fields of Socorro's search that are fields of the processed crash.
const BUILT_IN: &[(FieldType, &[&str])] = &[
    (
        FieldType::Keyword,
        &[
            "abort_message",
            "accessibility_client",
            "adapter_device_id",
            "adapter_driver_version",
            "adapter_subsys_id",
            "adapter_vendor_id",
            "android_board",
            "android_brand",
            "android_cpu_abi",
            "android_device",
            "android_fingerprint",
            "android_hardware",
            "android_manufacturer",
            "android_model",
            "android_version",
            "application_build_id",
            "async_shutdown_timeout",
            "bios_manufacturer",
            "build",
            "cpu_arch",
            "cpu_info",
            "cpu_microcode_version",
            "crashing_thread_name",
            "distribution_id",
            "dom_fission_enabled",
            "dump_classifications",
            "graphics_critical_error",
            "hang_type",
            "install_id",
            "ipc_channel_error",
            "ipc_fatal_error_msg",
            "ipc_fatal_error_protocol",
            "ipc_message_name",
            "java_exception_class",
            "java_stack_trace_raw",
            "lsb_release_description",
            "minidump_sha256_hash",
            "moz_crash_reason",
            "original_moz_crash_reason",
            "os_name",
            "os_pretty_version",
            "os_version",
            "phc_kind",
            "plugin_filename",
            "plugin_name",
            "plugin_version",
            "process_type",
            "product",
            "productid",
            "reason",
            "release_channel",
            "remote_type",
            "report_type",
            "safe_mode",
            "shutdown_progress",
            "shutdown_reason",
            "signature",
            "startup_line",
            "submitted_from",
            "useragent_locale",
            "vendor",
            "version",
            "winsock_lsp",
            "xpcom_spin_event_loop_stack",
        ],
    ),
    (
        FieldType::SemicolonKeywords,
        &[
            "addons",
            "addons_checked",
            "experiments",
            "modules_in_stack",
            "topmost_filenames",
        ],
    ),
    (
        FieldType::Text,
        &[
            "app_init_dlls",
            "app_notes",
            "proto_signature",
            "quota_manager_shutdown_timeout",
            "user_comments",
        ],
    ),
    (
        FieldType::Integer,
        &[
            "cpu_count",
            "crashing_thread",
            "major_version",
            "thread_count",
        ],
    ),
    (
        FieldType::Long,
        &[
            "available_page_file",
            "available_physical_memory",
            "available_virtual_memory",
            "install_age",
            "install_time",
            "last_crash",
            "oom_allocation_size",
            "phc_base_address",
            "system_memory_use_percentage",
            "texture_usage",
            "total_page_file",
            "total_physical_memory",
            "total_virtual_memory",
            "uptime",
            "uptime_ts",
        ],
    ),
    (
        FieldType::Boolean,
        &[
            "accessibility",
            "accessibility_in_proc_client",
            "addons_should_have_been_blocked",
            "background_task_mode",
            "gmp_library_path",
            "has_device_touch_screen",
            "has_guard_page_access",
            "headless_mode",
            "is_garbage_collecting",
            "jit_crash",
            "mac_available_memory_sysctl",
            "startup_crash",
            "success",
            "windows_error_reporting",
        ],
    ),
    (
        FieldType::Date,
        &[
            "client_crash_date",
            "completed_datetime",
            "date_processed",
            "processor_completed_datetime",
            "started_datetime",
            "submitted_timestamp",
        ],
    ),
];

/// The paths that Socorro's redactor removes, the default of `forbidden_keys`.
pub(crate) fn forbidden_keys() -> Vec<String> {
    [
        "url",
        "email",
        "user_id",
        "exploitability",
        "json_dump.sensitive",
        "upload_file_minidump_flash1.json_dump.sensitive",
        "upload_file_minidump_flash2.json_dump.sensitive",
        "upload_file_minidump_browser.json_dump.sensitive",
        "memory_info",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The fields that are indexed, by name.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    types: BTreeMap<String, FieldType>,
    /// Dotted paths, split.
    forbidden: Vec<Vec<String>>,
}

impl Fields {
    /// `InvalidConfig` when a name is none, or there are more than an index can have.
    pub(crate) fn of(config: &Config) -> Result<Self> {
        let mut types = BTreeMap::new();
        if config.default_fields {
            for (kind, names) in BUILT_IN {
                types.extend(names.iter().map(|name| ((*name).to_owned(), *kind)));
            }
        }
        for (name, kind) in &config.fields {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
                return Err(invalid(format!(
                    "fields: {name:?} is no name of a field; write 1 to 64 of a-z, A-Z, 0-9, '_' and '-'"
                )));
            }
            types.insert(name.clone(), *kind);
        }
        let redaction = socorro_core::crash::Redaction::new(&config.forbidden_keys)?;
        let forbidden: Vec<Vec<String>> = redaction
            .forbidden_keys()
            .map(|path| path.split('.').map(str::to_owned).collect())
            .collect();
        types.retain(|name, kind| {
            *kind != FieldType::Ignore && !forbidden.contains(&vec![name.clone()])
        });
        // An index has 1,000 fields by default; a text makes two of its own.
        if types.len() > 400 {
            return Err(invalid(format!(
                "{} fields are indexed; at most 400 can be",
                types.len()
            )));
        }
        Ok(Self { types, forbidden })
    }

    /// Each field and how it is indexed, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, FieldType)> {
        self.types.iter().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// The fields of a processed crash that are indexed, their values fixed, without what is forbidden.
    pub(crate) fn searchable(&self, processed: &Map<String, Value>) -> Map<String, Value> {
        let mut searchable = Map::new();
        for (name, kind) in self.iter() {
            let Some(value) = processed.get(name) else {
                continue;
            };
            let mut own;
            let mut value = value;
            if self
                .forbidden
                .iter()
                .any(|path| path.first().is_some_and(|first| first == name))
            {
                own = value.clone();
                self.redact(name, &mut own);
                value = &own;
            }
            if let Some(fixed) = fix::value(kind, value) {
                searchable.insert(name.to_owned(), fixed);
            }
        }
        searchable
    }

    fn redact(&self, name: &str, value: &mut Value) {
        for path in &self.forbidden {
            let [first, between @ .., last] = path.as_slice() else {
                continue;
            };
            let holder = between
                .iter()
                .try_fold(&mut *value, |value, part| value.get_mut(part));
            if let (true, Some(Value::Object(holder))) = (first == name, holder) {
                holder.remove(last);
            }
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

#[cfg(test)]
mod tests;
