//! Thumbnails of videos, cached on disk by content hash: a moved video keeps its thumbnails.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, RgbImage};

use super::messages::{Thumbnail, ThumbnailRequest};
use crate::atomic::replace_unsynced;
use crate::engine::runtime::events::Wake;
use crate::error::{Error, Result};
use crate::labels::media_scan;
use crate::panic_guard::caught;
use crate::video::{Sizes, VideoReader, read_picture};

/// Longest side of a thumbnail in pixels: sharp in the list at twice the usual scale.
const SIDE: u32 = 144;
/// JPEG quality on disk.
const QUALITY: u8 = 82;

/// The pending requests and the channel for thumbnails.
pub(super) struct Painter {
    requests: Mutex<VecDeque<ThumbnailRequest>>,
    answers: Sender<Thumbnail>,
    wake: Wake,
    cache: Option<PathBuf>,
}

/// The open video of the last thumbnail: those of a timeline are read from one file in sequence.
#[derive(Default)]
pub(super) struct Brush(Option<(PathBuf, VideoReader)>);

impl Painter {
    pub fn new(answers: Sender<Thumbnail>, wake: Wake, cache: Option<PathBuf>) -> Self {
        Self { requests: Mutex::default(), answers, wake, cache }
    }

    /// Replaces all pending requests.
    pub fn want(&self, requests: Vec<ThumbnailRequest>) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner) = requests.into();
    }

    /// Creates the first of the thumbnails; returns false if there is none.
    pub fn step(&self, brush: &mut Brush) -> bool {
        let request = self.requests.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(request) = request else {
            brush.0 = None; // close an unused file
            return false;
        };
        let picture = caught("thumbnails", || self.picture(&request, brush));
        let picture = picture.inspect_err(|error| tracing::debug!("{error}")).ok().map(Arc::new);
        let kept = self.answers.send((request.key, picture)).is_ok();
        (self.wake)();
        kept
    }

    fn picture(&self, request: &ThumbnailRequest, brush: &mut Brush) -> Result<RgbImage> {
        let kept = self.cache.as_ref().filter(|_| request.keep).map(|cache| file(cache, request));
        if let Some(picture) = kept.as_ref().filter(|kept| kept.is_file()).and_then(|kept| read_picture(kept).ok()) {
            return Ok(picture);
        }
        // Cached thumbnails must match their hash: the file may have been replaced since it was labelled.
        if kept.is_some() && media_scan::fingerprint(&request.path)?.1 != request.key.hash {
            let cause = "it has changed since it was labelled";
            return Err(Error::file(&request.path, cause, "Relink the video"));
        }
        let picture = brush.paint(&request.path, request.key.frame)?;
        if let Some(Err(error)) = kept.map(|kept| keep(&kept, &picture)) {
            tracing::debug!("{error}"); // it is created again the next time
        }
        Ok(picture)
    }
}

impl Brush {
    fn paint(&mut self, path: &Path, frame: usize) -> Result<RgbImage> {
        let mut reader = match self.0.take().filter(|(open, _)| open == path) {
            Some((_, reader)) => reader,
            None => VideoReader::open(path, Sizes { display_max: SIDE, scaled: Vec::new() })?,
        };
        let last = reader.info().frames.saturating_sub(1);
        let picture = reader.frame(frame.min(last))?.display;
        self.0 = Some((path.to_owned(), reader));
        Ok(Arc::unwrap_or_clone(picture))
    }
}

/// Returns the path of a cached thumbnail. The hash is sanitised, as it comes from a project file, which is untrusted.
fn file(cache: &Path, request: &ThumbnailRequest) -> PathBuf {
    let hash: String = request.key.hash.chars().filter(char::is_ascii_alphanumeric).take(80).collect();
    cache.join(format!("{hash}-{}.jpg", request.key.frame))
}

fn keep(path: &Path, picture: &RgbImage) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    }
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .write_image(picture, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| Error::wrap(path, error, "No action needed"))?;
    replace_unsynced(path, |file| file.write_all(&bytes))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::engine::labeling::ThumbnailKey;
    use crate::video::{Geometry, VideoWriter};

    #[test]
    fn the_picture_of_a_replaced_video_is_not_kept_for_the_old_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.mp4");
        let mut writer = VideoWriter::create(&path, Geometry { width: 64, height: 48 }, 25.0).unwrap();
        writer.push(&RgbImage::from_pixel(64, 48, Rgb([200, 90, 30]))).unwrap();
        writer.finish().unwrap();
        let cache = dir.path().join("cache");
        let painter = Painter::new(crossbeam_channel::unbounded().0, Arc::new(|| ()), Some(cache));
        let request = |hash: &str| {
            let key = ThumbnailKey { hash: hash.to_owned(), frame: 0 };
            ThumbnailRequest { key, path: path.clone(), keep: true }
        };
        let cache = painter.cache.as_deref().unwrap();
        let labelled = request("0123456789abcdef");
        assert!(painter.picture(&labelled, &mut Brush::default()).is_err());
        assert!(!file(cache, &labelled).exists());
        let present = request(&media_scan::fingerprint(&path).unwrap().1);
        assert!(painter.picture(&present, &mut Brush::default()).is_ok() && file(cache, &present).is_file());
    }
}
