//! `motionscope train svm`: a linear SVM on C3D's descriptors of a list of clips.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::fisher::show;
use super::svm_arguments::{SvmFitArgs, finish};
use crate::cli::fisher_progress::StageProgress;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::DeviceArg;
use crate::cli::outcome::Outcome;
use crate::cli::output_arguments::ForceArg;
use crate::data::{Dataset, Subset};
use crate::descriptors::SvmModel;
use crate::error::Result;
use crate::evaluation::{DescriptorNetworks, SvmPlan, train_svm};
use crate::plural::counted;

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope train svm --model c3d --data clips --list trainlist01.txt --classes classInd.txt \\
                        --out svm
  motionscope train svm --model c3d --model 3dnet --data clips --list trainlist01.txt \\
                        --classes classInd.txt --out joined
  motionscope evaluate svm --model svm --data clips --list testlist01.txt \\
                           --classes classInd.txt --report report --scores scores

C3D's protocol without fine-tuning (Tran et al. 2015): fc6 after its ReLU of 16 pictures at a
time, 8 pictures apart, their mean over the clip at length 1, and a linear SVM, one class against
the rest.
Several models are joined: each descriptor has length 1, as 3DNet is joined with C3D (a reading).

Descriptors of finished clips are kept in OUT/training until the model is written; run the same
command again to resume. The model folders have to stay where they are.

Exit codes: 0 finished, 1 failed or some clips were left out, 2 wrong usage, 130 stopped
by Ctrl-C, 75 by SIGTERM";

/// `motionscope train svm`
#[derive(Debug, Args)]
pub(in crate::cli) struct SvmArgs {
    /// Model folder whose spatial stream is a c3d, c3d-padded or 3dnet; repeatable
    #[arg(long, value_name = "DIR", required = true)]
    model: Vec<PathBuf>,
    /// Folder of the SVM: svm.toml and svm.safetensors
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    fit: SvmFitArgs,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    force: ForceArg,
    // Last: its heading would stand above what follows.
    #[command(flatten)]
    clips: ClipsArgs,
}

pub(super) fn run(arguments: &SvmArgs) -> Result<Outcome> {
    let plan = SvmPlan {
        data: arguments.clips.name(),
        c: arguments.fit.svm_c,
        loss: arguments.fit.svm_loss,
        seed: arguments.fit.seed,
        out: arguments.out.clone(),
    };
    let dataset = Dataset::open(&arguments.clips.source(Subset::Train))?;
    let guard = arguments.force.guard(arguments.clips.files(&dataset));
    guard.check(&SvmModel::files(&plan.out))?;
    let compute = arguments.device.open()?;
    let networks = DescriptorNetworks::load(&arguments.model, &compute.device)?;
    let stop = interrupt_flag("Stopping; finished clips are kept")?;
    let mut progress = StageProgress::default();
    let is_stopped = || stop.load(Ordering::Relaxed);
    let trained = train_svm(&plan, &networks, &dataset, &guard, &is_stopped, &mut |event| show(&mut progress, event));
    progress.finish();
    finish(trained, |trained| {
        let card = &trained.model.card;
        let (out, clips) = (plan.out.display(), counted(card.clips, "clip"));
        let classes = counted(card.classes.len(), "class");
        (format!("{out}: {clips} of {classes}, descriptors of {} numbers", card.length), &trained.left_out)
    })
}
