//! The list of a run's clips, saved in its folder when it begins. A resumed run trains and validates on the same clips
//! and classes, even if the folder or the list has changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint;
use crate::atomic;
use crate::data::{DataSource, Dataset, LabelledClip, file_fingerprint};
use crate::error::{Error, Result, about_all};
use crate::files;
use crate::plural::counted;
use crate::training::config::plan::TrainingPlan;
use crate::training::config::run_kind::RunKind;
use crate::training::model_init;

const FILE: &str = "clips.toml";

/// The clips of a run.
pub(in crate::training) struct RunClips {
    /// Training clips and classes.
    pub dataset: Dataset,
    /// Validation clips.
    pub measured: Vec<LabelledClip>,
    /// Training clips that existed when the run began but are missing now.
    pub gone: BTreeSet<PathBuf>,
    /// Warnings about changes of the clips since the run began.
    pub warnings: Vec<Error>,
    /// Fingerprints of the files when the run began, as far as they are known.
    fingerprints: Fingerprints,
}

/// Fingerprints of files and frame folders by path.
type Fingerprints = BTreeMap<PathBuf, String>;

/// File format of a run's clips.
#[derive(Serialize, Deserialize)]
struct Kept {
    classes: Vec<String>,
    /// Working folder when the run began, to which relative paths refer; `None` in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(default)]
    training: Vec<LabelledClip>,
    #[serde(default)]
    measured: Vec<LabelledClip>,
    /// Empty in runs of older versions.
    #[serde(default)]
    fingerprints: Fingerprints,
}

impl RunClips {
    /// Returns the number of training clips that are not missing.
    pub fn count(&self) -> usize {
        self.dataset.clips.iter().filter(|clip| !self.gone.contains(&clip.path)).count()
    }

    /// Returns the clips of `plan`: for a run to resume, those it began with; if it joins the stream of another run on
    /// the same data, the clips of that run; otherwise those that exist now. Nothing is written.
    ///
    /// # Errors
    /// If clips cannot be listed or held out; for a resumed run, if a class has lost all its clips, if clips have
    /// changed, or if its hold-out clips were not recorded.
    pub fn of(plan: &TrainingPlan) -> Result<Self> {
        let resumes = plan.kind == RunKind::Training && checkpoint::find(&plan.run_dir).is_some();
        let kept = if resumes { read(&plan.run_dir)? } else { None };
        if let Some(kept) = kept {
            return match kept.changed() {
                Some(error) => Err(error),
                None => kept.resumed(plan),
            };
        }
        if resumes && plan.hold_out > 0.0 {
            let cause = "an older version started this run and did not record its hold-out clips";
            let remedy = "Finish it with that version, or start a new run";
            return Err(Error::file(&plan.run_dir, cause, remedy));
        }
        if let Some(kept) = joined_run(plan).map(|dir| read(&dir)).transpose()?.flatten() {
            let changed = kept.changed();
            // The clips are new to this run, which learns from their current content.
            let clips = Kept { fingerprints: Fingerprints::new(), ..kept }.resumed(plan)?;
            return Ok(Self { warnings: clips.warnings.into_iter().chain(changed).collect(), ..clips });
        }
        let (dataset, measured) = model_init::datasets(plan)?;
        Ok(Self { dataset, measured, gone: BTreeSet::new(), warnings: Vec::new(), fingerprints: Fingerprints::new() })
    }

    /// Saves the clips in `run_dir`, with fingerprints of their files: those from the beginning of the run if known,
    /// else current ones.
    ///
    /// # Errors
    /// If the file cannot be written, or a clip has a path that is not UTF-8.
    pub fn keep(&self, run_dir: &Path) -> Result<()> {
        let clips = || self.dataset.clips.iter().chain(&self.measured);
        if let Some(clip) = clips().find(|clip| clip.path.to_str().is_none()) {
            return Err(Error::file(&clip.path, "its name is not text in UTF-8", "Rename the file or its folder"));
        }
        let mut fingerprints = self.fingerprints.clone();
        for clip in clips() {
            if !fingerprints.contains_key(&clip.path)
                && let Ok(now) = file_fingerprint(&clip.path)
            {
                fingerprints.insert(clip.path.clone(), now);
            }
        }
        let kept = Kept {
            classes: self.dataset.classes.clone(),
            folder: std::env::current_dir().ok().filter(|folder| folder.to_str().is_some()),
            training: self.dataset.clips.clone(),
            measured: self.measured.clone(),
            fingerprints,
        };
        let path = run_dir.join(FILE);
        let text = toml::to_string(&kept).map_err(|error| Error::wrap(&path, error, "Report this"))?;
        atomic::replace(&path, |writer| writer.write_all(text.as_bytes()))
    }
}

/// Returns a warning if the clips have changed since the run of `plan` finished, so its results are not those of the
/// current clips. Returns `None` if they have not, or if the run's clips were not recorded.
pub(in crate::training) fn changed_since(plan: &TrainingPlan) -> Option<Error> {
    let kept = read(&plan.run_dir).ok()??;
    let known: BTreeSet<&PathBuf> = kept.training.iter().chain(&kept.measured).map(|clip| &clip.path).collect();
    let gone = known.iter().filter(|path| !path.exists()).count();
    let added = added_since(&plan.data, &known);
    let (changed, first) = kept.exchanged();
    let count = |count: usize, what: &str| (count > 0).then(|| format!("{} {what}", counted(count, "clip")));
    let parts = [count(changed, "changed"), count(gone, "removed"), count(added, "added")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return None;
    }
    let such_as = first.map(|path| format!(", such as {}", path.display())).unwrap_or_default();
    let cause =
        format!("since the run finished, {}{such_as}: the results are those of the clips before", parts.join(", "));
    Some(Error::file(&plan.run_dir, cause, "Give another run folder to train on the clips of now"))
}

impl Kept {
    /// Returns the number of clips whose content has changed since the run began, and the first of them.
    fn exchanged(&self) -> (usize, Option<&PathBuf>) {
        let mut changed = self.changed_paths();
        let first = changed.next();
        (usize::from(first.is_some()) + changed.count(), first)
    }

    fn changed_paths(&self) -> impl Iterator<Item = &PathBuf> {
        let is_other = |path: &Path, before: &String| file_fingerprint(path).is_ok_and(|now| now != *before);
        self.fingerprints.iter().filter(move |(path, before)| is_other(path, before)).map(|(path, _)| path)
    }

    /// Returns the error for clips whose content has changed since the run began, if any; unreadable clips are ignored.
    fn changed(&self) -> Option<Error> {
        let cause = "its content has changed since the run began";
        let remedy = "Restore the original, move it away to continue without it, or start a new run";
        about_clips(self.changed_paths(), cause, remedy)
    }

    /// Returns the clips for a resumed run, with warnings about changes.
    fn resumed(self, plan: &TrainingPlan) -> Result<RunClips> {
        let Self { classes, training, measured, fingerprints, folder: _ } = self;
        let gone: BTreeSet<&PathBuf> = training.iter().map(|clip| &clip.path).filter(|path| !path.exists()).collect();
        let mut left: BTreeMap<usize, bool> = BTreeMap::new();
        for clip in &training {
            *left.entry(clip.label).or_default() |= !gone.contains(&clip.path);
        }
        if let Some((label, _)) = left.iter().find(|(_, has_clips)| !**has_clips) {
            let class = classes.get(*label).map_or("", String::as_str);
            let cause = format!("all original clips of the class '{class}' are missing");
            return Err(Error::file(plan.data.path(), cause, "Restore them, or start a new run"));
        }
        let mut warnings = Vec::new();
        let cause = "this clip of the run is missing";
        let remedy = "Restore it; until then other clips replace it in training";
        warnings.extend(about_clips(gone.iter().copied(), cause, remedy));
        let known: BTreeSet<&PathBuf> = training.iter().chain(&measured).map(|clip| &clip.path).collect();
        let added = added_since(&plan.data, &known);
        if added > 0 {
            let are = if added == 1 { ["was", "is"] } else { ["were", "are"] };
            let clips = counted(added, "clip");
            let cause = format!("{clips} {} added after the run started and {} not used", are[0], are[1]);
            warnings.push(Error::file(plan.data.path(), cause, "Start another run to train on them"));
        }
        let gone = gone.into_iter().cloned().collect();
        let dataset = Dataset { classes, clips: training, ambiguous: Vec::new() };
        Ok(RunClips { dataset, measured, gone, warnings, fingerprints })
    }
}

/// Returns a single error with the given `cause` for all clips: about the first, with the number and the names of the
/// others.
fn about_clips<'a>(paths: impl Iterator<Item = &'a PathBuf>, cause: &str, remedy: &str) -> Option<Error> {
    let errors = paths.map(|path| Error::file(path, cause, remedy)).collect();
    about_all(errors)
}

/// Returns the number of clips in a folder or list that are not `known`; 0 if it cannot be determined.
fn added_since(data: &DataSource, known: &BTreeSet<&PathBuf>) -> usize {
    if matches!(data, DataSource::Pieces(_)) {
        return 0; // they are part of the plan
    }
    // Several rows of a clip are as good as one here.
    let now = Dataset::open(&data.clone().with_several(true)).map(|dataset| dataset.clips).unwrap_or_default();
    let paths: BTreeSet<&PathBuf> = now.iter().map(|clip| &clip.path).collect();
    paths.difference(known).count()
}

/// Reads the clips saved in `run_dir`; `None` if an older version began the run.
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
            "Start another run; this one is unchanged",
        )
    })?;
    Ok(Some(kept))
}

/// The clips saved in the folder of a run.
pub(in crate::training) struct ListedClips {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Training clips.
    pub training: Vec<LabelledClip>,
    /// Validation clips.
    pub measured: Vec<LabelledClip>,
    /// Folder to which the run's relative paths refer, if known.
    pub folder: Option<PathBuf>,
}

/// Returns the clips of the run in `run_dir`, with the paths that it uses; `None` if they cannot be read.
pub(in crate::training) fn listed(run_dir: &Path) -> Option<ListedClips> {
    let Kept { classes, training, measured, folder, .. } = read(run_dir).ok()??;
    Some(ListedClips { classes, training, measured, folder })
}

/// Saves clips like a run does.
#[cfg(test)]
pub(in crate::training) fn keep_for_test(
    run_dir: &Path,
    classes: &[&str],
    training: &[LabelledClip],
    measured: &[LabelledClip],
) {
    let classes = classes.iter().map(|&class| class.to_owned()).collect();
    let dataset = Dataset { classes, clips: training.to_vec(), ambiguous: Vec::new() };
    let (gone, warnings, fingerprints) = (BTreeSet::new(), Vec::new(), Fingerprints::new());
    RunClips { dataset, measured: measured.to_vec(), gone, warnings, fingerprints }.keep(run_dir).unwrap();
}

/// Returns the folder of the run whose model `plan` joins to its own, if that run has the same data and data settings.
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
