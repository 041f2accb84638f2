use std::sync::OnceLock;

use super::Offer;
use super::table::table;
use crate::plugin::{Kind, abi};
use crate::storage::Capabilities;

/// What `export_plugin!` implements for its plugin: how the functions in the table, which have no context of
/// their own, find it.
pub trait Exported: 'static {
    /// The plugin.
    fn image() -> &'static Image;
}

/// A plugin, as it is compiled in.
pub struct Image {
    name: &'static str,
    version: &'static str,
    offers: &'static [Offer],
    plugin: OnceLock<Described>,
}

/// The plugin as the host reads it; everything it points to is static.
struct Described(abi::Plugin);

// SAFETY: constant, and it points to what is static and constant.
unsafe impl Send for Described {}
// SAFETY: as above.
unsafe impl Sync for Described {}

impl Image {
    /// The plugin with this name and version, offering these.
    pub const fn new(name: &'static str, version: &'static str, offers: &'static [Offer]) -> Self {
        assert!(
            !offers.is_empty(),
            "a plugin offers a storage, a source, or both"
        );
        Self {
            name,
            version,
            offers,
            plugin: OnceLock::new(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// What it offers of the kind with this number.
    pub(super) fn offer(&self, kind: u32) -> Option<&'static Offer> {
        self.offers.iter().find(|offer| offer.kind.code() == kind)
    }

    /// The plugin as the host reads it.
    pub(super) fn describe<E: Exported>(&'static self) -> *const abi::Plugin {
        &raw const self.plugin.get_or_init(|| Described(self.build::<E>())).0
    }

    fn build<E: Exported>(&'static self) -> abi::Plugin {
        let options = |kind: Kind| {
            self.offer(kind.code()).map_or(abi::Str::EMPTY, |offer| {
                // Once an image, and an image stays.
                abi::Str::of(Box::leak((offer.schema)().into_boxed_str()))
            })
        };
        abi::Plugin {
            struct_size: size_of::<abi::Plugin>() as u32,
            abi_major: abi::MAJOR,
            abi_minor: abi::MINOR,
            kinds: self.offers.iter().map(|offer| offer.kind.code()).sum(),
            reserved: 0,
            capabilities: self
                .offers
                .iter()
                .fold(Capabilities::empty(), |all, offer| all | offer.capabilities)
                .bits(),
            name: abi::Str::of(self.name),
            version: abi::Str::of(self.version),
            build: abi::Str::of(concat!("socorro-core ", env!("CARGO_PKG_VERSION"))),
            storage_options: options(Kind::Storage),
            source_options: options(Kind::Source),
            table: table::<E>(),
        }
    }
}
