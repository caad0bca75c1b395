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
    use crate::training::{CutCount, CutShort, TrainingEvent, TrainingPlan};

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

    #[test]
    fn after_a_stop_in_the_first_stream_the_text_says_what_the_model_has_of_the_other() {
        let base = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default");
        let of_base = ModelCard::read(std::path::Path::new(base)).unwrap();
        let without = ModelCard { temporal: None, ..of_base.clone() };
        assert_eq!(untrained_text("temporal", None), "The temporal stream was not trained.");
        assert_eq!(
            untrained_text("temporal", Some(&of_base)),
            "The temporal stream was not trained: the model has that of its base."
        );
        assert_eq!(
            untrained_text("temporal", Some(&without)),
            "The temporal stream was not trained: the model has none, because its classes are not those of its base."
        );
        assert!(untrained_text("spatial", Some(&without)).ends_with("the model has that of its base."));
    }

    #[test]
    fn what_the_time_limit_cut_of_each_stream_is_kept_until_it_is_trained_further() {
        let cut = |network, done| CutShort { network, done, of: 80, counted: CutCount::Steps };
        let part = |number, network| TrainingEvent::Part { number, of: 2, network };
        let started = || TrainingEvent::Started {
            run_dir: "/runs/a".into(),
            clips: 4,
            classes: Vec::new(),
            parameters: 1,
            resumed_at: 0,
        };
        let [spatial, temporal] = [cut(Network::Spatial, 12), cut(Network::Temporal, 7)];
        let mut training = TrainingState::starting();
        for (number, cut) in [(0, spatial), (1, temporal)] {
            training.receive(&part(number, cut.network));
            training.receive(&started());
            training.receive(&TrainingEvent::CutShort(cut));
        }
        assert_eq!(training.cut_short, [spatial, temporal]);
        let words = "The time limit stopped the spatial stream after 12 of 80 steps.";
        assert_eq!(spatial.in_words(), words);
        let mut training = training.resuming();
        training.receive(&TrainingEvent::CutShort(spatial));
        training.receive(&part(1, Network::Temporal));
        training.receive(&started());
        assert_eq!(training.cut_short, [spatial], "the other one makes more steps");
    }
}
