//! Import and export of ActivityNet's JSON.

use std::collections::BTreeMap;
use std::path::Path;

use super::Exported;
use super::annotation_set::{AnnotatedClip, AnnotationSet, Extent, Span};
use super::exported::{note_timeless, write_file};
use crate::annotations::activity_net::{self, Annotation, Video};
use crate::error::{Error, Result};

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let mut stems: BTreeMap<&str, usize> = BTreeMap::new();
    for clip in &set.clips {
        *stems.entry(clip.stem()).or_default() += 1;
    }
    let id = |clip: &AnnotatedClip| if stems[clip.stem()] == 1 { clip.stem().to_owned() } else { clip.path.clone() };
    let videos = set.clips.iter().map(|clip| video(clip, id(clip)));
    let text = activity_net::to_json(videos).map_err(|e| Error::file(target, e.to_string(), "Report this"))?;
    let mut exported = Exported::default();
    write_file(target, &text, &mut exported)?;
    let timeless = set.clips.iter().filter(|clip| clip.clock.is_none()).map(|clip| clip.spans.len()).sum();
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

fn video(clip: &AnnotatedClip, id: String) -> Video {
    let [start, duration] = clip.whole_secs().unwrap_or_default().map(rounded);
    let segment = [start, duration];
    let whole = |label: &String| Annotation { label: label.clone(), segment, clip: true, note: String::new() };
    let part = |span: &Span| {
        let segment = clip.secs_of(span)?.map(rounded);
        Some(Annotation { label: span.label.clone(), segment, clip: false, note: span.note.clone() })
    };
    let annotations = clip.labels.iter().map(whole).chain(clip.spans.iter().filter_map(part)).collect();
    let (duration_secs, path) = (Some(duration), Some(clip.path.clone()));
    let (group, note) = (clip.group.clone(), clip.note.clone());
    Video { id, subset: "training".into(), duration_secs, path, group, note, annotations, problems: Vec::new() }
}

/// Rounds seconds to microseconds.
fn rounded(secs: f64) -> f64 {
    (secs * 1e6).round() / 1e6
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let mut set = AnnotationSet::default();
    for Video { id, path, duration_secs, group, note, annotations, problems, .. } in activity_net::read(source)? {
        let place = format!("video {id}");
        let left_out =
            |problem: &String| Error::file(source, format!("{place}: {problem}; skipped"), "Correct the annotation");
        set.notes.extend(problems.iter().map(left_out));
        let named = AnnotatedClip::named(path.unwrap_or(id), place);
        let mut clip = AnnotatedClip { length_secs: duration_secs, group, note, ..named };
        clip.left_out = problems.len();
        for Annotation { label, segment: [start, end], clip: is_whole, note } in annotations {
            if is_whole {
                clip.labels.push(label);
            } else {
                clip.spans.push(Span { note, ..Span::new(label, Extent::Secs(start, end)) });
            }
        }
        set.clips.push(clip);
    }
    Ok(set)
}
