//! A model against labelled clips: its state, its settings and its panel.

pub mod commands;
pub mod panel;
pub mod settings;
pub mod state;
#[cfg(test)]
pub mod tests;
