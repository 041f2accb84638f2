/// What the switch exchanges.
mod generation {
    pub(super) use super::world::Generation;
}
mod handover;
#[allow(dead_code, reason = "what only the product needs")]
#[path = "../../../src/live/in_service.rs"]
mod in_service;
mod instance;
mod leaving;
mod plan;
mod retire;
#[path = "../../../src/live/switch.rs"]
mod switch;
mod sync;

mod tests;
mod world;
