//! Text in mark-up.

/// Text that is neither mark-up nor the end of an attribute, whatever files and classes are called.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_mark_up() {
        assert_eq!(escaped("a<b>&\"c'\u{7}"), "a&lt;b&gt;&amp;&quot;c&#39;\u{fffd}");
    }
}
