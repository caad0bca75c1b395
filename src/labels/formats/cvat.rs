//! "CVAT for video 1.1": an XML file for each video.
//!
//! It has no labels of frames, only tracks, so that a segment is a track of a box as large as the picture that appears at
//! its first frame and is outside from the frame after its last. Attributes of the track hold the note, and whether it is
//! the whole clip that is labelled (`scope`). The labels with these attributes are to be in CVAT's task, as they are in the
//! file. Read, any track is a segment for each time it is visible; the tags of "CVAT for images 1.1" are read as well,
//! those of frames that follow each other as one segment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::csv::note_timeless;
use super::sheet::{Clip, Sheet, SheetClass, Span, Stretch, color_of_hex};
use super::x_any_labeling::free_path;
use super::xml::{Element, XmlWriter};
use super::{BACKGROUND, Exported, text, write_file};
use crate::error::{Error, Result};

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let (mut exported, mut used, mut unknown) = (Exported::default(), BTreeSet::new(), 0);
    for clip in &sheet.clips {
        match document(clip, sheet) {
            Some(text) => write_file(&target.join(free_path(clip, "xml", &mut used)), &text, &mut exported)?,
            None => unknown += clip.stretches.len() + clip.labels.len(),
        }
    }
    note_timeless(&mut exported, target, unknown);
    Ok(exported)
}

fn document(clip: &Clip, sheet: &Sheet) -> Option<String> {
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
    let background = SheetClass::named(BACKGROUND);
    sheet.classes.iter().chain([&background]).for_each(|class| label(&mut xml, class));
    xml.close();
    xml.open("original_size", &[]);
    xml.element("width", &[], &facts.size[0].to_string());
    xml.element("height", &[], &facts.size[1].to_string());
    xml.close();
    xml.close();
    xml.element("source", &[], &clip.path);
    xml.close();
    let whole = clip.labels.iter().map(|label| (Stretch::new(label, Span::Frames(0, facts.frames)), "clip"));
    let parts = clip.stretches.iter().map(|part| (part.clone(), "segment"));
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

fn label(xml: &mut XmlWriter, class: &SheetClass) {
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

/// A box as large as the picture, from `frame` on; outside: none.
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

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let mut sheet = Sheet::default();
    let is_folder = source.is_dir();
    for path in text::files(source, "xml")? {
        match read_document(&path, &mut sheet) {
            Ok(()) => {}
            Err(error) if is_folder => sheet.notes.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(sheet)
}

fn read_document(path: &Path, sheet: &mut Sheet) -> Result<()> {
    let document = Element::read(path)?;
    let remedy = "Export the task from CVAT as \"CVAT for video 1.1\"";
    let wrong = |cause: &str| Error::file(path, cause, remedy);
    let meta = document.at(&["meta"]).filter(|_| document.name == "annotations");
    let meta = meta.ok_or_else(|| wrong("this is no file of CVAT's annotations"))?;
    let task = meta.children.iter().find(|child| ["task", "job"].contains(&child.name.as_str()));
    let text_at = |names: &[&str]| Some(task?.at(names)?.text.trim()).filter(|text| !text.is_empty());
    let source = meta.at(&["source"]).or_else(|| task?.at(&["source"])).map(|source| source.text.trim());
    let video = source.filter(|source| !source.is_empty()).or_else(|| text_at(&["name"]));
    let video = video.ok_or_else(|| wrong("it names no video"))?;
    for label in task.and_then(|task| task.at(&["labels"])).into_iter().flat_map(|labels| labels.all("label")) {
        let name = label.at(&["name"]).map_or("", |name| name.text.trim());
        if !sheet.classes.iter().any(|class| class.name == name) {
            let color = label.at(&["color"]).and_then(|color| color_of_hex(color.text.trim()));
            sheet.classes.push(SheetClass { name: name.to_owned(), color });
        }
    }
    let frames = text_at(&["size"]).and_then(|size| size.parse().ok()).unwrap_or(usize::MAX);
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut clip = Clip::named(video, file.clone());
    for track in document.all("track") {
        let place = format!("{file}, line {}", track.line);
        if let Err(cause) = read_track(track, frames, &place, &mut clip) {
            let cause = format!("line {}: {cause}; left out", track.line);
            sheet.notes.push(Error::file(path, cause, remedy));
        }
    }
    read_tags(&document, &mut clip);
    sheet.clips.push(clip);
    Ok(())
}

/// A segment for each time a track is visible.
fn read_track(track: &Element, frames: usize, place: &str, clip: &mut Clip) -> std::result::Result<(), &'static str> {
    let label = track.attribute("label").ok_or("the track has no label")?;
    let mut shapes = Vec::new();
    for shape in track.children.iter().filter(|shape| shape.attribute("outside").is_some()) {
        let frame = shape.attribute("frame").and_then(|frame| frame.parse().ok());
        shapes.push((frame.ok_or("a shape of the track has no frame")?, shape));
    }
    shapes.sort_by_key(|(frame, _)| *frame);
    let value = |name: &str| {
        let mut attributes = shapes.first()?.1.all("attribute");
        attributes.find(|attribute| attribute.attribute("name") == Some(name)).map(|attribute| attribute.text.clone())
    };
    if value("scope").is_some_and(|scope| scope.trim() == "clip") {
        clip.labels.push(label.to_owned());
        return Ok(());
    }
    let mut start: Option<usize> = None;
    let mut add = |start: usize, end: usize| {
        let span = Span::Frames(start, end.max(start + 1));
        let note = value("note").unwrap_or_default();
        clip.stretches.push(Stretch { note, place: place.to_owned(), ..Stretch::new(label, span) });
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
        let last = shapes.last().map_or(start, |(frame, _)| *frame);
        add(start, if frames == usize::MAX { last + 1 } else { frames });
    }
    Ok(())
}

/// Tags of frames: those that follow each other are one segment.
fn read_tags(document: &Element, clip: &mut Clip) {
    let mut tagged: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for image in document.all("image") {
        let Some(frame) = image.attribute("id").and_then(|id| id.parse().ok()) else { continue };
        for label in image.all("tag").filter_map(|tag| tag.attribute("label")) {
            tagged.entry(label).or_default().insert(frame);
        }
    }
    for (label, frames) in tagged {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for frame in frames {
            match runs.last_mut().filter(|(_, end)| *end == frame) {
                Some((_, end)) => *end = frame.saturating_add(1),
                None => runs.push((frame, frame.saturating_add(1))),
            }
        }
        clip.stretches.extend(runs.into_iter().map(|(start, end)| Stretch::new(label, Span::Frames(start, end))));
    }
}
