//! What the watch is shown, and what the node does about what it finds: asks seeds for others where its peers are alike,
//! asks its peers for their headers where its tip is old. Floods are answered where they come in (`budget`,
//! `headers_presync`).

use super::group::AddressGroup;
use super::network::Network;
use super::outbox::NetOutput;
use super::watch::Crowd;
use crate::chain::Chainstate;
use crate::collections::{BTreeMap, BTreeSet};
use crate::interface::{Event, LogLine, NetworkWarning, PeerId, WatchSummary};
use crate::time::Time;

impl Network {
    /// What this node sees of its peers as a whole.
    pub fn watch_summary(&self, now: Time) -> WatchSummary {
        self.watch.summary(now.mono)
    }

    /// Judges, at most once a second, and acts.
    pub(super) fn watch_over(&mut self, chain: &Chainstate, now: Time) {
        self.watch.heard_low_work(self.headers.take_low_work(), now.mono);
        if !self.watch.is_due(now.mono) || !self.running {
            return;
        }
        let crowd = self.crowd(now);
        let found = self.watch.judge(crowd, now.mono);
        let mut acted = Vec::with_capacity(found.len());
        for warning in found {
            let due = self.watch.is_action_due(&warning, now.mono);
            let done = due.then(|| self.act(&warning, chain, now));
            acted.push((warning, done));
        }
        for change in self.watch.update(acted, now) {
            let word = if change.active { "Warning" } else { "No longer" };
            self.outbox.log(LogLine::Note(format!("{word}: {}", change.warning)));
            let event = Event::Warning { warning: change.warning, active: change.active };
            self.outbox.push(NetOutput::Event(event));
        }
    }

    /// Does something about a warning; tells how many were asked.
    fn act(&mut self, warning: &NetworkWarning, chain: &Chainstate, now: Time) -> u32 {
        match warning {
            NetworkWarning::LowDiversity { .. } | NetworkWarning::UniformAgents { .. } => {
                self.discovery.ask_more(now.mono, &mut self.rng, &mut self.outbox)
            }
            NetworkWarning::StaleTip { .. } => {
                let peers: Vec<PeerId> = self.peers.ready().map(|peer| peer.id).collect();
                peers.iter().for_each(|peer| self.catch_up(*peer, chain, now));
                peers.len() as u32
            }
            NetworkWarning::MessageRate { .. } | NetworkWarning::LowWorkHeaders { .. } => 0,
        }
    }

    fn crowd(&mut self, now: Time) -> Crowd {
        Crowd {
            waiting: self.peers.count_over(now.mono) as u32,
            is_downloading: self.awaits_blocks(),
            ..self.watch.known_crowd().unwrap_or_else(|| self.census())
        }
    }

    /// Of which groups the peers are, and what they run.
    fn census(&self) -> Crowd {
        let mut groups = BTreeSet::new();
        let mut agents: BTreeMap<&str, u32> = BTreeMap::new();
        let mut peers = 0;
        for peer in self.peers.ready() {
            peers += 1;
            groups.insert(AddressGroup::of(&peer.address));
            if let Some(version) = &peer.version {
                *agents.entry(&version.user_agent).or_default() += 1;
            }
        }
        let (agent, of_it) = agents.into_iter().max_by_key(|(_, count)| *count).unwrap_or_default();
        Crowd { peers, groups: groups.len() as u32, agent: agent.to_owned(), of_it, ..Crowd::default() }
    }
}
