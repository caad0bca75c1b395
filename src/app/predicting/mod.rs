//! Predictions of videos as files, computed in the background: what `motionscope predict` does.

pub mod commands;
pub mod form;
pub mod settings;
pub mod state;
#[cfg(test)]
mod tests;
