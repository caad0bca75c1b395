//! The flow laboratory: flows of the same pair of frames from several sources, side by side, with everything that
//! the unsupervised loss makes of them.
//!
//! The window sends [`LaboratorySettings`]; each source follows the player on its own thread and leaves its newest
//! [`SourceFlow`] in a slot. A further thread looks at these flows and leaves an [`Inspection`] of each.

//!
//! Read the seam in `clip_source` first, then one source, then the thread that runs it.

mod benchmark;
mod clip_pairs;
mod clip_source;
mod codec_source;
mod export;
mod inspector;
#[allow(clippy::module_inception)] // The file is named after the type that it holds.
mod laboratory;
mod measure;
mod network_source;
mod open;
mod results;
mod settings;
mod slots;
mod source_thread;
mod truth_source;
mod tvl1_source;
mod wishes;

pub(super) use laboratory::{Laboratory, start_inspector};
pub use results::{ClipMeasure, FlowStatistics, FlowStrip, Inspection, ScalarMap, SourceFlow, TemporalInput};
pub use settings::{FlowSource, LaboratorySettings, MAX_STRIDE};
pub(super) use slots::{LaboratorySlots, WindowFlows};
pub(super) use wishes::SharedWishes;
