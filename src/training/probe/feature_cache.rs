//! On-disk cache of backbone features, keyed by clip content and weights.
//!
//! After labelling more clips, the next linear probe extracts features of the new clips only.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::views::Views;
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::files;
use crate::nets::{MotionNetwork, Stream, read_back};
use crate::training::config::plan::{Network, TrainingPlan};
use crate::training::dataset::{Content, LabelledClip};
use crate::training::flow::source::FlowSource;
use crate::training::network_hash::{hash_motion, hash_stream};

/// The folder of stored features, in the folder of the runs.
const FOLDER: &str = ".motionscope-features";
/// Changes with what features are computed from and how they are written.
const FORMAT: u64 = 2;
/// Networks whose features are kept; those that were asked for longest ago make room.
const MOST_NETWORKS: usize = 4;

/// A cache of the features of one stream under one plan: one file per clip, named by its content hash.
pub(in crate::training) struct FeatureCache {
    dir: PathBuf,
    views: usize,
    width: usize,
}

impl FeatureCache {
    /// Returns the features of `stream`, which stands on `motion` if it reads flow, beside the run of `plan`; none where what it
    /// reads is more than the clips, or where they cannot be kept, which is warned of in the log.
    pub fn open(plan: &TrainingPlan, stream: &Stream, motion: Option<&MotionNetwork>, views: Views) -> Option<Self> {
        let reads_flow = plan.network == Network::Temporal;
        if reads_flow && plan.flow_source == FlowSource::Stored {
            return None;
        }
        let mut key = ContentHash::new();
        key.number(FORMAT);
        // Another version or device may compute other features.
        key.field(env!("CARGO_PKG_VERSION"));
        key.field(format!("{:?}", stream.devices()));
        key.number(plan.frame.width.into());
        key.number(plan.frame.height.into());
        key.number(views.windows as u64);
        key.number(views.cropped.into());
        hash_stream(&mut key, stream);
        if reads_flow {
            key.field(plan.flow_source.name());
            motion.into_iter().for_each(|motion| hash_motion(&mut key, motion));
        }
        let root = plan.run_dir.parent().unwrap_or(Path::new(".")).join(FOLDER);
        let dir = root.join(key.to_hex());
        if let Err(error) = fs::create_dir_all(&dir) {
            tracing::warn!("features not kept: {}", Error::io(&dir, &error));
            return None;
        }
        make_room(&root, &dir);
        Some(Self { dir, views: views.count(), width: stream.feature_width() })
    }

    /// Returns the features of `clip`, `[views, F]`: from the cache, else those of `take`, which are cached.
    ///
    /// # Errors
    /// Those of `take`.
    pub fn get_or_insert_with(
        &self,
        clip: &LabelledClip,
        device: &Device,
        take: impl FnOnce() -> Result<Tensor<2>>,
    ) -> Result<Tensor<2>> {
        if let Some(features) = self.read(clip, device) {
            return Ok(features);
        }
        let features = take()?;
        self.keep(clip, &features);
        Ok(features)
    }

    /// Returns the features of `clip`; none if they are not there as they should be.
    fn read(&self, clip: &LabelledClip, device: &Device) -> Option<Tensor<2>> {
        let bytes = files::read(self.path(clip)?).ok()?;
        if bytes.len() != self.views * self.width * size_of::<f32>() {
            return None;
        }
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
        Some(Tensor::from_data(TensorData::new(values, [self.views, self.width]), device))
    }

    /// Stores the features of `clip`. A failure is logged as a warning, and the features are computed again the next time.
    fn keep(&self, clip: &LabelledClip, features: &Tensor<2>) {
        let Some(path) = self.path(clip) else { return };
        let Ok(values) = read_back(features.clone()) else { return }; // Whoever uses them hears of it.
        let written = atomic::replace_unsynced(&path, |writer| {
            values.iter().try_for_each(|value| writer.write_all(&value.to_le_bytes()))
        });
        if let Err(error) = written {
            tracing::warn!("features not kept: {error}");
        }
    }

    /// Returns where the features of a clip are kept; nowhere for folders of pictures, which have no content of their own.
    fn path(&self, clip: &LabelledClip) -> Option<PathBuf> {
        let Content { length, hash } = Content::of(&clip.path).ok()?;
        let mut segment = ContentHash::new();
        clip.segment_secs.into_iter().flatten().for_each(|secs| segment.number(secs.to_bits()));
        Some(self.dir.join(format!("{hash:016x}-{length:x}-{}.f32", segment.to_hex())))
    }
}

/// Marks `dir` as asked for now, and removes the folders beside it that were not asked for longest. Failing that, they take room.
fn make_room(root: &Path, dir: &Path) {
    let _ = fs::File::open(dir).and_then(|folder| folder.set_modified(SystemTime::now()));
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut folders: Vec<(SystemTime, PathBuf)> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    folders.sort_unstable_by(|a, b| b.cmp(a));
    for (_, old) in folders.into_iter().skip(MOST_NETWORKS).filter(|(_, old)| old != dir) {
        let _ = fs::remove_dir_all(old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::{Backbone, Modality, MotionConfig, StreamConfig, StreamInput};
    use burn::tensor::Distribution;

    const VIEWS: Views = Views { windows: 1, cropped: false };

    fn stream() -> Stream {
        let input = StreamInput::PICTURE;
        StreamConfig { backbone: Backbone::SqueezeNet, input, classes: 2, dropout: None }.init(&Device::flex())
    }

    fn clip(path: PathBuf, segment_secs: Option<[f64; 2]>) -> LabelledClip {
        LabelledClip { path, label: 0, segment_secs, group: None }
    }

    #[test]
    fn features_are_found_again_by_content_networks_and_segment() {
        let dir = tempfile::tempdir().unwrap();
        let plan = TrainingPlan { run_dir: dir.path().join("runs/a"), ..TrainingPlan::of(Network::Spatial) };
        let (stream, motion) = (stream(), MotionConfig { width: 2, ..MotionConfig::default() }.init(&Device::flex()));
        let open = |plan: &TrainingPlan, stream| FeatureCache::open(plan, stream, Some(&motion), VIEWS).unwrap();
        let path = dir.path().join("clip.mp4");
        fs::write(&path, "pictures").unwrap();
        let features = Tensor::random([2, stream.feature_width()], Distribution::Default, &Device::flex());
        open(&plan, &stream).keep(&clip(path.clone(), None), &features);

        let next = TrainingPlan { run_dir: dir.path().join("runs/b"), ..plan.clone() };
        let moved = dir.path().join("moved.mp4");
        fs::copy(&path, &moved).unwrap();
        let found = open(&next, &stream).read(&clip(moved, None), &Device::flex()).unwrap();
        assert_eq!(found.into_data(), features.into_data(), "of another run, and of the same file elsewhere");

        assert!(open(&next, &stream).read(&clip(path.clone(), Some([0.0, 1.0])), &Device::flex()).is_none());
        let drawn_anew = self::stream();
        assert!(open(&plan, &drawn_anew).read(&clip(path.clone(), None), &Device::flex()).is_none());
        let larger = TrainingPlan { frame: crate::video::Geometry { width: 96, height: 96 }, ..plan.clone() };
        assert!(open(&larger, &stream).read(&clip(path.clone(), None), &Device::flex()).is_none());

        let store = open(&plan, &stream);
        let file = store.path(&clip(path.clone(), None)).unwrap();
        fs::write(file, "cut off").unwrap();
        assert!(store.read(&clip(path.clone(), None), &Device::flex()).is_none());
        fs::write(&path, "other pictures").unwrap();
        assert!(open(&plan, &stream).read(&clip(path, None), &Device::flex()).is_none());
    }

    #[test]
    fn features_of_longer_windows_are_others() {
        let dir = tempfile::tempdir().unwrap();
        let plan = TrainingPlan { run_dir: dir.path().join("runs/a"), ..TrainingPlan::of(Network::Spatial) };
        let read_by = |count| {
            let input = StreamInput { modality: Modality::Pictures, count };
            StreamConfig { backbone: Backbone::I3d, input, classes: 2, dropout: None }.init(&Device::flex())
        };
        let short = read_by(16);
        // The same parameters: how long the clips are shows in none of them.
        let long = read_by(64).try_load_record(short.clone().into_record()).unwrap();
        let again = short.clone();
        let folder = |stream: &Stream| FeatureCache::open(&plan, stream, None, VIEWS).unwrap().dir;
        assert_eq!(folder(&short), folder(&again));
        assert_ne!(folder(&short), folder(&long));
    }

    #[test]
    fn features_of_networks_out_of_use_make_room() {
        let root = tempfile::tempdir().unwrap();
        let folders: Vec<PathBuf> = (0..12).map(|number| root.path().join(number.to_string())).collect();
        for (age, folder) in folders.iter().enumerate() {
            fs::create_dir(folder).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 - age as u64);
            fs::File::open(folder).unwrap().set_modified(time).unwrap();
        }
        make_room(root.path(), &folders[11]); // the one that was not asked for longest, until now
        let left: Vec<bool> = folders.iter().map(|folder| folder.exists()).collect();
        let kept = |number| number < MOST_NETWORKS - 1 || number == 11;
        assert_eq!(left, (0..12).map(kept).collect::<Vec<_>>());
    }
}
