//! `motionscope train fisher`: an MV + FV model from a list of clips.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;

use super::svm_arguments::{SvmFitArgs, finish};
use crate::cli::fisher_progress::StageProgress;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::list_arguments::ClipsArgs;
use crate::cli::outcome::Outcome;
use crate::cli::output_arguments::ForceArg;
use crate::cli::values::{choice, positive};
use crate::data::{Dataset, Subset};
use crate::descriptors::{
    DescriptorGroup, FisherEvent, FisherModel, FisherPlan, FisherRule, FisherSettings, VectorRule, train_fisher,
};
use crate::error::Result;
use crate::plural::counted;

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope train fisher --data clips --list trainlist01.txt --classes classInd.txt --out mv-fv
  motionscope train fisher --data clips --out mv-fv --components 64 --vectors motion
  motionscope evaluate fisher --model mv-fv --data clips --list testlist01.txt \\
                              --classes classInd.txt --report report --scores scores

MV + FV (Kantorov & Laptev 2014): HOF and MBH descriptors of the codec's motion vectors, a Gaussian
mixture and Fisher vectors for each type, a spatio-temporal pyramid, and a linear SVM, one class
against the rest. No network and no GPU is used.

Clips without motion vectors (folders of images, files of key frames only) are named and left out.
Descriptors are computed twice and not stored. The Fisher vectors of finished clips are kept in
OUT/training until the model is written; run the same command again to resume.

Exit codes: 0 finished, 1 failed or some clips were left out, 2 wrong usage, 130 stopped
by Ctrl-C, 75 by SIGTERM";

/// `motionscope train fisher`
#[derive(Debug, Args)]
pub(in crate::cli) struct FisherArgs {
    /// Folder of the model: fisher.toml and fisher.safetensors
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Descriptors, separated by commas
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',', value_parser = choice::<DescriptorGroup>(), default_values = ["hof", "mbh"])]
    descriptors: Vec<DescriptorGroup>,
    /// Reading of the motion vectors
    #[arg(long, value_parser = choice::<VectorRule>(), default_value = VectorRule::default().key())]
    vectors: VectorRule,
    /// Formula of the Fisher vectors
    #[arg(long, value_parser = choice::<FisherRule>(), default_value = FisherRule::default().key())]
    fisher: FisherRule,
    /// Number of Gaussians in each mixture
    #[arg(long, value_name = "K", default_value_t = FisherSettings::default().components)]
    components: usize,
    /// Steps of expectation-maximisation
    #[arg(long, value_name = "N", default_value_t = FisherSettings::default().em_steps)]
    em_steps: usize,
    /// Share of the descriptors that the mixtures are fitted to
    #[arg(long, value_name = "SHARE", value_parser = positive, default_value_t = FisherSettings::default().sample_share)]
    sample_share: f64,
    #[command(flatten)]
    fit: SvmFitArgs,
    #[command(flatten)]
    force: ForceArg,
    // Last: its heading would stand above what follows.
    #[command(flatten)]
    clips: ClipsArgs,
}

impl FisherArgs {
    fn plan(&self) -> FisherPlan {
        FisherPlan {
            data: self.clips.name(),
            settings: FisherSettings {
                descriptors: DescriptorGroup::kinds(&self.descriptors),
                vectors: self.vectors,
                fisher: self.fisher,
                components: self.components,
                em_steps: self.em_steps,
                sample_share: self.sample_share,
                c: self.fit.svm_c,
                loss: self.fit.svm_loss,
                seed: self.fit.seed,
            },
            out: self.out.clone(),
        }
    }
}

pub(super) fn run(arguments: &FisherArgs) -> Result<Outcome> {
    let plan = arguments.plan();
    plan.settings.check()?;
    let dataset = Dataset::open(&arguments.clips.source(Subset::Train))?;
    let guard = arguments.force.guard(arguments.clips.files(&dataset));
    guard.check(&FisherModel::files(&plan.out))?;
    let stop = interrupt_flag("Stopping; finished clips are kept")?;
    let mut progress = StageProgress::default();
    let is_stopped = || stop.load(Ordering::Relaxed);
    let trained = train_fisher(&plan, &dataset, &guard, &is_stopped, &mut |event| show(&mut progress, event));
    progress.finish();
    finish(trained, |trained| {
        let card = &trained.model.card;
        let line = format!(
            "{}: {} of {}, {} each, vectors of {} numbers",
            plan.out.display(),
            counted(card.clips, "clip"),
            counted(card.classes.len(), "class"),
            counted(plan.settings.components, "component"),
            trained.model.classifier.length
        );
        (line, &trained.left_out)
    })
}

pub(super) fn show(progress: &mut StageProgress, event: FisherEvent<'_>) {
    match event {
        FisherEvent::Resumed { vectors, of } => {
            progress.line(&format!("Resumed: Fisher vectors of {vectors} of {} exist", counted(of, "clip")));
        }
        FisherEvent::LeftOut(error) => progress.warn(error),
        FisherEvent::Sampled { done, of } => progress.show("clips sampled", done, of),
        FisherEvent::Mixture { kind, done, of } => {
            progress.show(&format!("steps, mixture of {}", kind.key()), done, of);
        }
        FisherEvent::Encoded { done, of } => progress.show("clips encoded", done, of),
        FisherEvent::Classifier { done, of } => progress.show("parts of the classifier", done, of),
    }
}
