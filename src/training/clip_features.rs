//! What a frozen stream makes of the clips of a data set before its last layer: taken once, it lets last layers be fitted to
//! any part of the data in seconds.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::clips::Clips;
use super::dataset::LabelledClip;
use super::flow_source::FlowSource;
use super::frozen_flow::FrozenFlow;
use super::head::{Views, clip_features, fit_to};
use super::last_layer::Row;
use crate::error::{Error, Result};
use crate::flow::files::npy_array::{NpyArray, Shape, write_array};
use crate::nets::{MotionNetwork, Stream};
use crate::video::Geometry;

/// Rows of features of each clip.
const ROWS: usize = Views::PLAIN.count();

/// Features of clips, `ROWS` rows each; those of clips that cannot be read are NaN.
pub struct ClipFeatures {
    width: usize,
    values: Vec<f32>,
}

impl ClipFeatures {
    /// Looks at all `clips` through `stream`, with `motion` before it if it is a temporal one; frames are stretched to `frame`.
    /// `tell` hears of every clip, and why it cannot be read; nothing is returned if it breaks off.
    ///
    /// # Errors
    /// If no clip can be read.
    pub fn take(
        stream: &Stream,
        motion: Option<&MotionNetwork>,
        clips: &[LabelledClip],
        frame: Geometry,
        tell: &mut dyn FnMut(Option<&Error>) -> ControlFlow<()>,
    ) -> Result<Option<Self>> {
        let frozen = stream.valid();
        let mut rows: Vec<Option<Vec<f32>>> = Vec::with_capacity(clips.len());
        for clip in clips {
            // One at a time: each is looked at once, and not all fit into memory.
            let single = Arc::new(Clips::new(vec![clip.clone()], frame));
            let mut flow = motion.map(|motion| FrozenFlow::new(FlowSource::MotionNet, motion.valid(), single.clone()));
            let features = clip_features(&frozen, frame, &single, 0, Views::PLAIN, flow.as_mut())
                .and_then(|features| values(features, clip));
            let told = tell(features.as_ref().err());
            rows.push(features.ok());
            if told.is_break() {
                return Ok(None);
            }
        }
        let Some(length) = rows.iter().flatten().map(Vec::len).next() else {
            return Err(Error::new("clips", "none of them could be read", "See the errors above"));
        };
        let values = rows.into_iter().flat_map(|row| row.unwrap_or_else(|| vec![f32::NAN; length])).collect();
        Ok(Some(Self { width: length / ROWS, values }))
    }

    /// Whether clip `index` could be read.
    pub fn is_known(&self, index: usize) -> bool {
        !self.of(index)[0].is_nan()
    }

    /// `stream`, whose features these are, with a last layer for `classes` that is fitted to the clips at the places `picked`
    /// with their `labels`. The same `seed` makes the same layer.
    pub fn fit(&self, stream: &Stream, classes: usize, picked: &[usize], labels: &[usize], seed: u64) -> Stream {
        let known: Vec<(usize, usize)> =
            picked.iter().copied().zip(labels.iter().copied()).filter(|(index, _)| self.is_known(*index)).collect();
        let device = stream.devices().pop().unwrap_or_else(Device::flex);
        device.clone().autodiff().seed(seed);
        let rows: Vec<f32> = known.iter().flat_map(|(index, _)| self.of(*index)).copied().collect();
        let features = Tensor::from_data(TensorData::new(rows, [ROWS * known.len(), self.width]), &device);
        let labels: Vec<i64> = known.iter().flat_map(|(_, label)| [*label as i64; ROWS]).collect();
        fit_to(stream.valid(), &vec![Row::New; classes], features, &labels)
    }

    /// Reads the features of `clips` clips that [`ClipFeatures::write`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read or does not hold so many.
    pub fn read(path: &Path, clips: usize) -> Result<Self> {
        let remedy = "Delete the file: it is made anew";
        let is_ours = |shape: &Shape| match shape.0[..] {
            [rows, width] if rows == ROWS * clips && width > 0 => Ok(()),
            _ => Err(format!("its shape is {shape}, which are not the features of {clips} clips")),
        };
        let array = NpyArray::read(path, is_ours, remedy)?;
        let (rows, width) = (array.shape()[0], array.shape()[1]);
        let values = (0..rows).flat_map(|row| (0..width).map(move |column| [row, column]));
        Ok(Self { width, values: values.map(|place| array.at(&place)).collect() })
    }

    /// Writes the features as `.npy`.
    ///
    /// # Errors
    /// If the file cannot be written; an older one is intact then.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_array(path, Shape(vec![self.values.len() / self.width, self.width]), self.values.iter().copied())
    }

    fn of(&self, index: usize) -> &[f32] {
        let length = ROWS * self.width;
        &self.values[index * length..(index + 1) * length]
    }
}

/// The numbers of the features of `clip`, all finite.
fn values(features: Tensor<2>, clip: &LabelledClip) -> Result<Vec<f32>> {
    let failed = |cause: String| Error::file(&clip.path, cause, "Use weights of a training that did not diverge");
    let data = features.try_into_data().map_err(|error| failed(format!("the computation failed ({error:?})")))?;
    let values: Vec<f32> = data.convert::<f32>().try_into_vec().map_err(|error| failed(format!("{error:?}")))?;
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err(failed("its features are not finite".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_survive_the_disk_and_unreadable_clips_stay_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("features.npy");
        let mut values: Vec<f32> = (0..3 * ROWS * 2).map(|i| i as f32 / 7.0).collect();
        values[ROWS * 2..2 * ROWS * 2].fill(f32::NAN);
        ClipFeatures { width: 2, values }.write(&path).unwrap();
        let read = ClipFeatures::read(&path, 3).unwrap();
        assert_eq!([0, 1, 2].map(|clip| read.is_known(clip)), [true, false, true]);
        assert_eq!(read.of(2)[1], (2.0 * ROWS as f32 * 2.0 + 1.0) / 7.0);
        assert!(ClipFeatures::read(&path, 4).is_err_and(|error| error.cause.contains("4 clips")));
    }
}
