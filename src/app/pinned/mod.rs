//! Pinned frames under several models: their state and their panel.

pub mod commands;
pub mod panel;
pub mod state;
