//! Pictures of videos as the window draws them: those seen lately are kept, those in view that are missing are wished for.

use std::collections::HashMap;
use std::path::PathBuf;

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::engine::{Thumbnail, ThumbnailKey, ThumbnailRequest};

/// Pictures that are kept, some 40 kB each.
const CAPACITY: usize = 600;

/// A picture that was asked for.
struct KnownThumbnail {
    /// None where none could be made.
    texture: Option<TextureHandle>,
    /// Where the video was.
    path: Option<PathBuf>,
    /// The repaint in which it was seen last.
    seen: u64,
}

/// The pictures.
#[derive(Default)]
pub struct Thumbnails {
    known: HashMap<ThumbnailKey, KnownThumbnail>,
    /// What this repaint lacks, what is seen first in front.
    wanted: Vec<ThumbnailRequest>,
    /// What was wished for last.
    told: Vec<ThumbnailRequest>,
    repaint: u64,
}

impl Thumbnails {
    /// The picture of a frame of the video with this content, which is at `path`; nothing while it is being made, or if it
    /// cannot be. It is kept on disk.
    pub fn get(&mut self, hash: &str, frame: usize, path: impl FnOnce() -> Option<PathBuf>) -> Option<TextureHandle> {
        self.find(hash, frame, path, true)
    }

    /// The same of any frame, kept for a while.
    pub fn passing(
        &mut self,
        hash: &str,
        frame: usize,
        path: impl FnOnce() -> Option<PathBuf>,
    ) -> Option<TextureHandle> {
        self.find(hash, frame, path, false)
    }

    fn find(
        &mut self,
        hash: &str,
        frame: usize,
        path: impl FnOnce() -> Option<PathBuf>,
        keep: bool,
    ) -> Option<TextureHandle> {
        let key = ThumbnailKey { hash: hash.to_owned(), frame };
        let known = self.known.get_mut(&key);
        if let Some(known) = known {
            known.seen = self.repaint;
            if known.texture.is_some() {
                return known.texture.clone();
            }
        }
        // Where none could be made, one may be since the video was found elsewhere.
        let path = path();
        if self.known.get(&key).is_none_or(|known| known.path != path) {
            self.wanted.extend(path.map(|path| ThumbnailRequest { key, path, keep }));
        }
        None
    }

    /// Takes pictures in.
    pub fn take(&mut self, pictures: impl Iterator<Item = Thumbnail>, ctx: &Context) {
        for (key, picture) in pictures {
            let texture = picture.map(|picture| {
                let size = [picture.width() as usize, picture.height() as usize];
                let image = ColorImage::from_rgb(size, picture.as_raw());
                ctx.load_texture("thumbnail", image, TextureOptions::LINEAR)
            });
            let path = self.told.iter().find(|wish| wish.key == key).map(|wish| wish.path.clone());
            self.known.insert(key, KnownThumbnail { texture, path, seen: self.repaint });
        }
        if self.known.len() > CAPACITY {
            let mut seen: Vec<u64> = self.known.values().map(|known| known.seen).collect();
            let (_, oldest, _) = seen.select_nth_unstable(CAPACITY / 4);
            let oldest = *oldest;
            let now = self.repaint;
            self.known.retain(|_, known| known.seen > oldest || known.seen == now);
        }
    }

    /// What is to be made from now on, if that has changed; to be asked at the end of a repaint.
    pub fn wishes(&mut self) -> Option<Vec<ThumbnailRequest>> {
        self.repaint += 1;
        let wanted = std::mem::take(&mut self.wanted);
        if wanted == self.told {
            return None;
        }
        self.told = wanted.clone();
        Some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::RgbImage;

    use super::*;

    fn get(thumbnails: &mut Thumbnails, frame: usize) -> Option<TextureHandle> {
        thumbnails.get("f00", frame, || Some("/a.mp4".into()))
    }

    #[test]
    fn what_is_in_view_is_wished_for_once() {
        let (mut thumbnails, ctx) = (Thumbnails::default(), Context::default());
        assert!(get(&mut thumbnails, 3).is_none());
        let wishes = thumbnails.wishes().unwrap();
        assert_eq!(wishes.len(), 1);
        assert!(get(&mut thumbnails, 3).is_none());
        assert_eq!(thumbnails.wishes(), None, "it was told");
        let picture = Some(Arc::new(RgbImage::new(4, 3)));
        thumbnails.take(std::iter::once((wishes[0].key.clone(), picture)), &ctx);
        assert_eq!(get(&mut thumbnails, 3).map(|texture| texture.size()), Some([4, 3]));
        assert_eq!(thumbnails.wishes(), Some(Vec::new()), "nothing more");
    }

    #[test]
    fn a_picture_that_could_not_be_made_is_wished_for_again_where_the_video_is_now() {
        let (mut thumbnails, ctx) = (Thumbnails::default(), Context::default());
        let mut wishes = |path: &str| {
            assert!(thumbnails.get("f00", 3, || Some(path.into())).is_none());
            let wishes = thumbnails.wishes().unwrap();
            thumbnails.take(wishes.iter().map(|wish| (wish.key.clone(), None)), &ctx);
            wishes.len()
        };
        assert_eq!((wishes("/gone.mp4"), wishes("/gone.mp4"), wishes("/found.mp4")), (1, 0, 1));
    }

    #[test]
    fn pictures_not_seen_for_long_are_forgotten() {
        let (mut thumbnails, ctx) = (Thumbnails::default(), Context::default());
        for frame in 0..3 * CAPACITY {
            let key = ThumbnailKey { hash: "f00".into(), frame };
            thumbnails.take(std::iter::once((key, Some(Arc::new(RgbImage::new(1, 1))))), &ctx);
            get(&mut thumbnails, 0);
            thumbnails.wishes();
        }
        assert!(thumbnails.known.len() <= CAPACITY);
        assert!(get(&mut thumbnails, 0).is_some() && get(&mut thumbnails, 1).is_none());
    }
}
