//! Parameters in an `.onnx` file: its initialisers, and the order in which its layers use them.
//!
//! Exporters often fold batch normalisation into the convolution before it and give the results names of their own. The
//! order of the graph's nodes then identifies the layer of a tensor.

use burn::tensor::{TensorData, bf16, f16};

use super::caffe::tensor;
use super::wire::{Damage, Field, Message};
use crate::nets::weights::Tensors;

/// The needed parts of a `ModelProto`.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The initialisers of floating point numbers, by name.
    pub tensors: Tensors,
    /// The layers with parameters, in the order of the graph.
    pub layers: Vec<Layer>,
}

/// A node that reads initialisers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// A convolution or fully connected layer: names of weight and bias.
    Weighted { weight: String, bias: Option<String> },
    /// Batch normalisation: names of weight, bias, running mean and variance.
    Norm([String; 4]),
}

impl Layer {
    /// Returns its initialisers.
    pub fn names(&self) -> Vec<&String> {
        match self {
            Self::Weighted { weight, bias } => [weight].into_iter().chain(bias).collect(),
            Self::Norm(names) => names.iter().collect(),
        }
    }
}

/// `TensorProto.DataType`
mod data_type {
    pub const FLOAT: u64 = 1;
    pub const FLOAT16: u64 = 10;
    pub const DOUBLE: u64 = 11;
    pub const BFLOAT16: u64 = 16;
}

/// Reads the `.onnx` file `bytes`.
pub(super) fn read(bytes: &[u8]) -> Result<Graph, Damage> {
    let file = Message::file(bytes);
    let mut graph = Graph::default();
    let mut nodes = Vec::new();
    for field in file.fields() {
        let field = field?;
        if field.number != 7 {
            continue;
        }
        for part in field.message()?.fields() {
            let part = part?;
            match part.number {
                1 => nodes.push(node(part.message()?)?),
                5 => {
                    if let Some((name, data)) = initialiser(part)? {
                        graph.tensors.insert(name, data);
                    }
                }
                _ => {}
            }
        }
    }
    if graph.tensors.is_empty() {
        return file.damage("there is no initialiser of floating point numbers");
    }
    let mut room = bytes.len() / size_of::<f32>();
    for node in &nodes {
        let Some((name, data)) = node.copy(&graph.tensors) else { continue };
        let Some(left) = room.checked_sub(data.num_elements()) else {
            return file.damage("copies of a tensor take more room than the file");
        };
        room = left;
        let data = data.clone();
        graph.tensors.insert(name.to_owned(), data);
    }
    let tensors = &graph.tensors;
    graph.layers = nodes.into_iter().filter_map(|node| node.layer(tensors)).collect();
    Ok(graph)
}

/// `NodeProto`
struct Node<'a> {
    operation: &'a str,
    inputs: Vec<&'a str>,
    output: &'a str,
}

fn node(message: Message<'_>) -> Result<Node<'_>, Damage> {
    let mut node = Node { operation: "", inputs: Vec::new(), output: "" };
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => node.inputs.push(field.message()?.text()?),
            2 => node.output = field.message()?.text()?,
            4 => node.operation = field.message()?.text()?,
            _ => {}
        }
    }
    Ok(node)
}

impl<'a> Node<'a> {
    /// Returns an initialiser's second name: exporters write equal tensors once.
    fn copy<'t>(&self, tensors: &'t Tensors) -> Option<(&'a str, &'t TensorData)> {
        let [original] = self.inputs[..] else { return None };
        let is_new = self.operation == "Identity" && !tensors.contains_key(self.output);
        tensors.get(original).filter(|_| is_new).map(|data| (self.output, data))
    }

    fn layer(&self, tensors: &Tensors) -> Option<Layer> {
        let parameter = |index: usize| self.inputs.get(index).filter(|name| tensors.contains_key(**name));
        let parameter = |index: usize| parameter(index).map(|name| (*name).to_owned());
        match self.operation {
            "Conv" | "ConvTranspose" | "Gemm" => Some(Layer::Weighted { weight: parameter(1)?, bias: parameter(2) }),
            "BatchNormalization" => Some(Layer::Norm([parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?])),
            _ => None,
        }
    }
}

/// `TensorProto`: its name and values, if they are floating point numbers.
fn initialiser(field: Field<'_>) -> Result<Option<(String, TensorData)>, Damage> {
    let (mut name, mut kind, mut shape, mut values) = ("", 0, Vec::new(), Vec::new());
    let (mut raw, mut halves) = (None, Vec::new());
    for part in field.message()?.fields() {
        let part = part?;
        match part.number {
            1 => part.numbers(&mut shape)?,
            2 => kind = part.number()?,
            4 => part.floats(&mut values)?,
            5 => part.numbers(&mut halves)?,
            8 => name = part.message()?.text()?,
            9 => raw = Some(part.message()?),
            10 => part.doubles(&mut values)?,
            14 if part.number()? == 1 => {
                return part.damage("the weights are in an external file, which is not supported");
            }
            _ => {}
        }
    }
    if let Some(raw) = raw {
        values = match kind {
            data_type::FLOAT => raw.chunks()?.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
            data_type::DOUBLE => raw.chunks()?.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32).collect(),
            data_type::FLOAT16 => raw.chunks()?.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect(),
            data_type::BFLOAT16 => raw.chunks()?.iter().map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect(),
            _ => return Ok(None),
        };
    } else {
        // Without raw bytes, 16-bit numbers lie in the low halves of whole ones.
        match kind {
            data_type::FLOAT | data_type::DOUBLE => {}
            data_type::FLOAT16 => values = halves.iter().map(|&bits| f16::from_bits(bits as u16).to_f32()).collect(),
            data_type::BFLOAT16 => values = halves.iter().map(|&bits| bf16::from_bits(bits as u16).to_f32()).collect(),
            _ => return Ok(None),
        }
    }
    Ok(Some((name.to_owned(), tensor(field, &shape, values)?)))
}
