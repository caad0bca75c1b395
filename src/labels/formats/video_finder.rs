//! Which video of the project a file of another program means.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::super::{Document, StoredPath, VideoId};

/// Finds videos by what other programs call them.
pub(super) struct VideoFinder<'a> {
    dir: &'a Path,
    /// The folder of the file that names them.
    source_dir: &'a Path,
    stored: HashMap<&'a str, VideoId>,
    /// By the last name of their path, and by that without its ending.
    last: HashMap<String, Vec<(&'a str, VideoId)>>,
}

impl<'a> VideoFinder<'a> {
    /// Finds videos of `document`, a project in `dir`, that a file in `source_dir` names.
    pub fn new(document: &'a Document, dir: &'a Path, source_dir: &'a Path) -> Self {
        let stored = document.videos.iter().map(|(id, video)| (video.path.as_str(), *id)).collect();
        let mut last: HashMap<String, Vec<_>> = HashMap::new();
        for (id, video) in &document.videos {
            let name = last_name(&video.path);
            last.entry(name.to_owned()).or_default().push((video.path.as_str(), *id));
            if stem(name) != name {
                last.entry(stem(name).to_owned()).or_default().push((video.path.as_str(), *id));
            }
        }
        Self { dir, source_dir, stored, last }
    }

    /// The video that is called `name`: by the path as it is stored, by where the file is, or, as it may have been moved, by
    /// as many last names of the path as it takes to leave one.
    pub fn find(&self, name: &str) -> Option<VideoId> {
        let mut spellings = vec![name.to_owned(), plain(name), StoredPath::plain(&plain(name))];
        // ActivityNet calls the video `v_ID.mp4` by its `ID`.
        spellings.push(format!("v_{name}"));
        let by_end = spellings.clone();
        spellings.extend(self.paths(name).iter().map(|path| StoredPath::encode(path, self.dir)));
        let exact = spellings.iter().find_map(|name| self.stored.get(name.as_str()));
        exact.copied().or_else(|| by_end.iter().find_map(|name| self.find_by_end(name)))
    }

    /// Where the file called `name` is, if it is anywhere.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        self.paths(name).into_iter().find(|path| path.is_file())
    }

    /// Where the file called `name` could be.
    fn paths(&self, name: &str) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for dir in [self.source_dir, self.dir] {
            paths.push(dir.join(plain(name)));
            paths.push(StoredPath::decode(name, dir));
        }
        paths
    }

    fn find_by_end(&self, name: &str) -> Option<VideoId> {
        let last = last_name(name);
        // A file that was converted has another ending.
        let found = self.last.get(last).or_else(|| self.last.get(stem(last)))?;
        let mut found: Vec<_> = found.iter().collect();
        let mut parts = name.rsplit('/').skip(1);
        let mut depth = 1;
        while found.len() > 1 {
            let part = parts.next()?;
            found.retain(|(path, _)| path.rsplit('/').nth(depth) == Some(part));
            depth += 1;
        }
        found.first().map(|(_, id)| *id)
    }
}

/// A path with `/` between names, of a file's address if need be.
fn plain(name: &str) -> String {
    let slashes = name.replace('\\', "/");
    match slashes.strip_prefix("file://") {
        Some(path) => {
            let path = StoredPath::decode(path, Path::new("/"));
            path.to_string_lossy().into_owned()
        }
        None => slashes,
    }
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Video, edits};
    use super::*;

    #[test]
    fn videos_are_found_by_any_usual_name_but_not_by_chance() {
        let mut document = Document::default();
        let paths = ["clips/a.mp4", "one/b.mp4", "two/b.mp4", "../50%25.mp4", "c +.mp4", "v_aB-3_x.mkv"];
        document.apply(edits::add_videos(&document, paths.map(Video::new).to_vec()));
        let (dir, source) = (Path::new("/home/me/project"), Path::new("/home/me/export"));
        let finder = VideoFinder::new(&document, dir, source);
        for (name, found) in [
            ("clips/a.mp4", Some(0)),
            ("a.mp4", Some(0)),
            ("a", Some(0)),
            ("a.avi", Some(0)),
            ("C:\\videos\\a.mp4", Some(0)),
            ("file:///elsewhere/a.mp4", Some(0)),
            ("/home/me/project/one/b.mp4", Some(1)),
            ("/elsewhere/two/b.mp4", Some(2)),
            ("b.mp4", None),
            ("three/b.mp4", None),
            ("../50%.mp4", Some(3)),
            ("../50%25.mp4", Some(3)),
            ("file:///home/me/50%25.mp4", Some(3)),
            ("/videos/c%20%2B.mp4", Some(4)),
            ("aB-3_x", Some(5)),
            ("c.mp4", None),
        ] {
            assert_eq!(finder.find(name), found.map(VideoId), "{name}");
        }
    }
}
