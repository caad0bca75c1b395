//! `motionscope evaluate svm`: the accuracy of a linear SVM on C3D's descriptors of held-out clips.

use std::path::PathBuf;

use clap::Args;

use super::result_arguments::ResultArgs;
use super::svm_results::{score_and_write, source};
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::DeviceArg;
use crate::cli::outcome::Outcome;
use crate::data::{Dataset, Subset};
use crate::descriptors::SvmModel;
use crate::error::Result;
use crate::evaluation::{DescriptorNetworks, evaluate_svm, match_class_names};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate svm --model svm --data clips --list testlist01.txt \\
                           --classes classInd.txt --report report --scores scores
  motionscope fuse --spatial scores/spatial.npy --temporal temporal/temporal.npy \\
                   --labels scores/labels.txt --rule softmax --sweep

The scores of the SVM take the place of the spatial stream, in reports and score files.

Exit codes: 0 all clips were scored, 1 some could not be read or are of no class of the model,
2 wrong usage, 75 stopped by SIGTERM, 130 by Ctrl-C";

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
    let matched = match_class_names(&model.card.classes, dataset)?;
    let source = source(&arguments.model, &model.card.hash, &model.card.trained_on, &compute.name);
    score_and_write(matched, source, (&arguments.results, &guard), |dataset, stop, on_clip| {
        evaluate_svm(&model, &networks, dataset, arguments.clips.name(), stop, on_clip)
    })
}
