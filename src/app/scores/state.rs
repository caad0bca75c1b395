//! What the window knows of the scores of the whole open clip.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::{ClipScoresOrder, ClipWindow, Message, ModelInfo, Prediction, WindowPrediction};
use crate::nets::fusion::Fusion;

/// What is being done about the whole clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClipScoresPhase {
    /// Nothing has been asked for since the clip or the model changed.
    #[default]
    Idle,
    /// Its windows are being scored.
    Running,
    /// All of them are scored, or it was stopped.
    Ended,
}

/// The scored windows of the open clip.
#[derive(Default)]
pub struct ClipScores {
    /// What is being done.
    pub phase: ClipScoresPhase,
    /// The latest order.
    id: u64,
    /// How many windows there will be; 0 before the first is scored.
    total: usize,
    windows: Vec<ClipWindow>,
    /// What they say under a fusion: rows and lines ask for it in every repaint.
    prediction: RefCell<Option<(Fusion, Arc<Prediction>)>>,
}

impl ClipScores {
    /// Returns whether anything was ever asked for: from then on there is a place for the line of scores, and nothing jumps.
    pub fn was_used(&self) -> bool {
        self.id > 0
    }

    /// Returns how many of how many windows are scored; no total is known before the first.
    pub fn progress(&self) -> (usize, usize) {
        (self.windows.len(), self.total)
    }

    /// The order to score `clip`, in place of what was scored.
    pub fn begin(&mut self, clip: PathBuf, model: &ModelInfo) -> ClipScoresOrder {
        *self = Self { id: self.id + 1, phase: ClipScoresPhase::Running, ..Self::default() };
        ClipScoresOrder { id: self.id, clip, model: model.dir.clone(), classes: model.classes.clone() }
    }

    /// Drops what was scored: the clip or the model has changed. What is still said for the old order is for nobody.
    pub fn forget(&mut self) {
        *self = Self { id: self.id + u64::from(self.was_used()), ..Self::default() };
    }

    /// Stops; what is scored stays.
    pub fn stop(&mut self) {
        if self.phase == ClipScoresPhase::Running {
            self.phase = ClipScoresPhase::Ended;
        }
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        match message {
            Message::ClipWindow(window) if window.id == self.id => {
                self.total = window.total;
                self.windows.push(ClipWindow::clone(window));
                self.prediction = RefCell::default();
            }
            Message::ClipScoresEnded(id) if *id == self.id => self.stop(),
            Message::Opened(_) | Message::ModelLoaded(_) => self.forget(),
            _ => {}
        }
    }

    /// Returns what the scored windows say under `fusion`; `None` before the first is scored.
    pub fn prediction(&self, fusion: &Fusion) -> Option<Arc<Prediction>> {
        let mut kept = self.prediction.borrow_mut();
        if let Some((_, prediction)) = kept.as_ref().filter(|(of, _)| of == fusion) {
            return Some(prediction.clone());
        }
        let window = |window: &ClipWindow| WindowPrediction::of(&window.scores, window.start..window.end, fusion);
        let prediction = Arc::new(Prediction::of(self.windows.iter().map(window).collect())?);
        *kept = Some((*fusion, prediction.clone()));
        Some(prediction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::flow::tests::model_of;
    use crate::engine::Scores;

    fn window(id: u64, start: usize, total: usize, temporal: [f32; 2]) -> Message {
        let scores = Scores { window_start: start, temporal: temporal.into(), ..Scores::default() };
        Message::ClipWindow(Box::new(ClipWindow { id, start, end: start + 11, total, scores }))
    }

    #[test]
    fn windows_add_up_to_the_answer_of_the_clip_and_an_older_order_is_for_nobody() {
        let (mut scores, model) = (ClipScores::default(), model_of(&["a", "b"]));
        assert!(!scores.was_used());
        let old = scores.begin("/a.mp4".into(), &model);
        scores.receive(&window(old.id, 0, 3, [1.0, 0.0]));
        scores.forget();
        assert_eq!((scores.phase, scores.progress(), scores.was_used()), (ClipScoresPhase::Idle, (0, 0), true));
        let new = scores.begin("/b.mp4".into(), &model);
        for message in [window(old.id, 0, 3, [1.0, 0.0]), Message::ClipScoresEnded(old.id)] {
            scores.receive(&message);
        }
        assert_eq!((scores.phase, scores.progress()), (ClipScoresPhase::Running, (0, 0)));
        let fusion = Fusion::default();
        assert_eq!(scores.prediction(&fusion), None);
        for (start, temporal) in [(0, [0.0, 4.0]), (10, [3.0, 2.0]), (20, [0.0, 4.0])] {
            scores.receive(&window(new.id, start, 3, temporal));
        }
        scores.receive(&Message::ClipScoresEnded(new.id));
        assert_eq!((scores.phase, scores.progress()), (ClipScoresPhase::Ended, (3, 3)));
        assert_eq!(scores.prediction(&fusion).unwrap().agreement(), Some((1, 2)));
    }
}
