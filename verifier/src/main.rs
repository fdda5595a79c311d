//! The accelerator as a WebAssembly module of its own, so that a browser that has no relaxed SIMD does without.
//!
//! Whoever calls it writes records to where [`records`] says, calls [`verify`], and finds a byte for each at [`verdicts`]:
//! 1 for a signature that is good, else 0. Before all that it asks [`fused`].

use std::cell::RefCell;
use terrarium_verifier::RECORD_LEN;

thread_local! {
    static RECORDS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static VERDICTS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn main() {}

/// Whether this engine's arithmetic is what the accelerator rests on.
#[allow(unsafe_code, reason = "an export has a name of its own")]
#[unsafe(no_mangle)]
extern "C" fn fused() -> bool {
    terrarium_verifier::is_fused()
}

/// Room for `count` records.
#[allow(unsafe_code, reason = "an export has a name of its own")]
#[unsafe(no_mangle)]
extern "C" fn records(count: usize) -> *mut u8 {
    RECORDS.with_borrow_mut(|records| {
        records.resize(count * RECORD_LEN, 0);
        records.as_mut_ptr()
    })
}

/// Checks the records.
#[allow(unsafe_code, reason = "an export has a name of its own")]
#[unsafe(no_mangle)]
extern "C" fn verify() {
    let verdicts = RECORDS.with_borrow(|records| terrarium_verifier::verify(records));
    VERDICTS.set(verdicts.into_iter().map(u8::from).collect());
}

/// What the last records came to.
#[allow(unsafe_code, reason = "an export has a name of its own")]
#[unsafe(no_mangle)]
extern "C" fn verdicts() -> *const u8 {
    VERDICTS.with_borrow(|verdicts| verdicts.as_ptr())
}
