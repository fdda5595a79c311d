#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| terrarium_link::fuzz::session_frame(data));
