//! Which pictures a spatial network was trained on, and how its first layer is made to read ours.

use burn::tensor::TensorData;
use serde::{Deserialize, Serialize};

use crate::nets::Backbone;
use crate::nets::preprocessing::MEAN_BGR;
use crate::nets::weights::Tensors;

/// The input of an imported spatial network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colours {
    /// Blue, green, red in 0…255 less the mean: Caffe's networks and this program's.
    Bgr,
    /// Red, green, blue in 0…1, less the mean, by the standard deviation: torchvision's, timm's and mmaction2's.
    Rgb,
}

/// ImageNet's mean in red, green, blue, as torchvision has it.
const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// ImageNet's standard deviation, likewise.
const DEVIATION: [f64; 3] = [0.229, 0.224, 0.225];

/// Changes the first layer of `backbone` in `tensors`, trained on [`Colours::Rgb`], to one for [`Colours::Bgr`].
///
/// The two networks agree but for the outermost ring, where the padding of ours is of a colour 0.7 grey levels off.
pub(super) fn read_bgr(tensors: &mut Tensors, backbone: Backbone) {
    let layer = backbone.first_layer();
    let Some(weight) = tensors.get_mut(&format!("{layer}.weight")) else { return };
    let shape = weight.shape().clone();
    let (Ok(rgb), [out, 3, ..]) = (weight.as_slice::<f32>(), &shape[..]) else { return };
    let area = rgb.len() / (3 * out.max(&1));
    let mut bgr = vec![0.0; rgb.len()];
    let mut offsets = vec![0.0; *out]; // what the difference of the means adds to each map
    for (plane, values) in rgb.chunks_exact(area.max(1)).enumerate() {
        let (map, colour) = (plane / 3, plane % 3);
        let to = (3 * map + 2 - colour) * area;
        let scale = 1.0 / (255.0 * DEVIATION[colour]);
        for (to, &value) in bgr[to..].iter_mut().zip(values) {
            *to = (f64::from(value) * scale) as f32;
        }
        let shift = f64::from(MEAN_BGR[2 - colour]) - 255.0 * MEAN[colour];
        offsets[map] += values.iter().map(|&value| f64::from(value)).sum::<f64>() * scale * shift;
    }
    *weight = TensorData::new(bgr, shape);

    // A bias takes the offset; batch normalisation subtracts its mean, which therefore loses it.
    let norm = layer.strip_suffix(".conv").map(|block| format!("{block}.bn.running_mean"));
    let (name, sign) = norm.map_or_else(|| (format!("{layer}.bias"), 1.0), |name| (name, -1.0));
    if let Some(old) = tensors.get_mut(&name)
        && let Ok(values) = old.as_slice::<f32>()
        && values.len() == offsets.len()
    {
        let moved = values.iter().zip(&offsets).map(|(&value, offset)| (f64::from(value) + sign * offset) as f32);
        *old = TensorData::new(moved.collect::<Vec<_>>(), old.shape().clone());
    }
}
