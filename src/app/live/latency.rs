//! The latency of live predictions in words.

/// Returns a latency in milliseconds as it is read, and its unit: seconds from one on.
pub fn latency(ms: f32) -> (String, &'static str) {
    match ms {
        ms if ms < 999.5 => (format!("{ms:.0}"), "ms"),
        ms => (format!("{:.1}", ms / 1e3), "s"),
    }
}

/// Returns the same with the unit behind it.
pub fn latency_text(ms: f32) -> String {
    let (value, unit) = latency(ms);
    format!("{value} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_of_seconds_is_not_read_in_thousands() {
        let texts = [0.4, 212.4, 999.7, 1000.0, 13_260.0].map(latency_text);
        assert_eq!(texts, ["0 ms", "212 ms", "1.0 s", "1.0 s", "13.3 s"]);
    }
}
