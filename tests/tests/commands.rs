//! Commands and RPCs of one node: what they answer, and what they refuse.

use serde_json::Value;
use terrarium_core::consensus::Preset;
use terrarium_core::crypto::Address;
use terrarium_core::interface::{
    BanAction, ChainFile, Command, CommandError, MiningMode, NodeConfig, NodeId, Reply, Role, StartOptions,
    SyncMode,
};
use terrarium_core::primitives::{Amount, BlockHash, Height, Txid};
use terrarium_core::time::Span;
use terrarium_tests::sim::World;

const A: NodeId = NodeId(3000);
const B: NodeId = NodeId(3001);

/// A node of the classroom with three blocks of its own and one payment waiting.
struct Stage {
    world: World,
    address: String,
    tip: BlockHash,
    payment: Txid,
}

fn stage() -> Stage {
    let mut world = World::new(21);
    for id in [A, B] {
        let network = Some(Preset::Classroom);
        let connect = if id == B { vec![A] } else { Vec::new() };
        world.add(NodeConfig { id, role: Role::Full, network, sync: SyncMode::Headers, connect });
        world.execute(id, Command::StartNode(StartOptions::default())).expect("the node starts");
    }
    let Ok(Reply::Address(entry)) = world.execute(A, Command::CreateWallet { label: None }) else {
        panic!("an address")
    };
    let address = entry.address;
    let generate = Command::Generate { blocks: 3, address: Some(address.clone()) };
    let Ok(Reply::Generated(hashes)) = world.execute(A, generate) else { panic!("three blocks") };
    let (from, to, amount) = (address.clone(), address.clone(), Amount::from_coins(20));
    let send = Command::Send { from, to, amount, fee: None, mine: false };
    let Ok(Reply::Sent { txid, .. }) = world.execute(A, send) else { panic!("a payment") };
    world.run_for(Span::from_secs(2));
    Stage { world, address, tip: hashes[2], payment: txid }
}

/// The value that was printed: a lone text is bare, nothing stands for null.
fn read(printed: &str) -> Value {
    match printed {
        "" => Value::Null,
        printed => serde_json::from_str(printed).unwrap_or_else(|_| printed.into()),
    }
}

impl Stage {
    fn json(&mut self, command: Command) -> Value {
        let text = format!("{command:?}");
        match self.world.execute(A, command) {
            Ok(Reply::Json(text)) => read(&text),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn assert_fields(&mut self, command: Command, fields: &[&str]) {
        let value = self.json(command);
        let value = value.as_array().and_then(|list| list.first()).unwrap_or(&value);
        for field in fields {
            assert!(value.get(field).is_some(), "{field} is missing in {value}");
        }
    }
}

#[test]
fn rpcs_answer_with_bitcoin_cores_fields() {
    let mut stage = stage();
    let (hash, txid) = (stage.tip, stage.payment);
    stage.assert_fields(
        Command::GetBlockchainInfo,
        &["chain", "blocks", "headers", "bestblockhash", "bits", "target", "difficulty", "chainwork"],
    );
    stage.assert_fields(
        Command::GetNetworkInfo,
        &["version", "subversion", "protocolversion", "localservicesnames", "connections_in", "relayfee"],
    );
    stage.assert_fields(
        Command::GetPeerInfo,
        &["id", "addr", "servicesnames", "bytessent", "subver", "inbound", "synced_headers", "inflight"],
    );
    stage.assert_fields(
        Command::GetPeerInfo,
        &["last_transaction", "last_block", "addr_relay_enabled", "addr_processed", "addr_rate_limited"],
    );
    stage.assert_fields(Command::GetAddrManInfo, &["ipv4", "ipv6", "all_networks"]);
    assert_eq!(stage.json(Command::GetConnectionCount), 1);
    let block = ["hash", "confirmations", "height", "merkleroot", "nTx", "previousblockhash"];
    stage.assert_fields(Command::GetBlockHeader { hash, verbose: true }, &block);
    stage.assert_fields(Command::GetBlock { hash, verbosity: 1 }, &[&block[..], &["tx", "weight"]].concat());
    assert_eq!(stage.json(Command::GetBlockHash { height: Height(3) }), hash.to_string());
    let transaction = ["txid", "hash", "version", "size", "vsize", "locktime", "vin", "vout", "hex"];
    stage.assert_fields(Command::GetRawTransaction { txid, verbose: true, block: None }, &transaction);
    stage.assert_fields(Command::GetMempoolInfo, &["loaded", "size", "bytes", "maxmempool", "mempoolminfee"]);
    let mempool = stage.json(Command::GetRawMempool { verbose: true });
    assert!(mempool[txid.to_string()]["fees"]["base"].is_number(), "{mempool}");
    let out = Command::GetTxOut { txid, vout: 0, include_mempool: true };
    stage.assert_fields(out, &["bestblock", "confirmations", "value", "scriptPubKey", "coinbase"]);
    let absent = Command::GetTxOut { txid, vout: 0, include_mempool: false };
    assert_eq!(stage.json(absent), Value::Null);
    stage.assert_fields(Command::GetMiningInfo, &["blocks", "networkhashps", "pooledtx", "next"]);
}

#[test]
fn short_answers_about_the_chain_are_bitcoin_cores() {
    let mut stage = stage();
    let tip = stage.tip;
    assert_eq!(stage.json(Command::GetBestBlockHash), tip.to_string());
    assert_eq!(stage.json(Command::GetBlockCount), 3);
    let difficulty = stage.json(Command::GetBlockchainInfo)["difficulty"].clone();
    assert_eq!(stage.json(Command::GetDifficulty), difficulty);
    assert!(stage.json(Command::GetNetworkHashPs { blocks: Some(2) }).is_number());
    assert_eq!(stage.json(Command::GetIndexInfo)["basic block filter index"]["best_block_height"], 3);
    assert!(stage.json(Command::Uptime).as_u64().is_some_and(|seconds| seconds >= 2));
    let coins = stage.json(Command::GetTxOutSetInfo);
    assert_eq!((&coins["txouts"], &coins["transactions"]), (&3.into(), &3.into()));
    assert_eq!((&coins["height"], &coins["bestblock"]), (&3.into(), &tip.to_string().into()));
    assert_eq!((&coins["total_amount"], &coins["bogosize"]), (&150.0.into(), &(3 * (50 + 25)).into()));
    assert_eq!(coins["hash_serialized_3"].as_str().map(str::len), Some(64));
}

#[test]
fn chain_tips_are_the_ends_of_all_branches() {
    let mut stage = stage();
    let old = stage.tip;
    stage.world.partition(&[&[A], &[B]]);
    stage.world.execute(A, Command::Generate { blocks: 1, address: None }).expect("a block");
    stage.world.execute(B, Command::Generate { blocks: 2, address: None }).expect("two blocks");
    let lost = stage.json(Command::GetBestBlockHash);
    stage.world.heal();
    let joined = |world: &World| world.snapshot(A).chain.is_some_and(|chain| chain.height == Height(5));
    assert!(stage.world.run_until(Span::from_secs(120), joined));
    let tips = stage.json(Command::GetChainTips);
    let shown = |tip: &Value| (tip["height"].clone(), tip["branchlen"].clone(), tip["status"].clone());
    assert_eq!(tips.as_array().map(Vec::len), Some(2), "{tips}, {old} is no end");
    assert_eq!(shown(&tips[0]), (5.into(), 0.into(), "active".into()));
    assert_eq!(shown(&tips[1]), (4.into(), 1.into(), "valid-fork".into()));
    assert_eq!(tips[1]["hash"], lost);
}

#[test]
fn what_waits_is_shown_with_what_it_depends_on() {
    let mut stage = stage();
    let parent = stage.payment;
    let (from, to, amount) = (stage.address.clone(), stage.address.clone(), Amount::from_coins(140));
    let send = Command::Send { from, to, amount, fee: None, mine: false };
    let Ok(Reply::Sent { txid: child, .. }) = stage.world.execute(A, send) else { panic!("a payment") };
    assert_eq!(stage.json(Command::GetMempoolEntry { txid: child })["depends"][0], parent.to_string());
    let ancestors = Command::GetMempoolAncestors { txid: child, verbose: false };
    assert_eq!(stage.json(ancestors), Value::from(vec![parent.to_string()]));
    let descendants = Command::GetMempoolDescendants { txid: parent, verbose: true };
    assert_eq!(stage.json(descendants)[child.to_string()]["ancestorcount"], 2);
    let unknown = Command::GetMempoolEntry { txid: Txid::ZERO };
    assert!(matches!(stage.world.execute(A, unknown), Err(CommandError::NotFound { .. })));
}

#[test]
fn a_transaction_is_tested_and_does_not_wait_for_it() {
    let mut stage = stage();
    let txid = stage.payment;
    let hex = stage.json(Command::GetRawTransaction { txid, verbose: false, block: None });
    let hex = hex.as_str().expect("hex").to_owned();
    let known = stage.json(Command::TestMempoolAccept { hex: hex.clone() });
    assert_eq!((&known[0]["allowed"], &known[0]["txid"]), (&false.into(), &txid.to_string().into()));
    assert_eq!(known[0]["reject-reason"], "txn-already-in-mempool");
    // Another node with the same chain and an empty mempool.
    let Ok(Reply::ChainFile(file)) = stage.world.execute(A, Command::ExportChain) else { panic!("a file") };
    let (role, network) = (Role::Full, Some(Preset::Classroom));
    let id = NodeId(3002);
    stage.world.add(NodeConfig { id, role, network, sync: SyncMode::Headers, connect: Vec::new() });
    stage.world.execute(id, Command::ImportChain { file }).expect("the chain is taken");
    let Ok(Reply::Json(text)) = stage.world.execute(id, Command::TestMempoolAccept { hex }) else {
        panic!("it is tested")
    };
    let tested = read(&text);
    assert_eq!((&tested[0]["allowed"], &tested[0]["fees"]["base"]), (&true.into(), &0.0.into()));
    assert_eq!(stage.world.snapshot(id).mempool.count, 0);
}

#[test]
fn an_address_is_validated_in_bitcoin_cores_words() {
    let mut stage = stage();
    let address = stage.address.clone();
    let valid = stage.json(Command::ValidateAddress { address: address.clone() });
    assert_eq!((&valid["isvalid"], &valid["address"]), (&true.into(), &address.into()));
    assert_eq!((&valid["isscript"], &valid["iswitness"]), (&false.into(), &false.into()));
    let invalid = stage.json(Command::ValidateAddress { address: "1nonsense".to_owned() });
    assert!(invalid["isvalid"] == false && invalid["error"].is_string(), "{invalid}");
}

#[test]
fn net_totals_keep_what_went_over_connections_that_are_gone() {
    let mut stage = stage();
    let before = stage.json(Command::GetNetTotals);
    let received = before["totalbytesrecv"].as_u64().unwrap_or_default();
    assert!(received > 0 && before["totalbytessent"].as_u64().is_some_and(|sent| sent > 0), "{before}");
    stage.world.execute(A, Command::StopNode).expect("the node stops");
    assert_eq!(stage.json(Command::GetConnectionCount), 0);
    assert!(stage.json(Command::GetNetTotals)["totalbytesrecv"].as_u64() >= Some(received));
}

#[test]
fn a_ping_on_demand_is_answered_and_counted() {
    let mut stage = stage();
    let sent = |stage: &mut Stage| stage.json(Command::GetPeerInfo)[0]["bytessent_per_msg"]["ping"].clone();
    let before = sent(&mut stage).as_u64();
    stage.world.execute(A, Command::Ping).expect("pings go out");
    stage.world.run_for(Span::from_millis(500));
    assert!(sent(&mut stage).as_u64() > before);
    assert!(stage.json(Command::GetPeerInfo)[0]["pingtime"].is_number());
}

#[test]
fn a_connection_is_ended_by_its_address_and_one_that_is_not_there_is_named() {
    let mut stage = stage();
    let nobody = Command::DisconnectNode { address: NodeId(3999).local_address() };
    assert!(matches!(stage.world.execute(A, nobody), Err(CommandError::NotFound { .. })));
    assert_eq!(stage.json(Command::GetConnectionCount), 1);
    let address = stage.world.snapshot(A).peers[0].address;
    stage.world.execute(A, Command::DisconnectNode { address }).expect("it is ended");
    assert_eq!(stage.json(Command::GetConnectionCount), 0);
    assert_eq!(stage.json(Command::ListBanned), Value::Array(Vec::new()), "it is not banned");
}

#[test]
fn all_bans_are_lifted_at_once() {
    let mut stage = stage();
    let ban = Command::SetBan { address: B.local_address(), action: BanAction::Add, seconds: None };
    stage.world.execute(A, ban).expect("the ban is set");
    assert_eq!(stage.json(Command::ListBanned).as_array().map(Vec::len), Some(1));
    stage.world.execute(A, Command::ClearBanned).expect("bans are lifted");
    assert_eq!(stage.json(Command::ListBanned), Value::Array(Vec::new()));
    stage.world.kill(A);
    stage.world.open(A);
    assert_eq!(stage.json(Command::ListBanned), Value::Array(Vec::new()));
}

#[test]
fn a_proof_of_a_transaction_verifies_and_a_transaction_survives_hex() {
    let mut stage = stage();
    let hash = stage.tip;
    let block = stage.json(Command::GetBlock { hash, verbosity: 2 });
    let txid: Txid = block["tx"][0]["txid"].as_str().and_then(|text| text.parse().ok()).expect("a txid");
    let proof = stage.json(Command::GetTxOutProof { txids: vec![txid], block: None });
    let proof = proof.as_str().expect("hex").to_owned();
    assert_eq!(stage.json(Command::VerifyTxOutProof { proof })[0], txid.to_string());
    let hex = stage.json(Command::GetRawTransaction { txid, verbose: false, block: Some(hash) });
    let hex = hex.as_str().expect("hex").to_owned();
    assert_eq!(stage.json(Command::DecodeRawTransaction { hex })["txid"], txid.to_string());
}

#[test]
fn a_transaction_that_spends_twice_is_refused_by_name() {
    let mut stage = stage();
    let txid = stage.payment;
    let hex = stage.json(Command::GetRawTransaction { txid, verbose: false, block: None });
    let mut bytes = terrarium_core::encode::hex::decode(hex.as_str().expect("hex")).expect("hex");
    // Another lock time: the same coin in another transaction.
    let last = bytes.len() - 1;
    bytes[last - 3] = 1;
    let hex = terrarium_core::encode::hex::encode(&bytes);
    match stage.world.execute(A, Command::SendRawTransaction { hex }) {
        Err(CommandError::Rejected { reason }) => {
            assert!(reason.starts_with("txn-mempool-conflict"), "{reason}");
            assert!(reason.contains(&txid.to_string()), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_done_is_refused_in_the_seeds_words() {
    let mut stage = stage();
    let address = stage.address.clone();
    let pay = |from: &str, to: &str, amount: i64| Command::Send {
        from: from.to_owned(),
        to: to.to_owned(),
        amount: Amount::from_sat(amount),
        fee: None,
        mine: false,
    };
    for (command, line) in [
        (Command::GetBalance { address: "x".to_owned() }, "ERROR: Address is not valid"),
        (pay("x", &address, 1), "ERROR: Sender address is not valid"),
        (pay(&address, "", 1), "ERROR: Recipient address is not valid"),
        (pay(&address, &address, 900_000_000_000), "ERROR: Not enough funds"),
        (Command::CreateBlockchain { address: address.clone(), subsidy: None }, "Blockchain already exists."),
        (Command::StartNode(StartOptions::default()), "ERROR: node 3000 is running: stop it first"),
        (Command::ImportChain { file: ChainFile(vec![1]) }, "ERROR: node 3000 is running: stop it first"),
        (
            pay(&address, &address, 0),
            "ERROR: the amount 0 cannot be sent: it must be above 0 and at most 21000000",
        ),
    ] {
        let error = stage.world.execute(A, command).expect_err(line);
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn a_damaged_chain_file_is_refused_and_changes_nothing() {
    let mut stage = stage();
    let Ok(Reply::ChainFile(file)) = stage.world.execute(A, Command::ExportChain) else { panic!("a file") };
    stage.world.execute(A, Command::StopNode).expect("the node stops");
    let before = stage.world.snapshot(A).chain;
    for at in [0, file.0.len() / 2, file.0.len() - 1] {
        let mut damaged = file.clone();
        damaged.0[at] ^= 1;
        let refused = stage.world.execute(A, Command::ImportChain { file: damaged });
        assert!(matches!(refused, Err(CommandError::BadChainFile(_))), "{refused:?}");
    }
    assert_eq!(stage.world.snapshot(A).chain, before);
    assert_eq!(stage.world.execute(A, Command::ImportChain { file }), Ok(Reply::Done));
    assert_eq!(stage.world.snapshot(A).chain.map(|chain| chain.tip), before.map(|chain| chain.tip));
}

#[test]
fn a_rebuilt_set_of_coins_is_the_one_that_was() {
    let mut stage = stage();
    let address = stage.address.clone();
    let balance = stage.world.execute(A, Command::GetBalance { address: address.clone() });
    // Three rewards; the genesis block's output makes no coin.
    assert_eq!(stage.world.execute(A, Command::ReindexUtxo), Ok(Reply::Reindexed { transactions: 3 }));
    assert_eq!(stage.world.execute(A, Command::GetBalance { address }), balance);
}

#[test]
fn a_ban_ends_the_connection_and_outlives_a_restart() {
    let mut stage = stage();
    let ban = Command::SetBan { address: B.local_address(), action: BanAction::Add, seconds: None };
    stage.world.execute(A, ban).expect("the ban is set");
    assert_eq!(stage.world.snapshot(A).peers, []);
    stage.world.kill(A);
    stage.world.open(A);
    stage.world.execute(A, Command::StartNode(StartOptions::default())).expect("the node starts");
    stage.world.run_for(Span::from_secs(20));
    assert_eq!((stage.world.snapshot(A).peers.len(), stage.world.snapshot(A).banned), (0, 1));
}

#[test]
fn an_imported_key_finds_its_coins_in_the_chain() {
    let mut stage = stage();
    let address = stage.address.clone();
    let Ok(Reply::Key(wif)) = stage.world.execute(A, Command::DumpKey { address: address.clone() }) else {
        panic!("a key")
    };
    let imported = stage.world.execute(B, Command::ImportKey { wif, label: Some("alice".to_owned()) });
    let Ok(Reply::Address(entry)) = imported else { panic!("{imported:?}") };
    assert_eq!((entry.address, entry.label), (address, Some("alice".to_owned())));
    assert_eq!(entry.balance, Amount::from_coins(150));
}

#[test]
fn nothing_is_paid_to_a_witness_version_without_rules() {
    let mut stage = stage();
    let version_1 =
        Address::witness(1, &[7; 32]).expect("32 bytes").to_text(&Preset::Classroom.params().address);
    let (from, amount) = (stage.address.clone(), Amount::from_coins(1));
    let send = Command::Send { from, to: version_1.clone(), amount, fee: None, mine: false };
    let generate = Command::Generate { blocks: 1, address: Some(version_1) };
    for command in [send, generate] {
        let refused = stage.world.execute(A, command).expect_err("anybody could take it").to_string();
        assert!(refused.contains("witness version 1"), "{refused}");
    }
}

#[test]
fn a_proof_about_a_tree_of_another_size_proves_nothing() {
    let mut stage = stage();
    stage.world.execute(A, Command::Generate { blocks: 1, address: None }).expect("a block with the payment");
    let txids = vec![stage.payment];
    let proof = stage.json(Command::GetTxOutProof { txids, block: None });
    let proof = proof.as_str().expect("hex").to_owned();
    let payment = stage.payment.to_string();
    assert_eq!(stage.json(Command::VerifyTxOutProof { proof: proof.clone() }), Value::from(vec![payment]));
    // The root of the two transactions, passed for the only one.
    let (header, root) = (&proof[..160], &proof[72..136]);
    let proof = format!("{header}0100000001{root}0101");
    assert_eq!(stage.json(Command::VerifyTxOutProof { proof }), Value::Array(Vec::new()));
}

#[test]
fn a_node_that_is_started_without_miner_mines_no_more_by_itself() {
    let mut stage = stage();
    let mode = |stage: &Stage| stage.world.host(A).node().map(|node| node.snapshot().mining.mode);
    let restart = |stage: &mut Stage, options: StartOptions| {
        stage.world.execute(A, Command::StopNode).expect("the node stops");
        stage.world.execute(A, Command::StartNode(options)).expect("the node starts");
    };
    let miner = Some(stage.address.clone());
    restart(&mut stage, StartOptions { miner, ..StartOptions::default() });
    assert_eq!(mode(&stage), Some(MiningMode::WhenTwoWait));
    restart(&mut stage, StartOptions::default());
    assert_eq!(mode(&stage), Some(MiningMode::Off));
    // What was set by hand stays.
    let always = Command::SetMining { mode: MiningMode::Always, address: None };
    stage.world.execute(A, always).expect("it mines");
    restart(&mut stage, StartOptions::default());
    assert_eq!(mode(&stage), Some(MiningMode::Always));
}
