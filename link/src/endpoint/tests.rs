//! The rules of sessions, each on two endpoints whose frames the test carries by hand.

use super::*;
use crate::frame::DATA_HEADER_LEN;

const A: Address = Address::loopback(3000);
const B: Address = Address::loopback(3001);
const START: Duration = Duration::ZERO;

fn endpoint(address: Address) -> Endpoint {
    let limits =
        Limits { payload: 10, window: 40, send_queue: 100, inbound_sessions: 2, ..Limits::default() };
    Endpoint::new(address, u64::from(address.port) << 32, limits)
}

/// Drains an endpoint into the frames that it transmits and everything else.
fn drain(endpoint: &mut Endpoint) -> (Vec<Vec<u8>>, Vec<Output>) {
    let mut frames = Vec::new();
    let mut rest = Vec::new();
    while let Some(output) = endpoint.poll() {
        match output {
            Output::Transmit { frame, .. } => frames.push(frame),
            other => rest.push(other),
        }
    }
    (frames, rest)
}

/// Hands frames to an endpoint and drains it.
fn deliver(endpoint: &mut Endpoint, frames: &[Vec<u8>]) -> (Vec<Vec<u8>>, Vec<Output>) {
    for frame in frames {
        endpoint.handle_frame(START, frame.clone());
    }
    drain(endpoint)
}

/// The bytes of all data among the outputs.
fn received(outputs: &[Output]) -> Vec<u8> {
    let data = |output: &Output| match output {
        Output::Data { bytes, .. } => Some(bytes.to_vec()),
        _ => None,
    };
    outputs.iter().filter_map(data).flatten().collect()
}

fn close_reason(frame: &[u8]) -> Option<CloseReason> {
    match Frame::decode(frame).unwrap().body {
        Body::Close { reason } => Some(reason),
        _ => None,
    }
}

/// Two endpoints with one session, and its id at each.
fn connected() -> (Endpoint, SessionId, Endpoint, SessionId) {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    let at_a = a.open(START, B).unwrap();
    let (accept, outputs) = deliver(&mut b, &drain(&mut a).0);
    let [Output::Accepted { session: at_b, from: A }] = outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(deliver(&mut a, &accept), (vec![], vec![Output::Opened { session: at_a }]));
    (a, at_a, b, at_b)
}

#[test]
fn what_is_sent_before_the_accept_follows_it() {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    let session = a.open(START, B).unwrap();
    assert_eq!(a.send(START, session, b"hello"), Ok(5));
    let (open, _) = drain(&mut a);
    assert_eq!(open.len(), 1);
    let (accept, _) = deliver(&mut b, &open);
    let (data, _) = deliver(&mut a, &accept);
    assert_eq!(received(&deliver(&mut b, &data).1), b"hello");
}

#[test]
fn an_open_is_refused_with_its_reason() {
    let refusal = |b: &mut Endpoint| {
        let mut a = endpoint(A);
        let session = a.open(START, B).unwrap();
        let (frames, outputs) = deliver(b, &drain(&mut a).0);
        assert_eq!(outputs, []);
        match deliver(&mut a, &frames).1[..] {
            [Output::Closed { session: closed, reason }] if closed == session => reason,
            ref other => panic!("{other:?}"),
        }
    };
    let mut full = endpoint(B);
    for port in [1, 2] {
        let mut other = endpoint(Address::loopback(port));
        other.open(START, B).unwrap();
        deliver(&mut full, &drain(&mut other).0);
    }
    assert_eq!(refusal(&mut full), CloseReason::Full);

    let mut deaf = endpoint(B);
    deaf.stop_listening();
    assert_eq!(refusal(&mut deaf), CloseReason::NotListening);

    let mut cut = endpoint(B);
    cut.cut(A);
    assert_eq!(refusal(&mut cut), CloseReason::Cut);
    assert_eq!(cut.counters().refused, 1);
}

#[test]
fn an_open_that_nobody_answers_times_out() {
    let mut a = endpoint(A);
    let session = a.open(START, B).unwrap();
    drain(&mut a);
    let due = a.next_wakeup().unwrap();
    assert_eq!(due, Limits::default().open_timeout);
    a.handle_timeout(due - Duration::from_nanos(1));
    assert_eq!(a.poll(), None);
    a.handle_timeout(due);
    assert_eq!(drain(&mut a).1, [Output::Closed { session, reason: CloseReason::Timeout }]);
    assert_eq!(a.next_wakeup(), None);
}

#[test]
fn an_accept_that_comes_too_late_is_taken_back() {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    a.open(START, B).unwrap();
    let (accept, _) = deliver(&mut b, &drain(&mut a).0);
    a.handle_timeout(Limits::default().open_timeout);
    drain(&mut a);
    let (close, outputs) = deliver(&mut a, &accept);
    assert_eq!(outputs, []);
    assert!(matches!(
        deliver(&mut b, &close).1[..],
        [Output::Closed { reason: CloseReason::UnknownSession, .. }]
    ));
}

#[test]
fn who_was_not_there_for_an_open_answers_when_asked_again() {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    let session = a.open(START, B).unwrap();
    let (lost, _) = drain(&mut a);
    a.ask_again(B);
    let (asked, _) = drain(&mut a);
    assert_eq!(asked, lost);
    let (accept, outputs) = deliver(&mut b, &asked);
    assert!(matches!(outputs[..], [Output::Accepted { from: A, .. }]), "{outputs:?}");
    assert_eq!(deliver(&mut b, &lost), (vec![], vec![]), "one session, however often it is asked for");
    assert_eq!(deliver(&mut a, &accept), (vec![], vec![Output::Opened { session }]));
    a.ask_again(B);
    assert_eq!(drain(&mut a), (vec![], vec![]), "what is open is not asked for");
}

#[test]
fn no_session_is_opened_to_oneself_or_to_port_zero() {
    let mut a = endpoint(A);
    assert_eq!(a.open(START, A), Err(OpenError::BadAddress(A)));
    let nowhere = Address::loopback(0);
    assert_eq!(a.open(START, nowhere), Err(OpenError::BadAddress(nowhere)));
}

#[test]
fn a_cut_ends_sessions_at_both_ends_and_a_heal_allows_new_ones() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.cut(B);
    let (close, outputs) = drain(&mut a);
    assert_eq!(outputs, [Output::Closed { session: at_a, reason: CloseReason::Cut }]);
    assert_eq!(deliver(&mut b, &close).1, [Output::Closed { session: at_b, reason: CloseReason::Cut }]);
    assert_eq!(a.open(START, B), Err(OpenError::Cut(B)));
    a.heal(B);
    assert!(a.open(START, B).is_ok());
}

#[test]
fn sessions_with_a_peer_that_is_gone_end_and_new_ones_are_taken() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.abandon(B);
    let (close, outputs) = drain(&mut a);
    assert_eq!(outputs, [Output::Closed { session: at_a, reason: CloseReason::Gone }]);
    assert_eq!(deliver(&mut b, &close).1, [Output::Closed { session: at_b, reason: CloseReason::Gone }]);
    assert!(a.open(START, B).is_ok());
}

#[test]
fn a_frame_for_an_unknown_session_is_answered_with_close_and_a_close_with_nothing() {
    let (mut a, at_a, _, _) = connected();
    a.send(START, at_a, b"x").unwrap();
    let (data, _) = drain(&mut a);
    let mut reborn = endpoint(B);
    let (answer, _) = deliver(&mut reborn, &data);
    assert_eq!(close_reason(&answer[0]), Some(CloseReason::UnknownSession));
    let reason = CloseReason::UnknownSession;
    assert_eq!(deliver(&mut a, &answer), (vec![], vec![Output::Closed { session: at_a, reason }]));
    assert_eq!(deliver(&mut a, &answer), (vec![], vec![]));
}

#[test]
fn closing_tells_the_other_end_and_not_the_host() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.close(at_a);
    let (close, outputs) = drain(&mut a);
    assert_eq!(outputs, []);
    assert_eq!(deliver(&mut b, &close).1, [Output::Closed { session: at_b, reason: CloseReason::Closed }]);
    assert_eq!(a.send(START, at_a, b"late"), Err(UnknownSession));
}

#[test]
fn a_doubled_open_that_outlives_its_session_cannot_mix_two_streams() {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    a.open(START, B).unwrap();
    let (open, _) = drain(&mut a);
    let (accept, outputs) = deliver(&mut b, &open);
    let [Output::Accepted { session: first, .. }] = outputs[..] else { panic!("{outputs:?}") };
    deliver(&mut a, &accept);
    b.send(START, first, b"1").unwrap();
    assert_eq!(received(&deliver(&mut a, &drain(&mut b).0).1), b"1");

    b.close(first);
    let (_lost_close, _) = drain(&mut b);
    let (_lost_accept, outputs) = deliver(&mut b, &open);
    let [Output::Accepted { session: second, .. }] = outputs[..] else { panic!("{outputs:?}") };
    b.send(START, second, b"0123456789abcdef").unwrap();
    let (answers, outputs) = deliver(&mut a, &drain(&mut b).0);
    assert_eq!(received(&outputs), b"");
    assert!(matches!(deliver(&mut b, &answers).1[..], [Output::Closed { session, .. }] if session == second));
}

#[test]
fn data_before_the_accept_ends_the_session() {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    let at_a = a.open(START, B).unwrap();
    let (_late_accept, outputs) = deliver(&mut b, &drain(&mut a).0);
    let [Output::Accepted { session: at_b, .. }] = outputs[..] else { panic!("{outputs:?}") };
    b.send(START, at_b, b"x").unwrap();
    let (close, outputs) = deliver(&mut a, &drain(&mut b).0);
    let reason = CloseReason::NotAccepted;
    assert_eq!(outputs, [Output::Closed { session: at_a, reason }]);
    assert_eq!(deliver(&mut b, &close).1, [Output::Closed { session: at_b, reason }]);
}

#[test]
fn a_sender_that_ignores_its_credit_is_closed() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.send(START, at_a, &[7; 100]).unwrap();
    let (frames, _) = drain(&mut a);
    assert_eq!(frames.len(), 4, "the window is four frames");
    let Frame { header, .. } = Frame::decode(&frames[0]).unwrap();
    let extra = Frame { header, body: Body::Data { sequence: 4, payload: &[7] } }.encode();
    deliver(&mut b, &frames);
    let (close, outputs) = deliver(&mut b, &[extra]);
    assert_eq!(close_reason(&close[0]), Some(CloseReason::CreditExceeded));
    assert_eq!(outputs, [Output::Closed { session: at_b, reason: CloseReason::CreditExceeded }]);
}

#[test]
fn a_lost_grant_is_asked_for_again() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.send(START, at_a, &[7; 50]).unwrap();
    deliver(&mut b, &drain(&mut a).0);
    b.consume(at_b, 40);
    let (lost_grant, _) = drain(&mut b);
    assert_eq!(lost_grant.len(), 1);
    a.handle_timeout(a.next_wakeup().unwrap());
    let (probe, _) = drain(&mut a);
    let (grant, _) = deliver(&mut b, &probe);
    let (rest, _) = deliver(&mut a, &grant);
    assert_eq!(received(&deliver(&mut b, &rest).1), [7; 10]);
    assert_eq!(a.next_wakeup(), None);
}

#[test]
fn sessions_take_turns_by_frame() {
    let (mut a, first, mut b, _) = connected();
    let second = a.open(START, B).unwrap();
    let (accept, _) = deliver(&mut b, &drain(&mut a).0);
    deliver(&mut a, &accept);
    a.send(START, first, &[1; 30]).unwrap();
    a.send(START, second, &[2; 30]).unwrap();
    let (frames, _) = drain(&mut a);
    let order: Vec<u8> = frames.iter().map(|frame| frame[DATA_HEADER_LEN]).collect();
    assert_eq!(order, [1, 2, 1, 2, 1, 2]);
}

#[test]
fn what_is_no_frame_or_for_another_address_is_counted_and_dropped() {
    let (mut a, _, _, _) = connected();
    let mut stranger = endpoint(Address::loopback(3002));
    stranger.open(START, B).unwrap();
    let (misaddressed, _) = drain(&mut stranger);
    assert_eq!(deliver(&mut a, &misaddressed), (vec![], vec![]));
    assert_eq!(deliver(&mut a, &[vec![], vec![0; 40], vec![1; MAX_PAYLOAD_LEN * 2]]), (vec![], vec![]));
    assert_eq!(a.counters(), Counters { malformed: 3, misaddressed: 1, ..Counters::default() });
}

#[test]
fn a_payload_is_the_frame_without_its_header() {
    let (mut a, at_a, mut b, _) = connected();
    a.send(START, at_a, b"abc").unwrap();
    let (_, outputs) = deliver(&mut b, &drain(&mut a).0);
    let [Output::Data { bytes, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(&bytes[..], b"abc");
    assert_eq!(bytes.clone().into_vec(), b"abc");
}

#[test]
fn the_second_accept_of_a_doubled_open_is_taken_back() {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    let at_a = a.open(START, B).unwrap();
    let (open, _) = drain(&mut a);
    let (accept, outputs) = deliver(&mut b, &open);
    let [Output::Accepted { session: first, .. }] = outputs[..] else { panic!("{outputs:?}") };
    deliver(&mut a, &accept);
    b.close(first);
    let (_lost_close, _) = drain(&mut b);
    let (second_accept, outputs) = deliver(&mut b, &open);
    let [Output::Accepted { session: second, .. }] = outputs[..] else { panic!("{outputs:?}") };
    let (close, _) = deliver(&mut a, &second_accept);
    let reason = CloseReason::UnknownSession;
    assert_eq!(deliver(&mut b, &close).1, [Output::Closed { session: second, reason }]);
    assert_eq!(a.send(START, at_a, b"x"), Ok(1), "the first is not touched by it");
}

#[test]
fn an_opener_that_gave_up_ends_the_session_that_it_never_heard_of() {
    let (mut a, mut b) = (endpoint(A), endpoint(B));
    a.open(START, B).unwrap();
    let (_lost_accept, outputs) = deliver(&mut b, &drain(&mut a).0);
    let [Output::Accepted { session: at_b, .. }] = outputs[..] else { panic!("{outputs:?}") };
    a.handle_timeout(a.next_wakeup().unwrap());
    let (close, _) = drain(&mut a);
    let reason = CloseReason::Timeout;
    assert_eq!(deliver(&mut b, &close).1, [Output::Closed { session: at_b, reason }]);
}

#[test]
fn finishing_sends_what_was_sent_before_it_closes() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.send(START, at_a, &[7; 50]).unwrap();
    a.finish(at_a);
    let (first, outputs) = drain(&mut a);
    assert_eq!(outputs, []);
    assert_eq!(received(&deliver(&mut b, &first).1), [7; 40]);
    b.consume(at_b, 40);
    let (rest, outputs) = deliver(&mut a, &drain(&mut b).0);
    assert_eq!(outputs, []);
    let (_, outputs) = deliver(&mut b, &rest);
    assert_eq!(received(&outputs), [7; 10]);
    let closed = Output::Closed { session: at_b, reason: CloseReason::Closed };
    assert_eq!(outputs.last(), Some(&closed));
}

#[test]
fn finishing_does_not_wait_for_ever_for_credit() {
    let (mut a, at_a, mut b, at_b) = connected();
    a.send(START, at_a, &[7; 50]).unwrap();
    a.finish(at_a);
    let (first, _) = drain(&mut a);
    deliver(&mut b, &first);
    a.handle_timeout(a.next_wakeup().unwrap());
    let (close, outputs) = drain(&mut a);
    assert_eq!(outputs, []);
    assert_eq!(deliver(&mut b, &close).1, [Output::Closed { session: at_b, reason: CloseReason::Closed }]);
}
