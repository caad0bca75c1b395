//! The computation of one shard of a command, and what all such commands print.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::interrupt::on_interrupt;
use super::outcome::{Outcome, complain};
use crate::error::{Error, Result};
use crate::output::Staging;
use crate::plural::counted;
use crate::shards::{ItemOutcome, Job, Manifest, Part, PartFolder, Shard, ShardCheckpoint, ShardResults};
use crate::training::TrainingControl;

/// A command whose work is a list of independent items.
pub(super) trait ShardWork {
    /// The stored result of an item.
    type Item: Serialize + DeserializeOwned;
    /// Facts about the computation of a part.
    type Source: Serialize + DeserializeOwned;
    /// The past participle for a finished item: `scored`.
    const DONE: &'static str;

    /// Returns the indices of the items of `shard` in the list, ascending.
    fn positions(&self, shard: Shard) -> Vec<usize>;

    /// Checks what may be written, before the items at `positions` are computed. If the shard `is_begun`, files of its items may be there.
    ///
    /// # Errors
    /// If a file may not be written, or a folder cannot be.
    fn prepare(&mut self, task: &ShardTask, positions: &[usize], is_begun: bool) -> Result<()>;

    /// Returns the progress display for this many items.
    fn bar(&self, items: usize, kind: &str) -> ProgressBar {
        counting_bar(items, kind)
    }

    /// Computes the items in order until all are done or it is stopped.
    ///
    /// # Errors
    /// If the work failed. An error of a single item is passed on as its outcome.
    fn compute(&mut self, items: ShardItems<'_, Self::Item>) -> Result<()>;

    /// Returns the facts about the computation.
    fn source(&self) -> Self::Source;

    /// Returns the errors within an item that has a result.
    fn failures(_item: &Self::Item) -> Vec<String> {
        Vec::new()
    }
}

/// The items of a shard to compute.
pub(super) struct ShardItems<'a, T> {
    /// Their indices in the list, ascending.
    pub positions: &'a [usize],
    /// Returns whether the work is to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Called with the outcome of each item, in order.
    pub done: &'a mut dyn FnMut(Result<T>),
}

impl<T> ShardItems<'_, T> {
    /// Computes each by `item`, which is called with its place and returns its outcome, or none if it was stopped.
    ///
    /// # Errors
    /// The first error of `item` itself, which breaks the work off.
    pub fn each(self, mut item: impl FnMut(usize) -> Result<Option<Result<T>>>) -> Result<()> {
        for &position in self.positions {
            if (self.stop)() {
                break;
            }
            let Some(outcome) = item(position)? else { break };
            (self.done)(outcome);
        }
        Ok(())
    }
}

/// A shard to compute.
#[derive(Debug)]
pub(super) struct ShardTask {
    shard: Shard,
    folder: PartFolder,
    stop: Arc<AtomicBool>,
    control: TrainingControl,
}

impl ShardTask {
    /// Returns the task to write the part of `shard` to `folder`, which Ctrl-C and SIGTERM stop.
    ///
    /// # Errors
    /// If the signals cannot be handled.
    pub fn new(shard: Shard, folder: PartFolder) -> Result<Self> {
        let task = Self { shard, folder, stop: Arc::default(), control: TrainingControl::default() };
        let (stop, control) = (task.stop.clone(), task.control.clone());
        on_interrupt("Stopping; what is done is kept", "to quit now", move || {
            stop.store(true, Ordering::Relaxed);
            control.stop();
        })?;
        Ok(task)
    }

    /// Returns the shard.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Returns the file of its part.
    pub fn part(&self) -> PathBuf {
        self.folder.path(self.shard)
    }

    /// Returns the flag that is set when it is to stop.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Returns what stops trainings when it is to stop.
    pub fn training_control(&self) -> TrainingControl {
        self.control.clone()
    }

    /// Computes the items of the shard with `work` on `device` and writes the part, unless it is there. When it is stopped, what is done is
    /// kept in the folder of the parts.
    ///
    /// # Errors
    /// If the folder has parts of another job, a file may not be written, or the work broke off.
    pub fn run<W: ShardWork>(&self, job: Job, device: &str, work: &mut W) -> Result<Outcome> {
        let Self { shard, folder, .. } = self;
        let (shard, kind) = (*shard, job.inputs.kind.clone());
        let manifest = Manifest::new(job, shard, device);
        if let Some(there) = folder.find::<ShardResults<W::Item, W::Source>>(&manifest)? {
            println!("Shard {shard} is complete: {}", self.part().display());
            there.failures().for_each(report_failure);
            let within = failures_within::<W>(&there);
            within.iter().for_each(|failure| report_failure(failure));
            return Ok(outcome_of(there.is_whole() && within.is_empty()));
        }
        let positions = work.positions(shard);
        // Better now than after hours of work; it also removes what a killed process left.
        work.prepare(self, &positions, folder.is_begun(shard))?;
        Staging::begin(folder.dir())?;
        fs::create_dir_all(folder.dir()).map_err(|error| Error::io(folder.dir(), &error))?;
        let (mut checkpoint, before) = ShardCheckpoint::begin::<ItemOutcome<W::Item>>(folder, &manifest)?;
        let is_start = before.iter().map(|item| item.position).eq(positions.iter().copied().take(before.len()));
        let mut items = if is_start { before } else { Vec::new() };
        let of = positions.len();
        checkpoint.keep(&items, of)?;
        if !items.is_empty() {
            eprintln!("Shard {shard} continues after {} of {}", items.len(), counted(of, &kind));
        }
        let left = &positions[items.len()..];
        let (mut next, bar) = (left.iter(), work.bar(of, &kind));
        bar.set_position(items.len() as u64);
        let mut done = |outcome: Result<W::Item>| {
            let position = *next.next().expect("each item is reported once");
            let outcome = outcome.map_err(|error| {
                bar.suspend(|| complain(&error));
                error.to_string()
            });
            items.push(ItemOutcome { position, outcome });
            bar.set_position(items.len() as u64);
            if checkpoint.keep_at_times(&items, of) && !stderr().is_terminal() {
                eprintln!("{} of {}", items.len(), counted(of, &kind)); // a log has no bar
            }
        };
        let stop = || self.stop.load(Ordering::Relaxed);
        let computed = work.compute(ShardItems { positions: left, stop: &stop, done: &mut done });
        bar.finish_and_clear();
        computed.or_else(|error| if error.is_cancelled() { Ok(()) } else { Err(error) })?;
        if items.len() < of {
            checkpoint.keep(&items, of)?;
            println!("Shard {shard}: {} of {} kept; start it again to continue", items.len(), counted(of, &kind));
            return Ok(Outcome::Interrupted);
        }
        let part = Part { manifest, results: ShardResults { source: work.source(), items } };
        let path = folder.write(&part)?;
        checkpoint.finish();
        let results = &part.results;
        let failed = match results.failures().count() {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        println!(
            "Shard {shard}: {} {}{failed}, written to {}",
            counted(results.done(), &kind),
            W::DONE,
            path.display()
        );
        Ok(outcome_of(results.is_whole() && failures_within::<W>(results).is_empty()))
    }
}

/// Returns the errors within the items that have a result.
fn failures_within<W: ShardWork>(results: &ShardResults<W::Item, W::Source>) -> Vec<String> {
    results.items.iter().flat_map(|item| &item.outcome).flat_map(W::failures).collect()
}

/// Reports an item that failed in another process, with that process's message.
pub(super) fn report_failure(failure: &str) {
    eprintln!("motionscope: {failure}");
}

/// Returns the outcome of work on several items.
pub(super) fn outcome_of(is_whole: bool) -> Outcome {
    if is_whole { Outcome::Done } else { Outcome::SomeFailed }
}

/// Returns a bar that counts items of this `kind`, one word.
pub(super) fn counting_bar(items: usize, kind: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {kind}s, {{eta}} left"));
    ProgressBar::new(items as u64).with_style(style.expect("the template is well-formed"))
}
