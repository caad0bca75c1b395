//! The settings of the linear SVM that `train svm` and `train fisher` fit, and how both end.

use clap::Args;

use crate::cli::outcome::Outcome;
use crate::cli::values::{choice, positive};
use crate::descriptors::{SvmLoss, SvmSettings};
use crate::error::{Error, Result};
use crate::plural::counted;

/// The settings of a linear SVM.
#[derive(Debug, Args)]
pub(super) struct SvmFitArgs {
    /// Weight of the SVM's losses relative to its regularisation
    #[arg(long, value_name = "C", value_parser = positive, default_value_t = SvmSettings::default().c)]
    pub svm_c: f64,
    /// Loss of the SVM
    #[arg(long, value_parser = choice::<SvmLoss>(), default_value = SvmLoss::default().key())]
    pub svm_loss: SvmLoss,
    /// Random seed
    #[arg(long, default_value_t = SvmSettings::default().seed)]
    pub seed: u64,
}

/// Says what was `trained` in the words of `described`, and which of its clips were left out; or that it was stopped.
///
/// # Errors
/// What went wrong.
pub(super) fn finish<T>(trained: Result<T>, described: impl FnOnce(&T) -> (String, &[Error])) -> Result<Outcome> {
    if trained.as_ref().is_err_and(Error::is_cancelled) {
        println!("Stopped. The same command resumes it.");
        return Ok(Outcome::Interrupted);
    }
    let trained = trained?;
    let (line, left_out) = described(&trained);
    println!("{line}");
    if left_out.is_empty() {
        return Ok(Outcome::Done);
    }
    println!("  {} left out, see above", counted(left_out.len(), "clip"));
    Ok(Outcome::SomeFailed)
}
