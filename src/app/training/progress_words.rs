//! How far a training is, in words: the panel, and the status bar in short.

use std::time::Duration;

use super::state::{Preparing, TrainingPhase, TrainingState};
use crate::app::ui::format::span;
use crate::training::{StepMetrics, TrainingPlan};

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
    let Some(StepMetrics { step, steps, .. }) = training.latest.as_ref() else {
        return training.resumed.map(|resumed| format!("Training: {} of {} steps", resumed.step, resumed.steps));
    };
    // With a time limit the number of steps is an estimate, unless the last of the plan comes before.
    let about = if present_plan(training).is_some_and(|plan| *steps < plan.steps) { "about " } else { "" };
    Some(format!("Training: {step} of {about}{steps} steps"))
}

/// Returns the plan of the present run.
fn present_plan(training: &TrainingState) -> Option<&TrainingPlan> {
    training.plans.get(training.part.map_or(0, |(number, ..)| number))
}

/// Returns the time limit of the present run, as its share where several runs have one together.
pub fn limit_text(training: &TrainingState) -> Option<String> {
    let budget = present_plan(training)?.budget_secs?;
    let all: f64 = training.plans.iter().filter_map(|plan| plan.budget_secs).sum();
    Some(share_of_limit(budget, all))
}

/// Returns the time limit of a run, which has `budget` seconds of `all`.
pub fn share_of_limit(budget: f64, all: f64) -> String {
    let [own, all] = [budget, all].map(|secs| format!("{:.1}", secs / 60.0));
    if own == all { format!("{own} min") } else { format!("{own} of {all} min for this stream") }
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
    fn a_run_with_a_time_limit_always_says_about_how_many_steps_fit_and_what_its_share_is() {
        let plan = |network, secs| TrainingPlan { steps: 400, budget_secs: Some(secs), ..TrainingPlan::of(network) };
        let mut training = TrainingState::starting();
        training.plans = vec![plan(Network::Spatial, 120.0), plan(Network::Temporal, 180.0)];
        training.receive(&TrainingEvent::Part { number: 0, of: 2, network: Network::Spatial });
        for (step, steps, done, text) in [
            (14, 19, 0.5, "14 of about 19 steps"),
            (15, 19, 0.9, "15 of about 19 steps"),
            (16, 400, 0.1, "16 of 400 steps"),
        ] {
            let metrics = StepMetrics {
                step,
                steps,
                loss: 1.0,
                terms: Vec::new(),
                weights: Vec::new(),
                accuracy: None,
                rate: 1.0,
                steps_per_sec: 1.0,
                stall: 0.0,
                eta_secs: 1.0,
                memory_bytes: None,
                done,
            };
            training.receive(&TrainingEvent::Step(metrics));
            assert_eq!(progress_text(&training).unwrap(), format!("Spatial stream, 1 of 2: Training: {text}"));
        }
        assert_eq!(limit_text(&training).unwrap(), "2.0 of 5.0 min for this stream");
        training.plans.truncate(1);
        assert_eq!(limit_text(&training).unwrap(), "2.0 min");
    }

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
