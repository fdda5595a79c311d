//! Networks as data: what every node of a network must agree on, and what each may choose for itself.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::genesis;
use super::invitation::Invitation;
use crate::crypto::AddressParams;
use crate::primitives::{Amount, Block, CompactTarget, Height, Target};
use crate::time::Span;

/// A network that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The default: blocks every five seconds, difficulty adjusted every 16.
    Classroom,
    /// Bitcoin's regtest.
    Regtest,
}

/// How difficulty follows hash power: Bitcoin's rule and its fourfold clamp, reckoned from the first block of each
/// interval (BIP94).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retarget {
    /// Blocks between adjustments (Bitcoin: 2,016).
    pub interval: u32,
    /// A block dated more than this many spacings after its parent takes the easiest target, so that a class that
    /// stopped can start again; none where there is no such exception (testnet: 2).
    pub min_difficulty_after: Option<u32>,
}

/// What every node of a network must agree on (Core's `Consensus::Params`). Hashed into the magic of networks that
/// are not Bitcoin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsensusParams {
    /// The easiest target.
    pub pow_limit: CompactTarget,
    /// Seconds that the network wants between blocks.
    pub spacing: u32,
    /// How difficulty moves; none leaves it where the genesis block set it.
    pub retarget: Option<Retarget>,
    /// The target that difficulty moves from; none begins with the genesis block's, the easiest one.
    pub first_target: Option<CompactTarget>,
    /// Seconds that a header may be ahead of the clock (Core's `MAX_FUTURE_BLOCK_TIME`).
    pub future_limit: u32,
    /// What a block may create before the first halving.
    pub subsidy: Amount,
    /// Blocks between halvings.
    pub halving_interval: u32,
    /// Blocks that must follow a coinbase before it is spent: it can be from this depth on (Core's
    /// `COINBASE_MATURITY`).
    pub coinbase_maturity: u32,
    /// Whether the genesis block's output is a coin.
    pub spendable_genesis: bool,
    /// From here on a coinbase begins with its height (BIP34).
    pub bip34_height: Height,
    /// From here on signatures are strict DER (BIP66).
    pub bip66_height: Height,
    /// From here on CHECKLOCKTIMEVERIFY is in force (BIP65).
    pub bip65_height: Height,
    /// From here on relative locks and median time past are in force (BIP68, BIP112, BIP113).
    pub csv_height: Height,
    /// From here on witnesses are in force (BIP141, BIP143, BIP147).
    pub segwit_height: Height,
}

/// What a node relays and keeps, which others need not agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyParams {
    /// The lowest fee that is relayed, per 1,000 virtual bytes (Core's `minrelaytxfee`).
    pub min_relay_fee: Amount,
    /// By how much the floor rises when the mempool is full, per 1,000 virtual bytes (Core's `incrementalrelayfee`).
    pub incremental_relay_fee: Amount,
    /// An output is dust if spending it costs more at this rate per 1,000 virtual bytes (Core's `dustrelayfee`).
    pub dust_relay_fee: Amount,
    /// Bytes that the mempool may take (Core's `maxmempool`).
    pub max_mempool_bytes: usize,
    /// How long a transaction may wait (Core's `mempoolexpiry`).
    pub mempool_expiry: Span,
}

/// How patient a node is with its peers, and how eager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimingParams {
    /// Between pings (Core's `PING_INTERVAL`).
    pub ping_interval: Span,
    /// A peer that was silent for so long is gone (Core's `TIMEOUT_INTERVAL`).
    pub dead_after: Span,
    /// For the answer to getheaders (Core's `HEADERS_RESPONSE_TIME`).
    pub headers_response: Span,
    /// Between announcements of transactions to those who connected to us, on average; all of them are told at once, so
    /// that a spy gains nothing by connecting often (Core's `INBOUND_INVENTORY_BROADCAST_INTERVAL`). None announces at
    /// once.
    pub inbound_broadcast: Span,
    /// The same to each of those whom we connected to (Core's `OUTBOUND_INVENTORY_BROADCAST_INTERVAL`).
    pub outbound_broadcast: Span,
    /// Least time after which a node announces its own waiting payments again; at most three times that (Core's
    /// `ResendWalletTransactions`: 12 to 36 hours).
    pub rebroadcast: Span,
}

/// A network (Core's `CChainParams`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkParams {
    /// classroom, regtest or custom.
    pub name: &'static str,
    /// What messages begin with, in wire order.
    pub magic: [u8; 4],
    /// How its addresses and keys are written.
    pub address: AddressParams,
    /// What all must agree on.
    pub consensus: ConsensusParams,
    /// What this node relays.
    pub policy: PolicyParams,
    /// How long this node waits.
    pub timing: TimingParams,
}

/// The seeds' addresses begin with version byte 0, as Bitcoin's; the other prefixes are Bitcoin's too, but for the
/// human-readable part, which must not look like real money.
const SEED_ADDRESSES: AddressParams =
    AddressParams { p2pkh_prefix: 0, p2sh_prefix: 5, wif_prefix: 128, hrp: "tt" };

/// Regtest's.
const REGTEST_ADDRESSES: AddressParams =
    AddressParams { p2pkh_prefix: 111, p2sh_prefix: 196, wif_prefix: 239, hrp: "bcrt" };

impl ConsensusParams {
    /// The classroom's: the values that an invitation leaves out.
    pub const CLASSROOM: Self = Self {
        pow_limit: CompactTarget(0x1f00_ffff),
        spacing: 5,
        retarget: Some(Retarget { interval: 16, min_difficulty_after: Some(6) }),
        first_target: None,
        future_limit: 120,
        subsidy: Amount::from_coins(50),
        halving_interval: 210_000,
        coinbase_maturity: 1,
        spendable_genesis: false,
        bip34_height: Height(1),
        bip66_height: Height(1),
        bip65_height: Height(1),
        csv_height: Height(1),
        segwit_height: Height(0),
    };

    /// Bitcoin's regtest (Core's `CRegTestParams`).
    pub const REGTEST: Self = Self {
        pow_limit: CompactTarget(0x207f_ffff),
        spacing: 600,
        retarget: None,
        future_limit: 2 * 60 * 60,
        subsidy: Amount::from_coins(50),
        halving_interval: 150,
        coinbase_maturity: 100,
        spendable_genesis: false,
        ..Self::CLASSROOM
    };

    /// What `createblockchain` makes, as in the seeds: the easiest target for ever, a genesis output that can be
    /// spent, and the subsidy that was asked for.
    pub const fn scene(subsidy: Amount) -> Self {
        Self { retarget: None, spendable_genesis: true, subsidy, ..Self::CLASSROOM }
    }

    /// The easiest target as a number. A limit that is no target (none of ours) lets nothing pass.
    pub fn pow_limit_target(&self) -> Target {
        Target::from_compact(self.pow_limit).unwrap_or(Target(Default::default()))
    }
}

impl PolicyParams {
    /// The classroom's: whoever pays nothing is relayed too.
    pub const CLASSROOM: Self = Self {
        min_relay_fee: Amount::ZERO,
        incremental_relay_fee: Amount::from_sat(100),
        dust_relay_fee: Amount::ZERO,
        max_mempool_bytes: 20_000_000,
        mempool_expiry: Span::from_secs(24 * 60 * 60),
    };

    /// Core's defaults.
    pub const CORE: Self = Self {
        min_relay_fee: Amount::from_sat(100),
        incremental_relay_fee: Amount::from_sat(100),
        dust_relay_fee: Amount::from_sat(3_000),
        max_mempool_bytes: 300_000_000,
        mempool_expiry: Span::from_secs(336 * 60 * 60),
    };
}

impl TimingParams {
    /// The classroom's: a student who closed the lid is missed within a minute.
    pub const CLASSROOM: Self = Self {
        ping_interval: Span::from_secs(15),
        dead_after: Span::from_secs(45),
        headers_response: Span::from_secs(15),
        inbound_broadcast: Span::from_millis(200),
        outbound_broadcast: Span::from_millis(100),
        rebroadcast: Span::from_secs(60),
    };

    /// Core's.
    pub const CORE: Self = Self {
        ping_interval: Span::from_secs(2 * 60),
        dead_after: Span::from_secs(20 * 60),
        headers_response: Span::from_secs(2 * 60),
        inbound_broadcast: Span::from_secs(5),
        outbound_broadcast: Span::from_secs(2),
        rebroadcast: Span::from_secs(12 * 60 * 60),
    };
}

impl NetworkParams {
    /// Bitcoin's regtest.
    pub fn regtest() -> Self {
        Self {
            name: "regtest",
            magic: [0xfa, 0xbf, 0xb5, 0xda],
            address: REGTEST_ADDRESSES,
            consensus: ConsensusParams::REGTEST,
            policy: PolicyParams::CORE,
            timing: TimingParams::CORE,
        }
    }

    /// The built-in classroom.
    pub fn classroom() -> Self {
        let invitation = Invitation { genesis: genesis::classroom(), consensus: ConsensusParams::CLASSROOM };
        Self::custom(&invitation)
    }

    /// The network that an invitation names; policy and timing are the classroom's.
    pub fn custom(invitation: &Invitation) -> Self {
        let is_class = ConsensusParams {
            spacing: ConsensusParams::CLASSROOM.spacing,
            first_target: None,
            ..invitation.consensus
        } == ConsensusParams::CLASSROOM;
        Self {
            name: if is_class { "classroom" } else { "custom" },
            magic: invitation.magic(),
            address: SEED_ADDRESSES,
            consensus: invitation.consensus,
            policy: PolicyParams::CLASSROOM,
            timing: TimingParams::CLASSROOM,
        }
    }
}

impl Preset {
    /// The preset's parameters.
    pub fn params(self) -> NetworkParams {
        match self {
            Preset::Classroom => NetworkParams::classroom(),
            Preset::Regtest => NetworkParams::regtest(),
        }
    }

    /// The preset's first block.
    pub fn genesis(self) -> Block {
        match self {
            Preset::Classroom => genesis::classroom(),
            Preset::Regtest => genesis::regtest(),
        }
    }
}

/// A name that is no preset's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a network: classroom and regtest are")]
pub struct PresetError(String);

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, PresetError> {
        match text {
            "classroom" => Ok(Preset::Classroom),
            "regtest" => Ok(Preset::Regtest),
            _ => Err(PresetError(text.to_owned())),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Preset::Classroom => "classroom",
            Preset::Regtest => "regtest",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::BlockHash;

    #[test]
    fn regtest_is_bitcoins_regtest() {
        let genesis = Preset::Regtest.genesis();
        let expected: BlockHash =
            "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206".parse().expect("64 digits");
        assert_eq!(genesis.block_hash(), expected);
        assert_eq!(Preset::Regtest.params().magic, [0xfa, 0xbf, 0xb5, 0xda]);
    }

    #[test]
    fn the_classroom_genesis_meets_the_classroom_target_and_fixes_its_magic() {
        let genesis = Preset::Classroom.genesis();
        let params = Preset::Classroom.params();
        assert_eq!(genesis.header.bits, params.consensus.pow_limit);
        assert!(params.consensus.pow_limit_target().is_met_by(&genesis.block_hash()));
        assert_eq!(genesis.block_hash().to_string(), genesis::CLASSROOM_HASH);
        assert_eq!(params.magic, [0x1d, 0x1b, 0x5b, 0xda]);
    }
}
