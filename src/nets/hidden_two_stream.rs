//! A complete model: the motion network, the streams and the model card.

use std::path::{Path, PathBuf};

use burn::tensor::Device;

use super::model_hash::{hash_of_files, weights_part, with_card};
use super::{Modality, ModelCard, MotionNetwork, Stream, StreamInput, WINDOW_FRAMES, weights};
use crate::atomic;
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};

/// A hidden two-stream network (paper, Figure 1), loaded from a model folder with `model.toml` and weights.
///
/// ```
/// use std::path::Path;
///
/// use burn::tensor::{Device, Tensor};
/// use motionscope::nets::HiddenTwoStream;
///
/// let device = Device::flex();
/// let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/flow");
/// let model = HiddenTwoStream::load(&shipped, &device)?;
/// let [frames, height, width] = [model.motion.frames(), 64, 128];
/// let window = Tensor::<4>::zeros([1, 3 * frames, height, width], &device);
/// let pyramid = model.motion.window_flows(window); // five levels
/// assert_eq!(pyramid.finest().dims(), [1, 2 * (frames - 1), height / 2, width / 2]);
/// # Ok::<(), motionscope::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HiddenTwoStream {
    /// Contents of `model.toml`.
    pub card: ModelCard,
    /// Frames → flow; a joint network also classifies, in place of the temporal stream.
    pub motion: MotionNetwork,
    /// Flow of a window → logits.
    pub temporal: Option<Stream>,
    /// One frame → logits.
    pub spatial: Option<Stream>,
}

/// Returns `true` if a temporal stream reads fewer flows than the motion network predicts at once.
fn is_too_short(input: StreamInput, motion: &MotionNetwork) -> bool {
    input.modality == Modality::Flow && input.frames() < motion.frames()
}

impl ModelCard {
    /// Builds the network that predicts flow, with fresh parameters: the motion network or the joint one.
    pub fn init_flow_network(&self, device: &Device) -> MotionNetwork {
        match &self.joint {
            Some(entry) => MotionNetwork::Joint(entry.config.init(self.classes.len(), device)),
            None => self.motion.as_ref().map(|entry| entry.config.clone()).unwrap_or_default().init(device),
        }
    }
}

impl HiddenTwoStream {
    /// Loads the model in folder `dir` onto `device`.
    ///
    /// # Errors
    /// If the card cannot be read or is not of this version, or a weights file does not hold exactly the parameters of
    /// the network the card describes; the first offending entry or tensor is named.
    pub fn load(dir: &Path, device: &Device) -> Result<Self> {
        let mut card = ModelCard::read(dir)?;
        let stream = |entry: &super::StreamEntry, modality: Modality| {
            let stream = entry.config(modality, card.classes.len()).init(device).with_reading(entry.reading());
            weights::load_module(stream, &dir.join(&entry.weights))
        };
        let motion = weights::load_module(card.init_flow_network(device), &dir.join(card.flow_weights()))?;
        let temporal = card.temporal.as_ref().map(|entry| stream(entry, Modality::Flow)).transpose()?;
        let spatial = card.spatial.as_ref().map(|entry| stream(entry, Modality::Pictures)).transpose()?;
        if let Some(flows) =
            temporal.as_ref().map(|stream| stream.input()).filter(|input| is_too_short(*input, &motion))
        {
            let cause = format!("its temporal stream reads {} flows, its MotionNet predicts more", flows.count);
            return Err(Error::file(&dir.join(ModelCard::FILE_NAME), cause, "Increase frames under [temporal]"));
        }
        card.hash = Some(hash_of_files(&card, dir)?);
        Ok(Self { card, motion, temporal, spatial })
    }

    /// Writes the model to folder `dir`, creating it if necessary, with the hash of the written weights in its card.
    ///
    /// All files are first written completely to temporary files, then moved into place, the card last: the previous
    /// contents survive a full disk.
    pub fn save(&self, dir: &Path) -> Result<()> {
        std::fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        let mut staged = Vec::new();
        let mut hash = ContentHash::new();
        let mut stage = |name: &str, encode: &dyn Fn(&Path) -> Result<Vec<u8>>| {
            let path: PathBuf = dir.join(name);
            let bytes = encode(&path)?;
            hash.update(&bytes);
            staged.push((weights::stage(&path, &bytes)?, path));
            Ok(())
        };
        let precision = self.card.precision;
        stage(self.card.flow_weights(), &|path| weights::encode(&self.motion, precision, path))?;
        for (entry, stream) in [(&self.card.temporal, &self.temporal), (&self.card.spatial, &self.spatial)] {
            if let (Some(entry), Some(stream)) = (entry, stream) {
                stage(&entry.weights, &|path| weights::encode(stream, precision, path))?;
            }
        }
        let card = ModelCard { hash: Some(with_card(hash, &self.card)?), ..self.card.clone() };
        let path = dir.join(ModelCard::FILE_NAME);
        staged.push((weights::stage(&path, card.to_toml()?.as_bytes())?, path));
        staged.into_iter().try_for_each(|(file, path)| atomic::publish(file, &path))
    }

    /// Returns `true` if the model in folder `dir` is complete: its files exist and match the hash in its card. The
    /// settings may have been edited since.
    pub fn is_whole(dir: &Path) -> bool {
        let Ok(card) = ModelCard::read(dir) else { return false };
        let Ok(found) = hash_of_files(&card, dir) else { return false };
        // Cards written by the first versions have no hash.
        card.hash.is_none_or(|written| weights_part(&written) == weights_part(&found))
    }

    /// Returns `true` if the model classifies motion: it has a temporal stream or a joint network.
    pub fn classifies_motion(&self) -> bool {
        self.temporal.is_some() || self.motion.joint().is_some()
    }

    /// Returns `true` if the model classifies at all.
    pub fn classifies(&self) -> bool {
        self.spatial.is_some() || self.classifies_motion()
    }

    /// Returns the number of frames in the windows whose motion is classified; [`WINDOW_FRAMES`] if there is no such
    /// classifier.
    pub fn motion_window(&self) -> usize {
        match (&self.temporal, self.motion.joint()) {
            (Some(stream), _) => stream.input().frames(),
            (None, Some(joint)) => joint.frames(),
            (None, None) => WINDOW_FRAMES,
        }
    }

    /// Returns the number of parameters of all networks together.
    pub fn parameters(&self) -> usize {
        let streams = [&self.temporal, &self.spatial].into_iter().flatten();
        weights::parameters(&self.motion) + streams.map(Stream::parameters).sum::<usize>()
    }
}
