//! Training clips of live sources that have few of their source's frames.

use std::collections::BTreeSet;

use super::LabelledClip;
use crate::error::Error;
use crate::plural::counted;
use crate::video::SlowCapture;

/// Returns a note on those of `clips` that hold less than half the frames of their live source: they teach the network
/// a wrong speed.
pub fn slow_captures(clips: &[LabelledClip]) -> Option<Error> {
    let paths: BTreeSet<_> = clips.iter().map(|clip| &clip.path).collect();
    let slow: Vec<_> = paths.into_iter().filter_map(|path| Some((path, SlowCapture::of_file(path)?))).collect();
    let (path, first) = slow.first()?;
    let more = match slow.len() - 1 {
        0 => String::new(),
        more => format!("; so {} {}", if more == 1 { "has" } else { "have" }, counted(more, "other clip")),
    };
    let cause = format!("captured at {}{more}", first.in_words());
    Some(Error::file(path, cause, "Leave it out, or capture it again at a higher rate"))
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::video::{Geometry, VideoWriter};

    #[test]
    fn clips_with_few_frames_of_their_source_are_named_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let write = |number: usize, source_fps: f64| {
            let path = dir.path().join(format!("wave_live_{number:03}.mp4"));
            let (size, slow) = (Geometry { width: 32, height: 32 }, SlowCapture::new(5.0, Some(source_fps)));
            let mut writer = VideoWriter::create_captured(&path, size, 5.0, slow).unwrap();
            writer.push(&RgbImage::new(32, 32)).unwrap();
            writer.finish().unwrap();
            LabelledClip { path, label: 0, segment_secs: None, group: None, also: Vec::new() }
        };
        let clips: Vec<LabelledClip> =
            [10.0, 30.0, 25.0, 30.0].into_iter().enumerate().map(|(i, fps)| write(i, fps)).collect();
        assert_eq!(slow_captures(&clips[..1]).map(|note| note.to_string()), None);
        let note = slow_captures(&clips).unwrap();
        assert!(note.subject.ends_with("wave_live_001.mp4"), "{note}");
        assert!(
            note.cause.contains("5 of 30 frames a second") && note.cause.ends_with("so have 2 other clips"),
            "{note}"
        );
    }
}
