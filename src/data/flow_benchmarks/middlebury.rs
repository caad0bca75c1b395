//! Middlebury's "other" pairs: `other-data/SCENE/frame10.png`, `frame11.png`, `other-gt-flow/SCENE/flow10.flo`.

use std::path::Path;

use super::BenchmarkPair;
use super::layout::{base, entries, existing, name};
use crate::error::Result;

/// Returns one pair per scene. Scenes that were filmed, not rendered or scanned, have no ground truth.
pub(super) fn pairs(root: &Path) -> Result<Vec<BenchmarkPair>> {
    // The root may be the image folder itself.
    let above = root.parent().filter(|_| name(root) == "other-data");
    let Some(root) = above.map(Into::into).or_else(|| base(root, &[], "other-data")) else { return Ok(Vec::new()) };
    let pair = |scene: &std::path::PathBuf| {
        Some(BenchmarkPair {
            name: name(scene).into(),
            first: existing(scene.join("frame10.png"))?,
            second: scene.join("frame11.png"),
            truth: existing(root.join("other-gt-flow").join(name(scene)).join("flow10.flo")),
            occlusion: None,
            invalid: None,
        })
    };
    Ok(entries(&root.join("other-data"))?.iter().filter_map(pair).collect())
}
