//! Pictures as textures, made and uploaded only when what they show is another thing.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::{Color32, ColorImage, Context, TextureHandle, TextureId, TextureOptions};
use image::RgbImage;

/// Longest side of a texture that is made cell by cell; the cells between are left out.
const LONGEST: usize = 512;

/// What a texture was made of, kept so that its address stays its own.
pub type Origin = Arc<dyn Any + Send + Sync>;
/// The view and the tile in it that a texture belongs to.
pub type Slot = (usize, usize);

/// What a texture shows.
pub struct PictureKey {
    /// The values.
    pub of: [Origin; 2],
    /// How they are shown.
    pub parameters: [f32; 3],
}

impl PictureKey {
    /// What is made of one value.
    pub fn new(of: Origin, parameters: [f32; 3]) -> Self {
        Self { of: [of.clone(), of], parameters }
    }

    fn is(&self, other: &Self) -> bool {
        let same = |i: usize| std::ptr::addr_eq(Arc::as_ptr(&self.of[i]), Arc::as_ptr(&other.of[i]));
        same(0) && same(1) && self.parameters == other.parameters
    }
}

struct ShownPicture {
    key: PictureKey,
    texture: TextureHandle,
    used: bool,
}

/// The textures of all views.
#[derive(Default)]
pub struct Textures {
    shown: HashMap<Slot, ShownPicture>,
}

impl Textures {
    /// The texture in `slot`, made again if it shows something else than `key`.
    pub fn get(&mut self, ctx: &Context, slot: Slot, key: PictureKey, make: impl FnOnce() -> ColorImage) -> TextureId {
        match self.shown.get_mut(&slot) {
            Some(shown) => {
                if !shown.key.is(&key) {
                    shown.texture.set(make(), TextureOptions::LINEAR);
                    shown.key = key;
                }
                shown.used = true;
                shown.texture.id()
            }
            None => {
                let texture = ctx.load_texture(format!("view {slot:?}"), make(), TextureOptions::LINEAR);
                let id = texture.id();
                self.shown.insert(slot, ShownPicture { key, texture, used: true });
                id
            }
        }
    }

    /// Frees what was not asked for since the last call.
    pub fn sweep(&mut self) {
        self.shown.retain(|_, shown| std::mem::take(&mut shown.used));
    }
}

/// A picture as it is uploaded.
pub fn color_image(picture: &RgbImage) -> ColorImage {
    ColorImage::from_rgb([picture.width() as usize, picture.height() as usize], picture.as_raw())
}

/// A picture of `width` × `height` cells from the colour of each, thinned out if there are very many.
pub fn cells(width: usize, height: usize, colour: impl Fn(usize) -> [u8; 3]) -> ColorImage {
    let step = width.max(height).div_ceil(LONGEST).max(1);
    let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
    let mut pixels = Vec::with_capacity(columns * rows);
    for y in (0..height).step_by(step) {
        pixels.extend((0..width).step_by(step).map(|x| {
            let [r, g, b] = colour(y * width + x);
            Color32::from_rgb(r, g, b)
        }));
    }
    ColorImage::new([columns, rows], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_texture_is_made_once_for_the_same_value_and_freed_when_unused() {
        let ctx = Context::default();
        let mut textures = Textures::default();
        let made = std::cell::Cell::new(0);
        let value: Arc<Vec<u8>> = Arc::default();
        let get = |textures: &mut Textures, value: &Arc<Vec<u8>>, scale: f32| {
            let make = || {
                made.set(made.get() + 1);
                ColorImage::filled([1, 1], Color32::RED)
            };
            textures.get(&ctx, (0, 0), PictureKey::new(value.clone(), [scale, 0.0, 0.0]), make);
            made.get()
        };
        assert_eq!(get(&mut textures, &value, 1.0), 1);
        assert_eq!(get(&mut textures, &value, 1.0), 1);
        assert_eq!(get(&mut textures, &value, 2.0), 2);
        assert_eq!(get(&mut textures, &Arc::default(), 2.0), 3);
        textures.sweep();
        assert_eq!(textures.shown.len(), 1);
        textures.sweep();
        assert!(textures.shown.is_empty());
    }

    #[test]
    fn many_cells_are_thinned_out_in_place() {
        let image = cells(1025, 4, |index| [(index % 1025 / 5) as u8, 0, 0]);
        assert_eq!(image.size, [342, 2]);
        assert_eq!(image.pixels[341].r(), (1023 / 5) as u8);
        assert_eq!(cells(3, 2, |_| [0; 3]).size, [3, 2]);
    }
}
