//! `motionscope evaluate agreement`: two labellings of the same videos, such as those of two people.

mod labellings;
mod tables;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::outcome::Outcome;
use crate::cli::output_arguments::ForceArg;
use crate::error::{Error, Result};
use crate::output::{OutputGuard, Staging};
use crate::predictions::{Agreement, Unlabelled, confusion_csv, disagreements_csv};
use labellings::Labellings;

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate agreement anna.json ben.json
  motionscope evaluate agreement anna ben --out agreement
  motionscope evaluate agreement golf boris.csv --unlabelled-is-background
  motionscope evaluate agreement golf predictions

A and B are projects, label files that `project import` reads, or predictions: a .parquet file or a
folder of them, whose bouts are those of `motionscope summary`, with background between them.
Classes are matched by name (apart from capitals, spaces, hyphens and underscores), videos by path,
content or file name. Videos whose contents differ are not compared. Files that do not say how many
frames a video has use the length from the other side or from the video. Precision and recall take A
for the truth. Frames that A or B has not labelled are left out. Bouts match one to one, those of
highest IoU first. --out writes confusion.csv, disagreements.csv and agreement.json.

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
    let labellings = Labellings::read(&arguments.a, &arguments.b)?;
    let videos = labellings.pairs()?;
    let agreement = Agreement::of(labellings.classes(), &videos, unlabelled, &arguments.ious);
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
