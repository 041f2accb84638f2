use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::operation::Backend;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::author::{OpenContext, SourcePlugin, StoragePlugin};
use crate::plugin::{Kind, Resource};
use crate::storage::Capabilities;

/// One kind of instance that a plugin offers.
#[derive(Debug)]
pub struct Offer {
    pub(super) kind: Kind,
    pub(super) capabilities: Capabilities,
    pub(super) schema: fn() -> String,
    pub(super) resources: fn(&str) -> Result<Vec<Resource>>,
    /// The options are text with secrets in clear.
    pub(super) open: fn(Zeroizing<String>, OpenContext) -> BoxFuture<'static, Result<Backend>>,
}

impl Offer {
    /// The storage `S`.
    pub const fn storage<S: StoragePlugin>() -> Self {
        Self {
            kind: Kind::Storage,
            capabilities: S::CAPABILITIES,
            schema: schema::<S::Config>,
            resources: |options| S::resources(&parse(options)?),
            open: |options, cx| {
                Box::pin(async move {
                    let config = parse(&options)?;
                    drop(options);
                    let storage = S::open(config, &cx).await?;
                    Ok(Backend::Storage(Arc::new(storage)))
                })
            },
        }
    }

    /// The source `S`.
    pub const fn source<S: SourcePlugin>() -> Self {
        Self {
            kind: Kind::Source,
            capabilities: Capabilities::empty(),
            schema: schema::<S::Config>,
            resources: |options| S::resources(&parse(options)?),
            open: |options, cx| {
                Box::pin(async move {
                    let config = parse(&options)?;
                    drop(options);
                    let source = S::open(config, &cx).await?;
                    Ok(Backend::Source(Arc::new(source)))
                })
            },
        }
    }
}

fn schema<C: schemars::JsonSchema>() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<C>().to_value().to_string()
}

fn parse<C: DeserializeOwned>(options: &str) -> Result<C> {
    serde_json::from_str(options).map_err(|error| {
        Error::new(
            ErrorKind::InvalidConfig,
            format!("the options are wrong: {error}"),
        )
    })
}
