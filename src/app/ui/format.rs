//! Formatting of numbers in panels.

use serde::{Deserialize, Serialize};

/// Numbering of the frames of a clip in the window's texts. Label files, tables and exports always count from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameNumbers {
    /// The first frame is frame 0, as in files.
    #[default]
    FromZero,
    /// The first frame is frame 1.
    FromOne,
}

impl FrameNumbers {
    /// Returns the number of the frame at `index`, which counts from 0.
    pub fn number(self, index: usize) -> usize {
        match self {
            Self::FromZero => index,
            Self::FromOne => index.saturating_add(1),
        }
    }

    /// Returns the other way of numbering.
    pub fn other(self) -> Self {
        match self {
            Self::FromZero => Self::FromOne,
            Self::FromOne => Self::FromZero,
        }
    }

    /// Returns the frames of a pair, such as `12 → 13`.
    pub fn pair(self, frame: usize, stride: usize) -> String {
        format!("{} → {}", self.number(frame), self.number(frame + stride))
    }

    /// Returns where in the clip a frame is, such as `frame 47 of 48, from 0`.
    pub fn of(self, index: usize, frames: usize) -> String {
        format!("frame {} of {frames}, from {}", self.number(index), self.number(0))
    }
}

/// Returns the cost of a flow and the corresponding rate: `12 ms · 83 fps`.
pub fn cost(millis: f32) -> String {
    let (rate, text) = (1000.0 / millis.max(1e-3), milliseconds(millis));
    match rate {
        ..0.5 => text, // The seconds say more than `0.1 fps`.
        0.5..9.95 => format!("{text} · {rate:.1} fps"),
        _ => format!("{text} · {rate:.0} fps"),
    }
}

/// Formats milliseconds as `12 ms` or `1.2 ms`, ten seconds and more as `19.8 s`.
pub fn milliseconds(millis: f32) -> String {
    match millis {
        ..9.95 => format!("{millis:.1} ms"),
        9.95..1e4 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}

/// Formats bytes as `640 MB` or `1.2 GB`.
pub fn memory_size(bytes: u64) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 999.5 { format!("{mb:.0} MB") } else { format!("{:.1} GB", mb / 1e3) }
}

/// Formats `1234567` as `1,234,567`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats seconds as `01:02.345`, with hours if there are any.
pub fn time_code(secs: f64) -> String {
    let millis = (secs.max(0.0) * 1000.0).round() as u64;
    let (hours, minutes, secs, millis) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60, millis % 1000);
    let hours = if hours > 0 { format!("{hours}:") } else { String::new() };
    format!("{hours}{minutes:02}:{secs:02}.{millis:03}")
}

/// Formats a duration for planning: `45 s`, `3 min 20 s`, `2 h 05 min`.
pub fn span(secs: f64) -> String {
    if !secs.is_finite() {
        return "unknown".into();
    }
    let secs = secs.max(0.0).round() as u64;
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// Returns a share in percent.
pub fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// Returns a share in percent, or a dash where there is none.
pub fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or("–".into(), percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_48_frames_is_47_or_48_and_the_text_says_which() {
        assert_eq!(FrameNumbers::FromZero.of(47, 48), "frame 47 of 48, from 0");
        assert_eq!(FrameNumbers::FromOne.of(47, 48), "frame 48 of 48, from 1");
        assert_eq!(FrameNumbers::default().other(), FrameNumbers::FromOne);
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!(thousands(42_318_820), "42,318,820");
        assert_eq!(thousands(999), "999");
        assert_eq!(time_code(3661.5), "1:01:01.500");
        assert_eq!(time_code(59.9996), "01:00.000");
        assert_eq!(cost(12.0), "12 ms · 83 fps");
        assert_eq!((cost(400.0), cost(19750.0)), ("400 ms · 2.5 fps".into(), "19.8 s".into()));
        assert_eq!(cost(0.5), "0.5 ms · 2000 fps");
        assert_eq!((memory_size(640_400_000), memory_size(1_210_000_000)), ("640 MB".into(), "1.2 GB".into()));
        assert_eq!(span(200.0), "3 min 20 s");
        assert_eq!(span(f64::INFINITY), "unknown");
    }
}
