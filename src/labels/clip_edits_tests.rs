//! Tests of edits of several clips at a time.

use std::collections::BTreeSet;

use super::{ClassId, Document, Label, Settings, Video, VideoId, edits};
use crate::error::Error;

/// Returns unlabelled clips in folders `wave` and `jump`, without classes.
fn document(paths: &[&str]) -> Document {
    let mut document = Document::default();
    document.apply(edits::add_videos(&document, paths.iter().copied().map(Video::new).collect()));
    document
}

fn with_class(document: &mut Document, name: &str) -> ClassId {
    let (id, step) = edits::add_class(document, name).unwrap();
    document.apply(step);
    id
}

#[test]
fn several_clips_are_labelled_in_one_step_that_is_taken_back_as_one() {
    let mut document = document(&["1.mp4", "2.mp4", "3.mp4"]);
    let wave = Label::Class(with_class(&mut document, "wave"));
    document.apply(edits::label_clip(&document, VideoId(1), Label::Background).unwrap());
    let (before, ids) = (document.clone(), [VideoId(0), VideoId(1)]);
    let step = edits::label_clips(&document, &ids, wave).unwrap();
    assert_eq!((step.title.as_str(), step.changes.len()), ("Labelled 2 videos as wave", 2));
    let back = document.apply(step);
    assert!(ids.iter().all(|id| document.videos[id].labels == [wave]));
    assert!(document.videos[&VideoId(2)].is_unlabelled());
    assert!(edits::label_clips(&document, &ids, wave).unwrap().changes.is_empty(), "they are labelled so");
    document.apply(back);
    assert_eq!(document, before);
    document.apply(edits::label_clips(&document, &ids, wave).unwrap());
    document.apply(edits::unlabel_clips(&document, &[VideoId(0), VideoId(1), VideoId(2)]).unwrap());
    assert!(document.videos.values().all(Video::is_unlabelled));
}

#[test]
fn of_several_classes_at_a_time_one_is_taken_away_only_where_all_clips_have_it() {
    let mut document = document(&["1.mp4", "2.mp4"]);
    let [wave, jump] = ["wave", "jump"].map(|name| Label::Class(with_class(&mut document, name)));
    document.apply(edits::set_settings(Settings { multi_label: true, ..Settings::default() }));
    let ids = [VideoId(0), VideoId(1)];
    document.apply(edits::label_clip(&document, ids[0], wave).unwrap());
    document.apply(edits::label_clip(&document, ids[1], jump).unwrap());
    document.apply(edits::label_clips(&document, &ids, wave).unwrap());
    assert_eq!([0, 1].map(|at| document.videos[&ids[at]].labels.clone()), [vec![wave], vec![wave, jump]]);
    document.apply(edits::label_clips(&document, &ids, wave).unwrap());
    assert_eq!([0, 1].map(|at| document.videos[&ids[at]].labels.clone()), [vec![], vec![jump]]);
}

#[test]
fn locked_labels_are_not_changed_among_others() {
    let mut document = document(&["1.mp4", "2.mp4"]);
    let wave = Label::Class(with_class(&mut document, "wave"));
    document.videos.get_mut(&VideoId(1)).unwrap().locked = Some(Box::new(Error::new("2", "it is torn", "Mend it")));
    assert!(edits::label_clips(&document, &[VideoId(0), VideoId(1)], wave).is_err());
}

#[test]
fn folders_are_offered_as_classes_while_nothing_is_labelled_also_beside_loose_clips() {
    let folders = |paths: &[&str]| edits::class_folders(&document(paths));
    assert_eq!(folders(&["wave/1.mp4", "jump/2.mp4", "wave/3.mp4"]), ["jump", "wave"]);
    assert!(folders(&["wave/1.mp4", "wave/2.mp4"]).is_empty(), "one folder tells nothing apart");
    assert_eq!(folders(&["wave/1.mp4", "jump/2.mp4", "3.mp4"]), ["jump", "wave"]);
    assert!(folders(&[]).is_empty());
    let mut labelled = document(&["wave/1.mp4", "jump/2.mp4"]);
    with_class(&mut labelled, "indoors");
    assert!(edits::class_folders(&labelled).is_empty(), "the classes are called otherwise");
    let wave = with_class(&mut labelled, "wave");
    assert_eq!(edits::class_folders(&labelled).len(), 2);
    labelled.apply(edits::label_clip(&labelled, VideoId(0), Label::Class(wave)).unwrap());
    assert!(edits::class_folders(&labelled).is_empty(), "labelling has begun");
}

#[test]
fn a_folder_called_background_labels_as_background() {
    let mut document = document(&["wave/1.mp4", "background/2.mp4"]);
    document.apply(edits::label_by_folders(&document, &BTreeSet::new()));
    let wave = document.class_named("wave").unwrap().id;
    let labels: Vec<_> = document.videos.values().map(|video| video.labels.clone()).collect();
    assert_eq!(labels, [vec![Label::Class(wave)], vec![Label::Background]]);
    assert_eq!(document.classes.len(), 1);
}

#[test]
fn background_is_not_unlabelled() {
    let mut document = document(&["1.mp4"]);
    let (wave, id) = (Label::Class(with_class(&mut document, "wave")), VideoId(0));
    assert!(document.videos[&id].is_unlabelled());
    document.apply(edits::label_clip(&document, id, Label::Background).unwrap());
    assert!(!document.videos[&id].is_unlabelled());
    document.apply(edits::label_clip(&document, id, wave).unwrap());
    assert_eq!(document.videos[&id].labels, [wave], "one label at a time");
    document.apply(edits::unlabel_clip(&document, id).unwrap());
    assert!(document.videos[&id].is_unlabelled());
}
