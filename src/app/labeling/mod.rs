//! The labelling project: its state, its commands and its panel.

mod actions;
pub mod chip;
#[cfg(test)]
mod class_tests;
pub mod commands;
pub mod folder_offer;
#[cfg(test)]
mod folder_tests;
pub mod held;
mod hold;
pub mod import_export;
mod opening;
pub mod panel;
pub mod probe_queue;
pub mod project_opener;
#[cfg(test)]
mod project_tests;
mod rereading;
#[cfg(test)]
mod segment_tests;
mod selection;
pub mod settings;
pub mod state;
#[cfg(test)]
mod suggestion_tests;
pub mod suggestions;
#[cfg(test)]
pub mod tests;
pub mod thumbnails;
pub mod trouble;
pub mod video_list;
pub mod video_searches;
