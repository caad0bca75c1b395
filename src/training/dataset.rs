//! The clips of a run and their labels, from a folder per class or from lists in UCF101's format.

use std::fs;
use std::path::{Path, PathBuf};

use super::plan::DataSource;
use crate::error::{Error, Result};
use crate::video::is_video;

/// A clip and the index of its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledClip {
    /// The file.
    pub path: PathBuf,
    /// Index into [`Dataset::classes`].
    pub label: usize,
}

/// Clips and the classes they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Names in the order of their labels.
    pub classes: Vec<String>,
    /// The clips, in the order of the list or of the sorted folder.
    pub clips: Vec<LabelledClip>,
}

impl Dataset {
    /// Reads the clips of `source`.
    ///
    /// # Errors
    /// A missing folder or list, a list that names a missing file or an unknown class (with its line), no clip at all.
    pub fn open(source: &DataSource) -> Result<Self> {
        let dataset = match source {
            DataSource::Folder(folder) => Self::from_folder(folder)?,
            DataSource::List { clips, list, classes } => Self::from_list(clips, list, classes)?,
        };
        if dataset.clips.is_empty() {
            let (DataSource::Folder(path) | DataSource::List { list: path, .. }) = source;
            return Err(Error::file(
                path,
                "no clips found",
                "Expected a sub-folder of video files for each class, or a list that names some",
            ));
        }
        Ok(dataset)
    }

    /// A sub-folder per class, in alphabetical order; files that are not videos are passed over.
    fn from_folder(folder: &Path) -> Result<Self> {
        let mut classes = Vec::new();
        let mut clips = Vec::new();
        for class in sorted_entries(folder)?.into_iter().filter(|path| path.is_dir()) {
            let files: Vec<_> = sorted_entries(&class)?.into_iter().filter(|path| is_video(path)).collect();
            if files.is_empty() {
                continue;
            }
            clips.extend(files.into_iter().map(|path| LabelledClip { path, label: classes.len() }));
            classes.push(class.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
        Ok(Self { classes, clips })
    }

    /// `classInd.txt` (`id name`, from 1) and a list of `Class/clip` with or without the id (UCF101; CRLF allowed).
    /// A label that the list leaves out follows from the clip's folder.
    fn from_list(root: &Path, list: &Path, class_index: &Path) -> Result<Self> {
        let mut classes = Vec::new();
        for (number, line) in lines(class_index)? {
            let name = match line.split_once(char::is_whitespace) {
                Some((id, name)) if id.parse() == Ok(classes.len() + 1) => name.trim(),
                _ => {
                    return Err(Error::file(
                        class_index,
                        format!("line {number}: '{line}' is not '{} name'", classes.len() + 1),
                        "Classes are numbered from 1, one a line",
                    ));
                }
            };
            classes.push(name.to_owned());
        }
        let mut clips = Vec::new();
        for (number, line) in lines(list)? {
            let (name, id) = match line.rsplit_once(char::is_whitespace) {
                Some((name, id)) if id.chars().all(|c| c.is_ascii_digit()) => (name.trim(), id.parse::<usize>().ok()),
                _ => (line.as_str(), None),
            };
            let path = root.join(name);
            let folder = name.split(['/', '\\']).next().unwrap_or_default();
            let label = id.map_or_else(|| classes.iter().position(|class| class == folder), |id| id.checked_sub(1));
            let Some(label) = label.filter(|&label| label < classes.len()) else {
                return Err(Error::file(
                    list,
                    format!("line {number}: no class of {} fits '{line}'", class_index.display()),
                    "Correct the line or the class index",
                ));
            };
            if !path.is_file() {
                return Err(Error::file(
                    list,
                    format!("line {number}: {} does not exist", path.display()),
                    "Check the folder of the clips",
                ));
            }
            clips.push(LabelledClip { path, label });
        }
        Ok(Self { classes, clips })
    }
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}

/// The lines of a text file that are not blank, with their numbers from 1.
fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let text = fs::read_to_string(path).map_err(|error| Error::io(path, &error))?;
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim().to_owned()));
    Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(list: &str) -> Result<Dataset> {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("wave")).unwrap();
        fs::write(at("wave/a b.mp4"), "").unwrap();
        fs::write(at("classes.txt"), "1 bow\r\n2 wave\r\n").unwrap();
        fs::write(at("list.txt"), list).unwrap();
        Dataset::open(&DataSource::List { clips: dir.path().into(), list: at("list.txt"), classes: at("classes.txt") })
    }

    #[test]
    fn lists_with_and_without_labels_and_with_crlf() {
        for list in ["wave/a b.mp4 2\r\n", "wave/a b.mp4\r\n\r\n", "wave/a b.mp4"] {
            let dataset = listed(list).unwrap();
            assert_eq!((dataset.clips.len(), dataset.clips[0].label), (1, 1), "{list:?}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        for (list, cause) in
            [("wave/a b.mp4 3", "line 1: no class"), ("wave/a b.mp4 2\nwave/c.mp4 2", "line 2: "), ("", "no clips")]
        {
            let error = listed(list).unwrap_err();
            assert!(error.cause.starts_with(cause), "{list:?}: {error}");
        }
    }

    #[test]
    fn folders_without_clips_are_no_classes() {
        let dir = tempfile::tempdir().unwrap();
        for class in ["b", "a", "empty"] {
            fs::create_dir(dir.path().join(class)).unwrap();
        }
        for file in ["b/1.mp4", "a/2.avi", "a/notes.txt"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let dataset = Dataset::open(&DataSource::Folder(dir.path().into())).unwrap();
        assert_eq!(dataset.classes, ["a", "b"]);
        assert_eq!(dataset.clips.len(), 2);
    }
}
