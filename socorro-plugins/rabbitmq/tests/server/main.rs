//! The plugin, loaded from its library, against a RabbitMQ that is running, under the permissions of
//! `docs/rabbitmq.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod alarm;
mod conformance;
mod cuts;
mod dead_letters;
mod documented;
mod refusals;
mod restart;
mod saves;
mod support;
mod tls;
