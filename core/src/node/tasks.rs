//! Long work: how far it has come, and giving it up. What a command set going lies where it is done (`miner`, `walk`,
//! `tip`, `commands::import`); this looks at all of it.

use super::Node;
use crate::interface::{CommandError, RequestId, Task, TaskKind};

/// Work on fewer blocks is over before anybody could read of it.
const WORTH_TELLING: u32 = 16;

impl Node {
    /// The long work under way.
    pub(super) fn tasks(&self) -> Vec<Task> {
        let mined = self.miner.tasks();
        let walked = self.walks.iter().map(super::Walk::task);
        let imported = self.import.as_ref().map(super::Import::task);
        let all = mined.chain(walked).chain(imported).chain(self.reindex_task());
        all.filter(|task| task.total >= WORTH_TELLING).collect()
    }

    fn reindex_task(&self) -> Option<Task> {
        let engine = self.engine.as_ref()?;
        let (done, total) = engine.chain.rebuilding()?;
        let request = engine.reindexing.first().copied();
        Some(Task { request, kind: TaskKind::Reindex, done: done.0, total: total.0 })
    }

    /// Gives a command up, if it is still open. What it has done stays; work whose outcome the node itself needs (a
    /// wallet's scan, coins that are built anew) goes on without it.
    pub(super) fn cancel(&mut self, id: RequestId) {
        if self.give_up(id) {
            self.reply(id, Err(CommandError::Cancelled));
            self.has_news = true;
        }
    }

    fn give_up(&mut self, id: RequestId) -> bool {
        self.give_up_waiting(id)
            || self.give_up_mining(id)
            || self.give_up_walk(id)
            || self.import.take_if(|import| import.request() == id).is_some()
            || self.give_up_reindex(id)
    }

    fn give_up_waiting(&mut self, id: RequestId) -> bool {
        let before = self.commands.len();
        self.commands.retain(|(other, _)| *other != id);
        self.commands.len() < before
    }

    fn give_up_mining(&mut self, id: RequestId) -> bool {
        let is_asked = self.miner.give_up(id);
        if is_asked {
            // The job in progress may be this command's; whoever is next gets another.
            self.cancel_job();
        }
        is_asked
    }

    fn give_up_reindex(&mut self, id: RequestId) -> bool {
        let Some(engine) = &mut self.engine else { return false };
        let before = engine.reindexing.len();
        engine.reindexing.retain(|other| *other != id);
        engine.reindexing.len() < before
    }
}

#[cfg(test)]
mod tests {
    use crate::interface::TaskKind;

    #[test]
    fn only_work_that_the_node_needs_goes_on_when_its_command_is_given_up() {
        let goes_on = |kind: &TaskKind| !kind.ends_when_cancelled();
        let all = [TaskKind::Mine, TaskKind::Read, TaskKind::Rescan, TaskKind::Reindex, TaskKind::Import];
        assert_eq!(
            all.into_iter().filter(goes_on).collect::<Vec<_>>(),
            [TaskKind::Rescan, TaskKind::Reindex]
        );
    }
}
