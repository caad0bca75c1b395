//! The names of the classes in the order of their labels, with lookup that tolerates different spellings.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use crate::annotations::{text, ucf101};
use crate::error::{Error, Result};
use crate::names::composed;

/// Class names that are found in any common spelling.
#[derive(Debug, Clone, Default)]
pub(super) struct ClassIndex {
    /// The names in label order.
    pub names: Vec<String>,
    exact: HashMap<String, usize>,
    /// By letters and digits alone; `None` where several names share them.
    alike: HashMap<String, Option<usize>>,
}

impl ClassIndex {
    /// Returns an index of these names; duplicates in any form of Unicode are dropped.
    pub fn of(names: Vec<String>) -> Self {
        let mut known = HashSet::new();
        let mut names: Vec<String> = names.iter().map(|name| composed(name).into_owned()).collect();
        names.retain(|name| known.insert(name.clone()));
        let exact = names.iter().enumerate().map(|(label, name)| (name.clone(), label)).collect();
        let mut alike = HashMap::new();
        for (label, name) in names.iter().enumerate() {
            alike.entry(key(name)).and_modify(|found| *found = None).or_insert(Some(label));
        }
        Self { names, exact, alike }
    }

    /// Returns an index of the labels of a list in alphabetical order.
    pub fn of_labels<'a>(labels: impl Iterator<Item = &'a str>) -> Self {
        let names: BTreeSet<String> = labels.map(|label| composed(label.trim()).into_owned()).collect();
        Self::of(names.into_iter().collect())
    }

    /// Reads UCF101's `classInd.txt`: `id name`, with ids from 1.
    ///
    /// # Errors
    /// A file that cannot be read, an id out of order, a name that occurs twice.
    pub fn numbered(path: &Path) -> Result<Self> {
        Self::from_lines(path, ucf101::read_class_index(path)?)
    }

    /// Reads one name per line, in the order of the labels. If all names are numbered, the numbers are dropped,
    /// whatever they are: THUMOS14 numbers its 20 classes as UCF101 does its 101.
    ///
    /// # Errors
    /// A file that cannot be read, a name that occurs twice, numbers that do not rise: labels follow the order of the
    /// lines.
    pub fn named(path: &Path) -> Result<Self> {
        let lines = text::lines(path)?;
        let is_numbered = lines.iter().all(|(_, line)| without_number(line).is_some());
        let mut numbers = lines.iter().filter_map(|(line, text)| Some((*line, number_of(text)?)));
        if is_numbered && let Some(mut before) = numbers.next() {
            for (line, number) in numbers {
                if number <= before.1 {
                    let cause = format!("line {line}: number {number} comes after {}", before.1);
                    return Err(Error::file(path, cause, "Sort the lines by their numbers"));
                }
                before = (line, number);
            }
        }
        let name = |line: &str| without_number(line).filter(|_| is_numbered).unwrap_or(line).to_owned();
        Self::from_lines(path, lines.iter().map(|(number, line)| (*number, name(line))).collect())
    }

    fn from_lines(path: &Path, lines: Vec<(usize, String)>) -> Result<Self> {
        let mut names: Vec<String> = Vec::with_capacity(lines.len());
        let mut first_lines = HashMap::new();
        for (number, name) in lines {
            if let Some(first) = first_lines.insert(composed(&name).into_owned(), number) {
                let cause = format!("line {number}: class '{name}' is in line {first} already");
                return Err(Error::file(path, cause, "Name every class once"));
            }
            names.push(name);
        }
        if names.is_empty() {
            return Err(Error::file(path, "the file names no classes", "Write one class a line"));
        }
        Ok(Self::of(names))
    }

    /// Returns the label of class `name`; case, spaces and punctuation are ignored if that leaves only one class.
    /// (UCF101 itself writes `HandStandPushups` and `HandstandPushups`.)
    pub fn find(&self, name: &str) -> Option<usize> {
        let name = composed(name);
        self.exact.get(&*name).copied().or_else(|| self.alike.get(&key(&name)).copied().flatten())
    }
}

fn number_of(line: &str) -> Option<usize> {
    line.split_whitespace().next()?.parse().ok()
}

fn without_number(line: &str) -> Option<&str> {
    let (id, name) = line.split_once(char::is_whitespace)?;
    id.parse::<usize>().ok().map(|_| name.trim())
}

/// Returns a name's letters and digits in lower case; the name itself if it has none.
fn key(name: &str) -> String {
    let key: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if key.is_empty() { name.to_owned() } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("classInd.txt");
        std::fs::write(&path, content).unwrap();
        (dir, path)
    }

    #[test]
    fn numbers_that_do_not_rise_are_refused() {
        let (_dir, path) = file("1 brush_hair\n10 pullup\n2 catch\n");
        let error = ClassIndex::named(&path).unwrap_err();
        assert!(error.to_string().contains("line 3: number 2 comes after 10. Sort"), "{error}");
        let (_dir, path) = file("7 BaseballPitch\n9 BasketballDunk\n");
        assert_eq!(ClassIndex::named(&path).unwrap().names, ["BaseballPitch", "BasketballDunk"]);
    }

    #[test]
    fn names_are_found_in_spite_of_their_spelling() {
        let (_dir, path) = file("1 HandstandPushups\r\n2 brush_hair\r\n3 a-b\r\n4 ab\r\n");
        let classes = ClassIndex::numbered(&path).unwrap();
        assert_eq!(classes.find("HandStandPushups"), Some(0));
        assert_eq!(classes.find("Brush hair"), Some(1));
        assert_eq!(ClassIndex::of(vec!["été".into()]).find("e\u{301}te\u{301}"), Some(0));
        let labels = ClassIndex::of_labels(["o\u{308}l", "p", "\u{f6}l", " p"].into_iter());
        assert_eq!(
            (labels.names.as_slice(), labels.find("o\u{308}l")),
            (&["p".to_owned(), "\u{f6}l".into()][..], Some(1))
        );
        assert_eq!([classes.find("a-b"), classes.find("ab"), classes.find("A_B")], [Some(2), Some(3), None]);
    }

    #[test]
    fn numbers_may_be_any_where_names_suffice() {
        let (_dir, path) = file("7 BaseballPitch\n9 BasketballDunk\n");
        assert_eq!(ClassIndex::named(&path).unwrap().names, ["BaseballPitch", "BasketballDunk"]);
        assert!(
            ClassIndex::numbered(&path).unwrap_err().cause.starts_with("line 1: '7 BaseballPitch' is not '1 name'")
        );
        let (_dir, path) = file("Long jump\n2 legs\n");
        assert_eq!(ClassIndex::named(&path).unwrap().names, ["Long jump", "2 legs"]);
    }

    #[test]
    fn bad_indices_are_named_with_their_line() {
        for (content, cause) in [
            ("1 a\n3 b\n", "line 2: '3 b' is not '2 name'"),
            ("1 a\n\n2 a\n", "line 3: class 'a' is in line 1 already"),
            ("1 \u{e9}\n2 e\u{301}\n", "line 2: class 'e\u{301}' is in line 1 already"),
            ("a\n", "line 1: 'a' is not '1 name'"),
            ("\n", "the file names no classes"),
        ] {
            let (_dir, path) = file(content);
            assert_eq!(ClassIndex::numbered(&path).unwrap_err().cause, cause);
        }
    }
}
