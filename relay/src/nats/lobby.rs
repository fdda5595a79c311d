//! What a lobby does where rooms are shared.

use super::home::Listening;
use super::{AwaySeat, Nats, NatsError};
use crate::lobby::Lobby;
use crate::room::{Guest, Room, Seat};
use std::net::IpAddr;
use std::sync::Arc;
use terrarium_link::room::{Refusal, RoomCode};

impl Lobby {
    /// The same lobby, its rooms shared at a server if one is named.
    pub(crate) async fn shared_at(mut self, server: Option<String>) -> Result<Self, NatsError> {
        if let Some(url) = server {
            self.nats = Some(Nats::connect(&url).await?);
        }
        Ok(self)
    }

    /// Lets other relays ask for seats in a room.
    pub(crate) async fn share(self: &Arc<Self>, room: &Arc<Room>) {
        if let Some(nats) = &self.nats {
            nats.host(self, room).await;
        }
    }

    /// Lets other relays ask for seats in every room.
    pub(crate) async fn share_all(self: &Arc<Self>) {
        for room in self.rooms() {
            self.share(&room).await;
        }
    }

    /// Takes in frames from other relays for a browser of this one, until what is returned is dropped.
    pub(crate) async fn listen(&self, seat: &Seat) -> Option<Listening> {
        self.nats.as_ref()?.listen(seat).await
    }

    /// A seat in a room of another relay, for a guest at `from`, where one may be wrong only so often, as with the rooms
    /// of this one. None where the room is of this relay, or no other is asked.
    pub(crate) async fn seek(
        &self,
        code: RoomCode,
        guest: &Guest,
        from: IpAddr,
    ) -> Option<Result<AwaySeat, Refusal>> {
        let nats = self.nats.as_ref()?;
        if self.get(code).is_some() {
            return None;
        }
        if !nats.is_up() {
            // Nobody was asked, so that nothing was guessed.
            return Some(Err(Refusal::NoRoom));
        }
        let limited = !self.begin_try(from);
        let ask = |limited| AwaySeat::take_up(self, nats, code, guest.clone(), limited);
        // A pass or a token may be invented: who shows one is a stranger until the home knows better.
        let is_stranger = guest.pass.is_none() && guest.token.is_none();
        let mut seat = if is_stranger { Err(Refusal::TooManyTries) } else { ask(true).await };
        if matches!(seat, Err(Refusal::TooManyTries)) && !limited && self.may_bring(from) {
            seat = ask(false).await;
        }
        match &seat {
            Err(Refusal::NoRoom) if limited => return Some(Err(Refusal::TooManyTries)),
            Err(Refusal::NoRoom) => {}
            _ if limited => {}
            _ => self.was_right(from),
        }
        Some(seat)
    }

    /// Tells browsers in rooms of other relays that this one goes.
    pub(crate) fn close_branches(&self) {
        if let Some(nats) = &self.nats {
            nats.close();
        }
    }

    /// Lets go of the server.
    pub(crate) async fn part(&self) {
        if let Some(nats) = &self.nats {
            nats.end().await;
        }
    }
}
