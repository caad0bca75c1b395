//! Command lines quoted for a shell, for reports and hints.

use std::env;

/// Returns the command line of this process, quoted for a shell.
pub fn current() -> String {
    quoted(env::args_os().map(|word| word.to_string_lossy().into_owned()))
}

/// Returns the command line of this process without `options`, each of which has a value.
pub fn current_without(options: &[&str]) -> String {
    quoted(without(env::args_os().map(|word| word.to_string_lossy().into_owned()), options))
}

fn without(words: impl IntoIterator<Item = String>, options: &[&str]) -> Vec<String> {
    let (mut kept, mut words) = (Vec::new(), words.into_iter());
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((name, _)) if options.contains(&name) => {}
            _ if options.contains(&word.as_str()) => _ = words.next(),
            _ => kept.push(word),
        }
    }
    kept
}

/// Returns `words` as one line, quoted for a shell where necessary.
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
    fn options_are_left_out_with_their_values() {
        let words = ["a", "--shard", "1/2", "--views=5x2", "--parts=p", "--shards", "x"].map(str::to_owned);
        assert_eq!(without(words, &["--shard", "--parts"]), ["a", "--views=5x2", "--shards", "x"]);
    }

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        let words = ["motionscope", "my clips/a.mp4", "it's", "", "--views=5x2", "Übung"].map(str::to_owned);
        assert_eq!(quoted(words), r"motionscope 'my clips/a.mp4' 'it'\''s' '' --views=5x2 Übung");
    }
}
