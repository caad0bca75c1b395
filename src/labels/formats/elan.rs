//! ELAN's annotation documents (EAF 3.0), one for each video.
//!
//! A tier for each class holds its segments, which may overlap those of others, with the class as value; a label of the
//! whole clip is an annotation from the first frame to the last in a tier of the linguistic type `clip`. Times are in
//! milliseconds, which tells frames apart up to 1000 per second. Read, the value of an annotation is its label, whatever its
//! tier is called; without a value it is the name of the tier.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::csv::note_timeless;
use super::sheet::{Clip, Sheet, Span, Stretch};
use super::x_any_labeling::free_path;
use super::xml::{Element, XmlWriter};
use super::{Exported, note_lost, text, write_file};
use crate::error::{Error, Result};

/// The linguistic type of labels of whole clips, and that of others.
const CLIP: &str = "clip";
const SEGMENT: &str = "segment";

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let (mut exported, mut used, mut timeless) = (Exported::default(), BTreeSet::new(), 0);
    for clip in &sheet.clips {
        match document(clip, sheet) {
            Some(text) => write_file(&target.join(free_path(clip, "eaf", &mut used)), &text, &mut exported)?,
            None => timeless += clip.stretches.len() + clip.labels.len(),
        }
    }
    note_timeless(&mut exported, target, timeless);
    let noted = sheet.clips.iter().flat_map(|clip| &clip.stretches).filter(|part| !part.note.is_empty()).count();
    let remedy = "Export JSON as well if they matter";
    note_lost(&mut exported, target, noted, "notes of segments, which ELAN's tiers do not have, are left out", remedy);
    Ok(exported)
}

/// A tier: its name, its linguistic type, and first and last time of annotations of one label.
struct Tier<'a> {
    name: String,
    kind: &'static str,
    label: &'a str,
    times: Vec<(u64, u64)>,
}

fn document(clip: &Clip, sheet: &Sheet) -> Option<String> {
    let millis = |[start, end]: [f64; 2]| ((start * 1000.0).round() as u64, (end * 1000.0).round() as u64);
    let whole = millis(clip.whole_secs()?);
    let mut tiers = Vec::new();
    for label in &clip.labels {
        let times = vec![whole];
        tiers.push(Tier { name: format!("{CLIP}: {label}"), kind: CLIP, label, times });
    }
    for label in sheet.label_names() {
        let parts = clip.stretches.iter().filter(|part| part.label == label);
        let times = parts.filter_map(|part| clip.secs_of(part)).map(millis).collect();
        tiers.push(Tier { name: label.into(), kind: SEGMENT, label, times });
    }
    Some(render(clip, &tiers))
}

fn render(clip: &Clip, tiers: &[Tier<'_>]) -> String {
    let mut xml = XmlWriter::new();
    let schema = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd";
    let namespace = "http://www.w3.org/2001/XMLSchema-instance";
    xml.open(
        "ANNOTATION_DOCUMENT",
        &[
            ("AUTHOR", &clip.reviewer),
            ("DATE", "1970-01-01T00:00:00+00:00"), // Must be there; the same labels give the same file.
            ("FORMAT", "3.0"),
            ("VERSION", "3.0"),
            ("xmlns:xsi", namespace),
            ("xsi:noNamespaceSchemaLocation", schema),
        ],
    );
    xml.open("HEADER", &[("MEDIA_FILE", ""), ("TIME_UNITS", "milliseconds")]);
    let url = format!("file://{}", clip.absolute.to_string_lossy().replace('\\', "/").replace('%', "%25"));
    let media = [("MEDIA_URL", url.as_str()), ("MIME_TYPE", "video/mp4"), ("RELATIVE_MEDIA_URL", &clip.path)];
    xml.empty("MEDIA_DESCRIPTOR", &media);
    xml.close();
    xml.open("TIME_ORDER", &[]);
    let times: BTreeSet<u64> = tiers.iter().flat_map(|tier| &tier.times).flat_map(|(a, b)| [*a, *b]).collect();
    for time in times {
        xml.empty("TIME_SLOT", &[("TIME_SLOT_ID", &slot(time)), ("TIME_VALUE", &time.to_string())]);
    }
    xml.close();
    let mut number = 0;
    for tier in tiers {
        let attributes = [("LINGUISTIC_TYPE_REF", tier.kind), ("TIER_ID", &tier.name)];
        xml.open("TIER", &attributes);
        for (start, end) in &tier.times {
            number += 1;
            xml.open("ANNOTATION", &[]);
            let (id, start, end) = (format!("a{number}"), slot(*start), slot(*end));
            let attributes = [("ANNOTATION_ID", id.as_str()), ("TIME_SLOT_REF1", &start), ("TIME_SLOT_REF2", &end)];
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

fn slot(time: u64) -> String {
    format!("ts{time}")
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let mut sheet = Sheet::default();
    let is_folder = source.is_dir();
    for path in text::files(source, "eaf")? {
        match read_document(&path, &mut sheet.notes) {
            Ok(clip) => sheet.clips.push(clip),
            Err(error) if is_folder => sheet.notes.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(sheet)
}

fn read_document(path: &Path, notes: &mut Vec<Error>) -> Result<Clip> {
    let document = Element::read(path)?;
    let remedy = "Choose an .eaf file that ELAN has saved";
    if document.name != "ANNOTATION_DOCUMENT" {
        return Err(Error::file(path, "this is no annotation document of ELAN's", remedy));
    }
    let media = document.at(&["HEADER", "MEDIA_DESCRIPTOR"]);
    let url = media.and_then(|media| media.attribute("RELATIVE_MEDIA_URL").filter(|url| !url.is_empty()));
    let url = url.or_else(|| media.and_then(|media| media.attribute("MEDIA_URL")));
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let url = url.ok_or_else(|| Error::file(path, "it names no media file", remedy))?;
    let mut clip = Clip::named(url.trim_start_matches("./"), file.clone());
    let slots = document.all("TIME_ORDER").flat_map(|order| order.all("TIME_SLOT"));
    let slots: BTreeMap<_, _> = slots.filter_map(|slot| Some((slot.attribute("TIME_SLOT_ID")?, slot))).collect();
    for tier in document.all("TIER") {
        let is_clip = tier.attribute("LINGUISTIC_TYPE_REF") == Some(CLIP);
        for annotation in tier.all("ANNOTATION").flat_map(|annotation| annotation.all("ALIGNABLE_ANNOTATION")) {
            let value = annotation.at(&["ANNOTATION_VALUE"]).map_or("", |value| value.text.trim());
            let label = if value.is_empty() { tier.attribute("TIER_ID").unwrap_or_default() } else { value };
            if is_clip {
                clip.labels.push(label.to_owned());
                continue;
            }
            let place = format!("{file}, line {}", annotation.line);
            let time = |reference| slots.get(annotation.attribute(reference)?)?.attribute("TIME_VALUE")?.parse().ok();
            match (time("TIME_SLOT_REF1"), time("TIME_SLOT_REF2")) {
                (Some(start), Some(end)) => {
                    let (start, end): (f64, f64) = (start, end);
                    let span = Span::Secs(start / 1000.0, end / 1000.0);
                    clip.stretches.push(Stretch { place, ..Stretch::new(label, span) });
                }
                _ => {
                    let cause = format!("line {}: the annotation has no times; left out", annotation.line);
                    notes.push(Error::file(path, cause, "Align it in ELAN"));
                }
            }
        }
    }
    Ok(clip)
}
