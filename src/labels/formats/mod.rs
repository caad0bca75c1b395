//! Labels in and out, in the formats of other programs.
//!
//! A project becomes a sheet, labels by name, from which each format is written; what is read from a format is a sheet again,
//! which is merged into the project as a step. What a format cannot hold is told when it is written:
//!
//! | format | clip labels | several at a time | segments | background | unlabelled videos | groups | notes |
//! |---|---|---|---|---|---|---|---|
//! | [JSON](Format::Json) | yes | yes | by frame | yes | yes | yes | yes |
//! | [CSV](Format::Csv) | yes | yes | in seconds and by frame | yes | no | of labelled videos | of labels |
//! | [UCF101 lists](Format::UcfLists) | yes | no | as clips that are cut out | yes | no | in file names | no |
//! | [ActivityNet](Format::ActivityNet) | yes | yes | in seconds | yes | yes | no | no |
//! | [ELAN](Format::Elan) | yes | yes | in ms | yes | yes | no | no |
//! | [BORIS](Format::Boris) | yes | yes | in seconds | yes | yes | no | of segments and videos |
//! | [CVAT](Format::Cvat) | yes | yes | by frame | yes | yes | no | of segments |
//! | [Label Studio](Format::LabelStudio) | yes | yes | by frame of its interface | yes | yes | no | of segments |
//! | [X-AnyLabeling](Format::XAnyLabeling) | yes | yes | by frame | yes | yes | no | of segments |
//!
//! Times are those of the first frame and of the one after the last, by the time stamps of the video and on the clock of its
//! file: zero is where the file begins, as in players, even where its pictures begin later. Read, they mean the nearest frames,
//! so that what is exported comes back to the frame as long as the unit is finer than a frame. An event without a length is one
//! frame.

mod activity_net;
mod boris;
mod csv;
mod cut;
mod cvat;
mod detect;
mod elan;
#[cfg(test)]
mod foreign_tests;
mod json;
mod label_studio;
#[cfg(test)]
mod loose_tests;
mod merge;
#[cfg(test)]
mod round_trip_tests;
mod sheet;
mod text;
mod ucf_lists;
mod video_finder;
mod x_any_labeling;
mod xml;

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::document::BACKGROUND;
use super::{Document, Step, StoredPath};
use crate::error::{Error, Result};
use crate::output::{Existing, OutputGuard, Staging};
pub use cut::Cut;
use sheet::{Clip, Sheet};
pub use ucf_lists::exported_clips;
use video_finder::VideoFinder;

/// A format of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Format {
    /// Everything, as JSON.
    ///
    /// For other projects and programs of one's own.
    Json,
    /// A table of path, label, start, end.
    ///
    /// `path,label,start,end,group,note,start_frame,end_frame,fps`, which can be trained on as it is.
    Csv,
    /// Lists as UCF101's, and clips that are cut out.
    ///
    /// A folder as UCF101 comes: `classInd.txt`, `trainlist01.txt`, `testlist01.txt` and the clips.
    #[value(name = "ucf")]
    UcfLists,
    /// ActivityNet's JSON.
    ///
    /// It can be trained on as it is.
    ActivityNet,
    /// ELAN's .eaf files.
    ///
    /// A folder with an annotation document for each video.
    Elan,
    /// A project of BORIS, or a table of its events.
    ///
    /// A project is written; tables that BORIS exports are read as well.
    Boris,
    /// "CVAT for video 1.1".
    ///
    /// A folder with an XML file for each video.
    Cvat,
    /// Tasks of Label Studio.
    ///
    /// They have `TimelineLabels` and `Choices`.
    LabelStudio,
    /// JSON files of X-AnyLabeling's video classifier.
    ///
    /// A folder with one for each video.
    XAnyLabeling,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Json,
        Self::Csv,
        Self::UcfLists,
        Self::ActivityNet,
        Self::Elan,
        Self::Boris,
        Self::Cvat,
        Self::LabelStudio,
        Self::XAnyLabeling,
    ];

    /// What a person knows it as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "Motionscope JSON",
            Self::Csv => "CSV",
            Self::UcfLists => "UCF101 lists and clips",
            Self::ActivityNet => "ActivityNet JSON",
            Self::Elan => "ELAN",
            Self::Boris => "BORIS",
            Self::Cvat => "CVAT for video 1.1",
            Self::LabelStudio => "Label Studio",
            Self::XAnyLabeling => "X-AnyLabeling",
        }
    }

    /// Whether it is exported to a folder rather than a file.
    pub fn is_folder(self) -> bool {
        matches!(self, Self::UcfLists | Self::Elan | Self::Cvat | Self::XAnyLabeling)
    }

    /// Whether its files have times in seconds.
    fn has_seconds(self) -> bool {
        matches!(
            self,
            Self::Csv | Self::ActivityNet | Self::Elan | Self::Boris | Self::LabelStudio | Self::XAnyLabeling
        )
    }

    /// How its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Json | Self::ActivityNet | Self::LabelStudio | Self::XAnyLabeling => "json",
            Self::Csv => "csv",
            Self::UcfLists => "txt",
            Self::Elan => "eaf",
            Self::Boris => "boris",
            Self::Cvat => "xml",
        }
    }
}

/// Labels in another format, to be written or written already.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exported {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The text of each.
    texts: Vec<String>,
    /// Clips that are yet to be cut out of their videos.
    pub cuts: Vec<Cut>,
    /// What the format could not hold.
    pub notes: Vec<Error>,
    /// Whether labels that cannot be read are missing in it, or videos are no longer what was labelled; the notes say which.
    pub is_doubtful: bool,
}

impl Exported {
    /// Writes the files into `staging`, a folder they are all in.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn stage(&self, staging: &Staging) -> Result<()> {
        for (file, text) in self.files.iter().zip(&self.texts) {
            fs::write(staging.file(file)?, text).map_err(|error| Error::io(file, &error))?;
        }
        Ok(())
    }
}

/// The folder that all files of an export to `target` are in.
pub fn folder_of(format: Format, target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !format.is_folder() => folder,
        _ => target,
    }
}

/// Keeps exports of a project in `dir` from its videos.
pub fn guard(document: &Document, dir: &Path, existing: Existing) -> OutputGuard {
    OutputGuard::new(existing).protecting(document.videos.values().map(|video| StoredPath::decode(&video.path, dir)))
}

/// What a person decides before an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    /// Classes that the project does not have are added; else their labels are left out.
    pub add_classes: bool,
    /// Labels of the file take the place of those of the project; else videos that have some keep theirs.
    pub replace: bool,
    /// The project has several labels at a time from now on; else the first of several is taken.
    pub allow_several: bool,
}

/// What an import would do, and what is to be decided before.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// What brings the labels into the project; to be performed.
    pub step: Step,
    /// What is left out or changed, and where it stands.
    pub notes: Vec<Error>,
    /// What was assumed about what is not left out.
    pub remarks: Vec<Error>,
    /// Classes of the file that the project does not have.
    pub unknown_classes: Vec<String>,
    /// Videos of the file that the project does not have, but that exist: their labels are left out until they are added.
    pub unknown_videos: Vec<PathBuf>,
    /// Whether the file says several things at a time and the project does not allow it.
    pub needs_several: bool,
    /// Videos whose labels change.
    pub videos: usize,
    /// Videos among them that are new.
    pub new_videos: usize,
    /// Videos that keep other labels than the file's.
    pub kept: usize,
    /// Labels and segments of the project whose place is taken by others.
    pub replaced: usize,
    /// Labels and segments of the file that are left out.
    pub left_out: usize,
}

impl Default for Import {
    fn default() -> Self {
        Self {
            step: Step::new("Import", Vec::new()),
            notes: Vec::new(),
            remarks: Vec::new(),
            unknown_classes: Vec::new(),
            unknown_videos: Vec::new(),
            needs_several: false,
            videos: 0,
            new_videos: 0,
            kept: 0,
            replaced: 0,
            left_out: 0,
        }
    }
}

/// Writes the labels of `document`, a project in `dir`, to `target`, a file or, where [`Format::is_folder`], a folder. All
/// files are written or none, and none that exists is replaced.
///
/// # Errors
/// If a file exists or cannot be written.
pub fn export(format: Format, document: &Document, dir: &Path, target: &Path) -> Result<Exported> {
    let exported = prepare(format, document, dir, target)?;
    let guard = guard(document, dir, Existing::Keep);
    guard.check(&exported.files)?;
    let staging = Staging::begin(folder_of(format, target))?;
    exported.stage(&staging)?;
    staging.publish(&guard)?;
    Ok(exported)
}

/// The same without writing anything.
///
/// # Errors
/// If the format cannot hold the labels at all.
pub fn prepare(format: Format, document: &Document, dir: &Path, target: &Path) -> Result<Exported> {
    let sheet = Sheet::of(document, dir);
    let mut exported = match format {
        Format::Json => json::write(&sheet, document, dir, target),
        Format::Csv => csv::write(&sheet, target),
        Format::UcfLists => ucf_lists::write(&sheet, target),
        Format::ActivityNet => activity_net::write(&sheet, target),
        Format::Elan => elan::write(&sheet, target),
        Format::Boris => boris::write(&sheet, target),
        Format::Cvat => cvat::write(&sheet, target),
        Format::LabelStudio => label_studio::write(&sheet, target),
        Format::XAnyLabeling => x_any_labeling::write(&sheet, target),
    }?;
    if format.has_seconds() {
        let is_assumed = |clip: &&Clip| clip.clock.as_ref().is_some_and(|clock| clock.is_assumed) && clip.is_labelled();
        let assumed = sheet.clips.iter().filter(is_assumed).count();
        let what = "videos whose frames' times are not known yet, so that an even rate stands in for them";
        note_lost(&mut exported, target, assumed, what, "Check the videos of the project and export again");
    }
    for video in document.videos.values() {
        exported.is_doubtful |= video.locked.is_some();
        exported.notes.extend(video.locked.as_deref().cloned());
        exported.notes.extend(video.note_beyond_end(&StoredPath::decode(&video.path, dir)));
    }
    Ok(exported)
}

/// Reads the labels in `source`, a file or a folder of files, into `document`, a project in `dir`; nothing is changed
/// until the step that comes back is performed.
///
/// # Errors
/// If `source` as a whole cannot be read; what is wrong with parts of it is among the notes.
pub fn import(format: Format, source: &Path, document: &Document, dir: &Path, choices: Choices) -> Result<Import> {
    let sheet = match format {
        Format::Json => json::read(source),
        Format::Csv => csv::read(source),
        Format::UcfLists => ucf_lists::read(source),
        Format::ActivityNet => activity_net::read(source),
        Format::Elan => elan::read(source, &VideoFinder::new(document, dir, folder_of_source(source))),
        Format::Boris => boris::read(source),
        Format::Cvat => cvat::read(source),
        Format::LabelStudio => label_studio::read(source),
        Format::XAnyLabeling => x_any_labeling::read(source),
    }?;
    Ok(merge::merge(sheet, source, document, dir, choices))
}

/// The folder that a file's paths may be relative to.
fn folder_of_source(source: &Path) -> &Path {
    if source.is_dir() { source } else { source.parent().unwrap_or(Path::new("")) }
}

/// Adds one file to an export.
fn write_file(path: &Path, text: &str, exported: &mut Exported) -> Result<()> {
    exported.files.push(path.to_owned());
    exported.texts.push(text.to_owned());
    Ok(())
}

/// Notes what the format cannot hold of `count` things.
fn note_lost(exported: &mut Exported, target: &Path, count: usize, what: &str, remedy: &str) {
    if count > 0 {
        exported.notes.push(Error::file(target, format!("{what}: {count}"), remedy));
    }
}
