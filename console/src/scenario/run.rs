//! Running a scenario at a host.

use super::step::{Action, Condition, Expected, Scenario, Step};
use crate::host::Host;
use crate::terminal::Terminal;
use terrarium_core::collections::BTreeMap;
use terrarium_core::interface::{Command, CommandError, NodeId, Reply};
use terrarium_core::primitives::Amount;

/// What a wait takes at most until `timeout` says otherwise.
const DEFAULT_TIMEOUT_MS: f64 = 60_000.0;

/// How a scenario went.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Every step was carried out and held.
    pub passed: bool,
    /// The steps that were carried out; the last has failed if `passed` is false.
    pub steps: Vec<StepReport>,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// Its line in the scenario, counted from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// What it printed.
    pub output: Vec<String>,
    /// Why it failed, with what was seen instead.
    pub failure: Option<String>,
}

impl Report {
    /// The failure with its line, if the scenario failed.
    pub fn failure(&self) -> Option<String> {
        let step = self.steps.last()?;
        step.failure.as_ref().map(|why| format!("line {}: {}: {why}", step.line, step.text))
    }
}

impl Scenario {
    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Carries out the steps in order up to the first that fails; `show` is called after each.
    pub async fn run(&self, host: &impl Host, mut show: impl FnMut(&StepReport)) -> Report {
        let mut runner = Runner { host, names: BTreeMap::new(), timeout_ms: DEFAULT_TIMEOUT_MS };
        let mut report = Report { passed: true, steps: Vec::new() };
        for step in &self.steps {
            let mut output = Vec::new();
            let failure = runner.carry_out(&step.action, &mut output).await.err();
            let Step { line, text, .. } = step.clone();
            let step = StepReport { line, text, output, failure };
            show(&step);
            report.passed = step.failure.is_none();
            report.steps.push(step);
            if !report.passed {
                break;
            }
        }
        report
    }
}

struct Runner<'a, H> {
    host: &'a H,
    /// What `->` bound.
    names: BTreeMap<String, String>,
    timeout_ms: f64,
}

impl<H: Host> Runner<'_, H> {
    async fn carry_out(&mut self, action: &Action, output: &mut Vec<String>) -> Result<(), String> {
        let host = self.host;
        let outcome = match action {
            Action::Run { node, command, bind, expected } => {
                return self.run(*node, command, bind.as_deref(), expected, output).await;
            }
            Action::Log { node, patterns } => return self.log(*node, patterns).await,
            Action::Wait { node, condition } => return self.wait(*node, condition).await,
            Action::Timeout { seconds } => {
                self.timeout_ms = seconds * 1_000.0;
                Ok(())
            }
            Action::Start(node) => host.start(*node).await,
            Action::Stop(node) => host.stop(*node).await,
            Action::Kill(node) => host.kill(*node),
            Action::Spawn(node, role) => host.spawn(*node, *role).await,
            Action::Mine(node) => host.mine(*node).await,
            Action::HashRate(node, khs) => host.set_hash_rate(*node, *khs),
            Action::Connect(a, b) => host.connect(*a, *b).await,
            Action::Link(a, b, settings) => host.link(*a, *b, *settings),
            Action::Partition(groups) => host.partition(groups),
            Action::Heal => {
                host.heal();
                Ok(())
            }
            Action::Pause => {
                host.pause();
                Ok(())
            }
            Action::Resume => {
                host.resume();
                Ok(())
            }
        };
        outcome.map_err(|error| error.to_string())
    }

    async fn run(
        &mut self,
        node: NodeId,
        command: &str,
        bind: Option<&str>,
        expected: &[Expected],
        output: &mut Vec<String>,
    ) -> Result<(), String> {
        self.host.add_node(node).await.map_err(|error| error.to_string())?;
        let command = self.insert_names(command)?;
        let outcome = Terminal::at(node).run(self.host, &command).await;
        let failures: Vec<&String> = expected.iter().filter_map(Expected::failure).collect();
        let lines = match (outcome, &failures[..]) {
            (Ok(done), []) => done.lines,
            (Ok(_), [text, ..]) => return Err(format!("it succeeded and should fail with '{text}'")),
            (Err(error), []) => return Err(error.to_string()),
            (Err(error), texts) => vec![error.to_string(); texts.len().min(1)],
        };
        output.clone_from(&lines);
        for line in expected {
            let (Expected::Line(text) | Expected::Failure(text)) = line;
            let text = self.insert_names(text)?;
            if !lines.iter().any(|line| line.trim() == text) {
                return Err(format!("no line equals '{text}'; it printed: {}", lines.join(" / ")));
            }
        }
        if let Some(name) = bind {
            let first = lines.first().ok_or("it printed nothing to bind")?;
            let value = first.rsplit(':').next().unwrap_or(first).trim().to_owned();
            self.names.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// What another node did reaches its log a moment later than its effect is seen here, so lines are awaited.
    async fn log(&self, node: NodeId, patterns: &[String]) -> Result<(), String> {
        let patterns =
            patterns.iter().map(|pattern| self.insert_names(pattern)).collect::<Result<Vec<_>, _>>()?;
        let deadline = self.host.now_ms() + self.timeout_ms;
        loop {
            let log = self.host.log(node);
            let missing = patterns.iter().find(|pattern| !log.iter().any(|line| matches(pattern, line)));
            let Some(missing) = missing else { return Ok(()) };
            if !self.changed_before(deadline).await {
                let tail = log[log.len().saturating_sub(12)..].join(" / ");
                return Err(format!("no line matches '{missing}'; the log ends: {tail}"));
            }
        }
    }

    async fn wait(&self, node: NodeId, condition: &Condition) -> Result<(), String> {
        let deadline = self.host.now_ms() + self.timeout_ms;
        loop {
            let seen = match self.check(node, condition).await? {
                Ok(()) => return Ok(()),
                Err(seen) => seen,
            };
            if !self.changed_before(deadline).await {
                return Err(format!("not after {} s; saw {seen}", self.timeout_ms / 1_000.0));
            }
        }
    }

    /// Whether something changed before the deadline.
    async fn changed_before(&self, deadline: f64) -> bool {
        let left = deadline - self.host.now_ms();
        if left <= 0.0 {
            return false;
        }
        self.host.next_change(left).await;
        true
    }

    /// Whether a condition holds, or what is seen instead; the outer error ends the wait.
    async fn check(&self, node: NodeId, condition: &Condition) -> Result<Result<(), String>, String> {
        let holds = |holds: bool, seen: String| Ok(if holds { Ok(()) } else { Err(seen) });
        let Some(snapshot) = self.host.snapshot(node) else {
            return holds(false, format!("no node {node}"));
        };
        let tip = |node| self.host.snapshot(node).and_then(|snapshot| snapshot.chain).map(|chain| chain.tip);
        let height = snapshot.chain.as_ref().map(|chain| chain.height.0);
        match condition {
            Condition::Height(wanted) => {
                let seen = height.map_or("no chain".to_owned(), |height| format!("height {height}"));
                holds(height.is_some_and(|height| height >= *wanted), seen)
            }
            Condition::Mempool(wanted) => {
                let count = snapshot.mempool.count;
                holds(count == *wanted, format!("{count} in the mempool"))
            }
            Condition::Tip(other) => {
                let seen = format!("{:?} here, {:?} at {other}", tip(node), tip(*other));
                holds(tip(node).is_some() && tip(node) == tip(*other), seen)
            }
            Condition::Balance { address, amount } => self.check_balance(node, address, amount).await,
        }
    }

    /// [`Self::check`] of a balance. A node that cannot tell yet, for it has no chain or is not up, is waited for.
    async fn check_balance(
        &self,
        node: NodeId,
        address: &str,
        amount: &str,
    ) -> Result<Result<(), String>, String> {
        let wanted = Amount::parse_coins(amount).map_err(|error| error.to_string())?;
        let address = self.insert_names(address)?;
        let address = self.host.desk().borrow().book.resolve(&address).to_owned();
        match self.host.execute(node, Command::GetBalance { address }).await {
            Ok(Reply::Balance(balance)) if balance == wanted => Ok(Ok(())),
            Ok(Reply::Balance(balance)) => Ok(Err(format!("balance {balance}"))),
            Ok(other) => Err(format!("{other:?} is no balance")),
            Err(error @ CommandError::InvalidAddress) => Err(error.to_string()),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// A text with each `$name` replaced by what was bound; the longest name that fits is meant.
    fn insert_names(&self, text: &str) -> Result<String, String> {
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            let after = &after[1..];
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
            let name = &after[..end];
            let value = self.names.get(name).ok_or_else(|| format!("${name} was not bound"))?;
            result.extend([before, value]);
            rest = &after[end..];
        }
        result.push_str(rest);
        Ok(result)
    }
}

impl Expected {
    fn failure(&self) -> Option<&String> {
        match self {
            Expected::Failure(text) => Some(text),
            Expected::Line(_) => None,
        }
    }
}

/// Whether a line equals a pattern in which `*` stands for any text. Each part is looked for where the last one
/// ended, so the time grows with the line alone, whatever a scenario from elsewhere brings.
fn matches(pattern: &str, line: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == line };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = line.strip_prefix(head).and_then(|line| line.strip_suffix(tail));
    let Some(mut inner) = inner else { return false };
    for part in middle.split('*') {
        match inner.find(part) {
            Some(at) => inner = &inner[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{FakeHost, now};

    fn run(body: &str) -> (Report, FakeHost) {
        let host = FakeHost::default();
        let scenario: Scenario = format!("terrarium-scenario 1\n{body}").parse().expect("the scenario reads");
        let report = now(scenario.run(&host, |_| {}));
        (report, host)
    }

    fn failure(body: &str) -> String {
        run(body).0.failure().expect("the scenario fails")
    }

    #[test]
    fn a_name_binds_what_follows_the_last_colon_and_is_inserted() {
        let (report, _) =
            run("[3000] createwallet -> a\n[3000] getbalance -address $a\n    Balance of '$a': 50");
        assert_eq!(report.failure(), None);
        assert!(report.passed);
        assert_eq!(report.steps[1].output, ["Balance of 'A1': 50"]);
    }

    #[test]
    fn a_line_that_is_not_printed_fails_with_what_was() {
        let text =
            failure("[3000] createwallet -> a\n[3000] getbalance -address $a\n    Balance of '$a': 51");
        assert!(text.starts_with("line 3: "), "{text}");
        assert!(text.contains("Balance of 'A1': 50"), "{text}");
        assert!(failure("[3000] getbalance -address $b").contains("$b was not bound"));
    }

    #[test]
    fn a_failing_command_fails_the_scenario_unless_it_is_expected() {
        assert!(failure("[3000] getbalance -address x").contains("ERROR: Address is not valid"));
        assert!(run("[3000] getbalance -address x\n    fails ERROR: Address is not valid").0.passed);
        assert!(failure("[3000] createwallet\n    fails ERROR").contains("should fail with 'ERROR'"));
        assert!(failure("[3000] getbalance -address x\n    fails other").contains("Address is not valid"));
    }

    #[test]
    fn a_failed_wait_says_what_it_saw() {
        assert!(failure("timeout 5\nwait 3000 height 1").contains("not after 5 s; saw no node 3000"));
        assert!(failure("[3000] help\nwait 3000 height 1").contains("saw no chain"));
        assert!(failure("[3000] help\nwait 3000 mempool 2").contains("saw 0 in the mempool"));
        assert!(failure("[3000] createwallet -> a\nwait 3000 balance $a 7").contains("saw balance 50"));
        assert!(failure("timeout 5\nwait 3001 balance A1 7").contains("not after 5 s; saw no node 3001"));
        assert!(failure("[3000] help\nwait 3000 balance x 7").contains("Address is not valid"));
        assert!(run("[3000] createwallet -> a\nwait 3000 balance $a 50\nwait 3000 mempool 0").0.passed);
    }

    #[test]
    fn log_lines_are_matched() {
        let scenario: Scenario = "terrarium-scenario 1\nlog 3000\n    Added block *\n    New*"
            .parse()
            .expect("the scenario reads");
        let host = FakeHost::default();
        host.log.borrow_mut().push("Added block 00ab".to_owned());
        let report = now(scenario.run(&host, |_| {}));
        assert!(report.failure().expect("one line is missing").contains("no line matches 'New*'"));
        host.log.borrow_mut().push("New block is mined!".to_owned());
        assert!(now(scenario.run(&host, |_| {})).passed);
    }

    #[test]
    fn lab_steps_reach_the_host() {
        let (report, host) = run("start 3000\nspawn 3003 miner\nmine 3000\nlink 3000 3001 latency 200\n\
                                  partition 3000 | 3001\nheal\npause\nresume");
        assert!(report.passed);
        assert_eq!(
            *host.calls.borrow(),
            [
                "start 3000",
                "spawn 3003 Miner",
                "mine 3000",
                "link 3000 3001 200",
                "partition 2",
                "heal",
                "pause",
                "resume"
            ]
        );
    }

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches("Received inventory with * block", "Received inventory with 2 block"));
        assert!(matches("*", ""));
        assert!(matches("Added block *", "Added block 00ab"));
        assert!(!matches("Added block *", "Refused block"));
        assert!(!matches("New", "New block"));
        assert!(matches("a*b*c", "a1b2b3c"));
        assert!(!matches("ab*ba", "aba"));
        assert!(!matches(&"*a".repeat(200), &"a".repeat(199)));
    }
}
