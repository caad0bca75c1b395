//! The training settings of a sequence model.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// All settings that determine a sequence model, except its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceSettings {
    /// Number of epochs of 20 updates.
    pub epochs: usize,
    /// Maximum learning rate; it decays linearly to 0.
    pub rate: f64,
    /// Number of feature maps of the hidden layers.
    pub channels: usize,
    /// Number of residual blocks.
    pub blocks: usize,
    /// Dropout: fraction of the feature maps of a block that an update leaves out.
    pub dropout: f64,
    /// Seed of the weights, the windows, the dropout and the hold-out.
    pub seed: u64,
    /// Number of networks whose probabilities are averaged: each is trained from the next seed, with the same hold-out.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub seeds: usize,
    /// Fraction of the recordings that are held out, unless they are named.
    pub hold_out: f64,
}

/// Updates per epoch.
pub(super) const UPDATES: usize = 20;
/// Windows per update, and the scored frames in the middle of each whose labels enter the loss.
pub(super) const WINDOWS: usize = 8;
pub(super) const LENGTH: usize = 128;
/// Weight decay relative to the learning rate.
pub(super) const WEIGHT_DECAY: f32 = 1e-2;
/// Maximum number of networks: beyond about a dozen, more have no effect.
const MOST_SEEDS: usize = 50;
/// Maximum number of blocks: one more would extend the receptive field to a quarter of an hour on either side, without
/// more labels.
const MOST_BLOCKS: usize = 12;

impl Default for SequenceSettings {
    fn default() -> Self {
        Self { epochs: 30, rate: 1e-3, channels: 64, blocks: 5, dropout: 0.3, seed: 1, seeds: 1, hold_out: 0.25 }
    }
}

impl SequenceSettings {
    /// Checks that all values are in range.
    ///
    /// # Errors
    /// If a setting is out of range; the message names the first one.
    pub fn check(&self) -> Result<()> {
        let wrong = |option: &str, cause: &str, remedy: &str| Err(Error::usage(option, cause, remedy));
        if self.epochs == 0 || self.channels == 0 {
            return wrong("--epochs and --channels", "one of them is 0", "Use 1 or more; 30 and 64 are the defaults");
        }
        if !(1..=MOST_BLOCKS).contains(&self.blocks) {
            return wrong("--blocks", "it is outside 1 to 12", "Use 5, which sees 63 scored frames");
        }
        if !(1..=MOST_SEEDS).contains(&self.seeds) {
            return wrong("--seeds", "it is outside 1 to 50", "Use 1, or a few such as 5");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("--dropout", "it is outside 0 to 1", "Use a share such as 0.3");
        }
        if !(0.0..1.0).contains(&self.hold_out) {
            return wrong("--hold-out", "it is outside 0 to 1", "Use a share such as 0.25, or 0 for none");
        }
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return wrong("--lr", "it is not above 0", "Use a number such as 0.001");
        }
        Ok(())
    }
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == one()
}
