//! Numbers of a plan that have a range.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};

/// Weights of a teacher's loss: below, it changes nothing; far above, losses overflow.
pub(super) const TEACHER_WEIGHTS: RangeInclusive<f64> = 1e-6..=1e3;

/// Refuses a value outside a range, and NaN.
pub(super) fn within(option: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::new(option, format!("{value} is outside {low}…{high}"), "Choose a value in the range"))
}
