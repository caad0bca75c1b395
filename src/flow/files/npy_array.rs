//! Arrays in NumPy's `.npy` files, versions 1 to 3: f32 or f64 in either byte order, C or Fortran order, any shape.
//!
//! Flow fields and score tables are such arrays. A header is checked against the length of the file.

use std::fmt;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::Path;

use crate::atomic;
use crate::error::{self, Error};
use crate::files;

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// NumPy's own limit on the length of a trusted header.
const MAX_HEADER_BYTES: usize = 10_000;

/// Alignment of the data in bytes.
const ALIGNMENT: usize = 64;

/// An array of a `.npy` file.
pub(crate) struct NpyArray {
    header: Header,
    bytes: Vec<u8>,
}

impl NpyArray {
    /// Reads the file at `path` if `check` accepts the array's shape; errors end with `remedy`.
    ///
    /// # Errors
    /// If the file cannot be read, does not hold exactly one such array, or `check` rejects its shape.
    pub fn read(path: &Path, check: impl FnOnce(&Shape) -> Result<(), String>, remedy: &str) -> error::Result<Self> {
        let file = files::open(path).map_err(|error| Error::io(path, &error))?;
        let length = file.metadata().map_err(|error| Error::io(path, &error))?.len();
        Self::read_from(&mut BufReader::new(file), length, check).map_err(|failure| match failure {
            Failure::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Error::file(path, "truncated: it ends within the header", remedy)
            }
            Failure::Io(error) => Error::io(path, &error),
            Failure::Content(cause) => Error::file(path, cause, remedy),
        })
    }

    fn read_from(
        reader: &mut impl Read,
        length: u64,
        check: impl FnOnce(&Shape) -> Result<(), String>,
    ) -> Result<Self, Failure> {
        let (header, header_bytes) = read_header(reader)?;
        let header = Header::parse(&header).map_err(Failure::Content)?;
        check(&header.shape).map_err(Failure::Content)?;
        // Two sides under 2⁶⁴ and 8 bytes a number can exceed 128 bits.
        let numbers = header.shape.0.iter().try_fold(1u128, |product, &side| product.checked_mul(side as u128));
        let expected = numbers
            .and_then(|numbers| numbers.checked_mul(header.scalar.bytes() as u128)?.checked_add(header_bytes as u128));
        if expected != Some(u128::from(length)) {
            let kind =
                if expected.is_some_and(|bytes| bytes < u128::from(length)) { "longer" } else { "truncated: shorter" };
            let shape = &header.shape;
            let cause = format!("{kind} than its header says: an array of shape {shape} does not take {length} bytes");
            return Err(Failure::Content(cause));
        }
        let mut bytes = vec![0; (length - header_bytes as u64) as usize];
        reader.read_exact(&mut bytes)?;
        Ok(Self { header, bytes })
    }

    /// Returns the sides of the array.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape.0
    }

    /// Returns the number at `index`, which has one entry per side; f64 is rounded to f32.
    ///
    /// # Panics
    /// If there is no such number.
    pub fn at(&self, index: &[usize]) -> f32 {
        self.header.scalar.at(&self.bytes, self.header.place(index))
    }
}

/// Writes `values` to the `.npy` file at `path`: little-endian f32 of `shape` in C order, version 1.0.
///
/// # Errors
/// If the folder cannot be written to; an existing file at `path` is left intact.
pub(crate) fn write_array(path: &Path, shape: Shape, values: impl Iterator<Item = f32>) -> error::Result<()> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let unpadded = MAGIC.len() + 4 + header.len() + 1; // version, length, line feed
    let padding = unpadded.next_multiple_of(ALIGNMENT) - unpadded;
    let header = format!("{header}{}\n", " ".repeat(padding));
    atomic::replace(path, |writer| {
        writer.write_all(&MAGIC)?;
        writer.write_all(&[1, 0])?;
        writer.write_all(&(header.len() as u16).to_le_bytes())?;
        writer.write_all(header.as_bytes())?;
        values.map(f32::to_le_bytes).try_for_each(|bytes| writer.write_all(&bytes))
    })
}

/// The sides of an array; displayed as Python's tuple.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape(pub Vec<usize>);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides: Vec<String> = self.0.iter().map(usize::to_string).collect();
        let comma = if sides.len() == 1 { "," } else { "" };
        write!(f, "({}{comma})", sides.join(", "))
    }
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

/// Returns the text of the header, and the bytes up to its end.
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

/// The header of an array.
#[derive(Debug, PartialEq)]
struct Header {
    scalar: Scalar,
    fortran_order: bool,
    shape: Shape,
}

impl Header {
    /// Parses the header, a Python dictionary such as `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }`.
    fn parse(text: &str) -> Result<Self, String> {
        let value = |key: &str| {
            let at = ['\'', '"'].iter().find_map(|quote| text.split_once(&format!("{quote}{key}{quote}")));
            let value = at.and_then(|(_, rest)| rest.trim_start().strip_prefix(':')).map(str::trim_start);
            value.ok_or_else(|| format!("its header has no entry '{key}'"))
        };
        let descr = value("descr")?;
        let scalar = descr.strip_prefix(['\'', '"']).and_then(|descr| descr.split(['\'', '"']).next());
        let of = |text: &str| format!("its numbers are '{text}', neither float32 nor float64");
        let scalar = scalar.ok_or_else(|| of(descr.split(',').next().unwrap_or_default()))?;
        let scalar = Scalar::named(scalar).ok_or_else(|| of(scalar))?;
        let order = value("fortran_order")?;
        let fortran_order = order.starts_with("True");
        if !fortran_order && !order.starts_with("False") {
            return Err("its entry 'fortran_order' is neither True nor False".into());
        }
        let tuple = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (tuple, _) = tuple.ok_or("its entry 'shape' is not a tuple")?;
        let sides = tuple.split(',').map(str::trim).filter(|side| !side.is_empty());
        let sides: Option<Vec<usize>> = sides.map(|side| side.parse().ok()).collect();
        let sides = sides.ok_or_else(|| format!("invalid array shape ({tuple})"))?;
        Ok(Self { scalar, fortran_order, shape: Shape(sides) })
    }

    /// Returns the position of the number at `index` in the data, counted in numbers.
    fn place(&self, index: &[usize]) -> usize {
        let sides = self.shape.0.iter().zip(index);
        let place = |place: usize, (side, index): (&usize, &usize)| place * side + index;
        if self.fortran_order { sides.rev().fold(0, place) } else { sides.fold(0, place) }
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
        let expected = Header { scalar: Scalar::F32Little, fortran_order: false, shape: Shape(vec![2, 3, 4]) };
        for text in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }",
            "{\"shape\":(2,3,4,),\"descr\":\"<f4\",\"fortran_order\":False}",
        ] {
            assert_eq!(Header::parse(text).as_ref(), Ok(&expected), "{text}");
        }
        for (text, cause) in [
            ("", "descr"),
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

    #[test]
    fn shapes_are_written_as_tuples() {
        let text = |sides: &[usize]| Shape(sides.to_vec()).to_string();
        assert_eq!([text(&[]), text(&[3]), text(&[3, 4])], ["()", "(3,)", "(3, 4)"]);
    }
}
