//! The models that come with the program.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::engine::{default_model, dis_model, flow_model, sample_model};

/// Returns the folders of those that are there: the default one, that for flow, that for the sample, and the one on DIS flow. The
/// disk is asked once.
pub fn shipped_models() -> &'static [Option<PathBuf>; 4] {
    static SHIPPED: OnceLock<[Option<PathBuf>; 4]> = OnceLock::new();
    SHIPPED.get_or_init(|| [default_model().ok(), flow_model().ok(), sample_model().ok(), dis_model().ok()])
}
