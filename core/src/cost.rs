//! Work in units that are the same on every machine.

use serde::{Deserialize, Serialize};

/// Work, in deterministic units: one unit is about a microsecond of a browser's worker (a signature check is 120, a
/// kilobyte hashed is 10). Never measured time, so that budgets hold the same way everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cost(pub u64);
