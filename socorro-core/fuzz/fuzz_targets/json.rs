#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socorro_core::config::fuzzing::json(data));
