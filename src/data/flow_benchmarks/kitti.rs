//! KITTI 2012 and 2015: `000000_10.png` and `000000_11.png` in a folder of images, `flow_occ` and `flow_noc` beside it.

use std::path::{Path, PathBuf};

use super::layout::{base, entries, existing, name};
use super::{BenchmarkPair, Occlusion};
use crate::error::Result;

/// Returns frames 10 and 11 of every drive. `cameras` are the names of the folder of pictures, the preferred one first.
pub(super) fn pairs(root: &Path, cameras: &[&str]) -> Result<Vec<BenchmarkPair>> {
    let located = |camera: &&str| base(root, &["training", "testing"], camera).map(|root| (root.join(camera), root));
    let Some((pictures, root)) = cameras.iter().find_map(located) else { return Ok(Vec::new()) };
    let pair = |first: &PathBuf| {
        let drive = name(first).strip_suffix("_10.png")?;
        let flow = |kind: &str| existing(root.join(kind).join(name(first)));
        Some(BenchmarkPair {
            name: drive.into(),
            first: first.clone(),
            second: first.with_file_name(format!("{drive}_11.png")),
            truth: flow("flow_occ"),
            occlusion: flow("flow_noc").map(Occlusion::VisibleFlow),
            invalid: None,
        })
    };
    Ok(entries(&pictures)?.iter().filter_map(pair).collect())
}
