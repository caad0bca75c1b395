//! Command lines as a person types them into a shell: in reports and hints.

use std::env;

/// Returns the command line of this process, quoted for a shell.
pub fn current() -> String {
    quoted(env::args_os().map(|word| word.to_string_lossy().into_owned()))
}

/// Returns `words` as one line, quoted for a shell where they have to be.
pub fn quoted(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().map(quoted_word).collect::<Vec<_>>().join(" ")
}

fn quoted_word(word: String) -> String {
    match !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./=:,".contains(c)) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        let words = ["motionscope", "my clips/a.mp4", "it's", "", "--views=5x2", "Übung"].map(str::to_owned);
        assert_eq!(quoted(words), r"motionscope 'my clips/a.mp4' 'it'\''s' '' --views=5x2 Übung");
    }
}
