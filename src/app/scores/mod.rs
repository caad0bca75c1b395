//! The classes that the streams recognise: in the current window, and in windows all over the clip.

mod clip_answer;
pub mod commands;
pub mod panel;
pub mod state;
#[cfg(test)]
mod tests;
