//! Matches the classes of a data set to those of a model by name.

use std::collections::{HashMap, HashSet};

use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::names::{Alike, are_alike, class_alike};
use crate::nets::HiddenTwoStream;
use crate::plural::counted;

/// Maximum number of classes that a message lists by name.
const NAMED: usize = 10;

/// Clips labelled with the classes of a model.
#[derive(Debug)]
pub struct MatchedClips {
    /// The clips of the model's classes, with the model's class indices.
    pub dataset: Dataset,
    /// Remarks for the reader: classes that could not be matched.
    pub remarks: Vec<String>,
    /// Number of clips of classes that the model lacks.
    pub left_out: usize,
}

/// Returns the clips of `dataset` with the class indices of `model`. Classes are matched by name in any order, if
/// necessary ignoring case and whether spaces, hyphens or underscores separate words. Clips of other classes are
/// skipped, with a remark that names them. For a multi-label model, clips are [cut where the set of their classes
/// changes](Dataset::cut_at_changes). For a model without classes, all clips are kept.
///
/// # Errors
/// If no clip is of a class of the model, or a class matches several of the model's.
pub fn match_classes(model: &HiddenTwoStream, dataset: Dataset) -> Result<MatchedClips> {
    if !model.classifies() {
        return Ok(MatchedClips { dataset, remarks: Vec::new(), left_out: 0 });
    }
    let matched = match_class_names(&model.card.classes, dataset)?;
    Ok(match model.card.fusion.is_multi_label() {
        true => MatchedClips { dataset: matched.dataset.cut_at_changes(), ..matched },
        false => matched,
    })
}

/// Returns the clips of `dataset` with the indices of the classes `model`, as [`match_classes`] does.
///
/// # Errors
/// Same as [`match_classes`].
pub fn match_class_names(model: &[String], dataset: Dataset) -> Result<MatchedClips> {
    if are_alike(model, &dataset.classes) {
        return Ok(MatchedClips { dataset, remarks: Vec::new(), left_out: 0 });
    }
    matched(model, dataset)
}

fn matched(model: &[String], dataset: Dataset) -> Result<MatchedClips> {
    let is_used = |class: usize| dataset.clips.iter().any(|clip| clip.label == class);
    let place = |(class, name): (usize, &String)| match class_alike(model.iter().map(String::as_str), name) {
        Alike::One(place) => Ok(Some(place)),
        Alike::Several(places) if is_used(class) => Err(ambiguous_class(name, places.iter().map(|&at| &*model[at]))),
        _ => Ok(None),
    };
    let places: Vec<Option<usize>> = dataset.classes.iter().enumerate().map(place).collect::<Result<_>>()?;
    let Dataset { classes, clips, ambiguous } = dataset;
    let mut unmatched: HashMap<usize, usize> = HashMap::new();
    let mut kept = Vec::with_capacity(clips.len());
    for mut clip in clips {
        match places.get(clip.label).copied().flatten() {
            Some(place) => {
                clip.label = place;
                kept.push(clip);
            }
            None => *unmatched.entry(clip.label).or_default() += 1,
        }
    }
    let lacking: Vec<&str> = classes
        .iter()
        .enumerate()
        .filter(|(class, _)| unmatched.contains_key(class))
        .map(|(_, name)| &**name)
        .collect();
    let left_out: usize = unmatched.values().sum();
    if kept.is_empty() {
        let of_model: Vec<&str> = model.iter().map(String::as_str).collect();
        let cause = format!(
            "none of the clips is of a class of the model: {} not matched ({}), the model has {}",
            counted(lacking.len(), "class"),
            names(&lacking),
            names(&of_model)
        );
        return Err(Error::new("classes", cause, "Evaluate on the classes the model was trained for"));
    }
    let mut remarks = Vec::new();
    if !lacking.is_empty() {
        remarks.push(format!(
            "{} not evaluated: {} not matched to the model's by name: {}.",
            counted(left_out, "clip"),
            counted(lacking.len(), "class"),
            names(&lacking)
        ));
    }
    let dataset = Dataset { classes: model.to_vec(), clips: kept, ambiguous };
    Ok(MatchedClips { dataset, remarks, left_out })
}

/// Returns the remark on those `classes` of the model that occur in none of the scored clips, which have the labels
/// `labels`.
pub(super) fn without_clips(classes: &[String], labels: &[usize]) -> Option<String> {
    let shown: HashSet<usize> = labels.iter().copied().collect();
    let empty: Vec<&str> =
        classes.iter().enumerate().filter(|(class, _)| !shown.contains(class)).map(|(_, name)| &**name).collect();
    let (count, all) = (empty.len(), classes.len());
    (count > 0).then(|| format!("{count} of the model's {all} classes without clips: {}.", names(&empty)))
}

fn ambiguous_class<'a>(name: &str, meant: impl Iterator<Item = &'a str>) -> Error {
    let meant: Vec<&str> = meant.collect();
    let cause = format!("it may be any of the model's classes {}", names(&meant));
    Error::new(format!("class '{name}'"), cause, "Name the class in the data exactly as in the model")
}

fn names(classes: &[&str]) -> String {
    let named: Vec<String> = classes.iter().take(NAMED).map(|class| format!("'{class}'")).collect();
    let rest = classes.len().saturating_sub(NAMED);
    if rest == 0 { named.join(", ") } else { format!("{} and {rest} more", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelledClip;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    /// Returns clips with these labels.
    fn data(classes: &[&str], labels: &[usize]) -> Dataset {
        let clip = |label: &usize| LabelledClip {
            path: "a.mp4".into(),
            label: *label,
            segment_secs: None,
            group: None,
            also: Vec::new(),
        };
        Dataset { classes: strings(classes), clips: labels.iter().map(clip).collect(), ambiguous: Vec::new() }
    }

    fn labels(matched: &MatchedClips) -> Vec<usize> {
        matched.dataset.clips.iter().map(|clip| clip.label).collect()
    }

    #[test]
    fn classes_in_another_order_keep_their_clips() {
        let model = strings(&["brush", "Golf", "pour"]);
        let found = matched(&model, data(&["pour", "golf", "brush"], &[0, 1, 2, 0])).unwrap();
        assert_eq!((labels(&found), found.dataset.classes, found.remarks), (vec![2, 1, 0, 2], model, Vec::new()));
    }

    #[test]
    fn classes_that_are_not_the_model_s_are_named_and_their_clips_left_out() {
        let model = strings(&["brush", "golf", "pour"]);
        let found = matched(&model, data(&["golf", "jump", "swim", "wave"], &[0, 1, 1, 3, 0])).unwrap();
        assert_eq!(labels(&found), [1, 1]);
        assert_eq!(
            found.remarks,
            ["3 clips not evaluated: 2 classes not matched to the model's by name: 'jump', 'wave'."]
        );
        assert_eq!(without_clips(&model, &[1, 2]).unwrap(), "1 of the model's 3 classes without clips: 'brush'.");
        assert_eq!(without_clips(&model, &[1, 2, 0, 1]), None);
        let error = matched(&model, data(&["golf", "jump"], &[1])).unwrap_err();
        assert_eq!(
            error.cause,
            "none of the clips is of a class of the model: 1 class not matched ('jump'), the model has 'brush', 'golf', 'pour'"
        );
    }

    #[test]
    fn capitals_and_what_is_between_words_decide_only_where_they_are_all_that_differs() {
        let model = strings(&["kick_ball", "Run", "run", "HandstandPushups"]);
        let found =
            matched(&model, data(&["Kick Ball", "run", "HandStandPushups", "kick-ball"], &[0, 1, 2, 3])).unwrap();
        assert_eq!(labels(&found), [0, 2, 3, 0], "the very name before one that is alike");
        let error = matched(&model, data(&["kick_ball", "RUN"], &[0, 1])).unwrap_err();
        assert_eq!(
            (&*error.subject, &*error.cause),
            ("class 'RUN'", "it may be any of the model's classes 'Run', 'run'")
        );
        assert!(matched(&model, data(&["kick_ball", "RUN"], &[0])).is_ok(), "no clip is of it");
        assert_eq!(names(&["a"; 12]), format!("{} and 2 more", ["'a'"; 10].join(", ")));
    }
}
