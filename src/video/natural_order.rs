//! Natural sort order of file names: `img_2` before `img_10`.

use std::cmp::Ordering;

/// Compares two names, with runs of digits as numbers.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some((x, left_rest)), Some((y, right_rest))) = (next_part(left), next_part(right)) {
        let order = match (digits(x), digits(y)) {
            // Longer numbers are larger; comparing digits cannot overflow.
            (Some(x), Some(y)) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)),
            _ => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Returns the first run of digits or of other characters, and the rest.
fn next_part(text: &str) -> Option<(&str, &str)> {
    let is_digit = text.chars().next()?.is_ascii_digit();
    let end = text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len());
    Some(text.split_at(end))
}

/// Returns a run of digits without its leading zeros.
fn digits(part: &str) -> Option<&str> {
    part.starts_with(|c: char| c.is_ascii_digit()).then(|| part.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_and_leading_zeros_do_not() {
        let mut names =
            ["img_10.jpg", "img_9.jpg", "img_0002.jpg", "img_1.jpg", "b", "img_99999999999999999999999.jpg"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["b", "img_1.jpg", "img_0002.jpg", "img_9.jpg", "img_10.jpg", "img_99999999999999999999999.jpg"]
        );
        assert_eq!(natural_order("a1", "a01"), Ordering::Greater, "an order among equals all the same");
        assert_eq!(natural_order("a", "a1"), Ordering::Less);
    }
}
