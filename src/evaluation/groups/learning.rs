//! Training of the networks of a fold on the clips of the other folds.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::Device;

use super::config::claim_fold;
use super::plan::{GroupPlace, GroupsContext, Learning};
use super::{Fold, GroupsEvent};
use crate::annotations::ucf101::class_index;
use crate::atomic;
use crate::data::{DataSource, Dataset, Layout, ListSource};
use crate::error::{Error, Result};
use crate::nets::import::stream_from_imagenet;
use crate::nets::{Backbone, HiddenTwoStream, Modality, ModelCard, Stream, StreamConfig, StreamEntry, StreamInput};
use crate::table::quoted_cell;
use crate::training::{self, ClipFeatures, FeatureInput, TrainingControl, TrainingEvent, TrainingPlan};
use crate::video::Geometry;

/// Creates networks from parts of a data set.
pub(super) enum Learner {
    /// By fitting last layers.
    LastLayers(Box<LastLayers>),
    /// By training runs.
    Plans(Vec<TrainingPlan>),
}

impl Learner {
    /// Prepares what all folds share, and reports progress to `on_event`.
    pub fn new(
        context: GroupsContext<'_>,
        model: HiddenTwoStream,
        on_event: &mut dyn FnMut(GroupsEvent<'_>),
    ) -> Result<Self> {
        Ok(match &context.plan.learning {
            Learning::Plans(plans) => Self::Plans(plans.clone()),
            Learning::LastLayers { imagenet } => {
                let classes = context.dataset.classes.len();
                let model = with_imagenet(model, imagenet.as_ref(), classes, context.device)?;
                Self::LastLayers(Box::new(LastLayers::new(context, model, on_event)?))
            }
        })
    }

    /// Returns the networks trained on all clips except those of `fold`, which is stored in `place`.
    pub fn learn(
        &self,
        context: GroupsContext<'_>,
        fold: &Fold,
        place: &GroupPlace<'_>,
        on_event: &mut dyn FnMut(GroupsEvent<'_>),
    ) -> Result<HiddenTwoStream> {
        let clips = 0..context.dataset.clips.len();
        let others: Vec<usize> = clips.filter(|clip| fold.clips.binary_search(clip).is_err()).collect();
        match self {
            Self::LastLayers(layers) => Ok(layers.fit(context.dataset, &others, context.plan.seed)),
            Self::Plans(plans) => {
                claim_fold(place.dir, place.basis)?;
                train(plans, context, &others, place.dir, on_event)
            }
        }
    }
}

/// Returns `model` with the ImageNet network as its spatial stream.
fn with_imagenet(
    mut model: HiddenTwoStream,
    imagenet: Option<&(PathBuf, Backbone)>,
    classes: usize,
    device: &Device,
) -> Result<HiddenTwoStream> {
    if let Some((path, backbone)) = imagenet {
        let input = StreamInput::of(Modality::Pictures, *backbone, None);
        let config = StreamConfig { backbone: *backbone, input, classes, dropout: None };
        model.spatial = Some(stream_from_imagenet(path, &config, device)?);
        model.card.spatial = Some(StreamEntry::new("spatial.safetensors", *backbone));
    }
    if model.spatial.is_none() && model.temporal.is_none() {
        let remedy = "Pass a model with a stream, ImageNet weights for a spatial stream, or trainings";
        return Err(Error::new("model", "it has no stream for a linear probe", remedy));
    }
    Ok(model)
}

/// The model and the features of every clip.
pub(super) struct LastLayers {
    model: HiddenTwoStream,
    spatial: Option<ClipFeatures>,
    temporal: Option<ClipFeatures>,
}

impl LastLayers {
    /// Reads the features from the run folder if networks and clips are unchanged; otherwise extracts and stores them.
    fn new(
        context: GroupsContext<'_>,
        model: HiddenTwoStream,
        on_event: &mut dyn FnMut(GroupsEvent<'_>),
    ) -> Result<Self> {
        let (dir, clips) = (&context.plan.run_dir, &context.dataset.clips);
        let mut of = |name: &'static str, stream: &Option<Stream>, size: Geometry| -> Result<Option<ClipFeatures>> {
            let Some(stream) = stream else { return Ok(None) };
            let input = match name {
                "temporal" if stream.input().modality.is_of_frames() => FeatureInput::Frames,
                "temporal" => FeatureInput::Flow(&model.motion, model.card.flow_source()),
                _ => FeatureInput::Squares(&model),
            };
            let mut done = 0;
            let mut on_clip = |error: Option<&Error>| {
                done += 1;
                error.into_iter().for_each(|error| on_event(GroupsEvent::Unreadable(error)));
                on_event(GroupsEvent::Extracted { stream: name, done, of: clips.len() });
                if (context.stop)() { ControlFlow::Break(context.stopped()) } else { ControlFlow::Continue(()) }
            };
            ClipFeatures::load_or_extract(dir, stream, &input, clips, size, context.first, &mut on_clip).map(Some)
        };
        let sizes = &model.card.preprocessing;
        let [motion, spatial] =
            [sizes.motion, sizes.spatial.size()].map(|size| Geometry { width: size.width, height: size.height });
        let (temporal, spatial) = (of("temporal", &model.temporal, motion)?, of("spatial", &model.spatial, spatial)?);
        Ok(Self { model, spatial, temporal })
    }

    /// Returns the model with last layers fitted to the clips at the indices `picked`.
    fn fit(&self, dataset: &Dataset, picked: &[usize], seed: u64) -> HiddenTwoStream {
        let labels: Vec<usize> = picked.iter().map(|&clip| dataset.clips[clip].label).collect();
        let fitted = |stream: &Option<Stream>, features: &Option<ClipFeatures>| {
            let (stream, features) = (stream.as_ref()?, features.as_ref()?);
            Some(features.fit(stream, dataset.classes.len(), picked, &labels, seed))
        };
        let mut card = self.model.card.clone();
        card.classes.clone_from(&dataset.classes);
        HiddenTwoStream {
            card,
            motion: self.model.motion.clone(),
            temporal: fitted(&self.model.temporal, &self.temporal),
            spatial: fitted(&self.model.spatial, &self.spatial),
        }
    }
}

/// Returns the card of the networks of the fold in folder `dir`, where folds start from a model of the card `start`; a
/// training may have its own base, whose streams read other flow.
pub(super) fn card_of_fold(learning: &Learning, dir: &Path, start: &ModelCard) -> ModelCard {
    let trained = match learning {
        Learning::LastLayers { .. } => None,
        Learning::Plans(plans) => ModelCard::read(&training_dir(dir, plans.len()).join("model")).ok(),
    };
    trained.unwrap_or_else(|| start.clone())
}

/// Returns the folder of training `number`, from 1, of the fold in the folder `dir`.
fn training_dir(dir: &Path, number: usize) -> PathBuf {
    dir.join(format!("training-{number}"))
}

/// Trains on the clips at the indices `picked`, in folders within `dir`, where interrupted trainings resume.
fn train(
    plans: &[TrainingPlan],
    context: GroupsContext<'_>,
    picked: &[usize],
    dir: &Path,
    on_event: &mut dyn FnMut(GroupsEvent<'_>),
) -> Result<HiddenTwoStream> {
    let data = write_list(context.dataset, picked, dir)?;
    let (device, control) = (context.device, TrainingControl::default());
    let mut base = context.plan.model.clone();
    for (number, plan) in (1..).zip(plans) {
        let run_dir = training_dir(dir, number);
        let own_base = plan.base.clone().filter(|_| number == 1);
        let from = Some(own_base.unwrap_or(base));
        // Only the first and the newest snapshot are kept: they suffice for a roll-back, and the history of a fold is
        // not needed.
        let plan = TrainingPlan { data: data.clone(), base: from, run_dir, snapshots: 2, ..plan.clone() };
        let mut trained = None;
        training::run(&plan, device, &control, &mut |event| {
            if (context.stop)() {
                control.stop();
            }
            if let TrainingEvent::Finished { model_dir, .. } = &event {
                trained = Some(model_dir.clone());
            }
            on_event(GroupsEvent::Training(&event));
        })?;
        if control.is_stopped() {
            return Err(context.stopped());
        }
        let best = Some(plan.run_dir.join("best")).filter(|best| plan.validates() && best.is_dir());
        base = best
            .or(trained)
            .ok_or_else(|| Error::file(&plan.run_dir, "the training produced no model", "Start again"))?;
    }
    HiddenTwoStream::load(&base, device)
}

/// Writes the list of clips at the indices `picked` to `dir` for a training and returns it.
fn write_list(dataset: &Dataset, picked: &[usize], dir: &Path) -> Result<DataSource> {
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
    let mut rows = String::from("path,label,start,end,group\n");
    for &clip in picked {
        let clip = &dataset.clips[clip];
        let path = std::path::absolute(&clip.path).map_err(|error| Error::io(&clip.path, &error))?;
        let Some(path) = path.to_str() else {
            return Err(Error::file(&clip.path, "the path is not UTF-8", "Rename the file: lists are UTF-8"));
        };
        let segment = clip.segment_secs.map_or(",".into(), |[start, end]| format!("{start},{end}"));
        let class = quoted_cell(&dataset.classes[clip.label]);
        // Writing to a string cannot fail.
        let _ = writeln!(rows, "{},{class},{segment},{}", quoted_cell(path), quoted_cell(&clip.recording()));
    }
    let classes = class_index(dataset.classes.iter().map(String::as_str));
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        atomic::replace(&path, |writer| writer.write_all(text.as_bytes())).map(|()| path)
    };
    let (list, classes) = (write("train.csv", &rows)?, write("classes.txt", &classes)?);
    let source = ListSource::new(dir.to_owned(), list);
    Ok(DataSource::List(ListSource { classes: Some(classes), layout: Some(Layout::Csv), ..source }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::FlowSource;

    #[test]
    fn the_card_of_a_fold_is_that_of_its_last_training() {
        let start = ModelCard::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default"))).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let last = dir.path().join("training-2/model");
        fs::create_dir_all(&last).unwrap();
        let mut card = start.clone();
        card.temporal.as_mut().unwrap().flow_source = FlowSource::Dis;
        fs::write(last.join("model.toml"), card.to_toml().unwrap()).unwrap();
        let plans = Learning::Plans(vec![TrainingPlan::default(), TrainingPlan::default()]);
        assert_eq!(card_of_fold(&plans, dir.path(), &start).flow_source(), FlowSource::Dis);
        assert_eq!(card_of_fold(&Learning::LastLayers { imagenet: None }, dir.path(), &start), start);
    }
}
