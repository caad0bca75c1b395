//! A sheet's labels as a step of the project.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::{Change, Document, Facts, Label, Segment, SegmentId, Step, StoredPath, Video, VideoId, edits};
use super::sheet::{Clip, Sheet, SheetClass, Span, Stretch};
use super::video_finder::VideoFinder;
use super::{BACKGROUND, Choices, Import};
use crate::error::{Error, Result};

/// Notes that are told one by one.
const MAX_NOTES: usize = 100;

/// Makes the step that brings the labels of `sheet`, read from `source`, into `document`, a project in `dir`.
pub(super) fn merge(sheet: Sheet, source: &Path, document: &Document, dir: &Path, choices: Choices) -> Import {
    let mut merge = Merge::new(source, document, choices, sheet.notes);
    merge.add_classes(&sheet.classes, &sheet.clips);
    let source_dir = if source.is_dir() { source } else { source.parent().unwrap_or(Path::new("")) };
    let finder = VideoFinder::new(document, dir, source_dir);
    let mut added: BTreeMap<String, VideoId> = BTreeMap::new();
    for clip in &sheet.clips {
        let id = finder.find(&clip.path).or_else(|| added.get(&clip.path).copied());
        match id.or_else(|| merge.add_video(clip, &finder, dir)) {
            Some(id) => {
                added.entry(clip.path.clone()).or_insert(id);
                merge.add_clip(id, clip);
            }
            None => merge.miss(clip, &finder),
        }
    }
    merge.finish()
}

/// An import under way.
struct Merge<'a> {
    source: &'a Path,
    choices: Choices,
    before: &'a Document,
    /// With the classes and videos that are new.
    after: Document,
    /// What the sheet says about each video.
    said: BTreeMap<VideoId, Video>,
    import: Import,
    missing: BTreeSet<String>,
    /// Labels that are left out for want of a class.
    classless: BTreeMap<String, usize>,
}

impl<'a> Merge<'a> {
    fn new(source: &'a Path, document: &'a Document, choices: Choices, notes: Vec<Error>) -> Self {
        let mut after = document.clone();
        after.settings.multi_label |= choices.allow_several;
        let import = Import { notes, ..Import::default() };
        let (said, missing, classless) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { source, choices, before: document, after, said, import, missing, classless }
    }

    /// Notes something about what stands at `place`.
    fn note(&mut self, place: &str, cause: impl Into<String>, remedy: &str) {
        let cause: String = cause.into();
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        self.import.notes.push(Error::file(self.source, format!("{place}{cause}"), remedy));
    }

    fn add_classes(&mut self, classes: &[SheetClass], clips: &[Clip]) {
        let used = clips.iter().flat_map(Clip::label_names).map(SheetClass::named);
        let mut seen = BTreeSet::new();
        for SheetClass { name, color } in classes.iter().cloned().chain(used) {
            let name = name.trim();
            let is_known = name.is_empty() || name == BACKGROUND || self.before.class_named(name).is_some();
            if is_known || !seen.insert(name.to_owned()) {
                continue;
            }
            let (id, step) = match edits::add_class(&self.after, name) {
                Ok(added) => added,
                Err(error) => {
                    self.note(
                        "",
                        format!("class {name:?}: {}", error.cause),
                        "Give the class another name in the file",
                    );
                    continue;
                }
            };
            self.import.unknown_classes.push(name.to_owned());
            if self.choices.add_classes {
                self.after.apply(step);
                if let Some(class) = self.after.classes.iter_mut().find(|class| class.id == id) {
                    class.color = color.unwrap_or(class.color);
                }
            }
        }
    }

    /// The video of a clip that the project does not have, if the file knows all there is to know about it.
    fn add_video(&mut self, clip: &Clip, finder: &VideoFinder<'_>, dir: &Path) -> Option<VideoId> {
        let facts = clip.facts.clone().filter(is_plausible)?;
        let path = finder.file(&clip.path).map_or_else(|| clip.path.clone(), |path| StoredPath::encode(&path, dir));
        let id = self.after.free_video_id();
        self.after.apply(edits::add_videos(&self.after, vec![Video { facts: Some(facts), ..Video::new(path) }]));
        self.import.new_videos += 1;
        Some(id)
    }

    /// Notes that the video of a clip is not in the project.
    fn miss(&mut self, clip: &Clip, finder: &VideoFinder<'_>) {
        if !self.missing.insert(clip.path.clone()) {
            return;
        }
        match finder.file(&clip.path) {
            Some(path) => self.import.unknown_videos.push(path),
            None => {
                let cause = format!("{} is not in the project, and there is no such file", clip.path);
                self.note(&clip.place, cause, "Add the video to the project and import again");
            }
        }
    }

    /// Adds what a clip of the sheet says about a video to what others did.
    fn add_clip(&mut self, id: VideoId, clip: &Clip) {
        let Some(known) = self.after.videos.get(&id) else { return };
        let facts = known.facts.clone();
        let mut video = self.said.remove(&id).unwrap_or_else(|| Video::new(known.path.clone()));
        for name in &clip.labels {
            self.add_label(&mut video, name, clip);
        }
        for stretch in &clip.stretches {
            self.add_stretch(&mut video, facts.as_ref(), stretch, clip);
        }
        for (said, new) in
            [(&mut video.group, &clip.group), (&mut video.note, &clip.note), (&mut video.reviewer, &clip.reviewer)]
        {
            if !new.is_empty() {
                said.clone_from(new);
            }
        }
        self.said.insert(id, video);
    }

    fn add_label(&mut self, video: &mut Video, name: &str, clip: &Clip) {
        let Some(label) = self.label(name) else { return };
        if video.labels.contains(&label) {
            return;
        }
        let with_background = label == Label::Background || video.labels.contains(&Label::Background);
        if !video.labels.is_empty() && with_background {
            let cause = format!("{} is labelled as background and as a class; the first is taken", clip.path);
            return self.note(&clip.place, cause, "Correct the file, or the label afterwards");
        }
        if !video.labels.is_empty() && !self.after.settings.multi_label {
            self.import.needs_several = true;
            let cause = format!("{} is labelled as several classes; the first is taken", clip.path);
            return self.note(&clip.place, cause, "Allow several labels at a time in the project");
        }
        video.labels.push(label);
        video.labels.sort_unstable();
    }

    fn add_stretch(&mut self, video: &mut Video, facts: Option<&Facts>, stretch: &Stretch, clip: &Clip) {
        let place = if stretch.place.is_empty() { &clip.place } else { &stretch.place };
        let Some(label) = self.label(&stretch.label) else { return };
        let (start, end) = match self.frames(facts, stretch.span, place) {
            Ok(frames) => frames,
            Err(error) => return self.note(place, error.cause, &error.remedy),
        };
        let segment = Segment { id: video.free_segment_id(), label, start, end, note: stretch.note.clone() };
        let mut clashes = video.segments.iter().filter(|other| other.overlaps(&segment));
        if clashes.clone().any(|other| (other.label, other.start, other.end) == (label, start, end)) {
            return; // Said twice.
        }
        if clashes.clone().any(|other| other.label == label) {
            let cause = format!("frames {start} to {} of {} overlap others of the same class", end - 1, clip.path);
            return self.note(place, cause, "Correct the file, or the segment afterwards");
        }
        if clashes.next().is_some() && !self.after.settings.multi_label {
            self.import.needs_several = true;
            let cause = format!("frames {start} to {} of {} overlap another segment", end - 1, clip.path);
            return self.note(place, cause, "Allow several labels at a time in the project");
        }
        video.segments.push(segment);
        video.sort();
    }

    /// The frames of a span within a video.
    fn frames(&mut self, facts: Option<&Facts>, span: Span, place: &str) -> Result<(usize, usize)> {
        let left_out =
            |cause: String| Err(Error::new("", format!("{cause}; left out"), "Correct the times in the file"));
        let (start, end) = match span {
            Span::Frames(start, end) => (start as f64, end as f64),
            Span::Secs(start, end) => {
                let fps = facts.map(|facts| facts.fps).filter(|fps| fps.is_finite() && *fps > 0.0);
                let Some(fps) = fps else {
                    let cause = "times in seconds need the video's frames per second, which are not known; left out";
                    return Err(Error::new("", cause, "Have the project look into its videos and import again"));
                };
                let (start, end) = (start * fps, end * fps);
                // What is shorter than a frame, as an event is, is that frame.
                (start.round(), end.round().max(if end >= start { start.round() + 1.0 } else { 0.0 }))
            }
        };
        let length = facts.map_or(i64::MAX as usize, |facts| facts.frames);
        if !(start < end && (start < length as f64) && end > 0.0) {
            return left_out(match span {
                Span::Frames(start, end) => {
                    format!("frames {start} to {end} are not within the video of {length} frames")
                }
                Span::Secs(start, end) => format!("{start} s to {end} s is not within the video of {length} frames"),
            });
        }
        if start < 0.0 || end > length as f64 {
            self.note(place, "the segment reaches beyond the video and was cut there", "Check the segment");
        }
        let (start, end) = match span {
            Span::Frames(start, end) => (start, end.min(length)),
            Span::Secs(..) => (start as usize, (end as usize).min(length)),
        };
        Ok((start, end))
    }

    /// The label called `name`; nothing if it is none, or of a class that is left out.
    fn label(&mut self, name: &str) -> Option<Label> {
        let name = name.trim();
        let label = match name {
            BACKGROUND => Some(Label::Background),
            name => self.after.class_named(name).map(|class| Label::Class(class.id)),
        };
        if label.is_none() && !name.is_empty() {
            *self.classless.entry(name.to_owned()).or_default() += 1;
        }
        label
    }

    fn finish(mut self) -> Import {
        let mut changes = Vec::new();
        if self.after.settings != self.before.settings {
            changes.push(Change::Settings(self.after.settings.clone()));
        }
        if self.after.classes != self.before.classes {
            changes.push(Change::Classes(self.after.classes.clone()));
        }
        let mut kept = Vec::new();
        for (id, said) in std::mem::take(&mut self.said) {
            let known = &self.after.videos[&id];
            let new = put(known, said);
            if same(known, &new) && self.before.videos.contains_key(&id) {
                continue;
            }
            if self.before.videos.contains_key(&id) && !known.is_unlabelled() && !self.choices.replace {
                kept.push(known.path.clone());
                continue;
            }
            self.import.videos += 1;
            changes.push(Change::Video(id, Some(new)));
        }
        if let Some(first) = kept.first() {
            let cause = format!("{} videos have other labels in the project, which are kept: {first} …", kept.len());
            self.note("", cause, "Choose to replace labels if those of the file are right");
        }
        for (name, count) in std::mem::take(&mut self.classless) {
            let cause = format!("{count} labels of class {name}, which the project does not have, are left out");
            self.note("", cause, "Choose to add unknown classes");
        }
        self.import.kept = kept.len();
        let more = self.import.notes.len().saturating_sub(MAX_NOTES);
        if more > 0 {
            self.import.notes.truncate(MAX_NOTES);
            self.note("", format!("{more} more problems of this kind"), "Correct the first and import again");
        }
        let name = self.source.file_name().unwrap_or(self.source.as_os_str()).to_string_lossy().into_owned();
        self.import.step = Step::new(format!("Import {name}"), changes);
        self.import
    }
}

/// `known` with what is said about it.
fn put(known: &Video, said: Video) -> Video {
    let or = |new: String, old: &String| if new.is_empty() { old.clone() } else { new };
    Video {
        path: known.path.clone(),
        facts: known.facts.clone(),
        labels: said.labels,
        segments: said.segments,
        group: or(said.group, &known.group),
        note: or(said.note, &known.note),
        reviewer: or(said.reviewer, &known.reviewer),
    }
}

/// Whether both say the same, whatever their segments are called.
fn same(one: &Video, other: &Video) -> bool {
    let plain = |video: &Video| {
        let mut video = video.clone();
        for segment in &mut video.segments {
            segment.id = SegmentId(0);
        }
        video.segments.sort_by_key(|segment| (segment.start, segment.end, segment.label));
        video
    };
    plain(one) == plain(other)
}

/// Whether facts from a file can be those of a video.
fn is_plausible(facts: &Facts) -> bool {
    let fits = |number: u64| i64::try_from(number).is_ok();
    facts.fps.is_finite() && facts.fps > 0.0 && fits(facts.frames as u64) && fits(facts.bytes)
}
