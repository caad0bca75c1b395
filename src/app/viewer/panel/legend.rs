//! What the colours mean: the wheel for directions with the magnitude at its rim, a bar for single numbers.

use eframe::egui::{
    Align2, Color32, ColorImage, Context, Mesh, Painter, Pos2, Rect, Shape, Stroke, TextStyle, TextureHandle,
    TextureId, TextureOptions, Ui, Vec2, pos2, vec2,
};

use crate::app::ui::icon::Icon;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::flow::colour;
use crate::flow::colour_map::ColourMap;

/// Side of the wheel's picture in pixels.
const RESOLUTION: usize = 160;
/// Diameter on the screen in points, where there is room.
const DIAMETER: f32 = 76.0;
/// Size of the bar on the screen in points.
const BAR: Vec2 = vec2(84.0, 8.0);
/// Least size of a view that has room for a bar, in points.
const SMALLEST: Vec2 = vec2(200.0, 120.0);

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
        scale: MagnitudeScale,
        locked: bool,
        pointed: Option<[f32; 2]>,
    ) {
        let tokens = Tokens::of(ui);
        let diameter = DIAMETER.min(pane.width() * 0.25).min(pane.height() * 0.25);
        let size = vec2(diameter.max(44.0) + 16.0, diameter + 32.0);
        let card = Align2::RIGHT_BOTTOM.align_size_within_rect(size, pane.shrink(8.0));
        painter.rect_filled(card, RADIUS, tokens.scrim);
        let wheel = Rect::from_min_size(card.min + vec2((size.x - diameter) / 2.0, 8.0), vec2(diameter, diameter));
        let texture = self.texture(ui.ctx());
        painter.image(texture, wheel, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);

        if let Some(uv) = pointed {
            let [u, v] = scale.bent(uv);
            let length = (u.hypot(v) / scale.max_px).clamp(1.0, f32::INFINITY);
            let offset = vec2(u, v) / scale.max_px / length * (diameter / 2.0);
            painter.circle(wheel.center() + offset, 3.5, Color32::WHITE, Stroke::new(1.5, Color32::BLACK));
        }

        let font = TextStyle::Small.resolve(ui.style());
        let below = pos2(card.center().x, wheel.bottom() + 12.0);
        let galley = painter.layout_no_wrap(format!("{:.1} px", scale.max_px), font, tokens.on_scrim);
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

/// Draws a bar of the map's colours with the values of its ends into the lower right corner of a picture.
pub fn bar_ui(ui: &Ui, painter: &Painter, pane: Rect, map: ColourMap, ends: [String; 2]) {
    if pane.width() < SMALLEST.x || pane.height() < SMALLEST.y {
        return;
    }
    let tokens = Tokens::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let [low, high] = ends.map(|text| painter.layout_no_wrap(text, font.clone(), tokens.on_scrim));
    let texts = vec2(low.size().x + high.size().x + 16.0, low.size().y);
    let size = vec2(BAR.x.max(texts.x), BAR.y + 3.0 + texts.y);
    let card = Align2::RIGHT_BOTTOM.align_size_within_rect(size + vec2(16.0, 12.0), pane.shrink(8.0));
    painter.rect_filled(card, RADIUS, tokens.scrim);
    let bar = Rect::from_min_size(card.min + vec2(8.0, 6.0), vec2(size.x, BAR.y));
    painter.add(Shape::mesh(bar_mesh(bar, map)));
    let below = bar.bottom() + 3.0;
    painter.galley(pos2(bar.left(), below), low, tokens.on_scrim);
    let left = bar.right() - high.size().x;
    painter.galley(pos2(left, below), high, tokens.on_scrim);
}

fn bar_mesh(bar: Rect, map: ColourMap) -> Mesh {
    const STEPS: u32 = 16;
    let mut mesh = Mesh::default();
    for i in 0..=STEPS {
        let share = i as f32 / STEPS as f32;
        let [r, g, b] = map.colour(share);
        let x = bar.left() + share * bar.width();
        mesh.colored_vertex(pos2(x, bar.top()), Color32::from_rgb(r, g, b));
        mesh.colored_vertex(pos2(x, bar.bottom()), Color32::from_rgb(r, g, b));
        if i > 0 {
            mesh.add_triangle(2 * i - 2, 2 * i - 1, 2 * i);
            mesh.add_triangle(2 * i - 1, 2 * i, 2 * i + 1);
        }
    }
    mesh
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
