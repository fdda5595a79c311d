//! What a large network came to, as text and as a table.

use super::statistics::{SHARES, median_and_greatest, time_to};
use std::fmt::{self, Write as _};
use terrarium_core::net::Count;
use terrarium_core::time::{Mono, Span};

/// What happened in one large network. All of it is the same whenever the same is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// How many nodes it had.
    pub nodes: usize,
    /// The blocks of the chain on which all agree in the end, as they spread.
    pub blocks: Vec<Item>,
    /// Blocks that were found.
    pub found: usize,
    /// Transactions, in the order of their ids, as they spread.
    pub transactions: Vec<Item>,
    /// What all nodes together sent, from the first block on.
    pub sent: Count,
    /// Messages that all nodes together took in, from the first block on.
    pub received: Count,
    /// What happened in the simulation: entries of its plan.
    pub events: u64,
    /// Whether all nodes have one tip in the end.
    pub agreed: bool,
    /// How much time went by in the network.
    pub time: Span,
}

/// Something that spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its hash or id.
    pub name: String,
    /// When it was first anywhere.
    pub began: Mono,
    /// How long it took to each node that it came to, ascending.
    pub delays: Vec<Span>,
}

/// The shares of nodes, in percent, that a row of the table gives the time to.
const COLUMNS: [usize; 9] = [5, 10, 25, 50, 75, 90, 95, 99, 100];

impl Figures {
    /// The share of blocks that were found and are not in the chain.
    pub fn stale_rate(&self) -> f64 {
        1.0 - self.blocks.len() as f64 / self.found.max(1) as f64
    }

    /// A table with a row for each block and transaction, its fields separated by commas.
    pub fn to_csv(&self) -> String {
        let mut text = "kind,name,first_ms,nodes".to_owned();
        for percent in COLUMNS {
            write!(text, ",p{percent}_ms").expect("a string takes all");
        }
        let rows = |kind, items: &'_ [Item]| -> Vec<String> {
            items.iter().map(|item| self.row(kind, item)).collect()
        };
        for row in rows("block", &self.blocks).into_iter().chain(rows("transaction", &self.transactions)) {
            text.push('\n');
            text.push_str(&row);
        }
        text.push('\n');
        text
    }

    fn row(&self, kind: &str, item: &Item) -> String {
        let began = millis(Span(item.began.0));
        let mut row = format!("{kind},{},{began},{}", item.name, item.delays.len());
        for percent in COLUMNS {
            let time = time_to(&item.delays, self.nodes, percent).map(millis).unwrap_or_default();
            write!(row, ",{time}").expect("a string takes all");
        }
        row
    }

    fn write_times(&self, f: &mut fmt::Formatter<'_>, what: &str, items: &[Item]) -> fmt::Result {
        if items.is_empty() {
            return writeln!(f, "{what:<13} none");
        }
        for (name, greatest) in [("median", false), ("slowest", true)] {
            write!(f, "{:<13} {name:<8}", if greatest { "" } else { what })?;
            for percent in SHARES {
                let times: Option<Vec<Span>> =
                    items.iter().map(|item| time_to(&item.delays, self.nodes, percent)).collect();
                let both = times.and_then(median_and_greatest);
                let time = both.map(|(median, slowest)| if greatest { slowest } else { median });
                write!(
                    f,
                    "{:>13}",
                    time.map_or_else(|| "never".to_owned(), |time| format!("{} ms", millis(time)))
                )?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.0 as f64 / 1e6;
        writeln!(f, "{} nodes, {seconds:.0} s of their time", self.nodes)?;
        write!(f, "{:<22}", "time to")?;
        for percent in SHARES {
            write!(f, "{:>13}", format!("{percent} %"))?;
        }
        writeln!(f)?;
        self.write_times(f, "blocks", &self.blocks)?;
        self.write_times(f, "transactions", &self.transactions)?;
        let each = |count: u64| count as f64 / self.nodes as f64;
        writeln!(
            f,
            "sent per node  {:.0} messages, {:.0} bytes",
            each(self.sent.messages),
            each(self.sent.bytes)
        )?;
        let stale = self.found - self.blocks.len();
        writeln!(f, "stale blocks   {stale} of {} ({:.1} %)", self.found, self.stale_rate() * 100.0)?;
        write!(f, "{}", if self.agreed { "all agree" } else { "THEY DO NOT AGREE" })
    }
}

fn millis(span: Span) -> String {
    format!("{}.{}", span.0 / 1_000, span.0 % 1_000 / 100)
}
