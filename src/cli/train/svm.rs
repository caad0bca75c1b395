//! `motionscope train svm`: a linear SVM on C3D's descriptors of a list of clips.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::fisher::show;
use crate::cli::fisher_progress::StageProgress;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::model_arguments::DeviceArg;
use crate::cli::outcome::Outcome;
use crate::cli::output_arguments::ForceArg;
use crate::cli::values::{choice, positive};
use crate::data::{Dataset, Subset};
use crate::descriptors::{SvmLoss, SvmModel, SvmSettings};
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

Exit codes: 0 finished, 1 failed or some clips were left out, 2 wrong usage, 130 stopped";

/// `motionscope train svm`
#[derive(Debug, Args)]
pub(in crate::cli) struct SvmArgs {
    /// Model folder whose spatial stream is a c3d, c3d-padded or 3dnet; repeatable
    #[arg(long, value_name = "DIR", required = true)]
    model: Vec<PathBuf>,
    /// Folder of the SVM: svm.toml and svm.safetensors
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Weight of the SVM's losses relative to its regularisation
    #[arg(long, value_name = "C", value_parser = positive, default_value_t = SvmSettings::default().c)]
    svm_c: f64,
    /// Loss of the SVM
    #[arg(long, value_parser = choice::<SvmLoss>(), default_value = SvmLoss::default().key())]
    svm_loss: SvmLoss,
    /// Random seed
    #[arg(long, default_value_t = SvmSettings::default().seed)]
    seed: u64,
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
        c: arguments.svm_c,
        loss: arguments.svm_loss,
        seed: arguments.seed,
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
    if trained.as_ref().is_err_and(|error| error.is_cancelled()) {
        println!("Stopped. The same command resumes it.");
        return Ok(Outcome::Interrupted);
    }
    let trained = trained?;
    let card = &trained.model.card;
    println!(
        "{}: {} of {}, descriptors of {} numbers",
        plan.out.display(),
        counted(card.clips, "clip"),
        counted(card.classes.len(), "class"),
        card.length
    );
    if trained.left_out.is_empty() {
        return Ok(Outcome::Done);
    }
    println!("  {} left out, see above", counted(trained.left_out.len(), "clip"));
    Ok(Outcome::SomeFailed)
}
