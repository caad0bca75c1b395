//! A machine's share of a job, written I/N.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Shard I of N, counted from 1; displayed and parsed as `2/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    index: usize,
    count: usize,
}

/// Maximum number of shards; larger ones are typing errors.
const MOST_SHARDS: usize = 100_000;

/// The remedy if the scheduler's variables do not define a shard.
const REMEDY: &str = "Pass --shard I/N, such as --shard 2/8";

impl Shard {
    /// Returns shard `index` of `count`, from 1; `None` if there is no such shard.
    pub fn new(index: usize, count: usize) -> Option<Self> {
        ((1..=MOST_SHARDS).contains(&count) && (1..=count).contains(&index)).then_some(Self { index, count })
    }

    /// Returns its number, from 1.
    pub fn index(self) -> usize {
        self.index
    }

    /// Returns the number of shards.
    pub fn count(self) -> usize {
        self.count
    }

    /// Returns the shard that the scheduler assigned to this process: for a task of a Slurm array, from its position
    /// between `SLURM_ARRAY_TASK_MIN` and the last task, of `SLURM_ARRAY_TASK_COUNT`; for a pod of an indexed
    /// Kubernetes job, from `JOB_COMPLETION_INDEX`, which counts from 0, of `JOB_COMPLETIONS`. `variable` reads an
    /// environment variable.
    ///
    /// # Errors
    /// If there is no scheduler, or its variables define no valid shard.
    pub fn of_scheduler(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let number = |name: &str| {
            let text = variable(name).ok_or_else(|| Error::usage(name, "it is not set", REMEDY))?;
            let cause = || Error::usage(name, format!("{text:?} is not a whole number"), REMEDY);
            text.trim().parse::<usize>().map_err(|_| cause())
        };
        let is_set = |name: &str| variable(name).is_some();
        let (place, count) = if is_set("SLURM_ARRAY_TASK_ID") {
            let step = if is_set("SLURM_ARRAY_TASK_STEP") { number("SLURM_ARRAY_TASK_STEP")?.max(1) } else { 1 };
            let (id, first) = (number("SLURM_ARRAY_TASK_ID")?, number("SLURM_ARRAY_TASK_MIN")?);
            (
                id.checked_sub(first).filter(|ahead| ahead % step == 0).map(|ahead| ahead / step),
                number("SLURM_ARRAY_TASK_COUNT")?,
            )
        } else if is_set("JOB_COMPLETION_INDEX") {
            (Some(number("JOB_COMPLETION_INDEX")?), number("JOB_COMPLETIONS")?)
        } else {
            let cause = "no shard is named, and this is no task of a Slurm array or an indexed job";
            return Err(Error::usage("--shard", cause, REMEDY));
        };
        let shard = place.and_then(|place| Self::new(place.checked_add(1)?, count));
        let cause = "the scheduler's numbers have gaps or are out of range, so this task is none of the shards";
        shard.ok_or_else(|| Error::usage("--shard", cause, REMEDY))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let shard = numbers.and_then(|(index, count)| Self::new(index, count));
        shard.ok_or_else(|| format!("expected I/N, such as 2/8, with I from 1 to N and N up to {MOST_SHARDS}"))
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_shards_that_exist_are_parsed() {
        for text in ["1/1", "2/8", "8/8"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in ["", "2", "0/8", "9/8", "1/0", "-1/8", "a/b", "1/8/2", "1/100001"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_scheduler_names_the_shard() {
        let of = |variables: &[(&str, &str)]| {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            Shard::of_scheduler(&variable).map_or_else(|error| error.to_string(), |shard| shard.to_string())
        };
        let slurm = |id, first, count| {
            [("SLURM_ARRAY_TASK_ID", id), ("SLURM_ARRAY_TASK_MIN", first), ("SLURM_ARRAY_TASK_COUNT", count)]
        };
        assert_eq!(of(&slurm("1", "1", "8")), "1/8");
        assert_eq!(of(&slurm("7", "0", "8")), "8/8");
        assert_eq!(of(&[&slurm("4", "0", "4")[..], &[("SLURM_ARRAY_TASK_STEP", "2")]].concat()), "3/4");
        assert!(of(&slurm("7", "1", "3")).contains("have gaps"), "--array=1,3,7");
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "3")]), "1/3");
        assert!(of(&[("JOB_COMPLETION_INDEX", "0")]).starts_with("JOB_COMPLETIONS: it is not set. Pass --shard"));
        assert!(of(&slurm("x", "0", "4")).contains("\"x\" is not a whole number"));
        assert!(of(&[]).contains("no shard is named"));
    }
}
