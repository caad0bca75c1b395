//! Pictures as textures, uploaded only when the picture is another one.

use std::sync::Arc;

use eframe::egui::{ColorImage, Context, TextureHandle, TextureId, TextureOptions};
use image::RgbImage;

use crate::flow::{FlowField, colour};

/// The texture of the newest frame.
#[derive(Default)]
pub struct FrameTexture {
    shown: Option<(Arc<RgbImage>, TextureHandle)>,
}

impl FrameTexture {
    /// The texture of `picture`.
    pub fn texture(&mut self, ctx: &Context, picture: &Arc<RgbImage>) -> TextureId {
        match &mut self.shown {
            Some((shown, texture)) if Arc::ptr_eq(shown, picture) => texture.id(),
            Some((shown, texture)) => {
                texture.set(color_image(picture), TextureOptions::LINEAR);
                *shown = picture.clone();
                texture.id()
            }
            None => {
                let texture = ctx.load_texture("frame", color_image(picture), TextureOptions::LINEAR);
                self.shown.insert((picture.clone(), texture)).1.id()
            }
        }
    }
}

/// The texture of the newest flow in Middlebury's colours.
#[derive(Default)]
pub struct FlowTexture {
    shown: Option<(Arc<FlowField>, f32, TextureHandle)>,
}

impl FlowTexture {
    /// The texture of `field`, saturated at `max_px` pixels.
    pub fn texture(&mut self, ctx: &Context, field: &Arc<FlowField>, max_px: f32) -> TextureId {
        match &mut self.shown {
            Some((shown, scale, texture)) if Arc::ptr_eq(shown, field) && *scale == max_px => texture.id(),
            Some((shown, scale, texture)) => {
                texture.set(color_image(&colour::picture(field, max_px)), TextureOptions::LINEAR);
                (*shown, *scale) = (field.clone(), max_px);
                texture.id()
            }
            None => {
                let picture = color_image(&colour::picture(field, max_px));
                let texture = ctx.load_texture("flow", picture, TextureOptions::LINEAR);
                self.shown.insert((field.clone(), max_px, texture)).2.id()
            }
        }
    }
}

fn color_image(picture: &RgbImage) -> ColorImage {
    ColorImage::from_rgb([picture.width() as usize, picture.height() as usize], picture.as_raw())
}
