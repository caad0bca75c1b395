//! The device of a network, and the transfer of values from it. A device failure returns an error instead of invalid
//! values.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::error::{Error, ErrorKind, Result};

/// Returns `true` if `error` is a device failure, rather than an unreadable input.
pub fn is_device_failure(error: &Error) -> bool {
    error.kind == ErrorKind::Device
}

/// Returns the device that holds the parameters of `module`.
pub fn device_of<M: Module>(module: &M) -> Device {
    module.devices().pop().unwrap_or_else(Device::flex)
}

/// Returns the error for a computation that failed on the device.
pub fn device_failed(error: impl std::fmt::Debug) -> Error {
    let cause = format!("the computation failed ({error:?})");
    let remedy = "Try again, perhaps with --device cpu; a training resumes from its last checkpoint";
    Error::new("device", cause, remedy).of_kind(ErrorKind::Device)
}

/// Returns the values of `tensor`, row by row. Blocks until the device is finished.
///
/// # Errors
/// If the device failed.
pub fn read_back<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor.try_into_data().map_err(device_failed)?.convert::<f32>().try_into_vec().map_err(device_failed)
}

/// Returns the rows of `tensor`, like [`read_back`].
///
/// # Errors
/// If the device failed.
pub fn read_rows(tensor: Tensor<2>) -> Result<Vec<Vec<f32>>> {
    let columns = tensor.dims()[1].max(1);
    Ok(read_back(tensor)?.chunks(columns).map(<[f32]>::to_vec).collect())
}
