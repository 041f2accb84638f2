use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::create::{OpenOptions, create};
use super::facts::{Facts, Functions};
use super::{ImageInfo, PluginSource, PluginStorage, control, registry, resources, services};
use crate::config::Schema;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::wire::{broken, take_failure};
use crate::plugin::{Kind, Resource, StaticPlugin, abi};
use crate::step::{Step, Steps};
use crate::storage::Capabilities;

/// A plugin that was loaded, or is linked in, and found to be sound. Lives as long as the process.
pub struct Plugin {
    index: usize,
    entry: abi::Entry,
    facts: Facts,
    image: ImageInfo,
    /// The option schemas, parsed when the first options are checked against them.
    storage_rules: OnceLock<Result<Schema>>,
    source_rules: OnceLock<Result<Schema>>,
    stray_answers: AtomicU64,
}

impl Plugin {
    /// How long an entry function may take.
    pub const ENTRY_TIMEOUT: Duration = Duration::from_secs(10);

    /// The plugin behind the entry function of a loaded image. Call it once an image; blocks for at most
    /// [`ENTRY_TIMEOUT`](Self::ENTRY_TIMEOUT).
    ///
    /// `Plugin` when it breaks the contract; the plugin's own error when it refuses.
    ///
    /// # Safety
    ///
    /// `entry` and everything it returns keep the rules of `include/socorro_plugin.h`, and its image is never
    /// unloaded.
    pub unsafe fn from_entry(entry: abi::Entry, image: ImageInfo) -> Result<Arc<Self>> {
        // SAFETY: the caller's promise.
        unsafe { Self::from_entry_within(entry, image, Self::ENTRY_TIMEOUT) }
    }

    /// [`from_entry`](Self::from_entry) with a deadline of one's own.
    ///
    /// # Safety
    ///
    /// As for [`from_entry`](Self::from_entry).
    pub unsafe fn from_entry_within(
        entry: abi::Entry,
        image: ImageInfo,
        timeout: Duration,
    ) -> Result<Arc<Self>> {
        // SAFETY: the caller's promise.
        unsafe { Self::from_entry_in(entry, image, timeout, &Steps::default()) }
    }

    /// [`from_entry_within`](Self::from_entry_within), taking the step of an attempt.
    ///
    /// # Safety
    ///
    /// As for [`from_entry`](Self::from_entry).
    pub(crate) unsafe fn from_entry_in(
        entry: abi::Entry,
        image: ImageInfo,
        timeout: Duration,
        steps: &Steps,
    ) -> Result<Arc<Self>> {
        // SAFETY: the caller's promise.
        unsafe { Self::enter(entry, image, 0, timeout, steps) }
    }

    /// A plugin that is linked into this program. Entered once: the same plugin is returned from then on.
    ///
    /// Errors as those of [`from_entry`](Self::from_entry).
    pub fn from_static(plugin: StaticPlugin) -> Result<Arc<Self>> {
        Self::from_static_in(plugin, &Steps::default())
    }

    /// [`from_static`](Self::from_static), taking the step of an attempt.
    pub(crate) fn from_static_in(plugin: StaticPlugin, steps: &Steps) -> Result<Arc<Self>> {
        static ENTERING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = ENTERING.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = plugin.entry();
        let is_this = |known: &Self| known.entry as usize == entry as usize;
        if let Some(known) = registry::find(is_this) {
            return Ok(known);
        }
        // SAFETY: whoever made the static plugin vouched for it, and it is part of the program.
        unsafe {
            Self::enter(
                entry,
                ImageInfo::default(),
                abi::HOST_SAME_IMAGE,
                Self::ENTRY_TIMEOUT,
                steps,
            )
        }
    }

    /// # Safety
    ///
    /// As for [`from_entry`](Self::from_entry).
    unsafe fn enter(
        entry: abi::Entry,
        image: ImageInfo,
        flags: u64,
        timeout: Duration,
        steps: &Steps,
    ) -> Result<Arc<Self>> {
        services::sync_log_level();
        let enter = move || -> Result<Facts> {
            let mut failure = abi::Failure::NONE;
            // SAFETY: the caller vouches for the entry; the host lives as long as the process.
            let plugin = unsafe { entry(services::host(flags), &raw mut failure) };
            if !plugin.is_null() {
                // SAFETY: this is what the entry returned.
                return unsafe { Facts::read(plugin) };
            }
            if failure.kind == 0 {
                return Err(broken("its entry refused without a reason"));
            }
            // SAFETY: the entry moved the failure to us.
            Err(unsafe { take_failure(failure) }.unwrap_or_else(|wrong| wrong))
        };
        let steps = steps.clone();
        let handshake = move || steps.take(Step::Handshake, enter);
        let facts = control::run_blocking("entry", timeout, handshake)
            .and_then(|facts| facts)
            .map_err(|error| match &image.path {
                Some(path) => error.blamed_on(&format!("plugin {}", path.display())),
                None => error.blamed_on("a plugin that is linked in"),
            })?;
        registry::add(|index| Self {
            index,
            entry,
            facts,
            image,
            storage_rules: OnceLock::new(),
            source_rules: OnceLock::new(),
            stray_answers: AtomicU64::new(0),
        })
    }

    /// Its name, as in the entry symbol.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// Its own version, such as `0.1.0`.
    pub fn version(&self) -> &str {
        &self.facts.version
    }

    /// Compiler and libraries it was built with, for a person.
    pub fn build(&self) -> &str {
        &self.facts.build
    }

    /// The version of the plugin interface it was built for: major and minor.
    pub fn abi(&self) -> (u16, u16) {
        self.facts.abi
    }

    /// What its instances can be.
    pub fn kinds(&self) -> &[Kind] {
        &self.facts.kinds
    }

    /// What a storage of this plugin can do at most; an instance may do less, by its configuration.
    pub fn capabilities(&self) -> Capabilities {
        self.facts.capabilities
    }

    /// JSON Schema 2020-12 of the options; `None` when it does not offer this kind.
    pub fn options_schema(&self, kind: Kind) -> Option<&Value> {
        match kind {
            Kind::Storage => self.facts.storage_options.as_ref(),
            Kind::Source => self.facts.source_options.as_ref(),
        }
    }

    /// The same, parsed once in the life of the plugin. `Plugin` when it is no schema of ours.
    pub(crate) fn options_rules(&self, kind: Kind) -> Option<&Result<Schema>> {
        let schema = self.options_schema(kind)?;
        let rules = match kind {
            Kind::Storage => &self.storage_rules,
            Kind::Source => &self.source_rules,
        };
        Some(rules.get_or_init(|| Schema::parse(schema)))
    }

    /// Where its code came from.
    pub fn image(&self) -> &ImageInfo {
        &self.image
    }

    /// What an instance with these options needs for itself. `name` is the configured one, for messages.
    ///
    /// `InvalidConfig` when the options are wrong; `Timeout`; `Plugin` when the answer is nonsense.
    pub async fn resources(
        self: &Arc<Self>,
        kind: Kind,
        name: &str,
        options: &Value,
        timeout: Duration,
    ) -> Result<Vec<Resource>> {
        resources::resources(self, kind, name, options, timeout).await
    }

    /// Makes a storage. `options` is a JSON object, secrets resolved; `name` the configured one.
    ///
    /// The plugin's error; `InvalidConfig` when it offers no storage; `Timeout` after `open.timeout`, or when
    /// the future is dropped before: whatever the plugin makes later is then destroyed.
    pub async fn open_storage(
        self: &Arc<Self>,
        name: &str,
        options: &Value,
        open: &OpenOptions,
    ) -> Result<PluginStorage> {
        self.open_storage_in(name, options, open, &Steps::default())
            .await
    }

    /// [`open_storage`](Self::open_storage), taking the step of an attempt.
    pub(crate) async fn open_storage_in(
        self: &Arc<Self>,
        name: &str,
        options: &Value,
        open: &OpenOptions,
        steps: &Steps,
    ) -> Result<PluginStorage> {
        let owner = create(self, Kind::Storage, name, options, open, steps).await?;
        Ok(PluginStorage::new(owner))
    }

    /// Makes a source. See [`open_storage`](Self::open_storage).
    pub async fn open_source(
        self: &Arc<Self>,
        name: &str,
        options: &Value,
        open: &OpenOptions,
    ) -> Result<PluginSource> {
        self.open_source_in(name, options, open, &Steps::default())
            .await
    }

    /// [`open_source`](Self::open_source), taking the step of an attempt.
    pub(crate) async fn open_source_in(
        self: &Arc<Self>,
        name: &str,
        options: &Value,
        open: &OpenOptions,
        steps: &Steps,
    ) -> Result<PluginSource> {
        let owner = create(self, Kind::Source, name, options, open, steps).await?;
        Ok(PluginSource::new(owner))
    }

    /// Answers that came for operations nobody waited on any more, because they were answered before, or
    /// their instance was destroyed. A sound plugin has none.
    pub fn stray_answers(&self) -> u64 {
        self.stray_answers.load(Ordering::Relaxed)
    }

    /// Counts a stray answer, and says so at the first, second, fourth, eighth and so on.
    pub(super) fn report_stray_answer(&self) {
        let count = self.stray_answers.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            tracing::error!(
                plugin = self.name(),
                version = self.version(),
                count,
                "the plugin answered an operation that nobody waits on: it answered twice, or after its \
                 instance was destroyed; the answer was released"
            );
        }
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    pub(super) fn functions(&self) -> Functions {
        self.facts.functions
    }

    /// `error` with the plugin's name in front, for what the plugin itself did not say.
    pub(super) fn blame(&self, error: Error) -> Error {
        error.blamed_on(&format!("plugin {self}"))
    }

    /// `InvalidConfig` when it does not offer this kind.
    pub(super) fn require(&self, kind: Kind) -> Result<()> {
        if self.kinds().contains(&kind) {
            return Ok(());
        }
        Err(self.blame(Error::new(
            ErrorKind::InvalidConfig,
            format!("it offers no {kind}"),
        )))
    }
}

/// Name and version.
impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.version())
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name())
            .field("version", &self.version())
            .field("kinds", &self.kinds())
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}
