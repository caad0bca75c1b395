//! A project on disk: the document with its journal, its undo history and its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf, absolute};

use super::history::{History, KeptHistory};
use super::journal::{Fault, Journal, Reading};
use super::lock;
use super::manifest::{Manifest, VideoRow};
use super::saving::Saving;
use super::undo::{self, Deed, PastStep, Undo, Way};
use super::{Change, Class, Document, Settings, Step, StoredPath, Video, VideoId, disk, edits, sidecar, times};
use crate::atomic;
use crate::error::{Error, ErrorKind, Result};
use crate::plural::counted;

mod files;
mod rereading;

pub use self::rereading::{LockedLabels, ReadLabels, Reread};

/// File with the steps since the last save.
const JOURNAL: &str = "journal.jsonl";
/// The file of undo steps of all sessions.
const HISTORY: &str = "history.jsonl";

/// Maximum number of attempts to read a project that another window is saving.
const READINGS: usize = 5;

/// An open project.
///
/// On disk it is a folder: `project.toml` with the settings, the classes and the list of videos, `labels/` with a file for
/// each labelled video, `journal.jsonl` with every step since these were saved, and `history.jsonl` with the undo steps
/// of the last 1000 steps, or 8 MB of them, including earlier sessions. A step is in the journal before it is in the
/// document, and the journal is only restarted after everything is saved, so that opening the project always restores
/// the document after the last step.
///
/// ```
/// use motionscope::labels::{Label, Opened, Project, Settings, Video, edits};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let dir = folder.path().join("project");
/// let mut project = Project::create(&dir, Settings::default())?;
/// let (wave, step) = edits::add_class(project.document(), "wave")?;
/// project.perform(step)?;
/// let id = project.document().free_video_id();
/// project.perform(edits::add_videos(project.document(), vec![Video::new("clips/a.mp4")]))?;
/// project.perform(edits::label_clip(project.document(), id, Label::Class(wave))?)?;
/// drop(project); // without saving
///
/// let Opened { mut project, notes } = Project::open(&dir)?;
/// assert_eq!(project.document().videos[&id].labels, [Label::Class(wave)], "restored from the journal");
/// assert!(notes[0].cause.contains("recovered"));
/// project.perform(edits::unlabel_clip(project.document(), id)?)?;
/// project.undo()?;
/// assert_eq!(project.document().videos[&id].labels, [Label::Class(wave)]);
/// # Ok::<(), motionscope::error::Error>(())
/// ```
pub struct Project {
    dir: PathBuf,
    document: Document,
    undo: Undo,
    /// Fingerprint of the document.
    fingerprint: u64,
    revision: u64,
    /// Names of the label files, also of those that could not be read.
    sidecars: BTreeMap<VideoId, String>,
    /// Names of label files that are no longer needed, to be removed once `project.toml` does not refer to them.
    obsolete: Vec<String>,
    saves: u64,
    unsaved: Unsaved,
    /// Dropped before the lock is released.
    saving: Option<Saving>,
    /// The resources for writing, or the reason why the project is read-only.
    writing: std::result::Result<Writing, Error>,
}

/// The purpose of opening a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenPurpose {
    Change,
    Look,
}

/// The resources for changing a project.
struct Writing {
    journal: Journal,
    history: History,
    /// Released after the journal.
    _lock: crate::file_lock::FileLock,
}

/// Changes that the files lack.
#[derive(Default)]
struct Unsaved {
    steps: usize,
    /// `true` if `project.toml` is out of date.
    manifest: bool,
    videos: BTreeSet<VideoId>,
}

/// A project that was opened, with notes for the person.
pub struct Opened {
    /// The project.
    pub project: Project,
    /// Notes on what was recovered, left out or is not possible.
    pub notes: Vec<Error>,
}

impl Project {
    /// The file that makes a folder a project.
    pub const FILE: &str = "project.toml";
    /// The project's own folders.
    pub const FOLDERS: [&str; 2] = [sidecar::DIR, times::DIR];

    /// Creates a project without classes and videos in the folder `dir`, which is created if it does not exist.
    ///
    /// # Errors
    /// If it is a project already, or cannot be written to.
    pub fn create(dir: &Path, settings: Settings) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        let lock = lock::take(dir)?;
        for file in [Self::FILE, JOURNAL] {
            if dir.join(file).exists() {
                let cause = format!("it already contains a project ({file})");
                return Err(Error::file(dir, cause, "Open it, or choose another folder"));
            }
        }
        if sidecar::are_in(&dir.join(sidecar::DIR)) {
            let cause = format!("it contains the remains of a project: label files in {}", sidecar::DIR);
            return Err(Error::file(dir, cause, "Restore its project.toml, or choose another folder"));
        }
        let mut document = Document::default();
        document.apply(edits::set_settings(settings));
        Manifest::of(&document, &BTreeMap::new(), 0).write(&dir.join(Self::FILE))?;
        let journal = Journal::open(&dir.join(JOURNAL), &Reading::default(), 0)?;
        let history = History::open(&dir.join(HISTORY), &KeptHistory::default());
        disk::sync_names(dir);
        Ok(Self {
            dir: absolute(dir).unwrap_or_else(|_| dir.to_owned()),
            fingerprint: undo::fingerprint(&document),
            document,
            undo: Undo::default().opened_here(),
            revision: 0,
            sidecars: BTreeMap::new(),
            obsolete: Vec::new(),
            saves: 0,
            unsaved: Unsaved::default(),
            saving: None,
            writing: Ok(Writing { journal, history, _lock: lock }),
        })
    }

    /// Opens the project in the folder `dir`, or with `dir` as its `project.toml`, including all steps in its journal.
    ///
    /// A video whose label file is missing or cannot be read is [locked](Video::locked): the file and the reference to
    /// it are unchanged, and the labels return when the file does.
    ///
    /// # Errors
    /// If there is none, its `project.toml` cannot be read, or it is of a newer version. All other faults are among the
    /// notes, and unreadable files are never deleted.
    pub fn open(dir: &Path) -> Result<Opened> {
        Self::open_for(dir, OpenPurpose::Change)
    }

    /// Opens the project read-only: nothing in its folder is written, moved or locked.
    ///
    /// # Errors
    /// Same as [`Self::open`].
    pub fn look(dir: &Path) -> Result<Opened> {
        Self::open_for(dir, OpenPurpose::Look)
    }

    fn open_for(dir: &Path, purpose: OpenPurpose) -> Result<Opened> {
        let dir = if dir.ends_with(Self::FILE) && dir.is_file() { dir.parent().unwrap_or(Path::new("")) } else { dir };
        let dir = &absolute(dir).unwrap_or_else(|_| dir.to_owned());
        if !dir.join(Self::FILE).exists() {
            let cause = format!("it is not a project: it has no {}", Self::FILE);
            return Err(Error::file(dir, cause, "Choose a project folder, or create a project"));
        }
        let mut notes = Vec::new();
        let lock = match purpose {
            OpenPurpose::Change => lock::take(dir),
            OpenPurpose::Look => Err(Error::file(dir, "the project was opened read-only", "Open it to change it")),
        };
        let Loaded { manifest_saves: saves, mut document, sidecars, mut damaged, reading } = load(dir)?;

        let mut unsaved = Unsaved { steps: reading.steps.len(), ..Unsaved::default() };
        for step in reading.steps.clone() {
            unsaved.note(&step);
            document.apply(step);
        }
        // The journal holds the complete labels of these, which replace those of the file.
        let replaced = damaged.extract_if(.., |id, _| unsaved.videos.contains(id)).filter_map(|(_, one)| one.file);
        let replaced: Vec<_> = replaced.collect();
        for (id, Damaged { why, .. }) in &damaged {
            if let Some(video) = document.videos.get_mut(id) {
                video.locked = Some(Box::new(locked_by(why)));
            }
        }
        let fingerprint = undo::fingerprint(&document);
        let kept = match &lock {
            Ok(_) => KeptHistory::read(&dir.join(HISTORY), fingerprint),
            Err(_) => KeptHistory::default(), // There is no undo in a read-only project.
        };
        let writing = lock.and_then(|lock| {
            keep_aside(dir, &reading, &replaced)?;
            if kept.is_foreign {
                notes.push(keep_history_aside(&dir.join(HISTORY))?);
            }
            for folder in [dir.clone(), dir.join(sidecar::DIR), dir.join(times::DIR)] {
                disk::remove_leftovers(&folder);
            }
            let journal = Journal::open(&dir.join(JOURNAL), &reading, saves)?;
            let history = History::open(&dir.join(HISTORY), &kept);
            Ok(Writing { journal, history, _lock: lock })
        });
        notes.extend(writing.as_ref().err().filter(|_| purpose == OpenPurpose::Change).cloned());
        notes.extend(journal_notes(dir, &reading, writing.is_ok()));
        notes.extend(damaged.values().map(|damaged| locked_by(&damaged.why)));
        let beyond =
            document.videos.values().filter_map(|video| video.note_beyond_end(&StoredPath::decode(&video.path, dir)));
        notes.extend(beyond);
        notes.extend(lost_note(dir, kept.lost, !damaged.is_empty()));
        let project = Self {
            dir: dir.clone(),
            document,
            undo: kept.undo.opened_here(),
            fingerprint,
            revision: 0,
            sidecars,
            obsolete: Vec::new(),
            saves,
            unsaved,
            saving: None,
            writing,
        };
        Ok(Opened { project, notes })
    }

    /// Returns the folder, as an absolute path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns `true` if it is read-only: another window has it open, or the disk cannot be written to.
    pub fn is_read_only(&self) -> bool {
        self.writing.is_err()
    }

    /// Returns `true` if it is read-only because another process had it open.
    pub fn is_in_use_elsewhere(&self) -> bool {
        self.writing.as_ref().is_err_and(|error| error.kind == ErrorKind::InUse)
    }

    /// Returns `true` if no process has the project in `dir` open to change it.
    pub fn is_free(dir: &Path) -> bool {
        lock::is_free(dir)
    }

    /// Performs `step`: when this returns it is in the journal, which outlives this process; it is on disk within a
    /// second.
    ///
    /// # Errors
    /// If it cannot be written. Then nothing has changed, and the call can be repeated.
    pub fn perform(&mut self, step: Step) -> Result<()> {
        if step.changes.is_empty() {
            return Ok(());
        }
        self.carry_out(step, Some((Deed::Done, undo::now())))
    }

    /// Like [`Self::perform`], for changes that are not a person's and cannot be undone: facts read from files. Undone
    /// steps can still be redone; that restores the facts that were known then, and the next scan reads them again.
    ///
    /// # Errors
    /// Same as [`Self::perform`].
    pub fn record(&mut self, step: Step) -> Result<()> {
        if step.changes.is_empty() { Ok(()) } else { self.carry_out(step, None) }
    }

    /// Undoes the last step and returns its title.
    ///
    /// # Errors
    /// Same as [`Self::perform`].
    pub fn undo(&mut self) -> Result<Option<String>> {
        self.go(Way::Back)
    }

    /// Redoes the last undone step and returns its title.
    ///
    /// # Errors
    /// Same as [`Self::perform`].
    pub fn redo(&mut self) -> Result<Option<String>> {
        self.go(Way::Forth)
    }

    /// Returns the reverse step that [`Self::undo`] would perform.
    pub fn undo_step(&self) -> Option<&Step> {
        self.undo.next(Way::Back).map(|past| &past.step)
    }

    /// Returns the step that [`Self::redo`] would perform.
    pub fn redo_step(&self) -> Option<&Step> {
        self.undo.next(Way::Forth).map(|past| &past.step)
    }

    /// Returns the reverse steps available to [`Self::undo`], also of earlier sessions, the next one first.
    pub fn undoable(&self) -> impl Iterator<Item = &PastStep> {
        self.undo.steps(Way::Back)
    }

    /// Returns the number of steps since the project was opened; negative if as many earlier steps were undone; `None`
    /// when the state in which it was opened can no longer be reached.
    pub fn since_opened(&self) -> Option<isize> {
        self.undo.since_opened()
    }

    /// Returns the steps available to [`Self::redo`], the next one first.
    pub fn redoable(&self) -> impl Iterator<Item = &PastStep> {
        self.undo.steps(Way::Forth)
    }

    /// Checks that no other process has changed the project since it was opened: on disks without locks two windows can
    /// open it.
    fn check_own(&self) -> Result<()> {
        self.writing.as_ref().map_or(Ok(()), |writing| writing.journal.check_own())?;
        check_saves(&self.dir, self.saves)
    }

    /// Returns the path of `project.toml`, with symbolic links resolved.
    fn file(&self) -> PathBuf {
        atomic::resolve(&self.dir.join(Self::FILE))
    }

    /// Returns the number of steps since the project was saved.
    pub fn unsaved(&self) -> usize {
        self.unsaved.steps
    }

    /// Returns the expected path of a video's file.
    pub fn video_path(&self, id: VideoId) -> Option<PathBuf> {
        self.document.videos.get(&id).map(|video| StoredPath::decode(&video.path, &self.dir))
    }

    /// Returns a number that changes whenever the document does.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the disk's error since the last call, if it could not confirm a step that was written.
    pub fn trouble(&mut self) -> Option<Error> {
        let writing = self.writing.as_mut().ok()?;
        writing.journal.trouble().or_else(|| writing.history.take_trouble())
    }

    fn go(&mut self, way: Way) -> Result<Option<String>> {
        let Some(PastStep { at, step, .. }) = self.undo.next(way).cloned() else { return Ok(None) };
        let title = step.title.clone();
        let deed = if way == Way::Back { Deed::Undone } else { Deed::Redone };
        self.carry_out(step, Some((deed, at)))?;
        Ok(Some(title))
    }

    /// Writes `step` to the journal, and to the history if `deed` is given with the time of its first execution; then
    /// applies it.
    fn carry_out(&mut self, step: Step, deed: Option<(Deed, u64)>) -> Result<()> {
        let writing = self.writing.as_mut().map_err(|why| why.clone())?;
        step.check()?;
        self.document.check_unlocked(&step)?;
        if writing.journal.is_empty() {
            check_saves(&self.dir, self.saves)?;
        }
        let past = PastStep::reverse(&self.document, &step, deed.map_or(0, |(_, at)| at), self.fingerprint);
        if let Some((deed, _)) = deed {
            writing.history.append(&self.undo, deed, &past);
        }
        if let Err(error) = writing.journal.append(&step) {
            if deed.is_some() {
                writing.history.take_back();
            }
            return Err(error);
        }
        self.unsaved.note(&step);
        self.unsaved.steps += 1;
        self.revision += 1;
        self.fingerprint = past.from;
        self.document.apply(step);
        if let Some((deed, _)) = deed {
            self.undo.note(deed, past);
        }
        Ok(())
    }
}

impl Unsaved {
    fn is_anything(&self) -> bool {
        self.manifest || !self.videos.is_empty()
    }

    /// Records the changes of `step` that the files lack.
    fn note(&mut self, step: &Step) {
        self.manifest = true;
        self.videos.extend(step.changes.iter().filter_map(|change| match change {
            Change::Video(id, _) => Some(*id),
            Change::Settings(_) | Change::Classes(_) => None,
        }));
    }
}

/// The content of a project's files.
struct Loaded {
    manifest_saves: u64,
    /// The document at the last save.
    document: Document,
    sidecars: BTreeMap<VideoId, String>,
    damaged: BTreeMap<VideoId, Damaged>,
    reading: Reading,
}

/// Labels that could not be read.
struct Damaged {
    /// Path of the file, if it exists.
    file: Option<PathBuf>,
    why: Error,
}

/// Reads the files in `dir`, repeatedly if another window saves them meanwhile.
fn load(dir: &Path) -> Result<Loaded> {
    let path = dir.join(Project::FILE);
    let mut loaded = load_once(dir, &path)?;
    for _ in 1..READINGS {
        if Manifest::read(&path)?.saves == loaded.manifest_saves {
            break;
        }
        loaded = load_once(dir, &path)?;
    }
    Ok(loaded)
}

fn load_once(dir: &Path, path: &Path) -> Result<Loaded> {
    let manifest = Manifest::read(path)?;
    let manifest_saves = manifest.saves;
    let (mut document, rows) = manifest.into_document();
    let (mut sidecars, mut damaged) = (BTreeMap::new(), BTreeMap::new());
    for VideoRow { id, path, labels, facts } in rows {
        let mut video = Video { facts, ..Video::new(path) };
        if let Some(name) = labels {
            if let Err(why) = read_sidecar(dir, &name, &document.classes, &mut video) {
                let file = Some(dir.join(sidecar::DIR).join(&name)).filter(|_| sidecar::is_name(&name));
                damaged.insert(id, Damaged { file: file.filter(|file| file.exists()), why });
            }
            sidecars.insert(id, name);
        }
        document.videos.insert(id, video);
    }
    let reading = Reading::of(&dir.join(JOURNAL), manifest_saves)?;
    Ok(Loaded { manifest_saves, document, sidecars, damaged, reading })
}

/// Adds the content of the label file `name` to `video`, a video of the project in `dir`.
fn read_sidecar(dir: &Path, name: &str, classes: &[Class], video: &mut Video) -> Result<()> {
    let file = dir.join(sidecar::DIR).join(name);
    if !sidecar::is_name(name) {
        return Err(Error::file(&file, "not a valid name of a label file", "Correct project.toml"));
    }
    sidecar::read(&file, classes, video)
}

/// Checks that the project in `dir` was saved exactly `saves` times.
fn check_saves(dir: &Path, saves: u64) -> Result<()> {
    let path = dir.join(Project::FILE);
    if Manifest::saves_in(&path)?.is_none_or(|now| now == saves) {
        return Ok(());
    }
    let cause = "another window or program has saved the project meanwhile, so that nothing more can be changed here";
    Err(Error::file(&path, cause, "Close the project here and open it again"))
}

/// Returns the error for locked labels of a video whose file could not be read because of `why`.
fn locked_by(why: &Error) -> Error {
    let cause = format!("{}; the labels of its video are locked, and nothing is changed in the file", why.cause);
    let again = "then reopen the project, or press Reload in Project › Clip";
    Error { cause, remedy: format!("{}; {again}", why.remedy), ..why.clone() }
}

/// Returns a note on earlier changes that cannot be undone: the project was changed by something else since, or the
/// content of some of its videos is unknown.
fn lost_note(dir: &Path, lost: usize, is_locked: bool) -> Option<Error> {
    let changes = match lost {
        0 => return None,
        1 => "1 earlier change cannot be undone".to_owned(),
        lost => format!("{lost} earlier changes cannot be undone"),
    };
    let (cause, remedy) = match is_locked {
        true => ("labels of videos are locked", "Repair their files and reopen the project before you change anything"),
        false => {
            ("files of the project were changed outside", "No action needed; what is done from now on can be undone")
        }
    };
    Some(Error::file(&dir.join(HISTORY), format!("{changes}: {cause}"), remedy))
}

/// Keeps copies of unreadable files before they are replaced: label files and the journal.
fn keep_aside(dir: &Path, reading: &Reading, replaced: &[PathBuf]) -> Result<()> {
    for file in replaced {
        fs::rename(file, free_name(file, "damaged")).map_err(|error| Error::io(file, &error))?;
    }
    if matches!(reading.fault, Some(Fault::Damaged { .. })) {
        let journal = dir.join(JOURNAL);
        fs::copy(&journal, free_name(&journal, "damaged")).map_err(|error| Error::io(&journal, &error))?;
    }
    Ok(())
}

/// Keeps a copy of an unreadable history before it is replaced, and returns the note about it.
fn keep_history_aside(path: &Path) -> Result<Error> {
    let aside = free_name(path, "damaged");
    fs::rename(path, &aside).map_err(|error| Error::io(path, &error))?;
    let cause = "it is damaged, or was written by a newer version; earlier changes cannot be undone";
    Ok(Error::file(path, cause, format!("No action needed; it was kept as {}", aside.display())))
}

/// Returns `path` with `ending` and, if needed, a number, so that no such file exists.
fn free_name(path: &Path, ending: &str) -> PathBuf {
    let name = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { format!(".{ending}") } else { format!(".{ending}-{number}") });
        PathBuf::from(name)
    };
    (1..).map(name).find(|path| !path.exists()).expect("a folder does not hold every number")
}

/// Returns the notes about a journal that was read.
fn journal_notes(dir: &Path, reading: &Reading, is_writable: bool) -> Vec<Error> {
    let path = dir.join(JOURNAL);
    let mut notes = Vec::new();
    if is_writable && !reading.steps.is_empty() {
        let changes = counted(reading.steps.len(), "unsaved change");
        let cause = format!("recovered {changes} after an unexpected exit");
        notes.push(Error::file(&path, cause, "No action needed"));
    }
    match reading.fault {
        Some(Fault::Cut) if is_writable => {
            let cause = "its last line is incomplete and was skipped";
            notes.push(Error::file(&path, cause, "Repeat the last change if it is missing"));
        }
        Some(Fault::Damaged { line, left_out }) => {
            let cause = format!("line {line} is damaged; it and the rest were skipped: {}", counted(left_out, "line"));
            let kept = if is_writable { "; a copy of the journal is kept beside it, ending in .damaged" } else { "" };
            notes.push(Error::file(&path, cause, format!("Check the last changes{kept}")));
        }
        _ => {}
    }
    notes
}
