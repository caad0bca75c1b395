//! A mistyped command is an error: without this it would be a file to open in the window.

use std::ffi::OsString;
use std::path::{MAIN_SEPARATOR, Path};

use clap::Command;

use crate::error::Error;
use crate::names::nearest;

/// Returns the error where the first of `words` that is no option is neither a command of `program` nor a file.
pub(super) fn unknown_command(program: &Command, words: impl Iterator<Item = OsString>) -> Option<Error> {
    let word = first_word(program, words)?;
    let text = word.to_string_lossy();
    let names: Vec<&str> =
        program.get_subcommands().flat_map(|command| command.get_name_and_visible_aliases()).collect();
    let path = Path::new(&word);
    if names.contains(&&*text) || text == "help" || path.exists() {
        return None;
    }
    if text.contains("://") {
        // The address may hold a password.
        let remedy = "Use 'motionscope live ADDRESS' to watch a stream";
        return Some(Error::new("FILE", "an address is not a file", remedy));
    }
    if text.contains(['/', MAIN_SEPARATOR]) || path.extension().is_some() {
        return Some(Error::file(path, "no such file or folder", "Check the spelling of the path"));
    }
    let remedy = match nearest(&text, &names) {
        Some(name) => format!("Did you mean '{name}'? 'motionscope --help' lists the commands"),
        None => "'motionscope --help' lists the commands".to_owned(),
    };
    Some(Error::new(text, "no such command or file", remedy))
}

/// Returns the first word that is neither an option nor the value of one.
fn first_word(program: &Command, mut words: impl Iterator<Item = OsString>) -> Option<OsString> {
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--") => return words.next(),
            Some(text) if text.starts_with('-') && text != "-" => {
                let takes_value = |option: &clap::Arg| {
                    option.get_long() == text.strip_prefix("--") && option.get_action().takes_values()
                };
                if program.get_arguments().any(takes_value) {
                    words.next();
                }
            }
            _ => return Some(word),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::arguments::Cli;
    use super::*;

    fn error(words: &[&str]) -> Option<String> {
        let words = words.iter().map(OsString::from);
        unknown_command(&Cli::command(), words).map(|error| error.to_string())
    }

    #[test]
    fn the_nearest_command_is_proposed() {
        for (word, command) in [
            ("analyse", "analyze"),
            ("Evaluate", "evaluate"),
            ("evalute", "evaluate"),
            ("eval", "evaluate"),
            ("trian", "train"),
            ("benchmark", "bench"),
            ("improt", "import"),
        ] {
            let said = error(&[word, "clip.mp4", "--out", "out"]).unwrap();
            assert!(said.contains(&format!("Did you mean '{command}'?")), "{word}: {said}");
        }
        let said = error(&["--model", "somewhere", "--device=cpu", "nosuch"]).unwrap();
        assert!(said.starts_with("nosuch: no such command or file. 'motionscope --help'"), "{said}");
    }

    #[test]
    fn commands_options_and_files_are_left_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let name = file.path().to_str().unwrap();
        for words in [&["analyze", "nosuch"][..], &["help"], &["--help"], &[], &["--model", "nosuch"], &[name]] {
            assert_eq!(error(words), None, "{words:?}");
        }
        assert!(error(&["nosuch.mp4"]).unwrap().contains("no such file or folder"));
        assert!(error(&["--", "-nosuch"]).unwrap().contains("no such command or file"));
        let said = error(&["rtsp://cam:secret@10.0.0.1/a"]).unwrap();
        assert!(!said.contains("secret") && said.contains("motionscope live"), "{said}");
    }
}
