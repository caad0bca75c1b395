//! `motionscope evaluate agreement`: two labellings of the same videos, such as those of two people.

mod labellings;
mod tables;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::bout_arguments::BoutArgs;
use crate::cli::outcome::Outcome;
use crate::cli::output_arguments::ForceArg;
use crate::cli::prediction_sources::predictions_at;
use crate::error::{Error, Result};
use crate::output::{OutputGuard, Staging};
use crate::predictions::{Agreement, LikeliestClass, TwiceLabelled, Unlabelled, confusion_csv, disagreements_csv};
use labellings::Labellings;

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate agreement anna.json ben.json
  motionscope evaluate agreement anna ben --out agreement
  motionscope evaluate agreement golf boris.csv --unlabelled-is-background
  motionscope evaluate agreement golf predictions
  motionscope evaluate agreement golf predictions --threshold 0.3 --smoothing 1

A and B are projects, label files that `project import` reads, or predictions: a .parquet file or a
folder of them, whose bouts are those of `motionscope summary`, with background between them.
Classes are matched by name (apart from capitals, spaces, hyphens and underscores), videos by path,
content or file name. Videos whose contents differ are not compared. Files that do not say how many
frames a video has use the length from the other side or from the video. Precision and recall take A
for the truth. Frames that A or B has not labelled are left out. Bouts match one to one, those of
highest IoU first. Of a model with one class at a time the share of frames with the right likeliest
class is given as well, after smoothing and whatever its probability. --out writes confusion.csv,
disagreements.csv and agreement.json.

Exit codes: 0 success, 1 nothing to compare, or some labels, lengths or frame times are not known,
2 wrong usage";

/// The files in the folder of `--out`.
const FILES: [&str; 3] = ["confusion.csv", "disagreements.csv", "agreement.json"];

/// `motionscope evaluate agreement`
#[derive(Debug, Args)]
pub(super) struct AgreementArgs {
    /// Project, label file or predictions that count as the truth
    a: PathBuf,
    /// Project, label file or predictions to compare with it
    b: PathBuf,
    /// Count unlabelled frames as background instead of leaving them out
    #[arg(long)]
    unlabelled_is_background: bool,
    /// Temporal IoU thresholds of matched bouts
    #[arg(long, value_name = "IOU,IOU…", value_delimiter = ',', value_parser = super::segments::share, default_value = "0.25,0.5,0.75")]
    ious: Vec<f64>,
    /// Write the confusion matrix, the disagreements and all figures to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    bouts: BoutArgs,
}

pub(super) fn run(arguments: &AgreementArgs) -> Result<Outcome> {
    let guard = arguments.force.guard([&arguments.a, &arguments.b]);
    if let Some(folder) = &arguments.out {
        guard.check(&FILES.map(|name| folder.join(name)))?;
    }
    let unlabelled = match arguments.unlabelled_is_background {
        true => Unlabelled::Background,
        false => Unlabelled::Excluded,
    };
    let mut predictions = Vec::new();
    for source in [&arguments.a, &arguments.b] {
        predictions.extend(predictions_at(source)?.into_iter().flatten());
    }
    let choices = arguments.bouts.choices(&predictions)?;
    let labellings = Labellings::read(&arguments.a, &arguments.b, &choices)?;
    let videos = labellings.pairs()?;
    let compared =
        |videos: &[TwiceLabelled<'_>]| Agreement::of(labellings.classes(), videos, unlabelled, &arguments.ious);
    let mut agreement = compared(&videos);
    agreement.likeliest = labellings
        .likeliest_pairs()?
        .map(|(videos, has_background)| LikeliestClass::of(&compared(&videos).confusion, has_background));
    if let Some(folder) = &arguments.out {
        write(folder, &agreement, &guard)?;
    }
    labellings.print_pairing();
    tables::print(&agreement, videos.len());
    let is_complete = agreement.frames > 0 && !labellings.is_doubtful;
    Ok(if is_complete { Outcome::Done } else { Outcome::SomeFailed })
}

fn write(folder: &Path, agreement: &Agreement, guard: &OutputGuard) -> Result<()> {
    let json = serde_json::to_string_pretty(agreement).map_err(|error| Error::wrap(folder, error, "Report this"))?;
    let texts = [confusion_csv(agreement), disagreements_csv(agreement), json + "\n"];
    let staging = Staging::begin(folder)?;
    for (name, text) in FILES.into_iter().zip(texts) {
        let target = folder.join(name);
        std::fs::write(staging.file(&target)?, text).map_err(|error| Error::io(&target, &error))?;
    }
    staging.publish(guard)
}
