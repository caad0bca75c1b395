//! Parameters from PyTorch: `.pt` and `.pth` checkpoints and safetensors of the same networks.
//!
//! Layers must bear our names; what training scripts put around them is taken off: the dictionary the parameters
//! lie in, the wrappers of parallel training, and the `.0` of a layer that shares an `nn.Sequential` with its activation.

use std::path::Path;

use burn::module::Module;
use burn::store::pytorch_reader::{DType, PytorchReader, Tensor};
use burn::tensor::{DType as BurnDType, TensorData};

use super::weights::{self, Tensors};
use crate::error::{Error, Result};

/// Names that stand before a layer's in checkpoints.
const WRAPPERS: [&str; 5] = ["state_dict.", "model_state_dict.", "module.", "model.", "_orig_mod."];

/// `module` with the parameters of the file at `source`, which is read as safetensors if it is called so and as a
/// PyTorch checkpoint otherwise. Nothing in a checkpoint is executed.
///
/// # Errors
/// As [`weights::load_module`].
pub fn import_weights<M: Module>(source: &Path, module: M) -> Result<M> {
    let is_safetensors = source.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"));
    let tensors = if is_safetensors { weights::read(source)? } else { read_pytorch(source)? };
    let tensors = tensors.into_iter().map(|(name, data)| (layer_name(&name), data)).collect();
    weights::apply(module, tensors, source)
}

/// A parameter's name without what is around it.
fn layer_name(name: &str) -> String {
    let mut bare = name;
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| bare.strip_prefix(wrapper)) {
        bare = rest;
    }
    match bare.rsplit_once('.') {
        Some((layer, parameter)) => format!("{}.{parameter}", layer.strip_suffix(".0").unwrap_or(layer)),
        None => bare.to_owned(),
    }
}

fn read_pytorch(source: &Path) -> Result<Tensors> {
    // The reader's own words for a missing file would not name the cause first.
    std::fs::metadata(source).map_err(|error| Error::io(source, &error))?;
    let damaged = |error: &dyn std::fmt::Display| {
        Error::file(source, error.to_string(), "Save the network's state_dict with torch.save and import that")
    };
    let checkpoint = PytorchReader::new(source).map_err(|error| damaged(&error))?;
    let is_float = |tensor: &Tensor| matches!(tensor.dtype(), DType::F64 | DType::F32 | DType::F16 | DType::BF16);
    let tensors = checkpoint.into_tensors().into_iter().filter(|(_, tensor)| is_float(tensor));
    tensors
        .map(|(name, tensor)| {
            let dtype = match tensor.dtype() {
                DType::F64 => BurnDType::F64,
                DType::F16 => BurnDType::F16,
                DType::BF16 => BurnDType::BF16,
                _ => BurnDType::F32,
            };
            let bytes = tensor.read().map_err(|error| damaged(&error))?;
            let data = TensorData::from_bytes_vec(bytes, tensor.shape().to_vec(), dtype);
            Ok((name, data.convert_dtype(BurnDType::F32)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::layer_name;

    #[test]
    fn wrappers_are_taken_off_and_layers_stay() {
        for wrapped in ["conv1_1.weight", "module.conv1_1.weight", "state_dict.model.conv1_1.0.weight"] {
            assert_eq!(layer_name(wrapped), "conv1_1.weight");
        }
        assert_eq!(layer_name("fire2.squeeze1x1.bias"), "fire2.squeeze1x1.bias");
    }
}
