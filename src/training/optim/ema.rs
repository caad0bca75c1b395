//! The exponential moving average of a network's weights. It is smoother than the weights themselves, and a run that
//! has one validates and exports it.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use burn::tensor::container::TensorContainer;

/// A network whose parameters are the moving average of another's.
pub struct Ema<M> {
    network: M,
    decay: f64,
}

impl<M: Module> Ema<M> {
    /// Creates an average that starts at the current weights of `network`.
    pub fn new(network: &M, decay: f64) -> Self {
        Self { network: network.valid(), decay }
    }

    /// Returns the average, without autodiff.
    pub fn network(&self) -> &M {
        &self.network
    }

    /// Returns the average with its network replaced.
    pub fn with(&self, network: M) -> Self {
        Self { network, decay: self.decay }
    }

    /// Moves towards `network` after step `step` (from 0), with a weight of 1 − decay. In the first steps, whose
    /// weights are soon obsolete, the decay is limited to (1 + step) / (10 + step).
    pub fn update(&mut self, network: &M, step: usize) {
        let mut values = EmaValues(TensorContainer::new());
        network.visit(&mut values);
        let decay = self.decay.min((1.0 + step as f64) / (10.0 + step as f64));
        self.network = self.network.clone().map(&mut Follow { values: values.0, decay });
    }
}

/// Parameters, detached.
struct EmaValues(TensorContainer<ParamId>);

impl ModuleVisitor for EmaValues {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let value = if value.device().is_autodiff() { value.inner() } else { value };
        self.0.register(param.id, value);
    }
}

struct Follow {
    values: TensorContainer<ParamId>,
    decay: f64,
}

impl ModuleMapper for Follow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, old, mapper) = param.consume();
        let new = match self.values.remove::<Tensor<D>>(&id) {
            Some(value) => old.clone() + (value - old) * (1.0 - self.decay), // frozen weights stay bit-identical
            None => old,
        };
        Param::from_mapped_value(id, new, mapper)
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn it_follows_by_one_minus_the_decay() {
        let device = Device::flex().autodiff();
        let layer = |value: f32| -> Linear {
            let mut layer = LinearConfig::new(1, 1).with_bias(false).init(&device);
            layer.weight = layer.weight.map(|weight| weight.full_like(value).detach().require_grad());
            layer
        };
        let mut follower = Ema::new(&layer(0.0), 0.75);
        let mut ahead = layer(1.0);
        ahead.weight = Param::initialized(follower.network().weight.id, ahead.weight.val());
        let value = |follower: &Ema<Linear>| follower.network().weight.val().into_scalar::<f32>();
        follower.update(&ahead, 0);
        assert!((value(&follower) - 0.9).abs() < 1e-6, "a tenth of the first");
        follower.update(&ahead, 1000);
        assert!((value(&follower) - (0.9 * 0.75 + 0.25)).abs() < 1e-6);
    }
}
