//! The edits of a document: each returns a [`Step`], or an error with the reason why it is not possible.
//!
//! They do not change the document; [`Document::apply`](super::Document::apply) does.

use std::collections::BTreeSet;
use std::path::{MAIN_SEPARATOR_STR, Path};

use super::class::CLASS_COLORS;
use super::document::BACKGROUND;
use super::{Change, Class, ClassId, Document, Label, Segment, SegmentId, Settings, Step, StoredPath, Video, VideoId};
use crate::error::{Error, Result};
use crate::names::composed;
use crate::plural::counted;

/// Changes the settings.
pub fn set_settings(settings: Settings) -> Step {
    Step::new("Changed the project settings", vec![Change::Settings(settings)])
}

/// Adds a class with the given name after the others.
pub fn add_class(document: &Document, name: &str) -> Result<(ClassId, Step)> {
    let name = free_name(document, name, None)?;
    let id = document.free_class_id();
    let used: Vec<_> = document.classes.iter().map(|class| class.color).collect();
    let color = CLASS_COLORS
        .into_iter()
        .find(|color| !used.contains(color))
        .unwrap_or(CLASS_COLORS[id.0 as usize % CLASS_COLORS.len()]);
    let mut classes = document.classes.clone();
    let title = format!("Added class {name}");
    classes.push(Class { id, name, color });
    Ok((id, Step::new(title, vec![Change::Classes(classes)])))
}

/// Renames a class.
pub fn rename_class(document: &Document, id: ClassId, name: &str) -> Result<Step> {
    let name = free_name(document, name, Some(id))?;
    let title = format!("Renamed {} to {name}", document.label_name(Label::Class(id)));
    change_class(document, id, title, |class| class.name = name)
}

/// Changes the colour of a class.
pub fn recolor_class(document: &Document, id: ClassId, color: [u8; 3]) -> Result<Step> {
    let title = format!("Changed the colour of {}", document.label_name(Label::Class(id)));
    change_class(document, id, title, |class| class.color = color)
}

/// Moves a class to place `to` of the list.
pub fn move_class(document: &Document, id: ClassId, to: usize) -> Result<Step> {
    let mut classes = document.classes.clone();
    let from = classes.iter().position(|class| class.id == id).ok_or_else(unknown_class)?;
    let class = classes.remove(from);
    let to = to.min(classes.len());
    // The keys follow the order, which nobody should discover through a wrong label.
    let title = format!("Moved {} to place {}", class.name, to + 1);
    classes.insert(to, class);
    Ok(Step::new(title, vec![Change::Classes(classes)]))
}

/// Changes every label of `from` to `into`, and deletes `from`.
pub fn merge_classes(document: &Document, from: ClassId, into: ClassId) -> Result<Step> {
    if from == into {
        return Err(Error::new("merge", "a class cannot be merged with itself", "Choose two classes"));
    }
    let name = |id| document.class(id).map(|class| class.name.clone()).ok_or_else(unknown_class);
    let title = format!("Merged {} into {}", name(from)?, name(into)?);
    let put = |label| if label == Label::Class(from) { Label::Class(into) } else { label };
    relabel(document, from, title, |label| Some(put(label)))
}

/// Deletes a class with all its labels; clips without other labels become unlabelled.
pub fn delete_class(document: &Document, id: ClassId) -> Result<Step> {
    let title = format!("Deleted class {}", document.class(id).ok_or_else(unknown_class)?.name);
    relabel(document, id, title, |label| (label != Label::Class(id)).then_some(label))
}

/// Adds those videos whose stored paths are not in the project yet.
pub fn add_videos(document: &Document, videos: Vec<Video>) -> Step {
    let mut known: BTreeSet<String> = document.videos.values().map(|video| video.path.clone()).collect();
    let new = videos.into_iter().filter(|video| known.insert(video.path.clone()));
    // Never an id in use, even if a damaged project has assigned the highest one.
    let free = (document.free_video_id().0..=u32::MAX).map(VideoId).filter(|id| !document.videos.contains_key(id));
    let changes: Vec<_> = free.zip(new).map(|(id, video)| Change::Video(id, Some(video))).collect();
    let title = format!("Added {}", counted(changes.len(), "video"));
    Step::new(title, changes)
}

/// Adds those clips whose stored paths are not in the project yet, each with its class; missing classes are added.
///
/// # Errors
/// If a name is invalid for a class.
pub fn add_labelled<'a>(document: &Document, clips: impl IntoIterator<Item = (String, &'a str)>) -> Result<Step> {
    let mut with_classes = document.clone();
    let known: BTreeSet<&str> = document.videos.values().map(|video| video.path.as_str()).collect();
    let mut videos = Vec::new();
    for (path, class) in clips.into_iter().filter(|(path, _)| !known.contains(path.as_str())) {
        let label = label_named(&mut with_classes, class)?;
        let reviewer = document.settings.reviewer.clone();
        videos.push(Video { labels: vec![label], reviewer, ..Video::new(path) });
    }
    let Step { mut changes, .. } = add_videos(document, videos);
    let title = format!("Added {}", counted(changes.len(), "labelled clip"));
    if with_classes.classes.len() > document.classes.len() {
        changes.insert(0, Change::Classes(with_classes.classes));
    }
    Ok(Step::new(title, changes))
}

/// Returns the label with the given name; its class is added if there is none.
fn label_named(document: &mut Document, name: &str) -> Result<Label> {
    match document.class_named(name.trim()) {
        Some(class) => Ok(Label::Class(class.id)),
        None if name.trim() == BACKGROUND => Ok(Label::Background),
        None => {
            let (id, step) = add_class(document, name)?;
            document.apply(step);
            Ok(Label::Class(id))
        }
    }
}

/// Removes a video and its labels from the project; its file is kept.
pub fn remove_video(document: &Document, id: VideoId) -> Result<Step> {
    video(document, id)?.check_unlocked()?;
    Ok(Step::new("Removed a video", vec![Change::Video(id, None)]))
}

/// Changes properties of a video other than its labels: path, facts, group and note.
pub fn change_video(document: &Document, id: VideoId, title: &str, change: impl FnOnce(&mut Video)) -> Result<Step> {
    let mut new = video(document, id)?.clone();
    new.check_unlocked()?;
    change(&mut new);
    new.sort();
    Ok(Step::new(title, vec![Change::Video(id, Some(new))]))
}

/// Labels a whole clip. In a multi-label project, a label that the clip already has is removed.
pub fn label_clip(document: &Document, id: VideoId, label: Label) -> Result<Step> {
    check_label(document, label)?;
    let title = format!("Labelled as {}", document.label_name(label));
    labelled(document, id, title, |video| {
        let several = document.settings.multi_label && label != Label::Background;
        if !several {
            video.labels = vec![label];
            return;
        }
        video.labels.retain(|other| *other != Label::Background);
        match video.labels.iter().position(|other| *other == label) {
            Some(place) => _ = video.labels.remove(place),
            None => video.labels.push(label),
        }
        video.labels.sort_unstable();
    })
}

/// Labels several whole clips, in one step. In a multi-label project, a label that all of them already have is
/// removed.
///
/// # Errors
/// If the labels of one are locked, or the class or a video does not exist.
pub fn label_clips(document: &Document, ids: &[VideoId], label: Label) -> Result<Step> {
    let videos = ids.iter().map(|id| Ok((*id, video(document, *id)?))).collect::<Result<Vec<_>>>()?;
    let toggles = document.settings.multi_label && label != Label::Background;
    let is_taken = toggles && videos.iter().all(|(_, video)| video.labels.contains(&label));
    let is_changed = |video: &Video| match toggles {
        true => video.labels.contains(&label) == is_taken,
        false => video.labels != [label],
    };
    let changed: Vec<VideoId> = videos.iter().filter(|(_, video)| is_changed(video)).map(|(id, _)| *id).collect();
    let title = format!("Labelled {} as {}", counted(changed.len(), "video"), document.label_name(label));
    together(title, changed.into_iter().map(|id| label_clip(document, id, label)))
}

/// Gives each of several whole clips labels of its own, as they were suggested, in one step.
///
/// # Errors
/// If the labels of one are locked, or there is no such class or video.
pub fn accept_labels(document: &Document, labels: impl Iterator<Item = (VideoId, Vec<Label>)>) -> Result<Step> {
    let accept = |(id, labels): (VideoId, Vec<Label>)| {
        labels.iter().try_for_each(|label| check_label(document, *label))?;
        labelled(document, id, String::new(), |video| video.labels = labels)
    };
    let step = together(String::new(), labels.map(accept))?;
    Ok(Step { title: format!("Accepted {}", counted(step.changes.len(), "suggestion")), ..step })
}

/// Removes the labels of several whole clips, in one step.
///
/// # Errors
/// If the labels of one are locked, or a video does not exist.
pub fn unlabel_clips(document: &Document, ids: &[VideoId]) -> Result<Step> {
    let is_labelled = |id: &&VideoId| document.videos.get(id).is_none_or(|video| !video.labels.is_empty());
    let changed: Vec<VideoId> = ids.iter().filter(is_labelled).copied().collect();
    let title = format!("Cleared the labels of {}", counted(changed.len(), "video"));
    together(title, changed.into_iter().map(|id| unlabel_clip(document, id)))
}

/// Combines several steps into one.
fn together(title: String, steps: impl Iterator<Item = Result<Step>>) -> Result<Step> {
    let steps = steps.collect::<Result<Vec<_>>>()?;
    Ok(Step::new(title, steps.into_iter().flat_map(|step| step.changes).collect()))
}

/// Removes the labels of a whole clip.
pub fn unlabel_clip(document: &Document, id: VideoId) -> Result<Step> {
    labelled(document, id, "Cleared the label".into(), |video| video.labels.clear())
}

/// Returns the name of the folder of a clip; `None` if it is in the project's own folder.
fn folder_name(video: &Video) -> Option<String> {
    let path = StoredPath::decode(&video.path, Path::new(MAIN_SEPARATOR_STR));
    path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().trim().to_owned())
}

/// Returns the folder names by which [`label_by_folders`] would label, if nothing is labelled yet and at least two of
/// them can be classes. Clips beside the folders stay unlabelled.
pub fn class_folders(document: &Document) -> Vec<String> {
    let mut folders = BTreeSet::new();
    for video in document.videos.values() {
        if !video.is_unlabelled() {
            return Vec::new();
        }
        folders.extend(folder_name(video)); // A clip beside the folders stays unlabelled.
    }
    // Classes that were added by hand under other names indicate that folders are not classes.
    let fits = |name: &String| document.classes.is_empty() || document.class_named(name).is_some();
    if folders.len() < 2 || !folders.iter().any(fits) { Vec::new() } else { folders.into_iter().collect() }
}

/// Labels every unlabelled clip except those in `skipped` with the name of its folder, and adds missing classes;
/// clips in the project's own folder are not labelled.
pub fn label_by_folders(document: &Document, skipped: &BTreeSet<VideoId>) -> Step {
    let (mut with_classes, mut changes) = (document.clone(), Vec::new());
    let is_open = |(id, video): &(&VideoId, &Video)| video.is_unlabelled() && !skipped.contains(id);
    for (id, video) in document.videos.iter().filter(is_open) {
        let Some(folder) = folder_name(video) else { continue };
        let Ok(label) = label_named(&mut with_classes, &folder) else { continue };
        let reviewer = document.settings.reviewer.clone();
        changes.push(Change::Video(*id, Some(Video { labels: vec![label], reviewer, ..video.clone() })));
    }
    let title = format!("Labelled {} by folder name", counted(changes.len(), "clip"));
    if with_classes.classes.len() > document.classes.len() {
        changes.insert(0, Change::Classes(with_classes.classes));
    }
    Step::new(title, changes)
}

/// Adds a segment with frames `start..end`.
///
/// # Errors
/// If it is empty, is outside the video, or overlaps another one in a single-label project.
pub fn add_segment(
    document: &Document,
    id: VideoId,
    label: Label,
    start: usize,
    end: usize,
) -> Result<(SegmentId, Step)> {
    let segment = Segment { id: video(document, id)?.free_segment_id(), label, start, end, note: String::new() };
    let name = segment.id;
    let title = format!("Added a segment of {}", document.label_name(label));
    Ok((name, put_segment(document, id, segment, title)?))
}

/// Replaces the segment with the same id: its edges, label or note.
///
/// # Errors
/// As for [`add_segment`], or if there is no segment with this id.
pub fn change_segment(document: &Document, id: VideoId, segment: Segment) -> Result<Step> {
    let before = video(document, id)?.segment(segment.id).ok_or_else(unknown_segment)?;
    let title = match before.label == segment.label {
        true => format!("Changed a segment of {}", document.label_name(segment.label)),
        false => format!("Labelled a segment as {}", document.label_name(segment.label)),
    };
    put_segment(document, id, segment, title)
}

/// Changes the note of a segment.
pub fn note_segment(document: &Document, id: VideoId, segment: SegmentId, note: &str) -> Result<Step> {
    let known = video(document, id)?.segment(segment).ok_or_else(unknown_segment)?.clone();
    change_segment(document, id, Segment { note: note.to_owned(), ..known })
}

/// Deletes a segment.
pub fn delete_segment(document: &Document, id: VideoId, segment: SegmentId) -> Result<Step> {
    let label = video(document, id)?.segment(segment).ok_or_else(unknown_segment)?.label;
    let title = format!("Deleted a segment of {}", document.label_name(label));
    labelled(document, id, title, |video| video.segments.retain(|other| other.id != segment))
}

fn put_segment(document: &Document, id: VideoId, segment: Segment, title: String) -> Result<Step> {
    check_label(document, segment.label)?;
    let video = video(document, id)?;
    let subject = if video.segment(segment.id).is_some() { "Segment not changed" } else { "Segment not added" };
    let frames = video.facts.as_ref().map_or(usize::MAX, |facts| facts.frames);
    if segment.start >= segment.end || segment.end > frames {
        let cause = match frames {
            usize::MAX => "it is empty".to_owned(),
            _ => format!("it is empty, or not within the {} of the video", counted(frames, "frame")),
        };
        return Err(Error::new(subject, cause, "Set the in point before the out point"));
    }
    let mut others = video.segments.iter().filter(|other| other.id != segment.id);
    let clash = others
        .find(|other| other.overlaps(&segment) && (!document.settings.multi_label || other.label == segment.label));
    if let Some(other) = clash {
        // Without frame numbers, since readers may count from 0 or from 1.
        let cause = format!("it overlaps the segment of {}", document.label_name(other.label));
        return Err(Error::new(subject, cause, "Move its edges, or make the project multi-label"));
    }
    labelled(document, id, title, |video| {
        video.segments.retain(|other| other.id != segment.id);
        video.segments.push(segment);
        video.sort();
    })
}

/// Returns a step that changes labels and records the reviewer.
fn labelled(document: &Document, id: VideoId, title: String, change: impl FnOnce(&mut Video)) -> Result<Step> {
    change_video(document, id, &title, |video| {
        change(video);
        video.reviewer.clone_from(&document.settings.reviewer);
    })
}

fn change_class(document: &Document, id: ClassId, title: String, change: impl FnOnce(&mut Class)) -> Result<Step> {
    let mut classes = document.classes.clone();
    change(classes.iter_mut().find(|class| class.id == id).ok_or_else(unknown_class)?);
    Ok(Step::new(title, vec![Change::Classes(classes)]))
}

/// Deletes class `gone` and replaces every label by the result of `put`; `None` deletes the label.
///
/// # Errors
/// If any labels are locked, as they may belong to the class.
fn relabel(document: &Document, gone: ClassId, title: String, put: impl Fn(Label) -> Option<Label>) -> Result<Step> {
    document.videos.values().try_for_each(Video::check_unlocked)?;
    let classes = document.classes.iter().filter(|class| class.id != gone).cloned().collect();
    let mut changes = vec![Change::Classes(classes)];
    for (id, video) in &document.videos {
        if !video.knows(gone) {
            continue;
        }
        let mut new = video.clone();
        new.labels = video.labels.iter().copied().filter_map(&put).collect();
        new.labels.sort_unstable();
        new.labels.dedup();
        let segments = video.segments.iter().cloned();
        new.segments =
            segments.filter_map(|segment| put(segment.label).map(|label| Segment { label, ..segment })).collect();
        join_overlapping(&mut new.segments);
        new.rejected = video.rejected.iter().filter_map(|bout| bout.relabelled(&put)).collect();
        changes.push(Change::Video(*id, Some(new)));
    }
    Ok(Step::new(title, changes))
}

/// Joins overlapping segments with the same label, which merging classes may produce.
fn join_overlapping(segments: &mut Vec<Segment>) {
    segments.sort_by_key(|segment| (segment.start, segment.end, segment.id));
    let mut joined: Vec<Segment> = Vec::with_capacity(segments.len());
    for segment in segments.drain(..) {
        let same = joined.iter_mut().find(|other| other.label == segment.label && other.overlaps(&segment));
        match same {
            Some(other) => {
                other.end = other.end.max(segment.end);
                let is_noted = other.note == segment.note || other.note.lines().any(|line| line == segment.note);
                if !is_noted && !segment.note.is_empty() {
                    other.note += if other.note.is_empty() { "" } else { "\n" };
                    other.note += &segment.note;
                }
            }
            None => joined.push(segment),
        }
    }
    *segments = joined;
}

/// Returns `name` in NFC without leading and trailing blanks, if no class but `own` has that name.
fn free_name(document: &Document, name: &str, own: Option<ClassId>) -> Result<String> {
    let name = &*composed(name.trim());
    let wrong = |cause: &str| Err(Error::new("class name", cause, "Choose another name"));
    if name.is_empty() {
        return wrong("it is empty");
    }
    if name.contains(char::is_control) {
        return wrong("it contains a line break or another control character");
    }
    if name == BACKGROUND {
        return wrong("this name is reserved for the background");
    }
    match document.class_named(name) {
        Some(class) if Some(class.id) != own => wrong(&format!("class {name} already exists")),
        _ => Ok(name.to_owned()),
    }
}

fn check_label(document: &Document, label: Label) -> Result<()> {
    match label {
        Label::Class(id) if document.class(id).is_none() => Err(unknown_class()),
        _ => Ok(()),
    }
}

fn video(document: &Document, id: VideoId) -> Result<&Video> {
    let unknown = || Error::new("video", "it is no longer in the project", "Choose one from the list");
    document.videos.get(&id).ok_or_else(unknown)
}

fn unknown_class() -> Error {
    Error::new("class", "it is no longer in the project", "Choose one from the list")
}

fn unknown_segment() -> Error {
    Error::new("segment", "it is no longer in the video", "Choose one in the timeline")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a project of two classes and one video of 100 frames.
    fn project() -> (Document, [ClassId; 2], VideoId) {
        let mut document = Document::default();
        let mut add = |name: &str| {
            let (id, step) = add_class(&document, name).unwrap();
            document.apply(step);
            id
        };
        let classes = [add("wave"), add("jump")];
        let facts = super::super::Facts {
            frames: 100,
            fps: 25.0,
            start_secs: Some(0.0),
            variable_rate: false,
            size: [64, 48],
            bytes: 1,
            hash: "0".into(),
        };
        let video = Video { facts: Some(facts), ..Video::new("a.mp4") };
        let id = document.free_video_id();
        document.apply(add_videos(&document, vec![video]));
        (document, classes, id)
    }

    #[test]
    fn every_step_can_be_taken_back() {
        let (document, [wave, jump], id) = project();
        let steps = [
            rename_class(&document, wave, "greet").unwrap(),
            recolor_class(&document, wave, [1, 2, 3]).unwrap(),
            move_class(&document, jump, 0).unwrap(),
            delete_class(&document, wave).unwrap(),
            label_clip(&document, id, Label::Class(jump)).unwrap(),
            add_segment(&document, id, Label::Background, 3, 7).unwrap().1,
            remove_video(&document, id).unwrap(),
        ];
        for step in steps {
            let mut changed = document.clone();
            let back = changed.apply(step.clone());
            assert_ne!(changed, document, "{}", step.title);
            let once = changed.clone();
            changed.apply(step.clone());
            assert_eq!(changed, once, "applying {} again changes nothing", step.title);
            changed.apply(back);
            assert_eq!(changed, document, "{}", step.title);
        }
    }

    #[test]
    fn a_class_is_the_same_in_either_form_of_unicode() {
        const COMPOSED: &str = "\u{d6}l";
        const DECOMPOSED: &str = "O\u{308}l";
        for (first, second) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)] {
            let (mut document, [wave, _], _) = project();
            let (id, step) = add_class(&document, first).unwrap();
            document.apply(step);
            assert_eq!(document.class(id).unwrap().name, COMPOSED);
            assert!(add_class(&document, second).unwrap_err().cause.contains("already"));
            assert!(rename_class(&document, wave, second).unwrap_err().cause.contains("already"));
            assert!(rename_class(&document, id, second).is_ok());
            assert_eq!(document.class_named(second).map(|class| class.id), Some(id));
            document.apply(add_labelled(&document, [("b.mp4".to_owned(), second)]).unwrap());
            document.apply(add_videos(&document, vec![Video::new(format!("{second}/c.mp4"))]));
            document.apply(label_by_folders(&document, &BTreeSet::new()));
            let labels: Vec<_> = document.videos.values().flat_map(|video| &video.labels).collect();
            assert_eq!(labels, [&Label::Class(id); 2]);
        }
        let (mut document, [wave, jump], _) = project();
        for (class, name) in document.classes.iter_mut().zip([DECOMPOSED, COMPOSED]) {
            class.name = name.into(); // As older versions stored them.
        }
        let found = [DECOMPOSED, COMPOSED].map(|name| document.class_named(name).map(|class| class.id));
        assert_eq!(found, [Some(wave), Some(jump)]);
    }

    #[test]
    fn segments_overlap_only_where_the_project_allows_it() {
        let (mut document, [wave, jump], id) = project();
        document.apply(add_segment(&document, id, Label::Class(wave), 10, 20).unwrap().1);
        assert!(add_segment(&document, id, Label::Class(jump), 19, 30).is_err());
        assert!(add_segment(&document, id, Label::Class(jump), 20, 30).is_ok());
        assert!(add_segment(&document, id, Label::Class(jump), 20, 20).is_err(), "empty");
        assert!(add_segment(&document, id, Label::Class(jump), 90, 101).is_err(), "beyond the end");
        document.settings.multi_label = true;
        assert!(add_segment(&document, id, Label::Class(jump), 19, 30).is_ok());
        assert!(add_segment(&document, id, Label::Class(wave), 19, 30).is_err(), "of one class");
    }

    #[test]
    fn merged_classes_leave_one_label_and_no_overlap() {
        let (mut document, [wave, jump], id) = project();
        document.settings.multi_label = true;
        for step in [
            label_clip(&document, id, Label::Class(wave)).unwrap(),
            // Created before the first one is applied, so it contains only one label.
            add_segment(&document, id, Label::Class(wave), 0, 20).unwrap().1,
        ] {
            document.apply(step);
        }
        document.apply(label_clip(&document, id, Label::Class(jump)).unwrap());
        document.apply(add_segment(&document, id, Label::Class(jump), 10, 30).unwrap().1);
        document.apply(merge_classes(&document, jump, wave).unwrap());
        let video = &document.videos[&id];
        assert_eq!(document.classes.len(), 1);
        assert!(video.labels.iter().all(|label| *label == Label::Class(wave)));
        assert_eq!(video.segments.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>(), [(0, 30)]);
        let noted = |id, start, note: &str| Segment {
            id: SegmentId(id),
            label: Label::Class(wave),
            start,
            end: start + 10,
            note: note.into(),
        };
        let mut segments = vec![noted(0, 0, "slow"), noted(1, 5, ""), noted(2, 9, "limps"), noted(3, 12, "slow")];
        join_overlapping(&mut segments);
        assert_eq!(segments, [Segment { end: 22, ..noted(0, 0, "slow\nlimps") }]);
    }

    #[test]
    fn names_of_classes_and_videos_are_not_given_twice() {
        let (mut document, [_, jump], id) = project();
        document.apply(delete_class(&document, jump).unwrap());
        document.apply(remove_video(&document, id).unwrap());
        assert_ne!(document.free_class_id(), jump);
        assert_ne!(document.free_video_id(), id);
    }

    #[test]
    fn class_names_are_distinct_and_not_empty() {
        let (document, [wave, _], _) = project();
        for name in ["", "  ", "jump", " jump ", "a\nb", "background"] {
            assert!(rename_class(&document, wave, name).is_err(), "{name:?}");
        }
        for name in ["wave", "say \"hi\", twice", "🏌️ golf"] {
            assert!(rename_class(&document, wave, name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn clips_are_labelled_by_their_folders_unless_they_are_labelled() {
        let (mut document, [wave, jump], id) = project();
        let videos = ["wave/1.mp4", "../clips/say%20%25/2.mp4", "wave/3.mp4", "torn/4.mp4"].map(Video::new);
        document.apply(add_videos(&document, videos.into()));
        document.apply(label_clip(&document, VideoId(3), Label::Class(jump)).unwrap());
        let before = document.clone();
        let skipped = BTreeSet::from([VideoId(4)]);
        let back = document.apply(label_by_folders(&document, &skipped));
        let names = |id: u32| {
            let video = &document.videos[&VideoId(id)];
            video.labels.iter().map(|label| document.label_name(*label).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((names(1), names(2), names(3)), (vec!["wave".into()], vec!["say %".into()], vec!["jump".into()]));
        assert!(document.videos[&id].is_unlabelled(), "it lies in no folder");
        assert!(document.videos[&VideoId(4)].is_unlabelled(), "it is skipped");
        assert_eq!((document.classes.len(), document.classes[0].id), (3, wave));
        assert!(label_by_folders(&document, &skipped).changes.is_empty());
        document.apply(back);
        assert_eq!((document.classes, document.videos), (before.classes, before.videos));
    }

    #[test]
    fn labelled_clips_join_the_classes_that_there_are() {
        let (mut document, [wave, _], _) = project();
        let clips = || ["c/1.mp4", "c/2.mp4", "a.mp4"].map(str::to_owned).into_iter().zip(["wave", "hop", "wave"]);
        document.apply(add_labelled(&document, clips()).unwrap());
        let names: Vec<_> = document.classes.iter().map(|class| class.name.as_str()).collect();
        assert_eq!((names, document.videos.len()), (vec!["wave", "jump", "hop"], 3));
        let labels = |path: &str| document.video_at(path).unwrap().1.labels.clone();
        assert_eq!(labels("c/1.mp4"), [Label::Class(wave)]);
        assert_eq!(labels("c/2.mp4"), [Label::Class(document.classes[2].id)]);
        assert!(labels("a.mp4").is_empty(), "it was in the project, and nobody labelled it");
        assert!(add_labelled(&document, clips()).unwrap().changes.is_empty());
        assert!(add_labelled(&document, [("d.mp4".to_owned(), " ")]).is_err());
    }
}
