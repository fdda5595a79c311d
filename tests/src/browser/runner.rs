//! Runs browser tests one after another, each with a deadline.

use std::{
    future::Future,
    pin::Pin,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::{runtime, time::timeout};

use super::{environment::Environment, own_network, stage::Stage};

/// How many tests of a run may fail and be tried once more, which is told: of some hundred browsers that a run starts one
/// hangs now and then. What is told is to be looked into all the same: a race that is seldom lost passes, too.
const SECOND_TRIES: u32 = 2;

/// What a test's steps return; the error is the message that the test fails with.
pub type Outcome<T = ()> = Result<T, Failed>;

type Body = Box<dyn for<'a> Fn(&'a Stage<'a>) -> Pin<Box<dyn Future<Output = Outcome> + 'a>> + Send>;

/// A named test with its deadline.
pub struct Test {
    name: String,
    deadline: Duration,
    network: Network,
    body: Body,
}

/// Where a test's servers and browsers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    /// On loopback, beside everything else.
    Machine,
    /// In a network of the test's own.
    Own,
}

impl std::fmt::Debug for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Test")
            .field("name", &self.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Test {
    /// A test that fails where `body` has not ended after `seconds`.
    pub fn new<F>(name: impl Into<String>, seconds: u64, body: F) -> Self
    where
        F: for<'a> Fn(&'a Stage<'a>) -> Pin<Box<dyn Future<Output = Outcome> + 'a>> + Send + 'static,
    {
        let deadline = Duration::from_secs(seconds);
        Self { name: name.into(), deadline, network: Network::Machine, body: Box::new(body) }
    }

    /// The same test in a network of its own, in which the machine has the address [`OWN_NETWORK`](super::OWN_NETWORK).
    #[must_use]
    pub fn in_own_network(self) -> Self {
        Self { network: Network::Own, ..self }
    }

    fn into_trial(self, environment: Arc<Result<Environment, String>>, tried: Arc<AtomicU32>) -> Trial {
        Trial::ignorable_test(self.name.clone(), move || match environment.as_ref() {
            Ok(environment) => self
                .run_where_it_belongs(environment)
                .or_else(|failed| self.run_again(environment, failed, &tried)),
            Err(missing) => Ok(Completion::ignored_with(missing)),
        })
    }

    fn run_again(
        &self,
        environment: &Environment,
        failed: Failed,
        tried: &AtomicU32,
    ) -> Result<Completion, Failed> {
        // Whoever is inside leaves it to who is outside.
        if own_network::is_inside() || tried.fetch_add(1, Ordering::Relaxed) >= SECOND_TRIES {
            return Err(failed);
        }
        let why = failed.message().unwrap_or("for no reason that it gave");
        eprintln!("{} failed, and is tried once more: {why}", self.name);
        self.run_where_it_belongs(environment)
    }

    fn run_where_it_belongs(&self, environment: &Environment) -> Result<Completion, Failed> {
        if self.network == Network::Own && !own_network::is_inside() {
            return own_network::run(&self.name);
        }
        self.run(environment).map(|()| Completion::Completed)
    }

    fn run(&self, environment: &Environment) -> Outcome {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let stage = Stage::set(environment)?;
        runtime.block_on(async {
            let result = timeout(self.deadline, (self.body)(&stage)).await;
            let late = |_| Err(Failed::from(format!("not done after {} s", self.deadline.as_secs())));
            stage.conclude(&self.name, result.unwrap_or_else(late)).await
        })
    }
}

/// The main function of a binary of browser tests. They run one at a time unless `--test-threads` says otherwise: a browser
/// with several nodes fills two cores.
pub fn run(tests: Vec<Test>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    let environment = if arguments.list { Err("only listed".into()) } else { Environment::find() };
    let environment = Arc::new(environment);
    let tried = Arc::new(AtomicU32::new(0));
    let trials =
        tests.into_iter().map(|test| test.into_trial(Arc::clone(&environment), Arc::clone(&tried))).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
