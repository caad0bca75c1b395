//! "CVAT for video 1.1": one XML file per video.
//!
//! It has no labels of frames, only tracks, so a segment is a track of a full-frame box that appears at its first frame
//! and is outside from the frame after its last. Attributes of the track hold the note (that of the video, where the
//! whole clip is labelled) and whether it labels the whole clip (`scope`). CVAT's task needs the labels with these
//! attributes, as in the file. On import, any track is a segment for each time it is visible; the tags of "CVAT for
//! images 1.1" are read as well, those of consecutive frames as one segment. Frames are those of the video, regardless
//! of the task's first frame and step, so a label extends to the next frame of the task. The export of a whole project
//! has the tracks of all its tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::annotation_set::{AnnotatedClip, AnnotationClass, AnnotationSet, Extent, Span, color_of_hex};
use super::exported::{free_path, note_timeless, write_file};
use super::xml::{Element, XmlWriter};
use super::{BACKGROUND, Exported};
use crate::annotations::text;
use crate::error::{Error, Result};

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let (mut exported, mut used, mut unknown) = (Exported::default(), BTreeSet::new(), 0);
    for clip in &set.clips {
        match document(clip, set) {
            Some(text) => write_file(&target.join(free_path(clip, "xml", &mut used)), &text, &mut exported)?,
            None => unknown += clip.spans.len() + clip.labels.len(),
        }
    }
    note_timeless(&mut exported, target, unknown);
    Ok(exported)
}

fn document(clip: &AnnotatedClip, set: &AnnotationSet) -> Option<String> {
    let facts = clip.facts.as_ref()?;
    let mut xml = XmlWriter::new();
    xml.open("annotations", &[]);
    xml.element("version", &[], "1.1");
    xml.open("meta", &[]);
    xml.open("task", &[]);
    xml.element("name", &[], clip.file_name());
    xml.element("size", &[], &facts.frames.to_string());
    xml.element("mode", &[], "interpolation");
    xml.element("start_frame", &[], "0");
    xml.element("stop_frame", &[], &facts.frames.saturating_sub(1).to_string());
    xml.open("labels", &[]);
    let background = AnnotationClass::named(BACKGROUND);
    set.classes.iter().chain([&background]).for_each(|class| label(&mut xml, class));
    xml.close();
    xml.open("original_size", &[]);
    xml.element("width", &[], &facts.size[0].to_string());
    xml.element("height", &[], &facts.size[1].to_string());
    xml.close();
    xml.close();
    xml.element("source", &[], &clip.path);
    xml.close();
    let whole = |label: &String| Span { note: clip.note.clone(), ..Span::new(label, Extent::Frames(0, facts.frames)) };
    let whole = clip.labels.iter().map(|label| (whole(label), "clip"));
    let parts = clip.spans.iter().map(|part| (part.clone(), "segment"));
    for (id, (part, scope)) in whole.chain(parts).enumerate() {
        let Some((start, end)) = part.frames() else { continue };
        xml.open("track", &[("id", &id.to_string()), ("label", &part.label), ("source", "manual")]);
        shape(&mut xml, start, false, facts.size, scope, &part.note);
        if end < facts.frames {
            shape(&mut xml, end, true, facts.size, scope, &part.note);
        }
        xml.close();
    }
    Some(xml.finish())
}

fn label(xml: &mut XmlWriter, class: &AnnotationClass) {
    xml.open("label", &[]);
    xml.element("name", &[], &class.name);
    xml.element("color", &[], &class.hex());
    xml.element("type", &[], "any");
    xml.open("attributes", &[]);
    for (name, kind, default, values) in [("scope", "select", "segment", "segment\nclip"), ("note", "text", "", "")] {
        xml.open("attribute", &[]);
        xml.element("name", &[], name);
        xml.element("mutable", &[], "False");
        xml.element("input_type", &[], kind);
        xml.element("default_value", &[], default);
        xml.element("values", &[], values);
        xml.close();
    }
    xml.close();
    xml.close();
}

/// Writes a box of the picture's size that starts at `frame`; if `outside`, the end of the track.
fn shape(xml: &mut XmlWriter, frame: usize, outside: bool, [width, height]: [u32; 2], scope: &str, note: &str) {
    let outside = if outside { "1" } else { "0" };
    let (frame, right, bottom) = (frame.to_string(), format!("{width}.00"), format!("{height}.00"));
    xml.open(
        "box",
        &[
            ("frame", &frame),
            ("keyframe", "1"),
            ("outside", outside),
            ("occluded", "0"),
            ("xtl", "0.00"),
            ("ytl", "0.00"),
            ("xbr", &right),
            ("ybr", &bottom),
            ("z_order", "0"),
        ],
    );
    xml.element("attribute", &[("name", "scope")], scope);
    xml.element("attribute", &[("name", "note")], note);
    xml.close();
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let mut set = AnnotationSet::default();
    let is_folder = source.is_dir();
    for path in text::files(source, "xml")? {
        match read_document(source, &path, &mut set) {
            Ok(()) => {}
            Err(error) if is_folder => set.notes.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(set)
}

/// A CVAT task: a video and its range of annotated frames.
#[derive(Debug)]
struct CvatTask {
    /// `None` in a file of one task.
    id: Option<String>,
    video: String,
    /// Number of frames that a label extends over.
    step: usize,
    /// The frame after the last annotated one, if known.
    end: Option<usize>,
    /// The number of annotated frames, if known.
    size: Option<usize>,
}

impl CvatTask {
    /// Parses a task in the metadata; `None` if it names no video.
    fn of(meta: &Element, task: &Element) -> Option<Self> {
        let text_at = |names: &[&str]| Some(task.at(names)?.text.trim()).filter(|text| !text.is_empty());
        let number = |name: &str| text_at(&[name])?.parse::<usize>().ok();
        let source = meta.at(&["source"]).map(|source| source.text.trim()).filter(|source| !source.is_empty());
        let video = source.or_else(|| text_at(&["source"])).or_else(|| text_at(&["name"]))?.to_owned();
        let filter = text_at(&["frame_filter"]).and_then(|filter| filter.strip_prefix("step="));
        let step = filter.and_then(|step| step.trim().parse().ok()).filter(|step| *step > 0).unwrap_or(1);
        let (start, size) = (number("start_frame").unwrap_or(0), number("size"));
        // Frames of a job are counted among the sampled frames.
        let start = if task.name == "job" { start.saturating_mul(step) } else { start };
        let end = match size {
            Some(size) => Some(start.saturating_add(size.saturating_mul(step))),
            None => number("stop_frame").map(|stop| stop.saturating_add(1)),
        };
        Some(Self { id: text_at(&["id"]).map(str::to_owned), video, step, end, size })
    }
}

fn read_document(source: &Path, path: &Path, set: &mut AnnotationSet) -> Result<()> {
    let document = Element::read(path)?;
    let remedy = "Export the task from CVAT as \"CVAT for video 1.1\"";
    let wrong = |cause: &str| Error::file(path, cause, remedy);
    let meta = document.at(&["meta"]).filter(|_| document.name == "annotations");
    let meta = meta.ok_or_else(|| wrong("not a CVAT annotation file"))?;
    let project = meta.at(&["project"]);
    let single = || meta.children.iter().find(|child| ["task", "job"].contains(&child.name.as_str()));
    let tasks: Vec<CvatTask> = match project {
        Some(project) => {
            let tasks = project.all("tasks").chain([project]).flat_map(|tasks| tasks.all("task"));
            tasks.filter_map(|task| CvatTask::of(task, task)).collect()
        }
        None => {
            let task =
                single().or_else(|| meta.at(&["source"]).map(|_| meta)).and_then(|task| CvatTask::of(meta, task));
            task.map(|task| CvatTask { id: None, ..task }).into_iter().collect()
        }
    };
    if tasks.is_empty() {
        return Err(wrong("it names no video"));
    }
    let about = project.or_else(single);
    for label in about.into_iter().flat_map(|about| about.all("labels")).flat_map(|labels| labels.all("label")) {
        let name = label.at(&["name"]).map_or("", |name| name.text.trim());
        if !set.classes.iter().any(|class| class.name == name) {
            let color = label.at(&["color"]).and_then(|color| color_of_hex(color.text.trim()));
            set.classes.push(AnnotationClass { name: name.to_owned(), color });
        }
    }
    let mut before = 0;
    for (place, task) in tasks.iter().enumerate() {
        // Elements without a task belong to the first task if it is the only one.
        let is_of = |element: &&Element| match element.attribute("task_id") {
            Some(id) => task.id.is_none() || task.id.as_deref() == Some(id),
            None => tasks.len() == 1,
        };
        let tracks: Vec<&Element> = document.all("track").filter(is_of).collect();
        let images: Vec<&Element> = document.all("image").filter(is_of).collect();
        let frames = tracks.iter().flat_map(|track| &track.children).filter_map(|shape| shape.attribute("frame"));
        let frames = frames.chain(images.iter().filter_map(|image| image.attribute("id")));
        let last = frames.filter_map(|frame| frame.parse::<usize>().ok()).max().unwrap_or(0);
        let counts_on = place > 0 && task.end.is_some_and(|end| last > end);
        let shift = if counts_on { before } else { 0 };
        if counts_on {
            let cause = format!("frame numbers of task {} continue from the previous tasks", task.video);
            set.remarks.push(Error::file(path, cause, "Check the segments of that video"));
        }
        before += task.size.unwrap_or(0);
        let mut clip = AnnotatedClip::named(&task.video, text::place(source, path, None));
        for track in tracks {
            let place = text::place(source, path, Some(track.line));
            if let Err(cause) = read_track(track, task, shift, &place, &mut clip) {
                clip.left_out += 1;
                let cause = format!("line {}: {cause}; skipped", track.line);
                set.notes.push(Error::file(path, cause, remedy));
            }
        }
        for line in read_tags(&images, task, shift, &mut clip) {
            let cause = format!("line {line}: the image of a tag is not a frame of the video; skipped");
            set.notes.push(Error::file(path, cause, remedy));
        }
        let shapes = images.iter().flat_map(|image| &image.children).filter(|shape| shape.attribute("label").is_some());
        let shapes = shapes.filter(|shape| shape.name != "tag").count();
        if shapes > 0 {
            let cause = format!("shapes on single frames are not video labels and were skipped: {shapes}");
            set.remarks.push(Error::file(path, cause, "Export \"CVAT for video 1.1\" if they belong to tracks"));
        }
        set.clips.push(clip);
    }
    let is_lost = |element: &&Element| match element.attribute("task_id") {
        Some(id) => project.is_some() && !tasks.iter().any(|task| task.id.as_deref() == Some(id)),
        None => tasks.len() > 1,
    };
    for track in document.all("track").filter(is_lost) {
        let cause = format!("line {}: the track belongs to no task of the project; skipped", track.line);
        set.notes.push(Error::file(path, cause, remedy));
    }
    Ok(())
}

/// Adds one segment per interval in which a track is visible.
fn read_track(
    track: &Element,
    task: &CvatTask,
    shift: usize,
    place: &str,
    clip: &mut AnnotatedClip,
) -> std::result::Result<(), &'static str> {
    let label = track.attribute("label").ok_or("the track has no label")?;
    let mut shapes = Vec::new();
    let is_shape = |shape: &&Element| ["outside", "frame"].iter().any(|name| shape.attribute(name).is_some());
    for shape in track.children.iter().filter(is_shape) {
        let frame = shape.attribute("frame").and_then(|frame| frame.parse::<usize>().ok());
        let frame = frame.ok_or("a shape of the track has no frame")?;
        shapes.push((frame.checked_sub(shift).ok_or("a shape of the track starts before its video")?, shape));
    }
    if shapes.is_empty() {
        return Err("the track has no shape");
    }
    shapes.sort_by_key(|(frame, _)| *frame);
    let value = |name: &str| {
        let mut attributes = shapes.first()?.1.all("attribute");
        attributes.find(|attribute| attribute.attribute("name") == Some(name)).map(|attribute| attribute.text.clone())
    };
    if value("scope").is_some_and(|scope| scope.trim() == "clip") {
        clip.labels.push(label.to_owned());
        if let Some(note) = value("note").filter(|note| !note.is_empty()) {
            clip.note = note;
        }
        return Ok(());
    }
    let mut start: Option<usize> = None;
    let mut add = |start: usize, end: usize| {
        let extent = Extent::Frames(start, end.max(start.saturating_add(1)));
        let note = value("note").unwrap_or_default();
        clip.spans.push(Span { note, place: place.to_owned(), ..Span::new(label, extent) });
    };
    for (frame, shape) in &shapes {
        match (start, shape.attribute("outside") == Some("1")) {
            (None, false) => start = Some(*frame),
            (Some(begun), true) => {
                add(begun, *frame);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(start) = start {
        let last = shapes.last().map_or(start, |(frame, _)| *frame).saturating_add(task.step);
        add(start, task.end.map_or(last, |end| end.max(last)));
    }
    Ok(())
}

/// Reads tags of frames, of which consecutive ones are one segment. Returns the lines of those that are left out.
fn read_tags(images: &[&Element], task: &CvatTask, shift: usize, clip: &mut AnnotatedClip) -> Vec<usize> {
    let mut left_out = Vec::new();
    let mut tagged: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for image in images {
        let frame = image.attribute("id").and_then(|id| id.parse::<usize>().ok()?.checked_sub(shift));
        for label in image.all("tag").filter_map(|tag| tag.attribute("label")) {
            match frame {
                Some(frame) => _ = tagged.entry(label).or_default().insert(frame),
                None => {
                    clip.left_out += 1;
                    left_out.push(image.line);
                }
            }
        }
    }
    for (label, frames) in tagged {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for frame in frames {
            let end = frame.saturating_add(task.step);
            match runs.last_mut().filter(|(_, end)| *end >= frame) {
                Some((_, last)) => *last = end,
                None => runs.push((frame, end)),
            }
        }
        clip.spans.extend(runs.into_iter().map(|(start, end)| Span::new(label, Extent::Frames(start, end))));
    }
    left_out
}
