//! `motionscope predict --sequence`: a sequence model on predictions that are there.

use std::path::{Path, PathBuf};

use crate::atomic;
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::prediction_sources::predictions_at;
use crate::error::{Error, Result};
use crate::output::{Existing, OutputGuard};
use crate::panic_guard::caught;
use crate::plural::counted;
use crate::predictions::{PredictionWriter, SequenceModel, read_features, read_predictions, write_frame_csv};

/// What to correct, and by what.
pub(super) struct CorrectionJob<'a> {
    /// Folder of the sequence model.
    pub model: &'a Path,
    /// Predictions and folders of them.
    pub sources: &'a [PathBuf],
    /// Folder of the corrected ones; one beside each folder without.
    pub out: Option<&'a Path>,
    /// Whether they are written as text, too.
    pub with_csv: bool,
    /// What may be replaced.
    pub force: ForceArg,
}

/// Predictions and the file of the corrected ones.
struct Correction {
    from: PathBuf,
    to: PathBuf,
}

/// Applies the sequence model to the predictions.
pub(super) fn run(job: &CorrectionJob<'_>) -> Result<Outcome> {
    let model = SequenceModel::load(job.model)?;
    let corrections = corrections(job, &model.card.hash)?;
    let guard = job.force.guard(corrections.iter().map(|each| &each.from));
    let (mut failures, mut written, mut complete) = (0, 0, 0);
    for correction in &corrections {
        match caught("sequence model", || correct(&model, correction, job, &guard)) {
            Ok(true) => {
                written += 1;
                println!("{}", correction.to.display());
            }
            Ok(false) => complete += 1,
            Err(error) => {
                failures += 1;
                complain(&error);
            }
        }
    }
    if written > 0 {
        println!("{} corrected by {}", counted(written, "video"), job.model.display());
    }
    if complete > 0 {
        println!("{} had predictions of this sequence model", counted(complete, "video"));
    }
    Ok(if failures == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

/// Returns the files of predictions that are named, and where the corrected ones go.
fn corrections(job: &CorrectionJob<'_>, hash: &str) -> Result<Vec<Correction>> {
    let mut corrections: Vec<Correction> = Vec::new();
    for source in job.sources {
        let files = predictions_at(source)?.ok_or_else(|| {
            let remedy = "With --sequence, name predictions: a .parquet file or a folder of them";
            Error::file(source, "there are no predictions", remedy)
        })?;
        let folder = if source.is_dir() { source.as_path() } else { source.parent().unwrap_or(Path::new("")) };
        let out = match job.out {
            Some(out) => out.to_owned(),
            None if source.is_dir() => beside(folder, hash)?,
            None => {
                return Err(Error::usage("--out", "it is missing", "Name the folder for the corrected predictions"));
            }
        };
        for from in files {
            let to = out.join(from.strip_prefix(folder).unwrap_or(&from));
            if let Some(other) = corrections.iter().find(|other| other.to == to) {
                let cause = format!("its file would be that of {}", other.from.display());
                return Err(Error::file(&from, cause, "Correct one of them in a run of its own, with another --out"));
            }
            corrections.push(Correction { from, to });
        }
    }
    Ok(corrections)
}

/// Returns the folder beside that of the predictions: with the hash of the sequence model at the end of its name.
fn beside(folder: &Path, hash: &str) -> Result<PathBuf> {
    let folder = std::path::absolute(folder).map_err(|error| Error::io(folder, &error))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(folder.with_file_name(format!("{name}-sequence-{}", hash.get(..8).unwrap_or(hash))))
}

/// Writes the corrected predictions of a video; false if they are there already.
fn correct(
    model: &SequenceModel,
    correction: &Correction,
    job: &CorrectionJob<'_>,
    guard: &OutputGuard,
) -> Result<bool> {
    let Correction { from, to } = correction;
    let (facts, scores, features) = read_features(from)?;
    let (facts, scores) = model.apply(from, &facts, &scores, &features)?;
    let csv = to.with_extension("csv");
    let replaces = job.force.existing() == Existing::Replace;
    let is_there = read_predictions(to).is_ok_and(|(there, _)| there.difference(&facts).is_none());
    if is_there && !replaces && (csv.exists() || !job.with_csv) {
        return Ok(false);
    }
    if !is_there || replaces {
        let targets = [Some(to.clone()), job.with_csv.then(|| csv.clone())];
        guard.check(&targets.into_iter().flatten().collect::<Vec<_>>())?;
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
        }
        let mut writer = PredictionWriter::begin(to, facts)?;
        for index in writer.done()..scores.scored() {
            writer.push(scores.secs[index], scores.row(index))?;
        }
        writer.finish(guard)?;
    }
    if job.with_csv {
        guard.check(std::slice::from_ref(&csv))?;
        atomic::replace(&csv, |mut file| write_frame_csv(&scores, &mut file))?;
    }
    Ok(true)
}
