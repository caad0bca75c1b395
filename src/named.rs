//! Values that are chosen by name, in files and on the command line.

/// A value that is chosen by name.
pub(crate) trait Named: Copy + Send + Sync + 'static {
    /// All values, each with its name and its documentation.
    const CHOICES: &'static [(Self, &'static str, &'static str)];
}

/// Defines an enum whose variants have names, as in `Fast = "fast"`: they are its [`Named::CHOICES`] with their documentation.
macro_rules! named {
    ($(#[$outer:meta])* pub enum $type:ident {
        $($(#[$($attribute:tt)*])* $variant:ident = $name:literal,)+
    }) => {
        $(#[$outer])*
        pub enum $type {
            $($(#[$($attribute)*])* $variant,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Returns its name on the command line.
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
