//! Helpers that check scripts natively: threads, whose answers come in whatever order the machine likes.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use terrarium_core::chain::verify_batch;
use terrarium_core::node::{Input, VerifyId};

/// A batch on its way.
type Job = (VerifyId, Vec<u8>);

/// Threads that check what a node hands out.
pub struct HelperThreads {
    /// None once they are to end.
    jobs: Option<Sender<Job>>,
    answers: Receiver<Input>,
    /// Batches without an answer.
    out: usize,
    threads: Vec<JoinHandle<()>>,
}

impl HelperThreads {
    /// So many threads, all idle.
    pub fn new(count: usize) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (tell, answers) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let start = |_| {
            let (queue, tell) = (Arc::clone(&queue), tell.clone());
            thread::spawn(move || help(&queue, &tell))
        };
        let threads = (0..count).map(start).collect();
        Self { jobs: Some(jobs), answers, out: 0, threads }
    }

    /// Has a batch checked.
    pub fn hand_out(&mut self, id: VerifyId, checks: Vec<u8>) {
        let jobs = self.jobs.as_ref().expect("the threads run as long as their owner is there");
        jobs.send((id, checks)).expect("a thread listens");
        self.out += 1;
    }

    /// Batches that have no answer yet.
    pub fn out(&self) -> usize {
        self.out
    }

    /// The next answer; waits for it if need be. None where nothing is out.
    pub fn next_answer(&mut self) -> Option<Input> {
        self.out = self.out.checked_sub(1)?;
        Some(self.answers.recv().expect("a thread answers"))
    }
}

impl Drop for HelperThreads {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            drop(thread.join());
        }
    }
}

/// Checks batches until there are no more.
fn help(queue: &Mutex<Receiver<Job>>, tell: &Sender<Input>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((id, checks)) = job else { return };
        let input = match verify_batch(&checks) {
            Ok(result) => Input::Verified { id, result },
            Err(_) => Input::Unverified { id },
        };
        if tell.send(input).is_err() {
            return;
        }
    }
}
