/// Makes a crate a plugin: call it once, in the crate's root.
///
/// `name` is what configuration says as `type`; `storage` implements
/// [`StoragePlugin`](crate::plugin::author::StoragePlugin), `source` implements
/// [`SourcePlugin`](crate::plugin::author::SourcePlugin), and either may be missing. The version is the crate's.
///
/// Built as a `cdylib`, the crate is a library that hosts load. Linked as a crate, its `PLUGIN` goes to
/// [`Plugin::from_static`](https://docs.rs/socorro-core/latest/socorro_core/plugin/struct.Plugin.html).
///
/// ```
/// use socorro_core::plugin::author::{OpenContext, StoragePlugin};
/// use socorro_core::storage::{Capabilities, CrashStorage};
/// use socorro_core::{Result, async_trait};
///
/// /// Options of the storage.
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Config {}
///
/// struct Nowhere;
///
/// #[async_trait]
/// impl CrashStorage for Nowhere {
///     fn capabilities(&self) -> Capabilities {
///         Capabilities::empty()
///     }
/// }
///
/// #[async_trait]
/// impl StoragePlugin for Nowhere {
///     type Config = Config;
///
///     async fn open(_: Config, _: &OpenContext) -> Result<Self> {
///         Ok(Self)
///     }
/// }
///
/// socorro_core::export_plugin! { name: "nowhere", storage: Nowhere }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_plugin {
    (name: $name:literal $(, storage: $storage:ty)? $(, source: $source:ty)? $(,)?) => {
        #[cfg(panic = "abort")]
        compile_error!(
            "a plugin that aborts on panic takes its host down with it: build it with panic = \"unwind\""
        );

        /// This crate's plugin, for a program that links it in.
        #[allow(unsafe_code)]
        pub const PLUGIN: $crate::plugin::StaticPlugin = {
            struct Export;

            static OFFERS: &[$crate::plugin::sdk::Offer] = &[
                $($crate::plugin::sdk::Offer::storage::<$storage>(),)?
                $($crate::plugin::sdk::Offer::source::<$source>(),)?
            ];
            static IMAGE: $crate::plugin::sdk::Image =
                $crate::plugin::sdk::Image::new($name, env!("CARGO_PKG_VERSION"), OFFERS);

            impl $crate::plugin::sdk::Exported for Export {
                fn image() -> &'static $crate::plugin::sdk::Image {
                    &IMAGE
                }
            }

            #[unsafe(export_name = concat!("socorro_plugin_note_", $name))]
            static NOTE: $crate::plugin::abi::Note = $crate::plugin::abi::Note::THIS;

            #[unsafe(export_name = concat!("socorro_plugin_v0_", $name))]
            unsafe extern "C" fn entry(
                host: *const $crate::plugin::abi::Host,
                failure: *mut $crate::plugin::abi::Failure,
            ) -> *const $crate::plugin::abi::Plugin {
                // SAFETY: the host passes what the rules of the boundary say.
                unsafe { $crate::plugin::sdk::enter::<Export>(host, failure) }
            }

            // SAFETY: the entry function keeps the rules: all of it is the kit's.
            unsafe { $crate::plugin::StaticPlugin::new(entry) }
        };
    };
}
