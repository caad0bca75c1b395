//! Commands in shards that write files of their own for each item: the parts name the files, and a merge checks that all are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use super::output_arguments::ForceArg;
use super::shard_task::{outcome_of, report_failure};
use crate::error::{Error, Result};
use crate::output::in_words;
use crate::plural::counted;
use crate::shards::{Job, Part, PartFolder, ShardResults, size_of};

/// The files of an item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ItemFiles {
    /// What is printed of it, if it has a line of its own.
    line: Option<String>,
    files: Vec<ItemFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ItemFile {
    /// Absolute, as another process in another folder has to find it.
    path: PathBuf,
    bytes: u64,
}

impl ItemFiles {
    /// Returns the item whose `files` were written, and of which `line` is printed if there is one.
    pub fn new(line: Option<String>, files: impl IntoIterator<Item = PathBuf>) -> Self {
        let file = |path: PathBuf| ItemFile { bytes: size_of(&path), path: absolute(&path) };
        Self { line, files: files.into_iter().map(file).collect() }
    }

    /// Returns the files that are missing or have changed in size.
    fn missing(&self) -> impl Iterator<Item = &Path> {
        let is_there = |file: &&ItemFile| file.path.is_file() && size_of(&file.path) == file.bytes;
        self.files.iter().filter(move |file| !is_there(file)).map(|file| file.path.as_path())
    }
}

/// Returns `path` as another process in another folder has to name it.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Checks that the files of all items are there, and prints what was printed of each.
///
/// # Errors
/// If parts are missing or do not belong together, or a file is not there.
pub(super) fn merge(folder: &PartFolder, job: &Job, _force: ForceArg) -> Result<Outcome> {
    let parts = folder.parts::<ShardResults<ItemFiles>>()?;
    check_files(folder, &parts)?;
    let outcomes = folder.outcomes(parts)?;
    for outcome in &outcomes {
        match outcome {
            Ok(ItemFiles { line: None, .. }) => {}
            Ok(ItemFiles { line: Some(line), .. }) => println!("{line}"),
            Err(failure) => report_failure(failure),
        }
    }
    let files: usize = outcomes.iter().flatten().map(|item| item.files.len()).sum();
    eprintln!("{} of {} are there", counted(files, "file"), counted(outcomes.len(), &job.inputs.kind));
    Ok(outcome_of(outcomes.iter().all(std::result::Result::is_ok)))
}

fn check_files(folder: &PartFolder, parts: &[Part<ShardResults<ItemFiles>>]) -> Result<()> {
    let (mut missing, mut incomplete) = (Vec::new(), BTreeSet::new());
    for part in parts {
        for file in part.results.items.iter().flat_map(|item| &item.outcome).flat_map(ItemFiles::missing) {
            missing.push(file.to_owned());
            incomplete.insert(folder.path(part.manifest.shard));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let verb = if missing.len() == 1 { "the file is" } else { "the files are" };
    let parts = in_words(&incomplete.into_iter().collect::<Vec<_>>());
    let cause = format!("{verb} missing or not as its shard has written it");
    Err(Error::new(in_words(&missing), cause, format!("Delete {parts} and run the command again for these shards")))
}
