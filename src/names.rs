//! Names of files: in one form of Unicode, and those that belong to a system and not to a person.

use std::borrow::Cow;
use std::path::Path;

use icu_normalizer::ComposingNormalizerBorrowed;

/// The name with each accent in its letter (NFC). macOS stores the names of files the other way (NFD), so names are compared in
/// this form.
pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(name)
}

/// Files and folders of systems that are no one's clips, besides those whose names begin with a dot.
const OF_SYSTEMS: [&str; 7] =
    ["thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "system volume information"];

/// Whether a listing of clips leaves `path` out whatever it holds: the name begins with a dot (`.DS_Store`, and `._a.mp4`, which
/// macOS puts beside `a.mp4`), or a system made it.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let is_of_a_system =
            || name.to_str().is_some_and(|name| OF_SYSTEMS.iter().any(|known| known.eq_ignore_ascii_case(name)));
        name.as_encoded_bytes().starts_with(b".") || is_of_a_system()
    })
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
