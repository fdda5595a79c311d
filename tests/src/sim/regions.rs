//! Where in the world hosts are, and how lines between regions are, read from a table: one statement a line, `#` begins
//! a comment.
//!
//! ```text
//! region NAME SHARE                      so large a share of the nodes
//! latency NAME NAME DISTRIBUTION         one way, in milliseconds, drawn once for each pair of nodes:
//!                                          constant TIME | uniform FROM TO | normal MEAN DEVIATION |
//!                                          lognormal MEDIAN SIGMA | exponential LEAST MORE
//! bandwidth NAME NAME RATE               in Mbit/s, of each line; unlimited where nothing is said
//! ```
//!
//! A latency or bandwidth is that of both directions, unless the other has its own. Every two regions have a latency,
//! and so has each with itself. Shares are taken in proportion to their sum.

use super::delay::Delay;
use super::dice::Dice;
use super::link::Link;
use std::str::{FromStr, SplitWhitespace};
use terrarium_core::interface::NodeId;

/// Regions and the ways between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Regions {
    regions: Vec<Region>,
    /// By where they begin and where they end.
    ways: Vec<Vec<Way>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Region {
    name: String,
    share: f64,
}

/// How lines from one region to another are; what is not said yet is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Way {
    latency: Option<Delay>,
    /// Bytes a second.
    bandwidth: Option<u64>,
}

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TableError {
    /// A line begins with none of the three words.
    #[error("line {line}: '{word}' is none of region, latency and bandwidth")]
    Statement {
        /// Where, from 1.
        line: usize,
        /// What stands there.
        word: String,
    },
    /// A line ends too early.
    #[error("line {line}: {missing} is missing")]
    Missing {
        /// Where, from 1.
        line: usize,
        /// What.
        missing: &'static str,
    },
    /// A value is not what it should be.
    #[error("line {line}: '{value}' is not {wanted}")]
    Value {
        /// Where, from 1.
        line: usize,
        /// What stands there.
        value: String,
        /// What should.
        wanted: &'static str,
    },
    /// A line goes on after its end.
    #[error("line {line}: nothing may follow, and '{value}' does")]
    Surplus {
        /// Where, from 1.
        line: usize,
        /// What follows.
        value: String,
    },
    /// A name is used that no line before gave to a region.
    #[error("line {line}: '{name}' is no region that was named before")]
    UnknownRegion {
        /// Where, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// Two regions have one name.
    #[error("line {line}: there is a region '{name}' already")]
    SameRegion {
        /// Where, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// No line says how far it is.
    #[error("no line gives the latency from '{from}' to '{to}'")]
    NoLatency {
        /// From here.
        from: String,
        /// To here.
        to: String,
    },
    /// There are no regions.
    #[error("no line names a region")]
    Empty,
}

impl Regions {
    /// The name of the region in which a node is, in the world of one seed.
    pub fn name_of(&self, seed: u64, node: NodeId) -> &str {
        &self.regions[self.region_of(seed, node)].name
    }

    /// How the line from one node to another is in the world of one seed.
    pub(super) fn link(&self, seed: u64, from: NodeId, to: NodeId) -> Link {
        let way = self.ways[self.region_of(seed, from)][self.region_of(seed, to)];
        let pair = (from.min(to), from.max(to));
        // Both directions draw alike: where their distributions are the same, so are they.
        let mut dice = Dice::new(seed, &format!("line {} {}", pair.0, pair.1));
        let latency = way.latency.unwrap_or(Delay::Constant(0.0)).draw(&mut dice);
        Link { latency, bandwidth: way.bandwidth, ..Link::default() }
    }

    fn region_of(&self, seed: u64, node: NodeId) -> usize {
        let sum: f64 = self.regions.iter().map(|region| region.share).sum();
        let mut left = Dice::new(seed, &format!("region {node}")).fraction() * sum;
        for (at, region) in self.regions.iter().enumerate() {
            left -= region.share;
            if left < 0.0 {
                return at;
            }
        }
        self.regions.len() - 1
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.regions.iter().position(|region| region.name == name)
    }
}

impl FromStr for Regions {
    type Err = TableError;

    fn from_str(text: &str) -> Result<Self, TableError> {
        let mut table = Self { regions: Vec::new(), ways: Vec::new() };
        let mut said = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let code = line.split('#').next().unwrap_or_default();
            let mut words = Words { line: at + 1, words: code.split_whitespace() };
            let Some(statement) = words.words.next() else { continue };
            match statement {
                "region" => table.add_region(&mut words)?,
                "latency" | "bandwidth" => said.push(table.statement(statement, &mut words)?),
                word => return Err(TableError::Statement { line: at + 1, word: word.to_owned() }),
            }
            words.finish()?;
        }
        if table.regions.is_empty() {
            return Err(TableError::Empty);
        }
        // First the other directions, then those that were named, so that these have the last word.
        for (from, to, way) in &said {
            table.say(*to, *from, *way);
        }
        for (from, to, way) in said {
            table.say(from, to, way);
        }
        table.check()?;
        Ok(table)
    }
}

impl Regions {
    fn add_region(&mut self, words: &mut Words<'_>) -> Result<(), TableError> {
        let name = words.next("the region's name")?.to_owned();
        let share = words.number("the region's share", "a share: a number above 0", |share| share > 0.0)?;
        if self.find(&name).is_some() {
            return Err(TableError::SameRegion { line: words.line, name });
        }
        self.regions.push(Region { name, share });
        let count = self.regions.len();
        self.ways.push(Vec::new());
        self.ways.iter_mut().for_each(|ways| ways.resize(count, Way::default()));
        Ok(())
    }

    fn statement(&self, word: &str, words: &mut Words<'_>) -> Result<(usize, usize, Way), TableError> {
        let (from, to) = (self.region(words)?, self.region(words)?);
        let mut way = Way::default();
        if word == "latency" {
            way.latency = Some(words.delay()?);
        } else {
            let wanted = "a bandwidth: Mbit/s above 0";
            let rate = words.number("the bandwidth", wanted, |rate| rate > 0.0)?;
            way.bandwidth = Some((rate * 1_000_000.0 / 8.0).max(1.0) as u64);
        }
        Ok((from, to, way))
    }

    fn region(&self, words: &mut Words<'_>) -> Result<usize, TableError> {
        let name = words.next("a region's name")?;
        let unknown = || TableError::UnknownRegion { line: words.line, name: name.to_owned() };
        self.find(name).ok_or_else(unknown)
    }

    fn say(&mut self, from: usize, to: usize, said: Way) {
        let way = &mut self.ways[from][to];
        way.latency = said.latency.or(way.latency);
        way.bandwidth = said.bandwidth.or(way.bandwidth);
    }

    fn check(&self) -> Result<(), TableError> {
        for (from, ways) in self.regions.iter().zip(&self.ways) {
            if let Some(to) = ways.iter().position(|way| way.latency.is_none()) {
                let (from, to) = (from.name.clone(), self.regions[to].name.clone());
                return Err(TableError::NoLatency { from, to });
            }
        }
        Ok(())
    }
}

/// What is left of a line.
struct Words<'a> {
    /// From 1.
    line: usize,
    words: SplitWhitespace<'a>,
}

impl<'a> Words<'a> {
    fn next(&mut self, missing: &'static str) -> Result<&'a str, TableError> {
        self.words.next().ok_or(TableError::Missing { line: self.line, missing })
    }

    fn number(
        &mut self,
        missing: &'static str,
        wanted: &'static str,
        is_right: impl Fn(f64) -> bool,
    ) -> Result<f64, TableError> {
        let value = self.next(missing)?;
        let wrong = || TableError::Value { line: self.line, value: value.to_owned(), wanted };
        value.parse().ok().filter(|number: &f64| number.is_finite() && is_right(*number)).ok_or_else(wrong)
    }

    /// A time in milliseconds, or a deviation of such.
    fn time(&mut self) -> Result<f64, TableError> {
        self.number("a number of the distribution", "a number of 0 or more", |time| time >= 0.0)
    }

    fn delay(&mut self) -> Result<Delay, TableError> {
        let value = self.next("a distribution")?;
        Ok(match value {
            "constant" => Delay::Constant(self.time()?),
            "uniform" => Delay::Uniform(self.time()?, self.time()?),
            "normal" => Delay::Normal(self.time()?, self.time()?),
            "lognormal" => Delay::LogNormal(self.time()?, self.time()?),
            "exponential" => Delay::Exponential(self.time()?, self.time()?),
            _ => {
                let wanted = "one of constant, uniform, normal, lognormal and exponential";
                return Err(TableError::Value { line: self.line, value: value.to_owned(), wanted });
            }
        })
    }

    fn finish(&mut self) -> Result<(), TableError> {
        match self.words.next() {
            None => Ok(()),
            Some(value) => Err(TableError::Surplus { line: self.line, value: value.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::time::Span;

    const TWO: &str = "
        # Two places.
        region here 3
        region there 1            # a quarter
        latency here here constant 10
        latency there there uniform 20 30
        latency here there lognormal 100 0.2
        bandwidth here there 8
        bandwidth there here 4
    ";

    fn error(text: &str) -> String {
        text.parse::<Regions>().expect_err(text).to_string()
    }

    #[test]
    fn nodes_are_spread_by_the_shares() {
        let table: Regions = TWO.parse().expect("a table");
        let here = (0..4_000).filter(|id| table.name_of(1, NodeId(*id)) == "here").count();
        assert!((2_900..3_100).contains(&here), "{here} of 4,000");
    }

    #[test]
    fn a_line_is_as_the_table_says_and_the_same_whenever_it_is_asked_for() {
        let table: Regions = TWO.parse().expect("a table");
        let is_here = |id: &NodeId| table.name_of(7, *id) == "here";
        let here: Vec<NodeId> = (0..).map(NodeId).filter(is_here).take(2).collect();
        let there = (0..).map(NodeId).find(|id| !is_here(id)).expect("a quarter is there");
        let near = table.link(7, here[0], here[1]);
        assert_eq!((near.latency, near.bandwidth), (Span::from_millis(10), None));
        let (go, back) = (table.link(7, here[0], there), table.link(7, there, here[0]));
        assert_eq!(go.latency, back.latency);
        assert!((30..300).contains(&go.latency.as_millis()), "{go:?}");
        assert_eq!((go.bandwidth, back.bandwidth), (Some(1_000_000), Some(500_000)));
        assert_eq!(table.link(7, here[0], there), go);
    }

    #[test]
    fn what_is_wrong_with_a_table_is_told_by_line_and_value() {
        assert_eq!(error("\nregoin a 1"), "line 2: 'regoin' is none of region, latency and bandwidth");
        assert_eq!(error("region a"), "line 1: the region's share is missing");
        assert_eq!(error("region a none"), "line 1: 'none' is not a share: a number above 0");
        assert_eq!(error("region a -1"), "line 1: '-1' is not a share: a number above 0");
        assert_eq!(error("region a 1 2"), "line 1: nothing may follow, and '2' does");
        assert_eq!(error("region a 1\nregion a 1"), "line 2: there is a region 'a' already");
        assert_eq!(
            error("region a 1\nlatency a b constant 1"),
            "line 2: 'b' is no region that was named before"
        );
        let wanted = "is not one of constant, uniform, normal, lognormal and exponential";
        assert_eq!(error("region a 1\nlatency a a gamma 1"), format!("line 2: 'gamma' {wanted}"));
        assert_eq!(error("region a 1\nlatency a a normal 5 x"), "line 2: 'x' is not a number of 0 or more");
        assert_eq!(
            error("region a 1\nlatency a a constant inf"),
            "line 2: 'inf' is not a number of 0 or more"
        );
        assert_eq!(
            error("region a 1\nlatency a a normal 5"),
            "line 2: a number of the distribution is missing"
        );
        assert_eq!(error("region a 1\nbandwidth a a 0"), "line 2: '0' is not a bandwidth: Mbit/s above 0");
        assert_eq!(error("region a 1"), "no line gives the latency from 'a' to 'a'");
        assert_eq!(error("# nothing"), "no line names a region");
    }
}
