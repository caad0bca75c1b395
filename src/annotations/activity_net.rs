//! ActivityNet's JSON format: `database` → video → `subset`, `duration`, `annotations` with `segment` in seconds and
//! `label`.
//!
//! In addition to ActivityNet's fields, a video may have `path`, `group` and `note`, and an annotation `note`; `clip`
//! marks an annotation of the whole clip.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text;
use crate::error::{Error, Result};
use crate::json_values;

/// A video and its annotations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Video {
    /// Name of the video in the file.
    pub id: String,
    /// Subset of the video; empty if none is named.
    pub subset: String,
    /// Duration in seconds, if given.
    pub duration_secs: Option<f64>,
    /// Path of its file, if given.
    pub path: Option<String>,
    /// The recording it belongs to; empty if none is named.
    pub group: String,
    /// A remark; empty if there is none.
    pub note: String,
    /// The readable annotations.
    pub annotations: Vec<Annotation>,
    /// Problems of the video as a whole or of unreadable annotations.
    pub problems: Vec<String>,
}

/// A label and its extent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// `true` for a label of the whole clip.
    #[serde(default, skip_serializing_if = "std::ops::Not::not", deserialize_with = "json_values::as_flag")]
    pub clip: bool,
    /// The class.
    #[serde(deserialize_with = "json_values::as_text")]
    pub label: String,
    /// Start and end in seconds.
    #[serde(deserialize_with = "json_values::as_pair")]
    pub segment: [f64; 2],
    /// A remark; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "json_values::as_text")]
    pub note: String,
}

#[derive(Serialize, Deserialize)]
struct File<V> {
    #[serde(skip_deserializing)]
    version: &'static str,
    #[serde(skip_deserializing)]
    taxonomy: [(); 0],
    database: BTreeMap<String, V>,
}

#[derive(Serialize, Deserialize)]
struct Fields<D, A> {
    #[serde(default, deserialize_with = "json_values::as_text")]
    subset: String,
    #[serde(default)]
    duration: D,
    annotations: Option<Vec<A>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "json_values::as_text")]
    group: String,
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "json_values::as_text")]
    note: String,
}

/// Returns the videos of the file at `path`, by their names.
///
/// # Errors
/// If it cannot be read or is not such a JSON, with the line; problems of a video are among its problems.
pub fn read(path: &Path) -> Result<Vec<Video>> {
    let File { database, .. } = serde_json::from_str::<File<Value>>(&text::read(path)?).map_err(|error| {
        let remedy = "Expected \"database\": videos with \"subset\" and \"annotations\"";
        Error::file(path, format!("not ActivityNet's JSON: {error}"), remedy)
    })?;
    Ok(database.into_iter().map(|(id, fields)| video(id, fields)).collect())
}

fn video(id: String, fields: Value) -> Video {
    let Fields { subset, duration, annotations, path, group, note } =
        match serde_json::from_value::<Fields<Value, Value>>(fields) {
            Ok(fields) => fields,
            Err(error) => return Video { id, problems: vec![error.to_string()], ..Video::default() },
        };
    let duration_secs = json_values::number(&duration);
    let mut video = Video { id, subset, duration_secs, path, group, note, ..Video::default() };
    for (number, annotation) in (1..).zip(annotations.into_iter().flatten()) {
        match serde_json::from_value(annotation) {
            Ok(annotation) => video.annotations.push(annotation),
            Err(error) => video.problems.push(format!("annotation {number}: {error}")),
        }
    }
    video
}

/// Returns the JSON of these videos.
///
/// # Errors
/// If a time is not a number.
pub fn to_json(videos: impl IntoIterator<Item = Video>) -> serde_json::Result<String> {
    let entry = |Video { id, subset, duration_secs, path, group, note, annotations, .. }: Video| {
        (id, Fields { subset, duration: duration_secs, annotations: Some(annotations), path, group, note })
    };
    let database = videos.into_iter().map(entry).collect();
    serde_json::to_string_pretty(&File { version: "Motionscope", taxonomy: [], database })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_wrong_costs_itself_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        let annotation = |clip| Annotation { clip, label: "wave".into(), segment: [0.0, 1.5], note: "slowly".into() };
        let video = Video {
            id: "a".into(),
            subset: "training".into(),
            duration_secs: Some(2.0),
            path: Some("in/a.mp4".into()),
            group: "g1".into(),
            note: String::new(),
            annotations: vec![annotation(true), annotation(false)],
            problems: Vec::new(),
        };
        std::fs::write(&path, to_json([video.clone()]).unwrap()).unwrap();
        assert_eq!(read(&path).unwrap(), [video]);
        let text =
            r#"{"database": {"a": {"annotations": [{"label": 7, "segment": ["0:01", 2]}, {"label": "x"}]}, "b": 3}}"#;
        std::fs::write(&path, text).unwrap();
        let videos = read(&path).unwrap();
        let expected = Annotation { clip: false, label: "7".into(), segment: [1.0, 2.0], note: String::new() };
        assert_eq!(videos[0].annotations, [expected]);
        assert!(videos[0].problems[0].starts_with("annotation 2: missing field") && videos[1].problems.len() == 1);
    }
}
