//! A host's transport: the very sessions of the browser, over lines that fail.

use std::collections::VecDeque;
use terrarium_core::interface::NodeId;
use terrarium_core::time::Mono;
use terrarium_link::Address;
use terrarium_worker::transport::{Sessions, Wire};

/// A host's connections.
pub(super) type Connections = terrarium_core::transport::Connections<Sessions<Outbox>>;

/// What a host has posted and the world has not carried yet; emptied by it after every step.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<(NodeId, Vec<u8>)>);

/// Connections of a host that is new; `entropy` is far from that of each of its other lives.
pub(super) fn connections(id: NodeId, entropy: u64) -> Connections {
    Connections::new(Sessions::new(id, entropy, Outbox::default()))
}

impl Outbox {
    /// The next frame, and to whom it goes.
    pub(super) fn take(&mut self) -> Option<(NodeId, Vec<u8>)> {
        self.0.pop_front()
    }
}

impl Wire for Outbox {
    fn reaches(&self, to: Address) -> bool {
        to == Address::loopback(to.port)
    }

    fn post(&mut self, _: Mono, to: Address, frame: Vec<u8>) {
        self.0.push_back((NodeId(to.port), frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::fault::FaultCounts;
    use crate::sim::link::{Lines, Link};
    use std::collections::BTreeMap;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use terrarium_core::time::Span;
    use terrarium_core::transport::contract::{self, ADDRESSES, Network};
    use terrarium_core::transport::{Now, Transport};

    /// How far time goes where nothing is on its way.
    const MOMENT: Span = Span::from_millis(10);

    /// Three hosts without nodes, and the lines between them.
    struct Lab {
        now: Mono,
        hosts: [Sessions<Outbox>; 3],
        lines: Lines,
        /// Frames on their way, by when they arrive and in which order they left.
        frames: BTreeMap<(Mono, u64), (NodeId, Vec<u8>)>,
        sent: u64,
    }

    impl Lab {
        fn new(link: Link) -> Self {
            let mut lines = Lines::new(1);
            lines.set_usual(link);
            let hosts = ADDRESSES.map(|address| {
                let id = NodeId(address.port());
                Sessions::new(id, u64::from(id.0) << 40, Outbox::default())
            });
            Self { now: Mono(0), hosts, lines, frames: BTreeMap::new(), sent: 0 }
        }

        fn carry_all(&mut self) {
            for (host, address) in self.hosts.iter_mut().zip(ADDRESSES) {
                while let Some((to, frame)) = host.wire_mut().take() {
                    let from = NodeId(address.port());
                    let mut faults = FaultCounts::default();
                    let (first, echo) = self.lines.carry(self.now, from, to, frame.len(), &mut faults);
                    for at in first.into_iter().chain(echo) {
                        self.sent += 1;
                        self.frames.insert((at, self.sent), (to, frame.clone()));
                    }
                }
            }
        }
    }

    impl Network for Lab {
        type Transport = Sessions<Outbox>;

        fn transport(&mut self, at: usize) -> &mut Sessions<Outbox> {
            &mut self.hosts[at]
        }

        fn now(&self) -> Now {
            Now::both(self.now)
        }

        async fn pass(&mut self) {
            self.carry_all();
            let next = self.frames.first_key_value().map(|((at, _), _)| *at);
            self.now = self.now.max(next.unwrap_or(self.now + MOMENT));
            let now = self.now();
            while let Some(entry) = self.frames.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let (to, frame) = entry.remove();
                let at = ADDRESSES.iter().position(|address| address.port() == to.0);
                self.hosts[at.expect("hosts post to each other")].receive(now, frame);
            }
            self.hosts.iter_mut().for_each(|host| host.tick(now));
        }
    }

    fn keeps_the_contract(link: Link) {
        let suite = pin!(contract::run(async |_: &str| Lab::new(link)));
        let outcome = suite.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(outcome, Poll::Ready(()), "virtual time never waits");
    }

    #[test]
    fn sessions_over_the_usual_line_keep_the_contract() {
        keeps_the_contract(Link::default());
    }

    #[test]
    fn sessions_over_a_slow_and_unsteady_line_keep_the_contract() {
        let millis = Span::from_millis;
        keeps_the_contract(Link { latency: millis(200), jitter: millis(300), ..Link::default() });
    }
}
