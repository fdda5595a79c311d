//! The browser: the few interfaces that `web-sys` hides behind its unstable flag, and the worker's global scope.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, IdbDatabase, IdbTransaction};

#[wasm_bindgen]
extern "C" {
    type Scheduler;

    #[wasm_bindgen(thread_local_v2, js_name = scheduler)]
    static SCHEDULER: Option<Scheduler>;

    #[wasm_bindgen(method, js_name = postTask)]
    fn post_task(this: &Scheduler, task: &Function, options: &JsValue) -> Promise;

    /// The part of `Navigator` that concerns us.
    type LockingNavigator;

    #[wasm_bindgen(method, getter)]
    fn locks(this: &LockingNavigator) -> Option<LockManager>;

    /// The Web Locks of this origin.
    pub(crate) type LockManager;

    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, options: &JsValue, held: &Function) -> Promise;

    #[wasm_bindgen(js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(millis: f64) -> JsValue;

    type DurableDatabase;

    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &DurableDatabase,
        stores: &Array,
        mode: &str,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;
}

/// The worker's global scope.
pub(crate) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Milliseconds on the monotonic clock, with fractions.
pub(crate) fn monotonic_ms() -> f64 {
    scope().performance().map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Milliseconds since 1970 on the wall clock.
pub(crate) fn wall_ms() -> f64 {
    js_sys::Date::now()
}

/// A number that anybody may foresee.
pub(crate) fn random() -> u64 {
    (js_sys::Math::random() * 9_007_199_254_740_992.0) as u64
}

/// Secure random bytes.
///
/// # Errors
/// The browser has no generator; no browser that runs wasm is known to lack it.
pub(crate) fn random_bytes() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Runs `task` after whatever messages wait: by `postTask` with priority background, which lets them in soonest, else
/// by a timer.
pub(crate) fn yield_to(task: &Function) {
    SCHEDULER.with(|scheduler| match scheduler {
        Some(scheduler) => {
            let options = options(&[("priority", "background".into())]);
            // The promise is refused only when the task throws, which our panic hook has reported by then.
            let _ = scheduler.post_task(task, &options);
        }
        None => drop(set_timeout(task, 0.0)),
    });
}

/// Runs `task` after `millis`; the number cancels it.
pub(crate) fn set_timeout(task: &Function, millis: f64) -> Option<i32> {
    // Longer delays overflow to none in browsers.
    let millis = millis.clamp(0.0, f64::from(i32::MAX)).ceil();
    #[allow(clippy::cast_possible_truncation, reason = "clamped to the range of i32 above")]
    let millis = millis as i32;
    scope().set_timeout_with_callback_and_timeout_and_arguments_0(task, millis).ok()
}

/// The origin's lock manager; none where the page is not a secure context (plain http on a LAN).
pub(crate) fn lock_manager() -> Option<LockManager> {
    scope().navigator().unchecked_into::<LockingNavigator>().locks()
}

/// Asks for an exclusive lock, waiting at most `patience_ms`, or without end. The promise settles when `held` has
/// given the lock back, or with an error when it was not to be had in time.
pub(crate) fn request_lock(
    locks: &LockManager,
    name: &str,
    patience_ms: Option<f64>,
    held: &Function,
) -> Promise {
    let options = match patience_ms {
        Some(millis) => options(&[("signal", abort_after(millis))]),
        None => options(&[]),
    };
    locks.request(name, &options, held)
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

/// A text; none where the value is none or is longer than `most` UTF-16 units, which is then not copied.
pub(crate) fn text_of(value: &JsValue, most: usize) -> Option<String> {
    let text = value.dyn_ref::<js_sys::JsString>()?;
    (text.length() as usize <= most).then(|| String::from(text))
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
