//! Enums whose values are selected by name, in files and on the command line.

use serde::de::value::Error as NamesOnly;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};

/// A type whose values are selected by name.
pub(crate) trait Named: Copy + Send + Sync + 'static {
    /// All values, each with its name and its documentation.
    const CHOICES: &'static [(Self, &'static str, &'static str)];
}

/// Defines an enum with named variants, as in `Fast = "fast"`; the names and the documentation become its
/// [`Named::CHOICES`].
macro_rules! named {
    ($(#[$outer:meta])* pub enum $type:ident {
        $($(#[$($attribute:tt)*])* $variant:ident = $name:literal,)+
    }) => {
        $(#[$outer])*
        pub enum $type {
            $($(#[$($attribute)*])* $variant,)+
        }

        impl $type {
            /// All values.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Returns the name on the command line.
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl $crate::named::Named for $type {
            const CHOICES: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, $name, $crate::named::named!(@text $(#[$($attribute)*])*))),+];
        }
    };
    (@text) => { "" };
    (@text #[doc = $line:literal] $($more:tt)*) => { concat!($line, "\n", $crate::named::named!(@text $($more)*)) };
    (@text #[$($other:tt)*] $($more:tt)*) => { $crate::named::named!(@text $($more)*) };
}
pub(crate) use named;

/// Returns the names of `T` in files: the fields of a struct or the variants of an enum; empty for other types.
pub(crate) fn file_names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // `deserialize` asks for the names and then fails.
    let _ = T::deserialize(NameTaker(&mut names));
    names
}

/// A deserializer that records the requested names and fails.
struct NameTaker<'a>(&'a mut &'static [&'static str]);

impl NameTaker<'_> {
    fn take<T>(self, names: &'static [&'static str]) -> Result<T, NamesOnly> {
        *self.0 = names;
        Err(NamesOnly::custom("names only"))
    }
}

impl<'de> Deserializer<'de> for NameTaker<'_> {
    type Error = NamesOnly;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NamesOnly> {
        self.take(&[])
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, NamesOnly> {
        self.take(fields)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, NamesOnly> {
        self.take(variants)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}
