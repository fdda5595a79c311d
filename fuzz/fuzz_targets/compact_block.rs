#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| terrarium_core::fuzz::compact_block(data));
