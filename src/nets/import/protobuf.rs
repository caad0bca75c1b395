//! Protocol buffers messages, and the tensors in them.

use burn::tensor::TensorData;
use prost::Message;
use prost::bytes::Bytes;

/// Decodes the protocol buffers message in `bytes`. No length field can request more memory than the file has.
pub(super) fn decode<M: Message + Default>(bytes: Bytes) -> Result<M, String> {
    M::decode(bytes).map_err(|error| format!("it is cut off or damaged ({error})"))
}

/// Returns `values` as a tensor of the `shape` stated in the file.
pub(super) fn tensor(shape: &[u64], values: Vec<f32>) -> Result<TensorData, String> {
    let elements = shape.iter().try_fold(1u64, |elements, &side| elements.checked_mul(side));
    let too_long = |&side: &u64| side > values.len() as u64;
    if elements != Some(values.len() as u64) || shape.iter().any(too_long) {
        return Err(format!("a tensor of shape {shape:?} has {} numbers", values.len()));
    }
    Ok(TensorData::new(values, shape.iter().map(|&side| side as usize).collect::<Vec<_>>()))
}
