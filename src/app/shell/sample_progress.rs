//! How far the sample is that is being generated, in words.

use std::time::Duration;

use crate::app::ui::format::span;

/// Returns how far the sample is that is being written, and how long that takes, in words.
pub fn progress_in_words((done, of): (usize, usize), elapsed: Duration) -> String {
    if of == 0 {
        return "Generating sample clips…".into();
    }
    let text = format!("Generating sample clips: {done} of {of}");
    match done {
        0 => text,
        _ => format!("{text}, about {} left", span(elapsed.as_secs_f64() / done as f64 * (of - done.min(of)) as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_the_sample_takes_is_told_once_a_clip_is_written() {
        let at = |done, secs| progress_in_words((done, 24), Duration::from_secs(secs));
        assert_eq!(progress_in_words((0, 0), Duration::ZERO), "Generating sample clips…");
        assert_eq!(at(0, 1), "Generating sample clips: 0 of 24");
        assert_eq!(at(4, 8), "Generating sample clips: 4 of 24, about 40 s left");
        assert_eq!(at(24, 48), "Generating sample clips: 24 of 24, about 0 s left");
    }
}
