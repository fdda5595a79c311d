//! A scenario's text into steps.

use super::step::{Action, Condition, Expected, Scenario, Step};
use crate::host::LinkSettings;
use std::fmt::Display;
use std::str::FromStr;
use terrarium_core::interface::{NodeId, Role};

const FIRST_LINE: &str = "terrarium-scenario 1";

/// Digits of a number at most: a double holds every number of so many.
const MOST_DIGITS: usize = 15;

/// Why a text is not a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scenario line {line}: {problem}")]
pub struct ScenarioError {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong, with the word that is.
    pub problem: String,
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let mut steps: Vec<Step> = Vec::new();
        let mut lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
        match lines.next() {
            Some((FIRST_LINE, _)) => {}
            first => {
                let found = first.map_or("", |(line, _)| line);
                let problem = format!("'{found}' is not '{FIRST_LINE}': the version is unknown");
                return Err(ScenarioError { line: 1, problem });
            }
        }
        for (raw, line) in lines {
            let content = raw.trim();
            let at_line = |problem| ScenarioError { line, problem };
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if raw.starts_with([' ', '\t']) {
                let step =
                    steps.last_mut().ok_or_else(|| at_line("an indented line without a step".to_owned()))?;
                expect(&mut step.action, content).map_err(at_line)?;
            } else {
                let action = action(content).map_err(at_line)?;
                steps.push(Step { line, text: content.to_owned(), action });
            }
        }
        Ok(Scenario { steps })
    }
}

/// Adds an indented line to the step above it.
fn expect(action: &mut Action, content: &str) -> Result<(), String> {
    match action {
        Action::Run { expected, .. } => expected.push(match content.strip_prefix("fails ") {
            Some(text) => Expected::Failure(text.to_owned()),
            None => Expected::Line(content.to_owned()),
        }),
        Action::Log { patterns, .. } => patterns.push(content.to_owned()),
        _ => return Err(format!("the step above prints nothing that could equal '{content}'")),
    }
    Ok(())
}

fn action(content: &str) -> Result<Action, String> {
    if let Some(rest) = content.strip_prefix('[') {
        let (node, command) = rest.split_once(']').ok_or("'[' without ']'")?;
        let (command, bind) = match command.rsplit_once("->") {
            Some((command, name)) => (command, Some(name.trim().to_owned())),
            None => (command, None),
        };
        let (node, command) = (parsed(node)?, command.trim().to_owned());
        return Ok(Action::Run { node, command, bind, expected: Vec::new() });
    }
    let words: Vec<&str> = content.split_whitespace().collect();
    Ok(match words[..] {
        ["log", node] => Action::Log { node: parsed(node)?, patterns: Vec::new() },
        ["wait", node, ref condition @ ..] => {
            Action::Wait { node: parsed(node)?, condition: self::condition(condition)? }
        }
        ["timeout", seconds] => Action::Timeout { seconds: positive(seconds)? },
        ["start", node] => Action::Start(parsed(node)?),
        ["stop", node] => Action::Stop(parsed(node)?),
        ["kill", node] => Action::Kill(parsed(node)?),
        ["spawn", node, role] => Action::Spawn(parsed(node)?, self::role(role)?),
        ["spawn", node] => Action::Spawn(parsed(node)?, Role::Full),
        ["mine", node] => Action::Mine(parsed(node)?),
        ["hashrate", node, khs] => Action::HashRate(parsed(node)?, positive(khs)?),
        ["connect", a, b] => Action::Connect(parsed(a)?, parsed(b)?),
        ["link", a, b, ref settings @ ..] => Action::Link(parsed(a)?, parsed(b)?, link(settings)?),
        ["partition", ref groups @ ..] => Action::Partition(partition(groups)?),
        ["heal"] => Action::Heal,
        ["pause"] => Action::Pause,
        ["resume"] => Action::Resume,
        _ => return Err(format!("'{content}' is not a step")),
    })
}

fn condition(words: &[&str]) -> Result<Condition, String> {
    Ok(match *words {
        ["height", height] => Condition::Height(parsed(height)?),
        ["mempool", count] => Condition::Mempool(parsed(count)?),
        ["tip", node] => Condition::Tip(parsed(node)?),
        ["balance", address, amount] => {
            Condition::Balance { address: address.to_owned(), amount: amount.to_owned() }
        }
        _ => return Err(format!("'{}' cannot be waited for", words.join(" "))),
    })
}

/// `latency 200 jitter 50 bandwidth 10000 cut`, in any order.
fn link(words: &[&str]) -> Result<LinkSettings, String> {
    let mut settings = LinkSettings::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number =
            || words.next().ok_or_else(|| format!("'{word}' lacks its number")).and_then(|n| positive(n));
        match *word {
            "latency" => settings.latency_ms = number()?,
            "jitter" => settings.jitter_ms = number()?,
            "bandwidth" => settings.bandwidth = number()?,
            "cut" => settings.cut = true,
            other => return Err(format!("'{other}' is none of latency, jitter, bandwidth, cut")),
        }
    }
    Ok(settings)
}

/// `3000 | 3001 3002`.
fn partition(words: &[&str]) -> Result<Vec<Vec<NodeId>>, String> {
    let groups = words.split(|word| *word == "|");
    groups.map(|group| group.iter().map(|word| parsed(word)).collect()).collect()
}

fn role(word: &str) -> Result<Role, String> {
    Role::named(word).ok_or_else(|| {
        let known = Role::ALL.map(Role::name).join(", ");
        format!("'{word}' is not a role: these are: {known}")
    })
}

/// Digits, and more after a point. Std reads every notation, by tables of 10 KB; of so few digits a division makes the very
/// same number.
fn positive(word: &str) -> Result<f64, String> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let digits = format!("{whole}{fraction}");
    if digits.len() > MOST_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(format!("'{word}' is not a number from 0 up of at most {MOST_DIGITS} digits"));
    }
    let number: u64 = parsed(&digits)?;
    Ok(number as f64 / 10_u64.pow(fraction.len() as u32) as f64)
}

fn parsed<T: FromStr<Err: Display>>(word: &str) -> Result<T, String> {
    word.trim().parse().map_err(|error| format!("'{word}': {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> ScenarioError {
        format!("{FIRST_LINE}\n{body}").parse::<Scenario>().expect_err("the scenario is refused")
    }

    #[test]
    fn an_unknown_version_is_refused() {
        let error = "terrarium-scenario 2\nheal".parse::<Scenario>().expect_err("the version is unknown");
        assert_eq!(error.line, 1);
        assert!(error.to_string().contains("terrarium-scenario 2"));
        assert!("".parse::<Scenario>().is_err());
    }

    #[test]
    fn an_unknown_step_is_an_error_with_its_line_and_value() {
        let error = refused("# a comment\nheal\ndance 3000");
        assert_eq!((error.line, error.problem.as_str()), (4, "'dance 3000' is not a step"));
        assert_eq!(refused("wait 3000 rain").line, 2);
        assert!(refused("start 0").problem.contains("'0'"));
        assert!(refused("spawn 3003 emperor").problem.contains("'emperor'"));
        assert!(refused("hashrate 3000 -1").problem.contains("'-1'"));
        assert!(refused("link 3000 3001 latency").problem.contains("lacks its number"));
        assert!(refused("    Success!").problem.contains("without a step"));
        assert!(refused("heal\n    Success!").problem.contains("prints nothing"));
    }

    #[test]
    fn a_number_is_read_as_std_reads_it() {
        for word in ["0", "4", "0.25", "2.", ".5", "007.10", "999999999999999", "0.00000000000001"] {
            assert_eq!(positive(word).ok(), word.parse().ok(), "{word}");
        }
        for word in ["", ".", "-1", "+1", "1e3", "NaN", "inf", "1.2.3", "1,5", "1234567890123456"] {
            assert!(positive(word).is_err(), "{word}");
        }
    }

    #[test]
    fn every_step_of_the_language_is_read() {
        let text = format!(
            "{FIRST_LINE}\n[3000] createwallet -> a\n    Your*\n    fails x\nlog 3000\n    Added block *\nwait 3000 height 3\n\
             wait 3000 mempool 1\nwait 3000 tip 3001\nwait 3000 balance $a 50\ntimeout 5\nstart 3000\nstop 3000\n\
             kill 3000\nspawn 3003 miner\nspawn 3004\nmine 3000\nhashrate 3002 8\nconnect 3001 3002\n\
             link 3000 3001 latency 200 jitter 5 bandwidth 1000 cut\npartition 3000 | 3001 3002\nheal\npause\nresume\n"
        );
        assert_eq!(text.parse::<Scenario>().expect("reads").steps.len(), 20);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "\\PC*") {
            let _ = format!("{FIRST_LINE}\n{text}").parse::<Scenario>();
        }
    }
}
