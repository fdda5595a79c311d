//! The browser: the few interfaces that `web-sys` hides behind its unstable flag.

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbTransaction};

#[wasm_bindgen]
extern "C" {
    type DurableDatabase;

    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &DurableDatabase,
        stores: &Array,
        mode: &str,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;
}

/// Milliseconds since 1970 on the wall clock.
pub(crate) fn wall_ms() -> f64 {
    js_sys::Date::now()
}

/// A readwrite transaction with a durability of `strict` or `relaxed`, which `web-sys` cannot ask for.
pub(crate) fn write_transaction(
    database: &IdbDatabase,
    stores: &Array,
    durability: &str,
) -> Result<IdbTransaction, JsValue> {
    let options = options(&[("durability", durability.into())]);
    database.unchecked_ref::<DurableDatabase>().transaction(stores, "readwrite", &options)
}

/// The text of whatever JavaScript threw.
pub(crate) fn error_text(error: &JsValue) -> String {
    if let Some(exception) = error.dyn_ref::<web_sys::DomException>() {
        return format!("{}: {}", exception.name(), exception.message());
    }
    if let Some(error) = error.dyn_ref::<js_sys::Error>() {
        return String::from(error.to_string());
    }
    error.as_string().unwrap_or_else(|| format!("{error:?}"))
}

/// Copies bytes out of an `ArrayBuffer` or `Uint8Array`; none where the value is neither or is longer than `most`.
pub(crate) fn bytes_of(value: &JsValue, most: usize) -> Option<Vec<u8>> {
    let array = match value.dyn_ref::<Uint8Array>() {
        Some(array) => array.clone(),
        None => Uint8Array::new(value.dyn_ref::<js_sys::ArrayBuffer>()?),
    };
    (array.length() as usize <= most).then(|| array.to_vec())
}

fn options(entries: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in entries {
        // Setting a property of a plain object cannot fail.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}
