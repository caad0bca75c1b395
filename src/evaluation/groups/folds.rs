//! The folds: clips held out together.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Serialize;

use crate::data::Dataset;
use crate::error::{Error, Result};

/// Clips that are held out together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fold {
    /// The group, or the number of the fold.
    pub name: String,
    /// Indices of its clips in the data set, ascending.
    pub clips: Vec<usize>,
}

/// The number of folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoldCount {
    /// One fold per group.
    All,
    /// This many folds, at least 2, of about equal size and with similar class shares.
    Count(usize),
}

impl FromStr for FoldCount {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match (text, text.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(count)) if count >= 2 => Ok(Self::Count(count)),
            _ => Err("expected 'all' or 2 or more folds".into()),
        }
    }
}

/// Returns the folds of `dataset`. With [`FoldCount::All`] every recording is a fold, except where groups are numbered
/// within each class, as in UCF101 (`v_Wave_g07`): there, equal numbers form a fold, which gives 25 folds with clips of
/// all classes each.
///
/// # Errors
/// If there are fewer recordings than folds.
pub fn folds(dataset: &Dataset, count: FoldCount) -> Result<Vec<Fold>> {
    let recordings = |name: &dyn Fn(&str) -> String| {
        let mut recordings: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, clip) in dataset.clips.iter().enumerate() {
            recordings.entry(name(&clip.recording())).or_default().push(index);
        }
        recordings
    };
    let wanted = match count {
        FoldCount::All => 2,
        FoldCount::Count(count) => count,
    };
    let single = recordings(&str::to_owned);
    if single.len() < wanted {
        let cause = format!("{} clips of {} recordings cannot be {wanted} folds", dataset.clips.len(), single.len());
        return Err(Error::new(
            "folds",
            cause,
            "Use fewer folds, or name the groups in the list (a column 'group' in CSV)",
        ));
    }
    Ok(match count {
        FoldCount::Count(count) => merged(dataset, single, count),
        FoldCount::All => {
            let is_numbered = single.keys().all(|name| number(name).is_some());
            let numbered = recordings(&|name| number(name).unwrap_or(name).to_owned());
            let chosen = if is_numbered && numbered.len() > 1 { numbered } else { single };
            chosen.into_iter().map(|(name, clips)| Fold { name, clips }).collect()
        }
    })
}

/// Returns `g07` of `v_wave_g07`.
fn number(group: &str) -> Option<&str> {
    let (_, number) = group.rsplit_once('_')?;
    let digits = number.strip_prefix('g')?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// Returns `count` folds of whole recordings: the largest recordings first, each into the fold with the fewest clips of
/// its class, and among equals into the smallest.
fn merged(dataset: &Dataset, recordings: BTreeMap<String, Vec<usize>>, count: usize) -> Vec<Fold> {
    let mut recordings: Vec<Vec<usize>> = recordings.into_values().collect();
    recordings.sort_by_key(|clips| std::cmp::Reverse(clips.len())); // stable: equal sizes stay in order of names
    let mut folds: Vec<Fold> =
        (1..=count).map(|number| Fold { name: format!("fold {number}"), clips: Vec::new() }).collect();
    let label = |clip: &usize| dataset.clips[*clip].label;
    for clips in recordings {
        let class = label(&clips[0]);
        let load = |fold: &Fold| (fold.clips.iter().filter(|clip| label(clip) == class).count(), fold.clips.len());
        let lightest = folds.iter_mut().min_by_key(|fold| load(fold));
        lightest.expect("there are at least two folds").clips.extend(clips);
    }
    folds.retain(|fold| !fold.clips.is_empty());
    folds.iter_mut().for_each(|fold| fold.clips.sort_unstable());
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelledClip;

    /// Returns two clips of each of the groups 1 to `groups` for each of two classes.
    fn dataset(groups: usize, name: fn(usize, usize) -> String) -> Dataset {
        let places = (0..2).flat_map(|label| (1..=groups).flat_map(move |group| [(label, group), (label, group)]));
        let clips = places.enumerate().map(|(i, (label, group))| LabelledClip {
            path: format!("{i}.avi").into(),
            label,
            segment_secs: None,
            group: Some(name(label, group)),
            also: Vec::new(),
        });
        Dataset { classes: vec!["a".into(), "b".into()], clips: clips.collect(), ambiguous: Vec::new() }
    }

    #[test]
    fn groups_that_are_numbered_in_every_class_are_left_out_by_number() {
        let data = dataset(3, |label, group| format!("v_{label}_g{group:02}"));
        let all = folds(&data, FoldCount::All).unwrap();
        assert_eq!(all.iter().map(|fold| fold.name.as_str()).collect::<Vec<_>>(), ["g01", "g02", "g03"]);
        assert_eq!(all[0].clips, [0, 1, 6, 7]);
        let data = dataset(3, |label, group| format!("film {label} {group}"));
        assert_eq!(folds(&data, FoldCount::All).unwrap().len(), 6);
    }

    #[test]
    fn merged_folds_hold_whole_recordings_and_every_class_alike() {
        let data = dataset(5, |label, group| format!("film {label} {group}"));
        let found = folds(&data, FoldCount::Count(5)).unwrap();
        assert_eq!(found.len(), 5);
        let mut seen: Vec<usize> = found.iter().flat_map(|fold| fold.clips.clone()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..20).collect::<Vec<_>>());
        for fold in &found {
            let of = |label| fold.clips.iter().filter(|&&clip| data.clips[clip].label == label).count();
            assert_eq!((of(0), of(1)), (2, 2), "{fold:?}");
        }
        assert!(folds(&data, FoldCount::Count(11)).unwrap_err().cause.contains("10 recordings"));
    }

    #[test]
    fn numbers_of_folds_are_checked() {
        assert_eq!(("all".parse(), "5".parse()), (Ok(FoldCount::All), Ok(FoldCount::Count(5))));
        assert!("1".parse::<FoldCount>().is_err() && "x".parse::<FoldCount>().is_err());
    }
}
