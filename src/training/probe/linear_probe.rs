//! Linear-probe runs: extract features once, then fit the classifier layer in seconds.
//!
//! Without a hold-out set, accuracy is cross-validated: each recording (or eighth of them) is left out in turn of its
//! own classifier.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::features::{FeatureExtractor, Features, of_views};
use super::linear::{KnownLayer, LastLayer, ProbeInputs, RowInit};
use super::out_of_fold::OutOfFold;
use super::views::ProbeViews;
use crate::data::clip_cache::ClipCache;
use crate::data::clips::Clips;
use crate::data::memory::resident_bytes;
use crate::data::{Dataset, LabelledClip};
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::nets::{Modality, Stream, read_back, read_rows};
use crate::training::config::plan::{Network, TrainingPlan};
use crate::training::flow::frozen_flow::FrozenFlow;
use crate::training::held_out;
use crate::training::model_init::ModelInit;
use crate::training::motion_squares::MotionSquares;
use crate::training::optim::optimizer::rate_at;
use crate::training::run::base_clips::BaseClips;
use crate::training::run::checkpoint;
use crate::training::run::checkpoint::{Best, Progress};
use crate::training::run::clock::{Clock, stopped};
use crate::training::run::events::{CutCount, CutShort, StepMetrics, TrainingControl, TrainingEvent};
use crate::training::run::folder::prepare_folder;
use crate::training::run::history::History;
use crate::training::run::run_clips::RunClips;
use crate::training::run::under_way::UnderWay;
use crate::training::validation::recognised;

/// Maximum number of folds in which recordings are left out.
const FOLDS: usize = 8;
/// Shares of a time budget after which no more training clips, and no more validation clips, are processed; the rest is
/// for the fit.
const FEATURE_SHARES: [f64; 2] = [0.7, 0.85];
/// Number of updates between two validations.
const MEASURE_EVERY: usize = 15;

/// Runs the linear probe of `plan` on features of these views and reports to `on_event`. Blocks until done. An
/// interrupted run starts over.
pub fn run(
    plan: &TrainingPlan,
    views: ProbeViews,
    device: &Device,
    control: &TrainingControl,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<()> {
    let run_clips = RunClips::of(plan)?;
    let _lock = prepare_folder(plan)?;
    let _under_way = UnderWay::begin(&plan.run_dir, control);
    run_clips.keep(&plan.run_dir)?;
    let count = run_clips.count();
    let RunClips { dataset, measured: held, warnings, .. } = run_clips;
    let start = ModelInit::build(plan, &dataset, false, &device.clone().autodiff())?;
    let Some(stream) = start.stream.as_ref().map(Module::valid) else {
        return Err(Error::new("linear probe", "the flow network has no classifier", "Train a stream"));
    };
    let of_base = BaseClips::of(plan);
    // A classifier that the base was fitted to with these clips would already know the clips that are left out.
    let afresh = of_base.count(dataset.clips.iter().chain(&held)) > 0;
    let has_clips = |class| dataset.clips.iter().any(|clip| clip.label == class);
    let rows = start.rows_to_fit(has_clips, afresh);
    on_event(TrainingEvent::Started {
        run_dir: plan.run_dir.clone(),
        clips: count,
        classes: dataset.classes.clone(),
        parameters: rows.iter().filter(|row| !matches!(row, RowInit::Kept(_))).count() * (stream.feature_width() + 1),
        resumed_at: 0,
    });
    let measured = if held.is_empty() { &dataset.clips } else { &held };
    let warnings = warnings.into_iter().chain(of_base.warning(measured, true, plan));
    warnings.for_each(|warning| on_event(TrainingEvent::Warning(warning)));
    let mut clock = Clock::start(plan, control);
    let Dataset { classes, clips, .. } = dataset;
    let (trained_on, all) = (clips.len(), clips.len() + held.len());
    let listed = recordings(&clips);
    let cache = plan.cache.clone().map(ClipCache::open).transpose()?.map(Arc::new);
    let all_clips = [clips, held].concat();
    let squares = start.motion_squares(plan, all_clips.clone(), cache.clone());
    let views = views.of(MotionSquares::crop_of(squares.as_ref()));
    let clips = Arc::new(Clips::new(all_clips, plan.frame).with_cache(cache));
    let reads_flow = stream.input().modality == Modality::Flow;
    let flow = reads_flow.then(|| FrozenFlow::unkept(plan.flow_source(), start.motion.valid(), clips.clone()));
    let mut extractor = FeatureExtractor::new(stream.clone(), flow, squares, clips, views, plan.runs_dir());
    let [share, share_with_held] = FEATURE_SHARES;
    let taken = extractor.take(0..trained_on, share, &mut clock, on_event)?;
    let Some(training) = taken else { return Err(stopped(plan)) };
    if training.rows.is_none() {
        return Err(Error::new("clips", "none of them could be read", "See the log"));
    }
    if extractor.skipped() > 0 {
        let (network, done) = (plan.network, trained_on - extractor.skipped());
        on_event(TrainingEvent::CutShort(CutShort { network, done, of: trained_on, counted: CutCount::Clips }));
    }
    let taken = extractor.take(trained_on..all, share_with_held, &mut clock, on_event)?;
    let Some(validation) = taken else { return Err(stopped(plan)) };
    let other = OtherStream::of(plan, start.fusion());
    let is_short = is_short(&recordings(&training.clips), &listed) && clock.is_over(share);
    let mut fit = ProbeFit::new(plan, views, &stream, &rows, [training, validation], other, device);
    match is_short && fit.validation.rows.is_none() {
        true => fit.leave_none_out(on_event),
        false => fit.warn_of_single_recordings(&classes, on_event),
    }
    let (step, best) = fit.run(plan, &mut clock, on_event)?;
    let seconds = clock.seconds();
    let model_dir = plan.run_dir.join("model");
    let trained = fit.layer.put_into(stream.clone());
    let mut model = start.assembled(start.motion.valid(), Some(trained), plan, step, seconds)?;
    OutOfFold::new(fit.left_out()?.into_iter()).write(&plan.run_dir)?;
    held_out::choose_threshold(&mut model, &plan.run_dir);
    model.save(&model_dir)?;
    let progress = Progress { step, seconds, measured: step, best, ..Progress::start() };
    checkpoint::write(&plan.run_dir, &progress, |_| Ok(()))?;
    CutShort::of_steps(plan, &progress).into_iter().for_each(|cut| on_event(TrainingEvent::CutShort(cut)));
    on_event(TrainingEvent::Finished { model_dir, stopped_early: !progress.is_last_of(plan) });
    Ok(())
}

/// The classifier, and those of cross-validation.
struct ProbeFit {
    layer: LastLayer,
    /// Training features of all layers.
    inputs: ProbeInputs,
    /// Number of feature rows per clip.
    views: usize,
    training: Features,
    validation: Features,
    /// Cross-validation layers, each with the indices of the clips it was not trained on.
    folds: Vec<(LastLayer, Vec<usize>)>,
    other: Option<OtherStream>,
}

impl ProbeFit {
    fn new(
        plan: &TrainingPlan,
        views: ProbeViews,
        stream: &Stream,
        rows: &[RowInit],
        [training, validation]: [Features; 2],
        other: Option<OtherStream>,
        device: &Device,
    ) -> Self {
        device.clone().autodiff().seed(plan.seed);
        let all = training.rows.clone().expect("there are clips to train on");
        let known = KnownLayer::for_rows(stream, rows);
        let layer = |places: &[usize]| {
            let labels = of_views(places.iter().map(|&clip| training.clips[clip].label), views);
            let layer = LastLayer::new(of_clips(&all, places, views.count()), &labels, rows, known.as_ref());
            layer.with_weight_decay(plan.weight_decay)
        };
        let everything: Vec<usize> = (0..training.clips.len()).collect();
        let left_out = if validation.rows.is_some() { Vec::new() } else { folds(&training.clips, plan.seed) };
        let folds = left_out.into_iter().map(|held| {
            let others: Vec<usize> = everything.iter().copied().filter(|clip| !held.contains(clip)).collect();
            let rows = rows_of(&others, views.count());
            (layer(&others).with_places(&rows), held)
        });
        let folds = folds.collect();
        let inputs = ProbeInputs::new(&all);
        Self { layer: layer(&everything), inputs, views: views.count(), folds, training, validation, other }
    }

    /// Cancels cross-validation. With the few clips processed in time, some classes have a single recording although
    /// more are listed, and the accuracy on the rest would be meaningless.
    fn leave_none_out(&mut self, on_event: &mut dyn FnMut(TrainingEvent)) {
        self.folds.clear();
        let cause = "too few clips were processed in time for cross-validation, so no accuracy is measured";
        on_event(TrainingEvent::Warning(Error::new("time limit", cause, "Increase the time limit")));
    }

    /// Warns of classes with a single recording, which cannot be cross-validated.
    fn warn_of_single_recordings(&self, classes: &[String], on_event: &mut dyn FnMut(TrainingEvent)) {
        if self.validation.rows.is_some() {
            return;
        }
        for (class, recordings) in
            recordings(&self.training.clips).iter().filter(|(_, recordings)| recordings.len() == 1)
        {
            let only = recordings.first().map_or("", String::as_str);
            let cause = format!("all its clips are from one recording, '{only}': it is not cross-validated");
            on_event(TrainingEvent::Warning(Error::new(&*classes[*class], cause, "Add clips of another recording")));
        }
    }

    /// Runs the updates, and returns their number and the best validation result.
    fn run(
        &mut self,
        plan: &TrainingPlan,
        clock: &mut Clock,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<(usize, Option<Best>)> {
        let mut history = History::open(&plan.run_dir, 0, 0)?;
        let (mut step, mut best): (usize, Option<Best>) = (0, None);
        let (began, begun) = (clock.seconds(), clock.spent().unwrap_or_default());
        let mut is_last = clock.is_stopped();
        while !is_last {
            clock.wait_while_paused(on_event);
            if clock.is_stopped() {
                break;
            }
            let rate = rate_at(plan, step, clock.spent_since(begun, step));
            let accuracy = self.accuracy()?; // before the update, like the loss
            let inputs = self.inputs.dropped();
            for (layer, _) in &mut self.folds {
                layer.update(&inputs, rate);
            }
            let loss = self.layer.update(&inputs, rate).map(read_back).transpose()?.map_or(0.0, |loss| loss[0]);
            step += 1;
            let metrics = Self::metrics(plan, step, [loss, accuracy], rate, (began, &*clock));
            history.push(&metrics)?;
            on_event(TrainingEvent::Step(metrics));
            is_last = step >= plan.steps || clock.is_stopped() || clock.is_over(1.0);
            let is_due = step.is_multiple_of(MEASURE_EVERY) || is_last;
            let values = if is_due { self.measure(step, on_event)? } else { Vec::new() };
            if let Some(&(_, value)) = values.last() {
                history.measured(step, &values)?;
                if best.is_none_or(|best| value > best.value) {
                    best = Some(Best { step, value, worse_since: 0 });
                }
            }
        }
        history.flush()?;
        Ok((step, best))
    }

    /// Returns the accuracy of the layer on the training clips.
    fn accuracy(&self) -> Result<f32> {
        let all = self.training.rows.as_ref().expect("there are clips to train on");
        let scores = logits(&self.layer, all, self.views)?;
        let answers = self.training.clips.iter().zip(&scores);
        Ok(recognised(answers.map(|(clip, scores)| (clip.label, scores.as_slice()))).1)
    }

    fn metrics(
        plan: &TrainingPlan,
        step: usize,
        [loss, accuracy]: [f32; 2],
        rate: f64,
        (began, clock): (f64, &Clock),
    ) -> StepMetrics {
        let steps_per_sec = step as f64 / (clock.seconds() - began).max(1e-9);
        let budget_left = plan.budget_secs.map_or(f64::INFINITY, |budget| (budget - clock.seconds()).max(0.0));
        StepMetrics {
            step,
            steps: plan.steps,
            loss,
            terms: vec![("action".into(), loss)],
            weights: vec![1.0],
            accuracy: Some(accuracy),
            rate,
            steps_per_sec,
            done: (step as f64 / plan.steps.max(1) as f64).max(clock.spent().unwrap_or_default()).min(1.0),
            stall: 0.0,
            eta_secs: ((plan.steps - step) as f64 / steps_per_sec).min(budget_left),
            memory_bytes: resident_bytes(),
        }
    }

    /// Validates on the clips held out, or left out in turn, and returns the accuracy by name; empty without such
    /// clips. If the other stream's logits of the same clips are known, the fused accuracy follows, which decides.
    fn measure(&self, step: usize, on_event: &mut dyn FnMut(TrainingEvent)) -> Result<Vec<(&'static str, f32)>> {
        let left_out = self.left_out()?;
        if left_out.is_empty() {
            return Ok(Vec::new());
        }
        let [own, both] = match self.validation.rows {
            Some(_) => ["top-1", "fused top-1"],
            None => ["cross-validated top-1", "fused cross-validated top-1"],
        };
        let fused: Option<Vec<_>> =
            left_out.iter().map(|(clip, logits)| Some((*clip, self.fused(clip, logits)?))).collect();
        let measured = [Some((own, left_out)), fused.map(|fused| (both, fused))];
        let tell = |(name, scores): (&'static str, Vec<(&LabelledClip, Vec<f32>)>)| {
            let (guesses, value) = recognised(scores.iter().map(|(clip, scores)| (clip.label, scores.as_slice())));
            on_event(TrainingEvent::Validation { step, name: name.into(), value, guesses });
            (name, value)
        };
        Ok(measured.into_iter().flatten().map(tell).collect())
    }

    /// Returns the validation clips or left-out clips, each with its logits.
    fn left_out(&self) -> Result<Vec<(&LabelledClip, Vec<f32>)>> {
        if let Some(rows) = &self.validation.rows {
            return Ok(self.validation.clips.iter().zip(logits(&self.layer, rows, self.views)?).collect());
        }
        let mut left_out = Vec::new();
        let Some(all) = &self.training.rows else { return Ok(left_out) };
        for (layer, held) in &self.folds {
            let clips = held.iter().map(|&clip| &self.training.clips[clip]);
            left_out.extend(clips.zip(logits(layer, &of_clips(all, held, self.views), self.views)?));
        }
        Ok(left_out)
    }

    /// Returns the fused scores for a clip with these `logits`; `None` without the other stream's logits.
    fn fused(&self, clip: &LabelledClip, logits: &[f32]) -> Option<Vec<f32>> {
        let OtherStream { network, answers, fusion } = self.other.as_ref()?;
        let other = answers.logits(clip, logits.len())?;
        Some(match network {
            Network::Spatial => fusion.fuse(other, logits),
            _ => fusion.fuse(logits, other),
        })
    }
}

/// The other stream of a recogniser, which was fitted before.
struct OtherStream {
    network: Network,
    answers: OutOfFold,
    fusion: Fusion,
}

impl OtherStream {
    /// Returns the stream of the model that the run joins to its own.
    fn of(plan: &TrainingPlan, fusion: Fusion) -> Option<Self> {
        let answers = OutOfFold::read(plan.join.as_ref()?.parent()?)?;
        let network = if plan.network == Network::Spatial { Network::Temporal } else { Network::Spatial };
        Some(Self { network, answers, fusion })
    }
}

/// Returns the feature rows of the clips at `places`.
fn of_clips(rows: &Tensor<2>, places: &[usize], views: usize) -> Tensor<2> {
    let index = rows_of(places, views);
    let index = Tensor::<1, Int>::from_data(TensorData::from(index.as_slice()), &rows.device());
    rows.clone().select(0, index)
}

/// Returns the row indices of the clips at `places`.
fn rows_of(places: &[usize], views: usize) -> Vec<i64> {
    places.iter().flat_map(|&clip| (clip * views..(clip + 1) * views).map(|row| row as i64)).collect()
}

/// Returns the logits of every clip, averaged over its views.
fn logits(layer: &LastLayer, rows: &Tensor<2>, views: usize) -> Result<Vec<Vec<f32>>> {
    let logits = layer.logits(rows.clone());
    let [rows, classes] = logits.dims();
    let mean: Tensor<2> = logits.reshape([rows / views, views, classes]).mean_dim(1).squeeze_dim(1);
    read_rows(mean)
}

/// Returns the recordings of each class.
fn recordings(clips: &[LabelledClip]) -> BTreeMap<usize, BTreeSet<String>> {
    let mut classes: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for clip in clips {
        classes.entry(clip.label).or_default().insert(clip.recording());
    }
    classes
}

/// Returns `true` if a class was processed with one recording although more are `listed`.
fn is_short(looked_at: &BTreeMap<usize, BTreeSet<String>>, listed: &BTreeMap<usize, BTreeSet<String>>) -> bool {
    listed.iter().any(|(class, all)| all.len() > 1 && looked_at.get(class).is_none_or(|some| some.len() < 2))
}

/// Returns the folds, as clips that are left out together: those of one recording, or of several if there are many. A
/// recording that is the only one of its class is never left out.
fn folds(clips: &[LabelledClip], seed: u64) -> Vec<Vec<usize>> {
    let of_clips: Vec<String> = clips.iter().map(LabelledClip::recording).collect();
    let mut all: Vec<&String> = of_clips.iter().collect();
    all.sort_unstable();
    all.dedup();
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let parts = all.len().min(FOLDS);
    let part_of: HashMap<&String, usize> =
        all.into_iter().enumerate().map(|(place, recording)| (recording, place % parts)).collect();
    let parts_of_classes: BTreeMap<usize, BTreeSet<usize>> = recordings(clips)
        .into_iter()
        .map(|(class, recordings)| (class, recordings.iter().map(|recording| part_of[recording]).collect()))
        .collect();
    let mut folds: Vec<Vec<usize>> = vec![Vec::new(); parts];
    for (place, (clip, recording)) in clips.iter().zip(&of_clips).enumerate() {
        if parts_of_classes[&clip.label].len() > 1 {
            folds[part_of[recording]].push(place);
        }
    }
    folds.retain(|fold| !fold.is_empty());
    folds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(label: usize, group: &str) -> LabelledClip {
        LabelledClip { path: "a".into(), label, segment_secs: None, group: Some(group.into()), also: Vec::new() }
    }

    #[test]
    fn each_recording_is_left_out_once_unless_its_class_has_no_other() {
        let clips = [clip(0, "a"), clip(0, "a"), clip(0, "b"), clip(1, "b"), clip(1, "c"), clip(2, "d")];
        let mut folds = folds(&clips, 1);
        folds.sort();
        assert_eq!(folds, [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn single_recordings_are_blamed_on_the_time_where_the_list_has_more() {
        let listed = recordings(&[clip(0, "a"), clip(0, "b"), clip(1, "c"), clip(1, "d"), clip(2, "e")]);
        assert!(!is_short(&listed, &listed), "the only recording of a class is no matter of time");
        let some = [clip(0, "a"), clip(1, "c"), clip(1, "d"), clip(2, "e")];
        assert!(is_short(&recordings(&some), &listed) && is_short(&recordings(&some[1..]), &listed));
    }

    #[test]
    fn many_recordings_are_left_out_in_parts() {
        let clips: Vec<_> = (0..95).map(|i| clip(i % 2, &format!("{i:02}"))).collect();
        let folds = folds(&clips, 1);
        assert_eq!(folds.len(), FOLDS);
        let mut places = folds.concat();
        places.sort_unstable();
        assert_eq!(places, (0..95).collect::<Vec<_>>());
    }
}
