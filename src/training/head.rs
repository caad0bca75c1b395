//! A new last layer for a stream from another task: fitted to the features of the otherwise unchanged network before
//! anything else is trained. A random last layer would spoil the features with its first gradients. Classes that the stream
//! knew keep what it knew of them.

use std::collections::BTreeSet;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::augmentation::{Crop, Draw};
use super::clips::{Clips, Keep};
use super::clock::{Clock, by_turns, time_is_up};
use super::event::{TrainingControl, TrainingEvent};
use super::feature_store::FeatureStore;
use super::frozen_flow::{Ahead, FrozenFlow};
use super::last_layer::{KnownLayer, LastLayer, Row, UPDATES, rate_at};
use super::plan::TrainingPlan;
use crate::error::Result;
use crate::nets::flow_normalisation::classifier_input;
use crate::nets::preprocessing::MEAN_BGR;
use crate::nets::{Stream, is_device_failure};
use crate::video::Geometry;

/// Share of a time budget that the fit before the first step may take.
const HEAD_SHARE: f64 = 0.4;
/// Side of the part of a frame that a cropped view shows, relative to the frame's.
const CROP: f32 = 0.8;

/// How a clip is looked at for its features: in evenly spread windows, of whole frames and perhaps of a part of them, each also
/// mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Views {
    /// Windows (or frames) of a clip.
    pub windows: usize,
    /// Whether a corner or the centre of each is looked at as well.
    pub cropped: bool,
}

impl Views {
    /// Two windows of whole frames.
    pub const PLAIN: Self = Self { windows: 2, cropped: false };

    /// Three windows, and parts of them too: as a stream sees clips in training.
    pub const FIT: Self = Self { windows: 3, cropped: true };

    /// Number of views, which is that of rows of features of a clip.
    pub const fn count(self) -> usize {
        self.windows * if self.cropped { 4 } else { 2 }
    }

    /// The views of a clip of `frames` frames of size `frame`, windows of `span`.
    fn draws(self, clip: usize, frames: usize, span: usize, frame: Geometry) -> Vec<Draw> {
        let last = frames.saturating_sub(span);
        let crops = |window: usize| [Some(Crop::whole(frame)), self.cropped.then(|| corner(frame, window))];
        (1..=self.windows)
            .flat_map(|window| crops(window).into_iter().flatten().map(move |crop| (window, crop)))
            .flat_map(|(window, crop)| [false, true].map(|mirrored| (window, Crop { mirrored, ..crop })))
            .map(|(window, crop)| Draw { clip, start: window * last / (self.windows + 1), stride: 1, crop })
            .collect()
    }
}

/// One corner after the other, then the centre.
fn corner(frame: Geometry, window: usize) -> Crop {
    let (width, height) = (frame.width as f32 * CROP, frame.height as f32 * CROP);
    let (right, bottom) = (frame.width as f32 - width, frame.height as f32 - height);
    let corners = [(0.0, 0.0), (right, bottom), (right, 0.0), (0.0, bottom), (right / 2.0, bottom / 2.0)];
    let (x, y) = corners[window % corners.len()];
    Crop { x, y, width, height, mirrored: false }
}

/// Gives `stream` a last layer for the classes `rows` that is fitted to what the rest of it says about `clips`; the rows that are
/// kept stay as they are. `flow` is the source of the temporal stream's input, none for the spatial stream. Returns the stream as
/// it is if the work is stopped.
///
/// Clips that cannot be read are reported and left out, and so are those for which a time budget does not suffice.
pub fn fit(
    stream: Stream,
    rows: &[Row],
    plan: &TrainingPlan,
    clips: &Clips,
    mut flow: Option<&mut FrozenFlow>,
    clock: &mut Clock,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<Stream> {
    let frozen = stream.valid();
    let device = frozen.devices().pop().unwrap_or_else(Device::flex);
    let store = FeatureStore::open(plan, &frozen, flow.as_deref().map(FrozenFlow::network), Views::FIT);
    let (mut features, mut labels) = (Vec::new(), Vec::new());
    let order = if plan.budget_secs.is_some() { by_turns(clips.labels()) } else { (0..clips.len()).collect() };
    let classes = clips.labels().collect::<BTreeSet<_>>().len();
    for (looked_at, index) in order.into_iter().enumerate() {
        clock.hold(on_event);
        if clock.is_stopped() {
            return Ok(stream);
        }
        if looked_at >= classes && clock.is_over(HEAD_SHARE) {
            on_event(TrainingEvent::Warning(time_is_up(looked_at, clips.len())));
            break;
        }
        let mut take = || clip_features(&frozen, plan.frame, clips, index, Views::FIT, flow.as_deref_mut());
        let of_clip = match &store {
            Some(store) => store.read_or(clips.clip(index), &device, take),
            None => take(),
        };
        match of_clip {
            Ok(of_clip) => {
                features.push(of_clip);
                labels.extend([clips.label(index) as i64; Views::FIT.count()]);
            }
            Err(error) if is_device_failure(&error) => return Err(error),
            Err(error) => on_event(TrainingEvent::Warning(error)),
        }
        on_event(TrainingEvent::Preparing { done: looked_at + 1, of: clips.len() });
    }
    if features.is_empty() {
        return Ok(stream);
    }
    Ok(fit_to(stream, rows, Tensor::cat(features, 0), &labels))
}

/// Waits while the run is paused.
pub(super) fn hold(control: &TrainingControl, on_event: &mut dyn FnMut(TrainingEvent)) {
    if control.is_paused() {
        on_event(TrainingEvent::Paused);
        control.wait_while_paused();
        on_event(TrainingEvent::Resumed);
    }
}

/// What `frozen` makes of the views of clip `index` before its last layer, `[views, F]`; `flow` as in [`fit`].
pub(super) fn clip_features(
    frozen: &Stream,
    frame: Geometry,
    clips: &Clips,
    index: usize,
    views: Views,
    flow: Option<&mut FrozenFlow>,
) -> Result<Tensor<2>> {
    let device = frozen.devices().pop().unwrap_or_else(Device::flex);
    let count = clips.count(index)?;
    let draws = views.draws(index, count, frozen.input().frames(), frame);
    let input = match flow {
        Some(flow) => {
            classifier_input(flow.windows(&draws, frozen.input().count, frame, &Ahead::default(), &device)?)
        }
        None => pictures(frozen, clips, index, count, &draws, &device)?,
    };
    Ok(frozen.features(input))
}

/// Drawn frames, or clips of them: `[draws, 3·n, h, w]`.
fn pictures(
    stream: &Stream,
    clips: &Clips,
    index: usize,
    frames: usize,
    draws: &[Draw],
    device: &Device,
) -> Result<Tensor<4>> {
    let (count, size) = (stream.input().count, clips.geometry());
    let wanted: Vec<usize> = draws.iter().flat_map(|draw| draw.indices(count, frames)).collect();
    let pictures = clips.pictures(index, &wanted, Keep::Nothing)?;
    let mut planes = Vec::new();
    for (draw, pictures) in draws.iter().zip(pictures.chunks(count)) {
        pictures.iter().for_each(|picture| draw.crop.append_bgr(picture, size, MEAN_BGR, 1.0, &mut planes));
    }
    let shape = [draws.len(), 3 * count, size.height as usize, size.width as usize];
    Ok(Tensor::from_data(TensorData::new(planes, shape), device))
}

/// `stream` with a last layer that is fitted to `features` `[n, F]`, whose classes are `labels`.
pub(super) fn fit_to(stream: Stream, rows: &[Row], features: Tensor<2>, labels: &[i64]) -> Stream {
    let known = rows.iter().any(|row| *row != Row::New).then(|| KnownLayer::of(&stream.valid()));
    let mut layer = LastLayer::new(features, labels, rows, known.as_ref());
    for update in 0..UPDATES {
        layer.update(rate_at(update, UPDATES));
    }
    layer.put_into(stream)
}
