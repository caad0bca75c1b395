//! Labelling projects: labels of videos, stored so that nothing is lost.
//!
//! In the order in which data flows: a [`Document`] holds [classes](Class) and [videos](Video) with their
//! [segments](Segment). [`edits`] and [`bout_edits`] are the ways to change it, each a [`Step`] that carries the whole
//! new value of each change. Applying a step returns its inverse, which undo uses, and steps are idempotent, which the
//! journal relies on. A [`Project`] is a document on disk with both; [`formats`] export and import labels.

pub mod bout_edits;
mod class;
#[cfg(test)]
mod clip_edits_tests;
mod disk;
mod document;
pub mod edits;
pub mod formats;
mod hash;
mod history;
#[cfg(test)]
mod history_tests;
mod journal;
mod lock;
#[cfg(test)]
mod locked_tests;
mod manifest;
pub mod media_scan;
mod project;
#[cfg(test)]
mod project_tests;
#[cfg(test)]
mod random_edits;
mod saving;
mod settings;
mod sidecar;
mod step;
mod stored_path;
mod syncer;
pub mod times;
mod undo;
mod video;

pub use bout_edits::PredictedBout;
pub use class::{CLASS_COLORS, Class, ClassId};
pub use document::Document;
pub use project::{LockedLabels, Opened, Project, ReadLabels, Reread};
pub use settings::Settings;
pub use step::{Change, Step};
pub use stored_path::StoredPath;
pub use undo::PastStep;
pub use video::{Facts, Label, RejectedBout, Segment, SegmentId, Video, VideoId};
