//! What the page says on the directory channel of the links to other browsers of a relay's room: `path <address>` and
//! `relay` or `direct`, then the steps by which that came to be, each `<what>@<milliseconds since 1970>`. Nodes pass it on
//! to whoever asks.

use std::net::Ipv4Addr;
use terrarium_core::collections::BTreeMap;
use terrarium_core::node::LinkPath;

/// The longest of these texts.
pub(crate) const MOST_TEXT: usize = 600;
/// Steps of one link at most.
const MOST_STEPS: usize = 16;
/// The longest name of a step.
const MOST_STEP: usize = 32;
/// Links that are remembered at most.
const MOST_LINKS: usize = 1_000;

/// What was last said of each link.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// Bounded by [`MOST_LINKS`].
    known: BTreeMap<Ipv4Addr, LinkPath>,
    /// What the node has not been told; of known links alone.
    news: BTreeMap<Ipv4Addr, LinkPath>,
}

impl Paths {
    /// Takes in a text, if it is one of these.
    pub(crate) fn hear(&mut self, text: &str, own: Ipv4Addr) -> bool {
        let Some((host, path)) = read(text).filter(|(host, _)| own.octets()[0] == 10 && *host != own) else {
            return false;
        };
        let has_room = self.known.len() < MOST_LINKS || self.known.contains_key(&host);
        if has_room && self.known.get(&host) != Some(&path) {
            self.known.insert(host, path.clone());
            self.news.insert(host, path);
        }
        true
    }

    /// The links that changed since the last call.
    pub(crate) fn take_news(&mut self) -> BTreeMap<Ipv4Addr, LinkPath> {
        std::mem::take(&mut self.news)
    }
}

fn read(text: &str) -> Option<(Ipv4Addr, LinkPath)> {
    let mut words = text.strip_prefix("path ")?.split(' ');
    let host: Ipv4Addr = words.next()?.parse().ok().filter(|host: &Ipv4Addr| host.octets()[0] == 10)?;
    let direct = match words.next()? {
        "relay" => false,
        "direct" => true,
        _ => return None,
    };
    let steps: Option<Vec<(u64, String)>> = words.take(MOST_STEPS + 1).map(step).collect();
    let steps = steps.filter(|steps| steps.len() <= MOST_STEPS)?;
    Some((host, LinkPath { direct, steps }))
}

fn step(word: &str) -> Option<(u64, String)> {
    let (what, when) = word.split_once('@')?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let known = !what.is_empty() && what.len() <= MOST_STEP && what.bytes().all(plain);
    Some((when.parse().ok().filter(|_| known)?, what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 2);
    const OTHER: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 3);

    #[test]
    fn a_path_is_news_once() {
        let mut paths = Paths::default();
        assert!(paths.hear("path 10.1.0.3 direct began@5 punched@7", OWN));
        let steps = vec![(5, "began".to_owned()), (7, "punched".to_owned())];
        let expected = BTreeMap::from_iter([(OTHER, LinkPath { direct: true, steps })]);
        assert_eq!(paths.take_news(), expected);
        assert!(paths.hear("path 10.1.0.3 direct began@5 punched@7", OWN));
        assert_eq!(paths.take_news(), BTreeMap::new());
        assert!(paths.hear("path 10.1.0.3 relay", OWN));
        assert_eq!(paths.take_news(), BTreeMap::from_iter([(OTHER, LinkPath::default())]));
    }

    #[test]
    fn nonsense_is_none() {
        let mut paths = Paths::default();
        let long = format!("path 10.1.0.3 relay{}", " a@1".repeat(MOST_STEPS + 1));
        for text in [
            "path",
            "path x relay",
            "path 10.1.0.3",
            "path 10.1.0.3 by_bird",
            "path 10.1.0.3 relay began",
            "path 10.1.0.3 relay Began@1",
            "path 10.1.0.3 relay began@x",
            "path 8.8.8.8 relay",
            "path 10.1.0.2 relay",
            "up 3000 net",
            long.as_str(),
        ] {
            assert!(!paths.hear(text, OWN), "{text}");
        }
        assert!(!paths.hear("path 10.1.0.3 relay", Ipv4Addr::LOCALHOST), "this browser is in no room");
        assert_eq!(paths.take_news(), BTreeMap::new());
    }
}
