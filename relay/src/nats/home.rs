//! Rooms of this relay: seats for browsers of other relays, and frames that come from those.

use super::{Ask, GONE, Nats, SEEN, ask, down, number, to, up};
use crate::connection::Place;
use crate::line::Work;
use crate::lobby::Lobby;
use crate::log;
use crate::room::{Guest, Room, Seat};
use async_nats::Subscriber;
use axum::body::Bytes;
use futures_util::StreamExt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Weak};
use std::time::Duration;
use terrarium_link::Header;
use terrarium_link::room::{MAX_TEXT, ROOM_VERSION, Refusal, ToBrowser, ToRelay, frame_of};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often it is looked whether a room is still there.
const LOOK: Duration = Duration::from_secs(60);
/// The most page addresses of another relay that are passed on.
const MAX_URLS: usize = 8;

/// Takes in frames from other relays for one browser of this relay, until it is dropped.
#[derive(Debug)]
pub(crate) struct Listening(AbortHandle);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Nats {
    /// Answers other relays that ask for seats in a room of this one, for as long as there is the room.
    pub(crate) async fn host(self: &Arc<Self>, lobby: &Arc<Lobby>, room: &Arc<Room>) {
        if let Some(asks) = self.subscribe(ask(room.code())).await {
            self.spawn(answer(Arc::clone(self), Arc::downgrade(lobby), Arc::downgrade(room), asks));
        }
    }

    /// Takes in frames from other relays for a browser of this one.
    pub(crate) async fn listen(self: &Arc<Self>, seat: &Seat) -> Option<Listening> {
        let address = seat.address();
        let mut frames = self.subscribe(to(seat.room.code(), number(address))).await?;
        let room = Arc::downgrade(&seat.room);
        let listening = async move {
            while let Some(message) = frames.next().await {
                let Some(room) = room.upgrade() else { return };
                let header = frame_of(&message.payload).and_then(|frame| Header::decode(frame).ok());
                if let Some(header) = header.filter(|header| header.to.ip == address) {
                    room.deliver(header.from.ip, address, message.payload);
                }
            }
        };
        Some(Listening(self.spawn(listening)))
    }
}

async fn answer(nats: Arc<Nats>, lobby: Weak<Lobby>, room: Weak<Room>, mut asks: Subscriber) {
    let mut look = interval(LOOK);
    loop {
        let message = tokio::select! {
            message = asks.next() => message,
            _ = look.tick() => match room.strong_count() {
                0 => return,
                _ => continue,
            },
        };
        let Some(message) = message else { return };
        let (Some(lobby), Some(room)) = (lobby.upgrade(), room.upgrade()) else { return };
        if let Some(reply) = message.reply {
            let nats_of = Arc::clone(&nats);
            nats.spawn(take_in(nats_of, lobby, room, message.payload, reply.to_string()));
        }
    }
}

/// Gives a browser of another relay a seat, if it may have one, and serves it.
async fn take_in(nats: Arc<Nats>, lobby: Arc<Lobby>, room: Arc<Room>, ask: Bytes, reply: String) {
    match admit(&nats, &lobby, &room, &ask).await {
        Ok((seat, session, words)) => {
            let address = seat.address();
            nats.publish(reply, Bytes::copy_from_slice(&address)).await;
            log::info(format_args!(
                "{} is in room {} by another relay",
                Ipv4Addr::from(address),
                room.code()
            ));
            serve(&nats, &lobby, &seat, session, words).await;
            log::info(format_args!("{} has left room {}", Ipv4Addr::from(address), room.code()));
        }
        Err(reason) => {
            lobby.metrics.refused.add(1);
            nats.publish(reply, ToBrowser::Refused(reason).encode().into()).await;
        }
    }
}

async fn admit(
    nats: &Nats,
    lobby: &Lobby,
    room: &Arc<Room>,
    ask: &[u8],
) -> Result<(Seat, u64, Subscriber), Refusal> {
    let Ask { limited, session, mut urls, join } =
        serde_json::from_slice(ask).map_err(|_| Refusal::Malformed)?;
    if ToRelay::version_of(&join).is_some_and(|version| version != ROOM_VERSION) {
        return Err(Refusal::Version);
    }
    let Ok(ToRelay::Join { page, code, pass, token, name, .. }) = ToRelay::decode(&join) else {
        return Err(Refusal::Malformed);
    };
    urls.retain(|url| url.len() <= MAX_TEXT);
    urls.truncate(MAX_URLS);
    let guest = Guest { page, pass, token, name, urls };
    if limited && !room.knows(&guest) {
        return Err(Refusal::TooManyTries);
    }
    if code != room.code() {
        return Err(Refusal::NoRoom);
    }
    let words = nats.subscribe(up(code, session)).await.ok_or(Refusal::NoRoom)?;
    Ok((lobby.seat(room, &guest).await?, session, words))
}

/// Passes on what a browser of another relay says and what it is told, until either end has gone.
async fn serve(nats: &Nats, lobby: &Lobby, seat: &Seat, session: u64, mut words: Subscriber) {
    let subject = down(seat.room.code(), session);
    let beat_time = lobby.limits.heartbeat;
    let mut beat = interval(beat_time);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut heard, breaks) = (Instant::now(), nats.breaks());
    loop {
        tokio::select! {
            work = seat.line.next() => match work {
                Work::Send(messages) => for message in messages {
                    if !nats.publish(subject.clone(), message).await {
                        lobby.metrics.overflow.add(1);
                    }
                },
                Work::Ping => {
                    nats.publish(subject.clone(), Bytes::new()).await;
                }
                Work::End(reason) => {
                    nats.publish(subject, ToBrowser::End(reason).encode().into()).await;
                    return;
                }
            },
            message = words.next() => {
                let Some(message) = message else { return };
                heard = Instant::now();
                match &*message.payload {
                    GONE => return,
                    SEEN => seat.line.hear(),
                    // Its relay is there; whether the browser is, it says when it is asked.
                    [] => {}
                    _ => drop(seat.take(message.payload, lobby)),
                }
            }
            _ = beat.tick() => {
                // After a break it may have missed something: it asks for its seat again and is told all.
                if heard.elapsed() > 3 * beat_time || nats.breaks() != breaks {
                    return;
                }
                nats.publish(subject.clone(), seat.room.time().encode().into()).await;
            }
        }
    }
}
