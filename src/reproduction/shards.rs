//! A reproduction on several machines: each computes some groups of rows in a shared folder, and the table is assembled
//! from all results.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::event::ReproductionEvent as Event;
use super::experiment::ExperimentRow;
use super::folder;
use super::row::{rows, selected};
use super::row_groups::row_groups;
use super::row_result::RowResult;
use super::run::{Ending, ReproductionRun, check_pairs, test_clips};
use super::settings::{FlowRoot, ReproductionSettings};
use super::speed::Speeds;
use super::table::ReproductionTable;
use crate::content_hash::ContentHash;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluation::inputs_of_clips;
use crate::gpu::Compute;
use crate::nets::ModelCard;
use crate::shards::{JobInputs, Shard, assigned, size_of};
use crate::training::TrainingControl;

/// The results of a group of rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RowGroupResult {
    rows: Vec<MeasuredRow>,
    /// Frames per second by row, measured by the machine that computed the group.
    fps: BTreeMap<String, f64>,
    /// Device of each of these measurements.
    devices: BTreeMap<String, String>,
}

/// A row and its result, or the error message.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MeasuredRow {
    id: String,
    outcome: std::result::Result<RowResult, String>,
}

/// The machines of a reproduction.
#[derive(Debug, Clone)]
pub struct ReproductionMachines {
    /// Their devices.
    pub device: String,
    /// Their versions of FFmpeg.
    pub ffmpeg_version: String,
}

/// A reproduction whose rows are computed group by group.
pub struct ReproductionShards<'a> {
    settings: &'a ReproductionSettings,
    dir: &'a Path,
    rows: Vec<ExperimentRow>,
    /// The indices of the rows of each group.
    groups: Vec<Vec<usize>>,
    test: Option<Dataset>,
}

impl RowGroupResult {
    /// Returns why figures are missing and clips were skipped.
    pub fn failures(&self) -> Vec<String> {
        let of_row = |MeasuredRow { id, outcome }: &MeasuredRow| match outcome {
            Ok(result) => result.failures.iter().map(|failure| format!("{id}: {failure}")).collect(),
            Err(failure) => vec![format!("{id}: {failure}")],
        };
        self.rows.iter().flat_map(of_row).collect()
    }
}

impl<'a> ReproductionShards<'a> {
    /// Returns the reproduction of `settings` in folder `dir`, restricted to the rows `only` unless that is empty.
    /// Nothing is written yet.
    ///
    /// # Errors
    /// If the settings are invalid, or the table has no such row.
    pub fn new(settings: &'a ReproductionSettings, dir: &'a Path, only: &[String]) -> Result<Self> {
        settings.check()?;
        let rows = rows(settings, dir, &settings.lists(&dir.join("sample")).train);
        let selected = selected(&rows, only)?;
        check_pairs(settings, &rows, &selected)?;
        let groups = row_groups(&rows, &selected, dir);
        Ok(Self { settings, dir, rows, groups, test: None })
    }

    /// Returns the indices of the groups of `shard`, ascending.
    pub fn groups_of_shard(&self, shard: Shard) -> Vec<usize> {
        assigned(&self.groups.iter().map(|group| &self.rows[group[0]].id).collect::<Vec<_>>(), shard)
    }

    /// Returns the list of groups by the names of their rows, with the clips and benchmarks that they read: clips by
    /// name, class, segment and size in bytes, pairs by name and size.
    ///
    /// # Errors
    /// If a list of clips cannot be read.
    pub fn inputs(&self) -> Result<JobInputs> {
        let mut hash = ContentHash::new();
        for group in &self.groups {
            hash.number(group.len() as u64);
            group.iter().for_each(|&row| hash.field(&self.rows[row].id));
        }
        if let Some(lists) = &self.settings.data {
            hash.field(inputs_of_clips(&Dataset::open(&lists.train)?).hash);
            hash.field(inputs_of_clips(&Dataset::open(&lists.test)?).hash);
        }
        let pairs = self.settings.pairs.iter().map(|pairs| (pairs.benchmark, &pairs.root));
        let roots = self.settings.flow_roots.iter().map(|FlowRoot { dataset, root }| (*dataset, root));
        for (dataset, root) in roots.chain(pairs) {
            // An unreadable benchmark is a failure of its rows only.
            for pair in dataset.pairs(root).unwrap_or_default() {
                hash.field(&pair.name);
                [Some(&pair.first), Some(&pair.second), pair.truth.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|path| hash.number(size_of(path)));
            }
        }
        Ok(JobInputs::new("row group", self.groups.len(), hash.to_hex()))
    }

    /// Returns the hashes of the base model, of the model whose MotionNet is measured, and of the ImageNet weights.
    ///
    /// # Errors
    /// If the weights cannot be read. An unreadable model is a failure of its rows only.
    pub fn weights(&self) -> Result<Vec<String>> {
        let ReproductionSettings { base, model, imagenet, .. } = self.settings;
        let of_model = |dir: &PathBuf| Ok(ModelCard::read(dir).ok().and_then(|card| card.hash).unwrap_or_default());
        let of_file = |path: &PathBuf| {
            let mut hash = ContentHash::new();
            hash.update_with_file(path).map_err(|error| Error::io(path, &error))?;
            Ok(hash.to_hex())
        };
        base.iter().chain(model).map(of_model).chain(imagenet.iter().map(of_file)).collect()
    }

    /// Prepares the folder for the groups at `positions`: its settings, which the first shard writes and the others
    /// compare, and the test clips.
    ///
    /// # Errors
    /// If the folder has results of other settings, lists cannot be read, or the folder cannot be written.
    pub fn begin(&mut self, positions: &[usize], on_event: &mut dyn FnMut(Event)) -> Result<()> {
        let mut own = positions.iter().flat_map(|&group| &self.groups[group]).map(|&row| &self.rows[row]).peekable();
        if own.peek().is_none() {
            return Ok(());
        }
        if own.any(|row| RowResult::read(&self.dir.join(&row.id)).is_none()) {
            self.settings.check_base()?;
        }
        folder::prepare(self.dir, self.settings)?;
        self.test = test_clips(self.settings, self.dir, on_event)?;
        Ok(())
    }

    /// Trains and measures the rows of group `group` that are missing, and then their speeds.
    ///
    /// # Errors
    /// If `control` stopped it, or there are no test clips. A failed row is part of the result.
    pub fn compute(
        &self,
        group: usize,
        compute: &Compute,
        control: &TrainingControl,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<RowGroupResult> {
        let rows: Vec<ExperimentRow> = self.groups[group].iter().map(|&row| self.rows[row].clone()).collect();
        let selected: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let test = self.test.clone();
        let mut run = ReproductionRun::new(self.settings, self.dir, compute, control, on_event, test);
        let outcomes = run.rows(&rows, &selected);
        let speeds = if control.is_stopped() { Speeds::default() } else { run.measured_speeds(&rows, &outcomes)? };
        if control.is_stopped() {
            let subject = self.dir.to_string_lossy();
            return Err(Error::cancelled(subject, "stopped, everything saved", "Run the same command again to resume"));
        }
        let measured = |(row, outcome): (&ExperimentRow, Option<Result<RowResult>>)| {
            let outcome = outcome?.map_err(|error| error.to_string());
            Some(MeasuredRow { id: row.id.clone(), outcome })
        };
        let measured = rows.iter().zip(outcomes).filter_map(measured).collect();
        Ok(RowGroupResult { rows: measured, fps: speeds.fps, devices: speeds.devices })
    }
}

/// Writes the settings and the table to folder `dir`, as a single machine would, from the `results` of all groups of
/// the rows `only`, or of all rows if that is empty. Speeds are taken from the results.
///
/// # Errors
/// If the folder has results of other settings, lacks the results of a row, or cannot be written.
pub fn merge_reproduction(
    settings: &ReproductionSettings,
    dir: &Path,
    only: &[String],
    results: Vec<RowGroupResult>,
    machines: &ReproductionMachines,
) -> Result<(ReproductionTable, Ending)> {
    let rows = rows(settings, dir, &settings.lists(&dir.join("sample")).train);
    let selected = selected(&rows, only)?;
    folder::prepare(dir, settings)?;
    let mut speeds = Speeds::read(dir, &machines.device)
        .unwrap_or_else(|| Speeds::new(machines.device.clone(), BTreeMap::new(), BTreeMap::new()));
    let mut measured = BTreeMap::new();
    for RowGroupResult { rows, fps, devices } in results {
        speeds.fps.extend(fps);
        speeds.devices.extend(devices);
        measured.extend(rows.into_iter().map(|row| (row.id, row.outcome)));
    }
    for (id, outcome) in &measured {
        let path = dir.join(id);
        if let Ok(result) = outcome
            && RowResult::read(&path).as_ref() != Some(result)
        {
            let cause = "its results are missing or not as its shard has written them";
            return Err(Error::file(&path, cause, "Delete the part of the row and run its shard again"));
        }
    }
    // Rows of earlier calls stay in the table, as on a single machine.
    let outcome =
        |row: &ExperimentRow| measured.remove(&row.id).or_else(|| RowResult::read(&dir.join(&row.id)).map(Ok));
    let outcomes: Vec<_> = rows.iter().map(outcome).collect();
    let is_whole = |outcome: &Option<std::result::Result<RowResult, String>>| matches!(outcome, Some(Ok(result)) if result.failures.is_empty());
    let mut chosen = rows.iter().zip(&outcomes).filter(|(row, _)| selected.contains(row.id.as_str()));
    let ending = if chosen.all(|(_, outcome)| is_whole(outcome)) { Ending::Complete } else { Ending::SomeMissing };
    if settings.table.has_speeds() {
        speeds.write(dir)?;
    }
    let machines = machines.clone();
    let table = ReproductionTable::of(settings, rows, outcomes, &speeds, machines.device, machines.ffmpeg_version);
    table.write(dir)?;
    Ok((table, ending))
}
