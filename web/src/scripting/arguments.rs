//! What scripts hand over, checked: an error names the argument and what it should have been.

use crate::lab::links::LinkSettings;
use js_sys::{Array, Error, Function, Reflect, Uint8Array};
use terrarium_core::interface::{NodeId, Role};
use wasm_bindgen::{JsCast, JsValue};

/// An error for a script.
pub(super) fn error(message: impl AsRef<str>) -> JsValue {
    Error::new(message.as_ref()).into()
}

/// A node id, as a number or a string.
pub(super) fn node_id(value: &JsValue, name: &str) -> Result<NodeId, JsValue> {
    let text = match (value.as_string(), value.as_f64()) {
        (Some(text), _) => text,
        (None, Some(number)) => number.to_string(),
        (None, None) => return Err(wrong(name, "a node id", value)),
    };
    text.parse::<NodeId>().map_err(|refused| error(format!("{name}: {refused}")))
}

/// A text.
pub(super) fn text(value: &JsValue, name: &str) -> Result<String, JsValue> {
    value.as_string().ok_or_else(|| wrong(name, "a string", value))
}

/// A finite number that is not negative.
pub(super) fn amount(value: &JsValue, name: &str) -> Result<f64, JsValue> {
    let fits = |number: &f64| number.is_finite() && *number >= 0.0;
    value.as_f64().filter(fits).ok_or_else(|| wrong(name, "a number of 0 or more", value))
}

/// A function.
pub(super) fn function(value: &JsValue, name: &str) -> Result<Function, JsValue> {
    value.dyn_ref::<Function>().cloned().ok_or_else(|| wrong(name, "a function", value))
}

/// What `spawn` is asked for.
pub(super) struct Spawn {
    pub(super) id: NodeId,
    pub(super) role: Role,
    pub(super) start: bool,
}

/// `{ id, role, start }`: the role is `full` and the node is started unless it says otherwise.
pub(super) fn spawn(value: &JsValue) -> Result<Spawn, JsValue> {
    object(value, "spawn's argument", &["id", "role", "start"])?;
    let role = field(value, "role");
    let start = field(value, "start");
    Ok(Spawn {
        id: node_id(&field(value, "id"), "id")?,
        role: if role.is_undefined() { Role::Full } else { self::role(&role)? },
        start: if start.is_undefined() { true } else { flag(&start, "start")? },
    })
}

/// `{ latencyMs, jitterMs, bandwidth, cut }`: what is left out is perfect.
pub(super) fn link_settings(value: &JsValue) -> Result<LinkSettings, JsValue> {
    object(value, "the link's settings", &["latencyMs", "jitterMs", "bandwidth", "cut"])?;
    let number = |name: &str| match field(value, name) {
        absent if absent.is_undefined() => Ok(0.0),
        given => amount(&given, name),
    };
    let cut = field(value, "cut");
    Ok(LinkSettings {
        latency_ms: number("latencyMs")?,
        jitter_ms: number("jitterMs")?,
        bandwidth: number("bandwidth")?,
        cut: if cut.is_undefined() { false } else { flag(&cut, "cut")? },
    })
}

/// `[["3000"], ["3001", "3002"]]`: no node in two groups.
pub(super) fn groups(value: &JsValue) -> Result<Vec<Vec<NodeId>>, JsValue> {
    let list = |value: &JsValue| {
        let wrong = || wrong("groups", "an array of arrays of node ids", value);
        value.dyn_ref::<Array>().cloned().ok_or_else(wrong)
    };
    let mut seen = Vec::new();
    let mut groups = Vec::new();
    for group in list(value)?.iter() {
        let ids = list(&group)?.iter().map(|id| node_id(&id, "groups")).collect::<Result<Vec<_>, _>>()?;
        for id in &ids {
            if seen.contains(id) {
                return Err(error(format!("groups: node {id} is named twice")));
            }
            seen.push(*id);
        }
        groups.push(ids);
    }
    Ok(groups)
}

/// `{ keys }`: whether a lab file has the wallets' keys; it has none unless that is said.
pub(super) fn with_keys(value: &JsValue) -> Result<bool, JsValue> {
    if value.is_undefined() {
        return Ok(false);
    }
    object(value, "saveLab's argument", &["keys"])?;
    let keys = field(value, "keys");
    if keys.is_undefined() { Ok(false) } else { flag(&keys, "keys") }
}

/// `{ keys: true }`: whoever takes a trace says that they know what it has.
pub(super) fn knows_of_keys(value: &JsValue) -> Result<(), JsValue> {
    const KNOW: &str = "a trace has the wallet's private keys, whoever has it can spend their coins: { keys: true } says that you know";
    if value.is_undefined() {
        return Err(error(KNOW));
    }
    object(value, "trace's second argument", &["keys"])?;
    let keys = field(value, "keys");
    if !keys.is_undefined() && flag(&keys, "keys")? { Ok(()) } else { Err(error(KNOW)) }
}

/// A `Uint8Array`.
pub(super) fn bytes(value: &JsValue, name: &str) -> Result<Vec<u8>, JsValue> {
    let array = value.dyn_ref::<Uint8Array>().ok_or_else(|| wrong(name, "a Uint8Array", value))?;
    Ok(array.to_vec())
}

fn role(value: &JsValue) -> Result<Role, JsValue> {
    let role = value.as_string().and_then(|name| Role::named(&name));
    role.ok_or_else(|| wrong("role", "one of \"full\", \"miner\", \"wallet\", \"central\", \"spv\"", value))
}

pub(super) fn flag(value: &JsValue, name: &str) -> Result<bool, JsValue> {
    value.as_bool().ok_or_else(|| wrong(name, "true or false", value))
}

/// A plain object with none but the known keys, so that a misspelt one is not silently ignored.
fn object(value: &JsValue, name: &str, known: &[&str]) -> Result<(), JsValue> {
    if !value.is_object() || Array::is_array(value) {
        return Err(wrong(name, "an object", value));
    }
    // A proxy may refuse to name its keys.
    let keys = Reflect::own_keys(value).map_err(|_| error(format!("{name} cannot be read")))?;
    match keys.iter().filter_map(|key| key.as_string()).find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(error(format!("{name} has an unknown key '{key}': {} are known", known.join(", ")))),
        None => Ok(()),
    }
}

fn field(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn wrong(name: &str, expected: &str, value: &JsValue) -> JsValue {
    let kind = if value.is_null() {
        "null".to_owned()
    } else {
        String::from(value.js_typeof().unchecked_ref::<js_sys::JsString>())
    };
    error(format!("{name} must be {expected}, not {kind}"))
}
