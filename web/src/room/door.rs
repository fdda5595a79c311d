//! Making a room or asking to be let into one, before the page is opened there.

use super::record::Record;
use super::socket::{Socket, SocketNews};
use super::{Failure, page_number, socket_url};
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

/// A message that makes a room.
pub(crate) fn creation(by_hand: bool, name: String) -> ToRelay {
    ToRelay::Create { version: ROOM_VERSION, page: page_number(), by_hand, name }
}

/// A message that joins one.
pub(crate) fn joining(code: RoomCode, name: String) -> ToRelay {
    let record = Record::load(code);
    let (pass, token) = (record.map(|record| record.pass), record.and_then(|record| record.token));
    ToRelay::Join { version: ROOM_VERSION, page: page_number(), code, pass, token, name }
}
