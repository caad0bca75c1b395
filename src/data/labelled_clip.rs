//! A clip and what is known of it before it is decoded.

use std::path::{Path, PathBuf};

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::video::{ClipReader, Geometry, decode_segment};

/// A clip and the index of its class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelledClip {
    /// The video, or the folder of its pictures.
    pub path: PathBuf,
    /// Index into [`Dataset::classes`](super::Dataset::classes).
    pub label: usize,
    /// The part of an untrimmed video that shows the class: when it begins and ends, in seconds on the clock of the file.
    pub segment_secs: Option<[f64; 2]>,
    /// What the clip shares with others of the same recording: never to be trained on and tested on both.
    pub group: Option<String>,
}

impl LabelledClip {
    /// Returns the recording of the clip: its group, else the video it is (a part of).
    pub fn recording(&self) -> String {
        self.group.clone().unwrap_or_else(|| self.path.to_string_lossy().into_owned())
    }

    /// Opens the clip, whose frames are stretched to `geometry`.
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

/// A part of an untrimmed video that shows one class or another and counts neither for nor against a detector.
#[derive(Debug, Clone, PartialEq)]
pub struct AmbiguousSegment {
    /// The video.
    pub path: PathBuf,
    /// When it begins and ends, in seconds on the clock of the file.
    pub segment_secs: [f64; 2],
}

/// Returns the recording that a clip of `class` was cut from, as UCF101 (`v_Class_g07_c03`) and HMDB51
/// (`Film_title_class_f_nm_np1_fr_goo_3`) tell it in their file names; both number their groups within a class.
pub(super) fn group_of(path: &Path, class: &str) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    ucf101_group(stem).or_else(|| hmdb51_group(stem, class))
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
        for name in ["wave_01.mp4", "v_g_c.avi", "g01_c01.avi", "person1_take2.avi", "_brush_hair_.avi"] {
            assert_eq!(group(name, "brush_hair"), None, "{name}");
        }
    }
}
