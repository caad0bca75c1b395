//! FlyingChairs: `00001_img1.ppm`, `00001_img2.ppm` and `00001_flow.flo` in one folder.

use std::path::{Path, PathBuf};

use super::BenchmarkPair;
use super::layout::{entries, existing, name};
use crate::error::Result;

pub(super) fn pairs(root: &Path) -> Result<Vec<BenchmarkPair>> {
    let inside = root.join("data");
    let folder = if inside.is_dir() { inside } else { root.into() };
    let pair = |first: &PathBuf| {
        let number = name(first).strip_suffix("_img1.ppm")?;
        Some(BenchmarkPair {
            name: number.into(),
            first: first.clone(),
            second: first.with_file_name(format!("{number}_img2.ppm")),
            truth: existing(first.with_file_name(format!("{number}_flow.flo"))),
            occlusion: None,
            invalid: None,
        })
    };
    Ok(entries(&folder)?.iter().filter_map(pair).collect())
}
