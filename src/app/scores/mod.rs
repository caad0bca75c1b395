//! The classes that the streams recognise.

pub mod panel;
