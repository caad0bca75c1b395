//! Evaluation of a model on labelled clips: state, settings and panel.

pub mod commands;
pub mod panel;
pub mod settings;
pub mod state;
#[cfg(test)]
pub mod tests;
