//! The gateways of one room: there while one of its browsers runs a node of their network.

use super::{Gateway, NETWORK, port};
use crate::line::Line;
use crate::room::Room;
use axum::body::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use terrarium_link::Address;
use terrarium_link::room::{End, NodeEntry, ToBrowser};

/// The gateways of a room.
#[derive(Debug)]
pub(crate) struct Doors {
    gateways: Arc<[Gateway]>,
    /// What waits for each gateway, while they are there; as many as the command line names.
    open: RwLock<BTreeMap<Address, Arc<Line>>>,
}

impl Doors {
    pub(crate) fn new(gateways: Arc<[Gateway]>) -> Self {
        Self { gateways, open: RwLock::default() }
    }

    /// Opens or closes the doors, by what nodes there are in the room now; what everybody in it is to be told.
    pub(crate) fn settle<'a>(
        &self,
        room: &Arc<Room>,
        mut nodes: impl Iterator<Item = &'a NodeEntry>,
    ) -> Vec<ToBrowser> {
        if self.gateways.is_empty() {
            return Vec::new();
        }
        let wanted = nodes.any(|node| node.network == NETWORK);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        match (wanted, open.is_empty()) {
            (true, true) => {
                for gateway in self.gateways.iter() {
                    let line = Arc::new(Line::new());
                    open.insert(gateway.at, Arc::clone(&line));
                    tokio::spawn(port::serve(*gateway, Arc::downgrade(room), line));
                }
                introductions(&open)
            }
            (false, false) => {
                let gone = std::mem::take(&mut *open);
                gone.values().for_each(|line| line.end(End::RoomClosed));
                by_host(&gone).into_keys().map(ToBrowser::Gone).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether there are gateways in the room now.
    pub(crate) fn are_open(&self) -> bool {
        !self.read().is_empty()
    }

    /// What somebody who comes is told of the gateways.
    pub(crate) fn introductions(&self) -> Vec<ToBrowser> {
        introductions(&self.read())
    }

    /// What waits for the gateway at an address, if there is one.
    pub(crate) fn line(&self, to: Address) -> Option<Arc<Line>> {
        self.read().get(&to).cloned()
    }

    /// Tells every gateway something, as browsers are told; one that is too far behind hears of it by its sessions.
    pub(crate) fn tell(&self, message: &Bytes, limits: &crate::Limits) {
        for line in self.read().values() {
            let _ = line.push(message.clone(), limits);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Address, Arc<Line>>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.read().values().for_each(|line| line.end(End::RoomClosed));
    }
}

fn introductions(open: &BTreeMap<Address, Arc<Line>>) -> Vec<ToBrowser> {
    let member = |(address, nodes)| ToBrowser::Member { address, teacher: false, name: String::new(), nodes };
    by_host(open).into_iter().map(member).collect()
}

/// The gateways' entries in the room's directory.
fn by_host(open: &BTreeMap<Address, Arc<Line>>) -> BTreeMap<[u8; 4], Vec<NodeEntry>> {
    let mut hosts: BTreeMap<[u8; 4], Vec<NodeEntry>> = BTreeMap::new();
    for address in open.keys() {
        let entry = NodeEntry { port: address.port, network: NETWORK.to_owned() };
        hosts.entry(address.ip).or_default().push(entry);
    }
    hosts
}
