//! Conversion between days since 1970 and calendar dates, which is too small a task for a library.

use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_A_DAY: u64 = 86_400;

/// Returns today's date as YYYY-MM-DD, in UTC.
pub fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date_at(now.as_secs())
}

/// Returns the date `secs` seconds after the beginning of 1970 as YYYY-MM-DD, in UTC.
pub fn date_at(secs: u64) -> String {
    date_of(secs / SECONDS_A_DAY)
}

/// Returns the time `secs` seconds after the beginning of 1970 as YYYY-MM-DD HH:MM:SS, in UTC.
pub fn time_at(secs: u64) -> String {
    let second = secs % SECONDS_A_DAY;
    format!("{} {:02}:{:02}:{:02}", date_at(secs), second / 3600, second / 60 % 60, second % 60)
}

/// Returns the number of days from 1970-01-01 to a date; `None` for an invalid or earlier date.
pub fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year_from_march, months) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year_from_march / 400, year_from_march % 400);
    let day_of_year = (153 * months + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // The 31st of a shorter month would be a day of the next one.
    (date_of(days) == format!("{year:04}-{month:02}-{day:02}")).then_some(days)
}

/// Returns the date `days` after 1970-01-01. Internally, years begin in March, so that a leap day is the last day of
/// its year.
fn date_of(days: u64) -> String {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097); // of 400 years
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153; // 0 for March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year_of_era + next_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates_of_the_calendar() {
        let dates = [0, 58, 59, 11_016, 11_017, 20_787, 47_540, 47_541].map(date_of);
        let expected = ["1970-01-01", "1970-02-28", "1970-03-01", "2000-02-29", "2000-03-01", "2026-11-30"];
        assert_eq!(dates[..6], expected);
        assert_eq!(dates[6..], ["2100-02-28", "2100-03-01"], "no leap year");
        assert_eq!(today().len(), 10);
        for days in [0, 58, 59, 11_016, 20_787, 47_541] {
            let date = date_of(days);
            let [year, month, day] = [&date[..4], &date[5..7], &date[8..]].map(|part| part.parse().unwrap());
            assert_eq!(days_of(year, month, day), Some(days), "{date}");
        }
        assert_eq!([days_of(2100, 2, 29), days_of(2026, 4, 31), days_of(1969, 12, 31)], [None; 3]);
        assert_eq!(time_at(58 * SECONDS_A_DAY + 3 * 3600 + 62), "1970-02-28 03:01:02");
    }
}
