//! The help texts of all commands, held to the rules of plain English.

use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory, Parser};

use super::arguments::{Cli, parse};

/// Longest line of a help text.
const LONGEST: usize = 100;
/// Words of the dialect that help texts were once written in.
const DIALECT: [&str; 12] = [
    "told",
    "tells",
    "tell",
    "lies",
    "lie",
    "goes on",
    "go on",
    "anew",
    "makes of",
    "so many",
    "taken for",
    "brought back",
];

/// Calls `check` with every command below `command` that a user can type, and its name.
fn walk(command: &Command, name: &str, check: &mut impl FnMut(&str, &Command)) {
    check(name, command);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        walk(inner, &format!("{name} {}", inner.get_name()), check);
    }
}

/// Returns what is wrong with every text of the help: its place, and the rule it breaks.
fn faults(place: &str, text: &str) -> Vec<String> {
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let spaced = format!(" {} ", words.join(" "));
    let dialect = DIALECT.iter().filter(|word| spaced.contains(&format!(" {word} ")));
    let mut faults: Vec<_> = dialect.map(|word| format!("{place}: says '{word}'")).collect();
    let long = text.lines().filter(|line| line.chars().count() > LONGEST);
    faults.extend(long.map(|line| format!("{place}: {} characters in '{line}'", line.chars().count())));
    faults
}

/// Returns what is wrong with a one-line summary.
fn summary_faults(place: &str, text: &str) -> Vec<String> {
    let mut faults = faults(place, text);
    if text.chars().next().is_none_or(char::is_lowercase) {
        faults.push(format!("{place}: '{text}' does not begin with a capital letter"));
    }
    if text.ends_with('.') {
        faults.push(format!("{place}: '{text}' ends in a period"));
    }
    faults
}

/// Returns what is wrong with the help of an option and its values.
fn argument_faults(place: &str, argument: &Arg) -> Vec<String> {
    let Some(help) = argument.get_help() else { return vec![format!("{place}: no help")] };
    let mut faults = summary_faults(place, &help.to_string());
    // The paragraphs of a long help are wrapped when they are shown.
    let long = argument.get_long_help().map(ToString::to_string).unwrap_or_default();
    faults.extend(self::faults(place, &long.replace(' ', "\n")));
    for value in argument.get_possible_values() {
        let place = format!("{place}={}", value.get_name());
        faults.extend(value.get_help().map(|help| summary_faults(&place, &help.to_string())).unwrap_or_default());
    }
    faults
}

#[test]
fn every_command_and_option_is_explained_in_plain_english() {
    let (mut wrong, mut options) = (Vec::new(), 0);
    let mut program = Cli::command();
    program.build();
    walk(&program, "motionscope", &mut |name, command| {
        wrong.extend(match command.get_about() {
            Some(about) => summary_faults(name, &about.to_string()),
            None => vec![format!("{name}: no description")],
        });
        wrong.extend(command.get_after_help().map(|after| faults(name, &after.to_string())).unwrap_or_default());
        for argument in command.get_arguments() {
            options += 1;
            wrong.extend(argument_faults(&format!("{name} {}", argument.get_id()), argument));
        }
    });
    assert!(options > 200, "only {options} options were seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The whole `--help` of every command, as a user of a terminal of 100 columns reads it. After a wanted change:
/// `INSTA_UPDATE=always cargo test --release help`.
#[test]
fn the_help_of_every_command_is_as_it_was_read_last() {
    let mut program = Cli::command().term_width(100).version("VERSION").long_version("VERSION");
    program.build();
    let mut pages = std::collections::BTreeMap::<String, String>::new();
    walk(&program, "motionscope", &mut |name, command| {
        let page = pages.entry(name.split(' ').nth(1).unwrap_or("motionscope").to_owned()).or_default();
        let help = command.clone().render_long_help().to_string();
        *page += &format!("$ {name} --help\n{help}\n");
    });
    assert!(pages.len() > 10, "{:?}", pages.keys());
    insta::with_settings!({ snapshot_path => "../../tests/snapshots/help", prepend_module_to_snapshot => false }, {
        for (name, page) in pages {
            insta::assert_snapshot!(name, page);
        }
    });
}

#[test]
fn a_text_in_dialect_is_refused() {
    let wrong = summary_faults("here", "tells what lies there.");
    assert_eq!(wrong.len(), 4, "{wrong:?}");
    assert_eq!(faults("here", &"x".repeat(LONGEST + 1)).len(), 1);
    assert!(summary_faults("here", "Optical flow by any method").is_empty());
    assert_eq!(argument_faults("here", &Arg::new("bare")), ["here: no help"]);
}

#[test]
fn old_spellings_of_options_are_understood() {
    let train = "motionscope train spatial --folder clips";
    for (old, new) in [
        (format!("{train} --rate 0.25"), format!("{train} --lr 0.25")),
        (format!("{train} --body-rate 0.5"), format!("{train} --backbone-lr-scale 0.5")),
        (format!("{train} --head-rate 5"), format!("{train} --head-lr-scale 5")),
        (format!("{train} --motion-rate 0.5"), format!("{train} --motion-lr-scale 0.5")),
        (format!("{train} --bias-rate 2"), format!("{train} --bias-lr-scale 2")),
        (format!("{train} --freeze body"), format!("{train} --freeze backbone")),
        (format!("{train} --run r"), format!("{train} --run-dir r")),
        ("motionscope tune --data c --run r".into(), "motionscope tune --data c --run-dir r".into()),
        (
            "motionscope evaluate groups --data c --run r".into(),
            "motionscope evaluate groups --data c --run-dir r".into(),
        ),
    ] {
        let [old, new, bare] = [old.as_str(), new.as_str(), new.rsplitn(3, ' ').last().unwrap()].map(|line| {
            let parsed = Cli::try_parse_from(line.split(' ')).map(|cli| format!("{cli:?}"));
            parsed.unwrap_or_else(|error| error.to_string())
        });
        assert_eq!(old, new);
        assert_ne!(new, bare, "the option changes nothing");
    }
}

#[test]
fn a_negative_number_is_refused_as_the_value_of_its_option() {
    for (line, said) in [
        ("flow a.png b.png --out c.flo --scales -1", "expected a number from 0.01 to 4"),
        ("flow a.png b.png --out c.flo --scales -0.5,1", "expected a number from 0.01 to 4"),
        ("evaluate flow --dataset middlebury --root . --scales -1", "expected a number from 0.01 to 4"),
        ("train flow --folder clips --lr -0.001", "expected a number of 0 or more"),
    ] {
        let words = std::iter::once("motionscope").chain(line.split(' ')).map(Into::into);
        let error = parse(words).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("tip:"), "{line}: {error}");
    }
}

/// Returns the command lines of the program in a document's blocks of shell code, without comments, pipes and blanks in quotes.
fn command_lines(text: &str) -> Vec<String> {
    let mut is_shell = false;
    let mut found = Vec::new();
    for line in text.replace("\\\n", " ").lines() {
        if line.starts_with("```") {
            is_shell = line == "```sh";
        }
        let line = line.split(['#', '|', '>', '&']).next().unwrap_or_default().trim();
        if is_shell && line.starts_with("motionscope ") {
            let parts = line.split('"').enumerate();
            found.push(
                parts.map(|(i, part)| if i % 2 == 1 { part.replace(' ', "_") } else { part.to_owned() }).collect(),
            );
        }
    }
    found
}

#[test]
fn every_example_of_the_manual_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let (mut wrong, mut lines) = (Vec::new(), 0);
    for page in pages.chain([root.join("README.md")]).filter(|page| page.extension().is_some_and(|end| end == "md")) {
        for line in command_lines(&fs::read_to_string(&page).unwrap()) {
            lines += 1;
            if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
                wrong.push(format!("{}: {line}\n{error}", page.display()));
            }
        }
    }
    assert!(lines > 50, "only {lines} examples were seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(command_lines("```sh\nmotionscope a \"b c\" # d\n```\nmotionscope e"), ["motionscope a b_c"]);
}
