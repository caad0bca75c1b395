//! Predictions of videos as files, computed in the background: what `motionscope predict` does.

pub mod commands;
pub mod form;
mod outcome;
pub mod settings;
pub mod state;
#[cfg(test)]
mod tests;
