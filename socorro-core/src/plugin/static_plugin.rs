use super::abi;

/// A plugin that is linked into the program: what `export_plugin!` defines as `PLUGIN` in the plugin's crate.
#[derive(Clone, Copy, Debug)]
pub struct StaticPlugin {
    entry: abi::Entry,
}

impl StaticPlugin {
    /// The plugin behind an entry function.
    ///
    /// # Safety
    ///
    /// `entry` keeps the rules of `include/socorro_plugin.h`, and so does everything it returns.
    pub const unsafe fn new(entry: abi::Entry) -> Self {
        Self { entry }
    }

    /// The entry function.
    pub fn entry(self) -> abi::Entry {
        self.entry
    }
}
