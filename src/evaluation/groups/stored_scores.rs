//! The scores of a fold in its folder, written atomically.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluation::ScoredClip;
use crate::files;
use crate::training::validation::PhotometricError;

/// The stored scores of a fold, and its training time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct StoredScores {
    /// The identity of the clips that the fold was trained on and scored, see [`basis`](super::config::basis).
    #[serde(default)]
    pub basis: String,
    /// Its readable clips.
    pub clips: Vec<StoredClip>,
    /// Errors of the other clips.
    pub failures: Vec<String>,
    /// Time of training and scoring, seconds.
    pub seconds: f64,
}

/// The scores of one clip.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredClip {
    /// Its index in the data set.
    pub index: usize,
    spatial: Option<Vec<f32>>,
    temporal: Option<Vec<f32>>,
    photometric: PhotometricError,
}

impl StoredClip {
    /// Returns the scores of the clip at `index`.
    pub fn of(index: usize, scored: ScoredClip) -> Self {
        let ScoredClip { spatial, temporal, photometric, .. } = scored;
        Self { index, spatial, temporal, photometric }
    }

    /// Returns the scores with their clip.
    pub fn in_dataset(self, dataset: &Dataset) -> ScoredClip {
        let Self { index, spatial, temporal, photometric } = self;
        ScoredClip { clip: dataset.clips[index].clone(), spatial, temporal, photometric }
    }

    fn fits(&self, dataset: &Dataset) -> bool {
        let classes = dataset.classes.len();
        let rows = [&self.spatial, &self.temporal];
        self.index < dataset.clips.len()
            && rows.into_iter().flatten().all(|row| row.len() == classes && row.iter().all(|score| score.is_finite()))
    }
}

impl StoredScores {
    const FILE: &str = "scores.json";

    /// Returns the scores in folder `dir`; `None` if the fold is not scored yet, or the clips have changed since, so
    /// that their `basis` differs.
    ///
    /// # Errors
    /// If the file is damaged or does not match these clips.
    pub fn read(dir: &Path, dataset: &Dataset, basis: &str) -> Result<Option<Self>> {
        let path = dir.join(Self::FILE);
        let Ok(text) = files::read_to_string(&path) else { return Ok(None) };
        let refuse = |cause| Error::file(&path, cause, "Delete the file to score the fold again");
        let scores: Self = serde_json::from_str(&text).map_err(|error| refuse(format!("it is damaged: {error}")))?;
        if scores.basis != basis {
            return Ok(None);
        }
        match scores.clips.iter().all(|clip| clip.fits(dataset)) {
            true => Ok(Some(scores)),
            false => Err(refuse("its scores belong to other clips".into())),
        }
    }

    /// Writes the scores to folder `dir`, which is created if needed.
    ///
    /// # Errors
    /// If the file cannot be written; no file exists then.
    pub fn write(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        atomic::replace(&dir.join(Self::FILE), |writer| {
            serde_json::to_writer(&mut *writer, self)?;
            writeln!(writer)
        })
    }
}
