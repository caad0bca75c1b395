//! Layer names used by other programs.

use std::collections::BTreeMap;

use super::Colours;
use crate::nets::Backbone;
use crate::nets::efficientnet_lite::CompoundScale;
use crate::nets::inverted_residual::MobileStage;
use crate::nets::mobilenet_v2;

/// Prefixes of layer names in checkpoints.
const WRAPPERS: [&str; 7] =
    ["state_dict.", "model_state_dict.", "module.", "model.", "_orig_mod.", "base_model.", "backbone."];

/// Dictionaries in which training scripts store the parameters, next to the optimiser's state.
const DICTIONARIES: [&str; 2] = ["state_dict.", "model_state_dict."];

/// Suffix of the temporal stream's layers in the authors' stacked networks.
const STACKED: &str = "_vgg16";

/// Prefixes of layers that belong to the authors' losses, flow normalisation or training, and are not imported.
const WITHOUT_PLACE: [&str; 7] =
    ["FlowDeltas", "FlowScale", "boudary_", "predict_flow2_", "scale_conv1", "img0s_aug", "img1s_aug"];

/// Maps layer names of other programs to those of one of our networks.
pub(super) struct NameTable {
    /// Names in model collections → ours.
    collection: BTreeMap<String, String>,
    /// Input normalisation of the networks in these collections.
    pub colours: Colours,
    /// Other names in Caffe files → ours.
    caffe: BTreeMap<String, String>,
    /// `true` for the network that is the temporal stream in the authors' stacked files.
    is_stacked: bool,
    /// Running variance with which batch normalisation leaves features unchanged.
    pub unit_variance: f32,
    /// `true` if biases missing from a file are zero.
    pub fills_biases: bool,
}

/// The role of a tensor in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ParameterPlace {
    /// A parameter of ours, by this name.
    Ours(String),
    /// A parameter of ours, by this name, identified by the name in a model collection.
    Collection(String),
    /// A tensor known not to belong to this network, which may be ignored.
    Elsewhere,
}

impl NameTable {
    /// Returns the names of MotionNet and Tiny-MotionNet.
    pub fn motion() -> Self {
        let upsampling = |level: usize| {
            let below = level - 1;
            (format!("upsample_flow{level}to{below}"), format!("upsample_flow{level}_to_{below}"))
        };
        Self {
            collection: BTreeMap::new(),
            colours: Colours::Bgr,
            caffe: (3..=6).map(upsampling).collect(),
            is_stacked: false,
            unit_variance: 1.0, // no batch normalisation
            fills_biases: false,
        }
    }

    /// Returns the names of a supervised flow network, whose names in Caffe files are `caffe`.
    pub fn flow_net(caffe: BTreeMap<String, String>) -> Self {
        Self { caffe, fills_biases: true, ..Self::motion() }
    }

    /// Returns the names of a stream.
    pub fn stream(backbone: Backbone) -> Self {
        let collection = match backbone {
            Backbone::SqueezeNet => squeezenet(),
            Backbone::MobileNetV2 => mobilenet_v2(),
            Backbone::EfficientNetLite0 => efficientnet_lite(CompoundScale::LITE0),
            Backbone::EfficientNetLite1 => efficientnet_lite(CompoundScale::LITE1),
            Backbone::EfficientNetLite2 => efficientnet_lite(CompoundScale::LITE2),
            Backbone::BnInception => bn_inception(),
            Backbone::I3d => i3d(),
            Backbone::ResNet18 | Backbone::ResNet50 => resnet(),
            Backbone::C3d | Backbone::C3dPadded | Backbone::ThreeDNet => mmaction_c3d(),
            Backbone::CnnM2048 | Backbone::Emv => BTreeMap::new(),
            Backbone::Vgg16 => vgg16(),
        };
        let caffe = match backbone {
            Backbone::Vgg16 => collection.values().map(|ours| (format!("{ours}{STACKED}"), ours.clone())).collect(),
            Backbone::C3d | Backbone::C3dPadded | Backbone::ThreeDNet => converted_c3d(),
            _ => BTreeMap::new(),
        };
        let colours = match backbone {
            Backbone::BnInception => Colours::Tsn,
            Backbone::I3d => Colours::Signed,
            Backbone::EfficientNetLite0 | Backbone::EfficientNetLite1 | Backbone::EfficientNetLite2 => Colours::Lite,
            Backbone::C3d | Backbone::C3dPadded | Backbone::ThreeDNet => Colours::C3dRgb,
            Backbone::CnnM2048 | Backbone::Emv => Colours::Bgr, // published for Caffe only
            _ => Colours::Rgb,
        };
        let unit_variance = (1.0 - backbone.epsilon()) as f32;
        let is_stacked = backbone == Backbone::Vgg16;
        Self { collection, colours, caffe, is_stacked, unit_variance, fills_biases: false }
    }

    /// Returns the roles of the tensors called `names`.
    pub fn places<'a>(&self, names: impl Iterator<Item = &'a String> + Clone) -> Vec<ParameterPlace> {
        let dictionary = DICTIONARIES.into_iter().find(|prefix| names.clone().any(|name| name.starts_with(prefix)));
        let is_stack = names.clone().any(|name| split(name).0.ends_with(STACKED));
        let place = |name: &String| {
            let outside = dictionary.is_some_and(|prefix| !name.starts_with(prefix));
            let other_part = is_stack && split(name).0.ends_with(STACKED) != self.is_stacked;
            let training_only = WITHOUT_PLACE.iter().any(|prefix| name.starts_with(prefix));
            if outside || other_part || training_only { ParameterPlace::Elsewhere } else { self.place(name) }
        };
        names.map(place).collect()
    }

    fn place(&self, name: &str) -> ParameterPlace {
        let (mut layer, parameter) = split(name);
        let mut in_backbone = false;
        while let Some((wrapper, rest)) = WRAPPERS.iter().find_map(|&w| Some((w, layer.strip_prefix(w)?))) {
            in_backbone |= wrapper == "backbone.";
            layer = rest;
        }
        let joined = |layer: &str| if layer.is_empty() { parameter.into() } else { format!("{layer}.{parameter}") };
        if let Some(ours) = self.collection.get(layer) {
            ParameterPlace::Collection(joined(ours))
        } else if in_backbone {
            ParameterPlace::Collection(joined(layer))
        } else if let Some(ours) = self.caffe.get(layer) {
            ParameterPlace::Ours(joined(ours))
        } else {
            // A layer may be wrapped with its activation in an `nn.Sequential`.
            ParameterPlace::Ours(joined(layer.strip_suffix(".0").unwrap_or(layer)))
        }
    }
}

/// Splits a tensor's name into layer and parameter.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

type Pairs = BTreeMap<String, String>;

fn pairs<const N: usize>(names: [(&str, &str); N]) -> Pairs {
    names.into_iter().map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned())).collect()
}

/// Returns the names of torchvision and timm; mmaction2's layers have our names, after `backbone.`.
fn resnet() -> Pairs {
    let mut names = pairs([
        ("conv1", "conv1.conv"),
        ("bn1", "conv1.bn"),
        ("cls_head.fc_cls", "fc"), // mmaction2
        ("new_fc", "fc"),          // tsn-pytorch
    ]);
    for (stage, block) in (1..=4).flat_map(|stage| (0..6).map(move |block| (stage, block))) {
        let path = format!("layer{stage}.{block}");
        for conv in 1..=3 {
            names.insert(format!("{path}.conv{conv}"), format!("{path}.conv{conv}.conv"));
            names.insert(format!("{path}.bn{conv}"), format!("{path}.conv{conv}.bn"));
        }
        names.insert(format!("{path}.downsample.0"), format!("{path}.downsample.conv"));
        names.insert(format!("{path}.downsample.1"), format!("{path}.downsample.bn"));
    }
    names
}

/// Returns the names of torchvision, timm and mmaction2.
fn mobilenet_v2() -> Pairs {
    let mut names = pairs([
        ("features.0.0", "first.conv"),
        ("features.0.1", "first.bn"),
        ("features.18.0", "last.conv"),
        ("features.18.1", "last.bn"),
        ("classifier.1", "classifier"),
        ("conv1.conv", "first.conv"), // mmaction2
        ("conv1.bn", "first.bn"),
        ("conv2.conv", "last.conv"),
        ("conv2.bn", "last.bn"),
        ("cls_head.fc_cls", "classifier"),
    ]);
    for layer in inverted_residuals(&mobilenet_v2::STAGES) {
        let BlockLayer { block, stage, number, index, name } = layer;
        let torchvision = format!("features.{}.conv", block + 1);
        let torchvision = match name {
            "project" => [format!("{torchvision}.{index}"), format!("{torchvision}.{}", index + 1)],
            _ => [format!("{torchvision}.{index}.0"), format!("{torchvision}.{index}.1")],
        };
        let mmaction = ["conv", "bn"].map(|part| format!("layer{}.{number}.conv.{index}.{part}", stage + 1));
        for theirs in [torchvision, mmaction] {
            names.extend(theirs.into_iter().zip(layer.ours()));
        }
    }
    names.extend(timm_inverted_residuals(&mobilenet_v2::STAGES));
    names
}

/// Returns the names of `efficientnet_lite_pytorch` (the same as in `EfficientNet-PyTorch`) and of timm.
fn efficientnet_lite(scale: CompoundScale) -> Pairs {
    let mut names = pairs([
        ("_conv_stem", "first.conv"),
        ("_bn0", "first.bn"),
        ("_conv_head", "last.conv"),
        ("_bn1", "last.bn"),
        ("_fc", "classifier"),
    ]);
    for layer in inverted_residuals(&scale.stages()) {
        let [conv, bn] = match layer.name {
            "expand" => ["_expand_conv", "_bn0"],
            "depthwise" => ["_depthwise_conv", "_bn1"],
            _ => ["_project_conv", "_bn2"],
        };
        let theirs = [conv, bn].map(|part| format!("_blocks.{}.{part}", layer.block));
        names.extend(theirs.into_iter().zip(layer.ours()));
    }
    names.extend(timm_inverted_residuals(&scale.stages()));
    names
}

/// Returns timm's names for all layers of a network of inverted residuals except the last, which has our name.
fn timm_inverted_residuals(stages: &[MobileStage]) -> Pairs {
    let mut names =
        pairs([("conv_stem", "first.conv"), ("bn1", "first.bn"), ("conv_head", "last.conv"), ("bn2", "last.bn")]);
    for layer in inverted_residuals(stages) {
        let conv = match (layer.name, layer.block) {
            ("depthwise", _) => "dw",
            ("expand", _) | (_, 0) => "pw",
            _ => "pwl",
        };
        let block = format!("blocks.{}.{}", layer.stage, layer.number);
        let theirs = [format!("{block}.conv_{conv}"), format!("{block}.bn{}", layer.index + 1)];
        names.extend(theirs.into_iter().zip(layer.ours()));
    }
    names
}

/// A layer of an inverted residual, with the indices used in the names of other programs.
#[derive(Clone, Copy)]
struct BlockLayer {
    /// Index of its block in the network.
    block: usize,
    /// Index of the stage, and of the block within it.
    stage: usize,
    number: usize,
    /// Index of the layer in the block.
    index: usize,
    /// Our name.
    name: &'static str,
}

impl BlockLayer {
    /// Returns our names of the convolution and of its batch normalisation.
    fn ours(self) -> [String; 2] {
        ["conv", "bn"].map(|part| format!("blocks.{}.{}.{part}", self.block, self.name))
    }
}

/// Returns the layers of the inverted residuals in `stages`.
fn inverted_residuals(stages: &[MobileStage]) -> Vec<BlockLayer> {
    let places = stages.iter().enumerate().flat_map(|(stage, row)| (0..row.blocks).map(move |number| (stage, number)));
    let layers = places.enumerate().flat_map(|(block, (stage, number))| {
        // The first block has no expansion, so its other layers have lower indices.
        let names: &[&str] = if block == 0 { &["depthwise", "project"] } else { &["expand", "depthwise", "project"] };
        let named = move |(index, &name)| BlockLayer { block, stage, number, index, name };
        names.iter().enumerate().map(named)
    });
    layers.collect()
}

/// Returns the names of temporal segment networks: Caffe's with slashes (dots here), PyTorch's with underscores.
fn bn_inception() -> Pairs {
    let mut names = pairs([("last_linear", "fc"), ("new_fc", "fc"), ("fc-action", "fc"), ("cls_head.fc_cls", "fc")]);
    let mut insert = |block: &str, layer: &str, ours: &str| {
        for separator in ["_", "."] {
            names.insert(format!("{block}{separator}{layer}"), format!("{ours}.conv"));
            names.insert(format!("{block}{separator}{layer}_bn"), format!("{ours}.bn"));
        }
    };
    insert("conv1", "7x7_s2", "conv1");
    insert("conv2", "3x3_reduce", "conv2_reduce");
    insert("conv2", "3x3", "conv2");
    for block in ["3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"].map(|block| format!("inception_{block}"))
    {
        for layer in ["1x1", "3x3_reduce", "3x3"] {
            insert(&block, layer, &format!("{block}.conv_{layer}"));
        }
        for layer in ["double_3x3_reduce", "double_3x3_1", "double_3x3_2", "pool_proj"] {
            insert(&block, layer, &format!("{block}.{layer}"));
        }
    }
    names
}

/// Returns the names of the PyTorch weights converted from DeepMind's.
fn i3d() -> Pairs {
    let mut names = pairs([("logits.conv3d", "logits")]);
    let mut insert = |theirs: &str, ours: &str| {
        names.insert(format!("{theirs}.conv3d"), format!("{ours}.conv"));
        names.insert(format!("{theirs}.bn"), format!("{ours}.bn"));
    };
    for (theirs, ours) in [("1a_7x7", "1a"), ("2b_1x1", "2b"), ("2c_3x3", "2c")] {
        insert(&format!("Conv3d_{theirs}"), &format!("conv3d_{ours}"));
    }
    for block in ["3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"] {
        for layer in ["b0", "b1a", "b1b", "b2a", "b2b", "b3b"] {
            insert(&format!("Mixed_{block}.{layer}"), &format!("mixed_{block}.{layer}"));
        }
    }
    names
}

/// Returns the names of Caffe's file and of DavideA's PyTorch conversion of it, which keeps the input of Caffe's
/// network.
fn converted_c3d() -> Pairs {
    let mut names =
        pairs([("fc6-1", "fc6"), ("fc7-1", "fc7"), ("fc8-1", "fc8"), ("conv1", "conv1a"), ("conv2", "conv2a")]);
    for layer in ["deconv5b", "predict4b", "deconv4b", "predict3b", "deconv3b", "predict"] {
        names.insert(layer.into(), format!("decoder.{layer}")); // 3DNet
    }
    names
}

/// Returns mmaction2's names.
fn mmaction_c3d() -> Pairs {
    let mut names = pairs([("cls_head.fc_cls", "fc8")]);
    for conv in ["1a", "2a", "3a", "3b", "4a", "4b", "5a", "5b"] {
        names.insert(format!("conv{conv}.conv"), format!("conv{conv}"));
    }
    names
}

/// Returns torchvision's names.
fn squeezenet() -> Pairs {
    let mut names = pairs([("features.0", "conv1"), ("classifier.1", "conv10")]);
    for (fire, index) in (2..).zip([3, 4, 5, 7, 8, 9, 10, 12]) {
        for (theirs, ours) in [("squeeze", "squeeze1x1"), ("expand1x1", "expand1x1"), ("expand3x3", "expand3x3")] {
            names.insert(format!("features.{index}.{theirs}"), format!("fire{fire}.{ours}"));
        }
    }
    names
}

/// Returns the names of torchvision and timm.
fn vgg16() -> Pairs {
    let mut names = pairs([
        ("classifier.0", "fc6"),
        ("classifier.3", "fc7"),
        ("classifier.6", "fc8"),
        ("pre_logits.fc1", "fc6"), // timm
        ("pre_logits.fc2", "fc7"),
        ("head.fc", "fc8"),
    ]);
    let mut index = 0;
    for (block, convs) in (1..).zip([2, 2, 3, 3, 3]) {
        for conv in 1..=convs {
            names.insert(format!("features.{index}"), format!("conv{block}_{conv}"));
            index += 2; // a rectifier in between
        }
        index += 1; // and a pooling layer
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_taken_off_and_layers_stay() {
        let place = |name: &str| NameTable::motion().place(name);
        for wrapped in ["conv1_1.weight", "module.conv1_1.weight", "state_dict.model.conv1_1.0.weight"] {
            assert_eq!(place(wrapped), ParameterPlace::Ours("conv1_1.weight".into()));
        }
        assert_eq!(place("upsample_flow6to5.weight"), ParameterPlace::Ours("upsample_flow6_to_5.weight".into()));
        let place = |backbone, name: &str| NameTable::stream(backbone).place(name);
        assert_eq!(
            place(Backbone::SqueezeNet, "fire2.squeeze1x1.bias"),
            ParameterPlace::Ours("fire2.squeeze1x1.bias".into())
        );
        let pytorch = |name: &str| ParameterPlace::Collection(name.into());
        assert_eq!(place(Backbone::SqueezeNet, "features.12.squeeze.bias"), pytorch("fire9.squeeze1x1.bias"));
        assert_eq!(place(Backbone::Vgg16, "features.28.weight"), pytorch("conv5_3.weight"));
        assert_eq!(
            place(Backbone::ResNet50, "module.layer3.5.bn3.running_var"),
            pytorch("layer3.5.conv3.bn.running_var")
        );
        let mmaction = "backbone.layer4.0.downsample.conv.weight";
        assert_eq!(place(Backbone::ResNet18, mmaction), pytorch("layer4.0.downsample.conv.weight"));
        assert_eq!(place(Backbone::MobileNetV2, "features.1.conv.1.weight"), pytorch("blocks.0.project.conv.weight"));
        assert_eq!(place(Backbone::MobileNetV2, "features.17.conv.3.bias"), pytorch("blocks.16.project.bn.bias"));
        assert_eq!(
            place(Backbone::MobileNetV2, "blocks.5.2.conv_dw.weight"),
            pytorch("blocks.15.depthwise.conv.weight")
        );
        let lite = [
            ("_blocks.0._bn2.running_var", "blocks.0.project.bn.running_var"),
            ("module._blocks.15._depthwise_conv.weight", "blocks.15.depthwise.conv.weight"),
            ("blocks.0.0.conv_pw.weight", "blocks.0.project.conv.weight"),
            ("blocks.6.0.bn3.bias", "blocks.15.project.bn.bias"),
            ("_bn1.bias", "last.bn.bias"),
        ];
        for (theirs, ours) in lite {
            assert_eq!(place(Backbone::EfficientNetLite0, theirs), pytorch(ours));
        }
        for (theirs, ours) in
            [("fc6-1.weight", "fc6.weight"), ("conv2.bias", "conv2a.bias"), ("conv5b.bias", "conv5b.bias")]
        {
            assert_eq!(place(Backbone::C3d, theirs), ParameterPlace::Ours(ours.into()), "as in Caffe's colours");
        }
        for (theirs, ours) in [
            ("backbone.conv1a.conv.weight", "conv1a.weight"),
            ("backbone.fc6.bias", "fc6.bias"),
            ("cls_head.fc_cls.bias", "fc8.bias"),
        ] {
            assert_eq!(place(Backbone::C3dPadded, theirs), pytorch(ours));
        }
        for theirs in ["inception_4e_double_3x3_2_bn.bias", "base_model.inception_4e.double_3x3_2_bn.bias"] {
            assert_eq!(place(Backbone::BnInception, theirs), pytorch("inception_4e.double_3x3_2.bn.bias"));
        }
        assert_eq!(
            place(Backbone::MobileNetV2, "blocks.5.depthwise.conv.weight"),
            ParameterPlace::Ours("blocks.5.depthwise.conv.weight".into())
        );
    }

    #[test]
    fn the_stacked_networks_have_a_part_for_each_of_two_networks() {
        let names = ["conv1_1.weight", "conv1_1_vgg16.weight", "FlowDeltas2_0.weight"].map(str::to_owned);
        let ours = || ParameterPlace::Ours("conv1_1.weight".into());
        let elsewhere = || ParameterPlace::Elsewhere;
        assert_eq!(NameTable::motion().places(names.iter()), [ours(), elsewhere(), elsewhere()]);
        assert_eq!(NameTable::stream(Backbone::Vgg16).places(names.iter()), [elsewhere(), ours(), elsewhere()]);
    }
}
