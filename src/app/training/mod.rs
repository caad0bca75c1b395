//! Training of networks: its state, its curves and its panel.

mod by_class;
pub mod commands;
pub mod curve_names;
pub mod diagnostics;
#[cfg(test)]
mod fine_tuning_tests;
pub mod held_out;
pub mod interrupted;
#[cfg(test)]
mod network_form_tests;
pub mod old_and_new;
mod outcome_words;
pub mod panel;
pub mod probe_times;
pub mod progress_words;
mod run_curves;
pub mod settings;
pub mod state;
pub mod step_timing;
mod summary;
#[cfg(test)]
pub mod tests;
