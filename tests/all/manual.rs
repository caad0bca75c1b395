//! The manual in `docs`: its links, its table of contents, and the pages that follow from the program.

use std::fs;
use std::path::{Component, Path, PathBuf};

use eframe::egui::{Key, KeyboardShortcut, ModifierNames};
use motionscope::app::Command;

/// Documents beside the manual.
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "models/README.md",
    "models/pytorch/README.md",
];

/// The pages of the manual.
const PAGES: &str = "docs";

/// The table of contents, a page that links to all others.
const CONTENTS: &str = "SUMMARY.md";

/// What the page of keys says before its tables.
const KEYS: &str = "\
# Keyboard

These are the keys as Motionscope comes. F1 lists those in force and changes them. On a Mac, Cmd takes the place of Ctrl.

Esc cancels what is being opened, leaves full screen and lets go of the selected segment. Over a view the wheel zooms, dragging pans and a
double click fits; Ctrl and the wheel zoom the timeline. Ctrl + and Ctrl − scale the whole window.
";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the Markdown files in and below `folder`, sorted.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(pages(&path)),
            false if path.extension().is_some_and(|ending| ending == "md") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// Returns the text of a document, with what it includes as mdBook includes it: a whole file, or its part between two marks.
fn text(path: &Path) -> String {
    let mut text = String::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        match line.strip_prefix("{{#include ").and_then(|line| line.strip_suffix("}}")) {
            Some(place) => text += &included(path.parent().unwrap(), place),
            None => text += line,
        }
        text.push('\n');
    }
    text
}

fn included(folder: &Path, place: &str) -> String {
    let (file, mark) = place.split_once(':').map_or((place, None), |(file, mark)| (file, Some(mark)));
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let Some(mark) = mark else { return text };
    let [begin, end] = ["ANCHOR", "ANCHOR_END"].map(|word| format!("<!-- {word}: {mark} -->"));
    let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{file} has no {begin}"));
    rest.split_once(&end).unwrap_or_else(|| panic!("{file} has no {end}")).0.to_owned()
}

/// Returns the lines outside blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns the targets of the links and pictures of a document.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        let outside_code: String = line.split('`').step_by(2).collect();
        let ends = outside_code.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        links.extend(ends.map(|(target, _)| target.to_owned()));
    }
    links
}

/// Returns what the headings of a document are called in addresses: words with hyphens, and a number from the second of a name on.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for line in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = |c: char| match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
            c if c.is_whitespace() => Some('-'),
            _ => None,
        };
        let name: String = title.trim().chars().filter_map(kept).collect();
        let known = anchors.iter().filter(|known| **known == name).count();
        anchors.push(if known == 0 { name } else { format!("{name}-{known}") });
    }
    anchors
}

/// Returns `path` without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = normal.pop(),
            part => normal.push(part),
        }
    }
    normal
}

/// Returns what is wrong with the links of the document `path` with the content `text`. Those of a page of the manual have to stay
/// in the manual, as a website has nothing else.
fn faults(path: &Path, text: &str) -> Vec<String> {
    let is_page = path.starts_with(root().join(PAGES));
    let fault = |target: &String| {
        if target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let (file, anchor) = target.split_once('#').map_or((target.as_str(), None), |(file, name)| (file, Some(name)));
        let leads_to = if file.is_empty() { path.to_owned() } else { normal(&path.parent()?.join(file)) };
        if is_page && !leads_to.starts_with(root().join(PAGES)) {
            return Some(format!("{}: {target} leaves the manual", path.display()));
        }
        if !file.is_empty() && !leads_to.exists() {
            return Some(format!("{}: {target} leads nowhere", path.display()));
        }
        let content = if file.is_empty() { text.to_owned() } else { anchor.map(|_| self::text(&leads_to))? };
        let is_found = anchor.is_none_or(|anchor| anchors(&content).iter().any(|known| known == anchor));
        (!is_found).then(|| format!("{}: {target} has no such heading", path.display()))
    };
    links(text).iter().filter_map(fault).collect()
}

/// Compares a page with what it has to be, or writes it where that is asked for, as insta does.
fn check_page(path: &Path, wanted: &str) -> Option<String> {
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(path, wanted).unwrap();
    }
    let is_current = fs::read_to_string(path).is_ok_and(|text| text.replace("\r\n", "\n") == wanted);
    (!is_current).then(|| path.display().to_string())
}

#[test]
fn every_link_of_the_documents_leads_to_a_file_and_a_heading() {
    let documents = DOCUMENTS.iter().map(|name| root().join(name)).chain(pages(&root().join(PAGES)));
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for path in documents {
        let text = text(&path);
        checked += links(&text).len();
        wrong.extend(faults(&path, &text));
    }
    assert!(checked > 100, "only {checked} links were seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_dead_link_is_found() {
    let page = root().join(PAGES).join("page.md");
    let text = "# A page\n\n[here](#a-page), [there](speed.md), [site](https://example.org/#x)\n";
    assert!(faults(&page, text).is_empty(), "{:?}", faults(&page, text));
    for target in ["gone.md", "#gone", "speed.md#gone", "../Cargo.toml", "images/gone.png"] {
        assert_eq!(faults(&page, &format!("# A page\n[x]({target})\n")).len(), 1, "{target}");
    }
    let code = "`[x](gone.md)`\n```\n[x](gone.md)\n```\n";
    assert!(faults(&page, code).is_empty(), "code has no links");
    assert_eq!(anchors("# `a.b`: C-d e\n# x\n# x\n"), ["ab-c-d-e", "x", "x-1"]);
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let folder = root().join(PAGES);
    let mut listed: Vec<PathBuf> = links(&text(&folder.join(CONTENTS))).iter().map(|page| folder.join(page)).collect();
    listed.sort();
    let mut there = pages(&folder);
    there.retain(|page| *page != folder.join(CONTENTS));
    assert_eq!(listed, there);
}

/// The pages of `docs/commands`. After a wanted change of the help: `INSTA_UPDATE=always cargo test --release manual`.
#[test]
fn the_pages_of_the_commands_show_their_help() {
    let (help, folder) = ("tests/snapshots/help", root().join(PAGES).join("commands"));
    let mut expected = Vec::new();
    let mut stale = Vec::new();
    for entry in fs::read_dir(root().join(help)).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".snap")) else { continue };
        let snapshot = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let (_, help_texts) = snapshot.split_once("\n---\n").unwrap();
        let page = folder.join(format!("{name}.md"));
        stale.extend(check_page(&page, &help_page(name, &format!("{help}/{name}.snap"), help_texts)));
        expected.push(page);
    }
    expected.sort();
    assert!(expected.len() > 10, "{expected:?}");
    assert!(stale.is_empty(), "update these by INSTA_UPDATE=always: {}", stale.join(", "));
    assert_eq!(pages(&folder), expected);
}

/// Returns the page of a command: its help, and that of each command below it under a heading of its own.
fn help_page(name: &str, source: &str, help_texts: &str) -> String {
    let title = if name == "motionscope" { name.to_owned() } else { format!("motionscope {name}") };
    let mut page = format!("<!-- Generated from {source} by the test `manual`; do not edit. -->\n\n# {title}\n");
    for help in format!("\n{help_texts}").split("\n$ ").skip(1) {
        let (command, help) = help.split_once(" --help\n").unwrap();
        if command != title {
            page += &format!("\n## {command}\n");
        }
        let lines: Vec<&str> = help.trim_matches('\n').lines().map(str::trim_end).collect();
        page += &format!("\n```text\n{}\n```\n", lines.join("\n"));
    }
    page
}

/// The page `docs/keyboard.md`. After a wanted change: `INSTA_UPDATE=always cargo test --release manual`.
#[test]
fn the_page_of_keys_shows_the_keys_of_all_commands() {
    let mut groups: Vec<(&str, String)> = Vec::new();
    for command in Command::all() {
        let keys: Vec<String> = command.default_shortcuts().iter().map(in_words).collect();
        if keys.is_empty() {
            continue;
        }
        let title = command.group().title();
        let place = groups.iter().position(|(group, _)| *group == title).unwrap_or_else(|| {
            groups.push((title, format!("\n## {title}\n\n| keys | command | what it does |\n|---|---|---|\n")));
            groups.len() - 1
        });
        groups[place].1 += &format!("| {} | {} | {} |\n", keys.join(" or "), command.text(), command.tooltip());
    }
    assert!(groups.len() > 5, "{groups:?}");
    let tables: String = groups.into_iter().map(|(_, table)| table).collect();
    let page = format!(
        "<!-- Generated from the commands of the window by the test `manual`; do not edit. -->\n\n{KEYS}{tables}"
    );
    let stale = check_page(&root().join(PAGES).join("keyboard.md"), &page);
    assert!(stale.is_none(), "update it by INSTA_UPDATE=always: {stale:?}");
}

/// Returns keys as the window writes them on Linux and Windows, with signs for arrows and punctuation.
fn in_words(keys: &KeyboardShortcut) -> String {
    let key = match keys.logical_key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Comma => ",",
        Key::Period => ".",
        key => key.name(),
    };
    match ModifierNames::NAMES.format(&keys.modifiers, false) {
        modifiers if modifiers.is_empty() => key.to_owned(),
        modifiers => format!("{modifiers}+{key}"),
    }
}
