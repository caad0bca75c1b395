//! `motionscope evaluate fisher`: the accuracy of an MV + FV model on held-out clips.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::result_arguments::ResultArgs;
use crate::calendar::today;
use crate::cli::fisher_progress::StageProgress;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::outcome::Outcome;
use crate::command_line;
use crate::data::{Dataset, Subset};
use crate::descriptors::FisherModel;
use crate::error::Result;
use crate::evaluation::{MatchedClips, ReportSource, evaluate_fisher, match_class_names};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate fisher --model mv-fv --data clips --list testlist01.txt \\
                              --classes classInd.txt --report report --scores scores
  motionscope fuse --spatial spatial/spatial.npy --temporal scores/temporal.npy \\
                   --labels scores/labels.txt --rule softmax --sweep

The scores of the SVM take the place of the temporal stream, in reports and score files.

Exit codes: 0 all clips were scored, 1 some could not be read, 2 wrong usage";

/// `motionscope evaluate fisher`
#[derive(Debug, Args)]
pub(super) struct FisherArgs {
    /// Model folder that motionscope train fisher wrote
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    results: ResultArgs,
    // Last: its heading would stand above what follows.
    #[command(flatten)]
    clips: ClipsArgs,
}

pub(super) fn run(arguments: &FisherArgs) -> Result<Outcome> {
    let model = FisherModel::load(&arguments.model)?;
    let dataset = Dataset::open(&arguments.clips.source(Subset::Test))?;
    let inputs = arguments.clips.files(&dataset).into_iter().chain(FisherModel::files(&arguments.model));
    let guard = arguments.results.prepare(inputs)?;
    let MatchedClips { dataset, remarks, left_out } = match_class_names(&model.card.classes, dataset)?;
    let stop = interrupt_flag("Stopping")?;
    let mut progress = StageProgress::default();
    let name = format!("MV + FV, {} components", model.card.settings.components);
    let is_stopped = || stop.load(Ordering::Relaxed);
    let outcome =
        evaluate_fisher(&model, &name, &dataset, arguments.clips.name(), &is_stopped, &mut |done, of, error| {
            error.into_iter().for_each(|error| progress.warn(error));
            progress.show("clips", done, of);
        });
    progress.finish();
    let mut outcome = match outcome {
        Err(error) if error.is_cancelled() => return Ok(Outcome::Interrupted),
        outcome => outcome?,
    };
    outcome.report.remarks.extend(remarks);
    outcome.report.source = Some(source(&model, arguments));
    arguments.results.write(&outcome, &guard, super::actions::print)?;
    Ok(if outcome.report.failures.is_empty() && left_out == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

fn source(model: &FisherModel, arguments: &FisherArgs) -> ReportSource {
    ReportSource {
        model_dir: std::path::absolute(&arguments.model).unwrap_or_else(|_| arguments.model.clone()),
        model_hash: Some(model.card.hash.clone()),
        model_base: None,
        trained_on: model.card.trained_on.clone(),
        device: "CPU".into(),
        date: today(),
        motionscope_version: env!("CARGO_PKG_VERSION").into(),
        command: Some(command_line::current()),
    }
}
