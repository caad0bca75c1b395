//! Removal of passwords and of the home folder's name from texts that users may share.

use std::sync::LazyLock;

use directories::BaseDirs;

use crate::secrets::{masked, without_secrets};

/// The replacement of the home folder.
const TILDE: &str = "~";

/// The home folder, unless it is the root.
static HOME: LazyLock<Option<String>> = LazyLock::new(|| {
    let home = BaseDirs::new()?.home_dir().to_str()?.trim_end_matches(['/', '\\']).to_owned();
    (!home.is_empty()).then_some(home)
});

/// Returns `text` without the passwords of URLs, and with the home folder as `~`.
pub fn private(text: &str) -> String {
    let masked = masked(text);
    HOME.as_ref().map_or_else(|| masked.clone().into_owned(), |home| shortened(&masked, home))
}

/// Like [`private`], for one command-line argument: as a password may contain a space, the whole argument counts as the
/// URL.
pub fn private_word(word: &str) -> String {
    let is_address = word.contains("//") || word.contains('@');
    private(&if is_address { without_secrets(word) } else { word.to_owned() })
}

/// Replaces the folder `home` in `text` by `~`, except where it is part of another name.
fn shortened(text: &str, home: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut short = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(home) {
        let (before, after) = (&rest[..at], &rest[at + home.len()..]);
        let last = before.chars().next_back().or_else(|| short.chars().next_back());
        let is_part = last.is_some_and(is_name) || after.starts_with(is_name);
        short.push_str(before);
        short.push_str(if is_part { home } else { TILDE });
        rest = after;
    }
    short + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_is_shortened_and_no_other_that_begins_so() {
        for (text, short) in [
            ("/home/ann/clips/a.mp4: gone", "~/clips/a.mp4: gone"),
            ("in /home/ann, '/home/ann'", "in ~, '~'"),
            ("/home/anna/a.mp4", "/home/anna/a.mp4"),
            ("/home/ann-2/a.mp4", "/home/ann-2/a.mp4"),
            ("/disk/home/ann/a.mp4", "/disk/home/ann/a.mp4"),
            ("Fotos von Übung in /home/ann", "Fotos von Übung in ~"),
        ] {
            assert_eq!(shortened(text, "/home/ann"), short);
        }
    }

    #[test]
    fn no_password_is_left_in_a_text_or_a_word() {
        assert_eq!(private("no answer of rtsp://cam:secret@host/a, twice"), "no answer of rtsp://cam:…@host/a, twice");
        for word in ["rtsp://cam:se cret@host/a", "rtsp:/cam:secret@host", "--source=rtsp://cam:secret@host/a"] {
            let shown = private_word(word);
            assert!(!shown.contains("cret") && shown.contains("@host"), "{shown}");
        }
    }
}
