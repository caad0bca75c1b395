//! Parameters of an `.onnx` file: its initialisers, and the order in which its layers use them.
//!
//! Exporters often fold batch normalisation into the convolution before it and rename the results. The order of the
//! graph's nodes then identifies the layer of a tensor.

use burn::tensor::{TensorData, bf16, f16};
use prost::Message;
use prost::bytes::Bytes;

use super::protobuf::{decode, tensor};
use crate::nets::weights::Tensors;

/// The relevant parts of a `ModelProto`.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The floating-point initialisers, by name.
    pub tensors: Tensors,
    /// The layers with parameters, in the order of the graph.
    pub layers: Vec<OnnxLayer>,
}

/// A node that has initialisers as inputs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OnnxLayer {
    /// A convolution or fully connected layer: names of weight and bias.
    Weighted { weight: String, bias: Option<String> },
    /// Batch normalisation: names of weight, bias, running mean and variance.
    Norm([String; 4]),
}

impl OnnxLayer {
    /// Returns the names of its initialisers.
    pub fn names(&self) -> Vec<&String> {
        match self {
            Self::Weighted { weight, bias } => [weight].into_iter().chain(bias).collect(),
            Self::Norm(names) => names.iter().collect(),
        }
    }
}

#[derive(Message)]
struct ModelProto {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
}

#[derive(Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeProto>,
    /// Undecoded `TensorProto`s: slices of the file, decoded one at a time.
    #[prost(bytes = "bytes", repeated, tag = "5")]
    initializer: Vec<Bytes>,
}

#[derive(Message)]
struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, tag = "2")]
    output: String,
    #[prost(string, tag = "4")]
    op_type: String,
}

#[derive(Message)]
struct TensorProto {
    #[prost(uint64, repeated, tag = "1")]
    dims: Vec<u64>,
    #[prost(uint64, tag = "2")]
    data_type: u64,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    /// For 16-bit types, the values are in the low halves.
    #[prost(uint32, repeated, tag = "5")]
    int32_data: Vec<u32>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "bytes", optional, tag = "9")]
    raw_data: Option<Bytes>,
    #[prost(double, repeated, tag = "10")]
    double_data: Vec<f64>,
    #[prost(uint64, tag = "14")]
    data_location: u64,
}

/// `TensorProto.DataType`
mod data_type {
    pub const FLOAT: u64 = 1;
    pub const FLOAT16: u64 = 10;
    pub const DOUBLE: u64 = 11;
    pub const BFLOAT16: u64 = 16;
}

/// `TensorProto.DataLocation`
const EXTERNAL: u64 = 1;

/// Reads the `.onnx` file `bytes`.
///
/// # Errors
/// If the file is malformed; the message names the field.
pub(super) fn read(bytes: Vec<u8>) -> Result<Graph, String> {
    let mut room = bytes.len() / size_of::<f32>();
    let model: ModelProto = decode(Bytes::from(bytes))?;
    let GraphProto { node: nodes, initializer } = model.graph.unwrap_or_default();
    let mut tensors = Tensors::new();
    for initialiser in initializer {
        if let Some((name, data)) = decode::<TensorProto>(initialiser)?.values()? {
            tensors.insert(name, data);
        }
    }
    if tensors.is_empty() {
        return Err("there is no initialiser of floating point numbers".into());
    }
    for node in &nodes {
        let Some(data) = node.copied(&tensors) else { continue };
        room = room.checked_sub(data.num_elements()).ok_or("copies of a tensor take more room than the file")?;
        let data = data.clone();
        tensors.insert(node.output.clone(), data);
    }
    let layers = nodes.into_iter().filter_map(|node| node.layer(&tensors)).collect();
    Ok(Graph { tensors, layers })
}

impl NodeProto {
    /// Returns the initialiser that this `Identity` node renames: exporters write equal tensors only once.
    fn copied<'t>(&self, tensors: &'t Tensors) -> Option<&'t TensorData> {
        let [original] = &self.input[..] else { return None };
        let is_new = self.op_type == "Identity" && !tensors.contains_key(&self.output);
        tensors.get(original).filter(|_| is_new)
    }

    fn layer(&self, tensors: &Tensors) -> Option<OnnxLayer> {
        let parameter = |index: usize| self.input.get(index).filter(|name| tensors.contains_key(*name)).cloned();
        match self.op_type.as_str() {
            "Conv" | "ConvTranspose" | "Gemm" => {
                Some(OnnxLayer::Weighted { weight: parameter(1)?, bias: parameter(2) })
            }
            "BatchNormalization" => Some(OnnxLayer::Norm([parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?])),
            _ => None,
        }
    }
}

impl TensorProto {
    /// Returns the tensor's name and values; `None` if it is not floating-point.
    fn values(self) -> Result<Option<(String, TensorData)>, String> {
        if self.data_location == EXTERNAL {
            return Err("the weights are in an external file, which is not supported".into());
        }
        let halves = || self.int32_data.iter().map(|&bits| bits as u16);
        let values = match (self.data_type, &self.raw_data) {
            (data_type::FLOAT, Some(raw)) => numbers(raw, f32::from_le_bytes)?,
            (data_type::DOUBLE, Some(raw)) => numbers(raw, |bytes| f64::from_le_bytes(bytes) as f32)?,
            (data_type::FLOAT16, Some(raw)) => numbers(raw, |bytes| f16::from_le_bytes(bytes).to_f32())?,
            (data_type::BFLOAT16, Some(raw)) => numbers(raw, |bytes| bf16::from_le_bytes(bytes).to_f32())?,
            (data_type::FLOAT, None) => self.float_data,
            (data_type::DOUBLE, None) => self.double_data.into_iter().map(|value| value as f32).collect(),
            (data_type::FLOAT16, None) => halves().map(|bits| f16::from_bits(bits).to_f32()).collect(),
            (data_type::BFLOAT16, None) => halves().map(|bits| bf16::from_bits(bits).to_f32()).collect(),
            _ => return Ok(None),
        };
        Ok(Some((self.name, tensor(&self.dims, values)?)))
    }
}

/// Decodes `raw` as numbers of `N` bytes each.
fn numbers<const N: usize>(raw: &[u8], number: impl Fn([u8; N]) -> f32) -> Result<Vec<f32>, String> {
    match raw.as_chunks() {
        (chunks, []) => Ok(chunks.iter().map(|&bytes| number(bytes)).collect()),
        _ => Err(format!("{} bytes are not numbers of {N} bytes each", raw.len())),
    }
}
