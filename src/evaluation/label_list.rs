//! The true classes of the rows of a score file, from a list in UCF101's format; the videos need not exist.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::annotations::text;
use crate::annotations::ucf101::{CLASS_INDEX, fields, folder_of, read_class_index};
use crate::error::{Error, Result};
use crate::plural::counted;

/// Classes (from 0) of the videos of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelList {
    /// One class per video.
    pub labels: Vec<usize>,
    /// Origin of the classes.
    pub origin: LabelOrigin,
}

/// The origin of a label for which the list gives no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelOrigin {
    /// The list numbers all videos.
    Numbers,
    /// By index of its folder in this class index.
    Index(PathBuf),
    /// By index of its folder among all folders of the list in alphabetical order.
    Alphabet,
}

/// A line of the list.
struct ListedVideo {
    line: usize,
    name: String,
    /// Class number, from 1.
    id: Option<usize>,
}

impl LabelList {
    /// Reads `list` (`Class/video` or `Class/video id` a line, CRLF allowed), for scores of `classes` classes.
    ///
    /// A video without a number has the class of its folder's name in the class index (`id name` per line) at `index`,
    /// or in `classInd.txt` beside the list. Without either, the folders in alphabetical order are the classes, if
    /// their number matches.
    ///
    /// # Errors
    /// If a file cannot be read; otherwise the first line that repeats a video or names no class of the scores.
    pub fn read(list: &Path, index: Option<&Path>, classes: usize) -> Result<Self> {
        let videos = videos(list)?;
        let origin = origin(&videos, list, index);
        let names = match &origin {
            LabelOrigin::Numbers => Vec::new(),
            LabelOrigin::Index(path) => class_names(path, classes)?,
            LabelOrigin::Alphabet => folders(&videos, list, classes)?,
        };
        let places: HashMap<String, usize> =
            names.iter().enumerate().map(|(place, name)| (name.to_lowercase(), place)).collect();
        let first = first_number(&videos, list, index, classes)?;
        let label = |video: &ListedVideo| {
            let label = match video.id {
                Some(id) => id.checked_sub(first),
                // UCF101 spells HandStandPushups in two ways, which differ in case.
                None => places.get(&folder_of(&video.name).to_lowercase()).copied(),
            };
            label.filter(|&label| label < classes).ok_or_else(|| out_of_range(list, video, classes))
        };
        let labels = videos.iter().map(label).collect::<Result<Vec<usize>>>()?;
        Ok(Self { labels, origin })
    }
}

fn origin(videos: &[ListedVideo], list: &Path, index: Option<&Path>) -> LabelOrigin {
    if videos.iter().all(|video| video.id.is_some()) {
        return LabelOrigin::Numbers;
    }
    let beside = list.with_file_name(CLASS_INDEX);
    match index {
        Some(index) => LabelOrigin::Index(index.into()),
        None if beside.is_file() => LabelOrigin::Index(beside),
        None => LabelOrigin::Alphabet,
    }
}

/// Returns the number of the first class: 1, unless a class index names the folders of all videos and their numbers
/// count from 0.
///
/// # Errors
/// If `index` cannot be read or does not name the classes; otherwise the first line whose folder and number disagree
/// while other lines agree.
fn first_number(videos: &[ListedVideo], list: &Path, index: Option<&Path>, classes: usize) -> Result<usize> {
    let beside = list.with_file_name(CLASS_INDEX);
    let names = match index {
        Some(index) => class_names(index, classes)?,
        // The file beside the list was not requested explicitly.
        None => class_names(&beside, classes).unwrap_or_default(),
    };
    let place = |video: &ListedVideo| {
        let folder = folder_of(&video.name);
        names.iter().position(|name| name.eq_ignore_ascii_case(folder))
    };
    let known: Vec<(&ListedVideo, usize, usize)> =
        videos.iter().filter_map(|video| Some((video, video.id?, place(video)?))).collect();
    let fitting = |first: usize| known.iter().filter(|(_, id, place)| place + first == *id).count();
    if known.is_empty() || fitting(1) == known.len() {
        return Ok(1);
    }
    if fitting(0) == known.len() {
        tracing::warn!("{}: class numbers start at 0, according to the folder names", list.display());
        return Ok(0);
    }
    let clash = known.iter().find(|(_, id, place)| place + 1 != *id && (1..=classes).contains(id));
    match clash.filter(|_| fitting(1) > 0) {
        Some((video, id, place)) => {
            let (folder, number) = (&names[*place], &names[id - 1]);
            let cause =
                format!("line {}: '{}' is in folder '{folder}', but class {id} is '{number}'", video.line, video.name);
            Err(Error::file(list, cause, "Correct the number, the class index, or the folder"))
        }
        // If folders match class names only by chance, they are no evidence.
        None => Ok(1),
    }
}

fn out_of_range(list: &Path, video: &ListedVideo, classes: usize) -> Error {
    let cause = match video.id {
        Some(id) => format!("line {}: class {id} of '{}' is not among 1 to {classes}", video.line, video.name),
        None => format!("line {}: the folder of '{}' matches no class", video.line, video.name),
    };
    Error::file(list, cause, "Correct the line, or pass the list and class index used for the scores")
}

/// Returns the videos of the list without duplicates.
fn videos(list: &Path) -> Result<Vec<ListedVideo>> {
    let mut seen = HashMap::new();
    let mut videos = Vec::new();
    for (line, text) in text::lines(list)? {
        let (name, id) = fields(&text);
        if let Some(first) = seen.insert(name.to_owned(), line) {
            let cause = format!("line {line}: '{name}' is already on line {first}");
            return Err(Error::file(list, cause, "List every video once, in the order of the rows"));
        }
        videos.push(ListedVideo { line, name: name.to_owned(), id });
    }
    Ok(videos)
}

/// Returns the names in a class index, whose length must be the number of classes of the scores.
fn class_names(index: &Path, classes: usize) -> Result<Vec<String>> {
    let names: Vec<String> = read_class_index(index)?.into_iter().map(|(_, name)| name).collect();
    if names.len() != classes {
        let cause = format!("it names {}, the scores have {classes}", counted(names.len(), "class"));
        return Err(Error::file(index, cause, "Pass the class index that the scores were made with"));
    }
    Ok(names)
}

/// Returns the folders of the videos in the order of UCF101's class index: alphabetical, ignoring case.
fn folders(videos: &[ListedVideo], list: &Path, classes: usize) -> Result<Vec<String>> {
    let mut folders: Vec<String> = videos.iter().map(|video| folder_of(&video.name).to_lowercase()).collect();
    folders.sort_unstable();
    folders.dedup();
    if folders.len() != classes {
        let cause = format!("it names videos of {}, the scores have {classes}", counted(folders.len(), "class"));
        return Err(Error::file(list, cause, "Pass the class index with --classes classInd.txt"));
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            files.iter().for_each(|(name, text)| fs::write(dir.path().join(name), text).unwrap());
            Self(dir)
        }

        fn read(&self, index: Option<&str>, classes: usize) -> Result<LabelList> {
            LabelList::read(
                &self.0.path().join("list.txt"),
                index.map(|name| self.0.path().join(name)).as_deref(),
                classes,
            )
        }
    }

    #[test]
    fn labels_come_from_numbers_the_index_or_the_alphabet() {
        let numbers = Folder::with(&[("list.txt", "A/a b.avi 2\r\nB/c.avi 1\r\n\r\n")]).read(None, 2).unwrap();
        assert_eq!(numbers, LabelList { labels: vec![1, 0], origin: LabelOrigin::Numbers });

        let names = "HammerThrow/1.avi\nHandStandPushups/2.avi\nHammering/3.avi\n";
        let index = "1 HandstandPushups\n2 Hammering\n3 HammerThrow\n";
        let folder = Folder::with(&[("list.txt", names), ("other.txt", index)]);
        assert_eq!(folder.read(Some("other.txt"), 3).unwrap().labels, [2, 0, 1]);
        let alphabet = folder.read(None, 3).unwrap();
        assert_eq!((alphabet.labels, alphabet.origin), (vec![1, 2, 0], LabelOrigin::Alphabet));

        let beside = Folder::with(&[("list.txt", names), ("classInd.txt", index)]).read(None, 3).unwrap();
        assert_eq!(beside.labels, [2, 0, 1]);
    }

    #[test]
    fn a_list_that_counts_from_0_shifts_no_class() {
        let labels = |list: &str| {
            let folder = Folder::with(&[("list.txt", list), ("classInd.txt", "1 A\n2 B\n3 C\n")]);
            folder.read(None, 3).unwrap().labels
        };
        assert_eq!(labels("A/1.avi 0\nB/2.avi 1\nC/3.avi 2\n"), [0, 1, 2]);
        assert_eq!(labels("B/2.avi 1\nC/3.avi 2\n"), [1, 2], "though all numbers are classes from 1 as well");
        assert_eq!(labels("B/2.avi 2\nC/3.avi 3\n"), [1, 2]);
        assert_eq!(labels("x/2.avi 2\nx/3.avi 3\n"), [1, 2]);
    }

    #[test]
    fn what_fits_no_class_is_told_with_its_line() {
        for (list, classes, cause) in [
            ("A/1.avi 1\nA/2.avi 3\n", 2, "line 2: class 3"),
            ("x/1.avi 0\n", 2, "line 1: class 0"),
            ("A/1.avi 1\nB/2.avi 1\n", 2, "line 2: 'B/2.avi' is in folder 'B', but class 1 is 'A'"),
            ("A/1.avi 99999999999999999999999\n", 2, "line 1: class"),
            ("A/1.avi\nC/2.avi\n", 2, "line 2: the folder of 'C/2.avi' matches no class"),
            ("A/1.avi\n\nA/1.avi\n", 2, "line 3: 'A/1.avi' is already on line 1"),
            ("A/1.avi\n", 3, "2 classes, the scores have 3"),
        ] {
            let error =
                Folder::with(&[("list.txt", list), ("classInd.txt", "1 A\n2 B\n")]).read(None, classes).unwrap_err();
            assert!(error.cause.contains(cause), "{list:?}: {error}");
        }
        // Also if the list numbers all videos.
        let folder = Folder::with(&[("list.txt", "A/1.avi 1\n"), ("short.txt", "1 A\n"), ("classInd.txt", "1 A\n")]);
        assert!(folder.read(Some("none.txt"), 2).unwrap_err().subject.contains("none.txt"));
        assert!(folder.read(Some("short.txt"), 2).unwrap_err().cause.contains("1 class, the scores have 2"));
        assert!(folder.read(None, 2).is_ok(), "the one beside it may belong to another list");
        let error = Folder::with(&[("list.txt", "A/1.avi\n")]).read(None, 3).unwrap_err();
        assert!(error.remedy.contains("--classes"), "{error}");
    }
}
