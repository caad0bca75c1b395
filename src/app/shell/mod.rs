//! The window around the panels: dock, menu, status bar, dialogs over the panels, and the log.

mod about;
pub mod busy_window;
mod cancelling;
pub mod commands;
mod completion;
pub mod crash_offer;
pub mod dock;
pub mod drop_hint;
pub mod dropping;
pub mod first_steps;
pub mod first_steps_panel;
mod help;
pub mod jobs;
mod keyboard;
pub mod log;
pub mod log_panel;
mod manual;
pub mod menu;
#[cfg(test)]
mod menu_tests;
mod model_loading;
pub mod new_folder;
mod next_start;
#[cfg(test)]
mod next_start_tests;
pub mod notice;
pub mod opener;
mod outcome;
pub mod overlay;
pub mod palette;
pub mod quitting;
pub mod repaint;
pub mod repaint_log;
pub mod replacement;
mod sample;
pub mod shipped_models;
pub mod shortcuts;
pub mod status_bar;
#[cfg(test)]
mod tests;
pub mod topic;
#[cfg(test)]
mod typing_tests;
pub mod underway;
pub mod unsaved;
#[cfg(test)]
mod waiting_tests;
pub mod welcome;
