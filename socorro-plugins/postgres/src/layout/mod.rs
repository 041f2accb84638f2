//! How crashes lie in tables.
//!
//! | file | idea |
//! |---|---|
//! | `schema_1.sql` | the tables and functions of version 1 |
//! | [`migrate`] | makes and updates them |
//! | [`partition`] | which partitions there are |
//! | [`values`] | ids and days as PostgreSQL has them |

mod migrate;
mod partition;
mod values;

pub(crate) use migrate::open;
pub(crate) use partition::{Partitions, Window};
pub(crate) use values::{Day, Id, lower_bound};

/// `name` as an identifier of SQL, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
