//! Every command of the window, declared once by its feature: menus, buttons, the palette, the F1 list and the keys all
//! use these declarations.

pub mod answers;
pub mod button;
pub mod conditions;
mod group;
mod id;
pub mod keymap;
mod keys;
pub mod outputs;
#[cfg(test)]
mod outputs_tests;
pub mod prompt;
mod registry;
#[cfg(test)]
mod registry_tests;
mod retyped;
pub mod spec;

pub use group::Group;
pub use id::Command;
pub(super) use keys::{KeyPress, keys_text, take_digits_by_place};
