//! The clips of a run as they were when it began, kept in its folder. A resumed run trains and measures on the same clips, by the
//! same classes, whatever has happened to the folder or the list since.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint;
use super::dataset::{DataSource, Dataset, LabelledClip};
use super::plan::TrainingPlan;
use super::start;
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

const FILE: &str = "clips.toml";

/// The clips of a run.
pub(super) struct RunClips {
    /// Those that are trained on, and the classes.
    pub dataset: Dataset,
    /// Those that are measured on.
    pub measured: Vec<LabelledClip>,
    /// What has happened to them since the run began.
    pub warnings: Vec<Error>,
}

/// What is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    classes: Vec<String>,
    #[serde(default)]
    training: Vec<LabelledClip>,
    #[serde(default)]
    measured: Vec<LabelledClip>,
}

impl RunClips {
    /// The clips of `plan`: those that its run began with where there is something to resume, those of the run whose stream it
    /// joins to its own where that is of the same data, else those that are there now. Nothing is written.
    ///
    /// # Errors
    /// If clips cannot be listed or held out; of a run that is resumed, if a class has lost all its clips, or if it is not known
    /// which ones it held out.
    pub fn of(plan: &TrainingPlan) -> Result<Self> {
        let resumes = plan.feature_windows == 0 && checkpoint::find(&plan.run_dir).is_some();
        let kept = if resumes { read(&plan.run_dir)? } else { None };
        if let Some(kept) = kept {
            return kept.resumed(plan);
        }
        if resumes && plan.hold_out > 0.0 {
            let cause = "an older version began this run and did not keep which clips it measures on";
            let remedy = "Finish it with that version, or begin another run: these clips might be trained on";
            return Err(Error::file(&plan.run_dir, cause, remedy));
        }
        if let Some(kept) = joined_run(plan).map(|dir| read(&dir)).transpose()?.flatten() {
            return kept.resumed(plan);
        }
        let (dataset, measured) = start::datasets(plan)?;
        Ok(Self { dataset, measured, warnings: Vec::new() })
    }

    /// Keeps them in `run_dir`.
    ///
    /// # Errors
    /// If the file cannot be written, or a clip has a name that cannot be written down.
    pub fn keep(&self, run_dir: &Path) -> Result<()> {
        let clips = || self.dataset.clips.iter().chain(&self.measured);
        if let Some(clip) = clips().find(|clip| clip.path.to_str().is_none()) {
            return Err(Error::file(&clip.path, "its name is not text in UTF-8", "Rename the file or its folder"));
        }
        let kept = Kept {
            classes: self.dataset.classes.clone(),
            training: self.dataset.clips.clone(),
            measured: self.measured.clone(),
        };
        let path = run_dir.join(FILE);
        let text = toml::to_string(&kept).map_err(|error| Error::file(&path, error.to_string(), "Report this"))?;
        atomic::replace(&path, |writer| writer.write_all(text.as_bytes()))
    }
}

impl Kept {
    /// The clips for a run that is resumed, with what has happened to them.
    fn resumed(self, plan: &TrainingPlan) -> Result<RunClips> {
        let Self { classes, training, measured } = self;
        let gone: BTreeSet<&PathBuf> = training.iter().map(|clip| &clip.path).filter(|path| !path.exists()).collect();
        let mut left: BTreeMap<usize, bool> = BTreeMap::new();
        for clip in &training {
            *left.entry(clip.label).or_default() |= !gone.contains(&clip.path);
        }
        if let Some((label, _)) = left.iter().find(|(_, has_clips)| !**has_clips) {
            let class = classes.get(*label).map_or("", String::as_str);
            let cause = format!("all clips of the class '{class}' that the run began with are gone");
            return Err(Error::file(plan.data.path(), cause, "Put them back where they were, or begin another run"));
        }
        let mut warnings = Vec::new();
        if let Some(first) = gone.first() {
            let cause = format!("{} of the clips that the run began with are gone, such as this one", gone.len());
            let remedy = "Put them back; until then others are shown in their place";
            warnings.push(Error::file(first, cause, remedy));
        }
        let known: BTreeSet<&PathBuf> = training.iter().chain(&measured).map(|clip| &clip.path).collect();
        let added = added_since(&plan.data, &known);
        if added > 0 {
            let cause = format!("{added} clips were added since the run began: it goes on without them");
            warnings.push(Error::file(plan.data.path(), cause, "Begin another run to learn from them"));
        }
        Ok(RunClips { dataset: Dataset { classes, clips: training, ambiguous: Vec::new() }, measured, warnings })
    }
}

/// How many clips a folder or list has now that are not `known`; none where that cannot be told.
fn added_since(data: &DataSource, known: &BTreeSet<&PathBuf>) -> usize {
    if matches!(data, DataSource::Pieces(_)) {
        return 0; // they are part of the plan
    }
    let now = Dataset::open(data).map(|dataset| dataset.clips).unwrap_or_default();
    let paths: BTreeSet<&PathBuf> = now.iter().map(|clip| &clip.path).collect();
    paths.difference(known).count()
}

/// What is kept in `run_dir`; none where an older version began the run.
fn read(run_dir: &Path) -> Result<Option<Kept>> {
    let path = run_dir.join(FILE);
    let text = match files::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(&path, &error)),
    };
    let kept = toml::from_str(&text).map_err(|error| {
        Error::file(
            &path,
            format!("not a list of clips: {}", error.message()),
            "Begin another run; this one stays as it is",
        )
    })?;
    Ok(Some(kept))
}

/// The folder of the run whose model `plan` joins to its own, if it was of the same data in the same way.
fn joined_run(plan: &TrainingPlan) -> Option<PathBuf> {
    let dir = plan.join.as_ref()?.parent()?;
    let text = files::read_to_string(dir.join("config.toml")).ok()?;
    let other: TrainingPlan = toml::from_str(&text).ok()?;
    let same = other.data == plan.data
        && other.validation == plan.validation
        && (other.hold_out, other.seed, other.keep_classes) == (plan.hold_out, plan.seed, plan.keep_classes)
        && other.base == plan.base;
    same.then(|| dir.to_owned())
}
