//! The label file of one video: human-readable and suitable for version control.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::manifest::one_line;
use super::{Class, Label, RejectedBout, Segment, Video, VideoId};
use crate::error::{Error, Result};
use crate::files;

/// The folder of these files in a project.
pub(super) const DIR: &str = "labels";

/// Maximum number of characters of a video's name in its file's name.
const NAME_LENGTH: usize = 60;

/// Content of the label file of a video; its segments optionally with their places in the text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar<S> {
    /// For human readers; the path in `project.toml` is authoritative.
    video: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reviewer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    segments: Vec<S>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<RejectedBout>,
}

/// Returns the label file name of a video. The number distinguishes videos with the same name in different folders, and
/// names that are equal on case-insensitive disks.
pub(super) fn name_of(id: VideoId, video: &Video) -> String {
    let name = video.path.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let safe = |character: char| if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' };
    let stem: String = stem.chars().take(NAME_LENGTH).map(safe).collect();
    format!("{:05}-{stem}.toml", id.0)
}

/// Returns `true` if a name in `project.toml` can be that of such a file.
pub(super) fn is_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_one = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    is_one && name.ends_with(".toml") && !name.contains(['/', '\\', ':'])
}

/// Returns `true` if there are such files in `folder`.
pub(super) fn are_in(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| {
        let number =
            name.to_str().filter(|name| is_name(name)).and_then(|name| name.split('-').next()?.parse::<u32>().ok());
        number.is_some()
    })
}

/// Returns `true` if there is anything about `video` that such a file would hold.
pub(super) fn is_needed(video: &Video) -> bool {
    let says_nothing = video.is_unlabelled() && video.rejected.is_empty();
    !(says_nothing && video.group.is_empty() && video.note.is_empty() && video.reviewer.is_empty())
}

/// Returns the content of the label file of `video`.
///
/// # Errors
/// If TOML cannot represent it, which [`Step::check`](super::Step) rules out.
pub(super) fn text_of(video: &Video) -> Result<String> {
    let Video { path, facts: _, labels, segments, rejected, group, note, reviewer, locked: _ } = video.clone();
    let sidecar = Sidecar { video: path, reviewer, group, note, labels, segments, rejected };
    toml::to_string(&sidecar).map_err(|error| Error::new(sidecar.video, error.to_string(), "Report this"))
}

/// Adds the content of the file at `path` to `video`.
///
/// # Errors
/// If the file cannot be read or is malformed.
pub(super) fn read(path: &Path, classes: &[Class], video: &mut Video) -> Result<()> {
    let text = files::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::file(path, "the label file is missing", "Restore it"),
        _ => Error::io(path, &error),
    })?;
    let malformed = |cause: String| Error::file(path, cause, "Edit it manually, or restore a copy");
    let sidecar: Sidecar<Spanned<Segment>> = toml::from_str(&text).map_err(|error| malformed(one_line(&error)))?;
    let Sidecar { video: _, reviewer, group, note, labels, segments, rejected } = sidecar;
    if let Some(wrong) = segments.iter().find(|segment| segment.get_ref().start >= segment.get_ref().end) {
        let line = text.as_bytes().iter().take(wrong.span().start).filter(|byte| **byte == b'\n').count() + 1;
        let Segment { start, end, .. } = wrong.get_ref();
        let cause = format!("line {line}: the segment starts at frame {start} and ends before frame {end}");
        return Err(malformed(format!("{cause}, so it has no frames")));
    }
    let segments: Vec<Segment> = segments.into_iter().map(Spanned::into_inner).collect();
    let is_unknown = |label: &Label| matches!(label, Label::Class(id) if classes.iter().all(|class| class.id != *id));
    if let Some(wrong) = rejected.iter().find(|bout| bout.start >= bout.end) {
        let RejectedBout { start, end, .. } = wrong;
        return Err(malformed(format!("a rejected bout starts at frame {start} and ends before frame {end}")));
    }
    let of_segments = segments.iter().map(|segment| segment.label);
    let of_rejected = rejected.iter().map(|bout| Label::Class(bout.class));
    let mut said = labels.iter().copied().chain(of_segments).chain(of_rejected);
    if let Some(Label::Class(id)) = said.find(is_unknown) {
        return Err(malformed(format!("it has a label of class {}, which project.toml does not list", id.0)));
    }
    *video = Video { reviewer, group, note, labels, segments, rejected, ..std::mem::replace(video, Video::new("")) };
    video.rename_repeated();
    video.sort();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_short_and_distinct() {
        let long = format!("{}.mp4", "ü".repeat(4000));
        let names: Vec<_> = ["a/x.mp4", "b/x.mp4", "b/X.mp4", "../con.mp4", &long, "c/%FF.mp4"]
            .into_iter()
            .enumerate()
            .map(|(id, path)| name_of(VideoId(id as u32), &Video::new(path)))
            .collect();
        let mut folded: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
        folded.sort();
        folded.dedup();
        assert_eq!(folded.len(), names.len());
        for name in names {
            assert!(is_name(&name) && name.is_ascii() && name.len() < 100, "{name}");
        }
        for name in ["../a.toml", "/etc/a.toml", "a/b.toml", "a", "..", "c:a.toml"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
