//! Video files as a project of labels knows them: found in folders, looked into, and cut into clips.

use std::ops::ControlFlow;
use std::path::Path;

use crate::error::{Error, Result};
use crate::labels::formats::Cut;
use crate::labels::survey::{Found, Progress, find_videos, fingerprint};
use crate::labels::{Facts, StoredPath, Video, times};
use crate::video::{Geometry, Sizes, VideoReader, VideoWriter, is_video, natural_order};

/// The videos in `folder` and the folders in it, in the order in which people count.
pub fn videos_in(folder: &Path) -> Found {
    let mut found = find_videos(folder, &is_video);
    found.videos.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    found
}

/// What is in the video file at `path`, a video of the project in `dir`: it is opened and its frames are counted. The times of
/// the frames of a variable-rate video are kept with the project.
///
/// # Errors
/// If it is no video that can be read, or its times cannot be kept.
pub fn facts_of(path: &Path, dir: &Path) -> Result<Facts> {
    let reader = VideoReader::open(path, Sizes { display_max: 16, scaled: Vec::new() })?;
    let info = reader.info();
    let (bytes, hash) = fingerprint(path)?;
    let facts = Facts {
        frames: info.frames,
        fps: info.fps,
        start_secs: Some(reader.times().start_secs()),
        variable_rate: reader.times().as_listed().is_some(),
        size: [info.width, info.height],
        bytes,
        hash,
    };
    times::keep(dir, &facts, reader.times())?;
    Ok(facts)
}

/// The video file at `path` as a video of the project in `dir`, with nothing said about it.
///
/// # Errors
/// As [`facts_of`].
pub fn look_into(path: &Path, dir: &Path) -> Result<Video> {
    Ok(Video { facts: Some(facts_of(path, dir)?), ..Video::new(StoredPath::encode(path, dir)) })
}

/// Cuts clips out of their videos, frame by frame, at the videos' size and average rate; `progress` can end it between
/// frames. Returns how many were written, and why others were not.
pub fn cut_clips(cuts: &[Cut], progress: Progress<'_>) -> (usize, Vec<Error>) {
    let (mut written, mut errors, mut reader) = (0, Vec::new(), None);
    for (done, cut) in cuts.iter().enumerate() {
        match cut_clip(cut, &mut reader, &mut || progress(done, cuts.len())) {
            Ok(ControlFlow::Continue(())) => written += 1,
            Ok(ControlFlow::Break(())) => return (written, errors),
            Err(error) => errors.push(error),
        }
    }
    let _ = progress(cuts.len(), cuts.len());
    (written, errors)
}

/// Cuts one clip; `open` is the video that the clip before came from, and this one's afterwards.
fn cut_clip(
    cut: &Cut,
    open: &mut Option<VideoReader>,
    progress: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let reader = match open.take().filter(|reader| reader.info().path == cut.video) {
        Some(reader) => open.insert(reader),
        None => open.insert(VideoReader::open(&cut.video, Sizes { display_max: u32::MAX, scaled: Vec::new() })?),
    };
    let info = reader.info();
    let (fps, geometry) = (info.fps, Geometry { width: info.width, height: info.height });
    let end = cut.end.unwrap_or(info.frames).min(info.frames);
    if let Some(folder) = cut.target.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    }
    let mut writer = VideoWriter::create(&cut.target, geometry, fps)?;
    for index in cut.start..end {
        if progress().is_break() {
            return Ok(ControlFlow::Break(())); // What is not finished leaves no file behind.
        }
        writer.push(&reader.frame(index)?.display)?;
    }
    writer.finish()?;
    Ok(ControlFlow::Continue(()))
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    #[test]
    fn clips_hold_the_frames_they_were_cut_from() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("grey.mp4");
        let geometry = Geometry { width: 32, height: 32 };
        let mut writer = VideoWriter::create(&path, geometry, 12.5).unwrap();
        let level = |frame: usize| 10 + 10 * frame as u8;
        for frame in 0..20 {
            writer.push(&RgbImage::from_pixel(32, 32, image::Rgb([level(frame); 3]))).unwrap();
        }
        writer.finish().unwrap();
        let video = look_into(&path, dir.path()).unwrap();
        let facts = video.facts.unwrap();
        assert_eq!((video.path.as_str(), facts.frames, facts.fps, facts.size), ("grey.mp4", 20, 12.5, [32, 32]));

        let cut = |start, end, name: &str| Cut { video: path.clone(), start, end, target: dir.path().join(name) };
        let missing = Cut { video: dir.path().join("missing.mp4"), ..cut(0, None, "none.mp4") };
        let cuts = [cut(5, Some(9), "made/part.mp4"), missing, cut(0, None, "whole.mp4")];
        let mut last = 0;
        let (written, errors) = cut_clips(&cuts, &mut |done, _| {
            last = done;
            ControlFlow::Continue(())
        });
        assert_eq!((written, errors.len(), last), (2, 1, 3));
        let mut part = VideoReader::open(&cuts[0].target, Sizes::default()).unwrap();
        assert_eq!((part.info().frames, part.info().fps), (4, 12.5));
        for frame in 0..4 {
            let shown = part.frame(frame).unwrap().display.get_pixel(16, 16)[0];
            assert!(shown.abs_diff(level(5 + frame)) <= 3, "frame {frame}: {shown}");
        }
        assert_eq!(facts_of(&cuts[2].target, dir.path()).unwrap().frames, 20);

        let stopped = cut(0, None, "stopped.mp4");
        assert_eq!(cut_clips(std::slice::from_ref(&stopped), &mut |_, _| ControlFlow::Break(())).0, 0);
        assert!(!stopped.target.exists());
    }
}
