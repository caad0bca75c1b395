//! The policy for writing a person's files: never over an input, never into the files of a project, and over another
//! file only with consent.

mod deleted;
mod staging;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::atomic::{is_special, not_replaced, resolve};
use crate::error::{Error, Result};
pub use deleted::{DELETED, move_to_deleted};
pub use staging::{Hidden, Staging, discard_unfinished};

/// The file that marks a folder as a labelling project.
const PROJECT_FILE: &str = "project.toml";
/// Names in a project that only the project writes; the names of its journals and histories have the prefixes below.
const PROJECT_PARTS: [&str; 4] = [PROJECT_FILE, "project.lock", "labels", "times"];
const PROJECT_LOGS: [&str; 2] = ["journal.jsonl", "history.jsonl"];

/// Maximum number of files named in an error.
const MOST_NAMED: usize = 5;

/// The policy for existing files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Existing files are not changed, and nothing is written.
    #[default]
    Keep,
    /// Existing files are replaced, with consent.
    Replace,
}

impl Existing {
    /// Returns `Replace` if the person has agreed, otherwise `Keep`.
    pub fn replaced_if(agreed: bool) -> Self {
        if agreed { Self::Replace } else { Self::Keep }
    }
}

/// The check of all files that one command writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputGuard {
    inputs: Vec<KnownInput>,
    /// Folders of frames.
    frames: Vec<PathBuf>,
    existing: Existing,
}

/// A file or folder that is an input.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownInput {
    path: PathBuf,
    file: Option<FileId>,
}

impl OutputGuard {
    /// Allows files that do not exist, and existing ones as `existing` permits.
    pub fn new(existing: Existing) -> Self {
        Self { existing, ..Self::default() }
    }

    /// Allows existing files: replacing was agreed to, or they belong to a run that is resumed.
    #[must_use]
    pub fn replacing(mut self) -> Self {
        self.existing = Existing::Replace;
        self
    }

    /// Refuses to write over `inputs` and into those that are folders, even with consent to replace files.
    pub fn protecting(mut self, inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        self.inputs.extend(inputs.into_iter().map(|input| {
            let path = resolve(input.as_ref());
            KnownInput { file: FileId::of(&path), path }
        }));
        self
    }

    /// Refuses to write into those of `clips` that are folders of frames: a picture beside the frames would count as a
    /// frame, and a video would make the folder invalid as a clip.
    pub fn apart_from(mut self, clips: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        self.frames.extend(clips.into_iter().map(|clip| resolve(clip.as_ref())).filter(|clip| clip.is_dir()));
        self
    }

    /// Checks that all of `targets` may be written, with their final file extensions.
    ///
    /// # Errors
    /// If one of them is an input, would be among the frames of a clip, belongs to a project, is named twice, is a
    /// device or a pipe, or exists and is to be kept.
    pub fn check(&self, targets: &[PathBuf]) -> Result<()> {
        let existing = self.existing(targets)?;
        match existing.as_slice() {
            _ if self.existing == Existing::Replace => Ok(()),
            [] => Ok(()),
            [file] => Err(Error::file(
                file,
                "it exists, so nothing was written",
                "Choose another name, or agree to replace it (--force)",
            )),
            files => {
                let cause = format!("{} files exist, so nothing was written", files.len());
                Err(Error::new(in_words(files), cause, "Choose another folder, or agree to replace them (--force)"))
            }
        }
    }

    /// Returns the existing files among `targets`, to ask whether to replace them.
    ///
    /// # Errors
    /// If one of `targets` may not be written in any case.
    pub fn existing(&self, targets: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let (mut existing, mut seen) = (Vec::new(), BTreeSet::new());
        for target in targets {
            let refuse = |cause: String| Err(Error::file(target, cause, "Choose another name or folder to write to"));
            let resolved = resolve(target);
            if let Some(input) = self.input_at(&resolved) {
                return refuse(match input.path == resolved || input.is_file() {
                    true => "it is an input file and would be lost".into(),
                    false => format!("it is part of the input {} and would be lost", input.path.display()),
                });
            }
            if let Some(frames) = self.frames.iter().find(|frames| resolved.parent() == Some(frames)) {
                return refuse(format!("it would be written among the input frames of {}", frames.display()));
            }
            if let Some(project) = project_of(&resolved) {
                return refuse(format!("it is a file of the project in {}", project.display()));
            }
            if resolved.is_dir() {
                return refuse("a folder with this name exists".into());
            }
            if is_special(&resolved) {
                return Err(not_replaced(target));
            }
            let exists = fs::symlink_metadata(&resolved).is_ok();
            if !seen.insert(resolved) {
                return refuse("two results would be written to it".into());
            }
            if exists {
                existing.push(target.clone());
            }
        }
        Ok(existing)
    }

    /// Returns the input that a write to `target` would destroy, in whole or in part.
    fn input_at(&self, target: &Path) -> Option<&KnownInput> {
        let file = FileId::of(target);
        let is_in = |input: &KnownInput| fs::symlink_metadata(target).is_ok() && target.starts_with(&input.path);
        let is_same = |input: &KnownInput| input.path == target || (file.is_some() && input.file == file);
        self.inputs.iter().find(|input| is_same(input) || is_in(input))
    }
}

impl KnownInput {
    fn is_file(&self) -> bool {
        !self.path.is_dir()
    }
}

/// The identity of a file on this computer, independent of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    disk: u64,
    number: u64,
}

impl FileId {
    /// Returns the identity of the file at `path`; `None` if there is none, or the system does not number files.
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let facts = fs::metadata(path).ok()?;
        Some(Self { disk: facts.dev(), number: facts.ino() })
    }

    #[cfg(not(unix))]
    fn of(_path: &Path) -> Option<Self> {
        None
    }
}

/// Returns the folder of the project that the file at `path`, which is resolved, belongs to.
fn project_of(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|dir| {
        let part = path.strip_prefix(dir).ok().and_then(|rest| rest.components().next());
        let part = part.map(|part| part.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
        let is_part = PROJECT_PARTS.contains(&part.as_str()) || PROJECT_LOGS.iter().any(|log| part.starts_with(log));
        is_part && dir.join(PROJECT_FILE).is_file()
    })
}

/// Returns a list of the first of `files`, and the number of others.
pub fn in_words(files: &[PathBuf]) -> String {
    let named: Vec<_> = files.iter().take(MOST_NAMED).map(|file| file.display().to_string()).collect();
    match files.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: &tempfile::TempDir, name: &str) -> PathBuf {
        dir.path().join(name)
    }

    fn cause(guard: &OutputGuard, target: &Path) -> String {
        guard.check(&[target.to_owned()]).map_or_else(|error| error.cause, |()| String::new())
    }

    #[test]
    fn a_file_that_exists_is_replaced_with_consent_only() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(at(&dir, "a.csv"), "mine").unwrap();
        let (keep, replace) = (OutputGuard::default(), OutputGuard::new(Existing::Replace));
        assert_eq!(cause(&keep, &at(&dir, "b.csv")), "");
        assert!(cause(&keep, &at(&dir, "a.csv")).contains("exists"));
        assert_eq!(cause(&replace, &at(&dir, "a.csv")), "");
        let targets = [at(&dir, "a.csv"), at(&dir, "b.csv")];
        assert_eq!(keep.existing(&targets).unwrap(), [at(&dir, "a.csv")]);
        assert!(keep.existing(&[at(&dir, "b.csv"), at(&dir, "x/../b.csv")]).is_err(), "one file named twice");
        fs::create_dir(at(&dir, "folder")).unwrap();
        assert!(cause(&replace, &at(&dir, "folder")).contains("a folder with this name"));
        #[cfg(unix)]
        assert!(cause(&replace, Path::new("/dev/null")).contains("a device or a pipe"));
    }

    #[test]
    #[cfg(unix)]
    fn an_input_is_never_written_whatever_it_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let clip = at(&dir, "clip.mp4");
        fs::write(&clip, "pictures").unwrap();
        fs::create_dir(at(&dir, "folder")).unwrap();
        std::os::unix::fs::symlink(&clip, at(&dir, "link.mp4")).unwrap();
        std::os::unix::fs::symlink(dir.path(), at(&dir, "folder/up")).unwrap();
        fs::hard_link(&clip, at(&dir, "twin.mp4")).unwrap();
        let guard = OutputGuard::new(Existing::Replace).protecting([at(&dir, "link.mp4")]);
        for name in ["clip.mp4", "link.mp4", "twin.mp4", "folder/../clip.mp4", "folder/up/clip.mp4"] {
            assert!(cause(&guard, &at(&dir, name)).contains("would be lost"), "{name}");
        }
        assert_eq!(cause(&guard, &at(&dir, "other.mp4")), "");

        let pictures = OutputGuard::new(Existing::Replace).protecting([at(&dir, "folder")]);
        fs::write(at(&dir, "folder/0.png"), "").unwrap();
        assert!(cause(&pictures, &at(&dir, "folder/0.png")).contains("would be lost"));
        assert_eq!(cause(&pictures, &at(&dir, "folder/0.flo")), "", "what is not there cannot be lost");
    }

    #[test]
    fn nothing_goes_among_the_frames_of_a_clip() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(at(&dir, "frames")).unwrap();
        let clips = [at(&dir, "new/../frames"), at(&dir, "clip.mp4")];
        let guard = OutputGuard::new(Existing::Replace).protecting(&clips).apart_from(&clips);
        for name in ["frames/flow.mp4", "frames/./000000.flo", "new/../frames/x.png"] {
            assert!(cause(&guard, &at(&dir, name)).contains("among the input frames"), "{name}");
        }
        for name in ["frames/flow/000000.flo", "flow.mp4", "frames.mp4"] {
            assert_eq!(cause(&guard, &at(&dir, name)), "", "{name}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn files_of_projects_are_never_written_by_others() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(at(&dir, "labels")).unwrap();
        let guard = OutputGuard::new(Existing::Replace);
        assert_eq!(cause(&guard, &at(&dir, "labels/a.toml")), "", "there is no project yet");
        fs::write(at(&dir, PROJECT_FILE), "").unwrap();
        std::os::unix::fs::symlink(at(&dir, "labels"), at(&dir, "link")).unwrap();
        std::os::unix::fs::symlink(at(&dir, "journal.jsonl"), at(&dir, "dangling")).unwrap();
        for name in [
            "project.toml",
            "journal.jsonl",
            "journal.jsonl.damaged",
            "history.jsonl.damaged",
            "labels/a.eaf",
            "link/new/a.eaf",
        ]
        .into_iter()
        .chain(["dangling"])
        {
            assert!(cause(&guard, &at(&dir, name)).contains("of the project"), "{name}");
        }
        assert_eq!(cause(&guard, &at(&dir, "labels.csv")), "");
        assert_eq!(cause(&guard, &at(&dir, "clips/labels/a.csv")), "");
    }
}
