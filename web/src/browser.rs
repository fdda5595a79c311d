//! The few browser services that the page uses beside what Leptos wraps: clock, storage, address, clipboard, timers.
//! Each answers for browsers where the service is missing or refused (private mode, plain http).

use leptos::prelude::{document, window};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, HtmlInputElement};

/// The wall clock, in milliseconds since 1970.
pub(crate) fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// A value remembered by this browser; none where there is none or storage is refused.
pub(crate) fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Remembers a value; where storage is refused it is forgotten with the page.
pub(crate) fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// Forgets a remembered value.
pub(crate) fn forget(key: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.remove_item(key);
    }
}

/// Asks the browser, once, to keep this site's data when space runs short; it may ask the visitor.
pub(crate) fn ask_to_keep_data() {
    const ASKED: &str = "terrarium/persist";
    if remembered(ASKED).is_some() {
        return;
    }
    let storage = js_sys::Reflect::get(&window().navigator(), &JsValue::from_str("storage"));
    let Ok(storage) = storage else { return };
    let persist = js_sys::Reflect::get(&storage, &JsValue::from_str("persist"));
    // Plain http pages and old browsers have nothing to ask.
    let Some(persist) = persist.ok().and_then(|f| f.dyn_into::<js_sys::Function>().ok()) else { return };
    remember(ASKED, "asked");
    let answer = persist.call0(&storage).ok().and_then(|answer| answer.dyn_into::<js_sys::Promise>().ok());
    if let Some(answer) = answer {
        // Either answer leaves the page as it is.
        wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(answer).await) });
    }
}

/// A parameter of the page's address (`?name=value`).
pub(crate) fn query(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&search).ok()?.get(name)
}

/// Resolves after `ms` milliseconds.
pub(crate) async fn sleep(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        // A window that refuses timers is closing.
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
    });
    let _ = JsFuture::from(promise).await;
}

/// Whether the visitor asked for less motion.
pub(crate) fn wants_less_motion() -> bool {
    matches(&window(), "(prefers-reduced-motion: reduce)")
}

/// Whether this is a phone: small, and touched.
pub(crate) fn is_phone() -> bool {
    matches(&window(), "(pointer: coarse) and (max-width: 600px)")
}

/// What the system is asked for the theme.
const DARK: &str = "(prefers-color-scheme: dark)";

/// Whether the system prefers a dark page.
pub(crate) fn prefers_dark() -> bool {
    matches(&window(), DARK)
}

/// Whether nobody sees the page.
pub(crate) fn is_hidden() -> bool {
    document().hidden()
}

/// Calls `act` whenever the system begins or ceases to prefer a dark page.
pub(crate) fn on_change_of_dark(act: impl Fn() + 'static) {
    if let Ok(Some(list)) = window().match_media(DARK) {
        let changed = Closure::<dyn Fn()>::new(act);
        list.set_onchange(Some(changed.as_ref().unchecked_ref()));
        // As long as the page.
        changed.forget();
    }
}

fn matches(window: &web_sys::Window, query: &str) -> bool {
    window.match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Copies a text; answers whether that worked. Pages on plain http have no clipboard interface, there the old command
/// on a selected text area does it.
pub(crate) async fn copy(text: String) -> bool {
    let clipboard = js_sys::Reflect::get(&window().navigator(), &JsValue::from_str("clipboard"));
    if clipboard.is_ok_and(|found| found.is_object()) {
        let promise = window().navigator().clipboard().write_text(&text);
        if JsFuture::from(promise).await.is_ok() {
            return true;
        }
    }
    copy_by_selection(&text).unwrap_or(false)
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = document();
    let area: web_sys::HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("off-screen");
    let body = document.body()?;
    let focused = document.active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    body.append_child(&area).ok()?;
    area.select();
    let page: web_sys::HtmlDocument = document.dyn_into().ok()?;
    let copied = page.exec_command("copy").unwrap_or(false);
    area.remove();
    if let Some(focused) = focused {
        // Where it has gone there is nothing to come back to.
        let _ = focused.focus();
    }
    Some(copied)
}

/// Gives the visitor a file to keep.
pub(crate) fn download(name: &str, bytes: &[u8]) {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let Ok(blob) = web_sys::Blob::new_with_u8_array_sequence(&parts) else { return };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        let _ = link.set_attribute("href", &address);
        let _ = link.set_attribute("download", name);
        link.click();
    }
    // Some browsers read the bytes only once the visitor has said where they go.
    wasm_bindgen_futures::spawn_local(async move {
        sleep(60_000).await;
        let _ = web_sys::Url::revoke_object_url(&address);
    });
}

/// The day, for names of files: `2026-11-27`.
pub(crate) fn today() -> String {
    let now = String::from(js_sys::Date::new_0().to_iso_string());
    now.split('T').next().unwrap_or_default().to_owned()
}

/// A file that the visitor chose: its name and what is in it; no bytes where it cannot be read, none at all where nothing
/// was chosen.
pub(crate) async fn chosen_file(input: &HtmlInputElement) -> Option<(String, Option<Vec<u8>>)> {
    let file = input.files()?.get(0)?;
    let bytes = JsFuture::from(file.array_buffer()).await.ok();
    Some((file.name(), bytes.map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec())))
}

/// Asks the browser to delete an IndexedDB database and resolves when it has, or could not.
pub(crate) async fn delete_database(name: &str) {
    let Ok(Some(factory)) = window().indexed_db() else { return };
    let Ok(request) = factory.delete_database(name) else { return };
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&resolve));
        request.set_onblocked(Some(&resolve));
    });
    let _ = JsFuture::from(promise).await;
}

/// Whether the page can be loaded anew: it is a file, or its server answers, and not a cache of what it said before.
pub(crate) async fn can_reload() -> bool {
    let is_file = window().location().protocol().is_ok_and(|protocol| protocol == "file:");
    is_file || JsFuture::from(window().fetch_with_str(&format!("?now={}", now_ms()))).await.is_ok()
}

/// Loads the page anew.
pub(crate) fn reload() {
    let _ = window().location().reload();
}
