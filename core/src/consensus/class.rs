//! The chain of a class: the classroom's rules at a pace that was chosen, from a difficulty that fits those who mine. All
//! nodes of the class make the same first block of it by themselves.

use super::genesis;
use super::params::ConsensusParams;
use crate::primitives::{Block, Target};
use crate::time::UnixTime;
use ruint::aliases::U256;
use serde::Deserialize;

/// What is chosen of a class's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ClassParams {
    /// Seconds that the network wants between blocks; at least 1, and fewer count as 1.
    pub spacing: u32,
    /// How fast all that mine are together, in thousands of hashes a second.
    pub khs: u32,
    /// When it begins.
    pub time: UnixTime,
}

impl ClassParams {
    /// What every node of the class agrees on.
    pub fn consensus(&self) -> ConsensusParams {
        let classroom = ConsensusParams::CLASSROOM;
        let spacing = self.spacing.max(1);
        let hashes = u64::from(self.khs).saturating_mul(1_000).saturating_mul(spacing.into());
        let fitting = Target(U256::MAX / U256::from(hashes.max(1)));
        let first_target = (fitting < classroom.pow_limit_target()).then(|| fitting.to_compact());
        ConsensusParams { spacing, first_target, ..classroom }
    }

    /// Its first block, whose nonce is still to be found.
    pub fn unsolved_genesis(&self) -> Block {
        genesis::unsolved(&self.consensus(), genesis::classroom_script(), self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::pow::{DifficultyState, next_work_required};
    use crate::consensus::{Invitation, NetworkParams, Preset, invitation, pow};
    use crate::primitives::Height;

    fn params(spacing: u32, khs: u32) -> ClassParams {
        ClassParams { spacing, khs, time: UnixTime(1_800_000_000) }
    }

    fn invitation(params: ClassParams) -> Invitation {
        let (consensus, mut genesis) = (params.consensus(), params.unsolved_genesis());
        while pow::check_proof_of_work(&genesis.header, genesis.block_hash(), &consensus).is_err() {
            genesis.header.nonce += 1;
        }
        Invitation { genesis, consensus }
    }

    #[test]
    fn a_class_begins_at_the_difficulty_of_its_hash_power() {
        for (spacing, khs) in [(20, 400), (60, 400), (600, 1_000_000)] {
            let class = params(spacing, khs);
            let (consensus, header) = (class.consensus(), class.unsolved_genesis().header);
            let state = DifficultyState::genesis(&header, &consensus);
            let next = next_work_required(&state, UnixTime(class.time.0 + 1), &consensus);
            let hashes = Target::from_compact(next).expect("a target").work().0;
            let wanted = U256::from(u64::from(khs) * 1_000 * u64::from(spacing));
            let off = hashes.abs_diff(wanted) * U256::from(1_000) / wanted;
            assert_eq!(off, U256::ZERO, "to a thousandth: {hashes}");
            assert_eq!(invitation::check_bounds(&consensus), Ok(()));
        }
    }

    #[test]
    fn no_class_begins_easier_than_the_easiest_target() {
        for (spacing, khs) in [(5, 1), (0, 0)] {
            assert_eq!(params(spacing, khs).consensus().first_target, None);
        }
    }

    #[test]
    fn any_choice_makes_a_chain_whose_difficulty_can_be_reckoned() {
        for (spacing, khs) in [(0, 0), (0, 400), (u32::MAX, u32::MAX)] {
            let class = params(spacing, khs);
            let (consensus, header) = (class.consensus(), class.unsolved_genesis().header);
            assert_eq!(consensus.spacing, spacing.max(1));
            let genesis = DifficultyState::genesis(&header, &consensus);
            let last = DifficultyState { height: Height(15), ..genesis };
            let next = next_work_required(&last, UnixTime(class.time.0 + 1), &consensus);
            assert!(Target::from_compact(next).is_ok_and(|target| !target.0.is_zero()));
        }
    }

    #[test]
    fn what_is_chosen_of_a_class_is_in_its_magic_and_its_invitation_holds() {
        let one = invitation(params(20, 10));
        assert_eq!(Invitation::from_bytes(&one.to_bytes()), Ok(one.clone()));
        assert_eq!(NetworkParams::custom(&one).name, "classroom");
        let later = ClassParams { time: UnixTime(1_800_000_001), ..params(20, 10) };
        let others = [invitation(params(5, 10)), invitation(params(20, 20)), invitation(later)];
        let mut magics: Vec<_> = others.iter().chain([&one]).map(Invitation::magic).collect();
        magics.push(Preset::Classroom.params().magic);
        magics.sort_unstable();
        magics.dedup();
        assert_eq!(magics.len(), 5);
    }
}
