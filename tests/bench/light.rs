//! What light nodes exchange to sync, beside a full node: counted, so that no browser is needed.

use std::sync::OnceLock;

use terrarium_tests::sync_bytes::{Chains, Exchange, SyncBytes};

use crate::report::{Goal, Row};

const CHAINS: Chains = Chains { blocks: 2_000, spends: 150, payments: 10 };

/// The rows share one measurement.
static MEASURED: OnceLock<SyncBytes> = OnceLock::new();

pub(crate) fn bloom() -> Row {
    row("bloom filter", |bytes| &bytes.bloom, 1.0)
}

pub(crate) fn compact() -> Row {
    row("compact filters", |bytes| &bytes.compact, 6.0)
}

fn row(how: &str, exchange: impl Fn(&SyncBytes) -> &Exchange, percent: f64) -> Row {
    let measured = MEASURED.get_or_init(|| SyncBytes::measure(CHAINS));
    let (light, full) = (exchange(measured), &measured.full);
    for (command, bytes) in &light.by_command {
        eprintln!("    {command}: {bytes} bytes of {} in full", full.by_command.get(command).unwrap_or(&0));
    }
    let Chains { blocks, spends, payments } = CHAINS;
    Row {
        what: format!(
            "{payments} payments found in {blocks} blocks x {spends} spends by {how}, of a full sync"
        ),
        value: 100.0 * light.total() as f64 / full.total() as f64,
        unit: "% of the bytes",
        goal: Goal::AtMost(percent),
        reference: None,
    }
}
