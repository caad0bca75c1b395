//! Snapshots: the networks of a run at earlier steps, for roll-back and inspection.
//!
//! A snapshot is a model folder, `snapshots/step-NNNNNNNN` in that of the run, which also contains the checkpoint of
//! that step. Older snapshots are thinned out.

use std::fs;
use std::path::{Path, PathBuf};

use super::checkpoint;
use crate::error::{Error, Result};

/// Folder of the snapshots in that of the run.
const FOLDER: &str = "snapshots";
/// The prefix of snapshot folders, before the step.
const PREFIX: &str = "step-";

/// The networks of a run after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of steps done.
    pub step: usize,
    /// Model folder with the networks.
    pub dir: PathBuf,
}

impl Snapshot {
    /// Returns the checkpoint of the same step: networks, optimisers and progress.
    pub(in crate::training) fn checkpoint(&self) -> PathBuf {
        self.dir.join("checkpoint")
    }
}

/// Returns the snapshots of the run in `run_dir`, in ascending order of steps; empty if there is no run.
///
/// After a roll-back, those of later steps remain until the run replaces them with its own or needs their space.
pub fn list(run_dir: &Path) -> Vec<Snapshot> {
    let entries = fs::read_dir(run_dir.join(FOLDER)).into_iter().flatten().flatten();
    let mut snapshots: Vec<Snapshot> = entries
        .filter_map(|entry| {
            let step = entry.file_name().to_str()?.strip_prefix(PREFIX)?.parse().ok()?;
            let snapshot = Snapshot { step, dir: entry.path() };
            snapshot.checkpoint().join("progress.toml").is_file().then_some(snapshot)
        })
        .collect();
    snapshots.sort_unstable_by_key(|snapshot| snapshot.step);
    snapshots
}

/// Maximum number of snapshots between the planned steps.
const UNPLANNED: usize = 4;

/// The rules for thinning out snapshots.
#[derive(Clone, Copy)]
pub(in crate::training) struct Thinning<'a> {
    /// Number of planned steps to keep.
    pub keep: usize,
    /// Steps that are never deleted.
    pub cherished: &'a [usize],
    /// Returns `true` for a planned step; other steps are counted separately.
    pub is_planned: &'a dyn Fn(usize) -> bool,
    /// Maximum size on disk of all snapshots together in bytes; 0 for no limit.
    pub most_bytes: u64,
}

impl Thinning<'_> {
    /// Returns which of the ascending `steps` to delete, in a run at step `present` whose snapshots have `bytes` bytes
    /// each.
    fn surplus(&self, steps: &[usize], present: usize, bytes: u64) -> Vec<usize> {
        let (planned, others): (Vec<usize>, Vec<usize>) = steps.iter().partition(|step| (self.is_planned)(**step));
        let [keep, unplanned] = self.numbers(bytes);
        [surplus(&planned, keep, self.cherished, present), surplus(&others, unplanned, &[], present)].concat()
    }

    /// Returns the numbers of planned and of other steps to keep if a snapshot has `bytes` bytes: at least the first
    /// and the newest planned step, and the newest other one.
    fn numbers(&self, bytes: u64) -> [usize; 2] {
        let room = match self.most_bytes {
            0 => usize::MAX,
            most => usize::try_from(most / bytes.max(1)).unwrap_or(usize::MAX),
        };
        let unplanned = UNPLANNED.min(room / 4).max(1);
        [self.keep.min(room.saturating_sub(unplanned).max(2)), unplanned]
    }
}

/// Saves `checkpoint`, the current one of the run, as the snapshot of `step`; `model` fills the folder with the
/// networks. Then thins out the snapshots.
///
/// # Errors
/// If writing fails; previous snapshots are intact.
pub(in crate::training) fn write(
    run_dir: &Path,
    step: usize,
    checkpoint: &Path,
    thinning: Thinning<'_>,
    model: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let folder = run_dir.join(FOLDER);
    let (new, place) = (folder.join("new"), folder.join(format!("{PREFIX}{step:08}")));
    checkpoint::remove(&new)?;
    model(&new)?;
    let copy = new.join("checkpoint");
    fs::create_dir_all(&copy).map_err(|error| Error::io(&copy, &error))?;
    for entry in fs::read_dir(checkpoint).map_err(|error| Error::io(checkpoint, &error))?.flatten() {
        let (from, to) = (entry.path(), copy.join(entry.file_name()));
        // Checkpoints are never modified in place, so a hard link is safe.
        fs::hard_link(&from, &to)
            .or_else(|_| fs::copy(&from, &to).map(drop))
            .map_err(|error| Error::io(&to, &error))?;
    }
    let bytes = bytes_of(&new);
    discard(&folder, &place)?;
    fs::rename(&new, &place).map_err(|error| Error::io(&place, &error))?;
    let steps: Vec<usize> = list(run_dir).iter().map(|snapshot| snapshot.step).collect();
    thinning
        .surplus(&steps, step, bytes)
        .into_iter()
        .try_for_each(|step| discard(&folder, &folder.join(format!("{PREFIX}{step:08}"))))
}

/// Removes a snapshot in `folder`, if it exists. It is renamed first, so a partially deleted snapshot is never listed.
fn discard(folder: &Path, snapshot: &Path) -> Result<()> {
    let old = folder.join("old");
    checkpoint::remove(&old)?;
    if snapshot.exists() {
        fs::rename(snapshot, &old).map_err(|error| Error::io(snapshot, &error))?;
    }
    checkpoint::remove(&old)
}

/// Returns the size of all files in `folder` in bytes; 0 for unreadable ones.
fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.filter_map(|entry| {
        let facts = entry.metadata().ok()?;
        Some(if facts.is_dir() { bytes_of(&entry.path()) } else { facts.len() })
    });
    bytes.sum()
}

/// Returns which of the ascending `steps` to delete so that `keep` remain: first those after the `present` step, which
/// are left over from a roll-back, then those closest together relative to their age, but if possible never the first,
/// the last or a `cherished` one. Newer steps are thus kept more densely.
fn surplus(steps: &[usize], keep: usize, cherished: &[usize], present: usize) -> Vec<usize> {
    let (mut steps, mut given_up) = (steps.to_vec(), Vec::new());
    while steps.len() > keep.max(1) {
        let newest = steps[steps.len() - 1];
        if newest > present {
            steps.pop();
            given_up.push(newest);
            continue;
        }
        let gap_for_age = |i: usize| (steps[i + 1] - steps[i - 1]) as f64 / (newest - steps[i]) as f64;
        let inner = (1..steps.len() - 1).filter(|&i| !cherished.contains(&steps[i]));
        let closest = inner.min_by(|&a, &b| gap_for_age(a).total_cmp(&gap_for_age(b)));
        given_up.push(steps.remove(closest.unwrap_or(0)));
    }
    given_up
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the remaining steps of a run that saves a snapshot every 100 steps.
    fn kept(until: usize, keep: usize, cherished: &[usize]) -> Vec<usize> {
        let mut steps = Vec::new();
        for step in (0..=until).step_by(100) {
            steps.push(step);
            let given_up = surplus(&steps, keep, cherished, step);
            steps.retain(|step| !given_up.contains(step));
        }
        steps
    }

    #[test]
    fn of_older_steps_fewer_are_kept() {
        assert_eq!(kept(500, 12, &[]), [0, 100, 200, 300, 400, 500]);
        let steps = kept(100_000, 12, &[]);
        assert_eq!((steps.len(), steps[0], steps[11]), (12, 0, 100_000));
        assert!(steps[10] >= 99_800, "the newest lie close together: {steps:?}");
        let gaps: Vec<usize> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.windows(2).filter(|pair| pair[1] > 2 * pair[0]).count() <= 1, "{steps:?}");
        assert!(
            steps.iter().filter(|&&step| step > 0 && step < 60_000).count() >= 1,
            "the beginning is seen: {steps:?}"
        );
        assert!(kept(100_000, 12, &[700]).contains(&700));
        assert_eq!(kept(1000, 1, &[]), [1000]);
        assert_eq!(kept(1000, 2, &[]), [0, 1000]);
    }

    #[test]
    fn which_of_the_plans_steps_are_kept_does_not_hang_on_the_others() {
        let is_planned = |step: usize| step.is_multiple_of(100);
        let thinning = Thinning { keep: 6, cherished: &[], is_planned: &is_planned, most_bytes: 0 };
        let mut steps: Vec<usize> = Vec::new();
        for step in (0..=3000).filter(|&step| is_planned(step) || step % 35 == 7) {
            steps.push(step);
            let given_up = thinning.surplus(&steps, step, 1);
            steps.retain(|step| !given_up.contains(step));
        }
        let (planned, others): (Vec<usize>, Vec<usize>) = steps.into_iter().partition(|&step| is_planned(step));
        assert_eq!(planned, kept(3000, 6, &[]));
        assert_eq!((others.len(), others[UNPLANNED - 1]), (UNPLANNED, 2982));
    }

    #[test]
    fn steps_that_were_left_by_going_back_make_room_for_new_ones() {
        assert_eq!(surplus(&[0, 20, 40], 2, &[], 20), [40], "back at 0, and 20 steps further");
        assert_eq!(surplus(&[0, 20, 40], 2, &[40], 20), [40], "also the best of them, which is kept elsewhere");
        assert_eq!(surplus(&[0, 20, 40, 60, 80], 3, &[], 30), [80, 60]);
        assert_eq!(surplus(&[0, 20, 40], 3, &[], 20), Vec::<usize>::new(), "there is room");
    }

    #[test]
    fn large_snapshots_are_fewer() {
        let of = |most_bytes| Thinning { keep: 12, cherished: &[], is_planned: &|_| true, most_bytes };
        assert_eq!(of(0).numbers(58), [12, UNPLANNED]);
        assert_eq!(of(1000).numbers(58), [12, UNPLANNED], "17 have room");
        assert_eq!(of(500).numbers(58), [6, 2], "8 have room");
        assert_eq!(of(500).numbers(400), [2, 1], "never fewer than the first and the newest");
        let thinning = Thinning { keep: 1, ..of(0) };
        assert_eq!(thinning.numbers(1)[0], 1, "as the plan says");
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = dir.path().join("checkpoint");
        fs::create_dir(&checkpoint).unwrap();
        fs::write(checkpoint.join("progress.toml"), [b' '; 60]).unwrap();
        for step in (0..=100).step_by(10) {
            let model = |dir: &Path| {
                fs::create_dir_all(dir).unwrap();
                fs::write(dir.join("weights"), [0; 40]).map_err(|error| Error::io(dir, &error))
            };
            write(dir.path(), step, &checkpoint, of(500), model).unwrap();
        }
        let steps: Vec<usize> = list(dir.path()).iter().map(|snapshot| snapshot.step).collect();
        assert_eq!((steps.len(), steps[0], steps[3]), (4, 0, 100), "five have room, one of which is for the others");
    }

    #[test]
    fn a_snapshot_is_complete_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(list(dir.path()), []);
        let checkpoint = dir.path().join("checkpoint");
        fs::create_dir(&checkpoint).unwrap();
        fs::write(checkpoint.join("progress.toml"), "step = 20").unwrap();
        let model = |dir: &Path| {
            fs::create_dir_all(dir).unwrap();
            fs::write(dir.join("card"), "model").map_err(|error| Error::io(dir, &error))
        };
        let thinning = Thinning { keep: 12, cherished: &[], is_planned: &|_| true, most_bytes: 0 };
        write(dir.path(), 20, &checkpoint, thinning, model).unwrap();
        write(dir.path(), 3, &checkpoint, thinning, model).unwrap();
        let full_disk = |_: &Path| Err(Error::new("disk", "full", "Free some space"));
        write(dir.path(), 30, &checkpoint, thinning, full_disk).unwrap_err();
        fs::create_dir_all(dir.path().join("snapshots/step-00000040/checkpoint")).unwrap();
        let found = list(dir.path());
        assert_eq!(found.iter().map(|snapshot| snapshot.step).collect::<Vec<_>>(), [3, 20]);
        assert_eq!(fs::read_to_string(found[1].dir.join("card")).unwrap(), "model");
        assert_eq!(fs::read_to_string(found[1].checkpoint().join("progress.toml")).unwrap(), "step = 20");
    }
}
