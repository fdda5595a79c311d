//! A STUN server of a test's own: it tells whoever asks (RFC 5389's binding request) that it is seen under one and the same
//! address, and counts who asked.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Type, length, magic cookie, transaction.
const HEADER: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const XOR_MAPPED_ADDRESS: [u8; 2] = [0x00, 0x20];
const IPV4: u8 = 1;

/// A server on loopback; dropping it ends it.
#[derive(Debug)]
pub struct StunServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    thread: Option<thread::JoinHandle<()>>,
}

impl StunServer {
    /// Starts to tell everybody of the address `seen`.
    ///
    /// # Errors
    /// No port is to be had.
    pub fn start(seen: SocketAddrV4) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = socket.local_addr()?;
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let thread = thread::spawn(move || {
            let mut message = [0; 1_500];
            // A message of no bytes is the end.
            while let Ok((length @ 1.., from)) = socket.recv_from(&mut message) {
                if let Some(response) = answer(&message[..length], seen) {
                    count.fetch_add(1, Ordering::Relaxed);
                    // Who has gone needs no answer.
                    drop(socket.send_to(&response, from));
                }
            }
        });
        Ok(Self { address, asked, thread: Some(thread) })
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for StunServer {
    fn drop(&mut self) {
        let ended = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|own| own.send_to(&[], self.address));
        if let (Ok(_), Some(thread)) = (ended, self.thread.take()) {
            // One that has failed has said why.
            let _ = thread.join();
        }
    }
}

/// The answer to a binding request; none to anything else.
fn answer(request: &[u8], seen: SocketAddrV4) -> Option<Vec<u8>> {
    let is_request = request.starts_with(&BINDING_REQUEST) && request.get(4..8) == Some(&MAGIC_COOKIE);
    let transaction = request.get(8..HEADER).filter(|_| is_request)?;
    let attribute = xor_mapped_address(seen);
    let length = u16::try_from(attribute.len()).ok()?.to_be_bytes();
    Some([&BINDING_SUCCESS[..], &length, &MAGIC_COOKIE, transaction, &attribute].concat())
}

fn xor_mapped_address(seen: SocketAddrV4) -> Vec<u8> {
    let xor = |bytes: &[u8]| bytes.iter().zip(MAGIC_COOKIE).map(|(byte, key)| byte ^ key).collect::<Vec<_>>();
    let (port, ip) = (xor(&seen.port().to_be_bytes()), xor(&seen.ip().octets()));
    [&XOR_MAPPED_ADDRESS[..], &8_u16.to_be_bytes(), &[0, IPV4], &port, &ip].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769, 2.2: 192.0.2.1, port 32853.
    const SAMPLE: [u8; 12] = [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];

    #[test]
    fn a_binding_request_is_answered_with_the_address_as_rfc_5769_has_it() {
        let seen = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 32_853);
        let server = StunServer::start(seen).unwrap();
        let own = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let header = |kind: [u8; 2], length: u8| [&kind[..], &[0, length], &MAGIC_COOKIE, &[7; 12]].concat();
        own.send_to(b"no request", server.address()).unwrap();
        own.send_to(&header(BINDING_REQUEST, 0), server.address()).unwrap();
        let mut response = [0; 100];
        let length = own.recv(&mut response).unwrap();
        assert_eq!(response[..length], [&header(BINDING_SUCCESS, 12)[..], &SAMPLE].concat());
        assert_eq!(server.asked(), 1);
    }
}
