//! Script checks that helpers do: which batches are out, and what follows from their answers.

use super::Node;
use super::engine::Engine;
use super::io::{Output, VerifyId};
use super::tip::Journey;
use crate::chain::Verdict;
use crate::collections::BTreeMap;
use crate::cost::Cost;
use crate::crypto::EcdsaAccelerator;

/// What helpers are at.
#[derive(Default)]
pub(super) struct Verification {
    /// As [`Input::Helpers`](super::Input::Helpers) says.
    least: Option<Cost>,
    /// Who checks the signatures of blocks; none where the node does.
    accelerator: Option<EcdsaAccelerator>,
    last: u64,
    /// The batches that have no answer, by their number in the block that waits for them; as many as that has.
    out: BTreeMap<VerifyId, usize>,
}

impl Node {
    /// From now on there are helpers, or there are none.
    pub(super) fn set_helpers(&mut self, least: Option<Cost>) {
        self.verification.least = least;
        self.tell_helpers();
    }

    /// Has signatures of blocks checked by an accelerator, or (none) here. No block, and nothing else that the node says,
    /// depends on it.
    pub fn set_accelerator(&mut self, accelerator: Option<EcdsaAccelerator>) {
        self.verification.accelerator = accelerator;
        self.tell_helpers();
    }

    /// Tells the chain who checks scripts.
    pub(super) fn tell_helpers(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.chain.set_helpers(self.verification.least);
            engine.chain.set_accelerator(self.verification.accelerator);
        }
    }

    /// Nobody waits for what is out: the host need not have it checked.
    pub(super) fn forget_batches(&mut self) {
        if !self.verification.out.is_empty() {
            self.verification.out.clear();
            self.outputs.push_back(Output::CancelVerify);
        }
    }

    /// Forgets what is out once the chain waits for it no longer: a better branch has come, the coins are built anew, or
    /// one script that fails has settled the block.
    pub(super) fn recall_batches(&mut self) {
        if !self.engine.as_ref().is_some_and(|engine| engine.chain.awaits_helpers()) {
            self.forget_batches();
        }
    }

    /// The chain waits for helpers, which get these batches. Where it merely grows, those who follow it see how far it
    /// has come, and peers are served meanwhile; in a change of branch all wait.
    pub(super) fn wait_for_helpers(&mut self, batches: Vec<Vec<u8>>) {
        if !batches.is_empty() {
            self.forget_batches();
        }
        for (number, checks) in batches.into_iter().enumerate() {
            self.verification.last += 1;
            let id = VerifyId(self.verification.last);
            self.verification.out.insert(id, number);
            self.outputs.push_back(Output::Verify { id, checks });
        }
        match &mut self.engine {
            Some(Engine { chain, journey, .. }) if chain.is_changing_branch() => {
                *journey = Journey::VerifyingBranch;
            }
            _ => self.settle(Journey::Verifying),
        }
    }

    /// A batch has been checked, or will not be (none).
    pub(super) fn batch_checked(&mut self, id: VerifyId, verdict: Option<Verdict>) {
        let Some(number) = self.verification.out.remove(&id) else {
            self.late.checks += 1;
            return;
        };
        let Some(Engine { chain, journey, .. }) = &mut self.engine else { return };
        let waits = matches!(journey, Journey::Verifying | Journey::VerifyingBranch);
        if chain.batch_checked(number, verdict) && waits {
            *journey = Journey::Underway;
        }
    }
}
