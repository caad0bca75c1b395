//! Stored predictions of the open clip: its predicted bouts below the labels, adjusted, accepted and rejected.

mod actions;
pub mod commands;
mod files;
pub mod panel;
pub mod review;
pub mod settings;
pub mod state;
#[cfg(test)]
mod tests;
