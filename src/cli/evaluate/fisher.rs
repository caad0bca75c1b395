//! `motionscope evaluate fisher`: the accuracy of an MV + FV model on held-out clips.

use std::path::PathBuf;

use clap::Args;

use super::result_arguments::ResultArgs;
use super::svm_results::{score_and_write, source};
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::outcome::Outcome;
use crate::data::{Dataset, Subset};
use crate::descriptors::FisherModel;
use crate::error::Result;
use crate::evaluation::{evaluate_fisher, match_class_names};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate fisher --model mv-fv --data clips --list testlist01.txt \\
                              --classes classInd.txt --report report --scores scores
  motionscope fuse --spatial spatial/spatial.npy --temporal scores/temporal.npy \\
                   --labels scores/labels.txt --rule softmax --sweep

The scores of the SVM take the place of the temporal stream, in reports and score files.

Exit codes: 0 all clips were scored, 1 some could not be read or are of no class of the model,
2 wrong usage, 75 stopped by SIGTERM, 130 by Ctrl-C";

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
    let matched = match_class_names(&model.card.classes, dataset)?;
    let name = format!("MV + FV, {} components", model.card.settings.components);
    let source = source(&arguments.model, &model.card.hash, &model.card.trained_on, "CPU");
    score_and_write(matched, source, (&arguments.results, &guard), |dataset, stop, on_clip| {
        evaluate_fisher(&model, &name, dataset, arguments.clips.name(), stop, on_clip)
    })
}
