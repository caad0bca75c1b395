//! The clips of a run as they were when it began, kept in its folder. A resumed run trains and measures on the same clips, by the
//! same classes, whatever has happened to the folder or the list since.

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
    /// Those that are trained on, and the classes.
    pub dataset: Dataset,
    /// Those that are measured on.
    pub measured: Vec<LabelledClip>,
    /// Clips to train on that were there when the run began and are there no more.
    pub gone: BTreeSet<PathBuf>,
    /// What has happened to them since the run began.
    pub warnings: Vec<Error>,
    /// What their files held when the run began, as far as that is known.
    fingerprints: Fingerprints,
}

/// Fingerprints of files and frame folders by path.
type Fingerprints = BTreeMap<PathBuf, String>;

/// The stored clips of a run.
#[derive(Serialize, Deserialize)]
struct Kept {
    classes: Vec<String>,
    /// The working folder when the run began, which relative paths are in; none in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(default)]
    training: Vec<LabelledClip>,
    #[serde(default)]
    measured: Vec<LabelledClip>,
    /// None in runs of older versions.
    #[serde(default)]
    fingerprints: Fingerprints,
}

impl RunClips {
    /// Returns how many clips are trained on.
    pub fn count(&self) -> usize {
        self.dataset.clips.iter().filter(|clip| !self.gone.contains(&clip.path)).count()
    }

    /// Returns the clips of `plan`: those that its run began with where there is something to resume, those of the run whose
    /// stream it joins to its own where that is of the same data, else those that are there now. Nothing is written.
    ///
    /// # Errors
    /// If clips cannot be listed or held out; of a run that is resumed, if a class has lost all its clips, if clips have
    /// changed, or if it is not known which ones it held out.
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
            // To this run they are new: it learns from what they hold now.
            let clips = Kept { fingerprints: Fingerprints::new(), ..kept }.resumed(plan)?;
            return Ok(Self { warnings: clips.warnings.into_iter().chain(changed).collect(), ..clips });
        }
        let (dataset, measured) = model_init::datasets(plan)?;
        Ok(Self { dataset, measured, gone: BTreeSet::new(), warnings: Vec::new(), fingerprints: Fingerprints::new() })
    }

    /// Keeps them in `run_dir`, with what their files hold: what they held when the run began, where that is known, else now.
    ///
    /// # Errors
    /// If the file cannot be written, or a clip has a name that cannot be written down.
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

/// Returns what has happened to the clips since the run of `plan` finished: its results are not those of the clips that are there
/// now. None if nothing has, or if it is not known which ones it had.
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
    /// Returns how many clips hold something else than when the run began, and the first of them.
    fn exchanged(&self) -> (usize, Option<&PathBuf>) {
        let mut changed = self.changed_paths();
        let first = changed.next();
        (usize::from(first.is_some()) + changed.count(), first)
    }

    fn changed_paths(&self) -> impl Iterator<Item = &PathBuf> {
        let is_other = |path: &Path, before: &String| file_fingerprint(path).is_ok_and(|now| now != *before);
        self.fingerprints.iter().filter(move |(path, before)| is_other(path, before)).map(|(path, _)| path)
    }

    /// Returns which clips do not hold any more what they held when the run began; those that cannot be read are not among them.
    fn changed(&self) -> Option<Error> {
        let cause = "its content has changed since the run began";
        let remedy = "Restore the original, move it away to continue without it, or start a new run";
        about_clips(self.changed_paths(), cause, remedy)
    }

    /// Returns the clips for a run that is resumed, with what has happened to them.
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

/// Returns one error for all clips of which `cause` holds: about the first, with the number and the names of others.
fn about_clips<'a>(paths: impl Iterator<Item = &'a PathBuf>, cause: &str, remedy: &str) -> Option<Error> {
    let errors = paths.map(|path| Error::file(path, cause, remedy)).collect();
    about_all(errors)
}

/// Returns how many clips a folder or list has now that are not `known`; none where that cannot be told.
fn added_since(data: &DataSource, known: &BTreeSet<&PathBuf>) -> usize {
    if matches!(data, DataSource::Pieces(_)) {
        return 0; // they are part of the plan
    }
    // Several rows of a clip are as good as one here.
    let now = Dataset::open(&data.clone().with_several(true)).map(|dataset| dataset.clips).unwrap_or_default();
    let paths: BTreeSet<&PathBuf> = now.iter().map(|clip| &clip.path).collect();
    paths.difference(known).count()
}

/// Returns what is kept in `run_dir`; none where an older version began the run.
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

/// The clips that a run keeps in its folder.
pub(in crate::training) struct ListedClips {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Those that are trained on.
    pub training: Vec<LabelledClip>,
    /// Those that are measured on.
    pub measured: Vec<LabelledClip>,
    /// The folder that relative paths of the run are in, where it is known.
    pub folder: Option<PathBuf>,
}

/// Returns the clips of the run in `run_dir` by the paths that it knows them by; `None` where they cannot be read.
pub(in crate::training) fn listed(run_dir: &Path) -> Option<ListedClips> {
    let Kept { classes, training, measured, folder, .. } = read(run_dir).ok()??;
    Some(ListedClips { classes, training, measured, folder })
}

/// Keeps clips as a run does.
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

/// Returns the folder of the run whose model `plan` joins to its own, if it was of the same data in the same way.
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
