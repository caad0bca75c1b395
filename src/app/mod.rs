//! The window: one of the two consumers of the engine's messages (the other is the command line).
//!
//! [`App`] receives in `logic` and draws in `ui`. What it knows is in a `session::Session`, what it can do in
//! [`Command`]; the `panels` read the first and ask for the second. Nothing here computes: requests go to
//! the engine's threads, and the window repaints only when one of them has news or a person acts.

#[allow(clippy::module_inception)] // The file is named after the type that it holds.
mod app;
mod browser;
mod cluster;
mod command;
mod environment;
mod evaluation;
mod flow;
mod labeling;
mod layout;
mod live;
mod panel;
mod panels;
mod pinned;
mod predicting;
mod predictions;
mod runs;
mod scores;
mod session;
mod settings;
mod shell;
mod startup;
mod tasks;
mod training;
mod ui;
mod viewer;

pub use app::App;
pub use command::Command;
pub use environment::{Options, cache_dir, state_dir};
pub use shell::busy_window::{BusyState, BusyWindow, RepaintCost};
pub use shell::quitting::quit;
pub use shell::repaint::{Repaints, measure_repaints};
pub(crate) use startup::icon;
pub use startup::run;
pub use training::state::TrainingPhase;
