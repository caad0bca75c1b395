//! The colour wheel that says which colour means which motion, with the magnitude at its rim.

use eframe::egui::{
    Align2, Color32, ColorImage, Context, Painter, Pos2, Rect, Stroke, TextStyle, TextureHandle, TextureId,
    TextureOptions, Ui, pos2, vec2,
};

use crate::app::icon::Icon;
use crate::app::session::ReadOut;
use crate::app::theme::{RADIUS, Tokens};
use crate::flow::colour;

/// Side of the wheel's picture in pixels.
const RESOLUTION: usize = 160;
/// Diameter on the screen in points, where there is room.
const DIAMETER: f32 = 76.0;

/// The wheel's texture, drawn once.
#[derive(Default)]
pub struct Wheel {
    texture: Option<TextureHandle>,
}

impl Wheel {
    /// Draws the legend into the lower right corner of a picture; the vector under the pointer is a dot on the wheel.
    pub fn legend_ui(
        &mut self,
        ui: &Ui,
        painter: &Painter,
        pane: Rect,
        max_px: f32,
        locked: bool,
        read_out: Option<&ReadOut>,
    ) {
        let tokens = Tokens::of(ui);
        let diameter = DIAMETER.min(pane.width() * 0.25).min(pane.height() * 0.25);
        let size = vec2(diameter + 16.0, diameter + 32.0);
        let card = Align2::RIGHT_BOTTOM.align_size_within_rect(size, pane.shrink(8.0));
        painter.rect_filled(card, RADIUS, tokens.scrim);
        let wheel = Rect::from_min_size(card.min + vec2(8.0, 8.0), vec2(diameter, diameter));
        let texture = self.texture(ui.ctx());
        painter.image(texture, wheel, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);

        if let Some(read_out) = read_out {
            let length = (read_out.magnitude() / max_px).clamp(1.0, f32::INFINITY);
            let offset = vec2(read_out.u, read_out.v) / max_px / length * (diameter / 2.0);
            painter.circle(wheel.center() + offset, 3.5, Color32::WHITE, Stroke::new(1.5, Color32::BLACK));
        }

        let font = TextStyle::Small.resolve(ui.style());
        let below = pos2(card.center().x, wheel.bottom() + 12.0);
        let galley = painter.layout_no_wrap(format!("{max_px:.1} px"), font, tokens.on_scrim);
        let shift = if locked { 7.0 } else { 0.0 };
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), Rect::from_center_size(below, size));
        painter.galley(at.min + vec2(shift, 0.0), galley, tokens.on_scrim);
        if locked {
            let lock = Rect::from_center_size(pos2(at.left() - 4.0, below.y), vec2(9.0, 9.0));
            Icon::Locked.paint(painter, lock, tokens.on_scrim);
        }
    }

    /// The wheel's picture.
    pub fn texture(&mut self, ctx: &Context) -> TextureId {
        let texture = &mut self.texture;
        texture.get_or_insert_with(|| ctx.load_texture("wheel", wheel_picture(), TextureOptions::LINEAR)).id()
    }
}

/// Every direction and length up to 1 in its colour, transparent outside.
fn wheel_picture() -> ColorImage {
    let at = |index: usize| (index as f32 + 0.5) / RESOLUTION as f32 * 2.0 - 1.0;
    let pixels = (0..RESOLUTION * RESOLUTION).map(|i| {
        let (u, v) = (at(i % RESOLUTION), at(i / RESOLUTION));
        let [r, g, b] = colour::colour(u, v, 1.0);
        // The rim fades over one picture element.
        let inside = ((1.0 - u.hypot(v)) * RESOLUTION as f32 / 2.0).clamp(0.0, 1.0);
        Color32::from_rgb(r, g, b).gamma_multiply(inside)
    });
    ColorImage::new([RESOLUTION, RESOLUTION], pixels.collect())
}
