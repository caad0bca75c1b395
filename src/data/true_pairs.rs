//! Image pairs with true flow for training, from the folders of benchmarks.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use image::RgbImage;
use image::imageops::{FilterType, resize};
use rand::Rng;

use super::augmentation::{Crop, FlowMap};
use super::flow_benchmarks::{BenchmarkPair, LoadedPair};
use super::listing::{Listing, ListingPlace, ListingRow};
use super::memory_budget::{MemoryBudget, Share};
use super::pair_augmentation::augmented;
use super::{LabelledClip, PairAugmentation, PairSource};
use crate::error::{Error, Result};
use crate::flow::FlowField;
use crate::video::Geometry;

/// The only class of pairs, which have no labels.
const CLASS: &str = "pair";
/// Minimum share of known flow around a pixel for its flow to be known.
const LEAST_KNOWN: f32 = 0.99;

/// Lists the pairs of `source` with public flow, each as a clip with the path of its first image.
///
/// # Errors
/// If the folder contains no pair, or none with ground-truth flow.
pub(super) fn read(source: &PairSource) -> Result<Listing> {
    let row = |pair: BenchmarkPair| ListingRow {
        place: ListingPlace { file: Arc::from(pair.first.as_path()), within: None },
        // Neighbouring frames of a sequence are too similar to be in both training and validation.
        clip: LabelledClip {
            group: pair.name.rsplit_once('/').map(|(sequence, _)| sequence.to_owned()),
            path: pair.first,
            label: 0,
            segment_secs: None,
            also: Vec::new(),
        },
        frames: Some(2),
    };
    let rows = with_truth(source)?.into_iter().map(row).collect();
    Ok(Listing { classes: vec![CLASS.into()], rows, ..Listing::default() })
}

/// Returns the pairs of `source` with public flow.
fn with_truth(source: &PairSource) -> Result<Vec<BenchmarkPair>> {
    let mut pairs = source.benchmark.pairs(&source.root)?;
    pairs.retain(|pair| pair.truth.is_some());
    if pairs.is_empty() {
        let cause = format!("no pair of {} here has true flow", source.benchmark.title());
        return Err(Error::file(&source.root, cause, "Choose the part of the benchmark that has it"));
    }
    Ok(pairs)
}

/// A pair with its ground-truth flow, scaled to a run's frame size.
#[derive(Debug)]
pub struct TruePair {
    /// Both images.
    pub pictures: [Arc<RgbImage>; 2],
    /// Planes u and v in pixels of these, 0 where unknown, and the plane of known pixels.
    planes: Vec<f32>,
}

impl TruePair {
    fn of(loaded: LoadedPair, size: Geometry) -> Option<Self> {
        let truth = loaded.truth?;
        let mut flow = truth.flow;
        if let Some(valid) = truth.valid {
            flow.uv.iter_mut().zip(valid).filter(|(_, valid)| !valid).for_each(|(uv, _)| *uv = FlowField::UNKNOWN);
        }
        let flow = flow.resized(size.width as usize, size.height as usize);
        let known = |uv: &[f32; 2]| FlowField::is_known(*uv);
        let component = |index: usize| flow.uv.iter().map(move |uv| if known(uv) { uv[index] } else { 0.0 });
        let is_known = flow.uv.iter().map(|uv| f32::from(u8::from(known(uv))));
        let planes = component(0).chain(component(1)).chain(is_known).collect();
        let fitted = |picture: RgbImage| match picture.dimensions() == (size.width, size.height) {
            true => Arc::new(picture),
            false => Arc::new(resize(&picture, size.width, size.height, FilterType::Triangle)),
        };
        Some(Self { pictures: [loaded.first, loaded.second].map(fitted), planes })
    }

    /// Returns the pair with its flow, randomly augmented as in the published training.
    pub fn augmented(&self, rng: &mut impl Rng) -> Self {
        let [first, second] = &self.pictures;
        let (pictures, planes) = augmented([first, second], &self.planes, rng);
        Self { pictures: pictures.map(Arc::new), planes }
    }

    /// Appends the planes u and v of the flow inside `crop`, a crop of frames of size `frame`, in pixels of the crop
    /// scaled to
    /// `size`; NaN where unknown.
    pub fn append_flow(&self, crop: &Crop, frame: Geometry, size: Geometry, planes: &mut Vec<f32>) {
        let [width, height] = [frame.width, frame.height].map(|side| side as usize);
        let start = planes.len();
        let map = FlowMap { uv: &self.planes, width, height, cells_from_px: 1.0 };
        crop.append_weighted_flow(map, size, planes);
        let area = (size.width * size.height) as usize;
        let known = planes.split_off(start + 2 * area);
        for plane in planes[start..].chunks_mut(area) {
            let unknown = plane.iter_mut().zip(&known).filter(|(_, known)| **known < LEAST_KNOWN);
            unknown.for_each(|(value, _)| *value = f32::NAN);
        }
    }
}

/// The pairs of a run, read on demand by any thread and kept while memory lasts.
pub struct TruePairs {
    pairs: HashMap<PathBuf, BenchmarkPair>,
    size: Geometry,
    augmentation: PairAugmentation,
    memory: Share,
    kept: Mutex<HashMap<PathBuf, Arc<TruePair>>>,
}

impl TruePairs {
    /// Creates the set of pairs of `sources`, to be scaled to `size`.
    ///
    /// # Errors
    /// The same as for the list of their clips.
    pub fn new<'s>(sources: impl IntoIterator<Item = &'s PairSource>, size: Geometry) -> Result<Self> {
        let mut pairs = HashMap::new();
        for source in sources {
            pairs.extend(with_truth(source)?.into_iter().map(|pair| (pair.first.clone(), pair)));
        }
        let memory = MemoryBudget::of_process().share();
        Ok(Self { pairs, size, augmentation: PairAugmentation::None, memory, kept: Mutex::default() })
    }

    /// Sets the augmentation of the pairs.
    pub fn with_augmentation(self, augmentation: PairAugmentation) -> Self {
        Self { augmentation, ..self }
    }

    /// Returns the pair whose first picture is at `path`, augmented if the run's setting says so.
    ///
    /// # Errors
    /// Same as [`pair`](Self::pair).
    pub fn augmented_pair(&self, path: &Path, rng: &mut impl Rng) -> Result<Arc<TruePair>> {
        let pair = self.pair(path)?;
        Ok(match self.augmentation {
            PairAugmentation::None => pair,
            PairAugmentation::Published => Arc::new(pair.augmented(rng)),
        })
    }

    /// Returns the pair whose first image is at `path`.
    ///
    /// # Errors
    /// If one of its files cannot be read, or the folder no longer has the pair.
    pub fn pair(&self, path: &Path) -> Result<Arc<TruePair>> {
        if let Some(pair) = self.lock().get(path) {
            return Ok(pair.clone());
        }
        let gone = || Error::file(path, "the pair has no true flow any more", "Restore its files");
        let loaded = self.pairs.get(path).ok_or_else(gone)?.load()?;
        let pair = Arc::new(TruePair::of(loaded, self.size).ok_or_else(gone)?);
        let bytes = (6 + 12) * self.size.width as usize * self.size.height as usize;
        if self.memory.take(bytes) && self.lock().insert(path.to_owned(), pair.clone()).is_some() {
            self.memory.give_back(bytes); // another thread has read it meanwhile
        }
        Ok(pair)
    }

    /// Returns the size of the images.
    pub fn size(&self) -> Geometry {
        self.size
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<TruePair>>> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_of_true_flow_are_in_their_own_pixels_and_keep_what_is_unknown() {
        let size = Geometry { width: 4, height: 2 };
        let mut uv = vec![[8.0, -4.0]; 8 * 4];
        uv[0] = FlowField::UNKNOWN;
        let picture = RgbImage::from_pixel(8, 4, image::Rgb([9, 9, 9]));
        let truth =
            super::super::flow_benchmarks::Truth { flow: FlowField::new(8, 4, uv), valid: None, occluded: None };
        let loaded = LoadedPair { first: picture.clone(), second: picture, truth: Some(truth) };
        let pair = TruePair::of(loaded, size).unwrap();
        assert_eq!(pair.pictures[0].dimensions(), (4, 2));
        let mut planes = Vec::new();
        pair.append_flow(&Crop { mirrored: true, ..Crop::whole(size) }, size, size, &mut planes);
        assert_eq!(planes.len(), 2 * 8);
        assert_eq!(planes[..3], [-4.0; 3], "half as long, and mirrored");
        assert!(planes[3].is_nan() && planes[8 + 3].is_nan(), "the first pixel is now the last of its row: {planes:?}");
        assert_eq!(planes[8..11], [-2.0; 3]);
    }
}
