//! Parameters of a `.caffemodel`: the layers of a `NetParameter` (BVLC `caffe.proto`), of the current version and of
//! version 1, in which VGG16 was published.

use burn::tensor::TensorData;
use prost::Message;
use prost::bytes::Bytes;

use super::protobuf::{decode, tensor};
use crate::nets::weights::Tensors;

// Layers and blobs stay undecoded slices of the file until they are needed, so only one is decoded at a time.

#[derive(Message)]
struct NetParameter {
    #[prost(bytes = "bytes", repeated, tag = "100")]
    layer: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    layers: Vec<Bytes>,
}

#[derive(Message)]
struct LayerParameter {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "bytes", repeated, tag = "7")]
    blobs: Vec<Bytes>,
}

#[derive(Message)]
struct V1LayerParameter {
    #[prost(string, tag = "4")]
    name: String,
    #[prost(bytes = "bytes", repeated, tag = "6")]
    blobs: Vec<Bytes>,
}

/// A shape, or the four dimensions of older files, and `float` or `double` values.
#[derive(Message)]
struct BlobProto {
    #[prost(uint64, tag = "1")]
    num: u64,
    #[prost(uint64, tag = "2")]
    channels: u64,
    #[prost(uint64, tag = "3")]
    height: u64,
    #[prost(uint64, tag = "4")]
    width: u64,
    #[prost(float, repeated, tag = "5")]
    data: Vec<f32>,
    #[prost(message, optional, tag = "7")]
    shape: Option<BlobShape>,
    #[prost(double, repeated, tag = "8")]
    double_data: Vec<f64>,
}

#[derive(Message)]
struct BlobShape {
    #[prost(uint64, repeated, tag = "1")]
    dim: Vec<u64>,
}

/// Returns all parameters of the `.caffemodel` `bytes`, as `layer.weight` and `layer.bias`; a `/` in a layer's name
/// becomes a dot.
///
/// # Errors
/// If the file is malformed; the message names the field.
pub(super) fn read(bytes: Vec<u8>) -> Result<Tensors, String> {
    let net: NetParameter = decode(Bytes::from(bytes))?;
    let current = net.layer.into_iter().map(|layer| decode(layer).map(|of: LayerParameter| (of.name, of.blobs)));
    let version_1 = net.layers.into_iter().map(|layer| decode(layer).map(|of: V1LayerParameter| (of.name, of.blobs)));
    let mut tensors = Tensors::new();
    for layer in current.chain(version_1) {
        let (name, blobs) = layer?;
        for (index, blob) in blobs.into_iter().enumerate() {
            let parameter = match index {
                0 => "weight".to_owned(),
                1 => "bias".to_owned(),
                // `BN` layers of temporal segment networks.
                2 => "running_mean".to_owned(),
                3 => "running_var".to_owned(),
                other => format!("blob{other}"),
            };
            let name = format!("{}.{parameter}", name.replace('/', "."));
            if tensors.insert(name.clone(), decode::<BlobProto>(blob)?.values()?).is_some() {
                return Err(format!("duplicate tensor `{name}`"));
            }
        }
    }
    if tensors.is_empty() { Err("there is no layer with parameters".into()) } else { Ok(tensors) }
}

impl BlobProto {
    fn values(self) -> Result<TensorData, String> {
        let mut values = self.data;
        values.extend(self.double_data.into_iter().map(|value| value as f32));
        // A dimension that is not written is 0 and means an empty blob.
        let sides = || vec![self.num, self.channels, self.height, self.width];
        tensor(&self.shape.map_or_else(sides, |shape| shape.dim), values)
    }
}
