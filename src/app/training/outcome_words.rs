//! What a run that was stopped early lacks, in words.

use super::state::{TrainingPhase, TrainingState};
use crate::nets::ModelCard;
use crate::training::Network;

/// Returns whether clips were held out of a run that was stopped, which may have come before their evaluation.
pub fn was_stopped_before_evaluation(training: &TrainingState) -> bool {
    let was_stopped = matches!(training.phase, TrainingPhase::Finished { stopped_early: true, .. });
    was_stopped && training.plans.iter().any(|plan| plan.hold_out > 0.0 && plan.network != Network::Flow)
}

/// Returns why there is no report on held-out clips.
pub fn unmeasured_text(training: &TrainingState) -> &'static str {
    match was_stopped_before_evaluation(training) {
        true => "Stopped before the held-out clips were evaluated.",
        false => "No clips were held out, so no accuracy was measured.",
    }
}

/// Returns what the model with this `card`, if it is read yet, has in place of a `stream` that was not trained.
pub fn untrained_text(stream: &str, card: Option<&ModelCard>) -> String {
    let has_stream = card.map(|card| match stream {
        "spatial" => card.spatial.is_some(),
        _ => card.temporal.is_some(),
    });
    let instead = match has_stream {
        Some(true) => ": the model has that of its base",
        Some(false) => ": the model has none, because its classes are not those of its base",
        None => "",
    };
    format!("The {stream} stream was not trained{instead}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::TrainingPlan;

    #[test]
    fn a_stopped_run_is_told_from_one_without_held_out_clips() {
        let text = |stopped_early, hold_out, network| {
            let phase = TrainingPhase::Finished { model_dir: "/runs/a/model".into(), stopped_early };
            let plans = vec![TrainingPlan { hold_out, ..TrainingPlan::of(network) }];
            let mut training = TrainingState::default();
            (training.phase, training.plans) = (phase, plans);
            unmeasured_text(&training)
        };
        let stopped = "Stopped before the held-out clips were evaluated.";
        assert_eq!(text(true, 0.3, Network::Spatial), stopped);
        for other in [(false, 0.3, Network::Spatial), (true, 0.0, Network::Spatial), (true, 0.3, Network::Flow)] {
            assert_ne!(text(other.0, other.1, other.2), stopped);
        }
    }
}
