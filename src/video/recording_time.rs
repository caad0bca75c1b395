//! The time at which a video was recorded, on the camera's clock, as stored in the file.
//!
//! Cameras write it into the header: `com.apple.quicktime.creationdate` in local time with its UTC offset;
//! `creation_time` in UTC; other programs write `date`, which may be on any clock.

use crate::calendar::{days_of, time_at};

/// Metadata keys that may contain it, the most reliable first.
const KEYS: [&str; 4] = ["com.apple.quicktime.creationdate", "creation_time", "date_recorded", "date"];
/// Earlier dates are invalid: a camera whose clock was never set starts in 1904, 1970 or 1980.
const FIRST_YEAR: u64 = 1990;
const SECONDS_A_DAY: u64 = 86_400;

/// The start time of a recording, on the clock named in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingTime {
    /// Seconds since the beginning of 1970 on that clock.
    secs: u64,
    /// Time zone, such as `UTC` or `UTC+01:00`; empty if unknown.
    zone: String,
}

impl RecordingTime {
    /// Returns the time in the header of a file, whose entries `value` looks up; `None` if there is no valid one.
    pub(super) fn of_header<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        KEYS.into_iter().filter_map(value).find_map(Self::parse)
    }

    /// Parses `2026-03-05T14:22:33`, optionally with a fraction of a second and a zone (`Z`, `+01:00` or `+0100`).
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = text.split_once(['T', ' '])?;
        let mut parts = date.split('-').map(|part| part.parse::<u64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() || year < FIRST_YEAR {
            return None;
        }
        let zone_at = time.find(['Z', 'z', '+', '-', ' ']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(zone_at);
        let mut parts = clock.split(':');
        let mut below = |limit| parts.next()?.parse::<u64>().ok().filter(|&number| number < limit);
        let (hour, minute) = (below(24)?, below(60)?);
        let second = match parts.next() {
            Some(text) => text.split('.').next()?.parse::<u64>().ok().filter(|&second| second < 60)?,
            None => 0,
        };
        let secs = days_of(year, month, day)? * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
        Some(Self { secs, zone: zone_name(zone.trim())? })
    }

    /// Returns the time of day `after_secs` into the recording, such as `14:22:33`.
    pub fn clock(&self, after_secs: f64) -> String {
        let text = self.time_at(after_secs);
        text.split_once(' ').map_or_else(String::new, |(_, time)| time.to_owned())
    }

    /// Returns date, time and zone `after_secs` into the recording, such as `2026-03-05 14:22:33 UTC`.
    pub fn in_words(&self, after_secs: f64) -> String {
        format!("{} {}", self.time_at(after_secs), self.zone).trim_end().to_owned()
    }

    fn time_at(&self, after_secs: f64) -> String {
        // The conversion saturates for negative and huge numbers of seconds.
        time_at(self.secs + after_secs as u64)
    }
}

/// Returns the normalised name of a time zone; `None` if `text` is not a zone.
fn zone_name(text: &str) -> Option<String> {
    let Some(sign) = text.chars().next() else { return Some(String::new()) };
    if matches!(text, "Z" | "z" | "UTC") {
        return Some("UTC".into());
    }
    let digits: String = text[sign.len_utf8()..].chars().filter(|&sign| sign != ':').collect();
    let is_offset = matches!(sign, '+' | '-') && digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_offset.then(|| match digits.as_str() {
        "0000" => "UTC".into(),
        _ => format!("UTC{sign}{}:{}", &digits[..2], &digits[2..]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_cameras_are_read() {
        let of = |text: &str| RecordingTime::parse(text).map(|time| time.in_words(0.0)).unwrap_or_default();
        assert_eq!(of("2026-03-05T14:22:33.000000Z"), "2026-03-05 14:22:33 UTC", "MP4");
        assert_eq!(of("2026-03-05T14:22:33+0100"), "2026-03-05 14:22:33 UTC+01:00", "QuickTime");
        assert_eq!(of("2026-03-05T14:22:33-05:30"), "2026-03-05 14:22:33 UTC-05:30");
        assert_eq!(of("2024-02-29 23:59"), "2024-02-29 23:59:00", "no zone");
        assert_eq!(of("2026-03-05 14:22:33 UTC"), "2026-03-05 14:22:33 UTC");
        for wrong in [
            "",
            "2026",
            "2026-03-05",
            "2026-02-30T01:02:03Z",
            "2026-13-01T01:02:03Z",
            "2026-03-05T25:00:00Z",
            "2026-03-05T14:60:00Z",
            "1970-01-01T00:00:00Z",
            "2026-03-05T14:22:33 in the afternoon",
            "a-b-cT1:2:3",
            "2026-03-05-01T14:22:33Z",
            "99999999999999999999-01-01T00:00:00Z",
            "18446744073709551615-01-01T00:00:00Z",
        ] {
            assert_eq!(of(wrong), "", "{wrong}");
        }
    }

    #[test]
    fn the_clock_of_the_place_comes_first_and_moves_with_the_video() {
        let header = [("creation_time", "2026-03-05T13:22:33Z"), (KEYS[0], "2026-03-05T14:22:33+0100")];
        let look_up = |name: &str| header.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let time = RecordingTime::of_header(look_up).unwrap();
        assert_eq!(time.clock(0.9), "14:22:33");
        assert_eq!(time.clock(87.0), "14:24:00");
        assert_eq!(time.in_words(10.0 * 3600.0), "2026-03-06 00:22:33 UTC+01:00");
        assert_eq!(RecordingTime::of_header(|_| None), None);
    }
}
