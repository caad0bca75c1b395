//! Precision of stored parameters.

use serde::{Deserialize, Serialize};

/// Floating-point format of the parameters in weights files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits: exactly the parameters in memory.
    #[default]
    F32,
    /// 16 bits: half the size, for distribution.
    F16,
}
