use crate::error::Result;
use crate::plugin::wire::{broken, read_prefix, read_str};
use crate::plugin::{Kind, abi};
use crate::storage::Capabilities;

/// What a plugin says of itself, copied and checked.
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) build: String,
    pub(super) abi: (u16, u16),
    pub(super) kinds: Vec<Kind>,
    pub(super) capabilities: Capabilities,
    pub(super) storage_options: Option<serde_json::Value>,
    pub(super) source_options: Option<serde_json::Value>,
    pub(super) functions: Functions,
}

type Destroy = unsafe extern "C" fn(ctx: *mut std::ffi::c_void, timeout_ms: u64) -> u32;
type Create =
    unsafe extern "C" fn(*const abi::Create, *mut abi::Instance, *mut abi::Failure) -> u32;
type Resources = unsafe extern "C" fn(*const abi::Create, *mut abi::Buf, *mut abi::Failure) -> u32;
type Submit = unsafe extern "C" fn(
    *mut std::ffi::c_void,
    *const abi::Request,
    abi::Completion,
    *mut abi::Operation,
);

/// The functions of a plugin, those that every plugin must have present.
#[derive(Clone, Copy)]
pub(super) struct Functions {
    pub(super) resources: Option<Resources>,
    pub(super) create: Create,
    pub(super) submit: Submit,
    pub(super) destroy: Destroy,
}

/// The longest name, version or build text.
const TEXT: usize = 1024;
/// The largest schema.
const SCHEMA: usize = 1024 * 1024;

impl Facts {
    /// Copies what a plugin says.
    ///
    /// # Safety
    ///
    /// `plugin` is what an entry function returned.
    pub(super) unsafe fn read(plugin: *const abi::Plugin) -> Result<Self> {
        // SAFETY: the caller's promise; a plugin is static.
        let plugin = unsafe { read_prefix(plugin) }?;
        if plugin.abi_major != abi::MAJOR {
            return Err(broken(format!(
                "it was built for version {}.{} of the plugin interface; this program speaks {}.{}",
                plugin.abi_major,
                plugin.abi_minor,
                abi::MAJOR,
                abi::MINOR
            )));
        }
        let text = |text, limit, what| {
            // SAFETY: the texts of a plugin are static, by the rules of the ABI.
            unsafe { read_str(text, limit, what) }
        };
        let name = text(plugin.name, TEXT, "its name")?;
        if !is_name(name) {
            return Err(broken(format!(
                "its name {name:?} is none; use a-z, 0-9 and single underscores, a letter first"
            )));
        }
        let kinds: Vec<_> = Kind::ALL
            .into_iter()
            .filter(|kind| plugin.kinds & kind.code() != 0)
            .collect();
        if kinds.is_empty() {
            return Err(broken("it is neither a storage nor a source"));
        }
        let options = |kind: Kind, json| {
            let json = text(json, SCHEMA, "the schema of its options")?;
            schema(kind, kinds.contains(&kind), json)
        };
        Ok(Self {
            name: name.to_owned(),
            version: text(plugin.version, TEXT, "its version")?.to_owned(),
            build: text(plugin.build, TEXT, "its build")?.to_owned(),
            abi: (plugin.abi_major, plugin.abi_minor),
            capabilities: Capabilities::from_bits_truncate(plugin.capabilities),
            storage_options: options(Kind::Storage, plugin.storage_options)?,
            source_options: options(Kind::Source, plugin.source_options)?,
            // SAFETY: the table of a plugin is static, by the rules of the ABI.
            functions: unsafe { Functions::read(plugin.table) }?,
            kinds,
        })
    }
}

impl Functions {
    /// # Safety
    ///
    /// `table` is null or a static table.
    unsafe fn read(table: *const abi::Table) -> Result<Self> {
        // SAFETY: the caller's promise.
        let table = unsafe { read_prefix(table) }?;
        let missing = |name| broken(format!("its table lacks the required function `{name}`"));
        Ok(Self {
            resources: table.resources,
            create: table.create.ok_or_else(|| missing("create"))?,
            submit: table.submit.ok_or_else(|| missing("submit"))?,
            destroy: table.destroy.ok_or_else(|| missing("destroy"))?,
        })
    }
}

fn schema(kind: Kind, offered: bool, json: &str) -> Result<Option<serde_json::Value>> {
    if !offered {
        return Ok(None);
    }
    match serde_json::from_str(json) {
        Ok(schema @ serde_json::Value::Object(_)) => Ok(Some(schema)),
        Ok(_) => Err(broken(format!(
            "the schema of its options as a {kind} is no JSON object"
        ))),
        Err(error) => Err(broken(format!(
            "the schema of its options as a {kind} is no JSON: {error}"
        ))),
    }
}

/// `[a-z][a-z0-9]*(_[a-z0-9]+)*`, at most 64 bytes.
fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split('_').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests;
