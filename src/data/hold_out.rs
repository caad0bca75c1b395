//! Hold-out split by whole recordings: clips for validation that share no recording with the training clips and are no
//! test clips.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Dataset, LabelledClip};
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};

/// Removes a `share` of the recordings of every class from `dataset` and returns their clips: at least one recording of
/// every class that has two. Returns no clips for a share of 0.
///
/// # Errors
/// If no class has two recordings.
pub fn take(dataset: &mut Dataset, share: f64, seed: u64) -> Result<Vec<LabelledClip>> {
    if share == 0.0 {
        return Ok(Vec::new());
    }
    let held = held_out(&dataset.clips, share, seed);
    if held.is_empty() {
        let cause = "no class has two recordings, so none can be held out";
        return Err(Error::new("hold-out", cause, "Add recordings, or choose separate validation clips"));
    }
    let (validation, training) =
        std::mem::take(&mut dataset.clips).into_iter().partition(|clip| held.contains(&clip.recording()));
    dataset.clips = training;
    Ok(validation)
}

/// Returns the recordings that [`take`] would remove. They depend on the seed and the names of the recordings, not on
/// the order of the clips; a recording that is added replaces at most one other of its class.
///
/// A recording is the group that its clips name, otherwise their video. One with several classes counts for that of its
/// first clip, and is not held out if it is the last one of any of its classes.
pub fn held_out(clips: &[LabelledClip], share: f64, seed: u64) -> HashSet<String> {
    let mut shown: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new(); // the classes of every recording
    let mut classes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for clip in clips {
        let recording = clip.recording();
        if !shown.contains_key(&recording) {
            classes.entry(clip.label).or_default().push(recording.clone());
        }
        shown.entry(recording).or_default().extend(clip.shown());
    }
    let mut left: BTreeMap<usize, usize> = BTreeMap::new();
    shown.values().flatten().for_each(|class| *left.entry(*class).or_default() += 1);
    let mut held = HashSet::new();
    for (_, mut recordings) in classes {
        recordings.sort_by_cached_key(|recording| (place(recording, seed), recording.clone()));
        let wanted = ((share * recordings.len() as f64).round() as usize).max(1);
        let mut missing = if share > 0.0 { wanted } else { 0 };
        for recording in recordings {
            if missing > 0 && shown[&recording].iter().all(|class| left[class] > 1) {
                shown[&recording].iter().for_each(|class| *left.entry(*class).or_default() -= 1);
                held.insert(recording);
                missing -= 1;
            }
        }
    }
    held
}

/// Returns the rank of a recording among those that may be held out: a hash of its name and of its parent folder, so
/// that moving the whole data set changes nothing.
fn place(recording: &str, seed: u64) -> u64 {
    let mut names = recording.rsplit(['/', '\\']);
    let (name, folder) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let mut hash = ContentHash::new();
    hash.update(&seed.to_le_bytes());
    hash.update(format!("{folder}/{name}").as_bytes());
    hash.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset() -> Dataset {
        let clip = |label: usize, group: usize, number: usize| LabelledClip {
            path: format!("{label}/{group}_{number}.avi").into(),
            label,
            segment_secs: None,
            group: Some(format!("class {label} group {group}")),
            also: Vec::new(),
        };
        let clips = (0..3).flat_map(|label| (0..20).map(move |i| clip(label, i / 4, i % 4)));
        let alone = (0..4).map(|number| clip(3, 0, number));
        Dataset { classes: Vec::new(), clips: clips.chain(alone).collect(), ambiguous: Vec::new() }
    }

    #[test]
    fn whole_recordings_are_held_out_of_every_class_that_has_two() {
        let mut training = dataset();
        let held = take(&mut training, 0.2, 1).unwrap();
        assert_eq!((held.len(), training.clips.len()), (3 * 4, 3 * 16 + 4));
        for clip in &held {
            assert!(training.clips.iter().all(|other| other.group != clip.group), "{clip:?}");
        }
        assert_eq!((0..3).filter(|&label| held.iter().any(|clip| clip.label == label)).count(), 3);
    }

    #[test]
    fn the_choice_hangs_on_the_seed_and_not_on_the_order() {
        let held = |seed: u64, reversed: bool| {
            let mut training = dataset();
            if reversed {
                training.clips.reverse();
            }
            let mut held = take(&mut training, 0.4, seed).unwrap();
            held.sort_by(|a, b| a.path.cmp(&b.path));
            held
        };
        assert_eq!(held(1, false), held(1, true));
        assert_ne!(held(1, false), held(2, false));
    }

    #[test]
    fn a_recording_that_is_added_displaces_at_most_one_and_a_folder_may_move() {
        let clip = |folder: &str, name: String| LabelledClip {
            path: format!("{folder}/wave/{name}.mp4").into(),
            label: 0,
            segment_secs: None,
            group: None,
            also: Vec::new(),
        };
        let clips = |folder: &str, count: usize| -> Vec<LabelledClip> {
            (0..count).map(|i| clip(folder, format!("take {i}"))).collect()
        };
        let before = held_out(&clips("/a", 20), 0.2, 1);
        assert_eq!(before.len(), 4);
        for added in 0..50 {
            let mut all = clips("/a", 20);
            let new = clip("/a", format!("new {added}"));
            all.insert(added % 20, new.clone());
            let after = held_out(&all, 0.2, 1);
            let displaced: Vec<_> = before.difference(&after).collect();
            assert!(
                displaced.is_empty() || (displaced.len() == 1 && after.contains(&new.recording())),
                "{displaced:?}"
            );
        }
        let names = |held: HashSet<String>| -> BTreeSet<String> {
            held.iter().map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
        };
        assert_eq!(names(before), names(held_out(&clips("/somewhere/else", 20), 0.2, 1)));
    }

    #[test]
    fn segments_of_a_video_stay_together_and_a_single_recording_is_not_taken() {
        let segment = |video: &str, label: usize, start: f64| LabelledClip {
            path: video.into(),
            label,
            segment_secs: Some([start, start + 1.0]),
            group: None,
            also: Vec::new(),
        };
        let clips = vec![segment("a", 0, 0.0), segment("a", 1, 2.0), segment("b", 0, 0.0), segment("b", 1, 5.0)];
        let mut training = Dataset { classes: Vec::new(), clips, ambiguous: Vec::new() };
        let held = take(&mut training, 0.1, 1).unwrap();
        assert!(held.len() == 2 && held[0].path == held[1].path, "{held:?}");
        assert!(take(&mut training, 0.1, 1).unwrap_err().cause.contains("no class has two"));
        assert_eq!(training.clips.len(), 2);
    }

    #[test]
    fn no_class_is_left_without_clips_to_train_on() {
        let segment = |video: &str, label: usize| LabelledClip {
            path: video.into(),
            label,
            segment_secs: None,
            group: None,
            also: Vec::new(),
        };
        // Class 1 occurs in one video only, which also has class 0.
        let clips = [segment("a", 0), segment("a", 1), segment("b", 0), segment("c", 0)];
        for seed in 0..20 {
            let held = held_out(&clips, 0.5, seed);
            assert!(!held.contains("a") && held.len() <= 2, "{held:?}");
        }
        assert!(held_out(&clips, 0.0, 1).is_empty());
    }
}
