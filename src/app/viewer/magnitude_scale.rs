//! The one magnitude scale of all views: how long a vector is drawn in full, in pixels of the video.

use super::views::{ViewKind, ViewSpec, Views};
use crate::app::flow::state::FlowComparison;
use crate::app::session::Session;
use crate::app::settings::Settings;
use crate::engine::FlowSource;
use crate::flow::colour;

/// The scales of a decade.
const STEPS: [f32; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];

/// How lengths become shares of the scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MagnitudeScale {
    /// The length that is drawn in full, pixels of the video; above 0.
    pub max_px: f32,
    /// Above 1 slow motion stands out; see [`colour::bent`].
    pub gamma: f32,
}

/// Returns the unit of the length of flow over `stride` frames.
pub fn unit(stride: usize) -> String {
    match stride {
        0 | 1 => "px/frame".into(),
        _ => format!("px/{stride} frames"),
    }
}

impl MagnitudeScale {
    /// The scale of the views: the locked one, else what nearly all motion of the clip stays below, and not under the least one of
    /// the settings.
    pub fn of(settings: &Settings, session: &Session) -> Self {
        let longest = || longest_px(&settings.views, &session.flow, session.video(), settings.flow.stride);
        let auto = || rounded_up(longest()).max(settings.least_scale_px);
        let max_px = settings.locked_scale_px.unwrap_or_else(auto).max(f32::MIN_POSITIVE);
        Self { max_px, gamma: settings.gamma }
    }

    /// The scale of the live source: the locked one, else what nearly all vectors have stayed below lately, and not under the least
    /// one of the settings.
    pub fn of_live(settings: &Settings, session: &Session) -> Self {
        let max_px = settings.locked_scale_px.unwrap_or(session.live.scale_px.max(settings.least_scale_px));
        Self { max_px: max_px.max(f32::MIN_POSITIVE), gamma: settings.gamma }
    }

    /// Returns the length that is drawn in full in words, of flow over `stride` frames: `4.0 px/frame`.
    pub fn in_words(&self, stride: usize) -> String {
        format!("{:.1} {}", self.max_px, unit(stride))
    }

    /// The vector as it is to be drawn on this scale.
    pub fn bent(&self, uv: [f32; 2]) -> [f32; 2] {
        colour::bent(uv, self.max_px, self.gamma)
    }

    /// Its colour.
    pub fn colour(&self, uv: [f32; 2]) -> [u8; 3] {
        let [u, v] = self.bent(uv);
        colour::colour(u, v, self.max_px)
    }

    /// The share of the scale that a length or a component in pixels is, its sign kept.
    pub fn share(&self, px: f32) -> f32 {
        let share = px / self.max_px;
        if self.gamma == 1.0 { share } else { share.abs().powf(1.0 / self.gamma).copysign(share) }
    }
}

/// The length that nearly all motion over `stride` frames stays below, as measured on pairs all over the clip, and all flows in view that
/// were seen so far: single wrong vectors would leave all others pale, and a scale of each pair by itself would let colours jump while
/// a clip plays.
fn longest_px(views: &Views, comparison: &FlowComparison, video: [u32; 2], stride: usize) -> f32 {
    let of_clip = comparison.motion.map_or(0.0, |share| share * video[0] as f32 * stride as f32);
    let of_view = |view: &ViewSpec| match view.kind {
        ViewKind::Frame | ViewKind::Input => 0.0,
        // Its vectors serve compression: a few wrong ones would leave all other views pale.
        _ if view.source == FlowSource::Codec && of_clip > 0.0 => of_clip,
        ViewKind::Strip => comparison.source(view.source).strip_lengths.px(video).max(of_clip),
        _ => comparison.source(view.source).flow_lengths.px(video).max(of_clip),
    };
    views.list().iter().map(of_view).fold(0.0, f32::max)
}

/// The next length that is a scale: a flow that is a little longer than all before changes no colours.
fn rounded_up(px: f32) -> f32 {
    if px <= 0.0 || !px.is_finite() {
        return 0.0;
    }
    let decade = 10_f32.powf(px.log10().floor());
    let mut steps = STEPS.into_iter().map(|step| step * decade);
    steps.find(|step| *step >= px).unwrap_or(10.0 * decade)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::flow::tests::source_flow;
    use crate::engine::{FlowView, SourceFlow};
    use crate::flow::FlowField;
    use crate::video::Geometry;

    #[test]
    fn a_scale_is_a_round_number_that_little_changes() {
        assert_eq!(
            [0.0, 0.7, 1.0, 1.01, 3.9, 4.0, 8.1, 11.0, 79.0].map(rounded_up),
            [0.0, 0.8, 1.0, 1.2, 4.0, 4.0, 10.0, 12.0, 80.0]
        );
        assert_eq!(rounded_up(f32::INFINITY), 0.0);
    }

    #[test]
    fn the_scale_is_that_of_the_clip_before_its_flows_are_seen() {
        let views = Views::beside([ViewSpec::new(ViewKind::Flow, FlowSource::Network)]);
        let mut comparison = FlowComparison::default();
        comparison.motion = Some(0.03125);
        assert_eq!(longest_px(&views, &comparison, [320, 240], 1), 10.0);
        assert_eq!(longest_px(&views, &comparison, [320, 240], 2), 20.0);
        // Wrong vectors of the codec leave the other views as they are.
        for (source, longest) in [(FlowSource::Codec, 10.0), (FlowSource::Tvl1, 40.0)] {
            let flow = FlowField::new(8, 6, vec![[40.0, 0.0]; 48]);
            let flow = FlowView::on_cpu(flow, Geometry { width: 320, height: 240 });
            comparison.set_flow(source, Some(Arc::new(SourceFlow { flow, ..source_flow(source, 0.0) })));
            let views = Views::beside([ViewSpec::new(ViewKind::Flow, source)]);
            assert_eq!(longest_px(&views, &comparison, [320, 240], 1), longest);
        }
        let frames = Views::beside([ViewSpec::new(ViewKind::Frame, FlowSource::Network)]);
        assert_eq!(longest_px(&frames, &comparison, [320, 240], 1), 0.0);
    }

    #[test]
    fn shares_are_lifted_by_gamma_and_keep_sign_and_ends() {
        let plain = MagnitudeScale { max_px: 4.0, gamma: 1.0 };
        assert_eq!([2.0, -2.0, 8.0].map(|px| plain.share(px)), [0.5, -0.5, 2.0]);
        let lifted = MagnitudeScale { gamma: 2.0, ..plain };
        assert_eq!([1.0, -1.0, 4.0, 0.0].map(|px| lifted.share(px)), [0.5, -0.5, 1.0, 0.0]);
        assert_eq!(plain.colour([0.0, 0.0]), [255; 3]);
        assert_eq!((plain.in_words(1), plain.in_words(3)), ("4.0 px/frame".into(), "4.0 px/3 frames".into()));
    }
}
