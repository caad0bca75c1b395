//! The clips to analyse and their output folders.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::result_files::{ANNOTATED, FLOW_VIDEO, SCORES};
use crate::error::{Error, Result};
use crate::files;
use crate::video::{is_frame_folder, is_hidden, is_video, natural_order};

/// Videos that are results themselves.
const RESULTS: [&str; 2] = [FLOW_VIDEO, ANNOTATED];

/// A clip and where its results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnalyzeJob {
    pub clip: PathBuf,
    pub out: PathBuf,
}

/// Returns the clips of a folder and of the folders in it, by name, without the results of earlier runs: those in `out` and any
/// others.
pub(super) fn clips_in(folder: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    let found = search(folder, fs::canonicalize(out).ok().as_deref())?;
    if found.is_empty() {
        return Err(Error::file(
            folder,
            "there are no clips in this folder",
            "Name a folder with video files, or with the frames of a clip",
        ));
    }
    Ok(found)
}

fn search(folder: &Path, out: Option<&Path>) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io(folder, &error);
    let mut entries = fs::read_dir(folder).map_err(failed)?.collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    entries.retain(|entry| !is_hidden(&entry.path()));
    entries.sort_by(|a, b| natural_order(&a.file_name().to_string_lossy(), &b.file_name().to_string_lossy()));
    let has_report = entries.iter().any(|entry| entry.file_name() == SCORES);
    let mut clips = Vec::new();
    for entry in entries {
        let path = entry.path();
        // Links are not followed: they may lead in a circle.
        if entry.file_type().map_err(failed)?.is_dir() {
            let is_out = out.is_some_and(|out| fs::canonicalize(&path).is_ok_and(|path| path == out));
            match is_frame_folder(&path) {
                _ if is_out => {}
                true => clips.push(path),
                false => clips.extend(search(&path, out)?),
            }
        } else if is_video(&path) && !(has_report && RESULTS.iter().any(|result| entry.file_name() == *result)) {
            clips.push(path);
        }
    }
    Ok(clips)
}

/// Returns a folder for each clip: the one that has its results already, else one of its name. Clips of one name are
/// distinguished by their endings, those of one file name by their folders, so that another clip beside them changes nothing.
pub(super) fn jobs(clips: Vec<PathBuf>, out: &Path) -> Vec<AnalyzeJob> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for name in clips.iter().flat_map(|clip| names(clip)) {
        *counts.entry(key(&name)).or_default() += 1;
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut folders: Vec<Option<String>> = clips
        .iter()
        .map(|clip| names(clip).into_iter().find(|name| is_owned(&out.join(name), clip)))
        .map(|name| name.filter(|name| taken.insert(key(name), 1).is_none()))
        .collect();
    for (clip, folder) in clips.iter().zip(&mut folders) {
        if folder.is_some() {
            continue;
        }
        let is_free = |name: &String| {
            counts.get(&key(name)) == Some(&1)
                && !taken.contains_key(&key(name))
                && !out.join(name).join(SCORES).exists()
        };
        let names = names(clip);
        let last = names.last().cloned().unwrap_or_else(|| "clip".into());
        let numbered = (2..).map(|number| format!("{last}-{number}"));
        let first_free = names.iter().find(|name| is_free(name)).cloned();
        let name = first_free
            .or_else(|| [last.clone()].into_iter().chain(numbered).find(|name| !taken.contains_key(&key(name))));
        let name = name.expect("the numbers do not end");
        taken.insert(key(&name), 1);
        *folder = Some(name);
    }
    let folder = |(clip, name): (PathBuf, Option<String>)| AnalyzeJob { clip, out: out.join(name.unwrap_or_default()) };
    clips.into_iter().zip(folders).map(folder).collect()
}

/// Returns the names that the folder of a clip may have, the plainest first: `c`, `c.mp4`, `folder-c.mp4` and so on.
fn names(clip: &Path) -> Vec<String> {
    let parts: Vec<String> = clip
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    let stem = clip.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let ends = (0..parts.len()).rev().map(|first| parts[first..].join("-"));
    let mut names: Vec<String> = stem.into_iter().chain(ends).collect();
    names.dedup(); // A name without an ending is its own stem.
    names
}

/// Returns a name as file systems compare it that take two spellings for one.
fn key(name: &str) -> String {
    name.to_lowercase()
}

/// Returns whether `folder` has the results of `clip`, from wherever that was named.
fn is_owned(folder: &Path, clip: &Path) -> bool {
    let report = files::read(folder.join(SCORES)).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let Some(owner) = report.as_ref().and_then(|report| report["clip"]["path"].as_str()).map(Path::new) else {
        return false;
    };
    match (fs::canonicalize(owner), fs::canonicalize(clip)) {
        (Ok(owner), Ok(clip)) => owner == clip,
        _ => owner.file_name() == clip.file_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(clips: &[&str], out: &Path) -> Vec<String> {
        let clips = clips.iter().map(PathBuf::from).collect();
        jobs(clips, out).iter().map(|job| job.out.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn clips_of_one_name_do_not_overwrite_each_other() {
        let out = Path::new("nowhere");
        assert_eq!(folders(&["a/walk.mp4", "b/walk.avi", "walk-2.mp4"], out), ["walk.mp4", "walk.avi", "walk-2"]);
        assert_eq!(folders(&["a/walk.mp4", "b/walk.mp4"], out), ["a-walk.mp4", "b-walk.mp4"]);
        assert_eq!(folders(&["walk.mp4", "walk.mp4", "Jump.avi", "jump.mkv"], out)[..2], ["walk.mp4", "walk.mp4-2"]);
        assert_eq!(folders(&["Jump.mkv", "jump.MKV"], out), ["Jump.mkv", "jump.MKV-2"], "one folder on some systems");
    }

    #[test]
    fn a_clip_keeps_its_folder_whatever_comes_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        for name in ["c.mp4", "c.avi"] {
            fs::write(at(name), "").unwrap();
        }
        let out = dir.path().join("out");
        assert_eq!(folders(&[&at("c.mp4")], &out), ["c"]);
        fs::create_dir_all(out.join("c")).unwrap();
        let report = serde_json::json!({"clip": {"path": at("c.mp4")}}).to_string();
        fs::write(out.join("c").join(SCORES), report).unwrap();
        assert_eq!(folders(&[&at("c.avi"), &at("c.mp4")], &out), ["c.avi", "c"]);
        assert_eq!(folders(&[&at("c.avi")], &out), ["c.avi"], "alone, beside the results of the other");
    }

    #[test]
    fn results_and_hidden_files_are_no_clips() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        for name in [
            "a.mp4",
            "sub/flow.mp4",
            "._a.mp4",
            "out/x/clip.mp4",
            "old/b/flow.mp4",
            "old/b/annotated.mp4",
            "old/b/scores.json",
        ] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = clips_in(dir.path(), &out).unwrap();
        assert_eq!(found, ["a.mp4", "sub/flow.mp4"].map(|name| dir.path().join(name)));
        let found = clips_in(dir.path(), dir.path()).unwrap();
        assert_eq!(found.len(), 3, "the results lie among the clips: {found:?}");
    }
}
