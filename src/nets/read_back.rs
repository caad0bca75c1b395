//! Read-back of numbers from the device. A failure returns an error, never numbers that were not computed.

use burn::tensor::Tensor;

use crate::error::{Error, ErrorKind, Result};

/// Returns whether `error` says that a device failed, rather than that an input cannot be read.
pub fn is_device_failure(error: &Error) -> bool {
    error.kind == ErrorKind::Device
}

/// Returns the numbers of `tensor`, row by row. Waits for the device.
///
/// # Errors
/// If the device failed.
pub fn read_back<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |error: String| {
        let cause = format!("the computation failed ({error})");
        let remedy = "Try again, perhaps with --device cpu; a training resumes from its last checkpoint";
        Error::new("device", cause, remedy).of_kind(ErrorKind::Device)
    };
    let data = tensor.try_into_data().map_err(|error| failed(format!("{error:?}")))?;
    data.convert::<f32>().try_into_vec().map_err(|error| failed(format!("{error:?}")))
}

/// Returns the rows of `tensor`, as [`read_back`] does.
///
/// # Errors
/// If the device failed.
pub fn read_rows(tensor: Tensor<2>) -> Result<Vec<Vec<f32>>> {
    let columns = tensor.dims()[1].max(1);
    Ok(read_back(tensor)?.chunks(columns).map(<[f32]>::to_vec).collect())
}
