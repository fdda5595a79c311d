//! The accelerator as a WebAssembly module of its own, so that a browser without relaxed SIMD does without.
//!
//! Whoever calls it asks [`fused`] once; then it writes records to where [`records`] says, calls [`verify`], and reads a
//! byte for each of them from [`verdicts`] on: 1 for a signature that is good, else 0.

#![allow(unsafe_code, reason = "what a module exports has a name of its own")]

#[cfg(all(target_arch = "wasm32", not(target_feature = "relaxed-simd")))]
compile_error!("what this accelerates with has to be asked for: -C target-feature=+simd128,+relaxed-simd");

use std::cell::RefCell;

thread_local! {
    static RECORDS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static VERDICTS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn main() {}

/// Whether this engine's arithmetic is what the accelerator rests on.
#[unsafe(no_mangle)]
extern "C" fn fused() -> bool {
    terrarium_verifier::is_fused()
}

/// Room for records of so many bytes.
#[unsafe(no_mangle)]
extern "C" fn records(len: usize) -> *mut u8 {
    RECORDS.with_borrow_mut(|records| {
        records.resize(len, 0);
        records.as_mut_ptr()
    })
}

/// Checks the records; returns how many there are.
#[unsafe(no_mangle)]
extern "C" fn verify() -> usize {
    let verdicts = RECORDS.with_borrow(|records| terrarium_verifier::verify(records));
    let count = verdicts.len();
    VERDICTS.set(verdicts.into_iter().map(u8::from).collect());
    count
}

/// Where the verdicts on the last records are.
#[unsafe(no_mangle)]
extern "C" fn verdicts() -> *const u8 {
    VERDICTS.with_borrow(Vec::as_ptr)
}
