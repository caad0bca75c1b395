//! The results of a shard: the result or error of each of its items.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Part, PartFolder};
use crate::error::{Error, Result};

/// The result of one item of a job, or its error.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemOutcome<T> {
    /// Position in the complete list.
    pub position: usize,
    /// The result, or the text of the error.
    pub outcome: std::result::Result<T, String>,
}

/// The results of all items of one shard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShardResults<T, S = ()> {
    /// Data about the computation that is not specific to an item, such as the date.
    pub source: S,
    /// The items, in list order.
    pub items: Vec<ItemOutcome<T>>,
}

impl<T, S> ShardResults<T, S> {
    /// Returns the number of items with a result.
    pub fn done(&self) -> usize {
        self.items.len() - self.failures().count()
    }

    /// Returns the errors of the items without a result.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| item.outcome.as_ref().err().map(String::as_str))
    }

    /// Returns whether all its items have a result.
    pub fn is_whole(&self) -> bool {
        self.failures().next().is_none()
    }
}

impl PartFolder {
    /// Returns the results of all items in `parts`, which are those of this folder, in list order.
    ///
    /// # Errors
    /// If an item of the job is missing or repeated.
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

    /// Returns the results of all items of the job in this folder, in list order.
    ///
    /// # Errors
    /// If parts are missing, damaged or of different jobs, or an item is missing or repeated.
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
