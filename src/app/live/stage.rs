//! The live picture beside its flow.

use eframe::egui::{
    Align2, Color32, FontId, Painter, Rect, Response, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use image::RgbImage;

use super::latency::latency_text;
use super::state::fault;
use crate::app::flow::state::video_units;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::settings::Settings;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::viewer::age_mark::age_mark;
use crate::app::viewer::gpu_flow::paint as paint_gpu_flow;
use crate::app::viewer::legend::Wheel;
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::app::viewer::pictures::{PictureKey, Textures, cells, color_image};
use crate::app::viewer::square_mark::square_mark;
use crate::app::viewer::transform::ViewTransform;
use crate::engine::{LiveResult, LiveView};
use crate::nets::WINDOW_FRAMES;

/// Space between the pictures, in points.
const GAP: f32 = 3.0;
/// How old the square around the motion may be on the picture, in seconds.
const SQUARE_SECS: f64 = 0.5;
/// Textures: the picture and the flow.
const PICTURE: (usize, usize) = (0, 0);
const FLOW: (usize, usize) = (1, 0);

/// Draws both with what it keeps between repaints.
#[derive(Default)]
pub struct LiveStage {
    textures: Textures,
    /// The common zoom.
    view: ViewTransform,
    wheel: Wheel,
}

impl LiveStage {
    /// Draws into the whole of what is left of `ui`, with the colour wheel over the flow; wheel and drag zoom and move both pictures.
    pub fn stage_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, Tokens::of(ui).background);
        let pictures = self.pictures_ui(ui, area.shrink(8.0), cx.session, cx.settings);
        let Some([picture, flow]) = pictures else { return };
        for place in [&picture, &flow] {
            self.view.take_pointer(ui, place, place.rect, place.rect.aspect_ratio());
        }
        self.wheel_ui(ui, flow.rect, cx);
    }

    /// Draws the colour wheel over the flow in `flow`, once there is some.
    pub fn wheel_ui(&mut self, ui: &Ui, flow: Rect, cx: &mut PanelContext<'_>) {
        if cx.session.live.view.as_ref().is_some_and(|view| view.result.is_some()) {
            let scale = MagnitudeScale::of_live(cx.settings, cx.session);
            self.wheel.legend_ui(ui, flow, None, scale, 1, cx);
        }
    }

    /// Draws into `area`: side by side, or one above the other where that makes them larger. Returns where they lie.
    pub fn pictures_ui(
        &mut self,
        ui: &mut Ui,
        area: Rect,
        session: &Session,
        settings: &Settings,
    ) -> Option<[Response; 2]> {
        let Some(view) = &session.live.view else {
            message(ui, &ui.painter_at(area), area, "Connecting…");
            return None;
        };
        let size = view.frame.as_ref().map_or((4, 3), |frame| frame.display.dimensions());
        let [left, right] = places(area, size.0 as f32 / size.1.max(1) as f32);
        let picture = self.picture_ui(ui, left, view, settings.live.mirrored());
        let flow = self.flow_ui(ui, right, view, session, settings);
        self.textures.sweep();
        Some([picture, flow])
    }

    /// How much the pictures are magnified.
    #[cfg(test)]
    pub fn zoom(&self) -> f32 {
        self.view.zoom()
    }

    /// Where the whole picture lies of which the part in `rect` is seen.
    fn whole(&self, rect: Rect) -> Rect {
        self.view.screen_from_picture(rect, rect.aspect_ratio())
    }

    fn picture_ui(&mut self, ui: &mut Ui, rect: Rect, view: &LiveView, mirrored: bool) -> Response {
        let response = ui.interact(rect, ui.scope_id().with("live video"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Live video"));
        let painter = ui.painter_at(rect);
        let Some(frame) = &view.frame else {
            let text = if fault(view).is_some() { "No connection" } else { "Waiting for the first frame…" };
            message(ui, &painter, rect, text);
            return response;
        };
        let picture: &RgbImage = &frame.display;
        let key = PictureKey::new(frame.display.clone(), [0.0; 3]);
        let texture = self.textures.get(ui.ctx(), PICTURE, key, || color_image(picture));
        let whole = self.whole(rect);
        painter.image(texture, whole, uv(mirrored), Color32::WHITE);
        // Not on a picture that shows something else by now.
        let most_behind = (SQUARE_SECS * view.camera.fps).ceil() as usize;
        let recent =
            view.result.as_ref().filter(|result| frame.index.saturating_sub(result.frame.index) <= most_behind);
        if let Some(square) = recent.and_then(|result| result.scores.square) {
            square_mark(&painter, whole, square, mirrored);
        }
        if fault(view).is_some() {
            age_mark(ui, &painter, rect, "Connection lost: last frame".into());
        }
        response
    }

    fn flow_ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        view: &LiveView,
        session: &Session,
        settings: &Settings,
    ) -> Response {
        let response = ui.interact(rect, ui.scope_id().with("live flow"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Live flow"));
        let painter = ui.painter_at(rect);
        let Some(result) = &view.result else {
            let text = match session.model {
                None => "No model is loaded",
                Some(_) if view.camera.captured < WINDOW_FRAMES as u64 => "Waiting for eleven frames…",
                Some(_) => "Waiting for the first prediction…",
            };
            message(ui, &painter, rect, text);
            return response;
        };
        let scale = MagnitudeScale::of_live(settings, session);
        self.flow(ui, &painter, self.whole(rect), result, scale, settings.live.mirrored());
        // While it plays, the picture is ahead of the networks.
        if view.frames_behind() > 0 {
            age_mark(ui, &painter, rect, format!("{} behind", latency_text(result.latency_ms)));
        }
        response
    }

    fn flow(
        &mut self,
        ui: &Ui,
        painter: &Painter,
        rect: Rect,
        result: &LiveResult,
        scale: MagnitudeScale,
        mirrored: bool,
    ) {
        let flow = &result.flow;
        let (width, height) = result.frame.display.dimensions();
        let mut units = video_units(flow, [width, height]);
        // In a mirror, what moves to the right moves to the left.
        units[0] *= if mirrored { -1.0 } else { 1.0 };
        if let Some(buffer) = &flow.gpu {
            return paint_gpu_flow(painter, buffer, units.map(|unit| unit * flow.gpu_unit_px), scale, rect, mirrored);
        }
        let field = &flow.field;
        let colour = |cell: usize| scale.colour([field.uv[cell][0] * units[0], field.uv[cell][1] * units[1]]);
        let key = PictureKey::new(field.clone(), [scale.max_px, scale.gamma, units[0]]);
        let texture = self.textures.get(ui.ctx(), FLOW, key, || cells(field.width, field.height, colour));
        painter.image(texture, rect, uv(mirrored), Color32::WHITE);
    }
}

/// Where two pictures of this shape are largest inside `area`: side by side or one above the other, in its middle.
fn places(area: Rect, aspect: f32) -> [Rect; 2] {
    let fitted = |room: Vec2| {
        let height = room.y.min(room.x / aspect).max(1.0);
        vec2(height * aspect, height)
    };
    let beside = fitted(vec2((area.width() - GAP) / 2.0, area.height()));
    let above = fitted(vec2(area.width(), (area.height() - GAP) / 2.0));
    let step = |size: Vec2| if beside.x >= above.x { vec2(size.x + GAP, 0.0) } else { vec2(0.0, size.y + GAP) };
    let size = if beside.x >= above.x { beside } else { above };
    let first = Rect::from_center_size(area.center() - step(size) / 2.0, size);
    [first, first.translate(step(size))]
}

/// The part of a texture that is shown, from right to left in a mirror.
fn uv(mirrored: bool) -> Rect {
    let [left, right] = if mirrored { [1.0, 0.0] } else { [0.0, 1.0] };
    Rect { min: pos2(left, 0.0), max: pos2(right, 1.0) }
}

fn message(ui: &Ui, painter: &Painter, rect: Rect, text: &str) {
    let tokens = Tokens::of(ui);
    painter.rect_filled(rect, RADIUS, tokens.surface);
    let font = FontId::new(TextStyle::Body.resolve(ui.style()).size, eframe::egui::FontFamily::Proportional);
    painter.text(rect.center(), Align2::CENTER_CENTER, text, font, tokens.weak);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pictures_are_as_large_as_they_can_be_and_do_not_overlap() {
        for (size, aspect, horizontal) in [([1000.0, 400.0], 4.0 / 3.0, true), ([500.0, 900.0], 16.0 / 9.0, false)] {
            let area = Rect::from_min_size(pos2(10.0, 20.0), size.into());
            let [first, second] = places(area, aspect);
            assert!(area.expand(0.01).contains_rect(first) && area.expand(0.01).contains_rect(second));
            assert!((first.aspect_ratio() - aspect).abs() < 1e-3);
            assert_eq!(second.left() >= first.right(), horizontal);
            assert_eq!(second.top() >= first.bottom(), !horizontal);
        }
    }
}
