//! Doing what the node asks.

use super::Host;
use crate::js;
use crate::page;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Weak;
use terrarium_core::interface::WorkerMessage;
use terrarium_core::net::seed_answer;
use terrarium_core::node::{Input, LoadId, Output};
use terrarium_core::store::{Database, Store, StoreBatch, StoreError, Table};
use wasm_bindgen_futures::spawn_local;

impl Host {
    /// Does what the node asks and lets it hear what follows at once; true where the node has to work for it.
    pub(super) fn exchange(&mut self) -> bool {
        let mut heard = false;
        while let Some(output) = self.node.poll() {
            self.feed.touch();
            heard |= matches!(output, Output::AskSeed { .. });
            self.carry_out(output);
        }
        let now = self.now();
        while let Some(input) = self.connections.poll(now) {
            self.feed.touch();
            heard |= self.node.handle(input);
        }
        heard
    }

    fn carry_out(&mut self, output: Output) {
        let now = self.now();
        match output {
            Output::Connect { address } => self.connections.connect(now, address),
            Output::AskSeed { seed } => {
                let up: Vec<SocketAddr> = self.directory.up().collect();
                let addresses = seed_answer(&up, js::random);
                self.node.handle(Input::SeedAnswer { seed, addresses });
            }
            Output::Send { peer, bytes } => self.connections.send(now, peer, &bytes),
            Output::Consumed { peer, bytes } => self.connections.consumed(peer, bytes),
            Output::Disconnect { peer, .. } => self.connections.disconnect(peer),
            Output::Commit(batch) => self.commit(batch),
            Output::Load { id, database, table, keys } => self.load(id, database, table, keys),
            Output::Mine(job) if self.ending.is_none() => self.miner.set_job(Some(job)),
            Output::Mine(_) => {}
            Output::Verify { id, checks } => self.helpers.add(id, checks),
            Output::CancelVerify => self.helpers.cancel(),
            Output::CancelMine => self.miner.set_job(None),
            Output::Event(event) => self.feed.push(event, js::monotonic_ms()),
            Output::Reply { id, result } => {
                self.publish_before_reply();
                page::post(&WorkerMessage::Reply { id, result });
            }
        }
    }

    /// What led to an answer is heard before it: its events always, a snapshot where it is time for one.
    fn publish_before_reply(&mut self) {
        if let Some(events) = self.feed.flush_events() {
            page::post(&events);
        }
        let now = js::monotonic_ms();
        if self.feed.take_snapshot_turn(now) {
            self.publish_snapshot(now);
        }
    }

    fn commit(&self, batch: StoreBatch) {
        let (store, me) = (self.store.clone(), self.me.clone());
        spawn_local(async move {
            let id = batch.id;
            match store.commit(&batch).await {
                Ok(()) => tell(&me, Input::BatchCommitted { id }),
                Err(StoreError::NotOwner) => page::fail(StoreError::NotOwner.to_string()),
                Err(error) => tell(&me, Input::BatchFailed { id, reason: error.to_string() }),
            }
        });
    }

    fn load(&self, id: LoadId, database: Database, table: Table, keys: Vec<Vec<u8>>) {
        let (store, me) = (self.store.clone(), self.me.clone());
        spawn_local(async move {
            match store.get(database, table, &keys).await {
                Ok(values) => tell(&me, Input::Loaded { id, values }),
                // A node that cannot read its own blocks must not guess; its page starts it again.
                Err(error) => page::fail(format!("a block could not be read: {error}")),
            }
        });
    }
}

fn tell(host: &Weak<RefCell<Host>>, input: Input) {
    if let Some(host) = host.upgrade() {
        host.borrow_mut().hear_store(input);
    }
}
