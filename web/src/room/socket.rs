//! One WebSocket to the relay.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, Event, MessageEvent, WebSocket};

/// Bytes that may wait in the browser for a slow network; what comes beyond them is lost, which ends its session.
const MAX_WAITING: u32 = 16 * 1024 * 1024;

/// What happens to it.
pub(super) enum SocketNews {
    /// It is up.
    Open,
    /// A message came.
    Message(Vec<u8>),
    /// It is gone, or never came up.
    Closed,
}

/// A connection. Dropping it closes it, and nothing more is heard of it.
pub(super) struct Socket {
    socket: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_event: Closure<dyn FnMut(Event)>,
}

impl Socket {
    /// Begins to connect; `hear` gets all that follows.
    ///
    /// # Errors
    /// An address that is none.
    pub(super) fn open(url: &str, hear: impl Fn(SocketNews) + Clone + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_message = {
            let hear = hear.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                // The relay sends bytes alone.
                if let Some(buffer) = event.data().dyn_ref::<ArrayBuffer>() {
                    hear(SocketNews::Message(Uint8Array::new(buffer).to_vec()));
                }
            })
        };
        let on_event = Closure::<dyn FnMut(Event)>::new(move |event: Event| match event.type_().as_str() {
            "open" => hear(SocketNews::Open),
            _ => hear(SocketNews::Closed),
        });
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onopen(Some(on_event.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_event.as_ref().unchecked_ref()));
        Ok(Self { socket, _on_message: on_message, _on_event: on_event })
    }

    /// Sends a message, if it is up and not too much waits already.
    pub(super) fn send(&self, message: &[u8]) -> bool {
        let is_open =
            self.socket.ready_state() == WebSocket::OPEN && self.socket.buffered_amount() < MAX_WAITING;
        // One that is closing loses what is sent, as any network does.
        is_open && self.socket.send_with_u8_array(message).is_ok()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}
