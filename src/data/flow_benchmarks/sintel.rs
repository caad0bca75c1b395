//! MPI-Sintel: `clean` or `final`, `flow`, `occlusions` and `invalid`, each with a folder per sequence.

use std::path::Path;

use super::layout::{base, entries, existing, name};
use super::{BenchmarkPair, Occlusion};
use crate::error::Result;

/// Returns all pairs of adjacent frames of all sequences.
pub(super) fn pairs(root: &Path, pass: &str) -> Result<Vec<BenchmarkPair>> {
    let Some(root) = base(root, &["training", "test"], pass) else { return Ok(Vec::new()) };
    let mut pairs = Vec::new();
    for sequence in entries(&root.join(pass))?.iter().filter(|path| path.is_dir()) {
        let mut frames = entries(sequence)?;
        frames.retain(|path| name(path).starts_with("frame_") && name(path).ends_with(".png"));
        for adjacent in frames.windows(2) {
            let at = |kind: &str| root.join(kind).join(name(sequence)).join(name(&adjacent[0]));
            pairs.push(BenchmarkPair {
                name: format!("{}/{}", name(sequence), name(&adjacent[0]).trim_end_matches(".png")),
                first: adjacent[0].clone(),
                second: adjacent[1].clone(),
                truth: existing(at("flow").with_extension("flo")),
                occlusion: existing(at("occlusions")).map(Occlusion::Mask),
                invalid: existing(at("invalid")),
            });
        }
    }
    Ok(pairs)
}
