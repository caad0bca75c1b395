//! Past training runs.

pub mod commands;
pub mod panel;
