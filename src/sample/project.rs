//! The sample as files: clips in one folder per class, lists in UCF101's format, and some exact flow.

use std::fs;
use std::path::{Path, PathBuf};

use super::clip::{FPS, GeneratedClip};
use super::{ACTIONS, Action, STYLES};
use crate::error::{Error, Result};
use crate::flow::files::write_flo;
use crate::video::{Geometry, VideoWriter};

/// Size of the sample's clips.
const GEOMETRY: Geometry = Geometry { width: 320, height: 240 };

/// Length of the sample's clips in frames.
const FRAMES: usize = 40;

/// Number of styles for training; the others are for testing, so that training and test share neither persons nor
/// places.
const TRAINING_STYLES: usize = 6;

/// The styles of [`SampleSize::Few`]; the last is one for testing.
const FEW_STYLES: [usize; 3] = [0, 1, 6];

/// Number of frame pairs whose exact flow is stored, for one clip of every test style: one window of the networks.
const FLOW_PAIRS: usize = 10;

/// Action and style of the clip to show first.
const FIRST: (Action, usize) = (Action::Wave, 0);

/// The paths of a written sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleProject {
    /// The folder with one sub-folder of clips per class.
    pub clips: PathBuf,
    /// Class index with numbers and names.
    pub classes: PathBuf,
    /// List of training clips, with class numbers.
    pub train_list: PathBuf,
    /// List of test clips.
    pub test_list: PathBuf,
    /// The clip to show first.
    pub first: PathBuf,
}

/// The size of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleSize {
    /// Every action in three styles, one of which is for testing: enough for viewing and labelling.
    Few,
    /// Every action in every style.
    Full,
}

impl SampleSize {
    fn has(self, style: usize) -> bool {
        self == Self::Full || FEW_STYLES.contains(&style)
    }
}

/// Writes the whole sample below `dir`, which is created if missing; the same `seed` writes the same pictures.
///
/// `progress` is called before the first and after every clip with the number of clips done and of all. The clip to
/// show first, [`first_clip`], is written before the others.
///
/// # Errors
/// If the folder cannot be written to or a clip cannot be encoded.
pub fn write_project(dir: &Path, seed: u64, progress: &mut dyn FnMut(usize, usize)) -> Result<SampleProject> {
    write_part(dir, seed, SampleSize::Full, &mut |done, of, _| progress(done, of), &|| false)?;
    let [classes, train_list, test_list, _] = files(dir);
    Ok(SampleProject { clips: dir.join("clips"), classes, train_list, test_list, first: first_clip(dir) })
}

/// Writes a sample of this size like [`write_project`], until `is_stopped` returns true; the finished clips are kept.
/// `progress` also receives the clip just written. Returns whether all are written.
///
/// # Errors
/// Same as [`write_project`].
pub fn write_part(
    dir: &Path,
    seed: u64,
    size: SampleSize,
    progress: &mut dyn FnMut(usize, usize, Option<&Path>),
    is_stopped: &dyn Fn() -> bool,
) -> Result<bool> {
    let styles = (0..STYLES.len()).filter(|style| size.has(*style));
    let entries: Vec<SampleEntry> =
        ACTIONS.iter().flat_map(|&action| styles.clone().map(move |style| SampleEntry { action, style })).collect();
    write_lists(dir, &entries)?;
    write_text(&dir.join("README.txt"), README)?;
    progress(0, entries.len(), None);
    let (first, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| (entry.action, entry.style) == FIRST);
    for (done, entry) in first.into_iter().chain(others).enumerate() {
        if !write_clip(dir, entry, seed, is_stopped)? {
            return Ok(false);
        }
        progress(done + 1, entries.len(), Some(&dir.join("clips").join(entry.file())));
    }
    Ok(true)
}

/// Returns the clip to show first of the sample below `dir`.
pub fn first_clip(dir: &Path) -> PathBuf {
    let (action, style) = FIRST;
    dir.join("clips").join(SampleEntry { action, style }.file())
}

/// Returns the files that [`write_project`] writes first below `dir`: if they exist, there is a sample already.
pub fn files(dir: &Path) -> [PathBuf; 4] {
    ["classInd.txt", "trainlist01.txt", "testlist01.txt", "README.txt"].map(|name| dir.join(name))
}

/// One clip of the sample.
struct SampleEntry {
    action: Action,
    style: usize,
}

impl SampleEntry {
    /// Returns the path without extension, such as `wave/wave_01`.
    fn stem(&self) -> String {
        format!("{0}/{0}_{1:02}", self.action, self.style + 1)
    }

    /// Returns the path in the clips folder, as in the lists.
    fn file(&self) -> String {
        format!("{}.mp4", self.stem())
    }

    /// Returns the class number in `classInd.txt`, from 1.
    fn class(&self) -> usize {
        self.action as usize + 1
    }

    fn is_training(&self) -> bool {
        self.style < TRAINING_STYLES
    }

    /// Returns whether its flow is stored: for one action of every test style, 10 files of 0.6 MB are enough to
    /// evaluate a network.
    fn has_flow(&self) -> bool {
        let chosen = [Action::Wave, Action::Walk];
        (TRAINING_STYLES..STYLES.len()).zip(chosen).any(|pair| pair == (self.style, self.action))
    }
}

/// Writes a clip, or nothing if it is stopped; returns whether it was written.
fn write_clip(dir: &Path, entry: &SampleEntry, seed: u64, is_stopped: &dyn Fn() -> bool) -> Result<bool> {
    // The factor separates samples with different seeds.
    let clip_seed = seed.wrapping_mul(1009).wrapping_add((entry.class() * STYLES.len() + entry.style) as u64);
    let clip = GeneratedClip::new(entry.action, &STYLES[entry.style], clip_seed, FRAMES, GEOMETRY);
    let path = dir.join("clips").join(entry.file());
    make_folder(&path)?;
    let mut writer = VideoWriter::create(&path, GEOMETRY, FPS)?;
    for index in 0..FRAMES {
        if is_stopped() {
            return Ok(false); // The file appears when it is complete.
        }
        let (picture, flow) = clip.frame(index);
        writer.push(&picture)?;
        if entry.has_flow() && index < FLOW_PAIRS {
            let path = dir.join("flow").join(entry.stem()).join(format!("{index:04}.flo"));
            make_folder(&path)?;
            write_flo(&path, &flow)?;
        }
    }
    writer.finish()?;
    Ok(true)
}

fn write_lists(dir: &Path, entries: &[SampleEntry]) -> Result<()> {
    let [class_list, train_list, test_list, _] = files(dir);
    let lines = |keep: &dyn Fn(&SampleEntry) -> Option<String>| entries.iter().filter_map(keep).collect::<String>();
    let classes: String = ACTIONS.iter().map(|action| format!("{} {action}\n", *action as usize + 1)).collect();
    write_text(&class_list, &classes)?;
    let train = lines(&|entry| entry.is_training().then(|| format!("{} {}\n", entry.file(), entry.class())));
    write_text(&train_list, &train)?;
    let test = lines(&|entry| (!entry.is_training()).then(|| format!("{}\n", entry.file())));
    write_text(&test_list, &test)
}

/// Writes `text` to the file `path`, and creates its folder.
pub(super) fn write_text(path: &Path, text: &str) -> Result<()> {
    make_folder(path)?;
    fs::write(path, text).map_err(|error| Error::io(path, &error))
}

/// Creates the folder of the file `path`.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))
}

const README: &str = "\
Motionscope sample: drawn people, exact labels, exact flow
==========================================================

clips/<action>/<action>_NN.mp4   320x240, 25 frames per second, 40 frames; NN is the style: person, clothes, place, camera
classInd.txt                     class numbers and names, as in UCF101
trainlist01.txt                  clips of styles 01 to 06 with their class number
testlist01.txt                   clips of styles 07 and 08: people and places that are not in the training list
flow/<action>/<clip>/NNNN.flo    exact flow from frame NNNN to the next one, in pixels, Middlebury format

The flow is that of the drawn surfaces before the video was compressed; the soft shadow on the ground is no surface.

Written by `motionscope sample`; the same seed writes the same pictures. Free to use for anything.
";
