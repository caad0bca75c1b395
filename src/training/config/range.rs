//! Range checks of numeric settings.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};

/// Range of a teacher's loss weight: smaller weights have no effect, much larger ones make losses overflow.
pub(super) const TEACHER_WEIGHTS: RangeInclusive<f64> = 1e-6..=1e3;

/// Rejects a value outside its range, and NaN.
pub(super) fn within(option: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::new(option, format!("{value} is outside {low}…{high}"), "Choose a value in the range"))
}
