//! The types of descriptors.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// Orientations of a histogram: bin k is at k · 45°.
pub(super) const ORIENTATIONS: usize = 8;

/// Cells of a patch within a slice: 2 × 2.
pub(super) const CELLS: usize = 4;
/// Slices of a patch in time.
pub(super) const SLICES: usize = 3;

named! {
    /// A descriptor type; each has its own mixture and Fisher vectors.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum DescriptorKind {
        /// Gradients of the grey image.
        Hog = "hog",
        /// Motion vectors, with a bin for zero motion.
        Hof = "hof",
        /// Gradients of the horizontal component of the motion.
        MbhX = "mbhx",
        /// Gradients of the vertical component of the motion.
        MbhY = "mbhy",
    }
}

impl DescriptorKind {
    /// Returns the number of bins of a cell's histogram.
    pub fn bins(self) -> usize {
        if self == Self::Hof { ORIENTATIONS + 1 } else { ORIENTATIONS }
    }

    /// Returns the length of a descriptor: bins × 2×2 cells × 3 slices, 108 for HOF and 96 for the others.
    pub fn length(self) -> usize {
        self.bins() * CELLS * SLICES
    }
}

named! {
    /// Groups of descriptors, as selected by users.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DescriptorGroup {
        /// Histograms of motion vectors.
        Hof = "hof",
        /// Histograms of motion boundaries, horizontal and vertical.
        Mbh = "mbh",
        /// Histograms of image gradients; requires decoding of the frames.
        Hog = "hog",
    }
}

impl DescriptorGroup {
    /// Returns the types of all `groups`, each once and in the order of [`DescriptorKind::ALL`].
    pub fn kinds(groups: &[Self]) -> Vec<DescriptorKind> {
        let group = |kind: DescriptorKind| match kind {
            DescriptorKind::Hog => Self::Hog,
            DescriptorKind::Hof => Self::Hof,
            DescriptorKind::MbhX | DescriptorKind::MbhY => Self::Mbh,
        };
        DescriptorKind::ALL.into_iter().filter(|kind| groups.contains(&group(*kind))).collect()
    }
}
