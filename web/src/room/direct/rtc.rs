//! One WebRTC connection with one channel, ordered and reliable, on which both ends agreed beforehand.

use super::links::News;
use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use std::rc::Rc;
use terrarium_link::direct::{MAX_PIECE, pieces};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Event, MessageEvent, RtcConfiguration, RtcDataChannel, RtcDataChannelInit, RtcDataChannelState,
    RtcDataChannelType, RtcIceCandidateInit, RtcIceServer, RtcPeerConnection, RtcPeerConnectionIceEvent,
    RtcPeerConnectionState, RtcSdpType, RtcSessionDescriptionInit,
};

/// Bytes that may wait in the browser for a slow network; a frame that comes beyond them is lost, which ends its session.
/// Chromium gives a channel up at 16 MB.
const MAX_WAITING: usize = 8 * 1024 * 1024;

/// Is told what a connection says.
pub(super) type Hear = Rc<dyn Fn(News)>;

/// The channel broke while a frame was half sent.
#[derive(Debug)]
pub(super) struct Broken;

/// A connection. Dropping it closes it, and nothing more is heard of it but what was under way.
pub(super) struct Rtc {
    connection: RtcPeerConnection,
    channel: RtcDataChannel,
    _on_event: Closure<dyn FnMut(Event)>,
    _on_candidate: Closure<dyn FnMut(RtcPeerConnectionIceEvent)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

/// Whether this browser has WebRTC.
pub(super) fn is_supported() -> bool {
    let name = JsValue::from_str("RTCPeerConnection");
    Reflect::get(&js_sys::global(), &name).is_ok_and(|value| value.is_function())
}

impl Rtc {
    /// Makes a connection and describes it, for the other end to answer.
    ///
    /// # Errors
    /// The browser refuses.
    pub(super) fn offer(stun: &[String], hear: &Hear) -> Result<Self, JsValue> {
        let rtc = Self::new(stun, hear)?;
        let (connection, hear) = (rtc.connection.clone(), Rc::clone(hear));
        attempt(Rc::clone(&hear), async move {
            let described = JsFuture::from(connection.create_offer()).await?;
            describe(&connection, &described, &hear).await
        });
        Ok(rtc)
    }

    /// Makes a connection that answers a description.
    ///
    /// # Errors
    /// The browser refuses.
    pub(super) fn answer(stun: &[String], offer: &str, hear: &Hear) -> Result<Self, JsValue> {
        let rtc = Self::new(stun, hear)?;
        let (connection, hear) = (rtc.connection.clone(), Rc::clone(hear));
        let offered = connection.set_remote_description(&description(RtcSdpType::Offer, offer));
        attempt(Rc::clone(&hear), async move {
            JsFuture::from(offered).await?;
            let described = JsFuture::from(connection.create_answer()).await?;
            describe(&connection, &described, &hear).await
        });
        Ok(rtc)
    }

    fn new(stun: &[String], hear: &Hear) -> Result<Self, JsValue> {
        let configuration = RtcConfiguration::new();
        let servers = stun.iter().map(|url| {
            let server = RtcIceServer::new();
            server.set_urls(&JsValue::from_str(url));
            server
        });
        configuration.set_ice_servers(&servers.collect::<Array>());
        let connection = RtcPeerConnection::new_with_configuration(&configuration)?;
        let agreed = RtcDataChannelInit::new();
        agreed.set_negotiated(true);
        agreed.set_id(0);
        let channel = connection.create_data_channel_with_data_channel_dict("frames", &agreed);
        channel.set_binary_type(RtcDataChannelType::Arraybuffer);
        let on_event = on_event(&connection, Rc::clone(hear));
        let on_candidate = on_candidate(Rc::clone(hear));
        let hear = Rc::clone(hear);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            // What is no bytes, or too long to be a piece, is not even copied.
            match data.dyn_ref::<ArrayBuffer>() {
                Some(buffer) if buffer.byte_length() as usize <= MAX_PIECE => {
                    hear(News::Message(Uint8Array::new(buffer).to_vec()));
                }
                _ => hear(News::Message(Vec::new())),
            }
        });
        channel.set_onopen(Some(on_event.as_ref().unchecked_ref()));
        channel.set_onclose(Some(on_event.as_ref().unchecked_ref()));
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        connection.set_onicecandidate(Some(on_candidate.as_ref().unchecked_ref()));
        connection.set_onconnectionstatechange(Some(on_event.as_ref().unchecked_ref()));
        Ok(Self {
            connection,
            channel,
            _on_event: on_event,
            _on_candidate: on_candidate,
            _on_message: on_message,
        })
    }

    /// Takes in the other end's answer.
    pub(super) fn accept(&self, answer: &str, hear: &Hear) {
        let accepted = self.connection.set_remote_description(&description(RtcSdpType::Answer, answer));
        attempt(Rc::clone(hear), async move { JsFuture::from(accepted).await.map(drop) });
    }

    /// Takes in where the other end may be reached.
    pub(super) fn add_candidate(&self, line: u16, text: &str) {
        let candidate = RtcIceCandidateInit::new(text);
        candidate.set_sdp_m_line_index(Some(line));
        let added = self.connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&candidate));
        // One that leads nowhere, or means nothing, is one way less.
        spawn_local(async move { drop(JsFuture::from(added).await) });
    }

    /// Sends a frame, unless too much waits already.
    ///
    /// # Errors
    /// [`Broken`]: nothing more can be sent.
    pub(super) fn send(&self, frame: &[u8]) -> Result<(), Broken> {
        if self.channel.ready_state() != RtcDataChannelState::Open {
            return Err(Broken);
        }
        if self.channel.buffered_amount() as usize + frame.len() > MAX_WAITING {
            return Ok(());
        }
        pieces(frame).try_for_each(|piece| self.channel.send_with_u8_array(&piece)).map_err(|_| Broken)
    }
}

impl Drop for Rtc {
    fn drop(&mut self) {
        self.channel.set_onopen(None);
        self.channel.set_onclose(None);
        self.channel.set_onmessage(None);
        self.connection.set_onicecandidate(None);
        self.connection.set_onconnectionstatechange(None);
        self.connection.close();
    }
}

/// Hears of the channel coming up and ending, and of the connection failing.
fn on_event(connection: &RtcPeerConnection, hear: Hear) -> Closure<dyn FnMut(Event)> {
    let connection = connection.clone();
    Closure::new(move |event: Event| match event.type_().as_str() {
        "open" => hear(News::Open),
        "close" => hear(News::Closed),
        _ if connection.connection_state() == RtcPeerConnectionState::Failed => hear(News::Closed),
        _ => {}
    })
}

fn on_candidate(hear: Hear) -> Closure<dyn FnMut(RtcPeerConnectionIceEvent)> {
    Closure::new(move |event: RtcPeerConnectionIceEvent| match event.candidate() {
        None => hear(News::Gathered),
        // An empty one says that one way of looking has come to its end.
        Some(candidate) if candidate.candidate().is_empty() => {}
        Some(candidate) => {
            hear(News::Candidate(candidate.sdp_m_line_index().unwrap_or(0), candidate.candidate()));
        }
    })
}

/// Tells the other end the description before the browser begins to look for candidates, which belong behind it.
async fn describe(connection: &RtcPeerConnection, described: &JsValue, hear: &Hear) -> Result<(), JsValue> {
    let text = Reflect::get(described, &JsValue::from_str("sdp"))?;
    hear(News::Described(text.as_string().unwrap_or_default()));
    let set = connection.set_local_description(described.unchecked_ref());
    JsFuture::from(set).await.map(drop)
}

/// Does what the browser may refuse.
fn attempt(hear: Hear, work: impl Future<Output = Result<(), JsValue>> + 'static) {
    spawn_local(async move {
        if work.await.is_err() {
            hear(News::Closed);
        }
    });
}

fn description(kind: RtcSdpType, text: &str) -> RtcSessionDescriptionInit {
    let description = RtcSessionDescriptionInit::new(kind);
    description.set_sdp(text);
    description
}
