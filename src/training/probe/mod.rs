//! The linear probe: cached features of clips, and the classifier layers fitted to them.

pub(super) mod feature_cache;
pub(super) mod features;
pub(super) mod linear;
pub(super) mod linear_probe;
pub(super) mod out_of_fold;
pub(super) mod views;
