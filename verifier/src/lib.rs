//! ECDSA signatures over secp256k1, many at a time: two in the lanes of a 128-bit vector, on doubles that multiply and add
//! with one rounding.
//!
//! A WebAssembly engine has no instruction that multiplies 64-bit numbers to 128 bits, so that a product in the field takes
//! it a hundred multiplications. Doubles it multiplies two at once, and where the processor fuses multiplication and
//! addition, which relaxed SIMD lets an engine use, both halves of a product of 52-bit digits come out exact: see `field`.
//!
//! It is an accelerator and decides nothing alone. [`verify`] says yes only of good signatures; what it does not say yes
//! of, whoever asks checks again with `k256`, which also says why. So a sum of points for which the short formulas do not
//! hold need not be handled: it comes out as no point, which is a no.
//!
//! All that goes in is public; nothing here takes the same time for all values.

mod curve;
mod ecdsa;
mod field;
mod lane;
mod multiples;
mod scalar;

pub use ecdsa::{RECORD_LEN, verify};
pub use lane::is_fused;
