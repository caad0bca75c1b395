//! The videos that are named on the command line to be predicted.

use std::path::{Path, PathBuf};

use crate::cli::outcome::complain;
use crate::engine::{NamedVideo, videos_in};
use crate::error::{Error, Result};
use crate::labels::{Opened, Project};
use crate::video::{is_frame_folder, is_video};

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
        let videos = NamedVideo::all_of_project(document, project.dir());
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
        Ok(Self { videos: paths.into_iter().map(NamedVideo::by_file).collect(), project: None })
    }
}

fn is_project(path: &Path) -> bool {
    path.join(Project::FILE).is_file() || (path.ends_with(Project::FILE) && path.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

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
