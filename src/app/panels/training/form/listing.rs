//! The clips of a source, class by class, and how they are split.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::training::dataset::{Dataset, FromLabels, LabelledClip};
use crate::training::{DataSource, hold_out};

/// What there is to be learned.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The clips as a plan names them.
    pub data: DataSource,
    classes: Vec<String>,
    clips: Vec<LabelledClip>,
    /// What was left out, and why.
    pub left_out: Vec<Error>,
}

/// A class of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassShare {
    /// The class.
    pub name: String,
    /// Its clips.
    pub clips: usize,
    /// The recordings these come from.
    pub recordings: usize,
    /// Its clips that are measured on.
    pub held: usize,
}

impl Listing {
    /// The clips of a folder or list.
    pub fn of(data: DataSource) -> Result<Self> {
        let Dataset { classes, clips, .. } = Dataset::open(&data)?;
        Ok(Self { data, classes, clips, left_out: Vec::new() })
    }

    /// The pieces of a labelled project.
    pub fn of_labels(found: FromLabels) -> Self {
        let (classes, clips) = (found.pieces.classes.clone(), found.pieces.unread());
        Self { data: DataSource::Pieces(found.pieces), classes, clips, left_out: found.left_out }
    }

    /// Number of classes that have clips.
    pub fn classes(&self) -> usize {
        let labels: BTreeSet<usize> = self.clips.iter().map(|clip| clip.label).collect();
        labels.len()
    }

    /// The classes, and what is held out of each where a `share` of the recordings is.
    pub fn split(&self, share: f64, seed: u64) -> Vec<ClassShare> {
        let held = hold_out::held_out(&self.clips, share, seed);
        let count = |(label, name): (usize, &String)| {
            let of_class = || self.clips.iter().filter(|clip| clip.label == label);
            let recordings: BTreeSet<String> = of_class().map(LabelledClip::recording).collect();
            ClassShare {
                name: name.clone(),
                clips: of_class().count(),
                recordings: recordings.len(),
                held: of_class().filter(|clip| held.contains(&clip.recording())).count(),
            }
        };
        self.classes.iter().enumerate().map(count).collect()
    }
}
