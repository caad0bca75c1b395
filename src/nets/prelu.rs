//! PReLU: a rectifier with a learned slope per channel (He et al. 2015).

use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor, activation};

/// The slope below zero before training, as in Caffe.
const START: f64 = 0.25;

/// A parametric rectifier: x if positive, else x times the slope of its channel.
#[derive(Module, Debug)]
pub struct PRelu {
    weight: Param<Tensor<1>>,
}

impl PRelu {
    /// Creates a rectifier for `channels` channels.
    pub(super) fn new(channels: usize, device: &Device) -> Self {
        Self { weight: Initializer::Constant { value: START }.init([channels], device) }
    }

    /// Returns the slope of each channel.
    pub(super) fn slopes(&self) -> Tensor<1> {
        self.weight.val()
    }

    /// `x` [b, c, …] → the same shape.
    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let mut shape = [1; D];
        shape[1] = x.dims()[1];
        activation::relu(x.clone()) - self.weight.val().reshape(shape) * activation::relu(x.neg())
    }
}
