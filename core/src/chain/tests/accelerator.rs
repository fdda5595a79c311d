//! Blocks whose signatures an accelerator checks: they come to the same as where it is not, whatever it says no of.

use std::cell::{Cell, RefCell};

use proptest::prelude::*;

use super::*;
use crate::chain::script_check::run_in_order;
use crate::consensus::TxError;
use crate::cost::Cost;
use crate::crypto::{ECDSA_CHECK_LEN, EcdsaAccelerator, PrivateKey, PublicKey, Signature};
use crate::script::sign::{multisig_script_sig, p2pk_script_sig, p2pkh_script_sig, sign_legacy_input};
use crate::script::standard::{multisig, p2pk, p2pkh};
use crate::script::{DeferredChecks, Opcode, SighashType};

/// Checks one by one.
fn honest(checks: &[u8]) -> Vec<bool> {
    let is_good = |check: &[u8]| {
        let [r, s] = [&check[32..64], &check[64..96]].map(|number| [&[0x02, 33, 0], number].concat());
        let signature = Signature::from_der_lax(&[&[0x30, 70], &r[..], &s].concat())?;
        let key = PublicKey::from_bytes(&check[96..]).ok()?;
        Some(key.verify(check[..32].try_into().ok()?, &signature))
    };
    checks.chunks(ECDSA_CHECK_LEN).map(|check| is_good(check) == Some(true)).collect()
}

fn says_no(checks: &[u8]) -> Vec<bool> {
    vec![false; checks.len() / ECDSA_CHECK_LEN]
}

fn says_yes(checks: &[u8]) -> Vec<bool> {
    vec![true; checks.len() / ECDSA_CHECK_LEN]
}

fn says_nothing(_: &[u8]) -> Vec<bool> {
    Vec::new()
}

fn key(byte: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[byte; 32], byte.is_multiple_of(2)).expect("in range")
}

/// Ways to guard a coin and to spend it.
#[derive(Clone, Copy, Debug)]
enum Guard {
    Hash,
    Key,
    /// Two of three keys: the first two sign, or the last two.
    Multisig {
        last: bool,
    },
    /// A signature that must be bad, which is what it is.
    NotSigned,
    /// No signature at all.
    Anyone,
}

impl Guard {
    const ALL: [Self; 6] = [
        Self::Hash,
        Self::Key,
        Self::Multisig { last: false },
        Self::Multisig { last: true },
        Self::NotSigned,
        Self::Anyone,
    ];

    fn script(self) -> Script {
        match self {
            Self::Hash => p2pkh(key(1).public_key().pubkey_hash()),
            Self::Key => p2pk(&key(2).public_key()),
            Self::Multisig { .. } => {
                multisig(2, &[3, 4, 5].map(|byte| key(byte).public_key())).expect("three keys")
            }
            Self::NotSigned => p2pk(&key(6).public_key()).push_opcode(Opcode::OP_NOT),
            Self::Anyone => anyone(),
        }
    }

    fn unlock(self, tx: &Transaction, input: usize, spoilt: bool) -> Script {
        let script = self.script();
        let signer = |byte: u8| key(if spoilt { 99 } else { byte });
        match self {
            // The key is right, so that the signature is what fails.
            Self::Hash if spoilt => {
                let other = Transaction { lock_time: 7, ..tx.clone() };
                p2pkh_script_sig(&other, input, &script, &key(1))
            }
            Self::Hash => p2pkh_script_sig(tx, input, &script, &key(1)),
            Self::Key => p2pk_script_sig(tx, input, &script, &signer(2)),
            Self::Multisig { last: false } => multisig_script_sig(tx, input, &script, &[&key(3), &signer(4)]),
            Self::Multisig { last: true } => multisig_script_sig(tx, input, &script, &[&key(4), &signer(5)]),
            Self::NotSigned => p2pk_script_sig(tx, input, &script, &if spoilt { key(6) } else { key(99) }),
            Self::Anyone => Script::new(),
        }
    }
}

/// A chain with coins so guarded, and a block that spends them, each list by one transaction, some of them wrongly.
fn lab_and_block(lists: &[Vec<(Guard, bool)>]) -> (Lab, Arc<Block>) {
    let mut lab = Lab::new();
    let guards: Vec<Script> = lists.iter().flatten().map(|(guard, _)| guard.script()).collect();
    let mut coins = lab.fund(&guards).into_iter();
    let transactions = lists.iter().map(|list| {
        let unsigned = spend(&coins.by_ref().take(list.len()).collect::<Vec<_>>(), &[1]);
        let mut tx = unsigned.clone();
        for (input, (guard, spoilt)) in list.iter().enumerate() {
            tx.inputs[input].script_sig = guard.unlock(&unsigned, input, *spoilt);
        }
        tx
    });
    let transactions = transactions.collect();
    let block = lab.block_on(lab.chain.tip(), transactions);
    (lab, block)
}

/// What a block comes to, with an accelerator or without; helpers have it too where they are asked.
fn outcome(
    lists: &[Vec<(Guard, bool)>],
    accelerator: Option<EcdsaAccelerator>,
    helped: bool,
) -> Option<BlockError> {
    let (mut lab, block) = lab_and_block(lists);
    lab.chain.set_accelerator(accelerator);
    if helped {
        lab.chain.set_helpers(Some(Cost::ZERO));
        lab.helpers.accelerator = accelerator;
    }
    lab.add(&block).err()
}

fn blocks() -> impl Strategy<Value = Vec<Vec<(Guard, bool)>>> {
    let input = (prop::sample::select(&Guard::ALL), prop::bool::weighted(0.05));
    prop::collection::vec(prop::collection::vec(input, 1..4), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_block_comes_to_the_same_whatever_the_accelerator_says_no_of(lists in blocks(), helped in any::<bool>()) {
        let plain = outcome(&lists, None, helped);
        for accelerator in [honest, says_no, says_nothing] {
            prop_assert_eq!(outcome(&lists, Some(accelerator), helped), plain.clone());
        }
    }
}

#[test]
fn each_guard_opens_for_its_signature_alone() {
    for guard in Guard::ALL {
        assert_eq!(outcome(&[vec![(guard, false)]], Some(honest), false), None, "{guard:?}");
        let spoilt = outcome(&[vec![(guard, true)]], Some(honest), false);
        assert_eq!(spoilt.is_none(), matches!(guard, Guard::Anyone), "{guard:?}: {spoilt:?}");
    }
}

#[test]
fn all_signatures_of_a_block_are_checked_at_once() {
    thread_local! {
        static CALLS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }
    fn counting(checks: &[u8]) -> Vec<bool> {
        CALLS.with_borrow_mut(|calls| calls.push(checks.len() / ECDSA_CHECK_LEN));
        honest(checks)
    }
    let lists =
        [vec![(Guard::Hash, false), (Guard::Anyone, false)], vec![(Guard::Multisig { last: false }, false)]];
    assert_eq!(outcome(&lists, Some(counting), false), None);
    // Once for the block of the coins, which has no signatures.
    CALLS.with_borrow(|calls| assert_eq!(calls.last(), Some(&3)));
}

/// A script with more signatures than are deferred, none of them good but with a key as large as a key is; each is hashed and
/// checked, and then dropped.
#[test]
fn no_more_signatures_are_deferred_than_there_is_room_for() {
    thread_local! {
        static MOST: Cell<usize> = const { Cell::new(0) };
    }
    fn counting(checks: &[u8]) -> Vec<bool> {
        MOST.set(MOST.get().max(checks.len() / ECDSA_CHECK_LEN));
        says_no(checks)
    }
    let check = Script::new()
        .push_opcode(Opcode::OP_2DUP)
        .push_opcode(Opcode::OP_CHECKSIG)
        .push_opcode(Opcode::OP_DROP);
    let body: Vec<u8> = check.as_bytes().repeat(66);
    let signature = sign_legacy_input(&spend(&[], &[]), 0, &Script::new(), &key(2), SighashType::ALL);
    let push = Script::new().push_data(&signature).push_data(key(2).public_key().as_bytes());
    let guard = Script::from_bytes([push.as_bytes(), &body].concat());
    let run = |accelerator: Option<EcdsaAccelerator>| {
        let mut lab = Lab::new();
        let coins = lab.fund(&vec![guard.clone(); 60]);
        let block = lab.block_on(lab.chain.tip(), vec![spend(&coins, &[1])]);
        lab.chain.set_accelerator(accelerator);
        lab.add(&block).err()
    };
    assert_eq!(run(Some(counting)), run(None));
    assert_eq!(MOST.get(), 2_000, "of 60 times 66 signatures");
}

/// What a check that fails costs those behind it is bounded by a group.
#[test]
fn checks_behind_one_that_fails_are_done_in_vain_in_its_group_alone() {
    let ran = Cell::new(0);
    let note = |_: &u32, deferred: Option<&DeferredChecks>| {
        ran.set(ran.get() + 1);
        deferred.map_or(Err(TxError::NoInputs), |deferred| {
            (0..100).for_each(|_| deferred.push([0; ECDSA_CHECK_LEN]));
            Ok(())
        })
    };
    let checks: Vec<u32> = (0..1_000).collect();
    let mut told = Vec::new();
    let result = run_in_order(&checks, Some(says_no as EcdsaAccelerator), note, |check, result| {
        told.push(*check);
        result
    });
    assert_eq!((result, told, ran.get()), (Err(TxError::NoInputs), vec![0], 10 + 1));
}

#[test]
fn nothing_behind_a_script_that_fails_is_run() {
    let ran = Cell::new(0);
    let fail = |_: &u32, _: Option<&DeferredChecks>| {
        ran.set(ran.get() + 1);
        Err(TxError::NoInputs)
    };
    let result = run_in_order(&[1, 2, 3], Some(says_no as EcdsaAccelerator), fail, |_, result| result);
    // Once with signatures deferred, and once for the error.
    assert_eq!((result, ran.get()), (Err(TxError::NoInputs), 2));
}

/// Nothing checks what it says yes of: that is how much is trusted.
#[test]
fn a_yes_is_taken_for_one() {
    assert_eq!(outcome(&[vec![(Guard::Key, true)]], Some(says_yes), false), None);
}
