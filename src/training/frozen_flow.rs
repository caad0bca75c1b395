//! The flow that the temporal stream learns from in mode (a), computed once a clip and kept in memory.
//!
//! A clip's flow is computed from whole frames the first time a window of it is drawn; crops and flips then act on the
//! flow itself. Nothing is written to disk.

use std::collections::HashMap;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use super::augmentation::Draw;
use super::clip_flow::ClipFlow;
use super::clips::Clips;
use super::flow_source::FlowSource;
use crate::error::Result;
use crate::nets::MotionNetwork;
use crate::video::Geometry;

/// Flow kept at most; what does not fit is computed again.
const BUDGET_BYTES: usize = 4 << 30;

/// Flow of whole clips, on demand.
pub struct FrozenFlow {
    source: FlowSource,
    network: MotionNetwork,
    clips: Arc<Clips>,
    kept: HashMap<usize, Arc<ClipFlow>>,
    bytes: usize,
    /// Whether only the windows that are drawn have their flow made, each for itself, and none is kept.
    sparse: bool,
}

impl FrozenFlow {
    /// The flow of `clips` from `source`. `network` must not lie on an autodiff device: nothing is remembered for a backward
    /// pass.
    pub fn new(source: FlowSource, network: MotionNetwork, clips: Arc<Clips>) -> Self {
        Self { source, network, clips, kept: HashMap::new(), bytes: 0, sparse: false }
    }

    /// What it is made by, where it is made by a network.
    pub fn network(&self) -> &MotionNetwork {
        &self.network
    }

    /// The same for clips of which a few windows of adjacent frames are looked at once: no other flow is made, and none is kept.
    pub fn sparse(self) -> Self {
        Self { sparse: self.source.needs_network(), ..self }
    }

    /// The raw flow of the pairs of drawn windows as the network would see their crops: [draws, 2·pairs, crop/2, crop/2].
    pub fn windows(&mut self, draws: &[Draw], pairs: usize, crop: Geometry, device: &Device) -> Result<Tensor<4>> {
        let (mut planes, mut size) = (Vec::new(), [0, 0]);
        let mut window = None; // the flow of the window before, which several draws may see
        for draw in draws {
            let (flow, start) = match self.sparse {
                true => (self.window(draw, pairs, &mut window)?, 0),
                false => (self.clip(draw.clip)?, draw.start),
            };
            size = flow.append_window(start, pairs, &draw.crop, crop, &mut planes);
        }
        let shape = [draws.len(), 2 * pairs, size[0], size[1]];
        Ok(Tensor::from_data(TensorData::new(planes, shape), device))
    }

    /// The flow of the frames of `draw` alone; that of the one before if it is the same window.
    fn window(
        &self,
        draw: &Draw,
        pairs: usize,
        before: &mut Option<([usize; 2], Arc<ClipFlow>)>,
    ) -> Result<Arc<ClipFlow>> {
        let place = [draw.clip, draw.start];
        if let Some((_, flow)) = before.as_ref().filter(|(of, _)| *of == place) {
            return Ok(flow.clone());
        }
        let frames = self.clips.frames(draw.clip)?;
        let start = draw.start.min(frames.len() - 1);
        let frames = &frames[start..(start + pairs + 1).min(frames.len())];
        let flow = Arc::new(self.source.clip_flow(self.clips.clip(draw.clip), frames, &self.network)?);
        *before = Some((place, flow.clone()));
        Ok(flow)
    }

    fn clip(&mut self, index: usize) -> Result<Arc<ClipFlow>> {
        if let Some(flow) = self.kept.get(&index) {
            return Ok(flow.clone());
        }
        let frames = self.clips.frames(index)?;
        let flow = Arc::new(self.source.clip_flow(self.clips.clip(index), &frames, &self.network)?);
        if self.bytes + flow.bytes() <= BUDGET_BYTES {
            self.bytes += flow.bytes();
            self.kept.insert(index, flow.clone());
        }
        Ok(flow)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::super::augmentation::Crop;
    use super::super::dataset::LabelledClip;
    use super::*;
    use crate::nets::MotionConfig;

    #[test]
    fn a_window_alone_has_the_flow_that_it_has_in_its_clip() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..20u8 {
            let picture = RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8 * 3, y as u8 * 3, i * 10]));
            picture.save(dir.path().join(format!("{i:02}.png"))).unwrap();
        }
        let clip = LabelledClip { path: dir.path().to_owned(), label: 0, segment_secs: None, group: None };
        let frame = Geometry { width: 64, height: 64 };
        let clips = Arc::new(Clips::new(vec![clip], frame));
        let (device, whole) = (Device::flex(), Crop::whole(frame));
        let draw = |start, mirrored| Draw { clip: 0, start, stride: 1, crop: Crop { mirrored, ..whole } };
        let draws = [draw(0, false), draw(0, true), draw(7, false), draw(15, false)];
        // A network of eleven frames sees others than the window's where a clip ends.
        for (frames, draws) in [(2, &draws[..]), (11, &draws[..3])] {
            let network = MotionConfig { frames, width: 2, ..MotionConfig::default() }.init(&device);
            let flow = || FrozenFlow::new(FlowSource::MotionNet, network.clone(), clips.clone());
            let windows = |mut flow: FrozenFlow| flow.windows(draws, 10, frame, &device).unwrap().into_data();
            let same = burn::tensor::Tolerance::relative(1e-3).set_absolute(1e-5);
            windows(flow().sparse()).assert_approx_eq::<f32>(&windows(flow()), same);
        }
    }
}
