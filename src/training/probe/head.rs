//! A new last layer for a stream from another task: fitted to the features of the otherwise unchanged network before
//! anything else is trained. A random last layer would spoil the features with its first gradients. Classes that the stream
//! knew keep what it knew of them.

use std::collections::BTreeSet;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::feature_cache::FeatureCache;
use super::linear::{KnownLayer, LastLayer, RowInit, UPDATES, rate_at};
use super::views::Views;
use crate::error::Result;
use crate::nets::flow_normalisation::classifier_input;
use crate::nets::preprocessing::MEAN_BGR;
use crate::nets::{Stream, is_device_failure};
use crate::training::augmentation::Draw;
use crate::training::clips::{Clips, Keep};
use crate::training::config::plan::TrainingPlan;
use crate::training::flow::frozen_flow::{Ahead, FrozenFlow};
use crate::training::run::clock::{Clock, by_turns, time_is_up};
use crate::training::run::events::TrainingEvent;
use crate::video::Geometry;

/// Share of a time budget that the fit before the first step may take.
const HEAD_SHARE: f64 = 0.4;

/// Gives `stream` a last layer for the classes `rows` that is fitted to what the rest of it says about `clips`; the rows that are
/// kept stay as they are. `flow` is the source of the temporal stream's input, none for the spatial stream. Returns the stream as
/// it is if the work is stopped.
///
/// Clips that cannot be read are reported and left out, and so are those for which a time budget does not suffice.
pub fn fit(
    stream: Stream,
    rows: &[RowInit],
    plan: &TrainingPlan,
    clips: &Clips,
    mut flow: Option<&mut FrozenFlow>,
    clock: &mut Clock,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<Stream> {
    let frozen = stream.valid();
    let device = frozen.devices().pop().unwrap_or_else(Device::flex);
    let store = FeatureCache::open(plan, &frozen, flow.as_deref().map(FrozenFlow::network), Views::FIT);
    let (mut features, mut labels) = (Vec::new(), Vec::new());
    let order = if plan.budget_secs.is_some() { by_turns(clips.labels()) } else { (0..clips.len()).collect() };
    let classes = clips.labels().collect::<BTreeSet<_>>().len();
    for (looked_at, index) in order.into_iter().enumerate() {
        clock.wait_while_paused(on_event);
        if clock.is_stopped() {
            return Ok(stream);
        }
        if looked_at >= classes && clock.is_over(HEAD_SHARE) {
            on_event(TrainingEvent::Warning(time_is_up(looked_at, clips.len())));
            break;
        }
        let mut take = || clip_features(&frozen, plan.frame, clips, index, Views::FIT, flow.as_deref_mut());
        let of_clip = match &store {
            Some(store) => store.get_or_insert_with(clips.clip(index), &device, take),
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

/// Returns the features of `frozen` for the views of clip `index`, `[views, F]`; `flow` as in [`fit`].
pub(in crate::training) fn clip_features(
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
pub(in crate::training) fn fit_to(stream: Stream, rows: &[RowInit], features: Tensor<2>, labels: &[i64]) -> Stream {
    let known = rows.iter().any(|row| *row != RowInit::New).then(|| KnownLayer::of(&stream.valid()));
    let mut layer = LastLayer::new(features, labels, rows, known.as_ref());
    for update in 0..UPDATES {
        layer.update(rate_at(update, UPDATES));
    }
    layer.put_into(stream)
}
