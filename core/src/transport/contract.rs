//! The contract of every [`Transport`], as a suite that runs over any of them: natively over memory and over the
//! simulator's lines, in a browser over BroadcastChannel. A rule that does not hold panics with its name.

use super::{Now, OpenError, SendError, Transport, TransportEvent};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where a suite's transports are.
pub const ADDRESSES: [SocketAddr; 3] = [loopback(3000), loopback(3001), loopback(3002)];

/// How often the suite lets a network pass something on while it waits for what must come.
const PATIENCE: usize = 5_000;

/// As [`PATIENCE`], while it sees that nothing comes.
const QUIET: usize = 50;

/// More than any transport passes on to an end that takes nothing.
const MUCH: usize = 8_000_000;

/// What a suite runs on: a transport at each of [`ADDRESSES`] that reaches the other two, all of them new.
pub trait Network {
    /// What is under test.
    type Transport: Transport;

    /// The transport at one of the addresses.
    fn transport(&mut self, at: usize) -> &mut Self::Transport;

    /// What time it is.
    fn now(&self) -> Now;

    /// Lets what is on its way get further and transports do what is due.
    fn pass(&mut self) -> impl Future<Output = ()>;
}

/// Runs the whole suite. `open` makes a network that no other of that name disturbs.
///
/// # Panics
/// Where a rule of the contract does not hold.
pub async fn run<N: Network>(open: impl AsyncFn(&str) -> N) {
    let trial = async |name: &str| Trial { network: open(name).await, heard: [const { Vec::new() }; 3] };
    both_ends_hear_of_a_session(trial("both").await).await;
    nobody_gets_in_where_nobody_listens(trial("deaf").await).await;
    what_cannot_be_reached_is_refused_at_once(trial("unreachable").await).await;
    bytes_arrive_whole_and_in_order(trial("order").await).await;
    sessions_do_not_mix(trial("mix").await).await;
    an_end_that_works_nothing_off_is_not_sent_more(trial("slow").await).await;
    one_backlog_does_not_hold_up_another_session(trial("backlog").await).await;
    what_waits_is_bounded(trial("bound").await).await;
    a_finish_comes_after_what_was_sent(trial("finish").await).await;
    a_close_is_heard_by_the_other_end_alone(trial("close").await).await;
    calls_for_a_session_that_is_gone_change_nothing(trial("gone").await).await;
}

async fn both_ends_hear_of_a_session<N: Network>(mut trial: Trial<N>) {
    let (session, accepted) = trial.connect(0, 1).await;
    assert_eq!(trial.heard[0], [TransportEvent::Opened { session }]);
    let from = ADDRESSES[0];
    assert_eq!(trial.heard[1], [TransportEvent::Accepted { session: accepted, from }], "with who opened it");
    trial.quiet().await;
    assert_eq!(trial.heard.each_ref().map(Vec::len), [1, 1, 0], "and nobody hears more");
}

async fn nobody_gets_in_where_nobody_listens<N: Network>(mut trial: Trial<N>) {
    let session = trial.open(0, 1);
    trial.until("a refusal is heard", |trial| trial.is_closed(0, session)).await;
    let (open, accepted) = trial.connect(0, 1).await;
    trial.network.transport(1).stop_listening();
    let session = trial.open(2, 1);
    trial.until("a refusal is heard", |trial| trial.is_closed(2, session)).await;
    trial.send(0, open, b"still open");
    trial.until("a session outlives the door", |trial| trial.received(1, accepted) == b"still open").await;
    assert!(!trial.is_closed(0, open));
}

async fn what_cannot_be_reached_is_refused_at_once<N: Network>(mut trial: Trial<N>) {
    for address in [ADDRESSES[0], loopback(0)] {
        let now = trial.network.now();
        let refused = trial.network.transport(0).open(now, address);
        assert_eq!(refused, Err(OpenError::Unreachable(address)));
    }
    trial.quiet().await;
    assert_eq!(trial.heard[0], [], "nothing follows an error");
}

async fn bytes_arrive_whole_and_in_order<N: Network>(mut trial: Trial<N>) {
    let (session, accepted) = trial.connect(0, 1).await;
    let sent: Vec<u8> = (0..5_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    for (piece, bytes) in sent.chunks(700_001).enumerate() {
        trial.send(0, session, bytes);
        trial.send(1, accepted, &[piece.to_le_bytes()[0]]);
    }
    trial.work_off_all(1, accepted, sent.len()).await;
    assert!(trial.received(1, accepted) == sent, "the same bytes");
    trial.until("answers arrive", |trial| trial.received(0, session) == [0, 1, 2, 3, 4, 5, 6, 7]).await;
    trial.until("all has left", |trial| trial.network.transport(0).unsent(session) == 0).await;
}

async fn sessions_do_not_mix<N: Network>(mut trial: Trial<N>) {
    let (first, at_first) = trial.connect(0, 1).await;
    let (second, at_second) = trial.connect(0, 1).await;
    let (back, at_back) = trial.connect(1, 0).await;
    let (other, at_other) = trial.connect(2, 1).await;
    trial.send(0, second, b"second");
    trial.send(0, at_back, b"back");
    trial.send(0, first, b"first");
    trial.send(2, other, b"other");
    let expected = [(at_second, "second"), (back, "back"), (at_first, "first"), (at_other, "other")];
    for (session, text) in expected {
        trial.until(text, |trial| trial.received(1, session) == text.as_bytes()).await;
    }
    trial.network.transport(0).close(first);
    trial.until("its end is heard", |trial| trial.is_closed(1, at_first)).await;
    trial.quiet().await;
    assert!([at_second, back, at_other].into_iter().all(|session| !trial.is_closed(1, session)));
}

async fn an_end_that_works_nothing_off_is_not_sent_more<N: Network>(mut trial: Trial<N>) {
    let (session, accepted) = trial.connect(0, 1).await;
    trial.send(0, session, &vec![7; MUCH]);
    trial
        .until("what has left arrives", |trial| {
            let unsent = trial.network.transport(0).unsent(session);
            unsent < MUCH && trial.received(1, accepted).len() == MUCH - unsent
        })
        .await;
    trial.quiet().await;
    let received = trial.received(1, accepted).len();
    assert!(received < MUCH, "all came before any was worked off");
    assert_eq!(trial.network.transport(0).unsent(session), MUCH - received, "the rest waits");
    trial.work_off_all(1, accepted, MUCH).await;
    trial.until("all has left", |trial| trial.network.transport(0).unsent(session) == 0).await;
}

async fn one_backlog_does_not_hold_up_another_session<N: Network>(mut trial: Trial<N>) {
    let (slow, _) = trial.connect(0, 1).await;
    let (quick, accepted) = trial.connect(0, 2).await;
    let (beside, beside_accepted) = trial.connect(0, 1).await;
    trial.send(0, slow, &vec![7; MUCH]);
    trial.send(0, quick, b"quick");
    trial.send(0, beside, b"beside");
    trial.until("another end is served", |trial| trial.received(2, accepted) == b"quick").await;
    trial.until("another session is", |trial| trial.received(1, beside_accepted) == b"beside").await;
}

async fn what_waits_is_bounded<N: Network>(mut trial: Trial<N>) {
    let (session, _) = trial.connect(0, 1).await;
    let piece = vec![7; 1 << 20];
    let now = trial.network.now();
    let refused = (0..100).find_map(|_| trial.network.transport(0).send(now, session, &piece).err());
    assert_eq!(refused, Some(SendError::Full));
    trial.network.transport(0).close(session);
    assert_eq!(trial.network.transport(0).unsent(session), 0, "a session that ended holds nothing");
}

async fn a_finish_comes_after_what_was_sent<N: Network>(mut trial: Trial<N>) {
    let (session, accepted) = trial.connect(0, 1).await;
    trial.send(0, session, &vec![7; 300_000]);
    trial.network.transport(0).finish(session);
    trial.until("the end is heard", |trial| trial.is_closed(1, accepted)).await;
    assert_eq!(trial.received(1, accepted).len(), 300_000);
    assert!(matches!(trial.heard[1].last(), Some(TransportEvent::Closed { .. })), "the end comes last");
    trial.quiet().await;
    assert_eq!(trial.heard[0].len(), 1, "who finishes hears nothing more");
}

async fn a_close_is_heard_by_the_other_end_alone<N: Network>(mut trial: Trial<N>) {
    let (session, accepted) = trial.connect(0, 1).await;
    trial.network.transport(1).close(accepted);
    trial.send(0, session, b"into the void");
    trial.until("the end is heard", |trial| trial.is_closed(0, session)).await;
    trial.quiet().await;
    assert_eq!(trial.heard.each_ref().map(Vec::len), [2, 1, 0]);
}

async fn calls_for_a_session_that_is_gone_change_nothing<N: Network>(mut trial: Trial<N>) {
    let (session, accepted) = trial.connect(0, 1).await;
    trial.network.transport(1).close(accepted);
    trial.until("the end is heard", |trial| trial.is_closed(0, session)).await;
    for (at, session) in [(0, session), (1, accepted)] {
        let now = trial.network.now();
        let transport = trial.network.transport(at);
        assert_eq!(transport.send(now, session, b"late"), Err(SendError::Ended));
        assert_eq!(transport.unsent(session), 0);
        transport.consume(session, 1);
        transport.finish(session);
        transport.close(session);
    }
    let (again, _) = trial.connect(0, 1).await;
    assert_ne!(again, session, "a name is not used twice");
    trial.quiet().await;
    assert_eq!(trial.heard.each_ref().map(Vec::len), [3, 2, 0]);
}

/// A network and what its three ends have heard.
struct Trial<N: Network> {
    network: N,
    heard: [Vec<TransportEvent<SessionOf<N>>>; 3],
}

type SessionOf<N> = <<N as Network>::Transport as Transport>::Session;

impl<N: Network> Trial<N> {
    fn open(&mut self, from: usize, to: usize) -> SessionOf<N> {
        let now = self.network.now();
        self.network.transport(from).open(now, ADDRESSES[to]).expect("the addresses reach each other")
    }

    /// A session between two ends, by its name at each.
    async fn connect(&mut self, from: usize, to: usize) -> (SessionOf<N>, SessionOf<N>) {
        self.network.transport(to).listen();
        let earlier = self.heard[to].len();
        let session = self.open(from, to);
        let opened = TransportEvent::Opened { session };
        self.until("a session opens", |trial| {
            trial.heard[from].contains(&opened) && trial.heard[to].len() > earlier
        })
        .await;
        match self.heard[to][earlier..] {
            [TransportEvent::Accepted { session: accepted, .. }] => (session, accepted),
            ref other => panic!("a session opens: {other:?}"),
        }
    }

    fn send(&mut self, at: usize, session: SessionOf<N>, bytes: &[u8]) {
        let now = self.network.now();
        // An end that has not heard yet that it is closed may learn it here.
        let sent = self.network.transport(at).send(now, session, bytes);
        assert_ne!(sent, Err(SendError::Full), "a transport takes {} bytes", bytes.len());
    }

    /// Works everything off as it comes, until so many bytes are there.
    async fn work_off_all(&mut self, at: usize, session: SessionOf<N>, len: usize) {
        let mut worked_off = 0;
        self.until("all arrives", |trial| {
            let received = trial.received(at, session).len();
            trial.network.transport(at).consume(session, received - worked_off);
            worked_off = received;
            received >= len
        })
        .await;
    }

    /// All bytes that an end has heard of a session.
    fn received(&self, at: usize, of: SessionOf<N>) -> Vec<u8> {
        let pieces = self.heard[at].iter().filter_map(|event| match event {
            TransportEvent::Data { session, bytes } if *session == of => Some(bytes.as_slice()),
            _ => None,
        });
        pieces.collect::<Vec<_>>().concat()
    }

    fn is_closed(&self, at: usize, of: SessionOf<N>) -> bool {
        let closed = |event: &TransportEvent<_>| matches!(event, TransportEvent::Closed { session, .. } if *session == of);
        self.heard[at].iter().any(closed)
    }

    /// Lets things happen until `done`.
    async fn until(&mut self, rule: &str, mut done: impl FnMut(&mut Self) -> bool) {
        for _ in 0..PATIENCE {
            self.listen();
            if done(self) {
                return;
            }
            self.network.pass().await;
        }
        panic!("{rule}: waited in vain");
    }

    /// Lets happen whatever still does.
    async fn quiet(&mut self) {
        for _ in 0..QUIET {
            self.listen();
            self.network.pass().await;
        }
        self.listen();
    }

    fn listen(&mut self) {
        for (at, heard) in self.heard.iter_mut().enumerate() {
            let now = self.network.now();
            heard.extend(std::iter::from_fn(|| self.network.transport(at).poll(now)));
        }
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}
