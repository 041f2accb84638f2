//! The plugin's side of the boundary. An author needs [`author`](super::author) and
//! [`export_plugin!`](crate::export_plugin); what is public here is what the macro expands to.
//!
//! | file | idea |
//! |---|---|
//! | `export` | the macro |
//! | `image`, `offer`, `entry` | what a plugin says of itself |
//! | `table` | the functions the host calls |
//! | `runtime` | one tokio runtime an image, shared by its instances |
//! | `instance`, `request`, `operation`, `completion` | one instance, and one operation from request to answer |
//! | `services`, `log`, `metric` | what the host offers: events and measurements go there |

mod caught;
mod completion;
mod entry;
mod export;
mod image;
mod instance;
mod log;
mod metric;
mod offer;
mod operation;
mod request;
mod runtime;
mod services;
mod table;

pub use entry::enter;
pub use image::{Exported, Image};
pub use offer::Offer;
