//! Numbers of a plan that have a range.

use crate::error::{Error, Result};

/// Refuses a value outside a range, and NaN.
pub(super) fn within(option: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::new(option, format!("{value} is outside {low}…{high}"), "Choose a value in the range"))
}
