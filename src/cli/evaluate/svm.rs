//! `motionscope evaluate svm`: the accuracy of a linear SVM on C3D's descriptors of held-out clips.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::result_arguments::ResultArgs;
use crate::calendar::today;
use crate::cli::fisher_progress::StageProgress;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::DeviceArg;
use crate::cli::outcome::Outcome;
use crate::command_line;
use crate::data::{Dataset, Subset};
use crate::descriptors::SvmModel;
use crate::error::Result;
use crate::evaluation::{DescriptorNetworks, MatchedClips, ReportSource, evaluate_svm, match_class_names};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate svm --model svm --data clips --list testlist01.txt \\
                           --classes classInd.txt --report report --scores scores
  motionscope fuse --spatial scores/spatial.npy --temporal temporal/temporal.npy \\
                   --labels scores/labels.txt --rule softmax --sweep

The scores of the SVM take the place of the spatial stream, in reports and score files.

Exit codes: 0 all clips were scored, 1 some could not be read, 2 wrong usage";

/// `motionscope evaluate svm`
#[derive(Debug, Args)]
pub(super) struct SvmArgs {
    /// Folder that motionscope train svm wrote
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    results: ResultArgs,
    // Last: its heading would stand above what follows.
    #[command(flatten)]
    clips: ClipsArgs,
}

pub(super) fn run(arguments: &SvmArgs) -> Result<Outcome> {
    let model = SvmModel::load(&arguments.model)?;
    let dataset = Dataset::open(&arguments.clips.source(Subset::Test))?;
    let inputs = arguments.clips.files(&dataset).into_iter().chain(SvmModel::files(&arguments.model));
    let guard = arguments.results.prepare(inputs)?;
    let compute = arguments.device.open()?;
    let networks = DescriptorNetworks::of_card(&model.card, &compute.device)?;
    let MatchedClips { dataset, remarks, left_out } = match_class_names(&model.card.classes, dataset)?;
    let stop = interrupt_flag("Stopping")?;
    let mut progress = StageProgress::default();
    let is_stopped = || stop.load(Ordering::Relaxed);
    let outcome =
        evaluate_svm(&model, &networks, &dataset, arguments.clips.name(), &is_stopped, &mut |done, of, error| {
            error.into_iter().for_each(|error| progress.warn(error));
            progress.show("clips", done, of);
        });
    progress.finish();
    let mut outcome = match outcome {
        Err(error) if error.is_cancelled() => return Ok(Outcome::Interrupted),
        outcome => outcome?,
    };
    outcome.report.remarks.extend(remarks);
    outcome.report.source = Some(source(&model, arguments, &compute.name));
    arguments.results.write(&outcome, &guard, super::actions::print)?;
    Ok(if outcome.report.failures.is_empty() && left_out == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

fn source(model: &SvmModel, arguments: &SvmArgs, device: &str) -> ReportSource {
    ReportSource {
        model_dir: std::path::absolute(&arguments.model).unwrap_or_else(|_| arguments.model.clone()),
        model_hash: Some(model.card.hash.clone()),
        model_base: None,
        trained_on: model.card.trained_on.clone(),
        device: device.to_owned(),
        date: today(),
        motionscope_version: env!("CARGO_PKG_VERSION").into(),
        command: Some(command_line::current()),
    }
}
