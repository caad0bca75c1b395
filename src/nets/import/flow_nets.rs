//! Imports weights of the supervised flow networks: NVIDIA's PyTorch port, FlowNetPytorch and the Caffe release.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;

use super::names::NameTable;
use crate::nets::batch_norm::EPSILON;
use crate::nets::weights::Tensors;
use crate::nets::{FlowNet, FlowNetConventions, FlowNetLayers};

/// Layer-name prefixes of a part of FlowNet2.
struct CaffePart {
    /// Prefix in our files.
    ours: &'static str,
    /// Prefix in Caffe files.
    theirs: &'static str,
}

/// The FlowNetS networks within FlowNet2's Caffe file. The layers of the first network have no prefix.
const SECOND: CaffePart = CaffePart { ours: "flownets_1.", theirs: "net2_" };
const THIRD: CaffePart = CaffePart { ours: "flownets_2.", theirs: "net3_" };

/// Layers from the input to the last skip connection; the names are the same on both sides.
const ENCODER: [&str; 14] = [
    "conv0",
    "conv1",
    "conv1_1",
    "conv2",
    "conv2_1",
    "conv3",
    "conv3_1",
    "conv4",
    "conv4_1",
    "conv5",
    "conv5_1",
    "conv6",
    "conv6_1",
    "conv_redir",
];

/// Returns the names of the layers of `network`.
pub(super) fn names(network: &FlowNet) -> NameTable {
    let caffe = match &network.layers {
        FlowNetLayers::S(_) | FlowNetLayers::C(_) | FlowNetLayers::Next(_) => alone("", ""),
        FlowNetLayers::Sd(_) => small("").into_iter().chain(alone("", "")).collect(),
        FlowNetLayers::Stack(_) => {
            let first = alone("flownetc.", "");
            let parts = [stacked(&SECOND), stacked(&THIRD), small("flownets_d."), fusion()];
            first.into_iter().chain(parts.into_iter().flatten()).collect()
        }
    };
    NameTable::flow_net(caffe)
}

/// Returns the layer names of a single FlowNetS or FlowNetC, or of the FlowNetC in a stack.
fn alone(ours: &str, theirs: &str) -> BTreeMap<String, String> {
    let mut names = shared(ours, theirs);
    for (number, level) in (1..=5).zip([6, 5, 4, 3, 2]) {
        names.insert(format!("{theirs}Convolution{number}"), format!("{ours}predict_flow{level}"));
    }
    for level in 3..=6 {
        let enlargement = format!("{theirs}upsample_flow{level}to{}", level - 1);
        names.insert(enlargement, format!("{ours}upsampled_flow{level}_to_{}", level - 1));
    }
    names
}

/// Returns the layer names of the second or third network of a stack.
fn stacked(part: &CaffePart) -> BTreeMap<String, String> {
    let CaffePart { ours, theirs } = part;
    let mut names = shared(ours, theirs);
    for level in 2..=6 {
        names.insert(format!("{theirs}predict_conv{level}"), format!("{ours}predict_flow{level}"));
    }
    for level in 3..=6 {
        let enlargement = format!("{theirs}{theirs}upsample_flow{level}to{}", level - 1);
        names.insert(enlargement, format!("{ours}upsampled_flow{level}_to_{}", level - 1));
    }
    names
}

/// Returns the layer names of FlowNet-SD, which are prefixed in every file.
fn small(ours: &str) -> BTreeMap<String, String> {
    let theirs = "netsd_";
    let mut names = alone(ours, theirs);
    for level in 2..=5 {
        names.insert(format!("{theirs}interconv{level}"), format!("{ours}inter_conv{level}"));
    }
    names
}

/// Returns the layer names of the fusion network.
fn fusion() -> BTreeMap<String, String> {
    let (ours, theirs) = ("flownetfusion.", "fuse_");
    let mut names = shared(ours, theirs);
    for (number, level) in [(5, 2), (6, 1), (7, 0)] {
        names.insert(format!("{theirs}_Convolution{number}"), format!("{ours}predict_flow{level}"));
    }
    for level in [0, 1] {
        names.insert(format!("{theirs}deconv{level}"), format!("{ours}deconv{level}"));
        names.insert(format!("{theirs}interconv{level}"), format!("{ours}inter_conv{level}"));
        let enlargement = format!("{theirs}upsample_flow{}to{level}", level + 1);
        names.insert(enlargement, format!("{ours}upsampled_flow{}_to_{level}", level + 1));
    }
    names
}

/// Returns the layers whose names differ only in their prefixes.
fn shared(ours: &str, theirs: &str) -> BTreeMap<String, String> {
    let deconvs = (2..=5).map(|level| format!("deconv{level}"));
    let layers = ENCODER.map(str::to_owned).into_iter().chain(deconvs);
    layers.map(|layer| (format!("{theirs}{layer}"), format!("{ours}{layer}"))).collect()
}

/// The release that a file of a flow network belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlowRelease {
    /// A `.caffemodel`.
    Caffe,
    /// NVIDIA's port, which wraps a convolution and its activation in a block.
    Nvidia,
    /// FlowNetPytorch, whose transposed convolutions and predictors have no biases.
    Pytorch,
    /// A file of this program.
    Ours,
}

impl FlowRelease {
    /// Identifies the release of the file at `source` from the `names` of its tensors.
    pub fn of<'n>(source: &Path, mut names: impl Iterator<Item = &'n String> + Clone) -> Self {
        if source.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("caffemodel")) {
            return Self::Caffe;
        }
        if !names.clone().any(|name| name.ends_with("conv6_1.0.weight")) {
            return Self::Ours;
        }
        if names.any(|name| name.ends_with("predict_flow6.bias")) { Self::Nvidia } else { Self::Pytorch }
    }

    /// Returns the conventions of the release for `network`; `None` to keep the network's own.
    pub fn conventions(self, network: &FlowNet) -> Option<FlowNetConventions> {
        match self {
            Self::Caffe => Some(FlowNetConventions::caffe(matches!(
                network.layers,
                FlowNetLayers::Stack(_) | FlowNetLayers::Sd(_)
            ))),
            Self::Nvidia => Some(FlowNetConventions::NVIDIA),
            Self::Pytorch => Some(FlowNetConventions::PYTORCH),
            Self::Ours => None,
        }
    }
}

/// Folds batch normalisation into the convolution before it. FlowNetPytorch's `_bn` variants have blocks such as
/// `conv1`, of `0`, a convolution, and `1`, its batch normalisation.
pub(super) fn fold_norms(tensors: &mut Tensors) {
    let blocks = tensors.keys().filter_map(|name| name.strip_suffix(".1.running_var"));
    let blocks: Vec<String> = blocks.map(str::to_owned).collect();
    for block in blocks {
        // A block with missing parts is left as it is and later rejected by name.
        if let Some(folded) = folded(tensors, &block) {
            tensors.retain(|name, _| !name.starts_with(&format!("{block}.1.")));
            tensors.extend(folded);
        }
    }
}

/// Returns the weight and bias of the convolution of `block` with its normalisation folded in.
fn folded(tensors: &Tensors, block: &str) -> Option<[(String, TensorData); 2]> {
    let weight = tensors.get(&format!("{block}.0.weight"))?;
    let maps = *weight.shape().first()?;
    let values = |name: String| tensors.get(&name)?.as_slice::<f32>().ok().filter(|values| values.len() == maps);
    let of_norm = |name: &str| values(format!("{block}.1.{name}"));
    let [scale, shift, mean, variance] =
        [of_norm("weight")?, of_norm("bias")?, of_norm("running_mean")?, of_norm("running_var")?];
    let bias = values(format!("{block}.0.bias"));
    let factor = |map: usize| f64::from(scale[map]) / (f64::from(variance[map]) + EPSILON).sqrt();
    let kernels = weight.as_slice::<f32>().ok()?;
    let area = (kernels.len() / maps.max(1)).max(1);
    let scaled = |(map, kernel): (usize, &[f32])| -> Vec<f32> {
        kernel.iter().map(|value| (f64::from(*value) * factor(map)) as f32).collect()
    };
    let kernels: Vec<f32> = kernels.chunks(area).enumerate().flat_map(scaled).collect();
    let offset = |map: usize| {
        let before = bias.map_or(0.0, |bias| f64::from(bias[map])) - f64::from(mean[map]);
        (before * factor(map) + f64::from(shift[map])) as f32
    };
    Some([
        (format!("{block}.0.weight"), TensorData::new(kernels, weight.shape().clone())),
        (format!("{block}.0.bias"), TensorData::new((0..maps).map(offset).collect::<Vec<_>>(), [maps])),
    ])
}

/// Converts the first layer of every network in `tensors` from blue, green, red to red, green, blue input: each group
/// of channels that is a frame is reversed; flow and error channels are unchanged.
pub(super) fn reverse_colours(tensors: &mut Tensors) {
    let prefixes = tensors.keys().filter_map(|name| name.strip_suffix("conv1.weight"));
    let prefixes: Vec<String> =
        prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.')).map(str::to_owned).collect();
    for prefix in prefixes {
        let full_size = format!("{prefix}conv0.weight");
        let first = if tensors.contains_key(&full_size) { full_size } else { format!("{prefix}conv1.weight") };
        if let Some(weight) = tensors.get_mut(&first).filter(|weight| weight.rank() == 4) {
            let reversed = reversed(weight);
            *weight = reversed;
        }
    }
}

fn reversed(weight: &TensorData) -> TensorData {
    let [to, from, height, width] = weight.shape()[..] else { unreachable!("a convolution has four sides") };
    // FlowNetC reads one frame at a time, the fusion network only the first frame, stacked networks also the warped
    // one.
    let pictures = match from {
        3 | 11 => 1,
        12 => 3,
        _ => from / 3,
    };
    let values: &[f32] = weight.as_slice().expect("files are read as f32");
    let area = height * width;
    let mut reversed = Vec::with_capacity(values.len());
    for kernel in values.chunks(from * area) {
        for channel in 0..from {
            let source = if channel < 3 * pictures { channel / 3 * 3 + 2 - channel % 3 } else { channel };
            reversed.extend_from_slice(&kernel[source * area..(source + 1) * area]);
        }
    }
    TensorData::new(reversed, [to, from, height, width])
}
