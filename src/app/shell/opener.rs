//! Finds out on a thread of its own what is at a path: the disk may be slow, or far away.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;

use crate::app::settings::LastPlace;
use crate::app::tasks::Tasks;
use crate::app::viewer::clips::ClipFolder;
use crate::data::{DataSource, Dataset};
use crate::engine::{default_model, flow_model};
use crate::error::{Error, Result};
use crate::labels::Project;
use crate::video::{check_opening, is_frame_folder, is_hidden, is_video, natural_order};

/// A model folder holds this file.
pub const MODEL_CARD: &str = "model.toml";
/// Clips that are checked at a time.
const CHECKED: usize = 16;
/// The sample project keeps its clips here.
const CLIPS: &str = "clips";

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A clip.
    Clip(PathBuf),
    /// Nothing that can be opened, and why.
    Nothing(PathBuf, Error),
    /// A folder with several clips directly in it.
    Clips(ClipFolder),
    /// The same with one sub-folder of clips per class.
    Classes(ClipFolder),
    /// The clip that was open last, and the folder whose clips were listed.
    Last(LastPlace, Option<ClipFolder>),
    /// The clip that was open last is not there any more.
    NoLast,
    /// A model folder.
    Model(PathBuf),
    /// The folder of a labelling project.
    Project(PathBuf),
    /// A folder whose videos are for the project that was open.
    ForProject {
        /// The folder.
        folder: PathBuf,
        /// The folder of the project.
        project: PathBuf,
    },
    /// The sample is not there any more.
    NoSample,
    /// Corrected clips for the project that was open, each with its class.
    Corrections {
        /// The folder of the project.
        project: PathBuf,
        /// The clips.
        clips: Vec<(PathBuf, String)>,
    },
    /// The folder of the model that was used the last time, or that of the one that comes with the program; the reason if there is
    /// none.
    KnownModel(ModelRole, Result<PathBuf>),
}

/// What a model is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelRole {
    /// The networks in use.
    First,
    /// Those that they are compared with.
    Second,
}

/// What is looked for, and which of the looks has found it.
#[derive(Default)]
pub struct Opener {
    tasks: Tasks<u64, Found>,
    /// How often something was asked for.
    asked: u64,
    /// The path that a person asked for last, until it is known what it is.
    looking: Option<PathBuf>,
    /// Nothing is opened that was asked for up to this.
    cancelled: u64,
    checks: Tasks<CheckedPart, Vec<(PathBuf, Error)>>,
}

/// The folder whose clips are checked, and the place of the first that is not checked yet.
type CheckedPart = (Arc<ClipFolder>, usize);

impl Opener {
    /// Begins to look at `path`.
    pub fn look(&mut self, path: PathBuf, ctx: &Context) {
        self.ask(&path);
        self.run(ctx, move || Ok(found_at(path)));
    }

    /// Begins to look at `path`, which was dropped onto the window: a folder of videos is for the project in `project`, unless it is
    /// something of its own.
    pub fn look_at_dropped(&mut self, path: PathBuf, project: Option<PathBuf>, ctx: &Context) {
        self.ask(&path);
        self.run(ctx, move || match project.filter(|_| path.is_dir() && !is_own(&path)) {
            Some(project) => Ok(Found::ForProject { folder: path, project }),
            None => Ok(found_at(path)),
        });
    }

    /// Begins to look at the sample in `dir`, which may have been deleted.
    pub fn look_for_sample(&mut self, dir: PathBuf, ctx: &Context) {
        self.ask(&dir);
        self.run(ctx, move || if dir.is_dir() { find(&dir) } else { Ok(Found::NoSample) });
    }

    /// Begins to look for the clip that was open last, which may be on a disk that is away.
    pub fn look_for_last(&mut self, last: LastPlace, ctx: &Context) {
        self.ask(&last.clip);
        self.run(ctx, move || Ok(find_last(last)));
    }

    /// Begins to look for the corrected clips in `folder`, for the project in `project`.
    pub fn look_for_corrections(&self, folder: PathBuf, project: PathBuf, ctx: &Context) {
        self.run(ctx, move || {
            let Dataset { classes, clips, .. } = Dataset::open(&DataSource::Folder(folder))?;
            let clips = clips.into_iter().filter_map(|clip| Some((clip.path, classes.get(clip.label)?.clone())));
            Ok(Found::Corrections { project, clips: clips.collect() })
        });
    }

    /// Begins to look whether the model in `dir` is still there; the one that comes with the program takes its place.
    pub fn look_for_model(&self, role: ModelRole, dir: PathBuf, ctx: &Context) {
        self.run(ctx, move || {
            let shipped = || if role == ModelRole::First { default_model() } else { flow_model() };
            Ok(Found::KnownModel(role, if dir.is_dir() { Ok(dir) } else { shipped() }))
        });
    }

    /// Begins to check which clips of `folder` cannot be opened, some of them from the place `from` on: whoever takes the answer asks
    /// for the next ones, as long as the folder is open.
    pub fn check_clips(&self, folder: &Arc<ClipFolder>, from: usize, ctx: &Context) {
        let next = (from + CHECKED).min(folder.clips.len());
        if from == next {
            return;
        }
        let checked = folder.clone();
        self.checks.start("check", ctx, (folder.clone(), next), move || {
            let fault = |clip: &PathBuf| Some((clip.clone(), check_opening(clip).err()?));
            Ok(checked.clips[from..next].iter().filter_map(fault).collect())
        });
    }

    /// Returns the clips that cannot be opened, by part of a folder, found since the last call.
    pub fn faults(&self) -> impl Iterator<Item = (CheckedPart, Vec<(PathBuf, Error)>)> + use<> {
        self.checks.poll().map(|(part, faults)| (part, faults.unwrap_or_default()))
    }

    /// Opens no clip any more that was asked for before: another one is.
    pub fn forget_clips(&mut self) {
        (self.asked, self.looking) = (self.asked + 1, None);
    }

    /// Opens nothing any more that was asked for before.
    pub fn cancel(&mut self) {
        self.cancelled = self.asked;
        self.forget_clips();
    }

    /// Returns the path that a person asked for last, until it is known what it is.
    pub fn looking(&self) -> Option<&PathBuf> {
        self.looking.as_ref()
    }

    fn ask(&mut self, path: &Path) {
        (self.asked, self.looking) = (self.asked + 1, Some(path.to_owned()));
    }

    fn run(&self, ctx: &Context, work: impl FnOnce() -> Result<Found> + Send + 'static) {
        self.tasks.start("open", ctx, self.asked, work);
    }

    /// What was found since the last call. Disks may answer in another order than they were asked in: of several clips, only the one
    /// that was asked for last is among it.
    pub fn answers(&mut self) -> impl Iterator<Item = Result<Found>> + use<> {
        let (asked, cancelled) = (self.asked, self.cancelled);
        let found: Vec<_> = self.tasks.poll().collect();
        let is_own = |found: &Result<Found>| matches!(found, Ok(Found::KnownModel(..) | Found::Corrections { .. }));
        if found.iter().any(|(number, found)| *number == asked && !is_own(found)) {
            self.looking = None;
        }
        let is_clip = |found: &Result<Found>| {
            matches!(found, Ok(Found::Clip(_) | Found::Clips(_) | Found::Classes(_) | Found::Last(..)))
        };
        let is_wanted = move |number: u64, found: &Result<Found>| match number == asked {
            true => true,
            false if is_own(found) => true,
            false => number > cancelled && !is_clip(found),
        };
        let in_time = found.into_iter().filter(move |(number, found)| is_wanted(*number, found));
        in_time.map(|(_, found)| found)
    }
}

/// Whether a folder is more than a folder of videos.
fn is_own(folder: &Path) -> bool {
    [Project::FILE, MODEL_CARD].iter().any(|name| folder.join(name).is_file())
}

fn found_at(path: PathBuf) -> Found {
    find(&path).unwrap_or_else(|error| Found::Nothing(path, error))
}

fn find_last(last: LastPlace) -> Found {
    match find(&last.clip) {
        Ok(Found::Clip(clip)) if clip == last.clip => {}
        _ => return Found::NoLast,
    }
    let folder = match last.folder.as_deref().map(find) {
        Some(Ok(Found::Clips(folder) | Found::Classes(folder))) => Some(folder),
        _ => None,
    };
    let folder = folder.map(|folder| if last.lists_sub_folders { folder.with_those_beside() } else { folder });
    let folder = folder.filter(|folder| folder.place(&last.clip).is_some());
    Found::Last(last, folder)
}

/// What is at `path`.
fn find(path: &Path) -> Result<Found> {
    let metadata = std::fs::metadata(path).map_err(|error| Error::io(path, &error))?;
    if path.file_name().is_some_and(|name| name == MODEL_CARD) {
        return Ok(Found::Model(path.parent().unwrap_or(path).to_owned()));
    }
    if path.file_name().is_some_and(|name| name == Project::FILE) {
        return Ok(Found::Project(path.parent().unwrap_or(path).to_owned()));
    }
    if metadata.is_file() {
        // What cannot be opened does not push the open clip aside.
        check_opening(path)?;
        return Ok(Found::Clip(path.to_owned()));
    }
    if path.join(MODEL_CARD).is_file() {
        return Ok(Found::Model(path.to_owned()));
    }
    if path.join(Project::FILE).is_file() {
        return Ok(Found::Project(path.to_owned()));
    }
    let clips = path.join(CLIPS);
    let folder = if clips.is_dir() { clips } else { path.to_owned() };
    match clips_in(&folder)?.as_slice() {
        [] => {}
        clips => {
            let beside = clips_in_folders_of(&folder);
            if let ([clip], []) = (clips, &*beside) {
                return Ok(Found::Clip(clip.clone()));
            }
            return Ok(Found::Clips(ClipFolder::new(folder, clips.to_owned()).beside(beside)));
        }
    }
    if is_frame_folder(&folder) {
        return Ok(Found::Clip(folder));
    }
    let dataset = Dataset::open(&DataSource::Folder(folder.clone())).ok();
    let clips = dataset.into_iter().flat_map(|dataset| dataset.clips).map(|clip| clip.path);
    let clips: Vec<PathBuf> = clips.collect();
    match clips.is_empty() {
        false => Ok(Found::Classes(ClipFolder::new(folder, clips).of_classes())),
        true => Err(Error::file(
            path,
            "the folder contains no clips, class folders or model",
            "Open a video, a folder of frames, a folder with one sub-folder per class, or a model folder",
        )),
    }
}

/// The videos directly in `folder`, in the order in which people count.
fn clips_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut clips: Vec<_> = paths.filter(|path| is_video(path) && path.is_file()).collect();
    clips.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(clips)
}

/// Returns the clips directly in sub-folders of `folder`, in the order in which people count.
fn clips_in_folders_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir() && !is_hidden(path)).collect();
    folders.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    folders.iter().flat_map(|folder| clips_in(folder).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_clip_that_was_asked_for_last_is_opened_whichever_disk_answers_first() {
        let mut opener = Opener::default();
        let clip = |name: &str| Ok(Found::Clip(name.into()));
        let answer = |opener: &Opener, number: u64, found| opener.tasks.finish(number, found);
        opener.asked = 2;
        answer(&opener, 2, clip("b.mp4"));
        answer(&opener, 1, clip("a.mp4"));
        answer(&opener, 1, Ok(Found::Model("model".into())));
        let found: Vec<_> = opener.answers().collect();
        assert_eq!(found, [clip("b.mp4"), Ok(Found::Model("model".into()))]);
        answer(&opener, 2, clip("b.mp4"));
        opener.forget_clips();
        assert_eq!(opener.answers().count(), 0, "another one was chosen in a list meanwhile");
        opener.ask(Path::new("/far/away"));
        assert_eq!(opener.looking().map(PathBuf::as_path), Some(Path::new("/far/away")));
        let number = opener.asked;
        opener.cancel();
        answer(&opener, number, Ok(Found::Project("project".into())));
        answer(&opener, number, Ok(Found::KnownModel(ModelRole::First, Ok("model".into()))));
        let found: Vec<_> = opener.answers().collect();
        assert_eq!(
            found,
            [Ok(Found::KnownModel(ModelRole::First, Ok("model".into())))],
            "a person asked for the other"
        );
        assert_eq!(opener.looking(), None);
    }

    #[test]
    fn the_clips_of_a_folder_that_cannot_be_opened_are_found_part_by_part() {
        let dir = tempfile::tempdir().unwrap();
        let clips: Vec<PathBuf> = (0..CHECKED + 3).map(|i| dir.path().join(format!("{i}.mp4"))).collect();
        clips.iter().for_each(|clip| fs::write(clip, "no video").unwrap());
        let (opener, ctx) = (Opener::default(), Context::default());
        let folder = Arc::new(ClipFolder::new(dir.path().to_owned(), clips.clone()));
        let (mut from, mut found) = (0, Vec::new());
        while from < clips.len() {
            opener.check_clips(&folder, from, &ctx);
            let ((of, next), faults) = loop {
                if let Some(part) = opener.faults().next() {
                    break part;
                }
                std::thread::yield_now();
            };
            assert!(Arc::ptr_eq(&of, &folder) && next > from);
            from = next;
            found.extend(faults.into_iter().map(|(clip, _)| clip));
        }
        assert_eq!(found, clips);
    }

    #[test]
    fn folders_are_told_apart_by_what_they_hold() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["model", "project", "sample/clips/wave", "sample/clips/bow", "flat", "empty"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in [
            "model/model.toml",
            "project/project.toml",
            "project/a.mp4",
            "sample/clips/wave/1.mp4",
            "sample/clips/bow/2.avi",
            "flat/b10.mp4",
            "flat/b2.mp4",
            "flat/._b2.mp4",
            "flat/a.mkv",
            "flat/0.txt",
        ] {
            fs::write(at(file), "").unwrap();
        }
        assert_eq!(find(&at("model")), Ok(Found::Model(at("model"))));
        assert_eq!(find(&at("model/model.toml")), Ok(Found::Model(at("model"))));
        assert_eq!(find(&at("project")), Ok(Found::Project(at("project"))));
        assert_eq!(find(&at("project/project.toml")), Ok(Found::Project(at("project"))));
        let clips = ["sample/clips/bow/2.avi", "sample/clips/wave/1.mp4"].map(at).to_vec();
        let classes = Found::Classes(ClipFolder::new(at("sample/clips"), clips).of_classes());
        assert_eq!(find(&at("sample")), Ok(classes));
        let clips = ["flat/a.mkv", "flat/b2.mp4", "flat/b10.mp4"].map(at).to_vec();
        assert_eq!(find(&at("flat")), Ok(Found::Clips(ClipFolder::new(at("flat"), clips))));
        fs::create_dir(at("flat/run")).unwrap();
        fs::write(at("flat/run/c.mp4"), "").unwrap();
        let Ok(Found::Clips(folder)) = find(&at("flat")) else { panic!("it has clips of its own") };
        assert_eq!((folder.clips.len(), &folder.beside), (3, &vec![at("flat/run/c.mp4")]), "they are not listed");
        assert_eq!(folder.with_those_beside().clips[3], at("flat/run/c.mp4"));
        let last = |clip: &str| {
            let folder = Some(at("flat"));
            LastPlace { clip: at(clip), frame: 7, folder, lists_sub_folders: false }
        };
        assert_eq!(find_last(last("flat/a.mkv")), Found::NoLast, "it is no video");
        assert_eq!(find_last(last("gone.mp4")), Found::NoLast);
        fs::remove_file(at("flat/a.mkv")).unwrap();
        fs::remove_file(at("flat/b2.mp4")).unwrap();
        let Ok(Found::Clips(folder)) = find(&at("flat")) else { panic!("there is another clip in a sub-folder") };
        assert_eq!((folder.clips.len(), folder.beside.len()), (1, 1));
        fs::remove_file(at("flat/run/c.mp4")).unwrap();
        assert_eq!(find(&at("flat")), Ok(Found::Clip(at("flat/b10.mp4"))));
        assert!(find(&at("flat/0.txt")).is_err(), "it is no video");
        fs::create_dir(at("frames")).unwrap();
        (8..12).for_each(|number| fs::write(at("frames").join(format!("v_{number}.jpg")), "").unwrap());
        assert_eq!(find(&at("frames")), Ok(Found::Clip(at("frames"))), "its pictures are the frames of one clip");
        assert!(find(&at("empty")).unwrap_err().cause.contains("no clips"));
        assert!(find(&at("missing")).unwrap_err().cause.contains("no such file"));
    }
}
