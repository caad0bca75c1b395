//! The look of the window and the pieces that panels are made of; nothing here knows a feature.

pub mod confusion_matrix;
pub mod curves;
pub mod format;
pub mod icon;
pub mod off_screen;
pub mod progress;
pub mod theme;
pub mod widgets;
