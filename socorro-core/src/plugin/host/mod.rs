//! The host's side of the boundary: plugins, instances made of them, and what becomes of their answers.
//!
//! | file | idea |
//! |---|---|
//! | `plugin`, `facts` | a plugin, and what it says of itself |
//! | `control` | short-lived threads for calls that may block, each with a deadline |
//! | `instance`, `gate` | one instance, from `create` to `destroy` |
//! | `call`, `pending` | one operation, from `submit` to its answer |
//! | `storage`, `source` | an instance as the trait it implements |
//! | `log`, `metric` | what plugins say, handed on to the program's subscriber and recorder |

mod answer;
mod call;
mod callsite;
mod control;
mod create;
mod facts;
mod gate;
mod image;
mod in_flight;
mod instance;
mod log;
mod metric;
mod operation;
mod owner;
mod pending;
mod plugin;
mod registry;
mod resources;
mod services;
mod source;
mod storage;

pub use create::OpenOptions;
pub use image::ImageInfo;
pub use instance::Destroyed;
pub use plugin::Plugin;
pub use services::sync_log_level;
pub use source::PluginSource;
pub use storage::PluginStorage;
