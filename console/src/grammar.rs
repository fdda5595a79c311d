//! The commands, as a table: names, what words they take, how these are read, what help says. Parsing, help and
//! completion read it.

use crate::arguments::{Flag, Shape, Value};
use crate::request::{self, Reader, Request};
use terrarium_core::interface::Command;

/// A command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) read: Reader,
    pub(crate) english: &'static str,
    pub(crate) chinese: &'static str,
}

const fn takes(name: &'static str, value: Value) -> Flag {
    Flag { name, value: Some(value) }
}

const fn switch(name: &'static str) -> Flag {
    Flag { name, value: None }
}

const ADDRESS: &[Flag] = &[takes("address", Value::Address)];

macro_rules! forms {
    ($($name:literal, $flags:expr, $usage:literal, $places:expr, $read:expr, $english:literal, $chinese:literal;)*) => {
        &[$(Form {
            name: $name,
            shape: Shape { usage: $usage, flags: $flags, places: $places },
            read: $read,
            english: $english,
            chinese: $chinese,
        }),*]
    };
}

/// Every command, the seeds' first.
#[rustfmt::skip]
pub(crate) const FORMS: &[Form] = forms![
    "set", &[], "set NODE_ID=3000", (1, 3), request::set_node, "chooses this terminal's node", "选择本终端的节点";
    "export", &[], "export NODE_ID=3000", (1, 3), request::set_node, "chooses this terminal's node", "选择本终端的节点";
    "createwallet", &[takes("label", Value::Text)], "createwallet [-label L]", (0, 0), |words, _| Ok(Request::CreateWallet { label: words.option("label").map(str::to_owned) }), "makes a new address", "生成新地址";
    "createblockchain", &[takes("address", Value::Address), takes("subsidy", Value::Text)], "createblockchain -address A [-subsidy N]", (0, 0), request::create_blockchain, "makes a new chain whose genesis block pays A", "创建区块链，创世块奖励付给 A";
    "getbalance", ADDRESS, "getbalance -address A", (0, 0), request::get_balance, "confirmed coins of an address", "查询地址已确认的余额";
    "listaddresses", &[], "listaddresses", (0, 0), |_, _| Ok(Command::ListAddresses.into()), "the wallet's addresses", "列出钱包地址";
    "send", &[takes("from", Value::Address), takes("to", Value::Address), takes("amount", Value::Text), takes("fee", Value::Text), switch("mine")], "send -from A -to B -amount N [-mine] [-fee F]", (0, 0), request::send, "pays; -mine mines the payment on the spot", "付款；-mine 当场挖出区块";
    "printchain", &[], "printchain", (0, 0), |_, _| Ok(Command::PrintChain.into()), "the chain from its tip back", "从链尖往回打印区块链";
    "reindexutxo", &[], "reindexutxo", (0, 0), |_, _| Ok(Command::ReindexUtxo.into()), "rebuilds the set of unspent outputs", "重建未花费交易输出集合";
    "startnode", &[takes("miner", Value::Address), takes("connect", Value::Node), takes("seednode", Value::Node), takes("sync", Value::Text), switch("spv"), takes("filters", Value::Text), takes("maxoutbound", Value::Text), takes("maxinbound", Value::Text), takes("v2transport", Value::Text)], "startnode [-miner A] [-connect N] [-seednode N] [-sync blocks|headers] [-spv] [-filters bloom|compact] [-maxoutbound N] [-maxinbound N] [-v2transport 0|1]", (0, 0), request::start_node, "joins the network, with -spv as a light node; ^C leaves it", "启动节点（-spv 为轻节点）；^C 停止";
    "stopnode", &[], "stopnode", (0, 0), |_, _| Ok(Command::StopNode.into()), "leaves the network", "停止节点";
    "copy", &[], "copy blockchain_3000.db blockchain_genesis.db", (2, 2), request::copy, "copies a chain to a file or to another node", "把区块链复制为文件或复制给另一个节点";
    "cp", &[], "cp blockchain_3000.db blockchain_genesis.db", (2, 2), request::copy, "copies a chain to a file or to another node", "把区块链复制为文件或复制给另一个节点";
    "listen", &[], "listen NODE", (0, 1), |words, _| Ok(Request::Listen(words.place_given(0).map(|word| words.node(word)).transpose()?)), "prints each message of a node; ^C ends it", "打印节点收到的每条消息；^C 结束";
    "dumpprivkey", &[], "dumpprivkey A", (1, 1), |words, book| Ok(Command::DumpKey { address: book.resolve(words.place(0)).to_owned() }.into()), "the private key of an address (WIF)", "导出地址的私钥（WIF）";
    "importprivkey", &[], "importprivkey WIF [LABEL]", (1, 2), request::import_key, "adds a private key to the wallet", "导入私钥";
    "help", &[], "help [command]", (0, 1), |words, _| Ok(Request::Help(words.place_given(0).map(str::to_owned))), "what there is", "显示帮助";
    "getblockchaininfo", &[], "getblockchaininfo", (0, 0), |_, _| Ok(Command::GetBlockchainInfo.into()), "state of the chain", "区块链状态";
    "getnetworkinfo", &[], "getnetworkinfo", (0, 0), |_, _| Ok(Command::GetNetworkInfo.into()), "state of the network layer", "网络层状态";
    "getconnectioncount", &[], "getconnectioncount", (0, 0), |_, _| Ok(Command::GetConnectionCount.into()), "number of connections", "连接数";
    "getpeerinfo", &[], "getpeerinfo", (0, 0), |_, _| Ok(Command::GetPeerInfo.into()), "every connection in detail", "每个连接的详情";
    "getblock", &[], "getblock HASH [VERBOSITY]", (1, 2), request::get_block, "a block: 0 hex, 1 with txids, 2 with transactions", "区块：0 十六进制，1 含交易号，2 含交易";
    "getblockheader", &[], "getblockheader HASH [VERBOSE]", (1, 2), request::get_block_header, "a block header", "区块头";
    "getblockfilter", &[], "getblockfilter HASH", (1, 1), request::get_block_filter, "a block's compact filter", "区块的紧凑过滤器";
    "getblockhash", &[], "getblockhash HEIGHT", (1, 1), request::get_block_hash, "the hash of the block at a height", "指定高度的区块哈希";
    "getrawtransaction", &[], "getrawtransaction TXID [VERBOSE] [BLOCKHASH]", (1, 3), request::get_raw_transaction, "a transaction", "交易";
    "decoderawtransaction", &[], "decoderawtransaction HEX", (1, 1), |words, _| Ok(Command::DecodeRawTransaction { hex: words.place(0).to_owned() }.into()), "decodes a transaction", "解码交易";
    "sendrawtransaction", &[], "sendrawtransaction HEX", (1, 1), |words, _| Ok(Command::SendRawTransaction { hex: words.place(0).to_owned() }.into()), "submits a transaction", "提交交易";
    "getmempoolinfo", &[], "getmempoolinfo", (0, 0), |_, _| Ok(Command::GetMempoolInfo.into()), "state of the mempool", "交易池状态";
    "getrawmempool", &[], "getrawmempool [VERBOSE]", (0, 1), |words, _| Ok(Command::GetRawMempool { verbose: words.switch_place(0, false)? }.into()), "what waits in the mempool", "交易池里的交易";
    "gettxout", &[], "gettxout TXID N [INCLUDE_MEMPOOL]", (2, 3), request::get_tx_out, "an unspent output", "未花费交易输出";
    "gettxoutproof", &[], "gettxoutproof TXID[,TXID...] [BLOCKHASH]", (1, 2), request::get_tx_out_proof, "a merkle proof of transactions", "交易的默克尔证明";
    "verifytxoutproof", &[], "verifytxoutproof PROOF", (1, 1), |words, _| Ok(Command::VerifyTxOutProof { proof: words.place(0).to_owned() }.into()), "what a merkle proof proves", "验证默克尔证明";
    "getmininginfo", &[], "getmininginfo", (0, 0), |_, _| Ok(Command::GetMiningInfo.into()), "state of the miner", "挖矿状态";
    "getbestblockhash", &[], "getbestblockhash", (0, 0), |_, _| Ok(Command::GetBestBlockHash.into()), "the hash of the tip", "链尖区块的哈希";
    "getblockcount", &[], "getblockcount", (0, 0), |_, _| Ok(Command::GetBlockCount.into()), "the height of the tip", "链尖的高度";
    "getdifficulty", &[], "getdifficulty", (0, 0), |_, _| Ok(Command::GetDifficulty.into()), "how hard the tip's target is", "当前难度";
    "getchaintips", &[], "getchaintips", (0, 0), |_, _| Ok(Command::GetChainTips.into()), "the ends of all branches", "所有分叉的末端";
    "getnetworkhashps", &[], "getnetworkhashps [BLOCKS]", (0, 1), |words, _| Ok(Command::GetNetworkHashPs { blocks: words.optional_place(0)? }.into()), "the network's hashes a second", "全网每秒哈希数";
    "gettxoutsetinfo", &[], "gettxoutsetinfo", (0, 0), |_, _| Ok(Command::GetTxOutSetInfo.into()), "all unspent outputs, counted and hashed", "未花费交易输出集合的统计";
    "getindexinfo", &[], "getindexinfo", (0, 0), |_, _| Ok(Command::GetIndexInfo.into()), "what is indexed beyond the chain", "索引的状态";
    "validateaddress", &[], "validateaddress A", (1, 1), |words, book| Ok(Command::ValidateAddress { address: book.resolve(words.place(0)).to_owned() }.into()), "whether a text is an address", "检查地址是否有效";
    "getmempoolentry", &[], "getmempoolentry TXID", (1, 1), |words, _| Ok(Command::GetMempoolEntry { txid: words.parsed_place(0)? }.into()), "a transaction of the mempool", "交易池里的一笔交易";
    "getmempoolancestors", &[], "getmempoolancestors TXID [VERBOSE]", (1, 2), |words, _| Ok(Command::GetMempoolAncestors { txid: words.parsed_place(0)?, verbose: words.switch_place(1, false)? }.into()), "what a waiting transaction depends on", "一笔待确认交易所依赖的交易";
    "getmempooldescendants", &[], "getmempooldescendants TXID [VERBOSE]", (1, 2), |words, _| Ok(Command::GetMempoolDescendants { txid: words.parsed_place(0)?, verbose: words.switch_place(1, false)? }.into()), "what depends on a waiting transaction", "依赖一笔待确认交易的交易";
    "testmempoolaccept", &[], "testmempoolaccept HEX", (1, 1), |words, _| Ok(Command::TestMempoolAccept { hex: words.place(0).to_owned() }.into()), "whether the mempool would take a transaction", "检查交易能否进入交易池";
    "uptime", &[], "uptime", (0, 0), |_, _| Ok(Command::Uptime.into()), "seconds since the node was opened", "节点已运行的秒数";
    "getnettotals", &[], "getnettotals", (0, 0), |_, _| Ok(Command::GetNetTotals.into()), "bytes sent and received in all", "收发字节总数";
    "ping", &[], "ping", (0, 0), |_, _| Ok(Command::Ping.into()), "pings every peer; see getpeerinfo", "向所有节点发 ping，结果见 getpeerinfo";
    "clearbanned", &[], "clearbanned", (0, 0), |_, _| Ok(Command::ClearBanned.into()), "lifts all bans", "解除所有封禁";
    "generatetoaddress", &[], "generatetoaddress N A", (2, 2), request::generate, "mines N blocks to an address", "挖 N 个区块，奖励付给 A";
    "addnode", &[], "addnode NODE add|remove|onetry", (2, 2), request::add_node, "connects to a node", "连接节点";
    "disconnectnode", &[], "disconnectnode NODE", (1, 1), request::disconnect_node, "ends a connection", "断开连接";
    "getaddednodeinfo", &[], "getaddednodeinfo [NODE]", (0, 1), request::get_added_node_info, "connections kept by hand", "手动添加的连接";
    "getnodeaddresses", &[], "getnodeaddresses [COUNT]", (0, 1), |words, _| Ok(Command::GetNodeAddresses { count: words.optional_place(0)? }.into()), "addresses that the node knows (0: all)", "节点已知的地址（0：全部）";
    "getaddrmaninfo", &[], "getaddrmaninfo", (0, 0), |_, _| Ok(Command::GetAddrManInfo.into()), "how many addresses the node knows", "地址管理器中的地址数";
    "addpeeraddress", &[], "addpeeraddress NODE [TRIED]", (1, 2), request::add_peer_address, "adds an address to the node's book", "向地址管理器加入地址";
    "listbanned", &[], "listbanned", (0, 0), |_, _| Ok(Command::ListBanned.into()), "who is banned", "列出封禁的节点";
    "setban", &[], "setban NODE add|remove [SECONDS]", (2, 3), request::set_ban, "bans a node or lifts a ban", "封禁或解封节点";
];

/// The form of a command.
pub(crate) fn form(name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name == name)
}

/// Whether a word is a command's name.
pub(crate) fn is_command(word: &str) -> bool {
    form(word).is_some()
}

/// The command whose name is nearest to a word, if it is near enough to be meant.
pub(crate) fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    FORMS
        .iter()
        .map(|form| (distance(&word, form.name), form.name))
        .min()
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_command_finds_the_nearest() {
        assert_eq!(nearest("getbalence"), Some("getbalance"));
        assert_eq!(nearest("StartNode"), Some("startnode"));
        assert_eq!(nearest("dance"), None);
    }

    #[test]
    fn every_command_stands_in_the_table_once_and_explains_itself_twice() {
        for form in FORMS {
            assert_eq!(FORMS.iter().filter(|other| other.name == form.name).count(), 1, "{}", form.name);
            assert!(form.shape.usage.starts_with(form.name));
            assert!(!form.english.is_empty() && !form.chinese.is_empty());
        }
    }
}
