//! Imports parameters of other programs: PyTorch checkpoints (`.pt`, `.pth`), safetensors, Caffe's `.caffemodel` and
//! ONNX.
//!
//! A file is read into named tensors, and name tables map them to the parameters of our network, all of which must be
//! found. Nothing in a checkpoint is executed.

mod caffe;
mod colours;
mod flow_nets;
mod names;
mod onnx;
mod protobuf;

use std::collections::BTreeMap;
use std::path::Path;

use burn::store::pytorch_reader::{DType, PytorchReader, Tensor as Stored};
use burn::tensor::{DType as BurnDType, Device, Shape, Tensor, TensorData};

pub use self::colours::Colours;
use self::flow_nets::FlowRelease;
use self::names::{NameTable, ParameterPlace};
use self::onnx::OnnxLayer;
use super::weights::{self, Tensors};
use super::{FlowNet, MotionNetwork, Stream, StreamConfig, StreamInput, cross_modality};
use crate::error::{Error, Result};
use crate::files;

/// A network with imported parameters.
#[derive(Debug, Clone)]
pub struct Imported<M> {
    /// The network.
    pub network: M,
    /// Names of tensors in the file that were not imported and are not needed: of another network, of the optimiser, or
    /// biases of zero.
    pub left_out: Vec<String>,
    /// The input normalisation, as far as it is known from the layer names.
    pub colours: Colours,
}

/// Returns `network` with the parameters of the file at `source`. The format follows from the file extension:
/// `.safetensors`, `.caffemodel`, `.onnx`; any other is read as a PyTorch checkpoint.
///
/// # Errors
/// If the file cannot be read (the message names the field where known); if parameters of the network are missing or
/// the file has unknown ones (the message names both); if a tensor has the wrong shape or non-finite values (the
/// message names the first).
pub fn import_motion(source: &Path, network: MotionNetwork) -> Result<Imported<MotionNetwork>> {
    if let MotionNetwork::FlowNet(network) = network {
        return import_flow_net(source, network);
    }
    let found = FoundParameter::read(source, &NameTable::motion(), &weights::shapes(&network))?;
    Ok(Imported {
        network: weights::apply(network, found.tensors, source)?,
        left_out: found.left_out,
        colours: found.colours,
    })
}

/// Like [`import_motion`], for a supervised network. The network takes the conventions of the file's release: NVIDIA's
/// PyTorch port, FlowNetPytorch (missing biases are zero) or Caffe (first layers are converted to red, green, blue).
fn import_flow_net(source: &Path, network: FlowNet) -> Result<Imported<MotionNetwork>> {
    let mut found = FoundParameter::read(source, &flow_nets::names(&network), &weights::shapes(&network))?;
    let release = FlowRelease::of(source, found.names.iter());
    if release == FlowRelease::Caffe {
        flow_nets::reverse_colours(&mut found.tensors);
    }
    let network = match release.conventions(&network) {
        Some(conventions) => network.with_conventions(conventions),
        None => network,
    };
    Ok(Imported {
        network: MotionNetwork::FlowNet(weights::apply(network, found.tensors, source)?),
        left_out: found.left_out,
        colours: found.colours,
    })
}

/// Returns `stream` with the parameters of the file at `source`, like [`import_motion`].
///
/// The first layer of a spatial stream is converted to our input normalisation from `colours`, or if `None` from that
/// of the model collection identified by the layer names.
pub fn import_stream(source: &Path, stream: Stream, colours: Option<Colours>) -> Result<Imported<Stream>> {
    let backbone = stream.backbone();
    let mut found = FoundParameter::read(source, &NameTable::stream(backbone), &weights::shapes(&stream))?;
    let colours = colours.unwrap_or(found.colours);
    colours::read_bgr(&mut found.tensors, backbone, colours);
    Ok(Imported { network: weights::apply(stream, found.tensors, source)?, left_out: found.left_out, colours })
}

/// Returns the stream described by `config`, with the parameters of the ImageNet network in the file at `source` and a
/// fresh last layer. The first layer of a temporal stream is initialised by cross-modality averaging; a network for
/// clips of flow is imported from one trained on such clips.
///
/// # Errors
/// Like [`import_motion`]; the number of classes in the file does not matter.
pub fn stream_from_imagenet(source: &Path, config: &StreamConfig, device: &Device) -> Result<Stream> {
    let fresh = config.init(device);
    let backbone = config.backbone;
    // Networks for clips were published for flow as well, the others only for images.
    let input = if backbone.reads_clips() { config.input } else { StreamInput::PICTURE };
    let pictures = StreamConfig { input, ..config.clone() };
    let mut found =
        FoundParameter::read(source, &NameTable::stream(backbone), &weights::shapes(&pictures.init(&Device::flex())))?;
    colours::read_bgr(&mut found.tensors, backbone, found.colours);
    let mut tensors = found.tensors;
    let last_layer = format!("{}.", backbone.last_layer());
    // Parameters that image networks lack, such as the slopes of PReLUs, stay freshly initialised.
    let lacks = |name: &String| !tensors.contains_key(name);
    let own: Vec<_> =
        weights::collect(&fresh).filter(|(name, _)| name.starts_with(&last_layer) || lacks(name)).collect();
    tensors.extend(own);
    if config.input != input
        && let Some(first) = tensors.get_mut(&format!("{}.weight", backbone.first_layer()))
        && first.rank() == 4
    {
        let pictures = Tensor::<4>::from_data(first.clone(), &Device::flex());
        *first = cross_modality(pictures, config.input.channels()).into_data();
    }
    weights::apply(fresh, tensors, source)
}

/// The tensors of a file under our names.
struct FoundParameter {
    tensors: Tensors,
    /// Names of the tensors in the file.
    names: Vec<String>,
    left_out: Vec<String>,
    colours: Colours,
}

impl FoundParameter {
    /// Reads the file at `source` and assigns its tensors to the `expected` parameters.
    fn read(source: &Path, table: &NameTable, expected: &[(String, Shape)]) -> Result<Self> {
        let bytes = || files::read(source).map_err(|error| Error::io(source, &error));
        let damaged = |cause: String| Error::file(source, cause, "Fetch the file again");
        let extension = source.extension().map(|extension| extension.to_ascii_lowercase());
        match extension.as_deref().and_then(|extension| extension.to_str()) {
            Some("safetensors") => Self::by_name(source, table, expected, weights::read_where(source, is_parameter)?),
            Some("caffemodel") => Self::by_name(source, table, expected, caffe::read(bytes()?).map_err(damaged)?),
            Some("onnx") => {
                let graph = onnx::read(bytes()?).map_err(damaged)?;
                let in_order = in_order(&graph, table, expected);
                match Self::by_name(source, table, expected, graph.tensors) {
                    Err(error) => in_order.ok_or(error),
                    found => found,
                }
            }
            _ => Self::by_name(source, table, expected, read_pytorch(source)?),
        }
    }

    fn by_name(source: &Path, table: &NameTable, expected: &[(String, Shape)], mut tensors: Tensors) -> Result<Self> {
        if table.fills_biases {
            flow_nets::fold_norms(&mut tensors);
        }
        let names = tensors.keys().cloned().collect();
        let mut found = Self { tensors: Tensors::new(), names, left_out: Vec::new(), colours: Colours::Bgr };
        let expected: BTreeMap<&str, &Shape> = expected.iter().map(|(name, shape)| (name.as_str(), shape)).collect();
        let mut without_place = Vec::new();
        let places = table.places(tensors.keys());
        for ((theirs, data), place) in tensors.into_iter().zip(places) {
            let is_of_collection = matches!(place, ParameterPlace::Collection(_));
            match place {
                ParameterPlace::Ours(name) | ParameterPlace::Collection(name) => match expected.get(name.as_str()) {
                    Some(_) if found.tensors.contains_key(&name) => {
                        let cause = format!("`{theirs}` is the second tensor for `{name}`");
                        return Err(Error::file(source, cause, "Leave one of them in the file"));
                    }
                    Some(shape) => {
                        found.tensors.insert(name, reshaped(data, shape));
                        if is_of_collection {
                            found.colours = table.colours;
                        }
                    }
                    None if is_zero_bias(&name, &data) => found.left_out.push(theirs),
                    None => without_place.push(theirs),
                },
                ParameterPlace::Elsewhere => found.left_out.push(theirs),
            }
        }
        if table.fills_biases {
            found.fill_biases(&expected);
        }
        let missing: Vec<&str> = expected.into_keys().filter(|name| !found.tensors.contains_key(*name)).collect();
        if missing.is_empty() && without_place.is_empty() {
            return Ok(found);
        }
        Err(unmatched(source, &missing, &without_place))
    }

    /// Adds a zero bias to every layer whose weights were found without one.
    fn fill_biases(&mut self, expected: &BTreeMap<&str, &Shape>) {
        for (name, shape) in expected {
            let Some(layer) = name.strip_suffix(".bias").filter(|_| !self.tensors.contains_key(*name)) else {
                continue;
            };
            if self.tensors.contains_key(&format!("{layer}.weight")) {
                self.tensors.insert((*name).to_owned(), filled(shape.num_elements(), 0.0));
            }
        }
    }
}

/// Maximum number of unmatched tensors named in an error, on each side.
const NAMED: usize = 4;

/// Returns the error that names the first unmatched tensors on both sides.
fn unmatched(source: &Path, missing: &[&str], without_place: &[String]) -> Error {
    let list = |names: &mut dyn ExactSizeIterator<Item = &str>| {
        let more = names.len().saturating_sub(NAMED);
        let first: Vec<String> = names.take(NAMED).map(|name| format!("`{name}`")).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        first.join(", ") + &more
    };
    let missing = list(&mut missing.iter().copied());
    let without_place = list(&mut without_place.iter().map(String::as_str));
    let cause = match (missing.as_str(), without_place.as_str()) {
        (missing, "") => format!("it lacks {missing}"),
        ("", rest) => format!("it has {rest}, which do not belong to this network"),
        (missing, rest) => format!("it lacks {missing}, and has {rest}, which do not belong to this network"),
    };
    Error::file(
        source,
        cause,
        "Use weights of a network of the same architecture; models/README.md has the layers' names",
    )
}

/// Returns `false` for PyTorch's batch counters.
fn is_parameter(name: &str) -> bool {
    !name.ends_with("num_batches_tracked")
}

/// Returns `true` for a bias of all zeros, such as the untrained ones of the authors' transposed convolutions.
fn is_zero_bias(name: &str, data: &TensorData) -> bool {
    name.ends_with(".bias") && data.as_slice::<f32>().is_ok_and(|values| values.iter().all(|&value| value == 0.0))
}

/// Returns `data` in the `expected` shape if the two differ only in dimensions of size 1, or if a convolution over the
/// whole map stands for a fully connected layer; otherwise unchanged.
fn reshaped(data: TensorData, expected: &Shape) -> TensorData {
    let long = |shape: &Shape| shape.iter().copied().filter(|&side| side != 1).collect::<Vec<_>>();
    let is_flattened = expected.num_dims() == 2 && data.rank() >= 4 && data.shape()[0] == expected[0];
    let is_same =
        data.num_elements() == expected.num_elements() && (is_flattened || long(data.shape()) == long(expected));
    if !is_same || data.shape() == expected {
        return data;
    }
    TensorData::new(data.try_into_vec::<f32>().expect("files are read as f32"), expected.clone())
}

/// Assigns the parameters of `graph` to the `expected` ones by order; `None` if the shapes do not all agree. A
/// convolution without the expected batch normalisation after it is taken to have it folded in.
fn in_order(graph: &onnx::Graph, table: &NameTable, expected: &[(String, Shape)]) -> Option<FoundParameter> {
    let mut tensors = Tensors::new();
    let mut expected = expected.iter().peekable();
    let mut put = |(name, shape): &(String, Shape), data: TensorData| {
        let data = reshaped(data, shape);
        (data.shape() == shape).then(|| tensors.insert(name.clone(), data))
    };
    let mut layers = graph.layers.iter().peekable();
    while let Some(layer) = layers.next() {
        let is_folded = !matches!(layers.peek(), Some(OnnxLayer::Norm(_)));
        match layer {
            OnnxLayer::Weighted { weight, bias } => {
                put(expected.next()?, graph.tensors[weight].clone())?;
                let mut bias = bias.as_ref().map(|bias| graph.tensors[bias].clone());
                if expected.peek().is_some_and(|(name, _)| !name.contains(".bn.") && name.ends_with(".bias")) {
                    put(expected.next()?, bias.take()?)?;
                }
                if is_folded && expected.peek().is_some_and(|(name, _)| name.contains(".bn.")) {
                    let channels = expected.peek()?.1.num_elements();
                    let bias = bias.take().unwrap_or_else(|| filled(channels, 0.0));
                    let variance = filled(channels, table.unit_variance);
                    for data in [filled(channels, 1.0), bias, filled(channels, 0.0), variance] {
                        put(expected.next()?, data)?;
                    }
                }
                if bias.is_some() {
                    return None;
                }
            }
            OnnxLayer::Norm(names) => {
                for name in names {
                    put(expected.next()?, graph.tensors[name].clone())?;
                }
            }
        }
    }
    let used: Vec<&String> = graph.layers.iter().flat_map(OnnxLayer::names).collect();
    let left_out = graph.tensors.keys().filter(|name| !used.contains(name)).cloned().collect();
    expected.next().is_none().then_some(FoundParameter {
        tensors,
        names: graph.tensors.keys().cloned().collect(),
        left_out,
        colours: table.colours,
    })
}

fn filled(channels: usize, value: f32) -> TensorData {
    TensorData::new(vec![value; channels], [channels])
}

fn read_pytorch(source: &Path) -> Result<Tensors> {
    // The checkpoint reader's own message for a missing file does not start with the cause.
    files::open(source).map_err(|error| Error::io(source, &error))?;
    let damaged = |error: &dyn std::fmt::Display| {
        Error::file(source, error.to_string(), "Save the network's state_dict with torch.save and import that")
    };
    let checkpoint = PytorchReader::new(source).map_err(|error| damaged(&error))?;
    let is_float = |tensor: &Stored| matches!(tensor.dtype(), DType::F64 | DType::F32 | DType::F16 | DType::BF16);
    let tensors = checkpoint.into_tensors().into_iter();
    let tensors = tensors.filter(|(name, tensor)| is_parameter(name) && is_float(tensor));
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
    use super::super::inverted_residual::MobileStage;
    use super::super::preprocessing::MEAN_BGR;
    use super::super::resnet::ResNetLayout;
    use super::super::{Backbone, BnInception, EfficientNetLite, I3d, Layers, MobileNetV2, Modality, ResNet};
    use super::*;
    use burn::tensor::Distribution;

    fn narrow(backbone: Backbone) -> Stream {
        let device = Device::flex();
        let config = StreamConfig { backbone, input: StreamInput::PICTURE, classes: 3, dropout: None };
        let rows = [(1, 1, 1, 1), (6, 1, 2, 2), (6, 2, 3, 2), (6, 3, 4, 2), (6, 4, 3, 1), (6, 5, 3, 2), (6, 6, 1, 1)];
        match backbone {
            Backbone::ResNet18 => {
                Stream::of(Layers::ResNet(ResNet::with_width(ResNetLayout::RESNET18, 2, &config, &device)))
            }
            Backbone::ResNet50 => {
                Stream::of(Layers::ResNet(ResNet::with_width(ResNetLayout::RESNET50, 1, &config, &device)))
            }
            Backbone::BnInception => Stream::of(Layers::BnInception(BnInception::with_divisor(32, &config, &device))),
            _ => {
                let stages = rows.map(|(t, c, n, s)| MobileStage::new(t, c, n, s));
                Stream::of(Layers::MobileNetV2(MobileNetV2::with_stages(&stages, [2, 8], &config, &device)))
            }
        }
    }

    /// Returns a deterministic test input: x[i] = (7919·i mod 256) − 128.
    fn pattern() -> Tensor<4> {
        let values: Vec<f32> = (0..3 * 96 * 128).map(|i| ((i * 7919) % 256) as f32 - 128.0).collect();
        Tensor::from_data(TensorData::new(values, [1, 3, 96, 128]), &Device::flex())
    }

    fn largest_difference(logits: Tensor<2>, expected: [f32; 3]) -> f32 {
        let logits: Vec<f32> = logits.into_data().try_into_vec().unwrap();
        logits.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    /// Weights and logits in float64 from torchvision's classes, written by `tests/make_imports.py --fixtures`.
    const ANSWERS: [(&str, Backbone, [f32; 3]); 5] = [
        ("resnet18_width_2.pth", Backbone::ResNet18, [0.104_674, -0.186_587, -2.071_383]),
        ("resnet18_width_2_folded.onnx", Backbone::ResNet18, [0.104_674, -0.186_587, -2.071_383]),
        ("resnet50_width_1.safetensors", Backbone::ResNet50, [1.070_077, 0.959_695, 0.453_694]),
        ("mobilenet_v2_narrow.safetensors", Backbone::MobileNetV2, [-0.468_887, 0.771_833, 0.532_614]),
        ("bn_inception_narrow.safetensors", Backbone::BnInception, [-0.806_954, 6.150_33, -6.086_531]),
    ];

    #[test]
    fn narrow_networks_answer_as_in_pytorch() {
        for (file, backbone, expected) in ANSWERS {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
            let imported = import_stream(&path, narrow(backbone), Some(Colours::Bgr)).unwrap();
            assert!(imported.left_out.is_empty(), "{:?}", imported.left_out);
            let difference = largest_difference(imported.network.forward(pattern() / 128.0), expected);
            println!("{file} differs by {difference:e}");
            assert!(difference < 2e-5, "{file} differs by {difference:e}");
        }
    }

    fn narrow_i3d(modality: Modality) -> Stream {
        let input = StreamInput { modality, count: 16 };
        let config = StreamConfig { backbone: Backbone::I3d, input, classes: 3, dropout: None };
        Stream::of(Layers::I3d(I3d::with_divisor(16, &config, &Device::flex())))
    }

    /// Reference logits in float64 from the script's own network, with input in −1…1, for clips of
    /// `[frames, height, width]`.
    #[test]
    fn a_narrow_i3d_answers_as_in_pytorch() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/i3d_narrow.safetensors");
        let imported = import_stream(&path, narrow_i3d(Modality::Pictures), None).unwrap();
        assert!(imported.left_out.is_empty() && imported.colours == Colours::Signed, "{:?}", imported.left_out);
        let answers: [([usize; 3], [f32; 3]); 3] = [
            ([20, 33, 47], [0.390_471, 0.302_135, -0.494_396]),
            ([10, 224, 224], [0.058_819, 2.730_524, -1.415_512]),
            ([5, 96, 64], [0.120_628, 0.659_768, -0.109_37]),
        ];
        for ([frames, height, width], expected) in answers {
            let values: Vec<f32> =
                (0..3 * frames * height * width).map(|i| ((i * 7919) % 256) as f32 - 128.0).collect();
            let clip = TensorData::new(values, [1, 3 * frames, height, width]);
            let logits = imported.network.forward(Tensor::from_data(clip, &Device::flex()));
            let difference = largest_difference(logits, expected);
            println!("I3D differs by {difference:e} on {frames} pictures of {width}×{height}");
            assert!(difference < 2e-5, "{difference:e}");
        }
    }

    /// Reference logits in float64 from `efficientnet_lite_pytorch`, built for images of each size.
    #[test]
    fn a_narrow_efficientnet_lite_answers_as_in_pytorch_with_the_padding_of_any_size() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/efficientnet_lite_narrow.safetensors");
        let config = StreamConfig {
            backbone: Backbone::EfficientNetLite0,
            input: StreamInput::PICTURE,
            classes: 3,
            dropout: None,
        };
        let narrow = Stream::of(Layers::EfficientNetLite(EfficientNetLite::narrow(&config, &Device::flex())));
        let imported = import_stream(&path, narrow, None).unwrap();
        assert!(imported.left_out.is_empty() && imported.colours == Colours::Lite, "{:?}", imported.left_out);
        let answers: [([usize; 2], [f32; 3]); 3] = [
            ([96, 128], [-0.563_8, 2.074_652, 0.846_419]),
            ([65, 47], [-0.261_323, 1.796_677, 0.905_461]),
            ([130, 98], [-0.472_457, 2.203_915, 0.673_527]),
        ];
        for ([height, width], expected) in answers {
            let values: Vec<f32> = (0..3 * height * width).map(|i| ((i * 7919) % 256) as f32 - 128.0).collect();
            let picture = Tensor::from_data(TensorData::new(values, [1, 3, height, width]), &Device::flex());
            let difference = largest_difference(imported.network.forward(picture), expected);
            println!("EfficientNet-Lite differs by {difference:e} on {width}×{height}");
            assert!(difference < 2e-5, "{difference:e} on {width}×{height}");
        }
    }

    #[test]
    fn an_i3d_of_signed_flow_is_changed_to_read_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flow.safetensors");
        weights::save_module(&narrow_i3d(Modality::Flow), &path, super::super::Precision::F32).unwrap();
        let import = |colours| import_stream(&path, narrow_i3d(Modality::Flow), Some(colours)).unwrap().network;
        let levels = Tensor::random([1, 2 * 9, 32, 48], Distribution::Uniform(-128.0, 127.0), &Device::flex());
        // Without conversion, the network reads −128…127 plus 0.5 as its own range.
        let signed = (levels.clone() + 0.5) / 127.5 - 0.5;
        let expected: Vec<f32> = import(Colours::Bgr).forward(signed).into_data().try_into_vec().unwrap();
        let difference =
            largest_difference(import(Colours::Signed).forward(levels), expected.clone().try_into().unwrap());
        let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        assert!(difference < 1e-4 * largest && largest > 0.0, "{difference:e} of {largest:e}");
    }

    #[test]
    fn a_first_layer_for_other_pictures_is_changed_to_read_ours() {
        let per_colour = |values: [f64; 3]| Tensor::<1>::from_floats(values, &Device::flex()).reshape([1, 3, 1, 1]);
        let grey_levels = pattern() + per_colour(MEAN_BGR.map(f64::from)); // blue, green, red
        for (file, backbone, _) in ANSWERS {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
            let unchanged = import_stream(&path, narrow(backbone), Some(Colours::Bgr)).unwrap().network;
            let imported = import_stream(&path, narrow(backbone), None).unwrap();
            let (theirs, tolerance) = match imported.colours {
                Colours::Rgb => {
                    let rgb = grey_levels.clone().flip([1]) / 255.0 - per_colour([0.485, 0.456, 0.406]);
                    (rgb / per_colour([0.229, 0.224, 0.225]), 0.01)
                }
                _ => (grey_levels.clone() - per_colour([104.0, 117.0, 128.0]), 0.05),
            };
            assert_eq!(imported.colours == Colours::Tsn, backbone == Backbone::BnInception, "names tell");
            let expected: Vec<f32> = unchanged.forward(theirs).into_data().try_into_vec().unwrap();
            let difference =
                largest_difference(imported.network.forward(pattern()), expected.clone().try_into().unwrap());
            println!("{file} differs by {difference:e} from {expected:?} for the colour of its padding");
            let largest = expected.iter().fold(1.0f32, |largest, x| largest.max(x.abs()));
            assert!(difference < tolerance * largest, "{file} differs by {difference:e} from {expected:?}");
        }
    }

    #[test]
    fn the_first_tensors_without_a_counterpart_are_named_and_all_are_counted() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/resnet18_width_2.pth");
        let error = import_stream(&path, narrow(Backbone::ResNet50), None).unwrap_err();
        assert!(error.cause.starts_with("it lacks `layer1.0.conv3.bn.bias`, "), "{error}");
        assert!(error.cause.ends_with("`layer1.0.conv3.bn.weight` and 161 more"), "{error}");
        let error = import_stream(&path, narrow(Backbone::MobileNetV2), None).unwrap_err();
        assert!(
            error.cause.contains(" more, and has `") && error.cause.ends_with("which do not belong to this network")
        );
    }
}
