//! Published training recipes: the defaults of a run.

use super::plan::{NO_CLIPPING, Network, OptimiserKind, ScheduleKind, TemporalMode, TrainingPlan};
use crate::named::named;
use crate::training::objective::losses::LossPreset;
use crate::video::Geometry;

named! {
    /// A published training recipe.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Recipe {
        /// The authors' released training files.
        Paper = "paper",
    }
}

impl Recipe {
    /// Returns the plan for `network`: optimiser, schedule, learning rates, loss, crops and dropout. The architectures
    /// keep their defaults. With a number of `steps` other than the published one, the schedule is scaled.
    pub fn plan(self, network: Network, steps: Option<usize>) -> TrainingPlan {
        let common = TrainingPlan {
            warm_up: 0,
            clip_norm: NO_CLIPPING,
            batch: 16,
            frame: Geometry { width: 340, height: 256 },
            crop: Geometry { width: 224, height: 224 },
            checkpoint_every: 500,
            ..TrainingPlan::of(network)
        };
        let stream = TrainingPlan {
            optimiser: OptimiserKind::Sgd,
            rate: 1e-3,
            bias_rate: 2.0,
            weight_decay: 5e-4,
            ..common.clone()
        };
        match network {
            Network::Flow => {
                let mut plan = TrainingPlan {
                    optimiser: OptimiserKind::Adam,
                    schedule: ScheduleKind::Halving,
                    rate: 3.2e-5,
                    weight_decay: 4e-4,
                    steps: steps.unwrap_or(400_000),
                    ..common
                };
                plan.loss.preset = LossPreset::CaffeMotionnet;
                plan
            }
            Network::Temporal => {
                let mut plan = TrainingPlan {
                    mode: TemporalMode::C,
                    schedule: ScheduleKind::Tenths,
                    motion_rate: 1e-3, // multipliers 1 and 1000 of a base rate of 1e-6
                    steps: steps.unwrap_or(16_000),
                    ..stream
                };
                plan.loss.preset = LossPreset::CaffeEndToEnd;
                plan
            }
            // For the branched variant only the losses are published, those of mode (c); ActionFlowNet also used SGD.
            Network::Joint => {
                let mut plan =
                    TrainingPlan { schedule: ScheduleKind::Tenths, steps: steps.unwrap_or(16_000), ..stream };
                plan.loss.preset = LossPreset::CaffeEndToEnd;
                plan
            }
            Network::Spatial => {
                let steps = steps.unwrap_or(10_000);
                TrainingPlan {
                    schedule: ScheduleKind::Step,
                    milestones: vec![(2 * steps / 5).max(1), (4 * steps / 5).max(1)], // every 4000 of 10 000
                    factor: 0.1,
                    dropout: Some(0.9),
                    crop_scales: vec![1.0, 0.875, 0.75, 0.66],
                    steps,
                    ..stream
                }
            }
        }
    }

    /// Returns the effective batch size: samples per step, including gradient accumulation.
    pub fn effective_batch(self, network: Network) -> usize {
        if network == Network::Flow { 16 } else { 128 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::optim::optimizer::rate_at;

    #[test]
    fn the_paper_s_rates_fall_where_the_released_files_say() {
        let rates = |network, steps: &[usize]| {
            let plan = Recipe::Paper.plan(network, None);
            plan.check().unwrap();
            steps.iter().map(|&step| (rate_at(&plan, step, None) / plan.rate * 1e4).round() / 1e4).collect::<Vec<_>>()
        };
        let halvings = [0, 99_999, 100_000, 200_000, 250_000, 300_000, 350_000];
        assert_eq!(rates(Network::Flow, &halvings), [1.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.0313]);
        assert_eq!(rates(Network::Temporal, &[4_999, 5_000, 9_499, 9_500]), [1.0, 0.1, 0.1, 0.01]);
        assert_eq!(rates(Network::Spatial, &[3_999, 4_000, 7_999, 8_000]), [1.0, 0.1, 0.1, 0.01]);
        let short = Recipe::Paper.plan(Network::Spatial, Some(10));
        assert_eq!((short.steps, short.milestones), (10, vec![4, 8]));
    }
}
