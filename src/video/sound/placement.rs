//! When the samples of a piece of sound are to be heard.

/// Deviation from the pictures below which nothing is done, seconds: less than anyone notices.
const TOLERANCE_SECS: f64 = 0.03;

/// What to do with the next piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// It is far ahead of playback: wait.
    Wait,
    /// Play this many samples of silence, then it.
    After(usize),
    /// Pass over this many of its samples.
    Without(usize),
}

/// Places a piece that is due in `due_secs`, if what is written now is heard after `delay_secs`. No more than `most_secs` of
/// silence are written.
pub(super) fn place(due_secs: f64, delay_secs: f64, rate: u32, most_secs: f64) -> Placement {
    let gap_secs = due_secs - delay_secs;
    let samples = (gap_secs.abs() * f64::from(rate)).round() as usize;
    match gap_secs {
        gap if gap > most_secs => Placement::Wait,
        gap if gap > TOLERANCE_SECS => Placement::After(samples),
        gap if gap < -TOLERANCE_SECS => Placement::Without(samples),
        _ => Placement::After(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_heard_when_it_is_due() {
        assert_eq!(place(0.30, 0.20, 1000, 0.5), Placement::After(100));
        assert_eq!(place(0.20, 0.21, 1000, 0.5), Placement::After(0), "too little to be noticed");
        assert_eq!(place(0.10, 0.20, 1000, 0.5), Placement::Without(100));
        assert_eq!(place(-8.0, 0.0, 1000, 0.5), Placement::Without(8000), "before the place that was sought");
        assert_eq!(place(1.0, 0.2, 1000, 0.5), Placement::Wait);
    }
}
