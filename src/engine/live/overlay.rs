//! Overlay of a recording: the picture beside its flow, the prediction and the top classes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;

use super::{LiveResult, SceneChange};
use crate::engine::FlowColours;
use crate::engine::flow_colours::FlowScale;
use crate::engine::overlay_video::{Annotated, Drawing};
use crate::nets::fusion::Firmness;
use crate::video::Geometry;

/// The overlay of one recording.
pub(super) struct LiveOverlay {
    /// Created with the first picture: a video has one size.
    drawing: Option<Drawing>,
    scale: FlowScale,
    /// Results for pictures that are not drawn yet: on a slow machine pictures wait longer for the encoder than for the
    /// networks.
    waiting: VecDeque<Arc<LiveResult>>,
    /// The newest result.
    newest: Option<Arc<LiveResult>>,
    /// The result drawn last, with its flow in the size of a pane.
    flow: Option<(Arc<LiveResult>, RgbImage)>,
    first: Option<Instant>,
}

impl LiveOverlay {
    /// Creates an overlay.
    pub fn new(colours: FlowColours) -> Self {
        let scale = FlowScale::following(colours);
        Self { drawing: None, scale, waiting: VecDeque::new(), newest: None, flow: None, first: None }
    }

    /// Returns `picture`, captured at `captured`, with the newest result for it or an earlier picture; `answer` is the
    /// newest result of all.
    pub fn draw(&mut self, picture: &RgbImage, captured: Instant, answer: Option<Arc<LiveResult>>) -> RgbImage {
        let (width, height) = picture.dimensions();
        let drawing = self.drawing.get_or_insert_with(|| Drawing::new(Geometry { width, height }));
        if let Some(answer) = answer
            && !self.newest.as_ref().is_some_and(|newest| Arc::ptr_eq(newest, &answer))
        {
            self.newest = Some(answer.clone());
            self.waiting.push_back(answer);
        }
        let mut due = None;
        while let Some(answer) = self.waiting.pop_front_if(|answer| answer.captured <= captured) {
            if answer.scene != SceneChange::None {
                self.scale.begin_scene();
            }
            due = Some(answer);
        }
        // Colouring a flow costs as much as everything else, so it is done once per flow.
        if let Some(answer) = due {
            let field = answer.flow.in_pixels_of(width as usize, height as usize);
            if answer.scene != SceneChange::Within {
                self.scale.see(&field, answer.captured);
            }
            let flow = drawing.pane(&self.scale.coloured(&field));
            self.flow = Some((answer, flow));
        }
        let answer = self.flow.as_ref().map(|(answer, _)| answer);
        let secs = captured.saturating_duration_since(*self.first.get_or_insert(captured)).as_secs_f64();
        drawing.draw(&Annotated {
            frame: picture,
            square: self.flow.as_ref().and_then(|(answer, _)| answer.scores.square),
            flow: self.flow.as_ref().map(|(_, flow)| (flow, self.scale.px())),
            ranked: &answer.map_or_else(Vec::new, |answer| ranked(answer)),
            firmness: answer.map_or(Firmness::Sure, |answer| answer.firmness),
            found: answer.and_then(|answer| answer.found.as_deref()),
            secs,
            late_secs: answer.map_or(0.0, |answer| captured.saturating_duration_since(answer.captured).as_secs_f64()),
        })
    }
}

/// Returns the classes of the result by falling share, the predicted class first.
fn ranked(result: &LiveResult) -> Vec<(String, f32)> {
    result.ranked().into_iter().map(|(class, share)| (class.to_owned(), share)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image::Rgb;

    use super::*;
    use crate::engine::live::Smoothed;
    use crate::engine::{FlowColours, FlowView, Scores, Timing};
    use crate::flow::FlowField;
    use crate::video::Frame;

    fn answer_to(picture: &RgbImage, captured: Instant) -> Arc<LiveResult> {
        let display = Arc::new(picture.clone());
        let frame = Frame { index: 0, pts_secs: 0.0, duration_secs: 0.04, display, scaled: Vec::new() };
        let (width, height) = picture.dimensions();
        Arc::new(LiveResult {
            frame: Arc::new(frame),
            captured,
            flow: FlowView::on_cpu(FlowField::new(4, 3, vec![[6.0, 0.0]; 12]), Geometry { width, height }),
            scene: SceneChange::None,
            classes: ["bow", "wave"].map(str::to_owned).into(),
            scores: Scores::default(),
            firmness: Firmness::Sure,
            found: None,
            answer: Smoothed { shares: vec![0.2, 0.8], top: Some(1), is_settled: true, ..Smoothed::default() },
            latency_ms: 100.0,
            fps: 5.0,
            answered: 1,
            skipped: 0,
            timing: Timing::default(),
        })
    }

    #[test]
    fn a_recording_shows_flow_and_prediction_once_they_are_there() {
        let mut overlay = LiveOverlay::new(FlowColours::default());
        let picture = RgbImage::from_pixel(320, 240, Rgb([200, 10, 10]));
        let now = Instant::now();
        let before = overlay.draw(&picture, now, None);
        let after = overlay.draw(&picture, now, Some(answer_to(&picture, now)));
        assert!(before.dimensions() == after.dimensions() && after.width() == 640 && after.height() > 240);
        let is_red = |drawn: &RgbImage| drawn.get_pixel(160, 120).0 == [200, 10, 10];
        assert!(is_red(&before) && is_red(&after), "the picture is at the left as it was");
        let beside = |drawn: &RgbImage| drawn.get_pixel(480, 120).0;
        assert!(beside(&before) != beside(&after), "flow is at the right");
        let kept = overlay.draw(&picture, now, Some(answer_to(&picture, now)));
        assert_eq!(beside(&kept), beside(&after));
    }

    #[test]
    fn a_recording_names_all_classes_that_a_multi_label_model_shows() {
        let picture = RgbImage::from_pixel(320, 240, Rgb([200, 10, 10]));
        let now = Instant::now();
        let drawn = |found: &[&str]| {
            let found = Some(found.iter().map(|&class| class.to_owned()).collect());
            let result = LiveResult { found, ..LiveResult::clone(&answer_to(&picture, now)) };
            LiveOverlay::new(FlowColours::default()).draw(&picture, now, Some(Arc::new(result)))
        };
        let (one, both) = (drawn(&["wave"]), drawn(&["wave", "bow"]));
        assert!(one != both, "the second class is drawn as well");
        assert!(one != drawn(&[]), "no class reaches its threshold");
    }

    #[test]
    fn an_answer_is_drawn_beside_no_picture_that_is_earlier() {
        let mut overlay = LiveOverlay::new(FlowColours::default());
        let picture = RgbImage::from_pixel(320, 240, Rgb([200, 10, 10]));
        let [now, later] = [0, 2].map(|secs| Instant::now() + Duration::from_secs(secs));
        let beside = |drawn: &RgbImage| drawn.get_pixel(480, 120).0;
        let before = overlay.draw(&picture, now, None);
        let early = overlay.draw(&picture, now, Some(answer_to(&picture, later)));
        assert_eq!(beside(&early), beside(&before));
        let due = overlay.draw(&picture, later, None);
        assert!(beside(&due) != beside(&before));
    }

    #[test]
    fn the_held_answer_comes_first_under_the_names_of_the_model_that_answered() {
        let of = |classes: &[&str], shares: &[f32], top| -> Vec<String> {
            let classes = classes.iter().map(|&class| class.to_owned()).collect();
            let answer = Smoothed { shares: shares.to_vec(), top, is_settled: true, ..Smoothed::default() };
            let result =
                LiveResult { classes, answer, ..LiveResult::clone(&answer_to(&RgbImage::new(8, 6), Instant::now())) };
            ranked(&result).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(of(&["a", "b", "c"], &[0.5, 0.2, 0.3], Some(2)), ["c", "a", "b"]);
        assert_eq!(of(&["sit", "walk"], &[0.9, 0.1], Some(0)), ["sit", "walk"], "another model was loaded meanwhile");
    }
}
