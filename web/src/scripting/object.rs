//! Plain frozen JavaScript objects and functions, made of Rust values and closures.

use js_sys::{Array, Object, Reflect};
use std::future::Future;
use std::pin::Pin;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::future_to_promise;

/// The arguments of a call; those left out are undefined.
pub(super) type Arguments = [JsValue; 3];

/// What a call comes to; the error is a JavaScript `Error`.
pub(super) type Outcome = Result<JsValue, JsValue>;

/// A function that answers at once, or throws.
pub(super) fn function(call: impl Fn(Arguments) -> Outcome + 'static) -> JsValue {
    Closure::<dyn Fn(JsValue, JsValue, JsValue) -> Outcome>::new(move |a, b, c| call([a, b, c]))
        .into_js_value()
}

/// A function that answers with a promise, wrong arguments included: those reject.
pub(super) fn promising<F>(call: impl Fn(Arguments) -> F + 'static) -> JsValue
where
    F: Future<Output = Outcome> + 'static,
{
    // Boxed, so that all promises share their code.
    let promise = move |a, b, c| {
        let answer: Pin<Box<dyn Future<Output = Outcome>>> = Box::pin(call([a, b, c]));
        JsValue::from(future_to_promise(answer))
    };
    Closure::<dyn Fn(JsValue, JsValue, JsValue) -> JsValue>::new(promise).into_js_value()
}

/// An object that cannot be changed.
pub(super) fn frozen(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // A new plain object takes every field.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    Object::freeze(&object).into()
}

/// An array of texts.
pub(super) fn strings<T: ToString>(values: &[T]) -> JsValue {
    values.iter().map(|value| JsValue::from(value.to_string())).collect::<Array>().into()
}
