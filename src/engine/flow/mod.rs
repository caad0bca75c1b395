//! Flow comparison: flows of the same pair of frames from several sources, side by side, with all terms of the
//! unsupervised loss.
//!
//! The window sends [`FlowSettings`]; each source follows the player on its own thread and stores its newest
//! [`SourceFlow`] in a slot. Another thread computes [`FlowDiagnostics`] of each flow.
//!
//! Read the trait in `source` first, then one source, then the thread that runs it.

mod benchmark;
mod clip_motion;
mod clip_pairs;
mod codec;
mod comparison;
mod desired;
mod diagnostics;
mod dis;
mod draft_size;
mod export;
mod ground_truth;
mod latest_flows;
mod measure;
mod network;
mod open;
mod results;
mod settings;
mod source;
mod thread;
mod tvl1;

pub(super) use comparison::{ComparisonThread, start_diagnostics};
pub(super) use desired::SharedDesiredFlows;
pub(super) use latest_flows::{LatestFlows, WindowFlows};
pub use results::{
    ClipMeasure, FlowBasis, FlowDiagnostics, FlowStack, FlowStatistics, ScalarMap, SourceFlow, TemporalInput,
};
pub use settings::{FlowSettings, FlowSource, MAX_STRIDE};
