//! A node of Bitcoin's regtest, made of the crate `bitcoin`'s messages: it takes connections, gives its chain to who asks,
//! and asks who connects for more.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::encode::{self, deserialize_partial, serialize};
use bitcoin::constants::genesis_block;
use bitcoin::hashes::Hash;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_blockdata::{GetHeadersMessage, Inventory};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::p2p::{Address, Magic, ServiceFlags};
use bitcoin::script::Builder;
use bitcoin::{
    Amount, Block, BlockHash, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    Witness, transaction,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long what a test waits for may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first block, and so many on it, a minute apart, the last one now.
pub(crate) fn mined(blocks: u32) -> Vec<Block> {
    let now = u32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let mut chain = vec![genesis_block(Network::Regtest)];
    for height in 1..=blocks {
        let block = mine(chain.last().unwrap().block_hash(), height, now - 60 * (blocks - height));
        chain.push(block);
    }
    chain
}

fn mine(prev_blockhash: BlockHash, height: u32, time: u32) -> Block {
    let script_sig = Builder::new().push_int(i64::from(height)).push_int(0).into_script();
    let previous_output = OutPoint::null();
    let input = TxIn { previous_output, script_sig, sequence: Sequence::MAX, witness: Witness::new() };
    let output = TxOut { value: Amount::from_btc(50.0).unwrap(), script_pubkey: ScriptBuf::new() };
    let coinbase = Transaction {
        version: transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    };
    let merkle_root = TxMerkleNode::from_raw_hash(coinbase.compute_txid().to_raw_hash());
    let bits = genesis_block(Network::Regtest).header.bits;
    let mut header = Header {
        version: Version::NO_SOFT_FORK_SIGNALLING,
        prev_blockhash,
        merkle_root,
        time,
        bits,
        nonce: 0,
    };
    while header.validate_pow(header.target()).is_err() {
        header.nonce += 1;
    }
    Block { header, txdata: vec![coinbase] }
}

/// A node that takes connections.
pub(crate) struct BitcoinNode {
    address: SocketAddr,
    chain: watch::Receiver<Vec<Block>>,
}

impl BitcoinNode {
    /// A node that has a chain.
    pub(crate) async fn start(chain: Vec<Block>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (changed, chain) = watch::channel(chain);
        let changed = Arc::new(changed);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let changed = Arc::clone(&changed);
                // A peer that says what is no message is let go.
                tokio::spawn(async move { Talk { stream, changed }.run().await });
            }
        });
        Self { address, chain }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has a chain of this height; its tip.
    pub(crate) async fn wait_for_height(&mut self, height: usize) -> String {
        let reached = self.chain.wait_for(|chain| chain.len() == height + 1);
        let chain = tokio::time::timeout(PATIENCE, reached).await.expect("it syncs").unwrap();
        chain.last().unwrap().block_hash().to_string()
    }
}

/// One connection.
struct Talk {
    stream: TcpStream,
    changed: Arc<watch::Sender<Vec<Block>>>,
}

impl Talk {
    async fn run(mut self) -> Option<()> {
        let mut buffer = Vec::new();
        loop {
            match deserialize_partial::<RawNetworkMessage>(&buffer) {
                Ok((message, length)) => {
                    buffer.drain(..length);
                    for answer in self.answer(message.into_payload()) {
                        let message = RawNetworkMessage::new(Magic::REGTEST, answer);
                        self.stream.write_all(&serialize(&message)).await.ok()?;
                    }
                }
                Err(encode::Error::Io(_)) => {
                    // Who begins in another way speaks another protocol.
                    let start = &buffer[..buffer.len().min(4)];
                    if !Magic::REGTEST.to_bytes().starts_with(start) {
                        return None;
                    }
                    let mut part = [0; 4_096];
                    match self.stream.read(&mut part).await.ok()? {
                        0 => return None,
                        count => buffer.extend_from_slice(&part[..count]),
                    }
                }
                Err(_) => return None,
            }
        }
    }

    fn answer(&self, message: NetworkMessage) -> Vec<NetworkMessage> {
        match message {
            NetworkMessage::Version(_) => vec![NetworkMessage::Version(version()), NetworkMessage::Verack],
            NetworkMessage::Verack | NetworkMessage::Inv(_) => vec![self.ask()],
            NetworkMessage::Ping(nonce) => vec![NetworkMessage::Pong(nonce)],
            NetworkMessage::GetHeaders(wanted) => vec![NetworkMessage::Headers(self.headers(&wanted))],
            NetworkMessage::GetData(wanted) => {
                wanted.into_iter().filter_map(|item| self.block(item)).collect()
            }
            NetworkMessage::Headers(headers) => {
                let chain = self.changed.borrow();
                let hashes = headers.iter().map(Header::block_hash);
                let new = hashes.filter(|hash| chain.iter().all(|block| block.block_hash() != *hash));
                let wanted: Vec<Inventory> = new.map(Inventory::WitnessBlock).collect();
                if wanted.is_empty() { Vec::new() } else { vec![NetworkMessage::GetData(wanted)] }
            }
            NetworkMessage::Block(block) => {
                self.take(block);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn ask(&self) -> NetworkMessage {
        let locator: Vec<BlockHash> =
            self.changed.borrow().iter().rev().map(Block::block_hash).take(100).collect();
        NetworkMessage::GetHeaders(GetHeadersMessage::new(locator, BlockHash::all_zeros()))
    }

    fn headers(&self, wanted: &GetHeadersMessage) -> Vec<Header> {
        let chain = self.changed.borrow();
        let known = chain.iter().rposition(|block| wanted.locator_hashes.contains(&block.block_hash()));
        chain.iter().skip(known.map_or(1, |at| at + 1)).take(2_000).map(|block| block.header).collect()
    }

    fn block(&self, wanted: Inventory) -> Option<NetworkMessage> {
        let (Inventory::Block(hash) | Inventory::WitnessBlock(hash)) = wanted else { return None };
        let chain = self.changed.borrow();
        chain.iter().find(|block| block.block_hash() == hash).cloned().map(NetworkMessage::Block)
    }

    /// Takes the next block of the chain, if it holds.
    fn take(&self, block: Block) {
        self.changed.send_if_modified(|chain| {
            let follows = chain.last().is_some_and(|tip| tip.block_hash() == block.header.prev_blockhash);
            let holds = block.check_merkle_root() && block.header.validate_pow(block.header.target()).is_ok();
            if follows && holds {
                chain.push(block);
            }
            follows && holds
        });
    }
}

fn version() -> VersionMessage {
    let services = ServiceFlags::NETWORK | ServiceFlags::WITNESS;
    let address = Address::new(&SocketAddr::from(([127, 0, 0, 1], 18_444)), services);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let agent = "/bitcoin:0.32/".to_owned();
    let mut version =
        VersionMessage::new(services, i64::try_from(now).unwrap(), address.clone(), address, 7, agent, 0);
    version.relay = true;
    version
}
