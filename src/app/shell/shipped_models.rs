//! The models that come with the program.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::engine::{default_model, flow_model, sample_model};

/// Returns the folders of those that are there: the default one, that for flow, and that for the sample. The disk is asked once.
pub fn shipped_models() -> &'static [Option<PathBuf>; 3] {
    static SHIPPED: OnceLock<[Option<PathBuf>; 3]> = OnceLock::new();
    SHIPPED.get_or_init(|| [default_model().ok(), flow_model().ok(), sample_model().ok()])
}
