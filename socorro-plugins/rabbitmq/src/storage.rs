use std::time::Duration;

use lapin::Channel;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use socorro_core::crash::{CrashId, Dumps, RawCrash};
use socorro_core::error::{Applied, Error, ErrorKind, Result};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Check, CrashStorage, Health};
use socorro_core::{Context, async_trait};

use crate::config::Config;
use crate::connection::{Link, Open, Slot, Target};
use crate::failure::Doing;
use crate::layout::{self, Marks};
use crate::limit::Limit;
use crate::publisher::{Outcome, Publisher};

/// Queues the ids of the crashes that are saved; the crashes themselves belong into another storage.
pub struct RabbitmqStorage {
    publishing: Slot<Opener>,
}

/// Makes the connection that publishes.
struct Opener {
    target: Target,
    config: Config,
    queue: String,
}

/// The connection that publishes.
struct Publishing {
    link: Link,
    channel: Channel,
    publisher: Publisher,
}

#[async_trait]
impl Open for Opener {
    type Opened = Publishing;

    async fn open(&self, limit: Limit) -> Result<Publishing> {
        let limit = limit.within(self.config.connect_timeout.0);
        let link = Link::open(&self.target, limit).await?;
        let prepared = limit.run(self.prepare(&link)).await;
        let channel = prepared
            .ok_or_else(|| self.late())?
            .map_err(|error| self.target.failures.of(&error, Doing::Preparing))?;
        let publisher = Publisher::start(channel.clone(), self.queue.clone());
        Ok(Publishing {
            link,
            channel,
            publisher,
        })
    }

    fn is_alive(&self, publishing: &Publishing) -> bool {
        publishing.link.is_alive() && publishing.channel.status().connected()
    }

    fn late(&self) -> Error {
        self.target.failures.late(
            "to connect and look at the queue",
            self.config.connect_timeout.0,
        )
    }
}

impl Opener {
    async fn prepare(&self, link: &Link) -> lapin::Result<Channel> {
        let channel = link.channel().await?;
        layout::prepare(&self.config, &channel, &[&self.queue]).await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(channel)
    }
}

impl RabbitmqStorage {
    async fn publish(&self, id: &CrashId, limit: Limit) -> Result<()> {
        let opener = self.publishing.opener();
        let failures = &opener.target.failures;
        let publishing = self.publishing.get(limit).await?;
        if publishing.link.is_blocked() {
            return Err(failures.blocked());
        }
        let Some(outcome) = limit.run(publishing.publisher.publish(*id)).await else {
            let error = if publishing.link.is_blocked() {
                failures.blocked()
            } else {
                failures.late(
                    "to publish and confirm the crash",
                    opener.config.request_timeout.0,
                )
            };
            return Err(error.with_applied(Applied::Unknown));
        };
        match outcome {
            Some(Outcome::Stored) => Ok(()),
            Some(Outcome::Unroutable) => {
                if opener.config.declare {
                    // The next connection declares it again.
                    self.publishing.drop_current(&publishing).await;
                }
                Err(failures.unroutable(&opener.queue, opener.config.declare))
            }
            Some(Outcome::Refused) => Err(failures.refused(&opener.queue)),
            Some(Outcome::NotSent(error)) => Err(failures
                .of(&error, Doing::Publishing)
                .with_applied(Applied::No)),
            Some(Outcome::Lost(error)) => Err(failures.of(&error, Doing::Publishing)),
            None => Err(
                Error::new(ErrorKind::Unavailable, "the connection is being closed")
                    .with_applied(Applied::Unknown),
            ),
        }
    }

    /// May the user publish, and does the queue answer? On a channel of its own, because a refusal ends it.
    async fn try_to_write(&self, publishing: &Publishing) -> lapin::Result<()> {
        let opener = self.publishing.opener();
        let channel = publishing.link.channel().await?;
        let looked = Config {
            declare: false,
            ..opener.config.clone()
        };
        layout::prepare(&looked, &channel, &[&opener.queue]).await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        // To a queue that is not there: the broker checks the permission, and gives the message back.
        let mark = Marks::new().mark(0);
        let nowhere = format!("socorro.health.{mark}");
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        channel
            .basic_publish(
                "".into(),
                nowhere.as_str().into(),
                mandatory,
                b"",
                layout::properties(&mark),
            )
            .await?
            .await?;
        channel.close(200, "checked".into()).await
    }

    fn limit(&self, cx: &Context) -> Limit {
        Limit::new(cx, self.publishing.opener().config.request_timeout.0)
    }
}

#[async_trait]
impl StoragePlugin for RabbitmqStorage {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities::SAVE_RAW.union(Capabilities::DURABLE);

    async fn open(config: Config, cx: &OpenContext) -> Result<Self> {
        let target = Target::new(&config, format!("socorro storage.{}", cx.name))?;
        let queue = config.target()?.to_owned();
        let limit = Limit::after(config.request_timeout.0);
        let storage = Self {
            publishing: Slot::new(Opener {
                target,
                config,
                queue,
            }),
        };
        storage.publishing.get(limit).await?;
        Ok(storage)
    }
}

#[async_trait]
impl CrashStorage for RabbitmqStorage {
    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        _: &RawCrash,
        _: &Dumps,
    ) -> Result<()> {
        let saved = self.publish(id, self.limit(cx)).await;
        saved.map_err(|error| error.in_operation("save_raw_crash").for_crash(id))
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        let limit = self.limit(cx);
        let opener = self.publishing.opener();
        let publishing = match self.publishing.get(limit).await {
            Ok(publishing) => publishing,
            Err(error) => return Ok(without_connection(&error)),
        };
        let writable = if publishing.link.is_blocked() {
            Check::Failed(opener.target.failures.blocked().to_string())
        } else {
            match limit.run(self.try_to_write(&publishing)).await {
                Some(Ok(())) => Check::Ok,
                Some(Err(error)) => Check::Failed(
                    opener
                        .target
                        .failures
                        .of(&error, Doing::Preparing)
                        .to_string(),
                ),
                None => {
                    let late = opener
                        .target
                        .failures
                        .late("to check the queue", opener.config.request_timeout.0);
                    Check::Failed(late.to_string())
                }
            }
        };
        Ok(Health {
            writable,
            ..Health::ok()
        })
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        let limit = self.limit(cx).within(Duration::from_secs(5));
        if let Some(Some(publishing)) = limit.run(self.publishing.take()).await {
            publishing.link.close(limit).await;
        }
        Ok(())
    }
}

/// Which check it is that failed when no connection came about.
fn without_connection(error: &Error) -> Health {
    let failed = Check::Failed(error.to_string());
    let login = error
        .causes()
        .iter()
        .any(|cause| cause.contains("Login was refused"));
    match error.kind() {
        ErrorKind::PermissionDenied if login => Health {
            reachable: Check::Ok,
            authenticated: failed,
            writable: Check::Unknown,
        },
        // It let us in and refused the virtual host or the queue.
        ErrorKind::PermissionDenied | ErrorKind::InvalidConfig if was_answered(error) => Health {
            reachable: Check::Ok,
            authenticated: Check::Ok,
            writable: failed,
        },
        _ => Health {
            reachable: failed,
            authenticated: Check::Unknown,
            writable: Check::Unknown,
        },
    }
}

/// Is it an answer of the broker itself?
fn was_answered(error: &Error) -> bool {
    error
        .causes()
        .iter()
        .any(|cause| cause.starts_with("protocol error"))
}
