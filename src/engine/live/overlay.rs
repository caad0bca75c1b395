//! What is drawn into a recording: the picture beside its flow, the prediction and the top classes.

use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;

use super::LiveResult;
use crate::engine::RecordingOverlay;
use crate::engine::flow_colours::FlowScale;
use crate::engine::overlay_video::{Annotated, Drawing};
use crate::ranking::falling;
use crate::video::Geometry;

/// Draws the pictures of one recording.
pub(super) struct LiveOverlay {
    order: RecordingOverlay,
    /// Made for the first picture: a video has one size.
    drawing: Option<Drawing>,
    scale: FlowScale,
    /// The answer that was drawn last, with its flow in the size of a pane.
    flow: Option<(Arc<LiveResult>, RgbImage)>,
    first: Option<Instant>,
}

impl LiveOverlay {
    /// Has drawn nothing yet.
    pub fn new(order: RecordingOverlay) -> Self {
        let scale = FlowScale::following(order.colours);
        Self { order, drawing: None, scale, flow: None, first: None }
    }

    /// Returns `picture`, which was captured at that moment, with the newest answer beside and below it.
    pub fn draw(&mut self, picture: &RgbImage, captured: Instant, answer: Option<Arc<LiveResult>>) -> RgbImage {
        let (width, height) = picture.dimensions();
        let drawing = self.drawing.get_or_insert_with(|| Drawing::new(Geometry { width, height }));
        // Flows come less often than pictures, and colouring one costs as much as the rest.
        if let Some(answer) = answer
            && !self.flow.as_ref().is_some_and(|(drawn, _)| Arc::ptr_eq(drawn, &answer))
        {
            let flow = drawing.pane(&self.scale.picture(&answer.flow, [width, height]));
            self.flow = Some((answer, flow));
        }
        let shares = self.flow.as_ref().map_or(&[][..], |(answer, _)| &answer.answer.shares);
        let top = self.flow.as_ref().and_then(|(answer, _)| answer.answer.top);
        let secs = captured.saturating_duration_since(*self.first.get_or_insert(captured)).as_secs_f64();
        drawing.draw(&Annotated {
            frame: picture,
            square: self.flow.as_ref().and_then(|(answer, _)| answer.scores.square),
            flow: self.flow.as_ref().map(|(_, flow)| (flow, self.scale.px())),
            ranked: &ranked(&self.order.classes, shares, top),
            unsure: self.order.fusion.is_unsure(shares),
            secs,
        })
    }
}

/// The classes by their shares, the answer first; none if they are those of another model.
fn ranked(classes: &[String], shares: &[f32], top: Option<usize>) -> Vec<(String, f32)> {
    if classes.len() != shares.len() {
        return Vec::new();
    }
    let mut places: Vec<usize> = (0..shares.len()).collect();
    places.sort_by(|a, b| (top == Some(*b)).cmp(&(top == Some(*a))).then(falling(&shares[*a], &shares[*b])));
    places.into_iter().map(|place| (classes[place].clone(), shares[place])).collect()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::engine::live::Smoothed;
    use crate::engine::{FlowColours, FlowView, Scores, Timing};
    use crate::flow::FlowField;
    use crate::nets::fusion::Fusion;
    use crate::video::Frame;

    fn answer(picture: &RgbImage) -> Arc<LiveResult> {
        let display = Arc::new(picture.clone());
        let frame = Frame { index: 0, pts_secs: 0.0, duration_secs: 0.04, display, scaled: Vec::new() };
        let (width, height) = picture.dimensions();
        Arc::new(LiveResult {
            frame: Arc::new(frame),
            flow: FlowView::on_cpu(FlowField::new(4, 3, vec![[6.0, 0.0]; 12]), Geometry { width, height }),
            scores: Scores::default(),
            answer: Smoothed { shares: vec![0.2, 0.8], top: Some(1) },
            latency_ms: 100.0,
            fps: 5.0,
            answered: 1,
            skipped: 0,
            timing: Timing::default(),
        })
    }

    #[test]
    fn a_recording_shows_flow_and_prediction_once_they_are_there() {
        let classes = ["bow", "wave"].map(str::to_owned).to_vec();
        let mut overlay =
            LiveOverlay::new(RecordingOverlay { classes, fusion: Fusion::default(), colours: FlowColours::default() });
        let picture = RgbImage::from_pixel(320, 240, Rgb([200, 10, 10]));
        let now = Instant::now();
        let before = overlay.draw(&picture, now, None);
        let after = overlay.draw(&picture, now, Some(answer(&picture)));
        assert!(before.dimensions() == after.dimensions() && after.width() == 640 && after.height() > 240);
        let is_red = |drawn: &RgbImage| drawn.get_pixel(160, 120).0 == [200, 10, 10];
        assert!(is_red(&before) && is_red(&after), "the picture is at the left as it was");
        let beside = |drawn: &RgbImage| drawn.get_pixel(480, 120).0;
        assert!(beside(&before) != beside(&after), "flow is at the right");
        let kept = overlay.draw(&picture, now, Some(answer(&picture)));
        assert_eq!(beside(&kept), beside(&after));
    }

    #[test]
    fn the_held_answer_comes_first_and_names_of_another_model_do_not_stand_for_classes() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let of = |shares: &[f32], top| -> Vec<String> {
            ranked(&names, shares, top).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(of(&[0.5, 0.2, 0.3], Some(2)), ["c", "a", "b"]);
        assert!(of(&[0.5, 0.5], Some(0)).is_empty());
    }
}
