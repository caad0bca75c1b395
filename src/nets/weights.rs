//! Reads and writes the parameters of a network as a safetensors file.
//!
//! A file holds exactly the network's parameters under their layers' names (`conv1.weight`, `fire2.squeeze1x1.bias`) in
//! PyTorch's layouts: convolutions [out, in, kh, kw], transposed ones [in, out, kh, kw], matrices [out, in]. Floats of
//! any width are read and converted to f32.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Shape, Tensor, TensorData, bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::NamedTempFile;

use super::{BatchNorm, Precision};
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// Tensors by name, in f32.
pub(super) type Tensors = BTreeMap<String, TensorData>;

const WRONG_NETWORK: &str = "Use weights of a network of the same architecture, width, frames and classes";
const DAMAGED: &str = "The file is damaged or not a safetensors file; download or train it again";

/// Atomically writes the parameters of `module` to the safetensors file at `path`.
pub fn save_module<M: Module>(module: &M, path: &Path, precision: Precision) -> Result<()> {
    atomic::publish(stage(path, &encode(module, precision, path)?)?, path)
}

/// Returns `module` with the parameters of the safetensors file at `path`, on the module's device.
///
/// # Errors
/// If the file cannot be read, or if a tensor is missing, has the wrong shape, has non-finite values or does not belong
/// to the network; the message names the first such tensor.
pub fn load_module<M: Module>(module: M, path: &Path) -> Result<M> {
    apply(module, read(path)?, path)
}

/// Returns `module` encoded as a safetensors file, to be written to `path`.
pub(super) fn encode<M: Module>(module: &M, precision: Precision, path: &Path) -> Result<Vec<u8>> {
    let dtypes = |name: &str| match precision {
        // A running variance may exceed the range of 16-bit floats.
        Precision::F16 if !BatchNorm::is_statistic(name) => (DType::F16, Dtype::F16),
        _ => (DType::F32, Dtype::F32),
    };
    let narrowed = |(name, data): (String, TensorData)| {
        let data = data.convert_dtype(dtypes(&name).0);
        (name, data)
    };
    let tensors: BTreeMap<_, _> = collect(module).map(narrowed).collect();
    let describe = |error: &dyn std::fmt::Display| Error::file(path, error.to_string(), "Report this as a defect");
    let views: BTreeMap<_, _> = tensors
        .iter()
        .map(|(name, data)| Ok((name, TensorView::new(dtypes(name).1, data.shape().to_vec(), data.as_bytes())?)))
        .collect::<std::result::Result<_, safetensors::SafeTensorError>>()
        .map_err(|error| describe(&error))?;
    safetensors::serialize(views, None).map_err(|error| describe(&error))
}

/// Reads all tensors of the safetensors file at `path`.
pub(super) fn read(path: &Path) -> Result<Tensors> {
    read_where(path, |_| true)
}

/// Reads the tensors of the safetensors file at `path` whose names satisfy `wanted`.
pub(super) fn read_where(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Tensors> {
    let bytes = files::read(path).map_err(|error| Error::io(path, &error))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| Error::file(path, error.to_string(), DAMAGED))?;
    let views = file.iter().filter(|(name, _)| wanted(name));
    views.map(|(name, view)| Ok((name.to_owned(), to_f32(name, &view, path)?))).collect()
}

fn to_f32(name: &str, view: &TensorView<'_>, path: &Path) -> Result<TensorData> {
    let bytes = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x)).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|&x| f16::from_le_bytes(x).to_f32()).collect(),
        Dtype::BF16 => bytes.as_chunks().0.iter().map(|&x| bf16::from_le_bytes(x).to_f32()).collect(),
        Dtype::F64 => bytes.as_chunks().0.iter().map(|&x| f64::from_le_bytes(x) as f32).collect(),
        other => {
            let cause = format!("tensor `{name}` holds {other:?}, not floating point numbers");
            return Err(Error::file(path, cause, WRONG_NETWORK));
        }
    };
    Ok(TensorData::new(values, view.shape().to_vec()))
}

/// Returns every parameter of `module` in the layout of the file.
pub(super) fn collect<M: Module>(module: &M) -> impl Iterator<Item = (String, TensorData)> {
    let mut collector = Collector::default();
    module.visit(&mut collector);
    collector.tensors.into_iter()
}

/// Returns `module` with the parameters `tensors`, which must match exactly; `source` is named in errors.
pub(super) fn apply<M: Module>(module: M, tensors: Tensors, source: &Path) -> Result<M> {
    check(&shapes(&module), &tensors, source)?;
    Ok(module.map(&mut WeightLoader { path: ParameterPath::default(), tensors }))
}

/// Returns the number of trained parameters of `module`.
pub(crate) fn parameters<M: Module>(module: &M) -> usize {
    let trained = shapes(module).into_iter().filter(|(name, _)| !is_statistic(name));
    trained.map(|(_, shape)| shape.num_elements()).sum()
}

/// Returns `true` if the tensor `name` is a running statistic of batch normalisation, which is measured rather than
/// trained.
pub(crate) fn is_statistic(name: &str) -> bool {
    BatchNorm::is_statistic(name)
}

/// Returns the names and file shapes of the parameters of `module`, in the network's order.
pub(super) fn shapes<M: Module>(module: &M) -> Vec<(String, Shape)> {
    let mut lister = ShapeLister::default();
    module.visit(&mut lister);
    lister.shapes
}

/// Rejects tensors other than the `expected` ones, naming the first.
fn check(expected: &[(String, Shape)], tensors: &Tensors, source: &Path) -> Result<()> {
    let refuse = |cause: String| Err(Error::file(source, cause, WRONG_NETWORK));
    for (name, shape) in expected {
        let Some(data) = tensors.get(name) else {
            return refuse(format!("tensor `{name}` is missing"));
        };
        if data.shape() != shape {
            return refuse(format!("tensor `{name}` is {}, not {}", times(data.shape()), times(shape)));
        }
        if data.as_slice::<f32>().is_ok_and(|values| values.iter().any(|value| !value.is_finite())) {
            let cause = format!("tensor `{name}` holds values that are not finite");
            return Err(Error::file(source, cause, "The file is damaged; download or train it again"));
        }
        let is_variance = name.ends_with("running_var");
        if is_variance && data.as_slice::<f32>().is_ok_and(|values| values.iter().any(|&value| value < 0.0)) {
            let cause = format!("tensor `{name}` holds negative variances");
            return Err(Error::file(source, cause, "The file is damaged; download or train it again"));
        }
    }
    let known = |name: &str| expected.iter().any(|(expected, _)| expected == name);
    match tensors.keys().find(|name| !known(name)) {
        Some(name) => refuse(format!("tensor `{name}` does not belong to this network")),
        None => Ok(()),
    }
}

/// Formats a shape for messages: 64×33×3×3.
fn times(shape: &Shape) -> String {
    let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if sides.is_empty() { "a single number".into() } else { sides.join("×") }
}

/// Writes `bytes` to a temporary file next to `path`, to be moved there by [`atomic::publish`].
pub(super) fn stage(path: &Path, bytes: &[u8]) -> Result<NamedTempFile> {
    let staged = atomic::stage(path, |writer| writer.write_all(bytes))?;
    staged.as_file().sync_all().map_err(|error| Error::io(path, &error))?;
    Ok(staged)
}

/// Returns `true` for matrices: Burn keeps them as [in, out], files hold them as [out, in].
fn transposed_in_file(rank: usize) -> bool {
    rank == 2
}

/// Container modules by Burn's names, which are not part of layer names.
const HOLDERS: [&str; 9] = [
    "Struct:Stream",
    "Struct:FlowNet",
    "Struct:FlowNetS",
    "Struct:FlowNetC",
    "Struct:FlowNetSd",
    "Struct:FusionNet",
    "Struct:NextFlow",
    "Struct:Branched",
    "Struct:ActionFlowNet2",
];

/// Returns `true` if the name of a module's container is part of the names of its layers. It is not for the variants of
/// [`MotionNetwork`](super::MotionNetwork) and [`Layers`](super::Layers) and for pure containers.
pub(crate) fn counts_in_names(container: &str) -> bool {
    !container.starts_with("Enum:") && !HOLDERS.contains(&container)
}

/// The path of a traversal through a module.
#[derive(Default)]
struct ParameterPath(Vec<String>);

impl ParameterPath {
    fn counts(container: &str) -> bool {
        counts_in_names(container)
    }

    fn enter(&mut self, name: &str, container: &str) {
        if Self::counts(container) {
            self.0.push(name.to_owned());
        }
    }

    fn exit(&mut self, container: &str) {
        if Self::counts(container) {
            self.0.pop();
        }
    }

    fn name(&self) -> String {
        self.0.join(".")
    }
}

#[derive(Default)]
struct ShapeLister {
    path: ParameterPath,
    shapes: Vec<(String, Shape)>,
}

impl ModuleVisitor for ShapeLister {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let mut shape = param.lazy_shape();
        if transposed_in_file(D) {
            shape = Shape::from([shape[1], shape[0]]);
        }
        self.shapes.push((self.path.name(), shape));
    }
}

#[derive(Default)]
struct Collector {
    path: ParameterPath,
    tensors: Vec<(String, TensorData)>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = if transposed_in_file(D) { param.val().transpose() } else { param.val() };
        self.tensors.push((self.path.name(), tensor.into_data()));
    }
}

struct WeightLoader {
    path: ParameterPath,
    tensors: Tensors,
}

impl ModuleMapper for WeightLoader {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(data) = self.tensors.remove(&self.path.name()) else {
            return param;
        };
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let tensor = if transposed_in_file(D) { tensor.transpose() } else { tensor };
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
