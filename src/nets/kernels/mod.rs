//! Two-dimensional convolutions on the CPU, several times faster than Burn's.
//!
//! [`convolution`] is an operation of Burn's Flex backend, with the derivatives needed for training. There is no
//! im2col: maps are copied once into padded planes (`planes.rs`), from which the inner loops read shifted rows
//! (`tile.rs` for convolution and transposed convolution, `weight_gradient.rs` for weight gradients with few input
//! maps; with many input maps, `wide_weight_gradient.rs` vectorises over them instead). `sizes.rs` describes the
//! computation, `correlation.rs` splits it into tasks for all threads, `simd.rs` selects AVX-512, AVX2 or the baseline
//! instruction set.

mod correlation;
mod planes;
#[cfg(test)]
mod reference;
mod scratch;
mod simd;
mod sizes;
mod tile;
mod weight_gradient;
mod weight_tiles;
mod wide_weight_gradient;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use correlation::{Finish, convolve, convolve_back};
pub(crate) use simd::Vectors;
pub(super) use sizes::ConvolutionSizes;
pub(super) use tile::Activation;
use weight_gradient::{bias_gradient, weight_gradient};

/// A convolution or transposed convolution with the operations after it.
#[derive(Clone, Debug)]
pub(super) struct Convolution {
    /// The sizes of the convolution.
    pub sizes: ConvolutionSizes,
    /// `true` for a transposed convolution, from `y` to `x`.
    pub transposed: bool,
    /// Scale of each map, applied before the bias; for inference only.
    pub scale: Option<Vec<f32>>,
    /// Activation, applied last.
    pub activation: Activation,
}

/// Returns the convolution of `x` on the CPU; `weight` is [y, x / groups, kh, kw] by the maps of `convolution`'s sizes.
pub(super) fn convolution(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    convolution: Convolution,
) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        None => <Dispatch as Convolutions>::convolution(x, weight, convolution),
        Some(bias) => <Dispatch as Convolutions>::biased_convolution(x, weight, bias.into_dispatch(), convolution),
    })
}

/// Backend operations behind [`convolution`].
#[backend_extension(Flex, Autodiff)]
pub(super) trait Convolutions: Backend {
    /// Returns the convolution without bias.
    fn convolution(x: FloatTensor<Self>, weight: FloatTensor<Self>, convolution: Convolution) -> FloatTensor<Self>;

    /// Returns the convolution with `bias`.
    fn biased_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        convolution: Convolution,
    ) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

impl Convolutions for Flex {
    fn convolution(x: FlexTensor, weight: FlexTensor, convolution: Convolution) -> FlexTensor {
        convolution.run(&x.to_contiguous(), &weight.to_contiguous(), None)
    }

    fn biased_convolution(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, convolution: Convolution) -> FlexTensor {
        convolution.run(&x.to_contiguous(), &weight.to_contiguous(), Some(&bias.to_contiguous()))
    }
}

impl<C: CheckpointStrategy> Convolutions for Autodiff<Flex, C> {
    fn convolution(x: FloatTensor<Self>, weight: FloatTensor<Self>, convolution: Convolution) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        tracked::<C, 2>(nodes, [x, weight].map(|input| input.into_primitive()), None, convolution)
    }

    fn biased_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        convolution: Convolution,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let bias = bias.into_primitive();
        tracked::<C, 3>(nodes, [x, weight].map(|input| input.into_primitive()), Some(bias), convolution)
    }
}

/// Runs the convolution and registers it for autodiff if one of its inputs requires a gradient.
fn tracked<C: CheckpointStrategy, const N: usize>(
    nodes: [NodeGuard; N],
    inputs: [FlexTensor; 2],
    bias: Option<FlexTensor>,
    convolution: Convolution,
) -> FloatTensor<Autodiff<Flex, C>> {
    assert!(convolution.scale.is_none(), "scaled maps are not differentiated");
    let [x, weight] = inputs.map(|input| input.to_contiguous());
    let y = convolution.run(&x, &weight, bias.map(|bias| bias.to_contiguous()).as_ref());
    match <Derivative as Backward<Flex, N>>::prepare::<C>(Derivative, nodes).compute_bound().stateful() {
        OpsKind::UnTracked(prepared) => prepared.finish(y),
        OpsKind::Tracked(prepared) => {
            let activated = (convolution.activation != Activation::NONE).then(|| y.clone());
            prepared.finish(SavedForBackward { x, weight, activated, convolution }, y)
        }
    }
}

/// The derivatives of a convolution with respect to its input, weights and, if present, bias.
#[derive(Debug)]
struct Derivative;

/// Tensors saved for the backward pass.
#[derive(Clone, Debug)]
struct SavedForBackward {
    x: FlexTensor,
    weight: FlexTensor,
    /// The output after the activation; `None` without an activation.
    activated: Option<FlexTensor>,
    convolution: Convolution,
}

impl<const N: usize> Backward<Flex, N> for Derivative {
    type State = SavedForBackward;

    fn backward(self, ops: Ops<SavedForBackward, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let mut gradient = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let SavedForBackward { x, weight, activated, convolution } = ops.state;
        if let Some(activated) = activated {
            let before = before_activation(convolution.activation, values(&gradient), values(&activated));
            gradient = tensor(before, &activated.layout().shape()[..]);
        }
        for (index, node) in ops.parents.iter().enumerate() {
            let Some(node) = node else { continue };
            let of_parent = match index {
                0 => convolution.apply(&gradient, &weight, !convolution.transposed, Finish::NONE),
                1 => convolution.weight_gradient(&x, &gradient, &weight),
                _ => convolution.bias_gradient(&gradient),
            };
            gradients.register::<Flex>(node.id, of_parent);
        }
    }
}

/// Returns the gradient before an activation from the gradient after it and the activation's output.
fn before_activation(Activation { slope, ceiling }: Activation, gradient: &[f32], activated: &[f32]) -> Vec<f32> {
    const CHUNK: usize = 1 << 14;
    let mut before = vec![0.0; gradient.len()];
    let operands = gradient.par_chunks(CHUNK).zip(activated.par_chunks(CHUNK));
    before.par_chunks_mut(CHUNK).zip(operands).for_each(|(before, (gradient, activated))| {
        for ((before, gradient), y) in before.iter_mut().zip(gradient).zip(activated) {
            // Selects instead of branches: signs are unpredictable, and selects can be vectorised.
            let below = if *y > 0.0 { *gradient } else { *gradient * slope };
            *before = if *y >= ceiling { 0.0 } else { below };
        }
    });
    before
}

impl Convolution {
    fn run(&self, x: &FlexTensor, weight: &FlexTensor, bias: Option<&FlexTensor>) -> FlexTensor {
        let (scale, bias) = (self.scale.as_deref(), bias.map(values));
        self.apply(x, weight, self.transposed, Finish { scale, bias, activation: self.activation })
    }

    /// Returns `y` from `x`, or `x` from `y` if `back`.
    fn apply(&self, input: &FlexTensor, weight: &FlexTensor, back: bool, finish: Finish) -> FlexTensor {
        let ConvolutionSizes { batch, maps, x, y, .. } = self.sizes;
        let (run, maps, [height, width]) =
            if back { (convolve_back as Kernel2d, maps[0], x) } else { (convolve as Kernel2d, maps[1], y) };
        let out = run(Vectors::best(), &self.sizes, values(input), values(weight), finish);
        tensor(out, &[batch, maps, height, width])
    }

    fn weight_gradient(&self, input: &FlexTensor, gradient: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
        let (x, y) = if self.transposed { (gradient, input) } else { (input, gradient) };
        let out = weight_gradient(Vectors::best(), &self.sizes, values(x), values(y));
        tensor(out, &weight.layout().shape()[..])
    }

    fn bias_gradient(&self, gradient: &FlexTensor) -> FlexTensor {
        let (maps, [height, width]) = match self.transposed {
            true => (self.sizes.maps[0], self.sizes.x),
            false => (self.sizes.maps[1], self.sizes.y),
        };
        tensor(bias_gradient(maps, height * width, values(gradient)), &[maps])
    }
}

type Kernel2d = fn(Vectors, &ConvolutionSizes, &[f32], &[f32], Finish) -> Vec<f32>;

/// Returns the elements of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor of f32")
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}
