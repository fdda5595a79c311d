//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use terrarium_relay::{Gateway, Options, StunError, TlsFiles};

/// What `--help` says.
pub(crate) const HELP: &str = "\
terrarium-relay: serves Terrarium's page and joins browsers into one network

  --port N          the port (8080; 0 for any free one)
  --bind ADDRESS    the address to listen at (0.0.0.0: all)
  --base-path PATH  what stands before every path, behind a reverse proxy (/terrarium)
  --max-rooms N     rooms at a time (100)
  --max-peers N     browsers in one room (500)
  --joins N         browsers that one address may bring at once (200); it may err as often, and make a tenth as many rooms
  --room-hours N    a room that was empty for so long goes (24)
  --origin ORIGIN   a site beside the page's own that may connect (https://example.org); may be repeated
  --tls-cert FILE   serve over https and wss alone, with this certificate and those that lead to it (PEM)
  --tls-key FILE    its private key (PEM), needed beside it
  --stun SERVER     a server that tells browsers where others see them (stun:host:port); may be repeated; a LAN needs none
  --gateway A=B     a Bitcoin node on regtest at the TCP address B is a peer of rooms on regtest, as A
                    (10.255.0.1:18444=127.0.0.1:18444); may be repeated
  --gateway-allow   gateways may lead to other machines
  --nats URL        share rooms with the other relays at a NATS server (nats://host:4222)
  --state FILE      keep rooms over a restart
  --log             say on standard error what happens
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Wish {
    /// Serve.
    Serve {
        /// So.
        options: Box<Options>,
        /// Whether to say what happens.
        log: bool,
    },
    /// Print [`HELP`].
    Help,
}

/// Reads the command line.
pub(crate) fn read(args: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut args = args;
    let (mut options, mut log, mut abroad) = (Options::default(), false, false);
    let (mut tls_cert, mut tls_key) = (None, None);
    while let Some(name) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--port" => options.port = parse(&name, &value()?)?,
            "--bind" => options.bind = parse::<IpAddr>(&name, &value()?)?,
            "--base-path" => options.base_path = base_path(&value()?)?,
            "--max-rooms" => options.max_rooms = parse(&name, &value()?)?,
            "--max-peers" => options.max_peers = parse(&name, &value()?)?,
            "--joins" => {
                let joins: u32 = parse(&name, &value()?)?;
                if joins == 0 {
                    return Err("--joins 0: nobody new could come in".to_owned());
                }
                (options.limits.joins, options.limits.tries) = (joins, joins);
                options.limits.rooms = (joins / 10).max(1);
            }
            "--room-hours" => {
                options.room_life = Duration::from_secs(u64::from(parse::<u32>(&name, &value()?)?) * 3_600);
            }
            "--origin" => options.origins.push(value()?.trim_end_matches('/').to_owned()),
            "--tls-cert" => tls_cert = Some(PathBuf::from(value()?)),
            "--tls-key" => tls_key = Some(PathBuf::from(value()?)),
            "--stun" => {
                let server = value()?;
                options
                    .stun
                    .push(server.parse().map_err(|error: StunError| format!("--stun {server}: {error}"))?);
            }
            "--nats" => options.nats = Some(value()?),
            "--gateway" => options.gateways.push(gateway(&value()?)?),
            "--gateway-allow" => abroad = true,
            "--state" => options.state = Some(PathBuf::from(value()?)),
            "--log" => log = true,
            "--help" | "-h" => return Ok(Wish::Help),
            _ => return Err(format!("unknown argument {name}; --help lists them")),
        }
    }
    options.tls = match (tls_cert, tls_key) {
        (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
        (None, None) => None,
        (Some(_), None) => return Err("--tls-cert needs --tls-key FILE beside it".to_owned()),
        (None, Some(_)) => return Err("--tls-key needs --tls-cert FILE beside it".to_owned()),
    };
    if let Some(far) = options.gateways.iter().find(|gateway| !abroad && !gateway.is_local()) {
        return Err(format!("--gateway {far}: not on this machine; --gateway-allow allows it"));
    }
    Ok(Wish::Serve { options: Box::new(options), log })
}

fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} {value}: not a value that it takes"))
}

fn gateway(value: &str) -> Result<Gateway, String> {
    value.parse().map_err(|error| format!("--gateway {error}"))
}

/// A path with a slash before it and none behind.
fn base_path(value: &str) -> Result<String, String> {
    let path = value.trim_matches('/');
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte));
    match (plain, path) {
        (false, _) => Err(format!("--base-path {value}: letters, digits, - _ . ~ and / alone")),
        (true, "") => Ok(String::new()),
        (true, path) => Ok(format!("/{path}")),
    }
}
