//! The addresses as they are stored: a head with the network's magic and the secret of the places, and then so many
//! addresses to a record.
//!
//! ```text
//! head     magic 4 | version 1 | key 16
//! address  ip 16, port 2 big-endian | services 8 | time 4 | source 18 | last success 4 | attempts 4 | protocol version 4 | tried 1
//! ```

use super::placement::{PlacementKey, key_of};
use super::{AddrInfo, AddrMan};
use crate::encode::{Decode, DecodeError, Encode, Reader};
use crate::net::message::Services;
use crate::time::UnixTime;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The version of this format.
const VERSION: u8 = 1;
/// Addresses of one record: what is lost when it is damaged.
const PER_RECORD: usize = 256;

/// An address manager as it is stored.
#[derive(Clone, Debug)]
pub struct Book {
    magic: [u8; 4],
    key: PlacementKey,
    /// As many as an address manager takes; each is placed anew.
    entries: Vec<(SocketAddr, AddrInfo)>,
}

impl Book {
    /// The book whose head is stored as `bytes`, without addresses.
    ///
    /// # Errors
    /// The bytes are no such head.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let magic = reader.array()?;
        if reader.read::<u8>()? != VERSION {
            return Err(DecodeError::InvalidValue { field: "version of the address book" });
        }
        Ok(Self { magic, key: PlacementKey([reader.read()?, reader.read()?]), entries: Vec::new() })
    }

    /// Adds the addresses of a record.
    ///
    /// # Errors
    /// The bytes are no such record; then none is added.
    pub fn read_more(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let entries = Reader::new(bytes).vec::<Entry>(PER_RECORD as u64)?;
        self.entries.extend(entries.into_iter().map(|entry| (entry.0, entry.1)));
        Ok(())
    }

    /// The head as it is stored.
    pub fn head(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        VERSION.encode(&mut out);
        self.key.0.iter().for_each(|word| word.encode(&mut out));
        out
    }

    /// The addresses as they are stored, some to a record.
    pub fn records(&self) -> impl Iterator<Item = Vec<u8>> {
        self.entries.chunks(PER_RECORD).map(|entries| {
            let mut out = Vec::new();
            crate::encode::encode_compact_size(entries.len() as u64, &mut out);
            entries.iter().for_each(|(address, info)| write(address, info, &mut out));
            out
        })
    }

    /// The network whose nodes these are.
    pub const fn magic(&self) -> [u8; 4] {
        self.magic
    }
}

impl AddrMan {
    /// All that is known, to be stored.
    pub(crate) fn book(&self, magic: [u8; 4]) -> Book {
        let entries = self.addresses.iter().map(|(address, info)| (*address, info.clone())).collect();
        Book { magic, key: self.key, entries }
    }

    /// An address manager that knows what `book` says; each address has the place that its first source gives it.
    pub(crate) fn restore(own: SocketAddr, book: Book) -> Self {
        let mut restored = Self::new(own, book.key);
        for (address, info) in book.entries {
            if address == own || restored.addresses.contains_key(&address) {
                continue;
            }
            let (in_tried, source, time) = (info.in_tried, info.source, info.time);
            let place = restored.key.tried_place(&address);
            restored.addresses.insert(address, AddrInfo { in_tried: false, places: Vec::new(), ..info });
            if in_tried && restored.tried.get(place).is_none() {
                restored.make_tried(address, place, time);
            } else {
                restored.place_new(address, restored.key.new_place(&address, &source), time);
            }
        }
        restored
    }
}

/// An address of a record.
struct Entry(SocketAddr, AddrInfo);

impl Decode for Entry {
    const MIN_ENCODED_LEN: usize = 18 + 8 + 4 + 18 + 4 + 4 + 4 + 1;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let address = socket(reader)?;
        let services = Services(reader.read()?);
        let time = UnixTime(reader.read()?);
        let mut info = AddrInfo::new(services, time, socket(reader)?);
        let last_success: u32 = reader.read()?;
        info.last_success = (last_success > 0).then_some(UnixTime(last_success));
        info.attempts = reader.read()?;
        info.version = reader.read()?;
        info.in_tried = reader.read::<u8>()? == 1;
        Ok(Self(address, info))
    }
}

fn write(address: &SocketAddr, info: &AddrInfo, out: &mut Vec<u8>) {
    out.extend_from_slice(&key_of(address));
    info.services.encode(out);
    info.time.0.encode(out);
    out.extend_from_slice(&key_of(&info.source));
    info.last_success.map_or(0, |time| time.0).encode(out);
    info.attempts.encode(out);
    info.version.encode(out);
    u8::from(info.in_tried).encode(out);
}

fn socket(reader: &mut Reader<'_>) -> Result<SocketAddr, DecodeError> {
    let ip = Ipv6Addr::from(reader.array::<16>()?);
    let port = u16::from_be_bytes(reader.array()?);
    Ok(SocketAddr::new(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4), port))
}
