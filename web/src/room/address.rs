//! What the page's address says of a room: `#room=ABC234`, in the teacher's link with `&teacher=` behind it.

use leptos::prelude::{document, window};
use terrarium_link::room::{RoomCode, Secret};

/// A room that the address names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Which.
    pub(crate) code: RoomCode,
    /// The teacher's token, from the teacher's link.
    pub(crate) token: Option<Secret>,
}

/// The room that the address names; none where it names none, or by what is no code.
pub(crate) fn asked() -> Option<Asked> {
    let hash = window().location().hash().ok()?;
    let code = field(&hash, "room")?.parse().ok()?;
    Some(Asked { code, token: field(&hash, "teacher").and_then(|text| Secret::from_hex(&text)) })
}

/// Shows no secret in the address any more.
pub(super) fn hide_secrets(code: RoomCode) {
    if let Ok(history) = window().history() {
        let address = format!("{}#room={code}", path());
        // An address that cannot be changed stays as the visitor opened it.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address));
    }
}

/// Opens the page in a room.
pub(crate) fn go_to(code: RoomCode) {
    let _ = window().location().set_hash(&format!("room={code}"));
    crate::browser::reload();
}

/// Opens the page without a room.
pub(crate) fn leave() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&path()));
    }
    crate::browser::reload();
}

/// The address of the room for others: this page's, or, where it is open under one that only this machine knows, one of
/// those that the relay named.
pub(crate) fn invitation(code: RoomCode, urls: &[String]) -> String {
    let location = window().location();
    let host = location.hostname().unwrap_or_default();
    let is_own = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    let own = format!("{}{}", location.origin().unwrap_or_default(), location.pathname().unwrap_or_default());
    let base = if is_own { urls.first().cloned().unwrap_or(own) } else { own };
    format!("{base}#room={code}")
}

/// Where the relay's WebSocket is; none where no relay serves this page.
pub(crate) fn socket_url() -> Option<String> {
    let meta = document().query_selector("meta[name=relay]").ok()??;
    if meta.get_attribute("content")?.is_empty() {
        return None;
    }
    let base = document().base_uri().ok()??;
    let top = &base[..=base.rfind('/')?];
    Some(format!("ws{}ws", top.strip_prefix("http")?))
}

fn path() -> String {
    let location = window().location();
    format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default())
}

fn field(hash: &str, name: &str) -> Option<String> {
    let fields = hash.trim_start_matches('#').split('&');
    let mut values = fields.filter_map(|field| field.split_once('='));
    values.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_address_are_found_by_name() {
        assert_eq!(field("#room=ABC234&teacher=00", "teacher").as_deref(), Some("00"));
        assert_eq!(field("#room=ABC234", "room").as_deref(), Some("ABC234"));
        assert_eq!(field("#join=x", "room"), None);
    }
}
