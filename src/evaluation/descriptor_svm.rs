//! Action recognition by a linear SVM on the descriptors of C3D, or on the concatenated descriptors of several networks
//! (Tran et al. 2015; Diba et al. 2016).

use std::collections::BTreeSet;
use std::path::PathBuf;

use burn::tensor::Device;

use super::clip_descriptor::clip_descriptor;
use super::fisher::{SvmScores, svm_outcome};
use super::{ActionsOutcome, Crops, Protocol, Spread};
use crate::content_hash::ContentHash;
use crate::data::{Dataset, LabelledClip, clip_identity};
use crate::descriptors::{
    DescriptorModel, FisherEvent, LinearSvm, SvmCard, SvmLoss, SvmModel, VectorStore, WorkFolder, for_each_clip,
};
use crate::error::{Error, Result};
use crate::gpu::is_gpu;
use crate::nets::{HiddenTwoStream, Layers, Stream, device_of};
use crate::output::OutputGuard;
use crate::training::FlowSource;
use crate::video::Geometry;

/// The remark in the report about the scores.
const REMARK: &str = "Scores are distances to the classes' hyperplanes, in the place of the spatial stream; \
    confidences are their softmax and not calibrated.";

/// The networks whose descriptors of a clip, each of length 1, are concatenated.
pub struct DescriptorNetworks {
    networks: Vec<(Stream, Geometry)>,
    models: Vec<DescriptorModel>,
    device: Device,
}

impl DescriptorNetworks {
    /// Loads the spatial streams of the models in folders `dirs`.
    ///
    /// # Errors
    /// If `dirs` is empty, or a model cannot be read or has no C3D or 3DNet as its spatial stream.
    pub fn load(dirs: &[PathBuf], device: &Device) -> Result<Self> {
        let (mut networks, mut models) = (Vec::new(), Vec::new());
        for dir in dirs {
            let model = HiddenTwoStream::load(dir, device)?;
            let size = model.card.preprocessing.spatial.size();
            let remedy = "Choose a model whose spatial stream is a c3d, c3d-padded or 3dnet";
            let stream = model.spatial.ok_or_else(|| Error::file(dir, "it has no spatial stream", remedy))?;
            if !matches!(stream.layers, Layers::C3d(_)) {
                let cause = format!("its {} has no fc6 of clips", stream.backbone().name());
                return Err(Error::file(dir, cause, remedy));
            }
            networks.push((stream, Geometry { width: size.width, height: size.height }));
            let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
            models.push(DescriptorModel { dir, hash: model.card.hash });
        }
        if networks.is_empty() {
            return Err(Error::usage("--model", "no network is given", "Name a model folder"));
        }
        Ok(Self::of(networks, models))
    }

    /// Returns the networks `networks` from `models`, each a C3D or 3DNet with the size of the frames it reads.
    ///
    /// # Panics
    /// If there are none.
    pub fn of(networks: Vec<(Stream, Geometry)>, models: Vec<DescriptorModel>) -> Self {
        let device = device_of(&networks[0].0);
        Self { networks, models, device }
    }

    /// Loads the networks that the classifier of `card` was trained with.
    ///
    /// # Errors
    /// Same as for [`load`](Self::load), and if one of them has changed since.
    pub fn of_card(card: &SvmCard, device: &Device) -> Result<Self> {
        let dirs: Vec<PathBuf> = card.models.iter().map(|model| model.dir.clone()).collect();
        let loaded = Self::load(&dirs, device)?;
        match loaded.models.iter().zip(&card.models).find(|(now, then)| now.hash != then.hash) {
            Some((now, _)) => {
                let cause = "it is another model than the one that the SVM was trained with: their hashes differ";
                Err(Error::file(&now.dir, cause, "Restore that model, or train the SVM again"))
            }
            None => Ok(loaded),
        }
    }

    /// Returns whether the classifier of `card` was trained with these networks, regardless of their location then.
    pub fn are_of(&self, card: &SvmCard) -> bool {
        self.models.iter().map(|model| &model.hash).eq(card.models.iter().map(|model| &model.hash))
    }

    /// Returns the number of parameters of the layers up to the descriptors.
    pub fn parameters(&self) -> usize {
        let of_network = |(stream, _): &(Stream, Geometry)| match &stream.layers {
            Layers::C3d(network) => network.descriptor_parameters(),
            _ => 0,
        };
        self.networks.iter().map(of_network).sum()
    }

    /// Returns the concatenated descriptor of `clip`.
    ///
    /// # Errors
    /// Same as for [`clip_descriptor`].
    pub fn descriptor(&self, clip: &LabelledClip, stop: &(dyn Fn() -> bool + Sync)) -> Result<Vec<f32>> {
        let parts = self.networks.iter().map(|(stream, size)| clip_descriptor(stream, *size, clip, stop));
        Ok(parts.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Returns the length of a descriptor.
    fn length(&self) -> usize {
        let of_network = |(stream, _): &(Stream, Geometry)| match &stream.layers {
            Layers::C3d(network) => network.fc6.weight.lazy_shape()[1],
            _ => 0,
        };
        self.networks.iter().map(of_network).sum()
    }

    /// Identifies the networks by their models and folders.
    fn key(&self) -> String {
        let mut key = ContentHash::new();
        for model in &self.models {
            key.field(model.hash.as_deref().unwrap_or_default());
            key.field(model.dir.as_os_str().as_encoded_bytes());
        }
        key.to_hex()
    }

    /// Returns the results of `work` for all `clips`: in parallel on the CPU, one after the other on a GPU.
    fn for_each<T: Send>(
        &self,
        clips: &[&LabelledClip],
        stop: &(dyn Fn() -> bool + Sync),
        work: impl Fn(&LabelledClip) -> Result<T> + Sync,
        progress: &mut (dyn FnMut(usize, usize, Option<&Error>) + Send),
    ) -> Result<Vec<Result<T>>> {
        let at_once = if is_gpu(&self.device) { 1 } else { clips.len().max(1) };
        let mut results = Vec::with_capacity(clips.len());
        for part in clips.chunks(at_once) {
            let before = results.len();
            let mut news = |done: usize, _: usize, error: Option<&Error>| progress(before + done, clips.len(), error);
            results.extend(for_each_clip(part, stop, &work, &mut news)?);
        }
        Ok(results)
    }
}

/// The plan of an SVM training.
#[derive(Debug, Clone, PartialEq)]
pub struct SvmPlan {
    /// The name of the data in the model card.
    pub data: String,
    /// Regularisation parameter C.
    pub c: f64,
    /// The loss.
    pub loss: SvmLoss,
    /// Seed for the order of the clips.
    pub seed: u64,
    /// Folder of the model.
    pub out: PathBuf,
}

/// A trained SVM that has been saved.
#[derive(Debug)]
pub struct TrainedSvm {
    /// The model.
    pub model: SvmModel,
    /// Errors of the skipped clips.
    pub left_out: Vec<Error>,
}

/// Fits an SVM to the descriptors of the clips of `dataset` and writes it to the folder of `plan`. Until then, the
/// descriptors of finished clips are stored there, so that the same call resumes.
///
/// # Errors
/// If fewer than two classes have usable clips, a file cannot be written, or `stop` ended it.
pub fn train_svm(
    plan: &SvmPlan,
    networks: &DescriptorNetworks,
    dataset: &Dataset,
    guard: &OutputGuard,
    stop: &(dyn Fn() -> bool + Sync),
    report: &mut (dyn FnMut(FisherEvent<'_>) + Send),
) -> Result<TrainedSvm> {
    let work = WorkFolder::open(&plan.out)?;
    let store = VectorStore::open(work.vectors_of(&networks.key()), networks.length())?;
    let clips: Vec<&LabelledClip> = dataset.clips.iter().collect();
    let stored = |clip: &LabelledClip| {
        let gone = || Error::file(&clip.path, "it can no longer be read", "Check the disk and the path");
        let identity = clip_identity(clip).ok_or_else(gone)?;
        if store.has(&identity) {
            return Ok(Ok(identity));
        }
        // A full disk is not an error of the clip.
        Ok(store.write(&identity, &networks.descriptor(clip, stop)?).map(|()| identity))
    };
    let results = networks.for_each(&clips, stop, stored, &mut |done, of, failure| {
        failure.into_iter().for_each(|error| report(FisherEvent::LeftOut(error)));
        report(FisherEvent::Encoded { done, of });
    })?;
    let (mut identities, mut labels, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (clip, result) in clips.iter().zip(results) {
        match result {
            Ok(written) => {
                identities.push(written?);
                labels.push(clip.label);
            }
            Err(error) => left_out.push(error),
        }
    }
    if labels.iter().collect::<BTreeSet<_>>().len() < 2 {
        let remedy = "Add clips of another class; clips that cannot be used are named above";
        return Err(Error::new("clips", "a classifier needs usable clips of two classes", remedy));
    }
    let rows = store.rows(&identities.iter().map(String::as_str).collect::<Vec<_>>());
    let settings = SvmModel::settings(plan.c, plan.loss, plan.seed);
    let classifier = LinearSvm::fit(&rows, &labels, dataset.classes.len(), &settings, &mut |done, of| {
        report(FisherEvent::Classifier { done, of });
        !stop()
    })?;
    let card = SvmCard {
        format: SvmCard::FORMAT,
        hash: String::new(), // set when it is saved
        trained_on: plan.data.clone(),
        clips: labels.len(),
        motionscope: env!("CARGO_PKG_VERSION").into(),
        classes: dataset.classes.clone(),
        length: networks.length(),
        c: plan.c,
        loss: plan.loss,
        seed: plan.seed,
        models: networks.models.clone(),
    };
    let mut model = SvmModel { card, classifier };
    model.save(&plan.out, guard)?;
    work.remove(store.dir());
    Ok(TrainedSvm { model, left_out })
}

/// Scores all clips of `dataset`, named `data` in the report, by `model` with its `networks`; its classes must be those
/// of the model. The scores are stored as those of the spatial stream. `progress` gets the number of finished clips and
/// of all clips, and why the last one was skipped, if so.
///
/// # Errors
/// If no clip could be scored, or `stop` ended it.
pub fn evaluate_svm(
    model: &SvmModel,
    networks: &DescriptorNetworks,
    dataset: &Dataset,
    data: String,
    stop: &(dyn Fn() -> bool + Sync),
    progress: &mut (dyn FnMut(usize, usize, Option<&Error>) + Send),
) -> Result<ActionsOutcome> {
    let clips: Vec<&LabelledClip> = dataset.clips.iter().collect();
    let scores = |clip: &LabelledClip| Ok(model.classifier.scores(&networks.descriptor(clip, stop)?));
    let results = networks.for_each(&clips, stop, scores, progress)?;
    let names = networks.networks.iter().map(|(stream, _)| stream.backbone().name());
    let name = format!("{}, linear SVM", names.collect::<Vec<_>>().join(" + "));
    // Returns the windows of the whole clip.
    let protocol = Protocol { samples: 1, crops: Crops::Whole, spread: Spread::default(), average: None };
    let described = SvmScores { name: &name, data, protocol, flow_source: FlowSource::default(), remark: REMARK };
    svm_outcome(described, dataset, results.into_iter().map(|result| result.map(|row| [Some(row), None])))
}
