//! Names as Unicode has them: an accent is part of its letter or a character of its own, and both look the same.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// The name with each accent in its letter (NFC). macOS stores the names of files the other way (NFD), so names are compared in
/// this form.
pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_name_are_one() {
        for (decomposed, name) in [("e\u{301}te\u{301}", "été"), ("u\u{308}ben", "üben"), ("手 a%20b#", "手 a%20b#")]
        {
            assert_eq!(composed(decomposed), name);
        }
    }
}
