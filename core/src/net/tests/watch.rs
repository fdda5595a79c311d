//! What a node finds unusual about its peers: each warning comes with its cause and goes with it.

use super::lab::{Lab, branch, headers, params, stranger, version};
use crate::consensus::{HeaderError, Preset};
use crate::interface::{NetworkWarning, PeerId, SyncMode, WatchSummary};
use crate::net::DisconnectReason;
use crate::net::limits::{MAX_HEADERS_RESULTS, STALE_TIP_SPACINGS, WATCH_INTERVAL};
use crate::net::message::Message;
use crate::net::watch::Watch;
use crate::time::Span;
use std::net::SocketAddr;

/// A started node whose first minute is over.
fn watching() -> Lab {
    let mut lab = Lab::new(1);
    lab.start(0, SyncMode::Headers, &[]);
    lab.advance(Span::from_secs(70));
    lab
}

fn summary(lab: &Lab) -> WatchSummary {
    lab.nodes[0].network.watch_summary(lab.now)
}

/// The one warning that holds once the node has looked; none if none does.
fn warning(lab: &mut Lab) -> Option<NetworkWarning> {
    lab.advance(WATCH_INTERVAL);
    let mut warnings = summary(lab).warnings;
    assert!(warnings.len() <= 1, "{warnings:?}");
    warnings.pop().map(|active| active.warning)
}

/// A peer at a port of a browser of a relay room: each browser is a group.
fn browser(number: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], port))
}

/// A peer that has no more headers than we have.
fn greet(lab: &mut Lab, from: SocketAddr) -> PeerId {
    let peer = lab.greeted(0, from, 0);
    lab.say(0, peer, &Message::Headers(Vec::new()));
    peer
}

/// A peer that runs a program.
fn runs(lab: &mut Lab, number: u16, agent: &str) -> PeerId {
    let from = stranger(number);
    let Message::Version(mut introduction) = version(from, 0) else { panic!("a version") };
    introduction.user_agent = agent.to_owned();
    let peer = lab.raw(0, from);
    lab.say(0, peer, &Message::Version(introduction));
    lab.say(0, peer, &Message::Verack);
    lab.say(0, peer, &Message::Headers(Vec::new()));
    peer
}

/// Says so many pings.
fn chatter(lab: &mut Lab, peer: PeerId, count: u64) {
    (0..count).for_each(|nonce| lab.say(0, peer, &Message::Ping(nonce)));
}

#[test]
fn few_address_groups_among_the_peers_are_a_warning_until_there_are_others() {
    let mut lab = watching();
    let peers: Vec<PeerId> = (1..=2).map(|port| greet(&mut lab, browser(1, port))).collect();
    assert_eq!(warning(&mut lab), None, "half is not under half");
    greet(&mut lab, browser(1, 3));
    let low = |groups, peers, asked| Some(NetworkWarning::LowDiversity { groups, peers, asked });
    assert_eq!(warning(&mut lab), low(1, 3, 3), "three seeds are asked for others");
    assert!(lab.nodes[0].has_logged("Warning: 3 peers are of 1 address groups: asked 3 seeds for others"));
    greet(&mut lab, browser(2, 1));
    assert_eq!(warning(&mut lab), None);
    greet(&mut lab, browser(2, 2));
    assert_eq!(warning(&mut lab), low(2, 5, 3));
    lab.hang_up(0, peers[0]);
    assert_eq!(warning(&mut lab), None);
    let over = lab.nodes[0].log.iter().filter(|line| line.starts_with("No longer: ")).count();
    assert_eq!(over, 2);
}

#[test]
fn a_warning_that_lasts_is_acted_upon_every_minute_and_told_of_once() {
    let mut lab = watching();
    let peers: Vec<PeerId> = (1..=3).map(|port| greet(&mut lab, browser(1, port))).collect();
    assert!(warning(&mut lab).is_some());
    lab.advance(Span::from_secs(60));
    let asked = |lab: &mut Lab| match warning(lab) {
        Some(NetworkWarning::LowDiversity { asked, .. }) => asked,
        other => panic!("{other:?}"),
    };
    assert_eq!(asked(&mut lab), 6);
    let told = |lab: &Lab| lab.nodes[0].log.iter().filter(|line| line.starts_with("Warning: ")).count();
    assert_eq!(told(&lab), 1);
    peers.iter().for_each(|peer| lab.hang_up(0, *peer));
    assert_eq!(warning(&mut lab), None);
}

#[test]
fn over_ten_messages_a_second_where_few_are_usual_are_a_warning_until_they_cease() {
    let mut lab = watching();
    let peer = greet(&mut lab, stranger(1));
    lab.advance(Span::from_secs(20));
    chatter(&mut lab, peer, 99);
    assert_eq!(warning(&mut lab), None, "less than ten a second");
    lab.advance(Span::from_secs(20));
    chatter(&mut lab, peer, 100);
    let Some(NetworkWarning::MessageRate { messages: 100, median: 0, waiting: 0 }) = warning(&mut lab) else {
        panic!("{:?}", summary(&lab))
    };
    lab.advance(Span::from_secs(20));
    assert_eq!(warning(&mut lab), None);
}

#[test]
fn a_message_rate_is_unusual_at_more_than_ten_times_the_median_of_ten_minutes() {
    let mut lab = watching();
    let peer = greet(&mut lab, stranger(1));
    for _ in 0..60 {
        chatter(&mut lab, peer, 20);
        lab.advance(Span::from_secs(10));
    }
    let median = summary(&lab).median;
    assert!((20..23).contains(&median), "20 pings, and what else there is: {median}");
    chatter(&mut lab, peer, 190);
    assert_eq!(warning(&mut lab), None);
    chatter(&mut lab, peer, 100);
    assert!(matches!(warning(&mut lab), Some(NetworkWarning::MessageRate { .. })));
    lab.keep_alive(0, peer, Span::from_secs(20));
    assert_eq!(warning(&mut lab), None);
}

#[test]
fn a_flooding_peer_that_waits_for_the_others_is_counted_in_the_warning() {
    let mut lab = watching();
    let peer = greet(&mut lab, stranger(1));
    lab.advance(Span::from_secs(20));
    chatter(&mut lab, peer, 5_000);
    let Some(NetworkWarning::MessageRate { waiting: 1, .. }) = warning(&mut lab) else {
        panic!("{:?}", summary(&lab))
    };
}

#[test]
fn the_blocks_of_a_sync_are_no_flood() {
    let mut lab = Lab::started(2, SyncMode::Headers);
    lab.advance(Span::from_secs(70));
    lab.give_at_once(0, &branch(600, 0));
    assert_eq!(lab.nodes[1].height(), 600);
    lab.advance(WATCH_INTERVAL);
    let seen = lab.nodes[1].network.watch_summary(lab.now);
    assert_eq!(seen.warnings, []);
}

#[test]
fn the_share_of_the_commonest_program_is_always_shown() {
    let mut lab = watching();
    runs(&mut lab, 1, "/one/");
    runs(&mut lab, 2, "/two/");
    runs(&mut lab, 3, "/two/");
    lab.advance(WATCH_INTERVAL);
    let seen = summary(&lab);
    assert_eq!((seen.agent.as_str(), seen.of_it, seen.peers), ("/two/", 2, 3));
}

#[test]
fn one_program_that_comes_to_be_most_peers_is_a_warning_from_five_peers_on_until_it_is_not() {
    let mut lab = watching();
    let other = runs(&mut lab, 1, "/one/");
    for number in 2..5 {
        runs(&mut lab, number, "/two/");
    }
    assert_eq!(warning(&mut lab), None, "four peers say nothing");
    runs(&mut lab, 5, "/two/");
    assert_eq!(warning(&mut lab), None, "four of five are 80 %");
    let sybil = runs(&mut lab, 6, "/two/");
    let Some(NetworkWarning::UniformAgents { agent, of_it: 5, peers: 6, asked: 3 }) = warning(&mut lab)
    else {
        panic!("{:?}", summary(&lab))
    };
    assert_eq!(agent, "/two/");
    lab.hang_up(0, sybil);
    assert_eq!(warning(&mut lab), None);
    lab.hang_up(0, other);
    assert_eq!(warning(&mut lab), None, "four again");
}

#[test]
fn peers_that_have_always_run_one_program_are_no_warning() {
    let mut lab = watching();
    for number in 1..8 {
        runs(&mut lab, number, "/one/");
    }
    assert_eq!(warning(&mut lab), None);
    assert_eq!((summary(&lab).of_it, summary(&lab).peers), (7, 7));
}

#[test]
fn a_stale_tip_is_a_warning_until_a_block_comes_and_every_peer_is_asked_for_its_headers() {
    let mut lab = Lab::new(1);
    let classroom = Preset::Classroom.params().consensus;
    let stale = Span::from_secs(STALE_TIP_SPACINGS * u64::from(classroom.spacing));
    lab.nodes[0].network.watch = Watch::new(&classroom);
    lab.start(0, SyncMode::Headers, &[]);
    lab.advance(Span::from_secs(1));
    let peers: Vec<PeerId> = (1..=2).map(|number| greet(&mut lab, stranger(number))).collect();
    lab.advance(Span(stale.0 - 2_000_000));
    assert_eq!(summary(&lab).warnings, []);
    for peer in &peers {
        lab.heard(0, *peer);
    }
    let Some(NetworkWarning::StaleTip { asked: 2, .. }) = warning(&mut lab) else {
        panic!("{:?}", summary(&lab))
    };
    for peer in &peers {
        let heard = lab.heard(0, *peer);
        assert!(heard.iter().any(|message| matches!(message, Message::GetHeaders(_))), "{heard:?}");
    }
    lab.mine(0, 1);
    assert_eq!(warning(&mut lab), None);
    assert!(summary(&lab).tip_age <= 1);
}

#[test]
fn a_tip_is_never_stale_where_blocks_are_made_when_somebody_wants_one_or_nobody_is_connected() {
    let mut lab = watching();
    assert!(params().consensus.retarget.is_none());
    let peer = greet(&mut lab, stranger(1));
    lab.keep_alive(0, peer, Span::from_secs(24 * 60 * 60));
    assert_eq!(warning(&mut lab), None);
    let mut lab = Lab::new(1);
    lab.nodes[0].network.watch = Watch::new(&Preset::Classroom.params().consensus);
    lab.start(0, SyncMode::Headers, &[]);
    lab.advance(Span::from_secs(600));
    assert_eq!(warning(&mut lab), None);
}

#[test]
fn many_headers_without_work_are_a_warning_until_ten_minutes_have_passed() {
    let mut lab = Lab::new(1);
    lab.give(0, &branch(2_500, 0));
    lab.start(0, SyncMode::Headers, &[]);
    let peer = greet(&mut lab, stranger(1));
    lab.say(0, peer, &Message::Headers(Vec::new()));
    // Three hundred blocks of work are missing, and the peer has no more.
    let flood = branch(2_300, 9);
    lab.say(0, peer, &headers(&flood[..MAX_HEADERS_RESULTS]));
    assert_eq!(warning(&mut lab), None, "the chain may go on");
    lab.say(0, peer, &headers(&flood[MAX_HEADERS_RESULTS..]));
    let found = |headers, cut_off| Some(NetworkWarning::LowWorkHeaders { headers, cut_off });
    assert_eq!(warning(&mut lab), found(2_300, 0));
    let other = greet(&mut lab, stranger(2));
    let mut header = branch(1, 5)[0].header;
    while params().consensus.pow_limit_target().is_met_by(&header.block_hash()) {
        header.nonce += 1;
    }
    lab.say(0, other, &Message::Headers(vec![header]));
    let reason = HeaderError::HighHash { hash: header.block_hash(), bits: header.bits };
    assert_eq!(lab.nodes[0].ended, [DisconnectReason::InvalidHeader(reason)]);
    assert_eq!(warning(&mut lab), found(2_301, 1));
    lab.keep_alive(0, peer, Span::from_secs(9 * 60));
    assert_eq!(warning(&mut lab), found(2_301, 1));
    lab.keep_alive(0, peer, Span::from_secs(70));
    assert_eq!(warning(&mut lab), None);
}

#[test]
fn a_tip_that_grows_old_just_after_the_node_has_looked_is_seen_a_second_later() {
    let classroom = Preset::Classroom.params().consensus;
    let stale = Span::from_secs(STALE_TIP_SPACINGS * u64::from(classroom.spacing));
    let mut lab = Lab::new(1);
    lab.nodes[0].network.watch = Watch::new(&classroom);
    lab.start(0, SyncMode::Headers, &[]);
    lab.advance(Span(stale.0 - 1_500_000));
    greet(&mut lab, stranger(1));
    // The node looks at its peers half a second before the tip is old; it is never woken for what it cannot do yet.
    lab.advance(Span::from_secs(1));
    assert_eq!(summary(&lab).warnings, []);
    lab.advance(Span::from_millis(1_500));
    assert_eq!(summary(&lab).warnings.len(), 1);
}

#[test]
fn a_node_that_leaves_the_network_has_nothing_to_warn_of() {
    let mut lab = watching();
    for port in 1..=3 {
        greet(&mut lab, browser(1, port));
    }
    assert!(warning(&mut lab).is_some());
    let now = lab.now;
    lab.nodes[0].network.stop(now);
    assert_eq!(warning(&mut lab), None);
    assert_eq!(summary(&lab).peers, 0);
}
