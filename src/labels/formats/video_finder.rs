//! Finds the project's video for a path in a file of another program.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::super::media_scan::fingerprint;
use super::super::{Document, StoredPath, VideoId};
use super::annotation_set::AnnotatedClip;
use crate::names::{composed, in_any_form};

/// Maximum difference of lengths of a video as reported by two programs, in seconds and as a share.
const LENGTH_TOLERANCE: (f64, f64) = (1.0, 0.05);

/// Finds videos by their names in other programs.
pub(super) struct VideoFinder<'a> {
    document: &'a Document,
    dir: &'a Path,
    /// The folder of the file that names the videos.
    source_dir: &'a Path,
    /// The base folder of the file's relative paths, as given in the file.
    said_dir: Option<&'a Path>,
    stored: HashMap<&'a str, VideoId>,
    /// By their unescaped paths.
    plain: HashMap<String, VideoId>,
    /// Videos by decoded path in Unicode normalisation form C; `None` if it is ambiguous.
    composed: HashMap<String, Option<VideoId>>,
    /// Videos by normalised file name, with and without extension.
    last: HashMap<String, Vec<(&'a str, VideoId)>>,
}

/// The result of a search for a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundVideo {
    /// The video with this path, or the only one with this name.
    Video(VideoId),
    /// The only video with the same file name; the folders in the file are different.
    SameName(VideoId),
    /// The only video with the same file name whose content is that of the file.
    SameContent(VideoId),
    /// Number of videos that have this name.
    Several(usize),
    /// A video that the file has under several names, at most one of which can be correct.
    Claimed(VideoId),
    /// No video.
    Nothing,
}

/// A possible interpretation of a name.
struct NameReading {
    /// The unescaped name, with `/` as separator.
    name: String,
    /// Possible paths of the file.
    paths: Vec<PathBuf>,
}

impl<'a> VideoFinder<'a> {
    /// Creates a finder of videos of `document`, a project in `dir`, named by a file in `source_dir`.
    pub fn new(document: &'a Document, dir: &'a Path, source_dir: &'a Path) -> Self {
        let stored = document.videos.iter().map(|(id, video)| (video.path.as_str(), *id)).collect();
        let mut plain = HashMap::new();
        let mut composed_paths: HashMap<String, Option<VideoId>> = HashMap::new();
        let mut last: HashMap<String, Vec<_>> = HashMap::new();
        for (id, video) in &document.videos {
            let path = StoredPath::plain(&video.path);
            let one_form = composed(&path).into_owned();
            plain.insert(path, *id);
            let name = last_name(&one_form);
            last.entry(name.to_owned()).or_default().push((video.path.as_str(), *id));
            if stem(name) != name {
                last.entry(stem(name).to_owned()).or_default().push((video.path.as_str(), *id));
            }
            composed_paths.entry(one_form).and_modify(|known| *known = None).or_insert(Some(*id));
        }
        Self { document, dir, source_dir, said_dir: None, stored, plain, composed: composed_paths, last }
    }

    /// Also searches `folder`, the base folder given in the file.
    pub fn with_folder(self, folder: Option<&'a Path>) -> Self {
        Self { said_dir: folder, ..self }
    }

    /// Returns the videos of `clips` by their names in the file. A video belongs to one folder of the file: if several
    /// of its folders contain a video of the same file name, that name alone identifies none of them.
    pub fn find_all<'c>(&self, clips: &'c [AnnotatedClip]) -> BTreeMap<&'c str, FoundVideo> {
        let mut found: BTreeMap<&str, FoundVideo> = BTreeMap::new();
        let mut names_of: HashMap<VideoId, Vec<&str>> = HashMap::new();
        for clip in clips {
            if found.contains_key(clip.path.as_str()) {
                continue;
            }
            let video = self.find(clip);
            if let FoundVideo::Video(id) | FoundVideo::SameName(id) | FoundVideo::SameContent(id) = video {
                names_of.entry(id).or_default().push(&clip.path);
            }
            found.insert(&clip.path, video);
        }
        if found.values().any(|found| matches!(found, FoundVideo::Several(_)))
            && let Some(base) = self.base_of(clips)
        {
            for clip in clips {
                let path = match clip.is_escaped {
                    true => StoredPath::decode(&clip.path, &base),
                    false => base.join(clip.path.replace('\\', "/")),
                };
                let there = self.stored.get(StoredPath::encode(&path, self.dir).as_str());
                if let Some((id, video @ FoundVideo::Several(_))) = there.zip(found.get_mut(clip.path.as_str())) {
                    *video = FoundVideo::Video(*id);
                }
            }
        }
        for names in names_of.values().filter(|names| names.len() > 1) {
            for name in names {
                let Some(by_name) = found.get_mut(name) else { continue };
                if let FoundVideo::SameName(id) | FoundVideo::SameContent(id) = *by_name {
                    *by_name = FoundVideo::Claimed(id);
                }
            }
        }
        found
    }

    /// Returns the base folder of the paths of a file, by the videos that they lead to from there; `None` if several
    /// folders fit equally well.
    fn base_of(&self, clips: &[AnnotatedClip]) -> Option<PathBuf> {
        let mut named: BTreeMap<PathBuf, BTreeSet<&str>> = BTreeMap::new();
        for clip in clips {
            let name = clip.path.replace('\\', "/");
            let path = Path::new(&name);
            let is_plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            let Some(videos) = self.last.get(last_name(&composed(&name))).filter(|_| is_plain) else { continue };
            for (stored, _) in videos {
                let video = StoredPath::decode(stored, self.dir);
                let tail: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
                if let Some(base) = video.ancestors().nth(tail.iter().count()).filter(|_| video.ends_with(&tail)) {
                    named.entry(base.to_owned()).or_default().insert(&clip.path);
                }
            }
        }
        let most = named.values().map(BTreeSet::len).max()?;
        let mut best = named.into_iter().filter(|(_, names)| names.len() == most);
        best.next().filter(|_| best.next().is_none()).map(|(base, _)| base)
    }

    /// Returns the video of a clip of the file: by its path, by the location of the file or, since it may have been
    /// moved, by as many trailing names of the path as are needed to single one out.
    pub fn find(&self, clip: &AnnotatedClip) -> FoundVideo {
        let name = clip.path.as_str();
        if clip.is_escaped
            && let Some(id) = self.stored.get(name)
        {
            return FoundVideo::Video(*id);
        }
        if let Some(id) = self.plain.get(name).filter(|_| !clip.is_escaped) {
            return FoundVideo::Video(*id);
        }
        for (place, reading) in self.readings(clip).into_iter().enumerate() {
            // An alternative interpretation or Unicode form is rejected if such a file exists and is another one.
            let spelled = self.spelled(&reading).filter(|id| place == 0 || !self.is_another(clip, *id));
            let in_one_form = || self.in_one_form(&reading).filter(|id| !self.is_another(clip, *id));
            if let Some(id) = spelled.or_else(in_one_form) {
                return FoundVideo::Video(id);
            }
            if let Some(id) = self.find_by_content(clip, &reading.name) {
                return FoundVideo::SameContent(id);
            }
            match self.find_by_end(&reading.name) {
                FoundVideo::Nothing => {}
                FoundVideo::Video(id) if self.is_another(clip, id) => return FoundVideo::Nothing,
                FoundVideo::SameName(id) if self.is_another(clip, id) || !self.is_as_long(clip, id) => {
                    return FoundVideo::Nothing;
                }
                found => return found,
            }
        }
        FoundVideo::Nothing
    }

    /// Returns the video with the path of an interpretation.
    fn spelled(&self, reading: &NameReading) -> Option<VideoId> {
        let by_place = || {
            let mut paths = reading.paths.iter().map(|path| StoredPath::encode(path, self.dir));
            paths.find_map(|path| self.stored.get(path.as_str()).copied())
        };
        self.plain.get(&reading.name).copied().or_else(by_place)
    }

    /// Returns the video with the path of an interpretation in another Unicode form.
    fn in_one_form(&self, reading: &NameReading) -> Option<VideoId> {
        let video = |path: &str| self.composed.get(&*composed(path)).copied().flatten();
        let mut paths = reading.paths.iter().map(|path| StoredPath::plain(&StoredPath::encode(path, self.dir)));
        video(&reading.name).or_else(|| paths.find_map(|path| video(&path)))
    }

    /// Returns the path of the file of `clip`, if it exists; names in another form of Unicode match if no exact one
    /// does.
    pub fn file(&self, clip: &AnnotatedClip) -> Option<PathBuf> {
        let paths: Vec<_> = self.readings(clip).into_iter().flat_map(|reading| reading.paths).collect();
        let in_any_form = || paths.iter().filter_map(|path| in_any_form(path)).find(|path| path.is_file());
        paths.iter().find(|path| path.is_file()).cloned().or_else(in_any_form)
    }

    /// Returns the possible meanings of the path of `clip`, most likely first: addresses and Motionscope's own paths
    /// are escaped; others are literal, and are unescaped only if no file has the literal name.
    fn readings(&self, clip: &AnnotatedClip) -> Vec<NameReading> {
        let name = clip.path.as_str();
        let dirs: Vec<&Path> = [self.source_dir, self.dir].into_iter().chain(self.said_dir).collect();
        let escaped = |text: &str| NameReading {
            name: StoredPath::plain(text),
            paths: dirs.iter().map(|dir| StoredPath::decode(text, dir)).collect(),
        };
        if let Some(path) = address(name) {
            return vec![escaped(path)];
        }
        let slashed = name.replace('\\', "/");
        let mut paths: Vec<_> = dirs.iter().map(|dir| dir.join(&slashed)).collect();
        if slashed != name && cfg!(unix) {
            paths.extend(dirs.iter().map(|dir| dir.join(name))); // The name may be literal.
        }
        let plain = NameReading { name: slashed.clone(), paths };
        // ActivityNet gives the video `v_ID.mp4` as `ID`.
        let prefixed = NameReading { name: format!("v_{name}"), paths: Vec::new() };
        match clip.is_escaped {
            true => vec![escaped(&slashed), plain, prefixed],
            false => vec![plain, escaped(&slashed), prefixed],
        }
    }

    /// Returns the stored paths of the videos with the file name of `spelled`; if there is none, without extension, as
    /// the file may have been converted.
    fn namesakes(&self, spelled: &str) -> &[(&'a str, VideoId)] {
        let name = composed(spelled);
        let last = last_name(&name);
        self.last.get(last).or_else(|| self.last.get(stem(last))).map_or(&[], Vec::as_slice)
    }

    /// Returns the stored path of a video with the file name of `clip`.
    pub fn namesake(&self, clip: &AnnotatedClip) -> Option<&'a str> {
        self.readings(clip).iter().find_map(|reading| self.namesakes(&reading.name).first()).map(|(path, _)| *path)
    }

    /// Returns the only video with the file name of `name` and the content of the clip's file.
    fn find_by_content(&self, clip: &AnnotatedClip, name: &str) -> Option<VideoId> {
        let namesakes = self.namesakes(name);
        let file = self.file(clip).filter(|_| !namesakes.is_empty())?;
        let mut same = namesakes.iter().filter(|(_, id)| self.has_content_of(&file, *id));
        same.next().filter(|_| same.next().is_none()).map(|(_, id)| *id)
    }

    /// Returns `true` if `file` has the content that video `id` is known to have.
    fn has_content_of(&self, file: &Path, id: VideoId) -> bool {
        let facts = self.document.videos.get(&id).and_then(|video| video.facts.as_ref());
        let Some(facts) = facts.filter(|facts| !facts.hash.is_empty()) else { return false };
        // The length rules out most files without reading them.
        fs::metadata(file).is_ok_and(|file| file.len() == facts.bytes)
            && fingerprint(file).is_ok_and(|(_, hash)| hash == facts.hash)
    }

    fn find_by_end(&self, spelled: &str) -> FoundVideo {
        let name = &*composed(spelled);
        let found = self.namesakes(spelled);
        let folders: Vec<&str> =
            name.rsplit('/').skip(1).take_while(|part| !matches!(*part, "" | "." | "..")).collect();
        // Number of equal parent folders, counted from the last one.
        let shared = |path: &str| {
            let path = StoredPath::decode(path, self.dir);
            let parts = path.iter().rev().skip(1).map(|part| composed(&part.to_string_lossy()).into_owned());
            let parts: Vec<_> = parts.collect();
            folders.iter().zip(&parts).take_while(|(one, other)| **one == other.as_str()).count()
        };
        let most = found.iter().map(|(path, _)| shared(path)).max().unwrap_or(0);
        let best: Vec<_> = found.iter().filter(|(path, _)| shared(path) == most).collect();
        // Of those with equal normalised names, the one with the file's spelling.
        let alike = |path: &str| {
            let plain = StoredPath::plain(path);
            plain.rsplit('/').zip(spelled.rsplit('/')).take_while(|(one, other)| one == other).count()
        };
        let closest = best.iter().map(|(path, _)| alike(path)).max().unwrap_or(0);
        let mut best = best.into_iter().filter(|(path, _)| alike(path) == closest);
        match (best.next(), best.next()) {
            (Some(_), Some(_)) => FoundVideo::Several(found.len()),
            (Some((_, id)), None) if most > 0 || folders.is_empty() => FoundVideo::Video(*id),
            (Some((_, id)), None) if found.len() == 1 => FoundVideo::SameName(*id),
            _ => FoundVideo::Nothing,
        }
    }

    /// Returns `true` if the file that a clip names is there and is not video `id`, or has other content.
    fn is_another(&self, clip: &AnnotatedClip, id: VideoId) -> bool {
        let Some(video) = self.document.videos.get(&id) else { return true };
        let known_hash = video.facts.as_ref().map(|facts| facts.hash.as_str()).filter(|hash| !hash.is_empty());
        if let Some(file) = self.file(clip) {
            let own = StoredPath::decode(&video.path, self.dir);
            return match (fs::canonicalize(&file), fs::canonicalize(own)) {
                (Ok(file), Ok(own)) if file == own => false,
                // It may be a copy, or the video may have been moved there.
                _ => !self.has_content_of(&file, id),
            };
        }
        let told_hash = clip.facts.as_ref().map(|facts| facts.hash.as_str()).filter(|hash| !hash.is_empty());
        told_hash.zip(known_hash).is_some_and(|(told, known)| told != known)
    }

    /// Returns `true` if video `id` may have the length that the file gives for a clip.
    fn is_as_long(&self, clip: &AnnotatedClip, id: VideoId) -> bool {
        let known = self.document.videos.get(&id).and_then(|video| video.facts.as_ref());
        let Some((known, told)) = known.zip(clip.length_secs.filter(|secs| *secs > 0.0)) else { return true };
        let known = known.start_secs.unwrap_or(0.0) + known.frames as f64 / known.fps;
        let (fixed, share) = LENGTH_TOLERANCE;
        (told - known).abs() <= fixed.max(share * known) || !known.is_finite()
    }
}

/// Returns the percent-encoded path in a file URL.
fn address(name: &str) -> Option<&str> {
    let path = name.strip_prefix("file://")?;
    // A drive letter is preceded by an additional slash.
    let is_disk = path.as_bytes().get(2) == Some(&b':');
    Some(path.strip_prefix('/').filter(|_| is_disk).unwrap_or(path))
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Facts, Video, edits};
    use super::*;

    fn project(paths: &[&str]) -> Document {
        let mut document = Document::default();
        let videos = paths.iter().map(|path| Video::new(*path)).collect();
        document.apply(edits::add_videos(&document, videos));
        document
    }

    #[test]
    fn videos_are_found_by_any_usual_name_but_not_by_chance() {
        let document = project(&["clips/a.mp4", "one/b.mp4", "two/b.mp4", "../50%25.mp4", "c +.mp4", "v_aB-3_x.mkv"]);
        let (dir, source) = (Path::new("/home/me/project"), Path::new("/home/me/export"));
        let finder = VideoFinder::new(&document, dir, source);
        let (video, same_name) = (|id| FoundVideo::Video(VideoId(id)), |id| FoundVideo::SameName(VideoId(id)));
        for (name, found) in [
            ("clips/a.mp4", video(0)),
            ("a.mp4", video(0)),
            ("./a.mp4", video(0)),
            ("a", video(0)),
            ("a.avi", video(0)),
            ("C:\\videos\\a.mp4", same_name(0)),
            ("C:\\videos\\clips\\a.mp4", video(0)),
            ("file:///elsewhere/a.mp4", same_name(0)),
            ("/home/me/project/one/b.mp4", video(1)),
            ("/elsewhere/two/b.mp4", video(2)),
            ("b.mp4", FoundVideo::Several(2)),
            ("three/b.mp4", FoundVideo::Several(2)),
            ("../50%.mp4", video(3)),
            ("../50%25.mp4", video(3)),
            ("file:///home/me/50%25.mp4", video(3)),
            ("/videos/c%20%2B.mp4", same_name(4)),
            ("aB-3_x", video(5)),
            ("c.mp4", FoundVideo::Nothing),
        ] {
            assert_eq!(finder.find(&AnnotatedClip::named(name, "")), found, "{name}");
        }
    }

    #[test]
    fn names_are_as_they_stand_whatever_they_hold() {
        let document = project(&["50%2525.mp4", "50%25.mp4", "A/cafe\u{301}_g01.mp4", "A/b #1%2520.mp4"]);
        let finder = VideoFinder::new(&document, Path::new("/home/me/project"), Path::new("/home/me/export"));
        for (name, id) in [
            ("50%25.mp4", 0),
            ("50%.mp4", 1),
            ("A/café_g01.mp4", 2),
            ("/home/me/project/A/café_g01.mp4", 2),
            ("café_g01.mp4", 2),
            ("A/b #1%20.mp4", 3),
            ("b #1%20.mp4", 3),
        ] {
            assert_eq!(finder.find(&AnnotatedClip::named(name, "")), FoundVideo::Video(VideoId(id)), "{name}");
        }
        for (name, id) in [("50%2525.mp4", 0), ("50%25.mp4", 1), ("A/b #1%2520.mp4", 3)] {
            assert_eq!(finder.find(&AnnotatedClip::escaped(name, "")), FoundVideo::Video(VideoId(id)), "{name}");
        }
    }

    #[test]
    fn two_forms_of_a_name_are_two_videos_where_both_files_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let (nfc, nfd) = ("caf\u{e9}.mp4", "cafe\u{301}.mp4");
        fs::create_dir(dir.path().join("clips")).unwrap();
        fs::write(dir.path().join("clips").join(nfd), "one").unwrap();
        let at = |name: &str| format!("clips/{name}");
        let find = |document: &Document, name: &str| {
            VideoFinder::new(document, dir.path(), dir.path()).find(&AnnotatedClip::named(name, ""))
        };
        let none = project(&[]);
        let file = VideoFinder::new(&none, dir.path(), dir.path()).file(&AnnotatedClip::named(at(nfc), ""));
        assert!(
            file.is_some_and(|file| file.is_file()),
            "the file that a list has in the other form is there to be added"
        );
        let one = project(&[&at(nfd)]);
        assert_eq!(find(&one, &at(nfc)), FoundVideo::Video(VideoId(0)));
        assert_eq!(find(&one, nfc), FoundVideo::Video(VideoId(0)));
        fs::write(dir.path().join("clips").join(nfc), "two").unwrap();
        if fs::read_dir(dir.path().join("clips")).unwrap().count() < 2 {
            return; // A disk of macOS has one file for both names.
        }
        assert_eq!(find(&one, &at(nfc)), FoundVideo::Nothing, "another file, which is to be added");
        let both = project(&[&at(nfd), &at(nfc)]);
        for name in [at(nfc), nfc.to_owned(), format!("/elsewhere/clips/{nfc}")] {
            assert_eq!(find(&both, &name), FoundVideo::Video(VideoId(1)), "{name}");
            assert_eq!(find(&both, &name.replace(nfc, nfd)), FoundVideo::Video(VideoId(0)), "{name}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_no_other_video_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["camera1", "camera2"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join("0001.mp4"), "").unwrap();
        }
        let document = project(&["camera1/0001.mp4"]);
        let finder = VideoFinder::new(&document, dir.path(), dir.path());
        let find = |name: &str| finder.find(&AnnotatedClip::named(name, ""));
        assert_eq!(find("camera2/0001.mp4"), FoundVideo::Nothing);
        assert_eq!(find("camera1/0001.mp4"), FoundVideo::Video(VideoId(0)));
        assert_eq!(find("0001.mp4"), FoundVideo::Video(VideoId(0)));
        assert_eq!(find("camera3/0001.mp4"), FoundVideo::SameName(VideoId(0)));
        let clips = ["camera3/0001.mp4", "camera4/0001.mp4"].map(|name| AnnotatedClip::named(name, ""));
        let claimed = FoundVideo::Claimed(VideoId(0));
        assert!(finder.find_all(&clips).values().all(|found| *found == claimed), "one video cannot be two");
        fs::rename(dir.path().join("camera1"), dir.path().join("gone")).unwrap();
        assert_eq!(find("camera2/0001.mp4"), FoundVideo::Nothing, "its content is not known to be the same");
    }

    fn facts(bytes: u64, hash: &str) -> Facts {
        Facts {
            frames: 250,
            fps: 25.0,
            start_secs: Some(0.0),
            variable_rate: false,
            size: [4, 4],
            bytes,
            hash: hash.into(),
        }
    }

    #[test]
    fn a_copy_elsewhere_is_the_video_of_its_name_and_other_content_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, content) in [
            ("clips/a.mp4", "one"),
            ("more/a.mp4", "two"),
            ("copies/a.mp4", "one"),
            ("second/a.mp4", "one"),
            ("other/a.mp4", "six"),
        ] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), content).unwrap();
        }
        let mut document = project(&["clips/a.mp4", "more/a.mp4"]);
        for (id, name) in [(0, "clips/a.mp4"), (1, "more/a.mp4")] {
            let (bytes, hash) = fingerprint(&at(name)).unwrap();
            document.videos.get_mut(&VideoId(id)).unwrap().facts = Some(facts(bytes, &hash));
        }
        let clip = |name: &str| AnnotatedClip::named(at(name).to_str().unwrap(), "");
        let finder = VideoFinder::new(&document, dir.path(), Path::new("/export"));
        assert_eq!(finder.find(&clip("copies/a.mp4")), FoundVideo::SameContent(VideoId(0)));
        assert_eq!(finder.find(&clip("clips/a.mp4")), FoundVideo::Video(VideoId(0)));
        let other = finder.find(&clip("other/a.mp4"));
        assert!(
            !matches!(other, FoundVideo::Video(_) | FoundVideo::SameName(_) | FoundVideo::SameContent(_)),
            "{other:?}"
        );
        let clips = ["copies/a.mp4", "second/a.mp4"].map(clip);
        let claimed = FoundVideo::Claimed(VideoId(0));
        assert!(finder.find_all(&clips).values().all(|found| *found == claimed), "the file has two videos");
    }

    #[test]
    fn what_is_told_of_a_video_must_fit() {
        let mut document = project(&["clips/a.mp4"]);
        let facts = facts(1, "12");
        let step = edits::change_video(&document, VideoId(0), "Facts", |video| video.facts = Some(facts.clone()));
        document.apply(step.unwrap());
        let finder = VideoFinder::new(&document, Path::new("/p"), Path::new("/p"));
        let find = |told: Option<Facts>, length_secs| {
            finder.find(&AnnotatedClip { facts: told, length_secs, ..AnnotatedClip::named("/elsewhere/a.mp4", "") })
        };
        assert_eq!(find(None, Some(10.4)), FoundVideo::SameName(VideoId(0)));
        assert_eq!(find(None, Some(60.0)), FoundVideo::Nothing);
        assert_eq!(find(Some(facts.clone()), None), FoundVideo::SameName(VideoId(0)));
        assert_eq!(find(Some(Facts { hash: "34".into(), ..facts }), None), FoundVideo::Nothing);
    }
}
