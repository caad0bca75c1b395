//! Training of networks: its state, its curves and its panel.

pub mod commands;
pub mod diagnostics;
#[cfg(test)]
mod fine_tuning_tests;
pub mod panel;
pub mod settings;
pub mod state;
#[cfg(test)]
pub mod tests;
