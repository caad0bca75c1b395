//! The Protocol Buffers wire format: numbered fields, read without a schema and without trusting lengths.
//!
//! Nothing is copied here; every slice lies within the file, so that no header can ask for more memory than the file
//! has.

use std::fmt;

/// A fault in a file, with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    /// Byte of the file.
    pub offset: usize,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.offset)
    }
}

/// The bytes of a message, or of a string or packed numbers: on the wire they look alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// The bytes themselves.
    pub bytes: &'a [u8],
    /// Where they begin in the file.
    pub offset: usize,
}

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// A whole number of any sort.
    Varint(u64),
    /// A `double`, or eight bytes of another sort.
    Fixed64([u8; 8]),
    /// A message, a string, bytes or packed numbers.
    Bytes(Message<'a>),
    /// A `float`, or four bytes of another sort.
    Fixed32([u8; 4]),
}

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// Its number in the schema.
    pub number: u64,
    /// Its value.
    pub value: Value<'a>,
    /// Where it begins in the file.
    pub offset: usize,
}

impl<'a> Message<'a> {
    /// Returns a whole file.
    pub fn file(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Returns its fields in the order of the file; the first damage ends them.
    pub fn fields(self) -> Fields<'a> {
        Fields { message: self, at: 0 }
    }

    /// Returns an error at the beginning of this message.
    pub fn damage<T>(self, what: impl Into<String>) -> Result<T, Damage> {
        Err(Damage { offset: self.offset, what: what.into() })
    }

    /// Returns the message as text.
    pub fn text(self) -> Result<&'a str, Damage> {
        std::str::from_utf8(self.bytes).or_else(|_| self.damage("a name is not text"))
    }

    /// Packed whole numbers.
    pub fn varints(self) -> Result<Vec<u64>, Damage> {
        let mut fields = self.fields();
        let mut numbers = Vec::new();
        while fields.at < self.bytes.len() {
            numbers.push(fields.varint()?);
        }
        Ok(numbers)
    }

    /// Returns the message as numbers of `N` bytes each.
    pub fn chunks<const N: usize>(self) -> Result<&'a [[u8; N]], Damage> {
        match self.bytes.as_chunks() {
            (chunks, []) => Ok(chunks),
            _ => self.damage(format!("{} bytes are not numbers of {N} bytes each", self.bytes.len())),
        }
    }
}

impl<'a> Field<'a> {
    /// Returns an error at this field.
    pub fn damage<T>(self, what: impl Into<String>) -> Result<T, Damage> {
        Err(Damage { offset: self.offset, what: what.into() })
    }

    /// Returns a field that must be a message, a string or bytes.
    pub fn message(self) -> Result<Message<'a>, Damage> {
        match self.value {
            Value::Bytes(message) => Ok(message),
            _ => self.damage(format!("field {} is a number", self.number)),
        }
    }

    /// Returns a field that must be a whole number.
    pub fn number(self) -> Result<u64, Damage> {
        match self.value {
            Value::Varint(number) => Ok(number),
            _ => self.damage(format!("field {} is not a whole number", self.number)),
        }
    }

    /// One or several whole numbers, packed or not, added to `numbers`.
    pub fn numbers(self, numbers: &mut Vec<u64>) -> Result<(), Damage> {
        match self.value {
            Value::Varint(number) => numbers.push(number),
            Value::Bytes(packed) => numbers.extend(packed.varints()?),
            _ => return self.damage(format!("field {} does not hold whole numbers", self.number)),
        }
        Ok(())
    }

    /// One or several `float`s, packed or not, added to `values`.
    pub fn floats(self, values: &mut Vec<f32>) -> Result<(), Damage> {
        match self.value {
            Value::Fixed32(bytes) => values.push(f32::from_le_bytes(bytes)),
            Value::Bytes(packed) => values.extend(packed.chunks()?.iter().map(|&bytes| f32::from_le_bytes(bytes))),
            _ => return self.damage(format!("field {} does not hold floats", self.number)),
        }
        Ok(())
    }

    /// One or several `double`s, packed or not, added to `values`.
    pub fn doubles(self, values: &mut Vec<f32>) -> Result<(), Damage> {
        match self.value {
            Value::Fixed64(bytes) => values.push(f64::from_le_bytes(bytes) as f32),
            Value::Bytes(packed) => {
                values.extend(packed.chunks()?.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32));
            }
            _ => return self.damage(format!("field {} does not hold doubles", self.number)),
        }
        Ok(())
    }
}

/// A walk through the fields of a message.
pub(super) struct Fields<'a> {
    message: Message<'a>,
    at: usize,
}

impl<'a> Fields<'a> {
    fn damage<T>(&self, what: impl Into<String>) -> Result<T, Damage> {
        Err(Damage { offset: self.message.offset + self.at, what: what.into() })
    }

    fn take(&mut self, length: u64) -> Result<Message<'a>, Damage> {
        let rest = &self.message.bytes[self.at..];
        let Some(bytes) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else {
            return self.damage(format!("{length} bytes are announced where {} are left", rest.len()));
        };
        let taken = Message { bytes, offset: self.message.offset + self.at };
        self.at += bytes.len();
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let taken = self.take(N as u64)?;
        Ok(taken.chunks()?[0])
    }

    fn varint(&mut self) -> Result<u64, Damage> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        self.damage("a number has no end")
    }

    fn field(&mut self) -> Result<Field<'a>, Damage> {
        let offset = self.message.offset + self.at;
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed()?),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(self.fixed()?),
            other => return Err(Damage { offset, what: format!("a field has the unknown wire type {other}") }),
        };
        Ok(Field { number: key >> 3, value, offset })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.message.bytes.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.at = self.message.bytes.len();
        }
        Some(field)
    }
}
