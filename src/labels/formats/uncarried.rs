//! Groups and notes that a format cannot hold, for the notes of an export.

use std::path::Path;

use super::annotation_set::{AnnotatedClip, AnnotationSet};
use super::exported::note_lost;
use super::{Exported, Format};

/// Adds a note on the number of groups and notes of `set` that are not in the files of a format.
pub(super) fn note_uncarried(exported: &mut Exported, set: &AnnotationSet, format: Format, target: &Path) {
    let grouped = set.clips.iter().filter(|clip| !clip.group.is_empty() && !has_group(format, clip)).count();
    let noted = set.clips.iter().filter(|clip| !clip.note.is_empty() && !has_note(format, clip)).count();
    let spans = set.clips.iter().filter(|_| !has_span_notes(format)).flat_map(|clip| &clip.spans);
    let noted_spans = spans.filter(|span| !span.note.is_empty()).count();
    let name = format.name();
    for (count, what, place) in [
        (grouped, "groups of videos", group_place(format)),
        (noted, "notes of videos", note_place(format)),
        (noted_spans, "notes of segments", None),
    ] {
        let cause = match place {
            Some(place) => format!("{what} not exported, because {name} stores them {place}"),
            None => format!("{what} not exported, because {name} cannot store them"),
        };
        note_lost(exported, target, count, &cause, "Export JSON as well if they matter");
    }
}

/// Returns `true` if there is a file, or a part of one, for the clip.
fn is_written(format: Format, clip: &AnnotatedClip) -> bool {
    match format {
        Format::Cvat => clip.facts.is_some(),
        Format::Elan => clip.clock.is_some(),
        Format::XAnyLabeling => clip.facts.is_some() && clip.clock.is_some(),
        _ => true,
    }
}

fn has_group(format: Format, clip: &AnnotatedClip) -> bool {
    match format {
        Format::Cvat | Format::XAnyLabeling => false,
        Format::Csv | Format::UcfLists => clip.is_labelled(),
        Format::Json | Format::ActivityNet | Format::Elan | Format::Boris | Format::LabelStudio => {
            is_written(format, clip)
        }
    }
}

fn has_note(format: Format, clip: &AnnotatedClip) -> bool {
    match format {
        Format::UcfLists => false,
        Format::Csv | Format::Cvat | Format::XAnyLabeling => !clip.labels.is_empty() && is_written(format, clip),
        Format::Json | Format::ActivityNet | Format::Elan | Format::Boris | Format::LabelStudio => {
            is_written(format, clip)
        }
    }
}

fn has_span_notes(format: Format) -> bool {
    !matches!(format, Format::UcfLists | Format::Elan)
}

/// Returns the only place for a group, if the format restricts it.
fn group_place(format: Format) -> Option<&'static str> {
    matches!(format, Format::Csv | Format::UcfLists).then_some("with a label")
}

/// Returns the only place for the note of a video, if the format restricts it.
fn note_place(format: Format) -> Option<&'static str> {
    matches!(format, Format::Csv | Format::Cvat | Format::XAnyLabeling).then_some("with a label of the whole clip")
}
