//! What time alone brings about: pings, connections to be opened, the end of those who are late, and when that is.

use super::network::Network;
use crate::time::{Mono, Time};
use rand_chacha::rand_core::Rng as _;

impl Network {
    /// When [`Network::step`] is to be called even if nothing happens.
    pub fn next_wakeup(&self) -> Option<Mono> {
        let judged = self.next_judgement().map(|deadline| self.deadlines.judgement_of(deadline));
        let others = [
            self.connections.next_wakeup(),
            self.discovery.next_wakeup(),
            self.fetches_end(),
            self.addresses.next_wakeup(),
            self.getblocks.next_wakeup(),
            self.transactions.next_wakeup(),
            self.relay.next_wakeup(),
            self.rebroadcast.next_wakeup(),
            self.watch.next_wakeup(),
        ];
        let others = others.into_iter().chain([self.compact.end_of_patience()]);
        judged.into_iter().chain(others.flatten()).min()
    }

    /// Everything that time alone brings about.
    pub(super) fn tick(&mut self, now: Time) {
        if self.deadlines.are_judged(now.mono) {
            self.judge_deadlines(now);
        }
        for peer in self.peers.to_ping(now.mono) {
            let nonce = self.rng.next_u64();
            if let Some(peer) = self.peers.get_mut(peer) {
                peer.send_ping(nonce, now.mono, &mut self.outbox);
            }
        }
        self.discover(now);
        let given_up =
            self.connections.dial(now, &self.peers, &mut self.discovery, &mut self.rng, &mut self.outbox);
        for address in given_up {
            self.undelivered(address);
        }
    }

    /// Ends the connections of those who are late.
    fn judge_deadlines(&mut self, now: Time) {
        if self.next_judgement().is_none_or(|deadline| deadline > now.mono) {
            return;
        }
        let unread = self.peers.unread();
        let mut late = self.peers.overdue(now.mono);
        late.extend(self.headers.overdue(now.mono));
        late.extend(self.download.overdue(&unread, now.mono));
        late.extend(self.compact.overdue(now.mono));
        for (peer, reason) in late.into_iter().filter(|(peer, _)| !unread.contains(peer)) {
            self.disconnect(peer, reason, now);
        }
    }

    /// The first deadline of a peer, or the first ping that is due.
    fn next_judgement(&self) -> Option<Mono> {
        let deadlines = [
            self.peers.next_wakeup(),
            self.headers.next_wakeup(),
            self.download.next_wakeup(),
            self.compact.next_wakeup(),
        ];
        deadlines.into_iter().flatten().min()
    }
}
