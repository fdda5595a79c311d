//! Who else is there: adversaries, and light nodes for those who lie to them.

use super::Storm;
use crate::sim::adversary::{
    AddrFlooder, Adversary, BlockMutator, BlockStaller, DoubleSpender, Eclipser, HeaderSpammer, InvFlooder,
    OrphanFlooder, SelfishMiner, SessionFuzzer, SpvLiar,
};
use crate::sim::dice::Dice;
use terrarium_core::interface::{Command, NodeConfig, NodeId, Role, StartOptions, SyncMode};

/// The first adversary's address.
const FIRST: u16 = 4_000;

/// The first identity of an eclipse.
const FIRST_IDENTITY: u16 = 5_000;

/// The light node of a storm with a liar.
const LIGHT: NodeId = NodeId(3_900);

/// One storm in so many has an eclipse: its hundreds of connections take their time.
const ECLIPSE_ONE_IN: usize = 40;

impl Storm {
    /// Lets up to two adversaries loose, and now and then an eclipse.
    pub(super) fn cast(&mut self) {
        let mut dice = Dice::new(self.seed, "cast");
        for at in 0..dice.below(3) as u16 {
            let id = NodeId(FIRST + at);
            let mut targets = self.targets(&mut dice);
            let adversary: Box<dyn Adversary> = match dice.below(10) {
                0 => Box::new(HeaderSpammer),
                1 => Box::new(BlockStaller),
                2 => Box::new(BlockMutator::default()),
                3 => Box::new(OrphanFlooder),
                4 => Box::new(InvFlooder::default()),
                5 => Box::new(AddrFlooder::default()),
                6 => Box::new(DoubleSpender::new(1 + at as u8)),
                7 => Box::new(SelfishMiner::default()),
                8 => Box::new(SessionFuzzer),
                _ => {
                    targets.push(self.add_light_node(id));
                    Box::new(SpvLiar)
                }
            };
            self.world.add_adversary(id, self.network.clone(), &targets, adversary);
        }
        if dice.below(ECLIPSE_ONE_IN) == 0 {
            let victim = [*dice.pick(&self.nodes)];
            for identity in FIRST_IDENTITY..FIRST_IDENTITY + Eclipser::IDENTITIES {
                let id = NodeId(identity);
                self.world.add_adversary(
                    id,
                    self.network.clone(),
                    &victim,
                    Box::new(Eclipser::telling(FIRST_IDENTITY)),
                );
            }
        }
    }

    /// Some of the nodes.
    fn targets(&self, dice: &mut Dice) -> Vec<NodeId> {
        let count = dice.within(2, 6);
        let mut targets: Vec<NodeId> = (0..count).map(|_| *dice.pick(&self.nodes)).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// A light node that knows a liar and two who are none.
    fn add_light_node(&mut self, liar: NodeId) -> NodeId {
        if !self.nodes.contains(&LIGHT) {
            let connect = vec![self.nodes[0], self.nodes[1], liar];
            let sync = SyncMode::Headers;
            self.world.add(NodeConfig { id: LIGHT, role: Role::Spv, network: None, sync, connect });
            let start = Command::StartNode(StartOptions::default());
            self.world.host_mut(LIGHT).set_routine(vec![start]);
            self.create_wallet(LIGHT);
            self.nodes.push(LIGHT);
        }
        LIGHT
    }
}
