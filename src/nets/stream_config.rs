//! A stream to be built.

use super::{Backbone, StreamInput};

/// A stream to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamConfig {
    /// The architecture.
    pub backbone: Backbone,
    /// What it reads.
    pub input: StreamInput,
    /// Number of classes K.
    pub classes: usize,
    /// Probability of every dropout, in [0, 1); `None` is the architecture's own.
    pub dropout: Option<f64>,
}
