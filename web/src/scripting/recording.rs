//! Recording nodes from scripts.

use super::object::{function, promising};
use super::{Fields, arguments, of_node, refused};
use crate::lab::Lab;
use wasm_bindgen::JsValue;

pub(super) fn fields(lab: Lab) -> Fields {
    let stop = function(move |[id, ..]| {
        let stopped = lab.stop_recording(arguments::node_id(&id, "id")?);
        stopped.map(|()| JsValue::UNDEFINED).map_err(refused)
    });
    let trace = promising(move |[id, options, _]| async move {
        let id = arguments::node_id(&id, "id")?;
        arguments::knows_of_keys(&options)?;
        lab.trace(id).map(JsValue::from).map_err(refused)
    });
    vec![
        ("record", of_node(move |id| async move { lab.record(id).await })),
        ("stopRecording", stop),
        ("trace", trace),
    ]
}
