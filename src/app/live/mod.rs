//! A camera or a stream as it happens: its state, its commands and its panel.

pub mod commands;
pub mod events;
mod latency;
pub mod panel;
pub mod settings;
pub mod stage;
pub mod state;
#[cfg(test)]
pub mod tests;
