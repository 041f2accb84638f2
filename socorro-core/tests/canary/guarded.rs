//! A plugin with a secret at every place where one can be, which tells them all when it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use socorro_core::options::Secret;
use socorro_core::plugin::Resource;
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, CrashStorage, Health};
use socorro_core::{Context, Error, ErrorKind, Result, async_trait, export_plugin};

/// The secrets that instances were opened with.
pub static OPENED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    act: Act,
    #[serde(default)]
    password: Option<Secret>,
    /// Its name does not tell what it is.
    #[serde(default)]
    dsn: Option<Secret>,
    #[serde(default)]
    login: Option<Login>,
    #[serde(default)]
    chain: Vec<Secret>,
    #[serde(default)]
    doors: BTreeMap<String, Secret>,
    #[serde(default)]
    gate: Option<Gate>,
    #[serde(default)]
    #[expect(dead_code, reason = "it cannot be parsed")]
    pin: Option<Pin>,
    #[serde(default)]
    #[expect(dead_code, reason = "only the check looks at it")]
    url: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "only the check looks at it")]
    urls: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    #[expect(dead_code, reason = "only the check looks at it")]
    user: String,
    phrase: Secret,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Gate {
    Open {},
    Locked { phrase: Secret },
}

/// A secret that no text is: its parser shows what it could not parse.
#[derive(JsonSchema)]
#[schemars(with = "Secret")]
struct Pin;

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let found = serde::de::Unexpected::Str(&text);
        Err(serde::de::Error::invalid_value(found, &"four digits"))
    }
}

/// What opening comes to.
#[derive(Default, Deserialize, JsonSchema, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Act {
    #[default]
    Open,
    Resources,
    Fail,
    Away,
    Unhealthy,
    Panic,
}

impl Config {
    fn secrets(&self) -> Vec<String> {
        let gate = self.gate.iter().filter_map(|gate| match gate {
            Gate::Open {} => None,
            Gate::Locked { phrase } => Some(phrase),
        });
        let all = self.password.iter().chain(&self.dsn).chain(&self.chain);
        let all = all.chain(self.doors.values()).chain(gate);
        let all = all.chain(self.login.as_ref().map(|login| &login.phrase));
        all.map(|secret| secret.expose().to_owned()).collect()
    }

    /// An error with every secret in it, as text and as `Debug` shows it.
    fn error(&self, kind: ErrorKind) -> Error {
        let secrets = self.secrets();
        let cause = std::io::Error::other(secrets.join(" and "));
        Error::new(kind, format!("cannot use {secrets:?}")).caused_by(&cause)
    }
}

pub struct Guarded(Config);

#[async_trait]
impl StoragePlugin for Guarded {
    type Config = Config;

    fn resources(config: &Config) -> Result<Vec<Resource>> {
        match config.act {
            Act::Resources => Err(config.error(ErrorKind::InvalidConfig)),
            _ => Ok(Vec::new()),
        }
    }

    async fn open(config: Config, _: &OpenContext) -> Result<Self> {
        OPENED.lock().unwrap().extend(config.secrets());
        match config.act {
            Act::Fail => Err(config.error(ErrorKind::InvalidConfig)),
            Act::Away => Err(config.error(ErrorKind::Unavailable)),
            Act::Panic => panic!("cannot use {:?}", config.secrets()),
            _ => Ok(Self(config)),
        }
    }
}

#[async_trait]
impl CrashStorage for Guarded {
    fn capabilities(&self) -> Capabilities {
        Capabilities::SAVE_RAW
    }

    async fn health(&self, _: &Context) -> Result<Health> {
        match self.0.act {
            Act::Unhealthy => Ok(Health::unreachable(self.0.secrets().join(", "))),
            _ => Ok(Health::unknown()),
        }
    }
}

export_plugin! { name: "guarded", storage: Guarded }
