//! `ImportChain`: a chain file is validated a few blocks at a step, then takes the place of this node's chain.

use super::{Handled, Outcome};
use crate::chain::file::ChainImport;
use crate::cost::Cost;
use crate::interface::{ChainFile, CommandError, Reply, RequestId, RunState, Task, TaskKind};
use crate::node::Node;

/// A chain file on its way in.
pub(in crate::node) struct Import {
    request: RequestId,
    file: ChainImport,
}

impl Import {
    /// The command that waits for it.
    pub(in crate::node) fn request(&self) -> RequestId {
        self.request
    }

    /// How far it has come.
    pub(in crate::node) fn task(&self) -> Task {
        let (done, total) = self.file.progress();
        Task { request: Some(self.request), kind: TaskKind::Import, done, total }
    }
}

impl Node {
    /// Begins to replace this node's chain by that of a file.
    pub(super) fn import_chain(&mut self, id: RequestId, file: &ChainFile) -> Handled {
        if self.state == RunState::Running {
            return Err(CommandError::Running(self.config.id));
        }
        if !self.deliveries.is_empty() || self.miner.is_making_chain() {
            let text = "a payment or a new chain is on its way: try again when it is done";
            return Err(CommandError::BadArgument(text.to_owned()));
        }
        let file = ChainImport::open(file, self.now.unix).map_err(refused)?;
        self.import = Some(Import { request: id, file });
        Ok(Outcome::Later)
    }

    /// Validates blocks of the chain file that came, for about `budget`; true while there are more.
    pub(in crate::node) fn work_import(&mut self, budget: Cost) -> bool {
        let Some(mut import) = self.import.take() else { return false };
        let mut spent = Cost::ZERO;
        while spent < budget {
            match import.file.step() {
                Ok(Some(cost)) => spent += cost,
                Ok(None) => {
                    self.adopt_chain(import.file.into_chain());
                    self.reply_when_stored(import.request, Reply::Done);
                    return true;
                }
                Err(error) => {
                    self.reply(import.request, Err(refused(error)));
                    return true;
                }
            }
        }
        self.import = Some(import);
        true
    }
}

fn refused(error: crate::chain::file::ChainFileError) -> CommandError {
    CommandError::BadChainFile(error.to_string())
}
