//! Parameters in a `.caffemodel`: the layers of a `NetParameter` (BVLC `caffe.proto`), of the current version and of
//! version 1, in which VGG16 was published.

use std::collections::BTreeMap;

use burn::tensor::TensorData;

use super::wire::{Damage, Field, Message};
use crate::nets::weights::Tensors;

/// Returns all parameters of the `.caffemodel` `bytes`, as `layer.weight` and `layer.bias`; a `/` in a layer's name becomes a
/// dot.
pub(super) fn read(bytes: &[u8]) -> Result<Tensors, Damage> {
    let file = Message::file(bytes);
    let mut tensors = Tensors::new();
    for field in file.fields() {
        let field = field?;
        let schema = match field.number {
            100 => CURRENT,
            2 => VERSION_1,
            _ => continue,
        };
        let Layer { name, blobs } = schema.read(field.message()?)?;
        for (index, data) in blobs.into_iter().enumerate() {
            let parameter = match index {
                0 => "weight".to_owned(),
                1 => "bias".to_owned(),
                // Of the `BN` layers of temporal segment networks.
                2 => "running_mean".to_owned(),
                3 => "running_var".to_owned(),
                other => format!("blob{other}"),
            };
            let name = format!("{}.{parameter}", name.replace('/', "."));
            if tensors.contains_key(&name) {
                return field.damage(format!("duplicate tensor `{name}`"));
            }
            tensors.insert(name, data);
        }
    }
    if tensors.is_empty() {
        return file.damage("there is no layer with parameters");
    }
    Ok(tensors)
}

/// The field numbers of a layer in a version of the format.
struct Schema {
    name: u64,
    blobs: u64,
}

/// `LayerParameter`
const CURRENT: Schema = Schema { name: 1, blobs: 7 };
/// `V1LayerParameter`
const VERSION_1: Schema = Schema { name: 4, blobs: 6 };

struct Layer<'a> {
    name: &'a str,
    blobs: Vec<TensorData>,
}

impl Schema {
    fn read<'a>(&self, message: Message<'a>) -> Result<Layer<'a>, Damage> {
        let mut layer = Layer { name: "", blobs: Vec::new() };
        for field in message.fields() {
            let field = field?;
            if field.number == self.name {
                layer.name = field.message()?.text()?;
            } else if field.number == self.blobs {
                layer.blobs.push(blob(field)?);
            }
        }
        Ok(layer)
    }
}

/// `BlobProto`: a shape, or the four sides of older files, and `float`s or `double`s.
fn blob(field: Field<'_>) -> Result<TensorData, Damage> {
    let (mut shape, mut sides, mut values) = (None, BTreeMap::new(), Vec::new());
    for part in field.message()?.fields() {
        let part = part?;
        match part.number {
            1..=4 => drop(sides.insert(part.number, part.number()?)),
            5 => part.floats(&mut values)?,
            7 => shape = Some(dimensions(part.message()?)?),
            8 => part.doubles(&mut values)?,
            _ => {}
        }
    }
    // num, channels, height, width; what is not written is 0 and means a blob of no numbers.
    let shape = shape.unwrap_or_else(|| (1..=4).map(|side| sides.get(&side).copied().unwrap_or(0)).collect());
    tensor(field, &shape, values)
}

/// `BlobShape`
fn dimensions(message: Message<'_>) -> Result<Vec<u64>, Damage> {
    let mut dimensions = Vec::new();
    for field in message.fields() {
        let field = field?;
        if field.number == 1 {
            field.numbers(&mut dimensions)?;
        }
    }
    Ok(dimensions)
}

/// `values` of the `shape` a file claims for them.
pub(super) fn tensor(field: Field<'_>, shape: &[u64], values: Vec<f32>) -> Result<TensorData, Damage> {
    let elements = shape.iter().try_fold(1u64, |elements, &side| elements.checked_mul(side));
    let too_long = |&side: &u64| side > values.len() as u64;
    if elements != Some(values.len() as u64) || shape.iter().any(too_long) {
        return field.damage(format!("a tensor of shape {shape:?} has {} numbers", values.len()));
    }
    Ok(TensorData::new(values, shape.iter().map(|&side| side as usize).collect::<Vec<_>>()))
}
