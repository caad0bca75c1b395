//! Frame and flow side by side under one zoom, with a colour legend and a read-out of the flow at the pointer.

mod gpu_flow;
mod legend;
mod pictures;
mod toolbar;

use eframe::egui::{
    Align2, Color32, CursorIcon, Painter, Pos2, Rect, Response, Role, Sense, Stroke, TextStyle, Ui, WidgetInfo, pos2,
    vec2,
};

pub use gpu_flow::install as install_gpu_flow;

use self::pictures::{FlowTexture, FrameTexture};
use super::{Panel, welcome};
use crate::app::actions::PanelContext;
use crate::app::command::Command;
use crate::app::session::{ReadOut, Session};
use crate::app::theme::{RADIUS, Tokens};
use crate::app::view::View;
use crate::app::widgets::{command_button, empty_state};
use crate::engine::Analysis;

/// Space between the two pictures, in points.
const GAP: f32 = 3.0;
/// How much a point of wheel travel magnifies.
const ZOOM_PER_POINT: f32 = 0.0025;

/// The viewer.
#[derive(Default)]
pub struct Viewer {
    view: View,
    frame: FrameTexture,
    flow: FlowTexture,
    wheel: legend::Wheel,
}

impl Panel for Viewer {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        cx.session.read_out = None;
        if cx.session.clip.is_none() && cx.session.opening.is_none() {
            welcome::welcome_ui(ui, self.wheel.texture(ui.ctx()), cx);
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        toolbar::toolbar_ui(ui, cx);
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, Tokens::of(ui).background);
        self.pictures_ui(ui, area, cx);
    }
}

impl Viewer {
    /// Shows the whole pictures.
    pub fn fit(&mut self) {
        self.view = View::default();
    }

    fn pictures_ui(&mut self, ui: &mut Ui, area: Rect, cx: &mut PanelContext<'_>) {
        let aspect = aspect(cx.session);
        let [left, right] = split(area, aspect);
        let caption = cx.session.analysis.as_ref().map_or("Flow".into(), |analysis| flow_caption(analysis, cx.session));
        let frame = self.pane_response(ui, left, aspect, "Frame");
        let flow = self.pane_response(ui, right, aspect, &caption);
        let pointer = [(left, frame), (right, flow)]
            .into_iter()
            .find_map(|(pane, response)| Some((pane, response.hover_pos()?)))
            .map(|(pane, at)| (at, self.view.picture_from_screen(pane, aspect, at)));

        self.frame_ui(ui, left, aspect, cx.session);
        self.flow_ui(ui, right, aspect, &caption, cx);

        let analysis = cx.session.analysis.clone();
        let Some((at, point)) =
            pointer.filter(|(_, point)| Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)).contains(*point))
        else {
            return;
        };
        for pane in [left, right].into_iter().filter(|_| analysis.is_some()) {
            let picture = self.view.screen_from_picture(pane, aspect);
            crosshair(&ui.painter_at(pane), picture.min + point.to_vec2() * picture.size());
        }
        if let Some(read_out) = analysis.and_then(|analysis| read_out(&analysis, point)) {
            cx.session.read_out = Some(read_out);
            read_out_label(ui, area, at, &read_out);
        }
    }

    /// Takes wheel, drag and double click over one of the pictures; all of them move both.
    fn pane_response(&mut self, ui: &Ui, pane: Rect, aspect: f32, name: &str) -> Response {
        let place = (pane.min.x as i32, pane.min.y as i32);
        let response = ui.interact(pane, ui.scope_id().with(place), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
        if response.dragged() {
            self.view.pan(pane, aspect, response.drag_delta());
        }
        if response.double_clicked() {
            self.fit();
        }
        if let Some(pointer) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
            let factor = (scroll * ZOOM_PER_POINT).exp() * pinch;
            if factor != 1.0 {
                self.view.zoom_at(pane, aspect, pointer, factor);
            }
        }
        if self.view.zoom() > 1.0 {
            return response.on_hover_and_drag_cursor(CursorIcon::Grab);
        }
        response.on_hover_cursor(CursorIcon::Crosshair)
    }

    fn frame_ui(&mut self, ui: &Ui, pane: Rect, aspect: f32, session: &Session) {
        let painter = ui.painter_at(pane);
        let Some(frame) = &session.frame else {
            return centred_text(ui, &painter, pane, "Opening…");
        };
        let texture = self.frame.texture(ui.ctx(), &frame.display);
        let picture = self.view.screen_from_picture(pane, aspect);
        painter.image(texture, picture, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
        caption_ui(ui, &painter, pane, &format!("Frame {}", frame.index));
    }

    fn flow_ui(&mut self, ui: &mut Ui, pane: Rect, aspect: f32, caption: &str, cx: &mut PanelContext<'_>) {
        let Some(analysis) = cx.session.analysis.clone() else {
            return no_flow_ui(ui, pane, cx);
        };
        let painter = ui.painter_at(pane);
        let max_px = cx.settings.locked_scale_px.unwrap_or(analysis.flow.max_px).max(f32::MIN_POSITIVE);
        let picture = self.view.screen_from_picture(pane, aspect);
        match &analysis.flow.gpu {
            Some(buffer) => gpu_flow::paint(&painter, buffer, max_px, picture, pane),
            None => {
                let texture = self.flow.texture(ui.ctx(), &analysis.flow.field, max_px);
                painter.image(texture, picture, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
            }
        }
        caption_ui(ui, &painter, pane, caption);
        let locked = cx.settings.locked_scale_px.is_some();
        self.wheel.legend_ui(ui, &painter, pane, max_px, locked, cx.session.read_out.as_ref());
    }
}

/// Width / height of the clip.
fn aspect(session: &Session) -> f32 {
    match &session.clip {
        Some(clip) if clip.width > 0 && clip.height > 0 => clip.width as f32 / clip.height as f32,
        _ => 4.0 / 3.0,
    }
}

/// Two equal panes, beside each other or one above the other, whichever shows larger pictures.
fn split(area: Rect, aspect: f32) -> [Rect; 2] {
    let (half_width, half_height) = ((area.width() - GAP) / 2.0, (area.height() - GAP) / 2.0);
    let width_beside = half_width.min(area.height() * aspect);
    let width_above = area.width().min(half_height * aspect);
    if width_beside >= width_above {
        let size = vec2(half_width, area.height());
        [Rect::from_min_size(area.min, size), Rect::from_min_size(area.min + vec2(half_width + GAP, 0.0), size)]
    } else {
        let size = vec2(area.width(), half_height);
        [Rect::from_min_size(area.min, size), Rect::from_min_size(area.min + vec2(0.0, half_height + GAP), size)]
    }
}

/// The flow vector at a picture point; `None` where it is unknown.
fn read_out(analysis: &Analysis, point: Pos2) -> Option<ReadOut> {
    let field = &analysis.flow.field;
    let index = |at: f32, count: usize| ((at * count as f32) as usize).min(count.saturating_sub(1));
    let cell = [index(point.x, field.width), index(point.y, field.height)];
    let [u, v] = *field.uv.get(cell[1] * field.width + cell[0])?;
    crate::flow::FlowField::is_known([u, v]).then_some(ReadOut { cell, u, v })
}

/// Which flow is shown, and what is to be known about it.
fn flow_caption(analysis: &Analysis, session: &Session) -> String {
    let first = analysis.window_start + analysis.pair;
    let mut text = format!("Flow {first} → {}", first + 1);
    if analysis.padded > 0 {
        text += &format!(", window padded with {} copies of the last frame", analysis.padded);
    }
    let stale = analysis.frame != session.player.position || analysis.level != session.selection.level;
    if stale && !session.player.playing {
        text += ", computing…";
    }
    text
}

fn no_flow_ui(ui: &mut Ui, pane: Rect, cx: &mut PanelContext<'_>) {
    ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(pane.shrink(16.0)), |ui| match &cx.session.model {
        Some(_) => empty_state(ui, "Computing the flow…", "The networks look at the first frames.", |_| ()),
        None if cx.session.loading_model.is_some() => {
            empty_state(ui, "Loading the networks…", "The flow appears as soon as they are ready.", |_| ());
        }
        None => {
            empty_state(ui, "No networks are loaded", "Choose a model folder, or train networks of your own.", |ui| {
                command_button(ui, cx, Command::LoadModel, Command::LoadModel.text());
            })
        }
    });
}

fn centred_text(ui: &Ui, painter: &Painter, pane: Rect, text: &str) {
    let font = TextStyle::Body.resolve(ui.style());
    painter.text(pane.center(), Align2::CENTER_CENTER, text, font, Tokens::of(ui).weak);
}

/// A line of text on a dark patch in the upper left corner of a picture.
fn caption_ui(ui: &Ui, painter: &Painter, pane: Rect, text: &str) {
    let tokens = Tokens::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let galley = painter.layout(text.to_owned(), font, tokens.on_scrim, pane.width() - 28.0);
    let at = pane.min + vec2(14.0, 11.0);
    painter.rect_filled(Rect::from_min_size(at, galley.size()).expand2(vec2(6.0, 3.0)), RADIUS, tokens.scrim);
    painter.galley(at, galley, tokens.on_scrim);
}

fn crosshair(painter: &Painter, at: Pos2) {
    for (stroke, color) in [(3.0, Color32::from_black_alpha(120)), (1.0, Color32::WHITE)] {
        let stroke = Stroke::new(stroke, color);
        painter.line_segment([at - vec2(7.0, 0.0), at + vec2(7.0, 0.0)], stroke);
        painter.line_segment([at - vec2(0.0, 7.0), at + vec2(0.0, 7.0)], stroke);
    }
}

/// The vector beside the pointer, kept inside `area`.
fn read_out_label(ui: &Ui, area: Rect, pointer: Pos2, read_out: &ReadOut) {
    let tokens = Tokens::of(ui);
    let font = TextStyle::Monospace.resolve(ui.style());
    let painter = ui.painter_at(area);
    let galley = painter.layout_no_wrap(read_out.to_text(), font, tokens.on_scrim);
    let margin = vec2(8.0, 5.0);
    let size = galley.size() + 2.0 * margin;
    let at = pointer + vec2(16.0, 16.0);
    let max = (area.max - size).max(area.min);
    let at = pos2(at.x.min(max.x), if at.y > max.y { pointer.y - size.y - 10.0 } else { at.y });
    painter.rect_filled(Rect::from_min_size(at, size), RADIUS, tokens.scrim);
    painter.galley(at + margin, galley, tokens.on_scrim);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_pictures_lie_above_each_other_and_tall_ones_beside() {
        let area = Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
        let [a, b] = split(area, 3.0);
        assert!(a.max.y < b.min.y);
        let [a, b] = split(area, 0.6);
        assert!(a.max.x < b.min.x);
        for pane in [a, b] {
            assert!(area.contains_rect(pane));
        }
    }
}
