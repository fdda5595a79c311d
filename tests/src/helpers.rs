//! Helpers that check scripts natively: threads, whose answers come in whatever order the machine likes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use terrarium_core::chain::verify_batch;
use terrarium_core::node::{Input, VerifyId};

/// A batch on its way.
type Job = (VerifyId, Vec<u8>);

/// How long an answer is waited for: a thread that panicked with a batch gives none.
const PATIENCE: Duration = Duration::from_secs(60);

/// Threads that check what a node hands out.
pub struct HelperThreads {
    /// None once they are to end.
    jobs: Option<Sender<Job>>,
    /// None for a batch that was cancelled before a thread began it.
    answers: Receiver<Option<Input>>,
    /// Batches without an answer.
    out: usize,
    /// The batch that was handed out last.
    last: VerifyId,
    /// Batches up to this one are cancelled.
    cancelled: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl HelperThreads {
    /// So many threads, all idle.
    pub fn new(count: usize) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (tell, answers) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let cancelled = Arc::new(AtomicU64::new(0));
        let start = |_| {
            let (queue, tell, cancelled) = (Arc::clone(&queue), tell.clone(), Arc::clone(&cancelled));
            thread::spawn(move || help(&queue, &tell, &cancelled))
        };
        let threads = (0..count).map(start).collect();
        Self { jobs: Some(jobs), answers, out: 0, last: VerifyId(0), cancelled, threads }
    }

    /// Has a batch checked.
    pub fn hand_out(&mut self, id: VerifyId, checks: Vec<u8>) {
        let jobs = self.jobs.as_ref().expect("the threads run as long as their owner is there");
        jobs.send((id, checks)).expect("a thread listens");
        self.out += 1;
        self.last = id;
    }

    /// Has no batch checked that was handed out before and that no thread has begun.
    pub fn cancel(&mut self) {
        self.cancelled.store(self.last.0, Ordering::Relaxed);
    }

    /// Batches that have no answer yet.
    pub fn out(&self) -> usize {
        self.out
    }

    /// The next answer; waits for it if need be. None where nothing is out.
    ///
    /// # Panics
    /// If none comes within a minute.
    pub fn next_answer(&mut self) -> Option<Input> {
        loop {
            self.out = self.out.checked_sub(1)?;
            let answer = self.answers.recv_timeout(PATIENCE).expect("a thread answers within a minute");
            if answer.is_some() {
                return answer;
            }
        }
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
fn help(queue: &Mutex<Receiver<Job>>, tell: &Sender<Option<Input>>, cancelled: &AtomicU64) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((id, checks)) = job else { return };
        let check = || match verify_batch(&checks, Some(terrarium_verifier::verify)) {
            Ok(result) => Input::Verified { id, result },
            Err(_) => Input::Unverified { id },
        };
        let input = (id.0 > cancelled.load(Ordering::Relaxed)).then(check);
        if tell.send(input).is_err() {
            return;
        }
    }
}
