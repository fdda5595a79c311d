//! One WebSocket: its greeting, what it sends, what is sent to it, and its end.

use crate::limits::Bucket;
use crate::line::{Line, Work};
use crate::lobby::Lobby;
use crate::log;
use crate::room::{Guest, Seat};
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use terrarium_link::room::{
    self, ClassWish, End, FRAME, ROOM_VERSION, Refusal, RoomCode, ToBrowser, ToRelay,
};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

/// A server that is asked for more than this in one message is asked by no page of ours.
const MAX_HELLO: usize = 1_024;

/// Serves one browser until it goes or is told to.
pub(crate) async fn serve(mut socket: WebSocket, lobby: Arc<Lobby>, from: IpAddr, urls: Vec<String>) {
    lobby.metrics.opened.add(1);
    match greet(&mut socket, &lobby, from, urls).await {
        Ok(Some(Seated::Here(seat))) => {
            #[cfg(feature = "nats")]
            let _listening = lobby.listen(&seat).await;
            stay(socket, &lobby, &seat).await;
        }
        #[cfg(feature = "nats")]
        Ok(Some(Seated::Away(seat))) => stay(socket, &lobby, &seat).await,
        Ok(None) => {}
        Err(reason) => {
            lobby.metrics.refused.add(1);
            log::info(format_args!("refused: {reason}"));
            let farewell = [binary(&ToBrowser::Refused(reason)), Message::Close(None)];
            for message in farewell {
                // Who is gone already needs no farewell.
                let _ = timeout(lobby.limits.hello, socket.send(message)).await;
            }
        }
    }
    lobby.metrics.closed.add(1);
}

/// A browser's place in a room, of this relay or of another.
pub(crate) trait Place {
    /// What waits for the browser.
    fn line(&self) -> &Line;

    /// Its address.
    fn address(&self) -> [u8; 4];

    /// The room.
    fn code(&self) -> RoomCode;

    /// Does what a message of the browser asks.
    fn take(&self, body: Bytes, lobby: &Lobby) -> Taken;

    /// What time it is in the room, where this relay is the one to tell.
    fn time(&self) -> Option<ToBrowser>;
}

/// Where a browser has its place.
enum Seated {
    Here(Seat),
    #[cfg(feature = "nats")]
    Away(crate::nats::AwaySeat),
}

/// Serves a browser that is in a room.
async fn stay(socket: WebSocket, lobby: &Lobby, seat: &impl Place) {
    let address = std::net::Ipv4Addr::from(seat.address());
    log::info(format_args!("{address} is in room {}", seat.code()));
    talk(socket, lobby, seat).await;
    log::info(format_args!("{address} has left room {}", seat.code()));
}

/// The first message decides. None where none came.
async fn greet(
    socket: &mut WebSocket,
    lobby: &Arc<Lobby>,
    from: IpAddr,
    urls: Vec<String>,
) -> Result<Option<Seated>, Refusal> {
    let first = timeout(lobby.limits.hello, socket.recv()).await;
    let Ok(Some(Ok(message))) = first else { return Ok(None) };
    let Message::Binary(bytes) = message else { return Err(Refusal::Malformed) };
    if bytes.len() > MAX_HELLO {
        return Err(Refusal::Malformed);
    }
    if ToRelay::version_of(&bytes).is_some_and(|version| version != ROOM_VERSION) {
        return Err(Refusal::Version);
    }
    let (room, guest) = match ToRelay::decode(&bytes).map_err(|_| Refusal::Malformed)? {
        ToRelay::Create { page, by_hand, block_time, name, .. } => {
            let room = lobby.create((!by_hand).then_some(block_time), from)?;
            #[cfg(feature = "nats")]
            lobby.share(&room).await;
            let token = Some(room.token());
            (room, Guest { page, pass: None, token, name, urls })
        }
        ToRelay::Join { page, code, pass, token, name, .. } => {
            let guest = Guest { page, pass, token, name, urls };
            #[cfg(feature = "nats")]
            if let Some(sought) = lobby.seek(code, &guest, from).await {
                return sought.map(|seat| {
                    name_servers(lobby, seat.line());
                    Some(Seated::Away(seat))
                });
            }
            (lobby.find(code, &guest, from)?, guest)
        }
        ToRelay::Nodes(_)
        | ToRelay::Share(_)
        | ToRelay::Set(_)
        | ToRelay::Remove(_)
        | ToRelay::Signal { .. }
        | ToRelay::Class(_) => return Err(Refusal::Malformed),
    };
    let seat = lobby.seat(&room, &guest).await?;
    name_servers(lobby, &seat.line);
    Ok(Some(Seated::Here(seat)))
}

/// Tells a browser of servers beside the relay.
fn name_servers(lobby: &Lobby, line: &Line) {
    if let Some(servers) = lobby.servers() {
        // There is always room at a line's beginning.
        line.push(servers.encode().into(), &lobby.limits);
    }
}

/// Reads and writes side by side until either comes to an end.
async fn talk(socket: WebSocket, lobby: &Lobby, seat: &impl Place) {
    let (mut sink, stream) = socket.split();
    let reason = tokio::select! {
        reason = write(&mut sink, lobby, seat) => reason,
        reason = read(stream, lobby, seat) => reason,
    };
    if let Some(reason) = reason {
        log::info(format_args!("{}: {reason}", std::net::Ipv4Addr::from(seat.address())));
        let farewell = async {
            sink.send(binary(&ToBrowser::End(reason))).await?;
            sink.send(Message::Close(None)).await
        };
        // Who takes nothing is not waited for.
        let _ = timeout(Duration::from_secs(1), farewell).await;
    }
}

/// Sends what waits, pings, and tells the time.
async fn write(sink: &mut SplitSink<WebSocket, Message>, lobby: &Lobby, seat: &impl Place) -> Option<End> {
    let (limits, line) = (&lobby.limits, seat.line());
    let mut beat = interval(limits.ping);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.tick().await;
    'work: loop {
        let messages: Vec<Message> = tokio::select! {
            work = line.next() => match work {
                Work::Send(messages) => messages.into_iter().map(Message::Binary).collect(),
                Work::Ping => vec![Message::Ping(Bytes::new())],
                Work::End(reason) => return Some(reason),
            },
            _ = beat.tick() => {
                if u128::from(line.silent_ms()) > limits.silence.as_millis() {
                    return Some(End::Silent);
                }
                let time = seat.time().map(|time| binary(&time));
                [Message::Ping(Bytes::new())].into_iter().chain(time).collect()
            }
        };
        for message in messages {
            if line.has_ended() {
                continue 'work;
            }
            match timeout(limits.slow, sink.feed(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(End::TooSlow),
            }
        }
        match timeout(limits.slow, sink.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some(End::TooSlow),
        }
    }
}

/// Takes in what the browser sends, no faster than it may.
async fn read(mut stream: SplitStream<WebSocket>, lobby: &Lobby, seat: &impl Place) -> Option<End> {
    let limits = &lobby.limits;
    let began = Instant::now();
    let bucket = |rate: u32, most: u32| Bucket::full(f64::from(rate), f64::from(most), 0.0);
    let mut messages = bucket(limits.messages_per_second, limits.messages_per_second);
    let mut bytes = bucket(limits.bytes_per_second, limits.bytes_per_second);
    let mut news = bucket(limits.news_per_second, limits.news);
    let mut malformed = 0;
    while let Some(Ok(message)) = stream.next().await {
        seat.line().hear();
        let body = match message {
            Message::Binary(body) => body,
            Message::Close(_) => return None,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Text(text) => Bytes::from(text),
        };
        let now = began.elapsed().as_secs_f64();
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let mut wait = messages.spend(1.0, now).max(bytes.spend(f64::from(length), now));
        match seat.take(body, lobby) {
            Taken::Done => {}
            Taken::News => wait = wait.max(news.spend(1.0, now)),
            Taken::Refused => {
                malformed += 1;
                if malformed >= limits.malformed {
                    return Some(End::Malformed);
                }
            }
        }
        // A debt this small is not worth a timer.
        if wait > 0.002 {
            sleep(Duration::from_secs_f64(wait)).await;
        }
    }
    None
}

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It was done.
    Done,
    /// It was done, and may have gone to everybody in the room.
    News,
    /// It must not ask that, or asks nothing.
    Refused,
}

impl Taken {
    /// Done, or not.
    pub(crate) fn done(done: bool) -> Self {
        if done { Self::Done } else { Self::Refused }
    }
}

impl Place for Seat {
    fn line(&self) -> &Line {
        &self.line
    }

    fn address(&self) -> [u8; 4] {
        self.address()
    }

    fn code(&self) -> RoomCode {
        self.room.code()
    }

    fn time(&self) -> Option<ToBrowser> {
        Some(self.room.time())
    }

    fn take(&self, body: Bytes, lobby: &Lobby) -> Taken {
        take(body, lobby, self)
    }
}

/// Does what a message asks.
fn take(body: Bytes, lobby: &Lobby, seat: &Seat) -> Taken {
    if body.first() == Some(&FRAME) {
        return Taken::done(seat.route(body));
    }
    let message = if body.len() > room::MAX_MESSAGE { None } else { ToRelay::decode(&body).ok() };
    match message {
        Some(ToRelay::Nodes(nodes)) => {
            seat.set_nodes(nodes);
            // With the gateways the room's time goes on or stands still.
            lobby.touch();
            Taken::News
        }
        Some(ToRelay::Share(chain)) => obeyed(lobby, seat.share(chain)),
        Some(ToRelay::Set(settings)) => obeyed(lobby, seat.set(settings)),
        Some(ToRelay::Remove(address)) => obeyed(lobby, seat.remove(address)),
        Some(ToRelay::Signal { to, signal }) => {
            seat.signal(to, signal);
            Taken::Done
        }
        Some(ToRelay::Class(wish @ (ClassWish::Report(_) | ClassWish::Pick(_)))) => {
            let kept = matches!(wish, ClassWish::Pick(_));
            seat.class(wish);
            if kept {
                lobby.touch();
            }
            Taken::News
        }
        Some(ToRelay::Class(wish)) => obeyed(lobby, seat.class(wish)),
        Some(ToRelay::Create { .. } | ToRelay::Join { .. }) | None => {
            lobby.metrics.malformed.add(1);
            Taken::Refused
        }
    }
}

/// What came of a teacher's command: it may change what survives a restart, or came from somebody else.
fn obeyed(lobby: &Lobby, obeyed: bool) -> Taken {
    if obeyed {
        lobby.touch();
    } else {
        lobby.metrics.forbidden.add(1);
    }
    Taken::done(obeyed)
}

fn binary(message: &ToBrowser) -> Message {
    Message::Binary(message.encode().into())
}
