//! What [the switch](super::switch) is made of. The model checker (`socorro-core/loom`) compiles the files that use
//! it with another file in this place: with its own types, which it can interleave.

pub(super) use std::sync::atomic::{AtomicUsize, Ordering};
pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

pub(super) use std::thread_local;

pub(super) use arc_swap::cache::Cache;
pub(super) use arc_swap::{ArcSwap, ArcSwapOption, ArcSwapWeak};
