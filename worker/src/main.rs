//! A node's wasm module, one instance per Web Worker; everything is in the library.

fn main() {
    terrarium_worker::run();
}
