//! Adam in one pass over each parameter on the CPU, instead of a dozen operations of Burn with temporary tensors.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{Adam, AdamConfig, AdamState, AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{DType, Device, Tensor};
use rayon::prelude::*;

use crate::gpu::is_gpu;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
/// Number of elements per task.
const CHUNK: usize = 1 << 14;

/// Adam with an L2 penalty. It is equivalent to Burn's and has the same state format, so each can read the other's
/// checkpoints; on a GPU it uses Burn's.
#[derive(Clone)]
pub struct FusedAdam {
    burns: Adam,
    penalty: f32,
}

impl FusedAdam {
    /// Creates the update rule with an L2 penalty, 0 for none.
    pub fn new(penalty: f32) -> Self {
        let config = AdamConfig::new().with_beta_1(BETA_1).with_beta_2(BETA_2).with_epsilon(EPSILON);
        let decay = (penalty > 0.0).then(|| WeightDecayConfig::new(penalty));
        Self { burns: config.with_weight_decay(decay).build(), penalty }
    }
}

impl Optimizer for FusedAdam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        if !(is_on_cpu(&parameter) && is_on_cpu(&gradient)) {
            return self.burns.step(rate, parameter, gradient, state);
        }
        let state = state.map_or_else(
            || AdaptiveMomentumState::new(0, parameter.zeros_like(), parameter.zeros_like()),
            |state| state.momentum,
        );
        let AdaptiveMomentumState { time, moment_1, moment_2, .. } = state;
        let time = time + 1;
        let [mut parameter, gradient, mut moment_1, mut moment_2] = [parameter, gradient, moment_1, moment_2].map(flex);
        let second = (1.0 - BETA_2.powi(time as i32)).sqrt();
        let update = Update {
            rate: rate as f32,
            penalty: self.penalty,
            first: second / (1.0 - BETA_1.powi(time as i32)),
            epsilon: EPSILON * second,
        };
        let moments =
            moment_1.storage_mut::<f32>().par_chunks_mut(CHUNK).zip(moment_2.storage_mut().par_chunks_mut(CHUNK));
        let values = parameter.storage_mut::<f32>().par_chunks_mut(CHUNK).zip(gradient.storage().par_chunks(CHUNK));
        values.zip(moments).for_each(|((values, gradient), (moment_1, moment_2))| {
            update.apply(values, gradient, moment_1, moment_2);
        });
        let [parameter, moment_1, moment_2] = [parameter, moment_1, moment_2].map(Tensor::from_primitive::<Flex>);
        (parameter, Some(AdamState::new(AdaptiveMomentumState::new(time, moment_1, moment_2))))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        Adam::to_device(state, device)
    }
}

/// The coefficients of a step.
struct Update {
    rate: f32,
    penalty: f32,
    /// Bias corrections of the moments.
    first: f32,
    epsilon: f32,
}

impl Update {
    fn apply(&self, values: &mut [f32], gradient: &[f32], moment_1: &mut [f32], moment_2: &mut [f32]) {
        let moments = moment_1.iter_mut().zip(moment_2);
        for ((value, gradient), (moment_1, moment_2)) in values.iter_mut().zip(gradient).zip(moments) {
            let gradient = if self.penalty > 0.0 { *value * self.penalty + gradient } else { *gradient };
            *moment_1 = *moment_1 * BETA_1 + gradient * (1.0 - BETA_1);
            *moment_2 = *moment_2 * BETA_2 + gradient * gradient * (1.0 - BETA_2);
            let direction = *moment_1 * self.first / (moment_2.sqrt() + self.epsilon);
            *value -= direction * self.rate;
        }
    }
}

fn is_on_cpu<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && !x.device().is_autodiff() && !is_gpu(&x.device())
}

/// Returns the CPU tensor in contiguous storage.
fn flex<const D: usize>(x: Tensor<D>) -> FloatTensor<Flex> {
    let tensor = x.try_into_primitive::<Flex>().expect("a tensor on the CPU");
    let is_whole = tensor.is_contiguous() && tensor.storage::<f32>().len() == tensor.layout().shape().num_elements();
    if is_whole { tensor } else { FloatTensor::<Flex>::from_data(tensor.into_data()) }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{TensorData, Tolerance};
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Returns the parameter after three steps, the last from a saved and restored state, and the state.
    fn steps<O: Optimizer>(optimizer: &O, [rows, columns]: [usize; 2], seed: u64) -> (Tensor<2>, O::State<2>) {
        let device = Device::flex();
        // Not the device's generator, which other tests use concurrently.
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |deviation: f32| {
            let values: Vec<f32> = (0..rows * columns).map(|_| deviation * random.random_range(-2.0..2.0)).collect();
            Tensor::<2>::from_data(TensorData::new(values, [columns, rows]), &device)
        };
        let (mut parameter, mut state) = (draw(1.0).transpose(), None);
        for step in 0..3 {
            // Gradients may be views, and zero.
            let gradient = draw(0.1 * (step % 2) as f32).transpose();
            let (next, kept) = optimizer.step(0.01, parameter, gradient, state);
            (parameter, state) = (next, kept);
        }
        (parameter, state.expect("three steps were made"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn it_is_burn_s(sides in [1usize..40, 1usize..600], penalty in prop_oneof![Just(0.0_f32), 0.001_f32..0.1], seed: u64) {
            let ours = FusedAdam::new(penalty);
            let ((value, state), (expected, expected_state)) = (steps(&ours, sides, seed), steps(&ours.burns, sides, seed));
            let (state, expected_state) = (state.momentum, expected_state.momentum);
            prop_assert_eq!(state.time, expected_state.time);
            for (ours, burns) in [
                (value, expected),
                (state.moment_1, expected_state.moment_1),
                (state.moment_2, expected_state.moment_2),
            ] {
                ours.into_data().assert_approx_eq::<f32>(&burns.into_data(), Tolerance::rel_abs(1e-5, 1e-7));
            }
        }
    }

    #[test]
    fn copies_of_a_parameter_and_of_the_state_stay_as_they_are() {
        let device = Device::flex();
        let ones = || Tensor::<1>::ones([5], &device);
        let optimizer = FusedAdam::new(0.0);
        let parameter = ones();
        let (next, state) = optimizer.step(0.1, parameter.clone(), ones(), None);
        let kept = state.clone();
        optimizer.step(0.1, next.clone(), ones(), state);
        assert_eq!(parameter.into_data(), ones().into_data());
        let moment = kept.expect("a step was made").momentum.moment_1.into_data().try_to_vec::<f32>().expect("f32");
        assert!(moment.iter().all(|value| (value - 0.1).abs() < 1e-6), "{moment:?}");
        let value = next.into_data().try_to_vec::<f32>().expect("f32");
        assert!(value.iter().all(|value| (value - 0.9).abs() < 1e-4), "{value:?}");
    }
}
