//! The guided first run: from a clip to a recogniser of one's own, a step at a time, each ticked off once it was done.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::app::command::Command;
use crate::app::session::Session;
use crate::app::training::state::TrainingPhase;

/// Fewest labelled clips that the tour asks for.
const LABELLED: usize = 3;

/// A step of the tour.
pub struct FirstStep {
    /// What is to be done, in a few words.
    pub title: &'static str,
    /// How, and what is to be seen.
    pub text: &'static str,
    /// What takes one there, and the words on its button.
    pub way: (Command, &'static str),
    /// Whether it is done now.
    is_done: fn(&Session) -> bool,
}

/// The steps in order.
pub const STOPS: [FirstStep; 7] = [
    FirstStep {
        title: "Open a clip",
        text: "Motionscope can generate sample clips. To use your own video, choose “Open clip…”.",
        way: (Command::OpenSample, "Open the sample"),
        is_done: |session| session.clip.is_some(),
    },
    FirstStep {
        title: "See its flow",
        text: "MotionNet's flow is shown beside the frame: hue is direction, saturation is speed. Press Space to play.",
        way: (Command::PlayPause, "Play"),
        is_done: |session| session.player.playing && session.analysis.is_some(),
    },
    FirstStep {
        title: "Create a project",
        text: "Turn a folder of clips into a project. Every label is saved to disk at once.",
        way: (Command::SampleProject, "Sample project"),
        is_done: |session| session.labeling.document().is_some_and(|document| !document.videos.is_empty()),
    },
    FirstStep {
        title: "Label three clips",
        text: "In the Project panel, add two classes, such as wave and walk. Press a class's digit to label a clip and Ctrl+→ for the next unlabelled one.",
        way: (Command::ShowProject, "Show project"),
        is_done: |session| {
            let document = session.labeling.document();
            document.is_some_and(|document| {
                let labelled = document.videos.values().filter(|video| !video.is_unlabelled());
                labelled.count() >= LABELLED
            })
        },
    },
    FirstStep {
        title: "Fine-tune",
        text: "Fit the last layers of both streams to your labels. Press Start and watch loss and accuracy.",
        way: (Command::TrainOnLabels, "Train on labels"),
        is_done: |session| matches!(session.training.phase, TrainingPhase::Finished { .. }),
    },
    FirstStep {
        title: "Use the new model",
        text: "The new model predicts your classes. The old model is kept: File › Load model.",
        way: (Command::UseTrainedWeights, "Load new model"),
        is_done: |session| session.training.is_loaded,
    },
    FirstStep {
        title: "Go live",
        text: "Choose a camera, stream or video and press Start. If a prediction is wrong, press C and a digit to save the last seconds under the correct class.",
        way: (Command::ShowLive, "Show live"),
        is_done: |session| session.live.view.is_some(),
    },
];

/// How far a person has come; the settings keep it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guide {
    /// Whether the tour is shown.
    pub is_open: bool,
    /// The places of the steps that were done.
    done: BTreeSet<usize>,
}

impl Guide {
    /// Ticks off what is done; what was done once stays so.
    pub fn follow(&mut self, session: &Session) {
        if self.is_open {
            let is_done = |(_, step): &(usize, &FirstStep)| (step.is_done)(session);
            self.done.extend(STOPS.iter().enumerate().filter(is_done).map(|(place, _)| place));
        }
    }

    /// Whether the step at this place was done.
    pub fn is_done(&self, place: usize) -> bool {
        self.done.contains(&place)
    }

    /// The place of the step to be done next; `None` after the last.
    pub fn next(&self) -> Option<usize> {
        (0..STOPS.len()).find(|place| !self.is_done(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_ticked_off_and_stay_so() {
        let mut session = Session::new("CPU".into());
        let mut guide = Guide { is_open: true, ..Guide::default() };
        guide.follow(&session);
        assert_eq!(guide.next(), Some(0));
        session.training.phase = TrainingPhase::Finished { model_dir: "model".into(), stopped_early: false };
        guide.follow(&session);
        assert!(guide.is_done(4) && !guide.is_done(5), "in any order");
        session.training.phase = TrainingPhase::Idle;
        guide.follow(&session);
        assert!(guide.is_done(4), "done once is done");
        assert_eq!(guide.next(), Some(0));
    }
}
