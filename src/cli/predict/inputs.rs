//! The videos to predict, and the files of their predictions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::cli::outcome::complain;
use crate::engine::videos_in;
use crate::error::{Error, Result};
use crate::labels::{Opened, Project, StoredPath};
use crate::predictions::PREDICTIONS_ENDING;
use crate::video::{is_frame_folder, is_video};

/// A video to predict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedVideo {
    pub path: PathBuf,
    /// Its name in tables.
    pub name: String,
}

/// What was named on the command line.
#[derive(Debug)]
pub(super) struct PredictInputs {
    pub videos: Vec<NamedVideo>,
    /// Folder and class names of the project that they are from.
    pub project: Option<(PathBuf, Vec<String>)>,
}

impl PredictInputs {
    /// Finds the videos of `sources`: a project, or videos and folders of videos.
    ///
    /// # Errors
    /// If a project is named beside something else or cannot be read, or a folder holds no videos.
    pub fn find(sources: &[PathBuf]) -> Result<Self> {
        match sources {
            [one] if is_project(one) => Self::of_project(one),
            _ => Self::of_videos(sources),
        }
    }

    fn of_project(dir: &Path) -> Result<Self> {
        let Opened { project, notes } = Project::look(dir)?;
        notes.iter().for_each(complain);
        let document = project.document();
        let video = |stored: &String| NamedVideo {
            path: StoredPath::decode(stored, project.dir()),
            name: StoredPath::plain(stored),
        };
        let videos: Vec<_> = document.videos.values().map(|each| video(&each.path)).collect();
        if videos.is_empty() {
            return Err(Error::file(dir, "the project has no videos", "Add some with `motionscope project add`"));
        }
        let classes = document.classes.iter().map(|class| class.name.clone()).collect();
        Ok(Self { videos, project: Some((project.dir().to_owned(), classes)) })
    }

    fn of_videos(sources: &[PathBuf]) -> Result<Self> {
        let mut paths = Vec::new();
        for source in sources {
            if is_project(source) {
                return Err(Error::usage(
                    source.to_string_lossy(),
                    "a project is predicted by itself",
                    "Give its folder alone, or videos",
                ));
            }
            if !source.is_dir() || is_frame_folder(source) {
                paths.push(source.clone());
                continue;
            }
            let found = videos_in(source, &is_video, &|| true).videos;
            if found.is_empty() {
                let remedy = "Name a folder with video files, or with the frames of a clip";
                return Err(Error::file(source, "there are no videos in this folder", remedy));
            }
            paths.extend(found);
        }
        let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let videos = paths.into_iter().map(|path| NamedVideo { name: name(&path), path }).collect();
        Ok(Self { videos, project: None })
    }

    /// Returns the file of predictions of each video in `out`.
    ///
    /// # Errors
    /// If two videos would have the same file.
    pub fn targets(&self, out: &Path) -> Result<Vec<PathBuf>> {
        let mut taken: HashMap<String, &Path> = HashMap::new();
        let mut targets = Vec::new();
        for video in &self.videos {
            let name = format!("{}.{PREDICTIONS_ENDING}", file_name(&video.name));
            // Some file systems take two spellings for one.
            if let Some(other) = taken.insert(name.to_lowercase(), &video.path) {
                let cause = format!("its file of predictions would be that of {}", other.display());
                return Err(Error::file(
                    &video.path,
                    cause,
                    "Predict one of them in a run of its own, with another --out",
                ));
            }
            targets.push(out.join(name));
        }
        Ok(targets)
    }
}

fn is_project(path: &Path) -> bool {
    path.join(Project::FILE).is_file() || (path.ends_with(Project::FILE) && path.is_file())
}

/// Returns a path in a project as one name: `day 1/a.mp4` as `day 1-a.mp4`.
fn file_name(video: &str) -> String {
    let parts = video.split(['/', '\\', ':']).filter(|part| !part.is_empty() && *part != ".." && *part != ".");
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn inputs(names: &[&str]) -> PredictInputs {
        let video = |name: &&str| NamedVideo { path: name.into(), name: (*name).to_owned() };
        PredictInputs { videos: names.iter().map(video).collect(), project: None }
    }

    #[test]
    fn every_video_has_a_file_of_its_own() {
        let targets = inputs(&["day 1/a.mp4", "../b.avi", "/mnt/c.mkv"]).targets(Path::new("out")).unwrap();
        assert_eq!(
            targets,
            ["day 1-a.mp4.parquet", "b.avi.parquet", "mnt-c.mkv.parquet"].map(|name| Path::new("out").join(name))
        );
        let error = inputs(&["one/A.mp4", "one-a.mp4"]).targets(Path::new("out")).unwrap_err();
        assert!(error.cause.contains("one/A.mp4"), "{error}");
    }

    #[test]
    fn folders_are_searched_and_projects_stand_alone() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["videos/2.mp4", "videos/sub/10.mp4", "videos/notes.txt", "project/project.toml"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let [videos, project, empty] = ["videos", "project", "empty"].map(|name| dir.path().join(name));
        fs::create_dir(&empty).unwrap();
        let names: Vec<_> = PredictInputs::find(std::slice::from_ref(&videos))
            .unwrap()
            .videos
            .into_iter()
            .map(|video| video.name)
            .collect();
        assert_eq!(names, ["2.mp4", "10.mp4"]);
        assert!(PredictInputs::find(&[videos, project]).unwrap_err().cause.contains("by itself"));
        assert!(PredictInputs::find(&[empty]).unwrap_err().cause.contains("no videos"));
    }
}
