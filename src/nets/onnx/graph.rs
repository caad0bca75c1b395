//! Builder of ONNX graphs. All shapes are static: a file is for one batch size and one image size.

use burn::tensor::f16;
use prost::Message;

use super::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    ValueInfoProto, data_type,
};
use crate::nets::Precision;

/// ONNX operator set of the files, supported by runtimes since 2022.
pub const OPSET: i64 = 17;
/// ONNX file format version that belongs to the operator set.
const IR_VERSION: i64 = 8;

/// A tensor of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Its name in the graph.
    pub name: String,
    /// Its shape.
    pub dims: Vec<usize>,
}

impl Value {
    /// Returns the shape [b, c, h, w] of maps.
    pub fn maps(&self) -> [usize; 4] {
        self.dims[..].try_into().expect("maps have four axes")
    }
}

/// A graph with its weights.
#[derive(Debug)]
pub(super) struct Graph {
    nodes: Vec<NodeProto>,
    initialisers: Vec<TensorProto>,
    inputs: Vec<ValueInfoProto>,
    outputs: Vec<ValueInfoProto>,
    precision: Precision,
}

impl Graph {
    /// Returns an empty graph that computes in `precision`; inputs and outputs are always 32-bit.
    pub fn new(precision: Precision) -> Self {
        Self { nodes: Vec::new(), initialisers: Vec::new(), inputs: Vec::new(), outputs: Vec::new(), precision }
    }

    /// Adds an input of the graph.
    pub fn input(&mut self, name: &str, dims: &[usize], meaning: &str) -> Value {
        self.inputs.push(ValueInfoProto::float(name, dims, meaning));
        let input = Value { name: name.into(), dims: dims.to_vec() };
        self.cast(input, self.element_type())
    }

    /// Makes `value` an output of the graph.
    pub fn output(&mut self, value: &Value, name: &str, meaning: &str) {
        self.outputs.push(ValueInfoProto::float(name, &value.dims, meaning));
        let to = AttributeProto::int("to", data_type::FLOAT as usize);
        let (op, attributes) = match self.precision {
            Precision::F16 => ("Cast", vec![to]),
            Precision::F32 => ("Identity", Vec::new()),
        };
        self.push(op, vec![value.name.clone()], name.into(), attributes);
    }

    /// Adds a node and returns its only output, of shape `dims`.
    pub fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>, dims: Vec<usize>) -> Value {
        let name = format!("{}_{}", op.to_lowercase(), self.nodes.len());
        self.push(op, inputs.iter().map(|&input| input.into()).collect(), name.clone(), attributes);
        Value { name, dims }
    }

    fn push(&mut self, op: &str, input: Vec<String>, output: String, attribute: Vec<AttributeProto>) {
        let name = format!("node_{}", self.nodes.len());
        self.nodes.push(NodeProto { input, output: vec![output], name, op_type: op.into(), attribute });
    }

    /// Adds a constant tensor in the precision of the graph and returns its name.
    pub fn constant(&mut self, dims: &[usize], values: &[f32]) -> String {
        let raw_data = match self.precision {
            Precision::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Precision::F16 => values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect(),
        };
        self.initialiser(dims, self.element_type(), raw_data)
    }

    /// Adds a scalar constant and returns its name.
    pub fn scalar(&mut self, value: f32) -> String {
        self.constant(&[], &[value])
    }

    /// Adds a constant tensor of integers and returns its name.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initialiser(&[values.len()], data_type::INT64, raw_data)
    }

    fn initialiser(&mut self, dims: &[usize], data_type: i32, raw_data: Vec<u8>) -> String {
        let name = format!("constant_{}", self.initialisers.len());
        let dims = dims.iter().map(|&side| side as i64).collect();
        self.initialisers.push(TensorProto { dims, data_type, name: name.clone(), raw_data });
        name
    }

    fn element_type(&self) -> i32 {
        match self.precision {
            Precision::F32 => data_type::FLOAT,
            Precision::F16 => data_type::FLOAT16,
        }
    }

    fn cast(&mut self, value: Value, to: i32) -> Value {
        if to == data_type::FLOAT {
            return value;
        }
        self.node("Cast", &[&value.name], vec![AttributeProto::int("to", to as usize)], value.dims)
    }

    /// Applies a binary operation such as `Mul` to `x` and a scalar.
    pub fn with_scalar(&mut self, op: &str, x: Value, scalar: f32) -> Value {
        let scalar = self.scalar(scalar);
        self.node(op, &[&x.name, &scalar], Vec::new(), x.dims)
    }

    /// Applies a binary operation to two tensors of the same shape, or with the second broadcast to the first.
    pub fn both(&mut self, op: &str, x: &Value, y: &Value) -> Value {
        self.node(op, &[&x.name, &y.name], Vec::new(), x.dims.clone())
    }

    /// Applies an element-wise operation.
    pub fn each(&mut self, op: &str, x: Value) -> Value {
        self.node(op, &[&x.name], Vec::new(), x.dims)
    }

    /// Reshapes `x`.
    pub fn reshape(&mut self, x: Value, dims: &[usize]) -> Value {
        let shape = self.integers(&dims.iter().map(|&side| side as i64).collect::<Vec<_>>());
        self.node("Reshape", &[&x.name, &shape], Vec::new(), dims.to_vec())
    }

    /// Permutes the axes of `x`.
    pub fn transposed(&mut self, x: &Value, order: &[usize]) -> Value {
        let dims = order.iter().map(|&axis| x.dims[axis]).collect();
        self.node("Transpose", &[&x.name], vec![AttributeProto::ints("perm", order)], dims)
    }

    /// Slices `x` from `start` to `end` along `axis`.
    pub fn slice(&mut self, x: &Value, axis: usize, start: usize, end: usize) -> Value {
        let [start_name, end_name, axes] =
            [start, end, axis].map(|number| self.integers(&[i64::try_from(number).expect("a small number")]));
        let mut dims = x.dims.clone();
        dims[axis] = end - start;
        self.node("Slice", &[&x.name, &start_name, &end_name, &axes], Vec::new(), dims)
    }

    /// Concatenates `parts` along `axis`.
    pub fn concat(&mut self, parts: &[Value], axis: usize) -> Value {
        let mut dims = parts[0].dims.clone();
        dims[axis] = parts.iter().map(|part| part.dims[axis]).sum();
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        self.node("Concat", &names, vec![AttributeProto::int("axis", axis)], dims)
    }

    /// Swaps RGB and BGR along `axis`.
    pub fn reversed_colours(&mut self, x: Value, axis: usize) -> Value {
        let order = self.integers(&[2, 1, 0]);
        self.node("Gather", &[&x.name, &order], vec![AttributeProto::int("axis", axis)], x.dims)
    }

    /// Encodes the graph as a file with `metadata`.
    pub fn encode(self, name: &str, metadata: &[(&str, String)]) -> Vec<u8> {
        let entry = |(key, value): &(&str, String)| StringStringEntryProto { key: (*key).into(), value: value.clone() };
        let graph = GraphProto {
            node: self.nodes,
            name: name.into(),
            initializer: self.initialisers,
            input: self.inputs,
            output: self.outputs,
        };
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            doc_string: String::new(),
            graph: Some(graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: metadata.iter().map(entry).collect(),
        };
        model.encode_to_vec()
    }
}
