//! Networks as data.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A network that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The default: blocks every five seconds, difficulty adjusted every 16.
    Classroom,
    /// Bitcoin's regtest.
    Regtest,
}

/// A name that is no preset's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a network: classroom and regtest are")]
pub struct PresetError(String);

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, PresetError> {
        match text {
            "classroom" => Ok(Preset::Classroom),
            "regtest" => Ok(Preset::Regtest),
            _ => Err(PresetError(text.to_owned())),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Preset::Classroom => "classroom",
            Preset::Regtest => "regtest",
        })
    }
}
