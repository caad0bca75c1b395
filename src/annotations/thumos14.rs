//! THUMOS14's temporal annotations: a file `CLASS_val.txt` or `CLASS_test.txt` per class with `video start end` in seconds.

/// The file suffix of the validation videos, on which THUMOS14 detectors are trained.
pub const VALIDATION: &str = "_val.txt";
/// The file suffix of the test videos.
pub const TEST: &str = "_test.txt";
/// The class name of ambiguous segments.
pub const AMBIGUOUS: &str = "Ambiguous";

/// Returns the video of a line and the start and end of its segment; `None` if the line is malformed.
pub fn segment(line: &str) -> Option<(&str, [f64; 2])> {
    let mut words = line.split_whitespace();
    let (video, start, end) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((video, [start, end]))
}
