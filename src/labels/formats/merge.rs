//! Conversion of an annotation set to a step of the project.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use super::super::{
    Change, Class, ClassId, Document, Facts, Label, Segment, SegmentId, Step, StoredPath, Video, VideoId, edits,
};
use super::annotation_set::{AnnotatedClip, AnnotationClass, AnnotationClock, AnnotationSet, Extent, Span};
use super::combined::{Combined, LabelFate};
use super::imported::folder_of_source;
use super::video_finder::{FoundVideo, VideoFinder};
use super::{BACKGROUND, Choices, Import};
use crate::error::Error;
use crate::frame_times::FrameSpan;
use crate::names::{Alike, composed};
use crate::plural::counted;

/// Maximum number of notes reported individually.
const MAX_NOTES: usize = 100;

/// Maximum number of segments of a video and classes of a file; further ones are left out.
const MAX_SEGMENTS: usize = 20_000;
const MAX_CLASSES: usize = 10_000;

/// Start of the first frame on the clock of the file, in seconds, from which a remark is made.
const LATE_SECS: f64 = 0.1;

/// Returns the import of the labels of `set`, read from `source`, into `document`, a project in `dir`.
pub(super) fn merge(set: AnnotationSet, source: &Path, document: &Document, dir: &Path, choices: Choices) -> Import {
    let mut merge = Merge::new(source, document, dir, choices);
    (merge.import.notes, merge.import.remarks) = (set.notes, set.remarks);
    merge.add_classes(&set.classes, &set.clips);
    let finder = VideoFinder::new(document, dir, folder_of_source(source)).with_folder(set.folder.as_deref());
    let found = finder.find_all(&set.clips);
    let mut added: BTreeMap<&str, VideoId> = BTreeMap::new();
    for clip in &set.clips {
        let found = found.get(clip.path.as_str()).copied().unwrap_or(FoundVideo::Nothing);
        let id = match found {
            FoundVideo::Video(id) => {
                merge.compare(id, clip);
                Some(id)
            }
            FoundVideo::SameName(id) => {
                merge.renamed.entry(id).or_insert_with(|| clip.shown());
                Some(id)
            }
            FoundVideo::SameContent(id) => Some(id),
            _ => added.get(clip.path.as_str()).copied().or_else(|| merge.add_video(clip, &finder)),
        };
        match id {
            Some(id) => {
                added.entry(&clip.path).or_insert(id);
                merge.add_clip(id, clip);
            }
            None => merge.miss(clip, &finder, found),
        }
    }
    merge.finish()
}

/// An import in progress.
struct Merge<'a> {
    source: &'a Path,
    dir: &'a Path,
    choices: Choices,
    before: &'a Document,
    /// The document with new classes and videos.
    after: Document,
    /// The set's labels of each video.
    said: BTreeMap<VideoId, Video>,
    /// Number of labels of each video that are left out.
    left_out: BTreeMap<VideoId, usize>,
    /// The clocks of the videos whose times are in seconds in the set.
    clocks: BTreeMap<VideoId, Option<AnnotationClock>>,
    /// The clocks of the videos for which the set has a frame rate.
    frame_clocks: BTreeMap<VideoId, Option<AnnotationClock>>,
    /// Videos whose frames are counted at another rate in the set, with that rate and their own.
    rescaled: BTreeMap<VideoId, [f64; 2]>,
    /// The set's names of videos that were found by their file names.
    renamed: BTreeMap<VideoId, String>,
    /// Videos whose content differs from that in the set.
    changed: Vec<String>,
    import: Import,
    /// New classes listed in the file, which are added even if none of their labels remain.
    listed: BTreeSet<ClassId>,
    missing: BTreeSet<String>,
    /// Files that are not in the project, although others with the same names are.
    namesakes: Vec<String>,
    /// Number of labels left out because their class is missing, by name.
    classless: BTreeMap<String, usize>,
}

impl<'a> Merge<'a> {
    fn new(source: &'a Path, document: &'a Document, dir: &'a Path, choices: Choices) -> Self {
        let mut after = document.clone();
        after.settings.multi_label |= choices.allow_several;
        Self {
            source,
            dir,
            choices,
            before: document,
            after,
            said: BTreeMap::new(),
            left_out: BTreeMap::new(),
            clocks: BTreeMap::new(),
            frame_clocks: BTreeMap::new(),
            rescaled: BTreeMap::new(),
            renamed: BTreeMap::new(),
            changed: Vec::new(),
            import: Import::default(),
            listed: BTreeSet::new(),
            missing: BTreeSet::new(),
            namesakes: Vec::new(),
            classless: BTreeMap::new(),
        }
    }

    /// Adds a note on the location `place`.
    fn note(&mut self, place: &str, cause: impl Into<String>, remedy: &str) {
        let cause: String = cause.into();
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        self.import.notes.push(Error::file(self.source, format!("{place}{cause}"), remedy));
    }

    fn add_classes(&mut self, classes: &[AnnotationClass], clips: &[AnnotatedClip]) {
        let used = clips.iter().flat_map(AnnotatedClip::label_names).map(|name| (AnnotationClass::named(name), false));
        let mut seen = BTreeSet::new();
        for (AnnotationClass { name, color }, is_listed) in
            classes.iter().map(|class| (class.clone(), true)).chain(used)
        {
            let name = &*composed(name.trim());
            let alike = self.before.class_alike(name);
            let is_known = name.is_empty() || name == BACKGROUND || matches!(alike, Alike::One(_));
            if is_known || !seen.insert(name.to_owned()) {
                continue;
            }
            if let Alike::Several(places) = alike {
                let meant = places.iter().map(|&place| self.before.classes[place].name.clone()).collect::<Vec<_>>();
                let cause = format!("class {name} may be any of the project's classes {}; skipped", some_of(&meant));
                self.note("", cause, "Name the class in the file exactly as in the project");
                continue;
            }
            if seen.len() > MAX_CLASSES {
                return self.note(
                    "",
                    format!("more than {MAX_CLASSES} classes"),
                    "Check that this is a file of labels",
                );
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
                self.listed.extend(Some(id).filter(|_| is_listed));
                if let Some(class) = self.after.classes.iter_mut().find(|class| class.id == id) {
                    class.color = color.unwrap_or(class.color);
                }
            }
        }
    }

    /// Records a video whose content differs from that in the file.
    fn compare(&mut self, id: VideoId, clip: &AnnotatedClip) {
        let hash = |facts: Option<&Facts>| facts.map(|facts| facts.hash.clone()).filter(|hash| !hash.is_empty());
        let known = self.before.videos.get(&id).and_then(|video| hash(video.facts.as_ref()));
        if hash(clip.facts.as_ref()).zip(known).is_some_and(|(told, known)| told != known) {
            self.changed.push(clip.shown());
        }
    }

    /// Adds the video of a clip that the project lacks, if the file contains all its facts; returns its identifier.
    fn add_video(&mut self, clip: &AnnotatedClip, finder: &VideoFinder<'_>) -> Option<VideoId> {
        let facts = clip.facts.clone().filter(is_plausible)?;
        let file = finder.file(clip);
        let is_missing = file.is_none();
        let path = file.map_or_else(|| clip.path.clone(), |path| StoredPath::encode(&path, self.dir));
        let id = self.after.free_video_id();
        self.after.apply(edits::add_videos(&self.after, vec![Video { facts: Some(facts), ..Video::new(path) }]));
        self.import.new_videos += 1;
        self.import.new_missing += usize::from(is_missing);
        Some(id)
    }

    /// Adds a note that the video of a clip is not in the project.
    fn miss(&mut self, clip: &AnnotatedClip, finder: &VideoFinder<'_>, found: FoundVideo) {
        let lost = clip.labels.len() + clip.spans.len() + clip.left_out;
        if (clip.is_extra || lost == 0) && finder.file(clip).is_none() {
            return; // Nothing is lost.
        }
        self.import.left_out += lost;
        if !self.missing.insert(clip.path.clone()) {
            return;
        }
        match (finder.file(clip), found) {
            (Some(path), _) if self.import.unknown_videos.contains(&path) => {}
            (Some(path), _) => {
                let namesake = finder.namesake(clip).map(StoredPath::plain);
                self.namesakes.extend(namesake.map(|own| format!("{} is not {own} of the project", path.display())));
                self.import.unknown_videos.push(path);
            }
            (None, FoundVideo::Several(count)) => {
                let cause = format!("{} may be any of {count} videos of the project", clip.shown());
                self.note(&clip.place, cause, "Name the video with its folders");
            }
            (None, FoundVideo::Claimed(_)) => {
                let cause = format!("{} and other videos of the file match one video of the project", clip.shown());
                self.note(&clip.place, cause, "Use the project's path for that video in the file");
            }
            (None, _) => {
                let cause = format!("{} is not in the project, and there is no such file", clip.shown());
                self.note(&clip.place, cause, "Add the video to the project and import again");
            }
        }
    }

    /// Adds the labels of a clip of the set to those of other clips of the same video.
    fn add_clip(&mut self, id: VideoId, clip: &AnnotatedClip) {
        let Some(known) = self.after.videos.get(&id) else { return };
        let facts = known.facts.clone();
        let mut video = self.said.remove(&id).unwrap_or_else(|| Video::new(known.path.clone()));
        let mut left_out = clip.left_out;
        for name in &clip.labels {
            left_out += usize::from(!self.add_label(&mut video, name, clip));
        }
        for span in &clip.spans {
            left_out += usize::from(!self.add_stretch(id, &mut video, facts.as_ref(), span, clip));
        }
        for (said, new) in
            [(&mut video.group, &clip.group), (&mut video.note, &clip.note), (&mut video.reviewer, &clip.reviewer)]
        {
            if !new.is_empty() {
                said.clone_from(new);
            }
        }
        self.said.insert(id, video);
        *self.left_out.entry(id).or_default() += left_out;
        self.import.left_out += left_out;
    }

    /// Adds a label of a whole clip; returns `false` if it is skipped.
    fn add_label(&mut self, video: &mut Video, name: &str, clip: &AnnotatedClip) -> bool {
        let Some(label) = self.label(name) else { return false };
        if video.labels.contains(&label) {
            return true;
        }
        let with_background = label == Label::Background || video.labels.contains(&Label::Background);
        if !video.labels.is_empty() && with_background {
            let cause = format!("{} is labelled as background and as a class; the first label is used", clip.shown());
            self.note(&clip.place, cause, "Correct the file, or the label afterwards");
            return false;
        }
        if !video.labels.is_empty() && !self.after.settings.multi_label {
            self.import.needs_several = true;
            let cause = format!("{} is labelled as several classes; the first label is used", clip.shown());
            self.note(&clip.place, cause, "Make the project multi-label");
            return false;
        }
        video.labels.push(label);
        video.labels.sort_unstable();
        true
    }

    /// Adds a segment; returns `false` if it is skipped.
    fn add_stretch(
        &mut self,
        video_id: VideoId,
        video: &mut Video,
        facts: Option<&Facts>,
        span: &Span,
        clip: &AnnotatedClip,
    ) -> bool {
        let place = if span.place.is_empty() { &clip.place } else { &span.place };
        let Some(label) = self.label(&span.label) else { return false };
        if video.segments.len() >= MAX_SEGMENTS {
            let cause = format!("{} has more than {MAX_SEGMENTS} segments; skipped", clip.shown());
            self.note(place, cause, "Check that this is a file of labels");
            return false;
        }
        let frames = match span.extent {
            Extent::Frames(start, end) => self.frames_counted(video_id, start, end, facts, clip.rate),
            Extent::Secs(start, end) => self.frames_at(video_id, start, end, facts),
        };
        let FrameSpan { frames: Range { start, end }, is_cut } = match frames {
            Ok(frames) => frames,
            Err((cause, remedy)) => {
                self.note(place, format!("{cause}; skipped"), remedy);
                return false;
            }
        };
        if is_cut {
            self.note(place, "the segment extends past the end of the video and was trimmed", "Check the segment");
        }
        let id = SegmentId(video.segments.len() as u32); // Segments are never removed here.
        let segment = Segment { id, label, start, end, note: span.note.clone() };
        let mut clashes = video.segments.iter().filter(|other| other.overlaps(&segment));
        if clashes.clone().any(|other| (other.label, other.start, other.end) == (label, start, end)) {
            return true; // A duplicate.
        }
        if clashes.clone().any(|other| other.label == label) {
            let cause = format!("frames {start} to {} of {} overlap others of the same class", end - 1, clip.shown());
            self.note(place, cause, "Correct the file, or the segment afterwards");
            return false;
        }
        if clashes.next().is_some() && !self.after.settings.multi_label {
            self.import.needs_several = true;
            let cause = format!("frames {start} to {} of {} overlap another segment", end - 1, clip.shown());
            self.note(place, cause, "Make the project multi-label");
            return false;
        }
        video.segments.push(segment);
        true
    }

    /// Converts `start` to `end` seconds on the clock of the file to frames of video `id`.
    fn frames_at(&mut self, id: VideoId, start: f64, end: f64, facts: Option<&Facts>) -> Frames {
        let clock = self.clocks.entry(id).or_insert_with(|| AnnotationClock::of(facts, self.dir)).as_ref();
        let Some(AnnotationClock { times, .. }) = clock else {
            let cause = "times in seconds need the times of the video's frames, which are not known";
            return Err((cause.into(), "Check the videos of the project and import again"));
        };
        times.span(start, end).ok_or_else(|| {
            let [first, last] = [times.start_secs(), times.end_secs()].map(rounded);
            let (start, end) = (rounded(start), rounded(end));
            let cause =
                format!("{start} s to {end} s is not within the video, which is shown from {first} s to {last} s");
            (cause, "Correct the times in the file")
        })
    }

    /// Returns the frames of video `id` that correspond to frames `start` to `end` at `rate` frames per second, with
    /// the first picture as frame 0.
    fn frames_counted(
        &mut self,
        id: VideoId,
        start: usize,
        end: usize,
        facts: Option<&Facts>,
        rate: Option<f64>,
    ) -> Frames {
        let Some((known, rate)) = facts.zip(rate).filter(|_| start < end) else {
            return frames_within(start, end, facts);
        };
        let clock = self.frame_clocks.entry(id).or_insert_with(|| AnnotationClock::of(facts, self.dir)).as_ref();
        let Some(AnnotationClock { times, .. }) = clock else { return frames_within(start, end, facts) };
        if let Some(own) = times.fps().filter(|_| times.is_other_rate(rate)) {
            self.rescaled.insert(id, [rate, own]);
        }
        times.counted(&(start..end), Some(rate)).ok_or_else(|| {
            let (rate, length) = (rounded(rate), known.frames);
            let cause = format!(
                "frames {start} to {end} at {rate} a second are not within the video of {}",
                counted(length, "frame")
            );
            (cause, "Correct the frames or their rate in the file")
        })
    }

    /// Adds remarks on assumptions about videos.
    fn remark(&mut self) {
        let path =
            |id: &VideoId| self.after.videos.get(id).map_or_else(String::new, |video| StoredPath::plain(&video.path));
        let same_name: Vec<_> = self.renamed.iter().map(|(id, name)| format!("{name} as {}", path(id))).collect();
        let clocks = || self.clocks.iter().filter_map(|(id, clock)| Some((id, clock.as_ref()?)));
        let is_late = |clock: &AnnotationClock| clock.times.start_secs() > LATE_SECS;
        let late = clocks().filter(|(_, clock)| is_late(clock));
        let late = late.map(|(id, clock)| format!("{} at {} s", path(id), rounded(clock.times.start_secs())));
        let late: Vec<_> = late.collect();
        let assumed: Vec<_> = clocks().filter(|(_, clock)| clock.is_assumed).map(|(id, _)| path(id)).collect();
        let rescaled = self.rescaled.iter().map(|(id, [rate, own])| {
            format!("{} at {} instead of {} a second", path(id), rounded(*rate), rounded(*own))
        });
        let rescaled: Vec<_> = rescaled.collect();
        let mut remark = |names: &[String], cause: &str, remedy: &str| {
            if !names.is_empty() {
                let cause = format!("{cause}: {}", some_of(names));
                self.import.remarks.push(Error::file(self.source, cause, remedy));
            }
        };
        let cause = "videos were found by their file names alone, as their folders differ";
        remark(&same_name, cause, "Check that they are the same videos");
        let cause = "the content of videos has changed since their labels were exported";
        remark(&self.changed, cause, "Check that the labels fit them");
        let cause = "video starts later than the file; times count from the start of the file, as in players";
        remark(&late, cause, "Check the label start times if the other program counts from the first frame");
        let cause = "frame times are not known yet, so seconds were converted at a constant frame rate";
        remark(&assumed, cause, "Check the videos of the project and import again");
        let cause = "frames are counted at another rate than the video's and were placed by their times";
        remark(&rescaled, cause, "Check the segments, and the column fps if they are not where they should be");
    }

    /// Returns the label with the given name; `None` if there is no such class or several classes match.
    fn label(&mut self, name: &str) -> Option<Label> {
        let name = name.trim();
        let label = match (name, self.after.class_alike(name)) {
            (BACKGROUND, _) => Some(Label::Background),
            (_, Alike::One(place)) => self.after.classes.get(place).map(|class| Label::Class(class.id)),
            (_, Alike::Several(_)) => return None, // noted with the classes
            (_, Alike::None) => None,
        };
        if label.is_none() && !name.is_empty() {
            *self.classless.entry(composed(name).into_owned()).or_default() += 1;
        }
        label
    }

    /// Removes new classes all of whose labels are left out, unless the file lists them.
    fn drop_unused_classes(&mut self, changes: &[Change]) {
        let videos = changes.iter().filter_map(|change| match change {
            Change::Video(_, video) => video.as_ref(),
            _ => None,
        });
        let labels = videos
            .flat_map(|video| video.labels.iter().copied().chain(video.segments.iter().map(|segment| segment.label)));
        let used: BTreeSet<Label> = labels.collect();
        let (before, listed) = (&self.before.classes, &self.listed);
        let is_kept = |class: &Class| {
            let is_known = before.iter().any(|known| known.id == class.id);
            is_known || listed.contains(&class.id) || used.contains(&Label::Class(class.id))
        };
        let gone: Vec<Class> = self.after.classes.iter().filter(|class| !is_kept(class)).cloned().collect();
        self.after.classes.retain(|class| !gone.contains(class));
        self.import.unknown_classes.retain(|name| !gone.iter().any(|class| class.name == *name));
    }

    fn finish(mut self) -> Import {
        let mut changes = Vec::new();
        if self.after.settings != self.before.settings {
            changes.push(Change::Settings(self.after.settings.clone()));
        }
        let (mut kept, mut incomplete, mut texts_kept) = (Vec::new(), Vec::new(), Vec::new());
        for (id, said) in std::mem::take(&mut self.said) {
            let known = &self.after.videos[&id];
            let is_new = !self.before.videos.contains_key(&id);
            let left_out = self.left_out.get(&id).copied().unwrap_or(0);
            let Combined { video, labels, keeps_texts } = Combined::of(known, said, left_out, self.choices.replace);
            if let Some(locked) = known.locked.as_ref().filter(|_| video != *known || labels != LabelFate::Same) {
                self.import.notes.push(Error::clone(locked));
                continue;
            }
            let path = || StoredPath::plain(&known.path);
            match labels {
                LabelFate::Same => {}
                LabelFate::Taken { added, replaced } => {
                    self.import.added += added;
                    self.import.replaced += replaced;
                }
                LabelFate::Kept => kept.push(path()),
                LabelFate::Incomplete => incomplete.push((path(), left_out)),
            }
            texts_kept.extend(keeps_texts.then(path));
            self.import.videos += usize::from(matches!(labels, LabelFate::Taken { .. }) || is_new);
            if video != *known || is_new {
                changes.push(Change::Video(id, Some(video)));
            }
        }
        self.drop_unused_classes(&changes);
        if self.after.classes != self.before.classes {
            // Before the videos that use them.
            let place = changes.iter().position(|change| matches!(change, Change::Video(..))).unwrap_or(changes.len());
            changes.insert(place, Change::Classes(self.after.classes.clone()));
        }
        if let Some(first) = kept.first() {
            let cause = match kept.len() {
                1 => format!("1 video has other labels in the project, which are kept: {first}"),
                count => format!("{count} videos have other labels in the project, which are kept: {first} …"),
            };
            self.note("", cause, "Choose to replace labels if those of the file are right");
        }
        self.import.keeps_texts = !texts_kept.is_empty();
        if let Some(first) = texts_kept.first() {
            let cause = match texts_kept.len() {
                1 => format!("1 video has another group or note in the project, which is kept: {first}"),
                count => format!("{count} videos have other groups or notes in the project, which are kept: {first} …"),
            };
            self.note("", cause, "Choose to replace labels if the groups and notes of the file are right");
        }
        self.import.kept = kept.into_iter().chain(incomplete.iter().map(|(path, _)| path.clone())).collect();
        for (path, left_out) in incomplete {
            let cause = format!("{path} keeps its labels, as {left_out} of the file's for it cannot be used");
            self.note("", cause, "Correct the file and import again");
        }
        let namesakes = std::mem::take(&mut self.namesakes);
        if !namesakes.is_empty() {
            let cause = format!("the project has other files of the same name: {}", some_of(&namesakes));
            let remedy = "Add the files to the project, or name the project's in the file if the labels are theirs";
            self.note("", cause, remedy);
        }
        for (name, count) in std::mem::take(&mut self.classless) {
            let (count, are) = (counted(count, "label"), if count == 1 { "is" } else { "are" });
            let cause = format!("{count} of class {name}, which is not in the project, {are} skipped");
            self.note("", cause, "Choose to add unknown classes");
        }
        self.remark();
        let more = self.import.notes.len().saturating_sub(MAX_NOTES);
        if more > 0 {
            self.import.notes.truncate(MAX_NOTES);
            self.note("", counted(more, "more problem"), "Correct the first and import again");
        }
        let name = self.source.file_name().unwrap_or(self.source.as_os_str()).to_string_lossy().into_owned();
        self.import.step = Step::new(format!("Imported {name}"), changes);
        self.import
    }
}

/// Returns up to three of `names` as text, and the number of further ones.
fn some_of(names: &[String]) -> String {
    let shown = names.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 3 { format!("{shown} and {} more", names.len() - 3) } else { shown }
}

/// The frames of a part, or the fault and its remedy.
type Frames = std::result::Result<FrameSpan, (String, &'static str)>;

/// Returns the frames from `start` to before `end`, clipped to the video.
fn frames_within(start: usize, end: usize, facts: Option<&Facts>) -> Frames {
    let length = facts.map_or(i64::MAX as usize, |facts| facts.frames);
    if start >= end || start >= length {
        let cause = format!("frames {start} to {end} are not within the video of {}", counted(length, "frame"));
        return Err((cause, "Correct the frames in the file"));
    }
    Ok(FrameSpan { frames: start..end.min(length), is_cut: end > length })
}

/// Rounds seconds to the millisecond.
fn rounded(secs: f64) -> f64 {
    (secs * 1000.0).round() / 1000.0
}

/// Returns `true` if facts from a file can be those of a video.
fn is_plausible(facts: &Facts) -> bool {
    let fits = |number: u64| i64::try_from(number).is_ok();
    facts.fps.is_finite() && facts.fps > 0.0 && fits(facts.frames as u64) && fits(facts.bytes)
}
