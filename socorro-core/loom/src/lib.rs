//! Nothing: what there is of this crate are its tests, in `tests/models`.
