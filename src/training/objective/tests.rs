//! Tests of the objective: segments, mixup, gradient shares, and the composition of the loss.

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Distribution, Tolerance};

use super::losses::UnsupervisedLoss;
use super::*;
use crate::data::augmentation::{Crop, Draw};
use crate::nets::{Backbone, MotionConfig, StreamConfig, StreamInput};
use crate::training::config::choices::FlowTeacher;
use crate::video::Geometry;

const CROP: Geometry = Geometry { width: 64, height: 32 };

/// Returns two samples of three segments, the logits of a spatial stream for them, and the stream.
fn samples(mixing: Vec<f32>) -> (Tensor<4>, Tensor<2>, Stream) {
    let device = Device::flex().autodiff();
    let plan = TrainingPlan { segments: 3, crop: CROP, ..TrainingPlan::of(Network::Spatial) };
    let config =
        StreamConfig { backbone: Backbone::SqueezeNet, input: StreamInput::PICTURE, classes: 4, dropout: Some(0.0) };
    let stream = config.init(&device);
    let motion = MotionConfig { width: 2, ..MotionConfig::default() }.init(&device);
    let clips = Arc::new(Clips::new(Vec::new(), CROP));
    let mut objective = Objective::new(&plan, motion, Some(stream), 4, &clips, &device).unwrap();
    let frames = Tensor::<4>::random([6, 3, 32, 64], Distribution::Normal(0.0, 50.0), &Device::flex());
    let mut batch = Batch {
        frames: frames.to_data().try_to_vec().unwrap(),
        labels: vec![vec![0], vec![1]],
        mixing,
        draws: vec![Draw { clip: 0, start: 0, stride: 1, crop: Crop::whole(CROP) }; 6],
        ..Batch::default()
    };
    let input = objective.frames(&mut batch);
    let Forward { logits, .. } = objective.forward(input, &batch).unwrap();
    (frames, logits.unwrap().inner(), objective.stream.unwrap().result())
}

fn mean_of_segments(stream: &Stream, frames: &Tensor<4>) -> Tensor<2> {
    let alone = (0..6).map(|i| stream.forward(frames.clone().narrow(0, i, 1))).collect::<Vec<_>>();
    let mean = |sample: usize| Tensor::cat(alone[3 * sample..3 * sample + 3].to_vec(), 0).mean_dim(0);
    Tensor::cat(vec![mean(0), mean(1)], 0)
}

#[test]
fn a_sample_s_logits_are_the_mean_of_its_segments_alone() {
    let (frames, logits, stream) = samples(Vec::new());
    let expected = mean_of_segments(&stream, &frames).into_data();
    logits.into_data().assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-4));
}

#[test]
fn samples_are_mixed_segment_by_segment() {
    let (frames, logits, stream) = samples(vec![0.75, 0.5]);
    let [first, second] = [0, 3].map(|from| frames.clone().narrow(0, from, 3));
    let mixed = vec![first.clone() * 0.75 + second.clone() * 0.25, second * 0.5 + first * 0.5];
    let expected = mean_of_segments(&stream, &Tensor::cat(mixed, 0)).into_data();
    logits.into_data().assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-4));
}

/// Returns a run in mode (c) without dropout, and a batch for it.
fn end_to_end() -> (Objective, Batch) {
    let device = Device::flex().autodiff();
    device.seed(7);
    let plan = TrainingPlan {
        mode: TemporalMode::C,
        crop: Geometry { width: 64, height: 64 },
        unsupervised_weight: 0.5,
        ..TrainingPlan::of(Network::Temporal)
    };
    let backbone = Backbone::SqueezeNet;
    let config = StreamConfig { backbone, input: StreamInput::STACK, classes: 4, dropout: Some(0.0) };
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() }.init(&device);
    let clips = Arc::new(Clips::new(Vec::new(), plan.crop));
    let objective = Objective::new(&plan, motion, Some(config.init(&device)), 4, &clips, &device).unwrap();
    let frames = Tensor::<4>::random([2, 33, 64, 64], Distribution::Normal(0.0, 0.3), &Device::flex());
    let batch = Batch {
        frames: frames.to_data().try_to_vec().unwrap(),
        labels: vec![vec![0], vec![3]],
        draws: vec![Draw { clip: 0, start: 0, stride: 1, crop: Crop::whole(plan.crop) }; 2],
        ..Batch::default()
    };
    (objective, batch)
}

struct ObjectiveValues<'a>(&'a GradientsParams, Vec<f64>);

impl ModuleVisitor for ObjectiveValues<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let zeros = || param.val().inner().zeros_like();
        let gradient = self.0.get::<D>(param.id).unwrap_or_else(zeros);
        self.1.extend(gradient.into_data().iter::<f64>());
    }
}

/// Returns MotionNet's gradient for a batch as a vector, with these switches.
fn gradient(objective: &mut Objective, batch: &Batch, switches: LossSwitches) -> Vec<f64> {
    objective.switch(switches).unwrap();
    let mut values = Vec::new();
    objective
        .accumulate_and(batch.clone(), |objective, _, gradient| {
            let mut visitor = ObjectiveValues(gradient, Vec::new());
            objective.motion.as_ref().unwrap().network().visit(&mut visitor);
            values = visitor.1;
        })
        .unwrap();
    values
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[test]
fn the_parts_of_a_gradient_add_up_to_it_and_are_those_of_their_losses_alone() {
    let (mut objective, batch) = end_to_end();
    // The action loss is weighted up, as its gradient is small in fresh networks, so that all shares are of the same
    // order.
    let all = LossSwitches { action: 20.0, ..objective.switches() };
    let shares_of = |objective: &mut Objective, switches: LossSwitches| {
        objective.switch(switches).unwrap();
        objective.accumulate_and_share(batch.clone(), 1).unwrap().unwrap()
    };
    let shares = shares_of(&mut objective, all);
    let total = gradient(&mut objective, &batch, all);
    assert!((shares.norm / norm(&total) - 1.0).abs() < 1e-4);

    let none = [false; LossSwitches::SCALES];
    let without = LossSwitches { pixel: none, ssim: none, smooth: none, ..all };
    let alone = |term| match term {
        LossTerm::Action => without,
        _ => LossSwitches { action: 0.0, ..all.only(term) },
    };
    let mut sum = vec![0.0; total.len()];
    for part in &shares.terms {
        let own = gradient(&mut objective, &batch, alone(part.term));
        assert!((part.norm / norm(&own) - 1.0).abs() < 1e-3, "{part:?}, alone {}", norm(&own));
        let product: f64 = own.iter().zip(&total).map(|(own, total)| own * total).sum();
        let cosine = product / (norm(&own) * norm(&total));
        assert!((part.cosine - cosine).abs() < 1e-3, "{part:?}, alone {cosine}");
        sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    let left: Vec<f64> = sum.iter().zip(&total).map(|(sum, total)| sum - total).collect();
    assert!(norm(&left) < 1e-4 * norm(&total), "{} of {} is left", norm(&left), norm(&total));
    assert!((shares.terms.iter().map(|part| part.share).sum::<f64>() - 1.0).abs() < 1e-9);

    let off = shares_of(&mut objective, LossSwitches { ssim: none, action: 0.0, ..all });
    for part in off.terms {
        let is_off = matches!(part.term, LossTerm::Ssim | LossTerm::Action);
        assert_eq!(is_off, part.norm == 0.0 && part.share == 0.0 && part.cosine == 0.0, "{part:?}");
    }
}

#[test]
fn the_loss_is_its_terms_by_their_weights() {
    let (mut objective, batch) = end_to_end();
    let all = LossSwitches { action: 0.25, ..objective.switches() };
    for switches in
        [all, all.with(LossTerm::Ssim, 0, false).with(LossTerm::Pixel, 4, false), all.only(LossTerm::Smooth)]
    {
        objective.switch(switches).unwrap();
        objective.accumulate(batch.clone()).unwrap();
        let outcome = objective.measured.pop().unwrap();
        let sum: f32 = outcome.terms.iter().zip(&outcome.weights).map(|((_, value), weight)| value * weight).sum();
        assert!((sum / outcome.loss - 1.0).abs() < 1e-4, "{sum} {}", outcome.loss);
        assert_eq!(outcome.terms.len(), 16, "what is off is still told");
    }
    let nothing = LossSwitches { action: 0.0, ..all.only(LossTerm::Action) };
    assert!(objective.switch(nothing).unwrap_err().cause.contains("are off"));
    assert_eq!(objective.switches(), all.only(LossTerm::Smooth));
}

/// Returns a run that trains flow with all extensions beyond the paper, and a batch for it.
fn taught() -> (Objective, Batch) {
    let device = Device::flex().autodiff();
    device.seed(7);
    let mut plan = TrainingPlan { crop: Geometry { width: 64, height: 64 }, ..TrainingPlan::of(Network::Flow) };
    plan.loss = UnsupervisedLoss {
        census: true,
        occlusion: true,
        teacher: Some(FlowTeacher::Dis),
        teacher_weight: 3.0,
        ..plan.loss
    };
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() }.init(&device);
    let clips = Arc::new(Clips::new(Vec::new(), plan.crop));
    let objective = Objective::new(&plan, motion, None, 0, &clips, &device).unwrap();
    let numbers = |shape: [usize; 4]| -> Vec<f32> {
        let numbers = Tensor::<4>::random(shape, Distribution::Uniform(0.0, 0.3), &Device::flex());
        numbers.into_data().try_to_vec().unwrap()
    };
    let batch = Batch {
        frames: numbers([2, 6, 64, 64]),
        teacher: numbers([2, 3, 32, 32]),
        draws: vec![Draw { clip: 0, start: 0, stride: 1, crop: Crop::whole(plan.crop) }; 2],
        ..Batch::default()
    };
    (objective, batch)
}

#[test]
fn a_teacher_is_a_term_of_its_own_at_every_level() {
    let (mut objective, batch) = taught();
    objective.accumulate(batch.clone()).unwrap();
    let outcome = objective.measured.pop().unwrap();
    let named: Vec<&str> =
        outcome.terms.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with('t')).collect();
    assert_eq!(named, ["teacher 2", "teacher 3", "teacher 4", "teacher 5", "teacher 6"]);
    let sum: f32 = outcome.terms.iter().zip(&outcome.weights).map(|((_, value), weight)| value * weight).sum();
    assert!((sum / outcome.loss - 1.0).abs() < 1e-4, "{sum} {}", outcome.loss);
    let weights = outcome.terms.iter().zip(&outcome.weights).filter(|((name, _), _)| name.starts_with("teacher"));
    assert_eq!(weights.map(|(_, weight)| *weight).collect::<Vec<_>>(), [3.0, 1.5, 0.75, 0.75, 0.75]);
}

#[test]
fn a_teacher_has_a_share_of_the_gradient() {
    let (mut objective, batch) = taught();
    let shares = objective.accumulate_and_share(batch.clone(), 1).unwrap().unwrap();
    let teacher = shares.terms.last().unwrap();
    assert!(teacher.term == LossTerm::Teacher && teacher.norm > 0.0, "{shares:?}");
    let all = objective.switches();
    let total = gradient(&mut objective, &batch, all);
    assert!((shares.norm / norm(&total) - 1.0).abs() < 1e-4);
    // Without the teacher, the gradient is that of the other terms; the difference is the teacher's part.
    objective.teacher = None;
    let others = gradient(&mut objective, &batch, all);
    let of_teacher: Vec<f64> = total.iter().zip(&others).map(|(total, others)| total - others).collect();
    assert!((teacher.norm / norm(&of_teacher) - 1.0).abs() < 1e-3, "{teacher:?}, {}", norm(&of_teacher));
}
