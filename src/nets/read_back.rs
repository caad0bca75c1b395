//! The device of a network, and the read-back of numbers from it. A failure returns an error, never numbers that were not computed.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::error::{Error, ErrorKind, Result};

/// Returns whether `error` says that a device failed, rather than that an input cannot be read.
pub fn is_device_failure(error: &Error) -> bool {
    error.kind == ErrorKind::Device
}

/// Returns the device on which the parameters of `module` are.
pub fn device_of<M: Module>(module: &M) -> Device {
    module.devices().pop().unwrap_or_else(Device::flex)
}

/// Returns the error of a computation that the device could not finish.
pub fn device_failed(error: impl std::fmt::Debug) -> Error {
    let cause = format!("the computation failed ({error:?})");
    let remedy = "Try again, perhaps with --device cpu; a training resumes from its last checkpoint";
    Error::new("device", cause, remedy).of_kind(ErrorKind::Device)
}

/// Returns the numbers of `tensor`, row by row. Waits for the device.
///
/// # Errors
/// If the device failed.
pub fn read_back<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor.try_into_data().map_err(device_failed)?.convert::<f32>().try_into_vec().map_err(device_failed)
}

/// Returns the rows of `tensor`, as [`read_back`] does.
///
/// # Errors
/// If the device failed.
pub fn read_rows(tensor: Tensor<2>) -> Result<Vec<Vec<f32>>> {
    let columns = tensor.dims()[1].max(1);
    Ok(read_back(tensor)?.chunks(columns).map(<[f32]>::to_vec).collect())
}
