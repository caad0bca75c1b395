//! The results of a shard: what was computed of each of its items, or why it could not be.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Part, PartFolder};
use crate::error::{Error, Result};

/// The result of one item of a job, or why there is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemOutcome<T> {
    /// Its place in the whole list.
    pub position: usize,
    /// The result, or the error in words.
    pub outcome: std::result::Result<T, String>,
}

/// The results of all items of one shard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShardResults<T, S = ()> {
    /// Facts about the computation that are not those of an item, such as the day.
    pub source: S,
    /// The items, in the order of the list.
    pub items: Vec<ItemOutcome<T>>,
}

impl<T, S> ShardResults<T, S> {
    /// Number of items with a result.
    pub fn done(&self) -> usize {
        self.items.len() - self.failures().count()
    }

    /// Returns why items have no result.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| item.outcome.as_ref().err().map(String::as_str))
    }

    /// Returns whether all its items have a result.
    pub fn is_whole(&self) -> bool {
        self.failures().next().is_none()
    }
}

impl PartFolder {
    /// Returns the outcomes of all items in `parts`, which are those of this folder, in the order of the list.
    ///
    /// # Errors
    /// If they do not have each item of the job once.
    pub fn outcomes<T, S>(&self, parts: Vec<Part<ShardResults<T, S>>>) -> Result<Vec<std::result::Result<T, String>>> {
        let inputs = parts.first().map(|part| part.manifest.job.inputs.clone()).unwrap_or_default();
        let mut items: Vec<ItemOutcome<T>> = parts.into_iter().flat_map(|part| part.results.items).collect();
        items.sort_by_key(|item| item.position);
        if !items.iter().map(|item| item.position).eq(0..inputs.count) {
            let cause = format!("a {} is missing or twice in its parts", inputs.kind);
            return Err(Error::file(self.dir(), cause, "Delete the parts and run all shards again"));
        }
        Ok(items.into_iter().map(|item| item.outcome).collect())
    }

    /// Returns the outcomes of all items of the job whose parts are in this folder, in the order of the list.
    ///
    /// # Errors
    /// If parts are missing, damaged or of different jobs, or do not have each item once.
    pub fn all_outcomes<T: DeserializeOwned>(&self) -> Result<Vec<std::result::Result<T, String>>> {
        self.outcomes(self.parts::<ShardResults<T>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shards::{Job, JobInputs, Manifest};

    #[test]
    fn items_are_put_into_the_order_of_the_list_and_a_gap_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let folder = |name: &str| PartFolder::new(&dir.path().join(name));
        let write = |folder: &PartFolder, shard: &str, positions: &[usize]| {
            let settings = std::collections::BTreeMap::from([("views", "5x2")]);
            let job = Job::new("count", &settings, JobInputs::new("pair", 3, "hash".into())).unwrap();
            let outcome = |position: usize| if position == 1 { Err("broken".to_owned()) } else { Ok(10 * position) };
            let items = positions.iter().map(|&position| ItemOutcome { position, outcome: outcome(position) });
            let results = ShardResults { source: (), items: items.collect() };
            let manifest = Manifest::new(job, shard.parse().unwrap(), "cpu");
            folder.write(&Part { manifest, results }).unwrap();
        };
        write(&folder("good"), "1/2", &[2]);
        write(&folder("good"), "2/2", &[0, 1]);
        assert_eq!(folder("good").all_outcomes::<usize>().unwrap(), [Ok(0), Err("broken".to_owned()), Ok(20)]);
        let parts = folder("good").parts::<ShardResults<usize>>().unwrap();
        assert_eq!(
            (parts[1].results.done(), parts[1].results.is_whole(), parts[0].results.is_whole()),
            (1, false, true)
        );
        write(&folder("torn"), "1/2", &[2]);
        write(&folder("torn"), "2/2", &[1, 2]);
        let error = folder("torn").all_outcomes::<usize>().unwrap_err();
        assert!(error.cause.contains("a pair is missing or twice"), "{error}");
    }
}
