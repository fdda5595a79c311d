//! The servers that tell a browser under which address others see it. The relay names them to its pages; it asks none.

use std::fmt;
use std::str::FromStr;

/// How many a relay names.
pub(crate) const MAX_SERVERS: usize = 8;
/// The longest host name there is (RFC 1035).
const MAX_HOST: usize = 253;

/// A STUN server as browsers take it: `stun:host:port` (RFC 7064).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StunServer(String);

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StunError {
    /// It does not begin with `stun:`.
    #[error("a STUN server is written stun:host:port")]
    Scheme,
    /// What stands between is no name and no address.
    #[error(
        "the host of a STUN server has letters, digits, dots and hyphens, or is an IPv6 address in brackets"
    )]
    Host,
    /// No port, or none that there is.
    #[error("a STUN server needs a port, 1 to 65535")]
    Port,
}

impl FromStr for StunServer {
    type Err = StunError;

    fn from_str(text: &str) -> Result<Self, StunError> {
        let rest = text.strip_prefix("stun:").ok_or(StunError::Scheme)?;
        let (host, port) = rest.rsplit_once(':').ok_or(StunError::Port)?;
        let is_name =
            |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        let valid = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.len() <= MAX_HOST && is_name(host),
        };
        if !valid {
            return Err(StunError::Host);
        }
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse::<u16>() {
            Ok(1..) if digits => Ok(Self(text.to_owned())),
            _ => Err(StunError::Port),
        }
    }
}

impl fmt::Display for StunServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for text in ["stun:10.0.0.1:3478", "stun:stun.school.example:3478", "stun:[::1]:3478"] {
            assert_eq!(text.parse::<StunServer>().map(|server| server.to_string()), Ok(text.to_owned()));
        }
        for (text, error) in [
            ("10.0.0.1:3478", StunError::Scheme),
            ("turn:10.0.0.1:3478", StunError::Scheme),
            ("stun:10.0.0.1", StunError::Port),
            ("stun:10.0.0.1:0", StunError::Port),
            ("stun:10.0.0.1:+1", StunError::Port),
            ("stun:10.0.0.1:65536", StunError::Port),
            ("stun::3478", StunError::Host),
            ("stun:a b:3478", StunError::Host),
            ("stun:[x]:3478", StunError::Host),
            ("stun:a?transport=tcp:3478", StunError::Host),
        ] {
            assert_eq!(text.parse::<StunServer>(), Err(error), "{text}");
        }
    }
}
