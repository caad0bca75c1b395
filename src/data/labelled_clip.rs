//! A clip with its label, before it is decoded.

use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::content_hash::ContentHash;
use crate::error::Result;
use crate::video::{ClipReader, Geometry, decode_segment};

/// A clip and the index of its class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelledClip {
    /// The video, or a folder of pictures.
    pub path: PathBuf,
    /// Index into [`Dataset::classes`](super::Dataset::classes).
    pub label: usize,
    /// The part of an untrimmed video that shows the class: start and end in seconds on the clock of the file.
    pub segment_secs: Option<[f64; 2]>,
    /// Name of the recording that the clip shares with others: a recording is never both trained and tested on.
    pub group: Option<String>,
    /// The other classes shown at the same time, in ascending order; only in data sets [cut at
    /// changes](super::Dataset::cut_at_changes).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<usize>,
}

impl LabelledClip {
    /// Returns all its classes, its label first.
    pub fn shown(&self) -> Vec<usize> {
        std::iter::once(self.label).chain(self.also.iter().copied()).collect()
    }

    /// Returns `true` if it shows `class`.
    pub fn shows(&self, class: usize) -> bool {
        self.label == class || self.also.contains(&class)
    }

    /// Returns the recording of the clip: its group, otherwise the video it is (a part of).
    pub fn recording(&self) -> String {
        self.group.clone().unwrap_or_else(|| self.path.to_string_lossy().into_owned())
    }

    /// Opens the clip; its frames are stretched to `geometry`.
    ///
    /// # Errors
    /// Same as [`ClipReader::open`].
    pub fn open(&self, geometry: Geometry) -> Result<ClipReader> {
        let mut reader = ClipReader::open(&self.path, self.segment_secs)?;
        reader.set_sizes(vec![geometry]);
        Ok(reader)
    }

    /// Returns the frames of the clip, at most `max_frames`, stretched to `geometry`.
    ///
    /// # Errors
    /// Same as [`decode_segment`].
    pub fn decode(&self, geometry: Geometry, max_frames: Option<usize>) -> Result<Vec<RgbImage>> {
        decode_segment(&self.path, self.segment_secs, geometry, max_frames)
    }
}

/// A segment of an untrimmed video that shows one of several classes and counts neither for nor against a detector.
#[derive(Debug, Clone, PartialEq)]
pub struct AmbiguousSegment {
    /// The video.
    pub path: PathBuf,
    /// Start and end in seconds on the clock of the file.
    pub segment_secs: [f64; 2],
}

/// Part of the name of a clip from a live source.
pub const LIVE_NAME: &str = "live";
/// Maximum number of letters of a video's name in the name of its clips.
const MOST_LETTERS: usize = 24;

/// Returns the common part of the names of clips from the live source `video`, such as `live-street-1f0c92ab`: clips
/// with it are one group, whatever their class.
pub fn live_recording(video: &Path) -> String {
    let path = fs::canonicalize(video).unwrap_or_else(|_| video.to_owned());
    let mut hash = ContentHash::new();
    hash.update(path.as_os_str().as_encoded_bytes());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let letter = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let stem: String = stem.chars().map(letter).take(MOST_LETTERS).collect();
    format!("{LIVE_NAME}-{stem}-{}", &hash.to_hex()[..8])
}

/// Returns the recording that a clip of `class` was cut from, according to the file names of UCF101 (`v_Class_g07_c03`)
/// and HMDB51 (`Film_title_class_f_nm_np1_fr_goo_3`), which number their groups within a class, and of clips of live
/// sources.
pub(super) fn group_of(path: &Path, class: &str) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    ucf101_group(stem).or_else(|| hmdb51_group(stem, class)).or_else(|| live_group(stem))
}

/// Parses `wave_live-street-1f0c92ab_002`.
fn live_group(stem: &str) -> Option<String> {
    let (rest, number) = stem.rsplit_once('_')?;
    let (_, source) = rest.rsplit_once('_')?;
    let (_, hash) = source.strip_prefix(LIVE_NAME)?.strip_prefix('-')?.rsplit_once('-')?;
    let is_hash = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_hash && is_number).then(|| source.to_owned())
}

fn ucf101_group(stem: &str) -> Option<String> {
    let (group, clip) = stem.rsplit_once('_')?;
    let (_, number) = group.rsplit_once('_')?;
    let numbered = |text: &str, letter| {
        text.strip_prefix(letter).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    (numbered(clip, 'c') && numbered(number, 'g')).then(|| group.to_lowercase())
}

fn hmdb51_group(stem: &str, class: &str) -> Option<String> {
    let name = format!("_{class}_");
    let at = stem.rfind(&name)?;
    let properties: Vec<_> = stem[at + name.len()..].split('_').collect();
    let [_visible, camera, people, _view, _quality, _number] = properties[..] else { return None };
    (matches!(camera, "cm" | "nm") && people.starts_with("np")).then(|| format!("{}_{class}", &stem[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_tell_the_recording() {
        let group = |name: &str, class: &str| group_of(Path::new(name), class);
        assert_eq!(group("a/v_HandStandPushups_g07_c03.avi", "x").unwrap(), "v_handstandpushups_g07");
        assert_eq!(group("v_brush_hair_g01_c01.mp4", "brush_hair").unwrap(), "v_brush_hair_g01");
        let film = "April_09_brush_hair_u_nm_np1_ba_goo_0.avi";
        assert_eq!(group(film, "brush_hair").unwrap(), "April_09_brush_hair");
        assert_eq!(group(film, "wave"), None);
        let dir = tempfile::tempdir().unwrap();
        let video = dir.path().join("my street_01.mp4");
        fs::write(&video, "").unwrap();
        let source = live_recording(&video);
        assert!(source.starts_with("live-my-street-01-"), "{source}");
        for (class, number) in [("wave", 1), ("two_hands", 12)] {
            assert_eq!(group(&format!("{class}_{source}_{number:03}.mp4"), class).unwrap(), source);
        }
        assert_ne!(live_recording(&dir.path().join("other/my street_01.mp4")), source, "of the same name elsewhere");
        assert_eq!(group("wave_live_001.mp4", "wave"), None, "of a camera");
        for name in ["wave_01.mp4", "v_g_c.avi", "g01_c01.avi", "person1_take2.avi", "_brush_hair_.avi"] {
            assert_eq!(group(name, "brush_hair"), None, "{name}");
        }
    }
}
