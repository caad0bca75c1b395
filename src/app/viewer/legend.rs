//! What the colours mean: the wheel for directions with the magnitude at its rim, a bar for single numbers.

use eframe::egui::{
    Align2, Color32, ColorImage, Context, CursorIcon, Mesh, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, TextStyle,
    TextureHandle, TextureId, TextureOptions, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::app::command::Command;
use crate::app::panel::PanelContext;
use crate::app::shell::menu::item_ui;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::flow::colour;
use crate::flow::colour_map::ColourMap;

/// Side of the wheel's picture in pixels.
const RESOLUTION: usize = 160;
/// Diameters on the screen in points, large and small, where there is room.
const DIAMETERS: [f32; 2] = [76.0, 38.0];
/// Room for the lock beside the magnitude, in points.
const LOCK: f32 = 14.0;
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
    /// Draws the legend over a picture, where it can be dragged; the vector under the pointer is a dot on the wheel. Returns where it is.
    pub fn legend_ui(
        &mut self,
        ui: &Ui,
        pane: Rect,
        pointed: Option<[f32; 2]>,
        scale: MagnitudeScale,
        stride: usize,
        cx: &mut PanelContext<'_>,
    ) -> Option<Rect> {
        if cx.settings.wheel.is_hidden {
            return None;
        }
        let (painter, tokens) = (ui.painter_at(pane), Tokens::of(ui));
        let is_locked = cx.settings.locked_scale_px.is_some();
        let font = TextStyle::Small.resolve(ui.style());
        let words = painter.layout_no_wrap(scale.in_words(stride), font, tokens.on_scrim);
        let lock = if is_locked { LOCK } else { 0.0 };
        let [large, small] = DIAMETERS;
        let diameter = if cx.settings.wheel.is_small { small } else { large };
        let diameter = diameter.min(pane.width() * 0.25).min(pane.height() * 0.25);
        let size = vec2(diameter.max(words.size().x + lock) + 16.0, diameter + 32.0);
        let card = self.card_ui(ui, pane, size, cx);

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
        let below = pos2(card.center().x + lock / 2.0, wheel.bottom() + 12.0);
        let text = Align2::CENTER_CENTER.align_size_within_rect(words.size(), Rect::from_center_size(below, size));
        painter.galley(text.min, words, tokens.on_scrim);
        if is_locked {
            let lock = Rect::from_center_size(pos2(text.left() - 7.0, below.y), vec2(9.0, 9.0));
            Icon::Locked.paint(&painter, lock, tokens.on_scrim);
        }
        Some(card)
    }

    /// Takes what the pointer does to the wheel: drags, double clicks, and its menu. Returns where it lies.
    fn card_ui(&self, ui: &Ui, pane: Rect, size: Vec2, cx: &mut PanelContext<'_>) -> Rect {
        let place = &mut cx.settings.wheel;
        let id = ui.scope_id().with("wheel");
        let response = ui.interact(place.card(pane, size).intersect(pane), id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Colour wheel"));
        if response.dragged() {
            place.drag(pane, size, response.drag_delta());
        }
        place.is_small ^= response.double_clicked();
        let card = place.card(pane, size);
        response.context_menu(|ui| {
            ui.set_min_width(190.0);
            item_ui(ui, Command::ShrinkWheel, cx);
            item_ui(ui, Command::ToggleWheel, cx);
        });
        let response = response.on_hover_and_drag_cursor(CursorIcon::Move);
        response.on_hover_text("Pixels per frame at video size. Drag or right-click.");
        card
    }

    /// The wheel's picture.
    pub fn texture(&mut self, ctx: &Context) -> TextureId {
        let texture = &mut self.texture;
        texture.get_or_insert_with(|| ctx.load_texture("wheel", wheel_picture(), TextureOptions::LINEAR)).id()
    }
}

/// Draws a bar of the map's colours with the values of its ends, and below them a `note` on the whole map, into the lower right corner
/// of a picture.
pub fn bar_ui(ui: &Ui, painter: &Painter, pane: Rect, map: ColourMap, ends: [String; 2], note: Option<String>) {
    if pane.width() < SMALLEST.x || pane.height() < SMALLEST.y {
        return;
    }
    let tokens = Tokens::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let [low, high] = ends.map(|text| painter.layout_no_wrap(text, font.clone(), tokens.on_scrim));
    let note = note.map(|text| painter.layout_no_wrap(text, font, tokens.on_scrim));
    let [note_width, note_height] = note.as_ref().map_or([0.0; 2], |note| [note.size().x, note.size().y + 2.0]);
    let texts = vec2(low.size().x + high.size().x + 16.0, low.size().y);
    let size = vec2(BAR.x.max(texts.x).max(note_width), BAR.y + 3.0 + texts.y + note_height);
    let card = Align2::RIGHT_BOTTOM.align_size_within_rect(size + vec2(16.0, 12.0), pane.shrink(8.0));
    painter.rect_filled(card, RADIUS, tokens.scrim);
    let bar = Rect::from_min_size(card.min + vec2(8.0, 6.0), vec2(size.x, BAR.y));
    painter.add(Shape::mesh(bar_mesh(bar, map)));
    let below = bar.bottom() + 3.0;
    painter.galley(pos2(bar.left(), below), low, tokens.on_scrim);
    let left = bar.right() - high.size().x;
    painter.galley(pos2(left, below), high, tokens.on_scrim);
    if let Some(note) = note {
        let at = pos2(bar.center().x - note.size().x / 2.0, below + texts.y + 2.0);
        painter.galley(at, note, tokens.on_scrim);
    }
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
