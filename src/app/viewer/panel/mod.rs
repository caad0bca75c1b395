//! Any number of views side by side or over each other: one zoom, one pointer and one magnitude scale for all.

mod arrows;
mod canvas;
mod header;
mod layout;
mod missing;
mod swipe;
mod toolbar;
mod value;

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::{
    Align2, Color32, CursorIcon, Label, Painter, Pos2, Rect, Response, RichText, Role, Sense, Stroke, StrokeKind,
    TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2,
};

pub use super::gpu_flow::install as install_gpu_flow;
use super::pictures::Textures;

use self::canvas::{Canvas, NARROW};
use super::difference::PictureDifference;
use super::legend;
use super::magnitude_scale::MagnitudeScale;
use super::read_out::{Pointed, ReadOut};
use super::transform::ViewTransform;
use super::views::{ViewKind, ViewSpec};
use crate::app::command::Command;
use crate::app::live::stage::LiveStage;
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::shell::welcome;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::engine::{FlowSource, ModelInfo, Request};

/// Space between views, in points.
const GAP: f32 = 3.0;

/// The viewer.
#[derive(Default)]
pub struct Viewer {
    view: ViewTransform,
    textures: Textures,
    differences: HashMap<ComparedView, Arc<PictureDifference>>,
    wheel: legend::Wheel,
    /// Where the wheel was drawn in this repaint.
    wheel_place: Option<Rect>,
    stage: LiveStage,
    /// Which views had pictures in the last repaint.
    drawn: Vec<bool>,
}

/// Where one view lies.
struct Placed {
    view: ViewSpec,
    header: Rect,
    /// Where its pictures lie.
    pane: Rect,
    /// The part of `pane` that is seen.
    seen: Rect,
    /// Where each of its pictures is fitted into.
    tiles: Vec<Rect>,
    /// Width / height of its pictures.
    aspect: f32,
}

/// Where the pointer is.
struct Pointer {
    /// The view it is over.
    index: usize,
    /// The tile of that view.
    tile: usize,
    /// On the screen.
    at: Pos2,
    /// In the picture, between (0, 0) and (1, 1).
    point: Pos2,
}

impl Panel for Viewer {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let text = |session: &Session| session.pointed.map(|pointed| pointed.to_text());
        let before = text(cx.session);
        cx.session.pointed = None;
        self.clip_ui(ui, cx);
        if text(cx.session) != before {
            ui.ctx().request_repaint(); // The status bar, which shows it, is drawn already.
        }
    }
}

/// The place of a view of differences, and the two sources that it is of.
type ComparedView = (usize, FlowSource, FlowSource);

fn compared(index: usize, view: &ViewSpec) -> Option<ComparedView> {
    (view.kind == ViewKind::Difference).then_some((index, view.source, view.other))
}

impl Viewer {
    /// Draws the live source, the welcome screen, or the views of the clip.
    fn clip_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        if cx.session.live.is_active() {
            return self.stage.stage_ui(ui, cx);
        }
        if let Some(error) = cx.session.open_failure().cloned() {
            return missing::failure_ui(ui, &error, cx);
        }
        if cx.session.shows_welcome() {
            welcome::welcome_ui(ui, self.wheel.texture(ui.ctx()), cx);
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        toolbar::toolbar_ui(ui, cx);
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, Tokens::of(ui).background);
        self.views_ui(ui, area, cx);
    }

    /// Shows the whole pictures.
    pub fn fit(&mut self) {
        self.view = ViewTransform::default();
    }

    /// How much the live pictures are magnified.
    #[cfg(test)]
    pub fn live_zoom(&self) -> f32 {
        self.stage.zoom()
    }

    fn views_ui(&mut self, ui: &mut Ui, area: Rect, cx: &mut PanelContext<'_>) {
        self.compare(cx);
        let placed = place(area, cx);
        self.headers_ui(ui, &placed, cx);
        let mut pointer = None;
        for (index, place) in placed.iter().enumerate() {
            let response = self.pane_response(ui, index, place, cx);
            if response.clicked() || response.drag_started() {
                cx.settings.views.chosen = index;
            }
            if response.clicked() {
                select_tile(&response, place, cx);
            }
            pointer = pointer.or_else(|| self.pointer(index, place, &response));
        }
        if let Some(pointer) = &pointer {
            cx.settings.views.active = pointer.index;
        }
        self.pictures_ui(ui, &placed, pointer.as_ref(), cx);
        if cx.settings.views.swipe {
            let pictures = Rect::from_min_max(pos2(area.left(), area.top() + header::HEIGHT), area.max);
            swipe::dividers_ui(ui, pictures, &mut cx.settings.views);
        }
        chosen_ui(ui, &placed, cx.settings.views.chosen);
        if let Some(pointer) = &pointer {
            self.pointed_ui(ui, &placed, pointer, cx);
        }
        if let Some(first) = placed.first() {
            self.zoom_ui(ui, first.seen);
        }
        self.textures.sweep();
    }

    /// How much the pictures are magnified, in the lower left corner of the first.
    fn zoom_ui(&self, ui: &mut Ui, pane: Rect) {
        if self.view.zoom() <= 1.0 {
            return;
        }
        let tokens = Tokens::of(ui);
        let text = format!("{:.1}×", self.view.zoom());
        let font = TextStyle::Small.resolve(ui.style());
        let size = ui.painter().layout_no_wrap(text.clone(), font, tokens.on_scrim).size() + vec2(12.0, 6.0);
        let card = Align2::LEFT_BOTTOM.align_size_within_rect(size, pane.shrink(8.0));
        ui.painter().rect_filled(card, RADIUS, tokens.scrim);
        ui.put(card, Label::new(RichText::new(text).small().color(tokens.on_scrim)));
    }

    /// Keeps the maps of differences up to date.
    fn compare(&mut self, cx: &PanelContext<'_>) {
        let (comparison, video) = (&cx.session.flow, cx.session.video());
        let views = cx.settings.views.list();
        self.differences.retain(|key, _| views.get(key.0).is_some_and(|view| compared(key.0, view) == Some(*key)));
        for (index, view) in views.iter().enumerate() {
            let Some(key) = compared(index, view) else { continue };
            let (Some(first), Some(second)) =
                (&comparison.source(view.source).flow, &comparison.source(view.other).flow)
            else {
                self.differences.remove(&key);
                continue;
            };
            // While sources are at different frames the last difference stays.
            let same_pair = (first.frame, first.stride) == (second.frame, second.stride);
            let known = self.differences.get(&key).is_some_and(|known| known.is_of(&first.flow, &second.flow));
            if same_pair && !known {
                self.differences.insert(key, Arc::new(PictureDifference::between(&first.flow, &second.flow, video)));
            }
        }
    }

    fn headers_ui(&mut self, ui: &mut Ui, placed: &[Placed], cx: &mut PanelContext<'_>) {
        let mut removed = None;
        for (index, place) in placed.iter().enumerate() {
            if header::header_ui(ui, place.header, index, index == cx.settings.views.active, cx) {
                removed = Some(index);
            }
        }
        if let Some(index) = removed {
            cx.settings.views.closing = Some(index);
            cx.run(Command::RemoveView);
        }
    }

    /// Takes wheel, drag and double click over one of the views; all of them move all.
    fn pane_response(&mut self, ui: &Ui, index: usize, place: &Placed, cx: &PanelContext<'_>) -> Response {
        let response = ui.interact(place.seen, ui.scope_id().with(("view", index)), Sense::click_and_drag());
        response.widget_info(|| {
            let caption = header::caption(&place.view, cx.session, cx.settings.frame_numbers);
            let name = format!("{} {caption}", place.view.kind.name());
            let is_flow = place.view.kind != ViewKind::Frame;
            let source = if is_flow { cx.session.flow.name_of(place.view.source) } else { "" };
            let difference = compared(index, &place.view).and_then(|key| self.differences.get(&key));
            let mean = difference.and_then(|difference| difference.mean_in_words(cx.settings.flow.stride));
            let mean = mean.map_or(String::new(), |mean| format!(", {mean}"));
            WidgetInfo::labeled(Role::Image, true, format!("{name} {source}{mean}").trim())
        });
        let at = response.hover_pos().or(response.interact_pointer_pos());
        let tile = at.and_then(|at| place.tile_at(at)).map_or(place.pane, |tile| place.tiles[tile]);
        self.view.take_pointer(ui, &response, tile, place.aspect);
        if self.view.zoom() > 1.0 {
            return response.on_hover_and_drag_cursor(CursorIcon::Grab);
        }
        if self.is_drawn(index) { response.on_hover_cursor(CursorIcon::Crosshair) } else { response }
    }

    fn is_drawn(&self, index: usize) -> bool {
        self.drawn.get(index) == Some(&true)
    }

    fn pointer(&self, index: usize, place: &Placed, response: &Response) -> Option<Pointer> {
        let at = response.hover_pos().filter(|_| self.is_drawn(index))?;
        let tile = place.tile_at(at)?;
        let point = self.view.picture_from_screen(place.tiles[tile], place.aspect, at);
        let inside = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)).contains(point);
        inside.then_some(Pointer { index, tile, at, point })
    }

    fn pictures_ui(&mut self, ui: &mut Ui, placed: &[Placed], pointer: Option<&Pointer>, cx: &mut PanelContext<'_>) {
        let scale = MagnitudeScale::of(cx.settings, cx.session);
        // One legend for all views in Middlebury's colours.
        let coloured = |place: &Placed| {
            matches!(place.view.kind, ViewKind::Flow | ViewKind::Arrows | ViewKind::Strip | ViewKind::Pyramid)
        };
        let mut legend = None;
        self.wheel_place = None;
        self.drawn.clear();
        for (index, place) in placed.iter().enumerate() {
            let mut canvas = Canvas {
                ui,
                painter: ui.painter_at(place.seen),
                pane: place.pane,
                view: self.view,
                aspect: place.aspect,
                textures: &mut self.textures,
                index,
                scale,
                stride: cx.settings.flow.stride,
                numbers: cx.settings.frame_numbers,
            };
            let drawn = canvas.view_ui(
                &place.view,
                cx.session,
                compared(index, &place.view).and_then(|key| self.differences.get(&key)),
            );
            self.drawn.push(drawn);
            if drawn && coloured(place) {
                legend = Some(place.seen);
            }
            if !drawn && missing::missing_ui(ui, place.seen, index, &place.view, cx) {
                replace_source(index, FlowSource::Tvl1, cx);
            }
        }
        if let Some(pane) = legend {
            let read_out = pointer.and_then(|pointer| self.value(placed, pointer.index, pointer, cx.session));
            let vector = match read_out {
                Some(ReadOut::Flow { u, v }) => Some([u, v]),
                _ => None,
            };
            self.wheel_place = self.wheel.legend_ui(ui, pane, vector, scale, cx.settings.flow.stride, cx);
        }
    }

    /// The value of a view at the pointer's place; views of several pictures have one only below the pointer.
    fn value(&self, placed: &[Placed], index: usize, pointer: &Pointer, session: &Session) -> Option<ReadOut> {
        let view = &placed[index].view;
        if view.kind.is_strip() && index != pointer.index {
            return None;
        }
        let tile = if index == pointer.index { pointer.tile } else { 0 };
        value::value_at(
            view,
            session,
            compared(index, view).and_then(|key| self.differences.get(&key)).map(Arc::as_ref),
            tile,
            pointer.point,
        )
    }

    /// Crosshairs in all pictures, the value of each view beside its own.
    fn pointed_ui(&self, ui: &Ui, placed: &[Placed], pointer: &Pointer, cx: &mut PanelContext<'_>) {
        for (index, place) in placed.iter().enumerate().filter(|(index, _)| self.is_drawn(*index)) {
            let painter = ui.painter_at(place.seen);
            for tile in &place.tiles {
                let picture = self.view.screen_from_picture(*tile, place.aspect);
                let painter = painter.with_clip_rect(tile.intersect(place.seen));
                crosshair(&painter, picture.min + pointer.point.to_vec2() * picture.size());
            }
            let Some(read_out) = self.value(placed, index, pointer, cx.session) else { continue };
            let text = if place.seen.width() < NARROW { read_out.to_short_text() } else { read_out.to_text() };
            let picture = self.view.screen_from_picture(place.tiles[0], place.aspect);
            let own = picture.min + pointer.point.to_vec2() * picture.size();
            let at = if index == pointer.index { pointer.at } else { own };
            if place.seen.contains(at) {
                label_ui(ui, &painter, [place.seen, self.wheel_place.unwrap_or(Rect::NOTHING)], at, text);
            }
        }
        let [width, height] = cx.session.video();
        let pixel = [pointer.point.x * width as f32, pointer.point.y * height as f32].map(|at| at as u32);
        let read_out = self.value(placed, pointer.index, pointer, cx.session);
        cx.session.pointed = Some(Pointed { pixel, read_out });
    }
}

impl Placed {
    /// The tile at a screen position.
    fn tile_at(&self, at: Pos2) -> Option<usize> {
        self.tiles.iter().position(|tile| tile.contains(at))
    }
}

/// Where all views lie.
fn place(area: Rect, cx: &mut PanelContext<'_>) -> Vec<Placed> {
    let video = aspect(cx.session);
    let views = cx.settings.views.list().to_vec();
    let top = header::HEIGHT;
    let below = |cell: Rect| Rect::from_min_max(pos2(cell.left(), (cell.top() + top).min(cell.bottom())), cell.max);
    let header = |cell: Rect| Rect::from_min_size(cell.min, vec2(cell.width(), top));
    let rects: Vec<[Rect; 3]> = if cx.settings.views.swipe && views.len() > 1 {
        let pane = below(area);
        let headers = layout::grid(header(area), views.len(), 1e-3, 0.0, GAP);
        let seen = layout::slices(pane, cx.settings.views.dividers());
        headers.into_iter().zip(seen).map(|(header, seen)| [header, pane, seen]).collect()
    } else {
        let cells = layout::grid_of_views(area, views.len(), video, top, GAP);
        cells.into_iter().map(|cell| [header(cell), below(cell), below(cell)]).collect()
    };
    let placed = |(view, [header, pane, seen]): (ViewSpec, [Rect; 3])| {
        let tiles = canvas::tiles(&view, pane, video, cx.session);
        Placed { view, header, pane, seen, tiles, aspect: canvas::aspect_of(&view, video, cx.session) }
    };
    views.into_iter().zip(rects).map(placed).collect()
}

/// Width / height of the clip.
fn aspect(session: &Session) -> f32 {
    match session.video() {
        [width, height] if width > 0 && height > 0 => width as f32 / height as f32,
        _ => 4.0 / 3.0,
    }
}

/// Chooses the pair of the stack, or the scale, whose flow was clicked.
fn select_tile(response: &Response, place: &Placed, cx: &mut PanelContext<'_>) {
    let clicked = response.interact_pointer_pos().and_then(|at| place.tile_at(at));
    let Some(tile) = clicked.filter(|_| place.view.source == FlowSource::Network) else { return };
    let level = |model: &ModelInfo| model.levels.get(tile).copied();
    let mut selection = cx.session.selection;
    match place.view.kind {
        ViewKind::Strip => selection.pair = Some(tile),
        ViewKind::Pyramid => selection.level = cx.session.model.as_ref().and_then(level).unwrap_or(selection.level),
        _ => return,
    }
    cx.session.selection = selection;
    cx.send(Request::Select(selection));
}

fn replace_source(index: usize, source: FlowSource, cx: &mut PanelContext<'_>) {
    if let Some(view) = cx.settings.views.get_mut(index) {
        view.source = source;
    }
}

/// The same point in all pictures.
fn crosshair(painter: &Painter, at: Pos2) {
    for (stroke, color) in [(3.0, Color32::from_black_alpha(120)), (1.0, Color32::WHITE)] {
        let stroke = Stroke::new(stroke, color);
        painter.line_segment([at - vec2(7.0, 0.0), at + vec2(7.0, 0.0)], stroke);
        painter.line_segment([at - vec2(0.0, 7.0), at + vec2(0.0, 7.0)], stroke);
    }
}

/// Draws a thin line around the view that was clicked or changed last, which menus and keys are about, where there are several.
fn chosen_ui(ui: &Ui, placed: &[Placed], chosen: usize) {
    let Some(place) = placed.get(chosen).filter(|_| placed.len() > 1) else { return };
    let stroke = Stroke::new(1.0, Tokens::of(ui).accent);
    ui.painter().rect_stroke(place.seen, 0.0, stroke, StrokeKind::Inside);
}

/// A value beside a point, kept inside `area` and off what is at `taken`.
fn label_ui(ui: &Ui, painter: &Painter, [area, taken]: [Rect; 2], point: Pos2, text: String) {
    let tokens = Tokens::of(ui);
    let font = TextStyle::Monospace.resolve(ui.style());
    let galley = painter.layout_no_wrap(text, font, tokens.on_scrim);
    let margin = vec2(8.0, 5.0);
    let size = galley.size() + 2.0 * margin;
    let card = label_place(area, taken, point, size);
    let at = card.min;
    painter.rect(card, RADIUS, tokens.scrim, Stroke::new(1.0, Color32::from_white_alpha(20)), StrokeKind::Inside);
    painter.galley(at + margin, galley, tokens.on_scrim);
}

/// Returns where a card of `size` is drawn beside `point`: below it at the right, or else where it is inside `area` and does not cover
/// what is at `taken`.
fn label_place(area: Rect, taken: Rect, point: Pos2, size: Vec2) -> Rect {
    let max = (area.max - size).max(area.min);
    let [right, below] = [point.x + 16.0, point.y + 16.0];
    let [left, above] = [point.x - size.x - 10.0, point.y - size.y - 10.0];
    let usual = pos2(right.min(max.x), if below > max.y { above } else { below });
    let others = [pos2(right, above), pos2(left, below), pos2(left, above), pos2(point.x - size.x / 2.0, above)];
    // Above what is taken there always is room but in tiny views.
    let last = pos2(usual.x, taken.top() - size.y - 4.0);
    let cards = [usual].into_iter().chain(others).chain([last]).map(|at| Rect::from_min_size(at, size));
    let is_free = |card: &Rect| !card.intersects(taken) && (card.min == usual || area.contains_rect(*card));
    cards.into_iter().find(is_free).unwrap_or(Rect::from_min_size(usual, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_at_the_pointer_covers_no_colour_wheel() {
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(400.0, 300.0));
        let (size, wheel) = (vec2(180.0, 24.0), Rect::from_min_max(pos2(310.0, 210.0), pos2(402.0, 312.0)));
        let usual = label_place(area, Rect::NOTHING, pos2(100.0, 100.0), size);
        assert_eq!(usual.min, pos2(116.0, 116.0));
        for x in 1..40 {
            for y in 1..30 {
                let point = area.min + vec2(10.0 * x as f32, 10.0 * y as f32);
                let card = label_place(area, wheel, point, size);
                assert!(!card.intersects(wheel), "{point:?}: {card:?}");
            }
        }
    }
}
