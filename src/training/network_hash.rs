//! Hashes of networks, as part of the keys of cached results.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::content_hash::ContentHash;
use crate::nets::{FlowMean, MotionNetwork, Stream};

/// Adds all that affects the flow of `motion` to the hash.
pub(crate) fn hash_motion(hash: &mut ContentHash, motion: &MotionNetwork) {
    hash.number(motion.frames() as u64);
    hash_parameters(hash, motion);
}

/// Adds all that affects the features of `stream` to the hash: its architecture, window length, flow input, and the
/// parameters and statistics before the last layer. The window length must be hashed separately, as it affects no
/// parameter of a network for clips of any length.
pub(crate) fn hash_stream(hash: &mut ContentHash, stream: &Stream) {
    let input = stream.input();
    hash.field(stream.backbone().name());
    hash.field(format!("{:?}", input.modality));
    hash.number(input.count as u64);
    let reading = stream.reading();
    hash.field(reading.resolution.key());
    if reading.crop.sees_motion() {
        hash.field(reading.crop.key());
    }
    if reading.mean != FlowMean::default() {
        hash.field(reading.mean.key());
    }
    stream.visit(&mut Numbers { hash, last_layer: Some(stream.backbone().last_layer()), is_within: false });
}

fn hash_parameters(hash: &mut ContentHash, module: &impl Module) {
    module.visit(&mut Numbers { hash, last_layer: None, is_within: false });
}

struct Numbers<'a> {
    hash: &'a mut ContentHash,
    /// Name of the last layer, which does not affect features.
    last_layer: Option<&'static str>,
    /// `true` while the traversal is inside that layer.
    is_within: bool,
}

impl ModuleVisitor for Numbers<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.is_within |= Some(name) == self.last_layer;
    }

    fn exit_module(&mut self, name: &str, _container_type: &str) {
        self.is_within &= Some(name) != self.last_layer;
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !self.is_within {
            self.hash.field(param.val().into_data().as_bytes());
        }
    }
}
