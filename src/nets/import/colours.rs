//! Input normalisation of imported spatial networks, and the adaptation of their first layer to ours.

use burn::tensor::TensorData;
use serde::{Deserialize, Serialize};

use crate::nets::Backbone;
use crate::nets::weights::Tensors;

/// The input normalisation of an imported spatial network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colours {
    /// Blue, green, red in 0…255 minus 104, 117, 123: Caffe's networks and this program's.
    Bgr,
    /// Blue, green, red in 0…255 minus 104, 117, 128: temporal segment networks.
    Tsn,
    /// Red, green, blue in 0…255 minus 104, 117, 128: mmaction2's C3D.
    #[serde(rename = "c3d-rgb")]
    C3dRgb,
    /// Red, green, blue in 0…1, minus the mean, divided by the standard deviation: torchvision, timm and mmaction2.
    Rgb,
    /// Red, green, blue in 0…255 minus 127, divided by 128: EfficientNet-Lite.
    Lite,
    /// Red, green, blue in −1…1, and flow of ±20 px in −1…1: I3D.
    Signed,
}

/// An input channel of a foreign network.
struct ColourPlane {
    /// Index of our input channel of the same colour.
    ours: usize,
    /// Mean and standard deviation of the colour, on the scale 0…255.
    mean: f64,
    deviation: f64,
}

impl Colours {
    fn planes(self) -> [ColourPlane; 3] {
        let caffe = |ours, mean| ColourPlane { ours, mean, deviation: 1.0 };
        let torchvision =
            |ours, mean, deviation| ColourPlane { ours, mean: 255.0 * mean, deviation: 255.0 * deviation };
        match self {
            Self::Bgr => [caffe(0, 104.0), caffe(1, 117.0), caffe(2, 123.0)],
            Self::Tsn => [caffe(0, 104.0), caffe(1, 117.0), caffe(2, 128.0)],
            Self::C3dRgb => [caffe(2, 104.0), caffe(1, 117.0), caffe(0, 128.0)],
            Self::Lite => [2, 1, 0].map(|ours| ColourPlane { ours, mean: 127.0, deviation: 128.0 }),
            Self::Signed => [2, 1, 0].map(|ours| ColourPlane { ours, mean: MIDDLE, deviation: MIDDLE }),
            Self::Rgb => [torchvision(2, 0.485, 0.229), torchvision(1, 0.456, 0.224), torchvision(0, 0.406, 0.225)],
        }
    }
}

/// Half the range of grey levels.
const MIDDLE: f64 = 127.5;

/// Converts the first layer of `backbone` in `tensors` from input `colours` to [`Colours::Bgr`], and one for flow in
/// −1…1 to one for −128…127.
///
/// The converted network is equivalent except at the border, where our padding differs by up to 0.7 grey levels, or by
/// 5 in red after [`Colours::Tsn`]. I3D and EfficientNet-Lite subtract the middle level themselves, so networks trained
/// on [`Colours::Signed`] and [`Colours::Lite`] are exactly equivalent.
pub(super) fn read_bgr(tensors: &mut Tensors, backbone: Backbone, colours: Colours) {
    let (layer, zero_levels) = (backbone.first_layer(), backbone.zero_levels());
    let Some(weight) = tensors.get_mut(&format!("{layer}.weight")).filter(|_| colours != Colours::Bgr) else { return };
    let shape = weight.shape().clone();
    let Ok(theirs) = weight.as_slice::<f32>() else { return };
    if let (Colours::Signed, [_, 2, ..]) = (colours, &shape[..]) {
        let ours: Vec<f32> = theirs.iter().map(|&value| (f64::from(value) / MIDDLE) as f32).collect();
        *weight = TensorData::new(ours, shape);
        return;
    }
    let [maps, 3, ..] = &shape[..] else { return };
    let area = (theirs.len() / (3 * maps.max(&1))).max(1);
    let mut ours = vec![0.0; theirs.len()];
    let mut offsets = vec![0.0; *maps]; // output offset of each map caused by the shifted mean
    for (map, kernels) in theirs.chunks_exact(3 * area).enumerate() {
        for (plane, kernel) in colours.planes().into_iter().zip(kernels.chunks_exact(area)) {
            let to = (3 * map + plane.ours) * area;
            for (to, &value) in ours[to..].iter_mut().zip(kernel) {
                *to = (f64::from(value) / plane.deviation) as f32;
            }
            let shift = (f64::from(zero_levels[plane.ours]) - plane.mean) / plane.deviation;
            offsets[map] += kernel.iter().map(|&value| f64::from(value)).sum::<f64>() * shift;
        }
    }
    *weight = TensorData::new(ours, shape);

    // The bias takes the offset. Batch normalisation subtracts its running mean, so there the offset is subtracted from
    // it.
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
