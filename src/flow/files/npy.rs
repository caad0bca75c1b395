//! NumPy's `.npy` files, versions 1 to 3: f32 or f64 in either byte order, C or Fortran order, [2, h, w] or [h, w, 2].

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::Path;

use super::{FlowField, atomic, picture_size};
use crate::error::{self, Error};

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// NumPy's own bound on the length of a header that is to be trusted.
const MAX_HEADER_BYTES: usize = 10_000;

/// What the data begin at a multiple of.
const ALIGNMENT: usize = 64;

const REMEDY: &str =
    "Save a float32 or float64 array of shape (2, height, width) or (height, width, 2) with numpy.save";

/// Reads the flow in the `.npy` file at `path`: an array [2, h, w] or [h, w, 2] of u and v in pixels.
///
/// An array [2, h, 2] is taken as two planes of width 2.
///
/// # Errors
/// If the file cannot be read, or does not hold exactly one such array.
pub fn read_npy(path: &Path) -> error::Result<FlowField> {
    let file = File::open(path).map_err(|error| Error::io(path, &error))?;
    let length = file.metadata().map_err(|error| Error::io(path, &error))?.len();
    read_array(&mut BufReader::new(file), length).map_err(|failure| match failure {
        Failure::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Error::file(path, "truncated: it ends within the header", REMEDY)
        }
        Failure::Io(error) => Error::io(path, &error),
        Failure::Content(cause) => Error::file(path, cause, REMEDY),
    })
}

/// Writes `field` to the `.npy` file at `path`: little-endian f32 [2, h, w] in C order, version 1.0.
///
/// # Errors
/// If the folder cannot be written to, or the field is empty.
pub fn write_npy(path: &Path, field: &FlowField) -> error::Result<()> {
    let [width, height] = picture_size(path, field)?;
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (2, {height}, {width}), }}");
    let unpadded = MAGIC.len() + 4 + header.len() + 1; // version, length, line feed
    let padding = unpadded.next_multiple_of(ALIGNMENT) - unpadded;
    let header = format!("{header}{}\n", " ".repeat(padding));
    atomic::replace(path, |writer| {
        writer.write_all(&MAGIC)?;
        writer.write_all(&[1, 0])?;
        writer.write_all(&(header.len() as u16).to_le_bytes())?;
        writer.write_all(header.as_bytes())?;
        let planes = [0, 1].into_iter().flat_map(|component| field.uv.iter().map(move |uv| uv[component]));
        planes.map(f32::to_le_bytes).try_for_each(|bytes| writer.write_all(&bytes))
    })
}

enum Failure {
    Io(std::io::Error),
    Content(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

fn read_array(reader: &mut impl Read, length: u64) -> Result<FlowField, Failure> {
    let (header, header_bytes) = read_header(reader)?;
    let header = Header::parse(&header).map_err(Failure::Content)?;
    let [width, height] = header.size().map_err(Failure::Content)?;
    // Two sides under 2⁶⁴ and 16 bytes a vector can exceed 128 bits.
    let expected = (width as u128)
        .checked_mul(height as u128)
        .and_then(|vectors| vectors.checked_mul(2 * header.scalar.bytes() as u128)?.checked_add(header_bytes as u128));
    if expected != Some(u128::from(length)) {
        let kind =
            if expected.is_some_and(|bytes| bytes < u128::from(length)) { "longer" } else { "truncated: shorter" };
        let cause = format!("{kind} than its header says: a {width}×{height} field does not take {length} bytes");
        return Err(Failure::Content(cause));
    }
    let mut bytes = vec![0; (length - header_bytes as u64) as usize];
    reader.read_exact(&mut bytes)?;
    let vectors = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let component = |c: usize, x: usize, y: usize| header.scalar.at(&bytes, header.index(c, x, y));
    let uv = vectors.map(|(x, y)| [component(0, x, y), component(1, x, y)]).collect();
    Ok(FlowField::new(width, height, uv))
}

/// The text of the header, and the bytes up to its end.
fn read_header(reader: &mut impl Read) -> Result<(String, usize), Failure> {
    let mut start = [0; 8];
    reader.read_exact(&mut start)?;
    if start[..6] != MAGIC {
        return Err(Failure::Content("not a .npy file: it does not begin with NumPy's tag".into()));
    }
    let (length, field_bytes) = match start[6] {
        1 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length)?;
            (usize::from(u16::from_le_bytes(length)), length.len())
        }
        2 | 3 => {
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            (u32::from_le_bytes(length) as usize, length.len())
        }
        version => return Err(Failure::Content(format!("version {version} of the format is unknown"))),
    };
    if length > MAX_HEADER_BYTES {
        return Err(Failure::Content(format!("a header of {length} bytes is none of NumPy's")));
    }
    let mut header = vec![0; length];
    reader.read_exact(&mut header)?;
    Ok((String::from_utf8_lossy(&header).into_owned(), start.len() + field_bytes + length))
}

/// How the array is stored.
#[derive(Debug, PartialEq)]
struct Header {
    scalar: Scalar,
    fortran_order: bool,
    shape: [usize; 3],
}

impl Header {
    /// Reads the Python dictionary that `text` is, such as `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }`.
    fn parse(text: &str) -> Result<Self, String> {
        let value = |key: &str| {
            let at = ['\'', '"'].iter().find_map(|quote| text.split_once(&format!("{quote}{key}{quote}")));
            let value = at.and_then(|(_, rest)| rest.trim_start().strip_prefix(':')).map(str::trim_start);
            value.ok_or_else(|| format!("its header has no entry '{key}'"))
        };
        let descr = value("descr")?;
        let scalar = descr.strip_prefix(['\'', '"']).and_then(|descr| descr.split(['\'', '"']).next());
        let scalar = scalar.and_then(Scalar::named).ok_or("its numbers are neither float32 nor float64")?;
        let order = value("fortran_order")?;
        let fortran_order = order.starts_with("True");
        if !fortran_order && !order.starts_with("False") {
            return Err("its entry 'fortran_order' is neither True nor False".into());
        }
        let tuple = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (tuple, _) = tuple.ok_or("its entry 'shape' is not a tuple")?;
        let sides: Option<Vec<usize>> =
            tuple.trim_end().trim_end_matches(',').split(',').map(|side| side.trim().parse().ok()).collect();
        let shape = sides.and_then(|sides| <[usize; 3]>::try_from(sides).ok());
        Ok(Self {
            scalar,
            fortran_order,
            shape: shape.ok_or(format!("its shape is ({tuple}), which is no flow field"))?,
        })
    }

    /// Width and height, both at least 1.
    fn size(&self) -> Result<[usize; 2], String> {
        match self.shape {
            [2, height, width] | [height, width, 2] if width > 0 && height > 0 => Ok([width, height]),
            [a, b, c] => Err(format!("its shape is ({a}, {b}, {c}), which is no flow field")),
        }
    }

    /// Where component `c` of the vector in column `x` and row `y` stands among the numbers.
    fn index(&self, c: usize, x: usize, y: usize) -> usize {
        let [i, j, k] = if self.shape[0] == 2 { [c, y, x] } else { [y, x, c] };
        let [a, b, d] = self.shape;
        if self.fortran_order { i + a * (j + b * k) } else { (i * b + j) * d + k }
    }
}

/// Kind of number and byte order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scalar {
    F32Little,
    F32Big,
    F64Little,
    F64Big,
}

impl Scalar {
    fn named(descr: &str) -> Option<Self> {
        Some(match descr {
            "<f4" => Self::F32Little,
            ">f4" => Self::F32Big,
            "<f8" => Self::F64Little,
            ">f8" => Self::F64Big,
            _ => return None,
        })
    }

    fn bytes(self) -> usize {
        match self {
            Self::F32Little | Self::F32Big => 4,
            Self::F64Little | Self::F64Big => 8,
        }
    }

    /// Number `index` of `bytes`.
    fn at(self, bytes: &[u8], index: usize) -> f32 {
        let at = index * self.bytes();
        let single = || bytes[at..at + 4].try_into().expect("four bytes");
        let double = || bytes[at..at + 8].try_into().expect("eight bytes");
        match self {
            Self::F32Little => f32::from_le_bytes(single()),
            Self::F32Big => f32::from_be_bytes(single()),
            Self::F64Little => f64::from_le_bytes(double()) as f32,
            Self::F64Big => f64::from_be_bytes(double()) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_numpy_and_others_write_them() {
        let expected = Header { scalar: Scalar::F32Little, fortran_order: false, shape: [2, 3, 4] };
        for text in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }",
            "{\"shape\":(2,3,4,),\"descr\":\"<f4\",\"fortran_order\":False}",
        ] {
            assert_eq!(Header::parse(text).as_ref(), Ok(&expected), "{text}");
        }
        for (text, cause) in [
            ("", "descr"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", "shape"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3, 4)}", "shape"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 99999999999999999999999)}", "shape"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4", "tuple"),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3, 4)}", "fortran_order"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3, 4)}", "float32"),
            ("{'descr': [('u', '<f4')], 'fortran_order': False, 'shape': (2, 3, 4)}", "float32"),
        ] {
            assert!(Header::parse(text).is_err_and(|error| error.contains(cause)), "{text}");
        }
    }
}
