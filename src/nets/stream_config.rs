//! Configuration of a stream.

use super::{Backbone, StreamInput};

/// Configuration of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamConfig {
    /// The architecture.
    pub backbone: Backbone,
    /// The input that the stream takes.
    pub input: StreamInput,
    /// Number of classes K.
    pub classes: usize,
    /// Probability of every dropout, in [0, 1); `None` for the architecture's default.
    pub dropout: Option<f64>,
}
