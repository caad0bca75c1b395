//! Features of the clips of a data set from a frozen stream: extracted once, they let linear probes be fitted to any subset
//! in seconds.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::head::{clip_features, fit_to};
use super::linear::RowInit;
use super::views::Views;
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::files;
use crate::flow::files::npy_array::{NpyArray, Shape, write_array};
use crate::nets::{MotionNetwork, Stream, is_device_failure, read_back};
use crate::training::clips::Clips;
use crate::training::dataset::{LabelledClip, clip_identity};
use crate::training::flow::frozen_flow::FrozenFlow;
use crate::training::flow::source::FlowSource;
use crate::training::network_hash::{hash_motion, hash_stream};
use crate::video::Geometry;

/// Rows of features of each clip.
const ROWS: usize = Views::PLAIN.count();

/// Changes with what features are computed from.
const FORMAT: u64 = 1;

/// Features of clips, `ROWS` rows each; those of clips that cannot be read are NaN.
pub struct ClipFeatures {
    width: usize,
    values: Vec<f32>,
}

/// The origin of the features in a file, stored beside it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Origin {
    /// Of the networks and how they were given the clips.
    networks: String,
    /// Of each clip, [`clip_identity`]; none where it could not be read.
    clips: Vec<Option<String>>,
}

impl ClipFeatures {
    /// Returns the features of all `clips` through `stream`, with `motion` before it if it is a temporal one; frames are stretched to
    /// `frame`. Those in the file at `path` that are of the same networks and of clips that have not changed are kept; the others,
    /// clips that could not be read then among them, are taken now, and the file is written. `tell` is called for every clip
    /// processed, with the error if it cannot be read; nothing is returned if it breaks off.
    ///
    /// # Errors
    /// If no clip can be read, or the file cannot be written.
    pub fn load_or_extract(
        path: &Path,
        stream: &Stream,
        motion: Option<&MotionNetwork>,
        clips: &[LabelledClip],
        frame: Geometry,
        tell: &mut dyn FnMut(Option<&Error>) -> ControlFlow<()>,
    ) -> Result<Option<Self>> {
        let networks = networks_key(stream, motion, frame);
        let identities: Vec<Option<String>> = clips.iter().map(clip_identity).collect();
        let kept = Self::kept(path, &networks, clips.len());
        let frozen = stream.valid();
        let mut origin = Origin { networks, clips: Vec::with_capacity(clips.len()) };
        let mut rows: Vec<Option<Vec<f32>>> = Vec::with_capacity(clips.len());
        let mut has_changed = false;
        for (index, (clip, identity)) in clips.iter().zip(identities).enumerate() {
            let of_file = kept
                .as_ref()
                .filter(|(of, features)| identity.is_some() && of.clips[index] == identity && features.is_known(index));
            if let Some((_, features)) = of_file {
                rows.push(Some(features.of(index).to_vec()));
                origin.clips.push(identity);
                continue;
            }
            has_changed = true;
            // One at a time: each is looked at once, and not all fit into memory.
            let single = Arc::new(Clips::new(vec![clip.clone()], frame));
            let mut flow = motion.map(|motion| FrozenFlow::new(FlowSource::MotionNet, motion.valid(), single.clone()));
            let features = clip_features(&frozen, frame, &single, 0, Views::PLAIN, flow.as_mut())
                .and_then(|features| values(features, clip));
            if let Err(error) = &features
                && is_device_failure(error)
            {
                return Err(error.clone());
            }
            let told = tell(features.as_ref().err());
            origin.clips.push(identity.filter(|_| features.is_ok()));
            rows.push(features.ok());
            if told.is_break() {
                return Ok(None);
            }
        }
        let Some(length) = rows.iter().flatten().map(Vec::len).next() else {
            return Err(Error::new("clips", "none of them could be read", "See the errors above"));
        };
        let values = rows.into_iter().flat_map(|row| row.unwrap_or_else(|| vec![f32::NAN; length])).collect();
        let features = Self { width: length / ROWS, values };
        if has_changed {
            features.write(path)?;
            let text = serde_json::to_string(&origin).expect("texts are JSON");
            atomic::replace(&origin_path(path), |writer| writer.write_all(text.as_bytes()))?;
        }
        Ok(Some(features))
    }

    /// Returns the features in the file at `path`, if they are of these networks and of so many clips.
    fn kept(path: &Path, networks: &str, clips: usize) -> Option<(Origin, Self)> {
        let origin: Origin = serde_json::from_slice(&files::read(origin_path(path)).ok()?).ok()?;
        let is_same = origin.networks == networks && origin.clips.len() == clips;
        is_same.then_some(())?;
        Some((origin, Self::read(path, clips).ok()?))
    }

    /// Returns whether clip `index` could be read.
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
        fit_to(stream.valid(), &vec![RowInit::New; classes], features, &labels)
    }

    /// Reads the features of `clips` clips that [`ClipFeatures::write`] wrote.
    fn read(path: &Path, clips: usize) -> Result<Self> {
        let remedy = "Delete the file; it will be recreated";
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
    fn write(&self, path: &Path) -> Result<()> {
        write_array(path, Shape(vec![self.values.len() / self.width, self.width]), self.values.iter().copied())
    }

    fn of(&self, index: usize) -> &[f32] {
        let length = ROWS * self.width;
        &self.values[index * length..(index + 1) * length]
    }
}

/// Returns where the [`Origin`] of the features in the file at `path` is.
fn origin_path(path: &Path) -> PathBuf {
    path.with_extension("json")
}

fn networks_key(stream: &Stream, motion: Option<&MotionNetwork>, frame: Geometry) -> String {
    let mut key = ContentHash::new();
    key.number(FORMAT);
    // Another version or device may compute other features.
    key.field(env!("CARGO_PKG_VERSION"));
    key.field(format!("{:?}", stream.devices()));
    key.number(frame.width.into());
    key.number(frame.height.into());
    hash_stream(&mut key, stream);
    motion.into_iter().for_each(|motion| hash_motion(&mut key, motion));
    key.to_hex()
}

/// Returns the numbers of the features of `clip`, all finite.
fn values(features: Tensor<2>, clip: &LabelledClip) -> Result<Vec<f32>> {
    let values = read_back(features)?;
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => {
            let remedy = "Use weights of a training that did not diverge";
            Err(Error::file(&clip.path, "its features are not finite", remedy))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::{Rgb, RgbImage};

    use super::*;
    use crate::nets::{Backbone, StreamConfig, StreamInput};

    #[test]
    fn only_features_of_the_same_networks_and_clips_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let config = |input| StreamConfig { backbone: Backbone::SqueezeNet, input, classes: 2, dropout: None };
        let (stream, other) = {
            let new = || config(StreamInput::PICTURE).init(&Device::flex());
            (new(), new())
        };
        let clip = |name: &str, grey: u8| {
            let folder = dir.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            RgbImage::from_pixel(64, 64, Rgb([grey; 3])).save(folder.join(format!("{grey:03}.png"))).unwrap();
            LabelledClip { path: folder, label: 0, segment_secs: None, group: None }
        };
        let clips = [clip("a", 50), clip("b", 100), clip("c", 150)];
        fs::write(clips[1].path.join("100.png"), "not a picture").unwrap();
        let path = dir.path().join("features.npy");
        let looked_at = |stream: &Stream| {
            let mut failures = Vec::new();
            let frame = Geometry { width: 64, height: 64 };
            let features = ClipFeatures::load_or_extract(&path, stream, None, &clips, frame, &mut |error| {
                failures.push(error.is_some());
                ControlFlow::Continue(())
            });
            let features = features.unwrap().unwrap();
            ([0, 1, 2].map(|clip| features.is_known(clip)), failures)
        };
        assert_eq!(looked_at(&stream), ([true, false, true], vec![false, true, false]));
        assert_eq!(looked_at(&stream), ([true, false, true], vec![true]), "what could not be read is tried again");
        clip("b", 100);
        assert_eq!(looked_at(&stream), ([true; 3], vec![false]));
        assert_eq!(looked_at(&stream), ([true; 3], vec![]));
        clip("c", 160);
        assert_eq!(looked_at(&stream), ([true; 3], vec![false]), "the clip that has changed");
        assert_eq!(looked_at(&other), ([true; 3], vec![false; 3]), "another network");
    }

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
