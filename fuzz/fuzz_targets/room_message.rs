#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| terrarium_link::fuzz::room_message(data));
