//! Training runs that were made.

pub mod commands;
pub mod panel;
