//! Import and export of labels in the formats of other programs.
//!
//! For an export, a project is converted to an annotation set, labels by name, from which each format is written. An
//! import yields an annotation set, which is merged into the project as a step. An export reports the information that
//! its format cannot represent:
//!
//! | format | clip labels | several at a time | segments | background | unlabelled videos | groups | notes |
//! |---|---|---|---|---|---|---|---|
//! | [JSON](Format::Json) | yes | yes | by frame | yes | yes | yes | yes |
//! | [CSV](Format::Csv) | yes | yes | in seconds and by frame | yes | no | of labelled videos | of labels |
//! | [UCF101 lists](Format::UcfLists) | yes | no | as clips that are cut out | yes | no | in file names | no |
//! | [ActivityNet](Format::ActivityNet) | yes | yes | in seconds | yes | yes | yes | yes |
//! | [ELAN](Format::Elan) | yes | yes | in ms | yes | yes | yes | of videos |
//! | [BORIS](Format::Boris) | yes | yes | in seconds | yes | yes | yes | yes |
//! | [CVAT](Format::Cvat) | yes | yes | by frame | yes | yes | no | of segments and clip labels |
//! | [Label Studio](Format::LabelStudio) | yes | yes | by frame of its interface | yes | yes | yes | yes |
//! | [X-AnyLabeling](Format::XAnyLabeling) | yes | yes | by frame | yes | yes | no | of segments and clip labels |
//!
//! Times are those of the first frame and of the one after the last, by the time stamps of the video and on the clock
//! of its file: zero is the beginning of the file, as in players, even if its pictures begin later. On import they are
//! mapped to the nearest frames, so that exported labels are restored exactly as long as the unit is finer than a
//! frame. An event without a length is one frame.

mod activity_net;
mod annotation_set;
mod boris;
mod combined;
mod csv;
mod cut;
mod cvat;
mod detect;
mod elan;
mod exported;
#[cfg(test)]
mod foreign_tests;
mod format;
mod imported;
mod json;
mod label_studio;
#[cfg(test)]
mod loose_tests;
mod merge;
#[cfg(test)]
mod round_trip_tests;
mod ucf_lists;
mod uncarried;
mod video_finder;
mod x_any_labeling;
mod xml;

use std::path::Path;

use super::document::BACKGROUND;
use super::{Document, StoredPath};
use crate::error::{Error, Result};
use crate::output::{Existing, OutputGuard, Staging};
use annotation_set::{AnnotatedClip, AnnotationSet};
pub use cut::Cut;
pub use exported::Exported;
use exported::note_lost;
pub use format::Format;
use imported::folder_of_source;
pub use imported::{Choices, Import};
pub use ucf_lists::exported_clips;
use uncarried::note_uncarried;
use video_finder::VideoFinder;

/// Returns the folder that all files of an export to `target` are in.
pub fn folder_of(format: Format, target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !format.is_folder() => folder,
        _ => target,
    }
}

/// Returns a guard that keeps exports of a project in `dir` from overwriting its videos.
pub fn guard(document: &Document, dir: &Path, existing: Existing) -> OutputGuard {
    OutputGuard::new(existing).protecting(document.videos.values().map(|video| StoredPath::decode(&video.path, dir)))
}

/// Writes the labels of `document`, a project in `dir`, to `target`, a file or, where [`Format::is_folder`], a folder.
/// Either all files are written or none, and existing ones are not replaced.
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

/// Prepares an export without writing anything.
///
/// # Errors
/// If the format cannot hold the labels at all, or `target` has the name of a file of another format.
pub fn prepare(format: Format, document: &Document, dir: &Path, target: &Path) -> Result<Exported> {
    check_name(format, target)?;
    let set = AnnotationSet::of(document, dir);
    let mut exported = match format {
        Format::Json => json::write(&set, document, dir, target),
        Format::Csv => csv::write(&set, target),
        Format::UcfLists => ucf_lists::write(&set, target),
        Format::ActivityNet => activity_net::write(&set, target),
        Format::Elan => elan::write(&set, target),
        Format::Boris => boris::write(&set, target),
        Format::Cvat => cvat::write(&set, target),
        Format::LabelStudio => label_studio::write(&set, target),
        Format::XAnyLabeling => x_any_labeling::write(&set, target),
    }?;
    if format.has_seconds() {
        let is_assumed =
            |clip: &&AnnotatedClip| clip.clock.as_ref().is_some_and(|clock| clock.is_assumed) && clip.is_labelled();
        let assumed = set.clips.iter().filter(is_assumed).count();
        let what = "videos without known frame times, for which a constant frame rate was assumed";
        note_lost(&mut exported, target, assumed, what, "Check the videos of the project and export again");
    }
    note_uncarried(&mut exported, &set, format, target);
    for video in document.videos.values() {
        exported.is_doubtful |= video.locked.is_some();
        exported.notes.extend(video.locked.as_deref().cloned());
        exported.notes.extend(video.note_beyond_end(&StoredPath::decode(&video.path, dir)));
    }
    Ok(exported)
}

/// Refuses a file name for a folder, unless such a folder exists, and the name of a table for a file that is none.
fn check_name(format: Format, target: &Path) -> Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let (stem, ending) = name.trim_end_matches(".gz").rsplit_once('.').unwrap_or_default();
    if format.is_folder() {
        if !Format::ALL.iter().any(|other| other.ending() == ending) || target.is_dir() {
            return Ok(());
        }
        let cause = format!("{} is exported to a folder, with a .{} file per video", format.name(), format.ending());
        return Err(Error::file(target, cause, format!("Name a folder, such as {stem}")));
    }
    if format == Format::Csv || !["csv", "tsv"].contains(&ending) {
        return Ok(());
    }
    let cause = match format {
        Format::Boris => "BORIS tables can only be imported; export a BORIS project instead".to_owned(),
        _ => format!("{} is not a table format", format.name()),
    };
    Err(Error::file(target, cause, format!("Name it {stem}.{}, or export a table as CSV", format.ending())))
}

/// Reads the labels in `source`, a file or a folder of files, into `document`, a project in `dir`; nothing is changed
/// until the returned step is performed.
///
/// # Errors
/// If `source` as a whole cannot be read; problems of its parts are among the notes.
pub fn import(format: Format, source: &Path, document: &Document, dir: &Path, choices: Choices) -> Result<Import> {
    let set = match format {
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
    Ok(merge::merge(set, source, document, dir, choices))
}
