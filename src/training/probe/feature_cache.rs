//! On-disk cache of backbone features, keyed by clip content and weights.
//!
//! After labelling more clips, the next linear probe extracts features of the new clips only.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::views::ProbeViews;
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::data::{LabelledClip, clip_identity};
use crate::error::Error;
use crate::files;
use crate::nets::{FlowSource, Stream};
use crate::training::flow::frozen_flow::FrozenFlow;
use crate::training::motion_squares::MotionSquares;
use crate::training::network_hash::{hash_motion, hash_stream};
use crate::video::Geometry;

/// Folder of cached features, inside the folder of runs.
const FOLDER: &str = ".motionscope-features";
/// Version of the cache, to be increased when the computation or the file format changes.
const FORMAT: u64 = 4;
/// Number of networks whose features are kept; the least recently used are deleted.
const MOST_NETWORKS: usize = 4;

/// A cache of the features of one stream in one set of views: one file per clip, named by its [`clip_identity`].
pub(in crate::training) struct FeatureCache {
    dir: PathBuf,
    /// Number of views, and of features per view.
    shape: [usize; 2],
}

impl FeatureCache {
    /// Opens the cache of the features of `stream`, in a folder within `root`. The stream reads `flow`, or frames and
    /// possibly `squares`. Returns `None` if its input depends on more than the clips, or if the cache cannot be
    /// created, in which case a warning is logged.
    pub fn open(
        root: &Path,
        stream: &Stream,
        flow: Option<&FrozenFlow>,
        squares: Option<&MotionSquares>,
        frame: Geometry,
        views: ProbeViews,
    ) -> Option<Self> {
        let sources = [flow.map(FrozenFlow::source), squares.map(MotionSquares::source)];
        if sources.contains(&Some(FlowSource::Stored)) {
            return None;
        }
        let mut key = ContentHash::new();
        key.number(FORMAT);
        // Other versions or devices may compute different features.
        key.field(env!("CARGO_PKG_VERSION"));
        key.field(format!("{:?}", stream.devices()));
        key.number(frame.width.into());
        key.number(frame.height.into());
        key.number(views.windows as u64);
        key.number(views.cropped.into());
        hash_stream(&mut key, stream);
        if let Some(flow) = flow {
            key.field(flow.source().key());
            hash_motion(&mut key, flow.network());
        }
        if let Some(squares) = squares {
            key.field(squares.crop().key());
            key.number(squares.size().width.into());
            key.number(squares.size().height.into());
            if squares.source() != FlowSource::MotionNet {
                key.field(squares.source().key());
            }
            hash_motion(&mut key, squares.motion());
        }
        let root = root.join(FOLDER);
        let dir = root.join(key.to_hex());
        if let Err(error) = fs::create_dir_all(&dir) {
            tracing::warn!("features not kept: {}", Error::io(&dir, &error));
            return None;
        }
        make_room(&root, &dir);
        Some(Self { dir, shape: [views.count(), stream.feature_width()] })
    }

    /// Returns the features of `clip`, `[views, F]`; `None` if they are missing or invalid.
    pub fn read(&self, clip: &LabelledClip, device: &Device) -> Option<Tensor<2>> {
        let bytes = files::read(self.path(clip)?).ok()?;
        let (words, []) = bytes.as_chunks() else { return None };
        let values: Vec<f32> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        let is_whole = values.len() == self.shape.iter().product::<usize>();
        is_whole.then(|| Tensor::from_data(TensorData::new(values, self.shape), device))
    }

    /// Stores the features of a clip at the [`path`](Self::path) determined before the clip was read. Failures are
    /// logged as warnings, and the features are recomputed next time.
    pub fn keep(path: &Path, values: &[f32]) {
        let written = atomic::replace_unsynced(path, |writer| {
            values.iter().try_for_each(|value| writer.write_all(&value.to_le_bytes()))
        });
        if let Err(error) = written {
            tracing::warn!("features not kept: {error}");
        }
    }

    /// Returns the cache path of a clip's features; `None` if the clip does not exist.
    pub fn path(&self, clip: &LabelledClip) -> Option<PathBuf> {
        Some(self.dir.join(format!("{}.f32", clip_identity(clip)?)))
    }
}

/// Marks `dir` as used now, and deletes the least recently used folders next to it. Failures only cost disk space.
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
    use crate::nets::{Backbone, FrameSize, Modality, MotionConfig, MotionCrop, StreamConfig, StreamInput};

    const VIEWS: ProbeViews = ProbeViews { windows: 1, ..ProbeViews::PLAIN };

    fn stream() -> Stream {
        let input = StreamInput::PICTURE;
        StreamConfig { backbone: Backbone::SqueezeNet, input, classes: 2, dropout: None }.init(&Device::flex())
    }

    fn clip(path: PathBuf, segment_secs: Option<[f64; 2]>) -> LabelledClip {
        LabelledClip { path, label: 0, segment_secs, group: None, also: Vec::new() }
    }

    const FRAME: Geometry = Geometry { width: 64, height: 64 };

    fn open(runs: &Path, stream: &Stream, frame: Geometry) -> FeatureCache {
        FeatureCache::open(runs, stream, None, None, frame, VIEWS).unwrap()
    }

    #[test]
    fn features_are_found_again_by_content_networks_and_segment() {
        let dir = tempfile::tempdir().unwrap();
        let (runs, stream, device) = (dir.path().join("runs"), stream(), Device::flex());
        let path = dir.path().join("clip.mp4");
        fs::write(&path, "pictures").unwrap();
        let features: Vec<f32> = (0..2 * stream.feature_width()).map(|i| i as f32 / 7.0).collect();
        FeatureCache::keep(&open(&runs, &stream, FRAME).path(&clip(path.clone(), None)).unwrap(), &features);

        let moved = dir.path().join("moved.mp4");
        fs::copy(&path, &moved).unwrap();
        let cache = open(&runs, &stream, FRAME);
        let found = cache.read(&clip(moved, None), &device).unwrap();
        assert_eq!(found.into_data().try_into_vec::<f32>().unwrap(), features, "of the same file elsewhere");

        assert!(cache.read(&clip(path.clone(), Some([0.0, 1.0])), &device).is_none());
        let drawn_anew = self::stream();
        assert!(open(&runs, &drawn_anew, FRAME).read(&clip(path.clone(), None), &device).is_none());
        let larger = Geometry { width: 96, height: 96 };
        assert!(open(&runs, &stream, larger).read(&clip(path.clone(), None), &device).is_none());

        fs::write(cache.path(&clip(path.clone(), None)).unwrap(), "cut off").unwrap();
        assert!(cache.read(&clip(path.clone(), None), &device).is_none());
        fs::write(&path, "other pictures").unwrap();
        assert!(cache.read(&clip(path, None), &device).is_none());
    }

    #[test]
    fn features_of_squares_found_in_other_flow_are_others() {
        let dir = tempfile::tempdir().unwrap();
        let (stream, motion) = (stream(), MotionConfig { frames: 2, width: 1, ..MotionConfig::default() });
        let motion = motion.init(&Device::flex());
        let found_in = |source, width, height| {
            let (flow, size) = ((motion.clone(), source), FrameSize { width, height });
            let squares = MotionSquares::new(flow, size, Vec::new(), None, MotionCrop::Motion, FRAME);
            FeatureCache::open(dir.path(), &stream, None, squares.as_ref(), FRAME, VIEWS).map(|cache| cache.dir)
        };
        let folder = |width, height| found_in(FlowSource::MotionNet, width, height).unwrap();
        assert_eq!(folder(160, 128), folder(160, 128));
        assert_ne!(folder(160, 128), folder(320, 256));
        assert_ne!(Some(folder(160, 128)), found_in(FlowSource::Dis, 160, 128), "squares in other flow");
        assert_eq!(found_in(FlowSource::Stored, 160, 128), None, "flow images may change");
    }

    #[test]
    fn features_of_longer_windows_are_others() {
        let dir = tempfile::tempdir().unwrap();
        let read_by = |count| {
            let input = StreamInput { modality: Modality::Pictures, count };
            StreamConfig { backbone: Backbone::I3d, input, classes: 2, dropout: None }.init(&Device::flex())
        };
        let short = read_by(16);
        // The same parameters: clip length is not a parameter.
        let long = read_by(64).try_load_record(short.clone().into_record()).unwrap();
        let again = short.clone();
        let folder = |stream: &Stream| open(dir.path(), stream, FRAME).dir;
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
        make_room(root.path(), &folders[11]); // the least recently used one until now
        let left: Vec<bool> = folders.iter().map(|folder| folder.exists()).collect();
        let kept = |number| number < MOST_NETWORKS - 1 || number == 11;
        assert_eq!(left, (0..12).map(kept).collect::<Vec<_>>());
    }
}
