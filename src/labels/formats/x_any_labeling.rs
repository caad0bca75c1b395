//! X-AnyLabeling's video classifier: beside each video a JSON file of the same name (version 1.0.0, `video_classification`).
//!
//! It knows segments only. A label of the whole clip is written as a segment from the first frame to the last whose `id`
//! begins with `clip`, which X-AnyLabeling keeps. The files go into folders as the videos lie in the project's; beside the
//! videos, X-AnyLabeling finds them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::csv::note_timeless;
use super::sheet::{Clip, Sheet, SheetClass, Span, Stretch, color_of_hex};
use super::{Exported, text, write_file};
use crate::error::{Error, Result};

const VERSION: &str = "1.0.0";
const TYPE: &str = "video_classification";

#[derive(Deserialize)]
struct File {
    version: String,
    r#type: String,
    video: String,
    #[serde(default)]
    duration_ms: Option<f64>,
    #[serde(default)]
    labels: Option<Vec<Value>>,
    #[serde(default)]
    label_colors: Option<Map<String, Value>>,
    #[serde(default)]
    segments: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct SegmentEntry {
    #[serde(default)]
    id: String,
    label: String,
    start_ms: f64,
    end_ms: f64,
    #[serde(default)]
    description: String,
}

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let (mut exported, mut used, mut timeless) = (Exported::default(), BTreeSet::new(), 0);
    let colors: Map<_, _> = sheet.classes.iter().map(|class| (class.name.clone(), class.hex().into())).collect();
    for clip in &sheet.clips {
        let (Some(whole), Some(times), Some(facts)) = (clip.whole_secs(), clip.times(), &clip.facts) else {
            timeless += clip.stretches.len() + clip.labels.len();
            continue;
        };
        let labels = clip.labels.iter().map(|label| Stretch::new(label, Span::Frames(0, facts.frames)));
        let labels = labels.enumerate().filter_map(|(number, part)| entry(clip, &part, format!("clip{number}")));
        let parts = clip.stretches.iter().enumerate();
        let parts = parts.filter_map(|(number, part)| entry(clip, part, format!("s{number}")));
        let file = json!({
            "version": VERSION, "type": TYPE, "video": clip.file_name(), "fps": times.fps(),
            "duration_ms": millis(whole[1]), "width": facts.size[0], "height": facts.size[1],
            "labels": sheet.label_names(), "label_colors": colors, "segments": labels.chain(parts).collect::<Vec<_>>(),
        });
        let path = target.join(free_path(clip, "json", &mut used));
        write_file(&path, &format!("{file:#}\n"), &mut exported)?;
    }
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

fn entry(clip: &Clip, part: &Stretch, id: String) -> Option<Value> {
    let ([start_secs, end_secs], (start, end)) = clip.secs_of(part).zip(part.frames())?;
    Some(json!({
        "id": id, "label": part.label, "start_ms": millis(start_secs), "end_ms": millis(end_secs),
        "start_frame": start, "end_frame": end, "description": part.note,
    }))
}

fn millis(secs: f64) -> u64 {
    (secs * 1000.0).round() as u64
}

/// Where the file of a clip goes: into folders like the video's, of which those that lead out of the project's are left out.
pub(super) fn free_path(clip: &Clip, ending: &str, used: &mut BTreeSet<String>) -> PathBuf {
    let mut folders: Vec<_> = clip.path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    folders.pop();
    let folder: PathBuf = folders.iter().map(|part| part.replace([':', '\\'], "_")).collect();
    let stem: String = clip.stem().chars().take(100).collect();
    let name = |number: usize| match number {
        1 => folder.join(format!("{stem}.{ending}")),
        _ => folder.join(format!("{stem}~{number}.{ending}")),
    };
    // Disks differ in whether case matters.
    let mut names = (1..).map(name);
    names.find(|path| used.insert(path.to_string_lossy().to_lowercase())).expect("there are numbers enough")
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let mut sheet = Sheet::default();
    let is_folder = source.is_dir();
    for path in text::files(source, "json")? {
        let file: File = match text::json(&path, "X-AnyLabeling's JSON of a video") {
            Ok(file) => file,
            Err(error) if is_folder => {
                sheet.notes.push(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        if file.r#type != TYPE || file.version != VERSION {
            let cause = format!("it is of type {} {}, not {TYPE} {VERSION}", file.r#type, file.version);
            sheet.notes.push(Error::file(&path, cause, "Export it again from X-AnyLabeling"));
            continue;
        }
        let folder = path.strip_prefix(source).ok().and_then(Path::parent).unwrap_or(Path::new(""));
        let place = if is_folder { path.strip_prefix(source).unwrap_or(&path) } else { Path::new("") };
        add(&mut sheet, file, folder, &place.to_string_lossy(), &path);
    }
    Ok(sheet)
}

fn add(sheet: &mut Sheet, file: File, folder: &Path, place: &str, path: &Path) {
    for name in file.labels.iter().flatten().filter_map(Value::as_str) {
        if !sheet.classes.iter().any(|class| class.name == *name) {
            let color = file.label_colors.as_ref().and_then(|colors| colors.get(name)?.as_str());
            sheet.classes.push(SheetClass { name: name.to_owned(), color: color.and_then(color_of_hex) });
        }
    }
    let video = folder.join(&file.video).to_string_lossy().replace('\\', "/");
    let length_secs = file.duration_ms.map(|millis| millis / 1000.0);
    let mut clip = Clip { length_secs, ..Clip::named(video, place) };
    for (number, segment) in (1..).zip(file.segments.into_iter().flatten()) {
        let segment: SegmentEntry = match serde_json::from_value(segment) {
            Ok(segment) => segment,
            Err(error) => {
                clip.left_out += 1;
                let cause = format!("segment {number}: {error}; left out");
                sheet.notes.push(Error::file(path, cause, "Correct the segment in X-AnyLabeling"));
                continue;
            }
        };
        if segment.id.starts_with("clip") {
            clip.labels.push(segment.label);
            continue;
        }
        // Its frames are counted at the rate in the file, which need not be the video's; its times are the player's.
        let span = Span::Secs(segment.start_ms / 1000.0, segment.end_ms / 1000.0);
        let place = format!("{place}: segment {number}").trim_start_matches(": ").to_owned();
        clip.stretches.push(Stretch { note: segment.description, place, ..Stretch::new(segment.label, span) });
    }
    sheet.clips.push(clip);
}
