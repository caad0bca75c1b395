//! ELAN's annotation documents (EAF 3.0), one per video.
//!
//! A tier for each class holds its segments, which may overlap those of others, with the class as value; a label of the
//! whole clip is an annotation from the first frame to the last in a tier of the linguistic type `clip` whose name
//! begins with `clip: `. Times are in milliseconds, which distinguishes frames up to 1000 per second. Properties of the
//! document hold the group and the note of the video. On import, the value of an annotation is its label, whatever the
//! name of its tier; without a value, the name of the tier is. An annotation that depends on another has the other's
//! extent, or an equal share of it if several do; slots without a time are spaced evenly between their neighbours. Of
//! several media, those in the project get the labels, each by its own `TIME_ORIGIN`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::StoredPath;
use super::Exported;
use super::annotation_set::{AnnotatedClip, AnnotationSet, Extent, Span};
use super::exported::{free_path, note_timeless, write_file};
use super::video_finder::{FoundVideo, VideoFinder};
use super::xml::{Element, XmlWriter};
use crate::annotations::text;
use crate::error::{Error, Result};

/// Linguistic types of labels of whole clips, and of others.
const CLIP: &str = "clip";
const SEGMENT: &str = "segment";
/// Prefix of the names of tiers with labels of whole clips.
const WHOLE: &str = "clip: ";
/// Properties of a document: the recording of its video, and a note about it.
const GROUP: &str = "group";
const NOTE: &str = "note";

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let (mut exported, mut used, mut timeless) = (Exported::default(), BTreeSet::new(), 0);
    for clip in &set.clips {
        let path = target.join(free_path(clip, "eaf", &mut used));
        match document(clip, set, &path) {
            Some(text) => write_file(&path, &text, &mut exported)?,
            None => timeless += clip.spans.len() + clip.labels.len(),
        }
    }
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

/// A tier: its name, its linguistic type, and the start and end times of annotations with one label.
struct Tier<'a> {
    name: String,
    kind: &'static str,
    label: &'a str,
    times: Vec<(u64, u64)>,
}

fn document(clip: &AnnotatedClip, set: &AnnotationSet, path: &Path) -> Option<String> {
    let millis = |[start, end]: [f64; 2]| ((start * 1000.0).round() as u64, (end * 1000.0).round() as u64);
    let whole = millis(clip.whole_secs()?);
    let mut tiers = Vec::new();
    for label in &clip.labels {
        let times = vec![whole];
        tiers.push(Tier { name: format!("{WHOLE}{label}"), kind: CLIP, label, times });
    }
    for label in set.label_names() {
        let parts = clip.spans.iter().filter(|part| part.label == label);
        let times = parts.filter_map(|part| clip.secs_of(part)).map(millis).collect();
        tiers.push(Tier { name: label.into(), kind: SEGMENT, label, times });
    }
    Some(render(clip, &tiers, path.parent().unwrap_or(Path::new(""))))
}

/// Returns the document for the given folder.
fn render(clip: &AnnotatedClip, tiers: &[Tier<'_>], folder: &Path) -> String {
    let mut xml = XmlWriter::new();
    let schema = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd";
    let namespace = "http://www.w3.org/2001/XMLSchema-instance";
    xml.open(
        "ANNOTATION_DOCUMENT",
        &[
            ("AUTHOR", &clip.reviewer),
            ("DATE", "1970-01-01T00:00:00+00:00"), // Required; constant, so that equal labels give equal files.
            ("FORMAT", "3.0"),
            ("VERSION", "3.0"),
            ("xmlns:xsi", namespace),
            ("xsi:noNamespaceSchemaLocation", schema),
        ],
    );
    xml.open("HEADER", &[("MEDIA_FILE", ""), ("TIME_UNITS", "milliseconds")]);
    let (absolute, relative) = (url(&clip.absolute), relative_url(&clip.absolute, folder));
    let mut media = vec![("MEDIA_URL", absolute.as_str()), ("MIME_TYPE", mime_type(clip.file_name()))];
    media.extend(relative.as_deref().map(|url| ("RELATIVE_MEDIA_URL", url)));
    xml.empty("MEDIA_DESCRIPTOR", &media);
    for (name, text) in [(GROUP, &clip.group), (NOTE, &clip.note)].into_iter().filter(|(_, text)| !text.is_empty()) {
        xml.element("PROPERTY", &[("NAME", name)], text);
    }
    xml.close();
    // Each end of each annotation has its own slot, as in ELAN, so that moving it moves no other.
    let mut slots: Vec<(u64, usize)> = Vec::new();
    for (start, end) in tiers.iter().flat_map(|tier| &tier.times) {
        slots.extend([(*start, slots.len()), (*end, slots.len() + 1)]);
    }
    slots.sort_unstable();
    let mut names = vec![String::new(); slots.len()];
    xml.open("TIME_ORDER", &[]);
    for (number, (time, place)) in (1..).zip(&slots) {
        names[*place] = format!("ts{number}");
        xml.empty("TIME_SLOT", &[("TIME_SLOT_ID", &names[*place]), ("TIME_VALUE", &time.to_string())]);
    }
    xml.close();
    let mut number = 0;
    for tier in tiers {
        let attributes = [("LINGUISTIC_TYPE_REF", tier.kind), ("TIER_ID", &tier.name)];
        xml.open("TIER", &attributes);
        for _ in &tier.times {
            let (start, end) = (&names[2 * number], &names[2 * number + 1]);
            number += 1;
            xml.open("ANNOTATION", &[]);
            let id = format!("a{number}");
            let attributes = [("ANNOTATION_ID", id.as_str()), ("TIME_SLOT_REF1", start), ("TIME_SLOT_REF2", end)];
            xml.open("ALIGNABLE_ANNOTATION", &attributes);
            xml.element("ANNOTATION_VALUE", &[], tier.label);
            xml.close();
            xml.close();
        }
        xml.close();
    }
    for kind in [CLIP, SEGMENT] {
        let fixed = [("GRAPHIC_REFERENCES", "false"), ("LINGUISTIC_TYPE_ID", kind), ("TIME_ALIGNABLE", "true")];
        xml.empty("LINGUISTIC_TYPE", &fixed);
    }
    xml.finish()
}

/// Returns the URL of a file.
fn url(path: &Path) -> String {
    let path = escaped(&StoredPath::encode(path, Path::new("")));
    format!("file://{}{path}", if path.starts_with('/') { "" } else { "/" })
}

/// Returns the address of a file relative to `folder`; `None` on another disk.
fn relative_url(path: &Path, folder: &Path) -> Option<String> {
    let path = escaped(&StoredPath::encode(path, folder));
    let is_absolute = path.starts_with('/') || path.get(1..3) == Some(":/");
    let start = if path.starts_with("../") { "" } else { "./" };
    (!is_absolute).then(|| format!("{start}{path}"))
}

/// Returns a stored path with the special characters of URLs escaped too.
fn escaped(stored: &str) -> String {
    stored.replace(' ', "%20").replace('#', "%23").replace('?', "%3F")
}

/// Returns the MIME type of a video by its extension.
fn mime_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_lowercase());
    match ending.as_str() {
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "avi" => "video/x-msvideo",
        "mkv" => "video/x-matroska",
        "webm" => "video/webm",
        "mpg" | "mpeg" | "vob" => "video/mpeg",
        "ts" | "mts" | "m2ts" => "video/mp2t",
        "ogv" | "ogg" => "video/ogg",
        "wmv" => "video/x-ms-wmv",
        _ => "video/*",
    }
}

pub(super) fn read(source: &Path, finder: &VideoFinder<'_>) -> Result<AnnotationSet> {
    let mut set = AnnotationSet::default();
    let is_folder = source.is_dir();
    for path in text::files(source, "eaf")? {
        match read_document(source, &path, finder, &mut set) {
            Ok(()) => {}
            Err(error) if is_folder => set.notes.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(set)
}

/// A medium of a document.
struct ElanMedium {
    name: String,
    /// Start of the document's times in the medium, seconds.
    origin_secs: f64,
    /// Rank of the match with the project; higher is more certain.
    rank: u8,
}

impl ElanMedium {
    fn of(descriptor: &Element, folder: &Path, finder: &VideoFinder<'_>) -> Option<Self> {
        let named = |key: &str| descriptor.attribute(key).filter(|url| !url.trim().is_empty());
        let (relative, absolute) = (named("RELATIVE_MEDIA_URL"), named("MEDIA_URL"));
        let relative = relative.map(|url| url.trim_start_matches("./").to_owned());
        let beside = relative.as_ref().map(|url| folder.join(url).to_string_lossy().into_owned());
        let names: Vec<String> = match beside {
            // A file beside the document takes precedence, whether the project has it or not.
            Some(beside) if finder.file(&AnnotatedClip::escaped(&*beside, "")).is_some() => vec![beside],
            beside => beside.into_iter().chain(relative).chain(absolute.map(str::to_owned)).collect(),
        };
        let is_sound = descriptor.attribute("MIME_TYPE").is_some_and(|kind| kind.starts_with("audio/"));
        let rank = |name: &String| match finder.find(&AnnotatedClip::escaped(name, "")) {
            FoundVideo::Video(_) | FoundVideo::SameContent(_) => 4,
            FoundVideo::SameName(_) => 3,
            _ if finder.file(&AnnotatedClip::escaped(name, "")).is_some() && !is_sound => 2,
            _ => u8::from(!is_sound),
        };
        let (rank, name) = names.iter().map(|name| (rank(name), name)).rev().max_by_key(|(rank, _)| *rank)?;
        let origin = descriptor.attribute("TIME_ORIGIN").and_then(|origin| origin.trim().parse::<f64>().ok());
        let origin_secs = origin.filter(|millis| millis.is_finite()).unwrap_or(0.0) / 1000.0;
        Some(Self { name: name.clone(), origin_secs, rank })
    }
}

fn read_document(source: &Path, path: &Path, finder: &VideoFinder<'_>, set: &mut AnnotationSet) -> Result<()> {
    let document = Element::read(path)?;
    let remedy = "Choose an .eaf file that ELAN has saved";
    if document.name != "ANNOTATION_DOCUMENT" {
        return Err(Error::file(path, "not an ELAN annotation document", remedy));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let descriptors = document.all("HEADER").flat_map(|header| header.all("MEDIA_DESCRIPTOR"));
    let mut media: Vec<ElanMedium> = descriptors.filter_map(|media| ElanMedium::of(media, folder, finder)).collect();
    let best = media.iter().map(|medium| medium.rank).max();
    let best = best.ok_or_else(|| Error::file(path, "it names no media file", remedy))?;
    match best {
        // All media that the project has, otherwise the first that may be a video.
        3.. => media.retain(|medium| medium.rank >= 3),
        _ => {
            media.retain(|medium| medium.rank == best);
            media.truncate(1);
        }
    }
    if media.len() > 1 {
        let names: Vec<String> = media.iter().map(|medium| StoredPath::plain(&medium.name)).collect();
        let cause = format!("it refers to several videos; all of them get its labels: {}", names.join(", "));
        set.remarks.push(Error::file(path, cause, "Check the labels of each"));
    }
    let property = |name: &str| {
        let mut all = document.all("HEADER").flat_map(|header| header.all("PROPERTY"));
        let found = all.find(|property| property.attribute("NAME") == Some(name));
        found.map(|property| property.text.clone()).unwrap_or_default()
    };
    let (group, note) = (property(GROUP), property(NOTE));
    let mut clip = AnnotatedClip { group, note, ..AnnotatedClip::escaped("", text::place(source, path, None)) };
    for ElanAnnotation { line, label, secs, is_whole } in annotations(&document) {
        match secs {
            _ if is_whole => clip.labels.push(label),
            Some([start, end]) => {
                let place = text::place(source, path, Some(line));
                clip.spans.push(Span { place, ..Span::new(label, Extent::Secs(start, end)) });
            }
            None => {
                clip.left_out += 1;
                let cause = format!("line {line}: the annotation has no times; skipped");
                set.notes.push(Error::file(path, cause, "Align it in ELAN"));
            }
        }
    }
    for medium in media {
        let mut clip = AnnotatedClip { path: medium.name, ..clip.clone() };
        for span in &mut clip.spans {
            if let Extent::Secs(start, end) = &mut span.extent {
                (*start, *end) = (*start + medium.origin_secs, *end + medium.origin_secs);
            }
        }
        set.clips.push(clip);
    }
    Ok(())
}

/// An annotation of any tier.
struct ElanAnnotation {
    line: usize,
    label: String,
    /// Start and end, in seconds of the document.
    secs: Option<[f64; 2]>,
    /// `true` for a label of the whole clip.
    is_whole: bool,
}

/// Returns all annotations in document order.
fn annotations(document: &Element) -> Vec<ElanAnnotation> {
    let mut found = Vec::new();
    let mut times: BTreeMap<&str, [f64; 2]> = BTreeMap::new();
    let slots = Slots::of(document);
    for tier in document.all("TIER") {
        let chain = Chain::of(tier);
        // Other documents may have a type with that name, whose annotations have times.
        let is_whole = tier.attribute("LINGUISTIC_TYPE_REF") == Some(CLIP)
            && tier.attribute("TIER_ID").is_some_and(|name| name.starts_with(WHOLE));
        for annotation in tier.all("ANNOTATION").flat_map(|annotation| annotation.all("ALIGNABLE_ANNOTATION")) {
            let secs = annotation.attribute("TIME_SLOT_REF1").zip(annotation.attribute("TIME_SLOT_REF2"));
            let secs = secs.and_then(|(start, end)| Some([slots.secs(start, &chain)?, slots.secs(end, &chain)?]));
            if let Some((id, secs)) = annotation.attribute("ANNOTATION_ID").zip(secs) {
                times.insert(id, secs);
            }
            let value = annotation.at(&["ANNOTATION_VALUE"]).map_or("", |value| value.text.trim());
            let label = if value.is_empty() { tier.attribute("TIER_ID").unwrap_or_default() } else { value };
            found.push(ElanAnnotation { line: annotation.line, label: label.to_owned(), secs, is_whole });
        }
    }
    found.extend(dependents(document, &mut times));
    found.sort_by_key(|annotation| annotation.line);
    found
}

/// Reads annotations that refer to others: several of one tier that refer to the same one share its time.
fn dependents<'a>(document: &'a Element, times: &mut BTreeMap<&'a str, [f64; 2]>) -> Vec<ElanAnnotation> {
    let of = |tier: &'a Element| tier.all("ANNOTATION").flat_map(|annotation| annotation.all("REF_ANNOTATION"));
    let mut waiting: Vec<Vec<&'a Element>> = document.all("TIER").map(|tier| of(tier).collect()).collect();
    let mut found = Vec::new();
    // A tier may refer to a later one: those whose parents are known go first.
    loop {
        let mut progress = false;
        for tier in &mut waiting {
            let mut parents: BTreeMap<&str, Vec<&Element>> = BTreeMap::new();
            tier.iter().filter_map(|one| Some((one.attribute("ANNOTATION_REF")?, *one))).for_each(|(parent, one)| {
                parents.entry(parent).or_default().push(one);
            });
            for (parent, children) in parents {
                let Some([start, end]) = times.get(parent).copied() else { continue };
                let share = (end - start) / children.len() as f64;
                for (place, child) in children.iter().enumerate() {
                    let secs = [start + place as f64 * share, start + (place + 1) as f64 * share];
                    if let Some(id) = child.attribute("ANNOTATION_ID") {
                        times.insert(id, secs);
                    }
                    found.extend(dependent(child, Some(secs)));
                }
                tier.retain(|one| one.attribute("ANNOTATION_REF") != Some(parent));
                progress = true;
            }
        }
        if !progress {
            break;
        }
    }
    found.extend(waiting.into_iter().flatten().filter_map(|one| dependent(one, None)));
    found
}

/// Returns a dependent annotation; `None` without a value.
fn dependent(annotation: &Element, secs: Option<[f64; 2]>) -> Option<ElanAnnotation> {
    let label = annotation.at(&["ANNOTATION_VALUE"])?.text.trim().to_owned();
    (!label.is_empty()).then_some(ElanAnnotation { line: annotation.line, label, secs, is_whole: false })
}

/// The time slots of a document.
struct Slots<'a> {
    /// Identifiers and times in seconds, in document order.
    order: Vec<(&'a str, Option<f64>)>,
    places: BTreeMap<&'a str, usize>,
}

/// The order of the slots in a tier.
#[derive(Default)]
struct Chain<'a> {
    next: BTreeMap<&'a str, &'a str>,
    last: BTreeMap<&'a str, &'a str>,
}

impl<'a> Chain<'a> {
    fn of(tier: &'a Element) -> Self {
        let mut chain = Self::default();
        for annotation in tier.all("ANNOTATION").flat_map(|annotation| annotation.all("ALIGNABLE_ANNOTATION")) {
            let ends = annotation.attribute("TIME_SLOT_REF1").zip(annotation.attribute("TIME_SLOT_REF2"));
            if let Some((start, end)) = ends {
                chain.next.insert(start, end);
                chain.last.insert(end, start);
            }
        }
        chain
    }
}

impl<'a> Slots<'a> {
    fn of(document: &'a Element) -> Self {
        let slots = document.all("TIME_ORDER").flat_map(|order| order.all("TIME_SLOT"));
        let per_sec = match document.at(&["HEADER"]).and_then(|header| header.attribute("TIME_UNITS")) {
            Some("PAL-frames") => 25.0,
            Some("NTSC-frames") => 30_000.0 / 1001.0,
            _ => 1000.0,
        };
        let secs = |slot: &Element| {
            let time = slot.attribute("TIME_VALUE")?.trim().parse::<f64>().ok()?;
            Some(time / per_sec).filter(|secs| secs.is_finite())
        };
        let order: Vec<_> = slots.filter_map(|slot| Some((slot.attribute("TIME_SLOT_ID")?, secs(slot)))).collect();
        let places = order.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
        Self { order, places }
    }

    /// Returns the time of a slot; one without a time is spaced evenly between the annotations beside it, or the slots
    /// beside it.
    fn secs(&self, id: &str, chain: &Chain<'_>) -> Option<f64> {
        let place = *self.places.get(id)?;
        if let Some(secs) = self.order[place].1 {
            return Some(secs);
        }
        let beside = |way: &BTreeMap<&str, &str>| {
            let mut slot = *way.get(id)?;
            for steps in 1..=self.order.len() {
                match self.order.get(*self.places.get(slot)?)?.1 {
                    Some(secs) => return Some((secs, steps)),
                    None => slot = *way.get(slot)?,
                }
            }
            None
        };
        let in_order = || {
            let before = (0..place).rev().find_map(|other| Some((self.order[other].1?, place - other)));
            let after = (place + 1..self.order.len()).find_map(|other| Some((self.order[other].1?, other - place)));
            before.zip(after)
        };
        let ((before, back), (after, on)) = beside(&chain.last).zip(beside(&chain.next)).or_else(in_order)?;
        Some(before + (after - before) * back as f64 / (back + on) as f64)
    }
}
