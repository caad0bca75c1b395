//! Predictions as files of labels, of detections and of frames.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::engine::examine;
use crate::error::{Error, Result};
use crate::evaluation::write_detections;
use crate::frame_times::FrameTimes;
use crate::labels::media_scan::fingerprint;
use crate::labels::{Document, Facts, Project, StoredPath, times};
use crate::output::{OutputGuard, Staging};
use crate::predictions::{
    BoutChoices, for_each_prediction, predicted_labels, predicted_segments, read_predictions, write_frame_csv,
};

/// Thresholds at which scored frames are joined into detections, and the overlap above which the better one stays: the defaults of
/// `evaluate segments`.
const THRESHOLDS: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const SUPPRESS_IOU: f64 = 0.5;

/// Returns the folder that the videos of predictions at `source` are in: the `given` one, else the project that `source` is in, else
/// the current folder.
///
/// # Errors
/// If there is no current folder.
pub(super) fn video_folder(given: Option<&Path>, source: &Path) -> Result<PathBuf> {
    let here = |path: &Path| std::path::absolute(path).map_err(|error| Error::io(path, &error));
    if let Some(given) = given {
        return here(given);
    }
    match here(source)?.ancestors().find(|folder| folder.join(Project::FILE).is_file()) {
        Some(project) => Ok(project.to_owned()),
        None => here(Path::new(".")),
    }
}

/// Returns the bouts in `files` by `choices` as labels of videos in `dir`, and what is doubtful about them. The size of the pictures is looked up
/// where `needs_size`.
///
/// # Errors
/// If a file cannot be read, or two are of one video.
pub(super) fn predicted_document(
    files: &[PathBuf],
    choices: &BoutChoices,
    dir: &Path,
    needs_size: bool,
) -> Result<(Document, Vec<Error>)> {
    let scratch = TempDir::new().map_err(|error| Error::io(&std::env::temp_dir(), &error))?;
    let mut document = predicted_labels(files, scratch.path(), choices)?;
    let mut doubts = Vec::new();
    for video in document.videos.values_mut() {
        let path = StoredPath::decode(&video.path, dir);
        let Some(facts) = &mut video.facts else { continue };
        let times = times::read(scratch.path(), facts)?;
        match is_even(facts, &times) {
            true => facts.variable_rate = false,
            // In memory: the folder of the videos is not written to.
            false => times::hold(facts, &times),
        }
        if let Ok((bytes, hash)) = fingerprint(&path) {
            facts.bytes = bytes;
            if hash != facts.hash {
                let cause = "the video has changed since it was predicted, so bouts may be at the wrong frames";
                doubts.push(Error::file(&path, cause, "Predict it again"));
            }
        }
        match needs_size.then(|| examine(&path)) {
            Some(Ok((seen, _))) => facts.size = seen.size,
            Some(Err(error)) => {
                let cause = format!("the size of its pictures is not known ({})", error.cause);
                doubts.push(Error::file(&path, cause, "Name the folder of the videos with --videos"));
            }
            None => {}
        }
    }
    Ok((document, doubts))
}

/// Returns whether a constant frame rate gives the times of all frames, to the millisecond that the coarsest format has.
fn is_even(facts: &Facts, times: &FrameTimes) -> bool {
    let Some(even) = FrameTimes::even(facts.frames, facts.fps, times.start_secs()) else { return false };
    let mut differences = (0..=facts.frames).map(|frame| (even.secs(frame) - times.secs(frame)).abs());
    differences.all(|difference| difference < 0.5e-3)
}

/// Writes detections of every class in `files` to `target`, as ActivityNet result JSON.
///
/// # Errors
/// If a file cannot be read, or `target` may not or cannot be written.
pub(super) fn export_detections(files: &[PathBuf], target: &Path, guard: &OutputGuard) -> Result<usize> {
    guard.check(&[target.to_owned()])?;
    let mut found = Vec::new();
    for_each_prediction(files, &mut |_, _, scores| {
        found.extend(predicted_segments(&scores, &THRESHOLDS, SUPPRESS_IOU));
        Ok(())
    })?;
    write_detections(target, &found)?;
    Ok(found.len())
}

/// Writes the probabilities in `files`, which were found at `source`, to tables of the same names in `target`. All are written or none.
///
/// # Errors
/// If a file cannot be read, or a table may not or cannot be written.
pub(super) fn export_frames(source: &Path, files: &[PathBuf], target: &Path, guard: &OutputGuard) -> Result<()> {
    let root = if source.is_dir() { source } else { source.parent().unwrap_or(source) };
    let table = |file: &PathBuf| target.join(file.strip_prefix(root).unwrap_or(file)).with_extension("csv");
    let tables: Vec<PathBuf> = files.iter().map(table).collect();
    guard.check(&tables)?;
    let staging = Staging::begin(target)?;
    for (file, table) in files.iter().zip(&tables) {
        let (_, scores) = read_predictions(file)?;
        let failed = |error: std::io::Error| Error::io(table, &error);
        let mut out = BufWriter::new(File::create(staging.file(table)?).map_err(failed)?);
        write_frame_csv(&scores, &mut out).and_then(|()| out.flush()).map_err(failed)?;
    }
    staging.publish(guard)
}
