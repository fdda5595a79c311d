//! Entering a room for the first time, from a page that is in none.

use super::Failure;
use super::address::socket_url;
use super::record::Record;
use super::socket::{Socket, SocketNews};
use futures_channel::oneshot;
use std::cell::RefCell;
use std::rc::Rc;
use terrarium_link::room::{ROOM_VERSION, RoomCode, ToBrowser, ToRelay};

/// Makes a room, or looks whether one lets this browser in, and remembers the place there; the page is to be opened anew
/// in it.
pub(crate) async fn enter(first: ToRelay) -> Result<RoomCode, Failure> {
    let url = socket_url().ok_or(Failure::Unreachable)?;
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let socket: Rc<RefCell<Option<Socket>>> = Rc::default();
    let hear = {
        let socket = socket.clone();
        move |news: SocketNews| {
            let outcome = match news {
                SocketNews::Open => {
                    if let Some(socket) = &*socket.borrow() {
                        socket.send(&first.encode());
                    }
                    return;
                }
                SocketNews::Closed => Err(Failure::Unreachable),
                SocketNews::Message(bytes) => match ToBrowser::decode(&bytes) {
                    Ok(ToBrowser::Welcome { code, pass, token, by_hand, .. }) => {
                        Record { pass, token, by_hand }.save(code);
                        Ok(code)
                    }
                    Ok(ToBrowser::Refused(reason)) => Err(Failure::Refused(reason)),
                    _ => return,
                },
            };
            if let Some(sender) = sender.borrow_mut().take() {
                // Who asked may have gone.
                let _ = sender.send(outcome);
            }
        }
    };
    *socket.borrow_mut() = Some(Socket::open(&url, hear).map_err(|_| Failure::Unreachable)?);
    let outcome = receiver.await.unwrap_or(Err(Failure::Unreachable));
    socket.take();
    outcome
}

/// A message that makes a room whose chain has this block time, in seconds, or is made by hand.
pub(crate) fn creation(by_hand: bool, block_time: u16, name: String) -> ToRelay {
    ToRelay::Create { version: ROOM_VERSION, page: page_number(), by_hand, block_time, name }
}

/// A message that joins one.
pub(crate) fn joining(code: RoomCode, name: String) -> ToRelay {
    let record = Record::load(code);
    let (pass, token) = (record.map(|record| record.pass), record.and_then(|record| record.token));
    ToRelay::Join { version: ROOM_VERSION, page: page_number(), code, pass, token, name }
}

/// A number that no other page has.
pub(super) fn page_number() -> u64 {
    let mut bytes = [0; 8];
    // Where there is no generator a tab may be taken for another.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
