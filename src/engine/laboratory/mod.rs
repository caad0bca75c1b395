//! The flow laboratory: flows of the same pair of frames from several sources, side by side, with everything that
//! the unsupervised loss makes of them.
//!
//! The window sends [`LaboratorySettings`]; each source follows the player on its own thread and leaves its newest
//! [`SourceFlow`] in a slot. A further thread looks at these flows and leaves an [`Inspection`] of each.

mod results;
mod settings;
mod slots;

pub use results::{ClipMeasure, FlowStatistics, FlowStrip, Inspection, ScalarMap, SourceFlow, TemporalInput};
pub use settings::{FlowSource, LaboratorySettings, MAX_STRIDE};
pub(super) use slots::LaboratorySlots;
