//! Scripts that helpers check: whatever order their answers come in, and whoever gives his batch back, the chain ends as
//! it does where it checks them itself.

use proptest::prelude::*;

use super::*;
use crate::chain::script_batch::{FailedCheck, decode_verdict, encode_verdict, verify_batch};
use crate::consensus::TxError;
use crate::cost::Cost;
use crate::crypto::EcdsaAccelerator;
use crate::encode::DecodeError;
use crate::script::ScriptError;

/// Coins that a tree of blocks may spend.
const COINS: usize = 48;

/// Helpers that answer in an order of their own, and now and then give a batch back.
#[derive(Default)]
pub(super) struct Crew {
    /// Batches without an answer, by their numbers.
    out: Vec<(usize, Vec<u8>)>,
    /// How many batches they have had.
    had: usize,
    chance: u64,
    pub(super) accelerator: Option<EcdsaAccelerator>,
}

impl Crew {
    /// Takes batches in, and answers until the chain can go on.
    pub(super) fn hear(&mut self, batches: Vec<Vec<u8>>, chain: &mut Chainstate) {
        if !batches.is_empty() {
            self.had += batches.len();
            self.out = batches.into_iter().enumerate().collect();
        }
        while !self.answer(chain) {}
    }

    /// Answers one batch; whether the chain can go on.
    fn answer(&mut self, chain: &mut Chainstate) -> bool {
        assert!(!self.out.is_empty(), "the chain waits for nobody");
        let at = self.draw(self.out.len());
        let (number, bytes) = self.out.swap_remove(at);
        let verdict = verify_batch(&bytes, self.accelerator).expect("a batch");
        let verdict = decode_verdict(&encode_verdict(&verdict)).expect("a verdict");
        chain.batch_checked(number, (self.draw(6) > 0).then_some(verdict))
    }

    fn draw(&mut self, below: usize) -> usize {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) as usize % below
    }
}

impl Lab {
    /// The same lab with helpers for every block.
    fn helped(mut self, chance: u64) -> Self {
        self.chain.set_helpers(Some(Cost::ZERO));
        self.helpers.chance = chance;
        self
    }

    /// Takes one step, and hears at most one answer.
    fn step(&mut self) {
        match self.chain.activate(&self.verified).expect("it fits") {
            ActivateStep::Verify(batches) if batches.is_empty() => drop(self.helpers.answer(&mut self.chain)),
            ActivateStep::Verify(batches) => {
                self.helpers.had += batches.len();
                self.helpers.out = batches.into_iter().enumerate().collect();
            }
            ActivateStep::NeedRecords(keys) => keys.iter().for_each(|key| self.supply(key)),
            ActivateStep::Done | ActivateStep::More(_) => {}
        }
    }

    /// A block that makes coins guarded by `scripts`, all worth the same.
    pub(super) fn fund(&mut self, scripts: &[Script]) -> Vec<OutPoint> {
        let genesis = self.chain.network().genesis();
        let mut fan_out = spend(&[reward(&genesis)], &vec![1_000; scripts.len()]);
        for (output, script) in fan_out.outputs.iter_mut().zip(scripts) {
            output.script_pubkey = script.clone();
        }
        let txid = fan_out.txid();
        self.mine(vec![fan_out]);
        (0..scripts.len()).map(|vout| OutPoint::new(txid, vout as u32)).collect()
    }
}

/// A script that ends as `end` says, and costs a batch of its own without running a signature.
fn heavy(end: &[u8]) -> Script {
    // OP_0 OP_IF, twice OP_CHECKMULTISIG, OP_ENDIF.
    Script::from_bytes([&[0x00, 0x63, 0xae, 0xae, 0x68], end].concat())
}

/// Ends of scripts, and what comes of them.
const ENDS: [(&[u8], Option<ScriptError>); 4] = [
    (&[0x51], None),
    (&[0x00], Some(ScriptError::EvalFalse)),
    (&[0x00, 0x69], Some(ScriptError::Verify)),
    (&[0x93], Some(ScriptError::InvalidStackOperation)),
];

/// One transaction for each of these lists of coins.
fn spends(coins: &[OutPoint], lists: &[Vec<usize>]) -> Vec<Transaction> {
    let list = |list: &Vec<usize>| list.iter().map(|at| coins[*at]).collect::<Vec<_>>();
    lists.iter().map(|at| spend(&list(at), &[1])).collect()
}

#[test]
fn the_first_failing_script_of_the_block_decides_whatever_order_answers_come_in() {
    let scripts = [0, 0, 0, 2, 0, 1, 3].map(|end| heavy(ENDS[end].0));
    let lists = [vec![0], vec![1, 2, 3], vec![4, 5], vec![6]];
    let mut plain = Lab::new();
    let coins = plain.fund(&scripts);
    let block = plain.block_on(plain.chain.tip(), spends(&coins, &lists));
    let txid = block.transactions[2].txid();
    let error = TxError::Script { input: 2, error: ScriptError::Verify };
    let expected = BlockError::Transaction { txid, error };
    assert_eq!(plain.add(&block).err(), Some(expected.clone()));
    for chance in 0..200 {
        let mut lab = Lab::new();
        lab.fund(&scripts);
        let mut lab = lab.helped(chance);
        assert_eq!(lab.add(&block).err(), Some(expected.clone()));
        assert!(lab.helpers.had >= 7);
        assert_eq!(coins_of(&lab.chain), coins_of(&plain.chain));
    }
}

#[test]
fn a_block_whose_scripts_are_out_leaves_coins_and_changes_as_they_were() {
    let mut lab = Lab::new();
    let coins = lab.fund(&vec![heavy(ENDS[0].0); 3]);
    lab.commit();
    let mut lab = lab.helped(1);
    let block = lab.block_on(lab.chain.tip(), spends(&coins, &[vec![0, 1], vec![2]]));
    let (tip, before) = (lab.chain.tip(), coins_of(&lab.chain));
    lab.chain.accept_block(Arc::clone(&block), NOW).expect("well formed");
    lab.step();
    assert_eq!(lab.helpers.out.len(), 3);
    assert_eq!((lab.chain.tip(), coins_of(&lab.chain)), (tip, before));
    assert_eq!(lab.chain.coins.pending(), 0);
    lab.settle();
    assert_eq!(lab.chain.tip(), block.block_hash());
    lab.assert_consistent();
}

#[test]
fn a_better_branch_takes_over_while_scripts_are_out_and_their_verdict_comes_too_late() {
    let mut lab = Lab::new();
    let coins = lab.fund(&vec![heavy(ENDS[1].0); 2]);
    let mut lab = lab.helped(1);
    let parent = lab.chain.tip();
    let block = lab.block_on(parent, spends(&coins, &[vec![0], vec![1]]));
    lab.chain.accept_block(Arc::clone(&block), NOW).expect("well formed");
    lab.step();
    let branch = lab.branch(parent, 2);
    lab.settle();
    assert_eq!(lab.chain.tip(), branch[1].block_hash());
    let (number, bytes) = lab.helpers.out.remove(0);
    let verdict = verify_batch(&bytes, None).expect("a batch");
    assert_eq!(verdict, Err(FailedCheck { check: 0, error: ScriptError::EvalFalse }));
    assert!(!lab.chain.batch_checked(number, Some(verdict)));
    assert!(!lab.chain.entry(&block.block_hash()).expect("known").status.is_invalid());
}

#[test]
fn a_verdict_on_what_is_not_in_the_batch_is_not_believed() {
    let mut lab = Lab::new();
    let coins = lab.fund(&[heavy(ENDS[0].0)]);
    let mut lab = lab.helped(1);
    let block = lab.block_on(lab.chain.tip(), spends(&coins, &[vec![0]]));
    lab.chain.accept_block(Arc::clone(&block), NOW).expect("well formed");
    lab.step();
    let verdict = Err(FailedCheck { check: 1, error: ScriptError::EvalFalse });
    assert!(lab.chain.batch_checked(0, Some(verdict)), "it is checked here");
    lab.settle();
    assert_eq!(lab.chain.tip(), block.block_hash());
}

#[test]
fn a_batch_that_comes_back_is_done_here_though_the_transactions_of_its_block_fill_a_step() {
    let mut lab = Lab::new();
    // OP_0 OP_IF OP_CHECKMULTISIG OP_ENDIF OP_1: half a batch.
    let coins = lab.fund(&vec![Script::from_bytes(vec![0x00, 0x63, 0xae, 0x68, 0x51]); 800]);
    let mut lab = lab.helped(1);
    let lists: Vec<Vec<usize>> = (0..coins.len()).map(|at| vec![at]).collect();
    let block = lab.block_on(lab.chain.tip(), spends(&coins, &lists));
    lab.chain.accept_block(Arc::clone(&block), NOW).expect("well formed");
    lab.step();
    for (number, _) in std::mem::take(&mut lab.helpers.out) {
        lab.chain.batch_checked(number, (number != 200).then_some(Ok(())));
    }
    (0..3).for_each(|_| lab.step());
    assert_eq!(lab.chain.tip(), block.block_hash());
    lab.assert_consistent();
}

#[test]
fn blocks_that_cost_less_than_a_way_there_and_back_stay_here() {
    let mut lab = Lab::new();
    let coins = lab.fund(&vec![heavy(ENDS[0].0); 2]);
    lab.chain.set_helpers(Some(Cost(6_000)));
    let [small, large] = [&[vec![0]][..], &[vec![0], vec![1]]].map(|lists| spends(&coins, lists));
    let tip = lab.chain.tip();
    let (small, large) = (lab.block_on(tip, small), lab.block_on(tip, large));
    lab.add(&small).expect("valid");
    assert_eq!(lab.helpers.had, 0);
    let mut other = Lab::new();
    other.fund(&vec![heavy(ENDS[0].0); 2]);
    other.chain.set_helpers(Some(Cost(6_000)));
    other.add(&large).expect("valid");
    assert_eq!(other.helpers.had, 2);
}

#[test]
fn a_transaction_that_was_verified_before_is_not_handed_out() {
    let mut lab = Lab::new();
    let coins = lab.fund(&vec![heavy(ENDS[0].0); 3]);
    let mut lab = lab.helped(1);
    let transactions = spends(&coins, &[vec![0], vec![1], vec![2]]);
    lab.verified.insert(transactions[1].wtxid());
    let block = lab.block_on(lab.chain.tip(), transactions);
    lab.add(&block).expect("valid");
    assert_eq!(lab.helpers.had, 2);
}

#[test]
fn the_inputs_of_one_large_transaction_are_shared_out_in_four_parts() {
    let mut lab = Lab::new();
    let coins = lab.fund(&vec![heavy(ENDS[0].0); 10]);
    let mut lab = lab.helped(1);
    let block = lab.block_on(lab.chain.tip(), spends(&coins, &[(0..10).collect()]));
    lab.add(&block).expect("valid");
    assert_eq!(lab.helpers.had, 4);
}

#[test]
fn bytes_that_are_no_batch_and_no_verdict_are_refused() {
    assert!(verify_batch(&[], None).is_err());
    let trailing = Err(DecodeError::TrailingBytes { count: 1 });
    assert_eq!(verify_batch(&[0, 0, 0, 0, 0, 9], None), trailing);
    for verdict in ScriptError::ALL.iter().map(|error| Err(FailedCheck { check: 7, error: *error })) {
        assert_eq!(decode_verdict(&encode_verdict(&verdict)), Ok(verdict));
    }
    assert!(decode_verdict(&[1, 0, 0, 0, 0, 255]).is_err());
    assert!(decode_verdict(&[2]).is_err());
}

/// How a block of a tree is made.
#[derive(Clone, Debug)]
struct Plan {
    /// Which of the blocks before it is its parent, counted back from the last.
    back: usize,
    /// The coins that each of its transactions spends.
    lists: Vec<Vec<usize>>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let back = prop_oneof![4 => Just(0_usize), 2 => 0..4_usize];
    let list = prop::collection::btree_set(0..COINS, 1..4).prop_map(|list| list.into_iter().collect());
    (back, prop::collection::vec(list, 0..5)).prop_map(|(back, lists)| Plan { back, lists })
}

/// Nine of ten scripts pass; half of all cost a batch.
fn script() -> impl Strategy<Value = Script> {
    let end = prop_oneof![24 => Just(0_usize), 1 => Just(1_usize), 1 => Just(2_usize), 1 => Just(3_usize)];
    (end, any::<bool>()).prop_map(|(end, is_heavy)| match is_heavy {
        true => heavy(ENDS[end].0),
        false => Script::from_bytes(ENDS[end].0.to_vec()),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_tree_ends_with_helpers_as_it_does_without(
        scripts in prop::collection::vec(script(), COINS),
        plans in prop::collection::vec(plan(), 1..24),
        steps in prop::collection::vec(0..6_usize, 24),
        chance in any::<u64>(),
    ) {
        let mut plain = Lab::new();
        let mut lab = Lab::new().helped(chance);
        let coins = plain.fund(&scripts);
        let first = plain.body(&plain.chain.tip()).expect("just mined");
        lab.add(&first).expect("valid");
        let mut maker = Lab::new();
        maker.add(&first).expect("valid");
        let mut blocks = vec![first];
        for plan in &plans {
            let parent = blocks.len() - 1 - plan.back.min(blocks.len() - 1);
            let transactions = spends(&coins, &plan.lists);
            let block = maker.block_on(blocks[parent].block_hash(), transactions);
            maker.chain.accept_header(&block.header, NOW).expect("headers are valid");
            blocks.push(block);
        }
        let mut failed = [Vec::new(), Vec::new()];
        for (block, steps) in blocks[1..].iter().zip(steps) {
            let refused = |result: Result<BlockOutcome, BlockError>| result.is_err();
            let known_invalid = refused(plain.chain.accept_block(Arc::clone(block), NOW));
            failed[0].extend(plain.settle().failed);
            if refused(lab.chain.accept_block(Arc::clone(block), NOW)) {
                prop_assert!(known_invalid, "refused with helpers alone");
            }
            // Answers come late: the next block may be here before the last is connected.
            (0..steps).for_each(|_| lab.step());
        }
        failed[1].extend(lab.settle().failed);
        prop_assert_eq!(lab.chain.tip(), plain.chain.tip());
        prop_assert_eq!(coins_of(&lab.chain), coins_of(&plain.chain));
        prop_assert!(lab.chain.supply_is_right());
        // A block that a better branch has overtaken is not tried; those that are fail for the same reason.
        for (hash, error) in &failed[1] {
            let same = failed[0].iter().find(|(other, _)| other == hash);
            prop_assert!(same.is_none_or(|(_, other)| other == error), "{:?} instead of {:?}", error, same);
        }
    }
}
