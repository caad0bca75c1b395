//! Everything that runs while a person watches: named threads behind one handle, requests in, messages out.
//!
//! The window talks to an [`Engine`]; the command line uses the [`Recogniser`] directly, on its own thread.

mod analysis;
mod message;

pub use analysis::{Analysis, FlowView, Scores, Timing};
pub use message::{FlowSelection, Message, ModelInfo, Request};
