//! How the relay is reached, for people: addresses and a picture of one.

use crate::tls::Tls;
use fast_qr::QRBuilder;
use std::net::{IpAddr, SocketAddr};
use terrarium_link::room::MAX_TEXT;

/// The page's addresses as others on the network open them, the likeliest first; this machine's own where it has no other.
/// Under TLS the names of the certificate are the likeliest.
pub(crate) fn urls(bound: SocketAddr, base: &str, tls: Option<&Tls>) -> Vec<String> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let names = tls.map(Tls::names).unwrap_or_default().iter();
    let mut urls: Vec<String> =
        names.map(|name| format!("{scheme}://{name}:{}{base}/", bound.port())).collect();
    let of = |ip| format!("{scheme}://{}{base}/", SocketAddr::new(ip, bound.port()));
    urls.extend(addresses(bound.ip()).into_iter().map(of));
    // One welcome carries at most so many, and none that is longer.
    urls.retain(|url| url.len() <= MAX_TEXT);
    urls.truncate(8);
    urls
}

fn addresses(bound: IpAddr) -> Vec<IpAddr> {
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let mut found: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .map(|interface| interface.ip())
        .filter(|ip| is_useful(*ip))
        .collect();
    found.sort_by_key(|ip| (ip.is_ipv6(), !is_of_a_lan(*ip)));
    found.dedup();
    if found.is_empty() {
        found.push(IpAddr::from([127, 0, 0, 1]));
    }
    found
}

/// Whether others can type it: IPv6 without a zone cannot be opened on a link-local address.
fn is_useful(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    }
}

fn is_of_a_lan(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

/// A QR code of half blocks, for a terminal; nothing where the text is too long for one.
pub fn qr(text: &str) -> String {
    QRBuilder::new(text).build().map(|code| code.to_str()).unwrap_or_default()
}
