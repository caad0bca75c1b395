//! How far a training is, in words: the panel, and the status bar in short.

use std::time::Duration;

use super::state::{Preparing, TrainingPhase, TrainingState};
use crate::app::ui::format::span;
use crate::training::StepMetrics;

/// Returns what is done and how far that is; `None` where nothing is under way and no step was made.
pub fn progress_text(training: &TrainingState) -> Option<String> {
    let text = progress_of_run(training);
    let Some((number, parts, network)) = training.part else { return text };
    let part = format!("{} stream, {} of {parts}", network.name(), number + 1);
    Some(text.map_or_else(|| part.clone(), |text| format!("{part}: {text}")))
}

/// The same of the present run: first it is set up, then its clips are looked at, where that is needed, then steps are made.
fn progress_of_run(training: &TrainingState) -> Option<String> {
    if let Some(Preparing { what, done, of, .. }) = training.preparing {
        return Some(format!("{}: {done} of {of} clips", what.name()));
    }
    if let Some(waited) = training.waiting() {
        return Some(waiting_text(training, waited));
    }
    let Some(StepMetrics { step, steps, done, .. }) = training.latest.as_ref() else {
        return training.resumed.map(|resumed| format!("Training: {} of {} steps", resumed.step, resumed.steps));
    };
    let by_time = *done > *step as f64 / (*steps).max(1) as f64;
    Some(match by_time {
        true => format!("Training: {step} steps, {:.0} % of the time limit", 100.0 * done),
        false => format!("Training: {step} of {steps} steps"),
    })
}

/// What is waited for, and for how long.
fn waiting_text(training: &TrainingState, waited: Duration) -> String {
    let what = match (&training.phase, training.resumed) {
        (TrainingPhase::Preparing, _) => "Reading clips and building networks…".into(),
        (_, Some(resumed)) => format!("Resuming after step {} of {}…", resumed.step, resumed.steps),
        _ if training.is_probe() && training.has_prepared => "Fitting the classifier…".into(),
        _ if training.is_probe() => "Loading networks…".into(),
        _ => "Making the first step…".into(),
    };
    format!("{what} {}", span(waited.as_secs_f64()))
}

/// Returns why that takes time.
pub fn waiting_reason(training: &TrainingState) -> &'static str {
    match training.phase {
        TrainingPhase::Preparing => "All clips are listed and checked before the first step.",
        _ if training.is_probe() && training.has_prepared => "The features of all clips are there.",
        _ if training.is_probe() => "Next, every clip is run through the network once.",
        _ => "The first step decodes clips and sets up the device; later ones are faster.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Network, Preparation, RunKind, TrainingEvent, TrainingPlan};

    #[test]
    fn a_linear_probe_says_what_it_does_before_its_first_step() {
        let kind = RunKind::LinearProbe { windows: 3 };
        let plans = vec![TrainingPlan { kind, ..TrainingPlan::default() }];
        let mut training = TrainingState::starting();
        training.plans = plans;
        let (run_dir, classes) = ("/runs/a".into(), vec!["wave".into(), "clap".into()]);
        training.receive(&TrainingEvent::Started { run_dir, clips: 12, classes, parameters: 1, resumed_at: 0 });
        assert_eq!(progress_text(&training).unwrap(), "Loading networks… 0 s");
        let prepare = |done| TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done, of: 12 };
        for (done, text) in [(0, "0 of 12 clips"), (3, "3 of 12 clips")] {
            training.receive(&prepare(done));
            assert_eq!(progress_text(&training).unwrap(), format!("Extracting features: {text}"));
        }
        training.receive(&prepare(12));
        assert_eq!(progress_text(&training).unwrap(), "Fitting the classifier… 0 s");
        training.receive(&TrainingEvent::Part { number: 1, of: 2, network: Network::Temporal });
        assert!(progress_text(&training).unwrap().starts_with("Temporal stream, 2 of 2: "));
    }
}
