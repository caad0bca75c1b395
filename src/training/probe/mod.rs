//! The linear probe: features of clips, kept on disk, and the last layers that are fitted to them.

pub(super) mod feature_cache;
pub(super) mod features;
pub(super) mod linear;
pub(super) mod linear_probe;
pub(super) mod out_of_fold;
pub(super) mod views;
