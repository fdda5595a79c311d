//! The page's wasm module; everything is in the library.

fn main() {
    terrarium_web::run();
}
