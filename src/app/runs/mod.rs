//! Training runs that were made.

pub mod panel;
