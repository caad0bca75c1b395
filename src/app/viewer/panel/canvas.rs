//! Draws the pictures of the views.

use std::sync::Arc;

use eframe::egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, TextStyle, TextureId, Ui, pos2, vec2,
};

use super::arrows::arrows;
use super::layout;
use crate::app::flow::state::{SourceState, video_units};
use crate::app::session::Session;
use crate::app::ui::format::FrameNumbers;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::viewer::age_mark::age_mark;
use crate::app::viewer::difference::PictureDifference;
use crate::app::viewer::flow_age::{FlowAge, flow_age};
use crate::app::viewer::gpu_flow;
use crate::app::viewer::legend;
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::app::viewer::pictures::{PictureKey, Textures, cells, color_image};
use crate::app::viewer::square_mark::square_mark;
use crate::app::viewer::transform::ViewTransform;
use crate::app::viewer::views::{ViewKind, ViewSpec};
use crate::engine::{FlowDiagnostics, FlowSource, FlowStack, FlowView, ScalarMap, TemporalInput};
use crate::flow::FlowField;
use crate::flow::colour_map::ColourMap;

/// Narrower than this a view has only room for the short form of a read-out, in points.
pub(super) const NARROW: f32 = 330.0;
/// Space between the tiles of a view, in points.
const GAP: f32 = 2.0;
/// The slot of the frame, which several views share.
const FRAME: (usize, usize) = (usize::MAX, 0);
/// How bright the frame is below arrows.
const DIMMED: Color32 = Color32::from_gray(130);
/// Colours of what is left out and of what is occluded.
const MASK: Color32 = Color32::from_rgb(237, 165, 62);
/// Share of a temporal input's view that its histogram takes.
const HISTOGRAM: f32 = 0.24;
/// The clip of the temporal input in pixels of flow, and the range of its histogram.
const CLIP_PX: f32 = 20.0;

/// Where and how a view is drawn.
pub struct Canvas<'a> {
    /// For texts.
    pub ui: &'a Ui,
    /// Cut off at the part of the view that is seen.
    pub painter: Painter,
    /// Where the view's pictures lie, seen or not.
    pub pane: Rect,
    /// The common zoom.
    pub view: ViewTransform,
    /// Width / height of the video.
    pub aspect: f32,
    /// All textures.
    pub textures: &'a mut Textures,
    /// The view's place in the list of views.
    pub index: usize,
    /// The common scale.
    pub scale: MagnitudeScale,
    /// Over how many frames motion is shown.
    pub stride: usize,
    /// How frames are numbered.
    pub numbers: FrameNumbers,
}

/// Where the pictures of a view lie inside its pane: one, or as many as there are scales, flows or inputs.
pub fn tiles(view: &ViewSpec, pane: Rect, aspect: f32, session: &Session) -> Vec<Rect> {
    if let (ViewKind::Pyramid, Some(flow)) = (view.kind, &session.flow.source(view.source).flow) {
        return layout::grid(pane, flow.pyramid.len().max(1), aspect, 0.0, GAP);
    }
    let strip = session.flow.source(view.source).strip.as_ref();
    match (view.kind, strip) {
        (ViewKind::Strip, Some(strip)) => layout::grid(pane, strip.flows.len().max(1), aspect, 0.0, GAP),
        (ViewKind::Input, Some(strip)) => {
            let planes = strip.input.planes.len().max(1);
            let area = Rect::from_min_max(pane.min, pos2(pane.right(), histogram(pane).top() - GAP));
            layout::grid_of_twos(area, planes, input_aspect(&strip.input), GAP)
        }
        _ => vec![pane],
    }
}

/// Width / height of the pictures of a view.
pub fn aspect_of(view: &ViewSpec, video: f32, session: &Session) -> f32 {
    match &session.flow.source(view.source).strip {
        Some(strip) if view.kind == ViewKind::Input => input_aspect(&strip.input),
        _ => video,
    }
}

fn input_aspect(input: &TemporalInput) -> f32 {
    input.width.max(1) as f32 / input.height.max(1) as f32
}

fn histogram(pane: Rect) -> Rect {
    Rect::from_min_max(pos2(pane.left(), pane.bottom() - (pane.height() * HISTOGRAM).min(150.0)), pane.max)
}

/// Returns the colours of a view of u, v or the magnitude, and the values at their ends, of motion over `stride` frames.
fn component_bar(kind: ViewKind, scale: MagnitudeScale, stride: usize) -> Option<(ColourMap, [String; 2])> {
    let longest = scale.in_words(stride);
    match kind {
        ViewKind::Horizontal | ViewKind::Vertical => {
            Some((ColourMap::Grey, [format!("−{:.1}", scale.max_px), longest]))
        }
        ViewKind::Magnitude => Some((ColourMap::Inferno, ["0".into(), longest])),
        _ => None,
    }
}

impl Canvas<'_> {
    /// Draws a view; returns whether there was anything to draw.
    pub fn view_ui(&mut self, view: &ViewSpec, session: &Session, difference: Option<&Arc<PictureDifference>>) -> bool {
        let state = session.flow.source(view.source);
        match view.kind {
            ViewKind::Frame => self.frame(session, Color32::WHITE),
            kind if kind.is_diagnostics() => {
                state.diagnostics.as_ref().is_some_and(|found| self.inspected(kind, found, state))
            }
            ViewKind::Strip => state.strip.as_ref().map(|strip| self.strip(strip, view, session)).is_some(),
            ViewKind::Pyramid => {
                let flow = state.flow.as_ref().filter(|flow| !flow.pyramid.is_empty());
                flow.map(|flow| self.pyramid(&flow.pyramid, view, session)).is_some()
            }
            ViewKind::Input => state.strip.as_ref().map(|strip| self.input(strip)).is_some(),
            ViewKind::Difference => difference.map(|difference| self.difference(difference)).is_some(),
            kind => state.flow.as_ref().is_some_and(|flow| {
                let drawn = self.vectors(kind, &flow.flow, session);
                match flow_age(flow, session) {
                    // An empty view must not look broken: videos repeat frames.
                    None if flow.flow.max_px == 0.0 => self.mark_ui("No motion in this pair".into()),
                    age => self.age_ui(age.map(FlowAge::in_words)),
                }
                drawn
            }),
        }
    }

    /// Marks a flow that is not that of the frame on the screen, where the header has no room to say so.
    fn age_ui(&self, age: Option<String>) {
        if let Some(age) = age.filter(|_| self.painter.clip_rect().width() < NARROW) {
            self.mark_ui(age);
        }
    }

    fn mark_ui(&self, text: String) {
        age_mark(self.ui, &self.painter, self.picture().intersect(self.painter.clip_rect()), text);
    }

    fn picture(&self) -> Rect {
        self.view.screen_from_picture(self.pane, self.aspect)
    }

    fn image(&self, texture: TextureId, picture: Rect, tint: Color32) {
        self.painter.image(texture, picture, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), tint);
    }

    fn frame(&mut self, session: &Session, tint: Color32) -> bool {
        let Some(frame) = &session.frame else { return false };
        let key = PictureKey::new(frame.display.clone(), [0.0; 3]);
        let texture = self.textures.get(self.ui.ctx(), FRAME, key, || color_image(&frame.display));
        self.image(texture, self.picture(), tint);
        if tint == Color32::WHITE {
            self.square(session);
        }
        true
    }

    /// Marks the part of the video that a stream saw by itself.
    fn square(&self, session: &Session) {
        let scores = session.analysis.as_ref().and_then(|analysis| analysis.scores.as_ref());
        let Some(square) = scores.and_then(|scores| scores.square) else { return };
        square_mark(&self.painter, self.picture(), square, false);
    }

    fn vectors(&mut self, kind: ViewKind, flow: &FlowView, session: &Session) -> bool {
        let (units, picture, scale) = (video_units(flow, session.video()), self.picture(), self.scale);
        let component = |of: fn([f32; 2]) -> f32, uv: [f32; 2]| of([uv[0] * units[0], uv[1] * units[1]]);
        let grey = |of: fn([f32; 2]) -> f32| {
            move |uv: [f32; 2]| ColourMap::Grey.colour(0.5 + 0.5 * scale.share(component(of, uv)))
        };
        match kind {
            ViewKind::Arrows => {
                self.frame(session, DIMMED);
                let mesh = arrows(&flow.field, units, scale, picture, self.painter.clip_rect());
                self.painter.add(Shape::mesh(mesh));
            }
            ViewKind::Horizontal => {
                self.field(&flow.field, kind, grey(|[u, _]| u));
            }
            ViewKind::Vertical => {
                self.field(&flow.field, kind, grey(|[_, v]| v));
            }
            ViewKind::Magnitude => {
                let colour = |uv| ColourMap::Inferno.colour(scale.share(component(|[u, v]| u.hypot(v), uv)));
                self.field(&flow.field, kind, colour);
            }
            _ => self.flow(flow, (self.index, 0), picture, session),
        }
        if let Some((map, ends)) = component_bar(kind, scale, self.stride) {
            self.bar(map, ends);
        }
        true
    }

    /// Flow in Middlebury's colours, straight from the GPU if it is there.
    fn flow(&mut self, flow: &FlowView, slot: (usize, usize), picture: Rect, session: &Session) {
        let (units, scale) = (video_units(flow, session.video()), self.scale);
        if let Some(buffer) = &flow.gpu {
            let units = units.map(|unit| unit * flow.gpu_unit_px);
            return gpu_flow::paint(&self.painter, buffer, units, scale, picture, false);
        }
        let field = &flow.field;
        let colour = |cell: usize| scale.colour([field.uv[cell][0] * units[0], field.uv[cell][1] * units[1]]);
        let key = PictureKey::new(field.clone(), [scale.max_px, scale.gamma, ViewKind::Flow as u8 as f32]);
        let texture = self.textures.get(self.ui.ctx(), slot, key, || cells(field.width, field.height, colour));
        self.image(texture, picture, Color32::WHITE);
    }

    fn field(&mut self, field: &Arc<FlowField>, kind: ViewKind, colour: impl Fn([f32; 2]) -> [u8; 3]) {
        let unknown = [f32::NAN; 2];
        let known = |uv: [f32; 2]| if FlowField::is_known(uv) { uv } else { unknown };
        let key = PictureKey::new(field.clone(), [self.scale.max_px, self.scale.gamma, kind as u8 as f32]);
        let make = || cells(field.width, field.height, |cell| colour(known(field.uv[cell])));
        let texture = self.textures.get(self.ui.ctx(), (self.index, 0), key, make);
        self.image(texture, self.picture(), Color32::WHITE);
    }

    fn map(
        &mut self,
        of: &Arc<impl Send + Sync + 'static>,
        map: &ScalarMap,
        kind: ViewKind,
        max: f32,
        colours: ColourMap,
    ) {
        let key = PictureKey::new(of.clone(), [max, self.scale.gamma, kind as u8 as f32]);
        let scale = MagnitudeScale { max_px: max.max(f32::MIN_POSITIVE), gamma: self.scale.gamma };
        let make = || cells(map.width, map.height, |cell| colours.colour(scale.share(map.values[cell].max(0.0))));
        let make = || if map.values.len() < map.width * map.height { cells(0, 0, |_| [0; 3]) } else { make() };
        let texture = self.textures.get(self.ui.ctx(), (self.index, 0), key, make);
        self.image(texture, self.picture(), Color32::WHITE);
    }

    fn difference(&mut self, difference: &Arc<PictureDifference>) {
        self.map(difference, &difference.map, ViewKind::Difference, difference.scale, ColourMap::Inferno);
        let ends = ["0".into(), format!("{:.2} px", difference.scale)];
        self.noted_bar(ColourMap::Inferno, ends, difference.mean_in_words(self.stride));
    }

    fn inspected(&mut self, kind: ViewKind, diagnostics: &Arc<FlowDiagnostics>, state: &SourceState) -> bool {
        match kind {
            ViewKind::First => self.loss_image(diagnostics, kind, |diagnostics| &diagnostics.first),
            ViewKind::Warped => self.loss_image(diagnostics, kind, |diagnostics| &diagnostics.warped),
            ViewKind::Error => {
                self.map(diagnostics, &diagnostics.error, kind, state.error_scale, ColourMap::Inferno);
                self.bar(ColourMap::Inferno, ["0".into(), format!("{:.0} grey levels", state.error_scale)]);
            }
            ViewKind::Ssim => {
                self.map(diagnostics, &diagnostics.ssim, kind, 1.0, ColourMap::Viridis);
                self.bar(ColourMap::Viridis, ["0".into(), "1".into()]);
            }
            ViewKind::Border => {
                self.loss_image(diagnostics, kind, |diagnostics| &diagnostics.first);
                self.border(diagnostics);
            }
            _ => match &diagnostics.occlusion {
                Some(occlusion) => self.occlusion(diagnostics, occlusion),
                None => return false,
            },
        }
        true
    }

    fn loss_image(
        &mut self,
        of: &Arc<FlowDiagnostics>,
        kind: ViewKind,
        image: fn(&FlowDiagnostics) -> &Arc<image::RgbImage>,
    ) {
        let key = PictureKey::new(of.clone(), [0.0, 0.0, kind as u8 as f32]);
        let texture = self.textures.get(self.ui.ctx(), (self.index, 0), key, || color_image(image(of)));
        self.image(texture, self.picture(), Color32::WHITE);
    }

    /// The four sides that the loss leaves out, over the picture.
    fn border(&self, diagnostics: &FlowDiagnostics) {
        let picture = self.picture();
        let cell =
            picture.size() / vec2(diagnostics.first.width().max(1) as f32, diagnostics.first.height().max(1) as f32);
        let inside = picture.shrink2(cell * diagnostics.border as f32);
        let fill = MASK.gamma_multiply(0.55);
        if !inside.is_positive() {
            self.painter.rect_filled(picture, 0.0, fill);
            return;
        }
        let band = |min: Pos2, max: Pos2| self.painter.rect_filled(Rect::from_min_max(min, max), 0.0, fill);
        band(picture.min, pos2(picture.right(), inside.top()));
        band(pos2(picture.left(), inside.bottom()), picture.max);
        band(pos2(picture.left(), inside.top()), inside.left_bottom());
        band(inside.right_top(), pos2(picture.right(), inside.bottom()));
        self.painter.rect_stroke(inside, 0.0, Stroke::new(1.0, MASK), StrokeKind::Outside);
    }

    /// What fails the check in a colour over the darkened first image.
    fn occlusion(&mut self, diagnostics: &Arc<FlowDiagnostics>, occlusion: &ScalarMap) {
        let (width, height) = (occlusion.width, occlusion.height);
        let first = diagnostics.first.as_raw();
        let [r, g, b, _] = MASK.to_array();
        let below = |cell: usize| match first.get(3 * cell..3 * cell + 3) {
            Some(pixel) if first.len() == 3 * width * height => [pixel[0] / 2, pixel[1] / 2, pixel[2] / 2],
            _ => [0; 3],
        };
        let fails = |cell: usize| occlusion.values.get(cell).is_some_and(|value| *value > 0.5);
        let colour = |cell: usize| if fails(cell) { [r, g, b] } else { below(cell) };
        let key = PictureKey::new(diagnostics.clone(), [0.0, 0.0, ViewKind::Occlusion as u8 as f32]);
        let texture = self.textures.get(self.ui.ctx(), (self.index, 0), key, || cells(width, height, colour));
        self.image(texture, self.picture(), Color32::WHITE);
    }

    fn strip(&mut self, strip: &FlowStack, view: &ViewSpec, session: &Session) {
        let (whole, all) = (self.painter.clip_rect(), self.painter.clone());
        for (i, tile) in tiles(view, self.pane, self.aspect, session).into_iter().enumerate() {
            let Some(flow) = strip.flows.get(i) else { break };
            self.painter = all.with_clip_rect(tile.intersect(whole));
            let picture = self.view.screen_from_picture(tile, self.aspect);
            self.flow(flow, (self.index, i), picture, session);
            if view.source == FlowSource::Network && session.selection.pair == Some(i) {
                let stroke = Stroke::new(2.0, Tokens::of(self.ui).accent);
                self.painter.rect_stroke(picture.intersect(tile), 0.0, stroke, StrokeKind::Inside);
            }
            let first = strip.window_start + i * strip.stride;
            let [first, second] = [first, first + strip.stride].map(|frame| self.numbers.number(frame));
            self.tag(picture.intersect(tile), &format!("{first} → {second}"));
        }
        self.painter = all;
    }

    fn pyramid(&mut self, levels: &[FlowView], view: &ViewSpec, session: &Session) {
        let (whole, all) = (self.painter.clip_rect(), self.painter.clone());
        for (i, (tile, flow)) in tiles(view, self.pane, self.aspect, session).into_iter().zip(levels).enumerate() {
            self.painter = all.with_clip_rect(tile.intersect(whole));
            let picture = self.view.screen_from_picture(tile, self.aspect);
            self.flow(flow, (self.index, i), picture, session);
            let level = session.model.as_ref().and_then(|model| model.levels.get(i));
            if level == Some(&session.selection.level) {
                let stroke = Stroke::new(2.0, Tokens::of(self.ui).accent);
                self.painter.rect_stroke(picture.intersect(tile), 0.0, stroke, StrokeKind::Inside);
            }
            let (width, height) = (flow.field.width, flow.field.height);
            self.tag(
                picture.intersect(tile),
                &level.map_or(String::new(), |level| format!("level {level}, {width}×{height}")),
            );
        }
        self.painter = all;
    }

    fn input(&mut self, strip: &Arc<FlowStack>) {
        let input = &strip.input;
        let (whole, all) = (self.painter.clip_rect(), self.painter.clone());
        let area = Rect::from_min_max(self.pane.min, pos2(self.pane.right(), histogram(self.pane).top() - GAP));
        let tiles = layout::grid_of_twos(area, input.planes.len().max(1), input_aspect(input), GAP);
        for (i, (plane, tile)) in input.planes.iter().zip(tiles).enumerate() {
            self.painter = all.with_clip_rect(tile.intersect(whole));
            let grey = |cell: usize| ColourMap::Grey.colour(plane.get(cell).copied().unwrap_or(f32::NAN) / 255.0);
            let key = PictureKey::new(strip.clone(), [i as f32, 0.0, ViewKind::Input as u8 as f32]);
            let make = || cells(input.width, input.height, grey);
            let texture = self.textures.get(self.ui.ctx(), (self.index, i), key, make);
            let picture = self.view.screen_from_picture(tile, input_aspect(input));
            self.image(texture, picture, Color32::WHITE);
            self.tag(picture.intersect(tile), &format!("{} {}", if i % 2 == 0 { "u" } else { "v" }, i / 2 + 1));
        }
        self.painter = all;
        self.histogram(input);
    }

    /// How many components have which value before they are clipped; heights are logarithmic.
    fn histogram(&self, input: &TemporalInput) {
        let tokens = Tokens::of(self.ui);
        let area = histogram(self.pane).shrink2(vec2(10.0, 4.0));
        self.painter.rect_filled(histogram(self.pane), 0.0, tokens.surface);
        let font = TextStyle::Small.resolve(self.ui.style());
        let plot = Rect::from_min_max(area.min + vec2(0.0, 16.0), area.max - vec2(0.0, 14.0));
        let bins = input.histogram.len().max(1);
        let log = |count: u32| f64::from(count).ln_1p() as f32;
        let most = input.histogram.iter().copied().map(log).fold(1.0, f32::max);
        let width = plot.width() / bins as f32;
        let range = bins as f32 / 2.0; // bins of 1 px around 0
        let x = |px: f32| plot.center().x + px / range * plot.width() / 2.0;
        for (i, count) in input.histogram.iter().enumerate() {
            let px = i as f32 + 0.5 - range;
            let color = if px.abs() > CLIP_PX { tokens.warning } else { tokens.accent };
            let left = plot.left() + i as f32 * width;
            let top = plot.bottom() - log(*count) / most * plot.height();
            let bar = Rect::from_min_max(pos2(left, top), pos2(left + (width - 1.0).max(0.5), plot.bottom()));
            self.painter.rect_filled(bar, 0.0, color);
        }
        for px in [-CLIP_PX, CLIP_PX] {
            self.painter.vline(x(px), plot.y_range(), Stroke::new(1.0, tokens.warning));
        }
        for px in [-2.0 * CLIP_PX, -CLIP_PX, 0.0, CLIP_PX, 2.0 * CLIP_PX] {
            let at = pos2(x(px).clamp(plot.left() + 8.0, plot.right() - 8.0), plot.bottom() + 1.0);
            self.painter.text(at, Align2::CENTER_TOP, format!("{px:.0}"), font.clone(), tokens.weak);
        }
        let text = format!("{:.2} % of components exceed ±20 px and are clipped", 100.0 * input.clipped);
        let galley = self.painter.layout(text, font, tokens.text, area.width());
        self.painter.galley(area.min, galley, tokens.text);
    }

    /// A few letters in the corner of a picture, if it has room for them.
    fn tag(&self, picture: Rect, text: &str) {
        let tokens = Tokens::of(self.ui);
        let galley = self.painter.layout_no_wrap(text.to_owned(), FontId::proportional(9.5), tokens.on_scrim);
        let at = picture.min + vec2(6.0, 4.0);
        if picture.width() < galley.size().x + 12.0 {
            return;
        }
        self.painter.rect_filled(Rect::from_min_size(at, galley.size()).expand2(vec2(4.0, 1.0)), RADIUS, tokens.scrim);
        self.painter.galley(at, galley, tokens.on_scrim);
    }

    fn bar(&self, map: ColourMap, ends: [String; 2]) {
        self.noted_bar(map, ends, None);
    }

    fn noted_bar(&self, map: ColourMap, ends: [String; 2], note: Option<String>) {
        legend::bar_ui(self.ui, &self.painter, self.painter.clip_rect(), map, ends, note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_say_over_how_many_frames_motion_is() {
        let scale = MagnitudeScale { max_px: 4.0, gamma: 1.0 };
        let ends = |kind, stride| component_bar(kind, scale, stride).map(|(_, ends)| ends);
        assert_eq!(ends(ViewKind::Horizontal, 1).unwrap(), ["−4.0", "4.0 px/frame"]);
        assert_eq!(ends(ViewKind::Vertical, 3).unwrap(), ["−4.0", "4.0 px/3 frames"]);
        assert_eq!(ends(ViewKind::Magnitude, 1).unwrap(), ["0", "4.0 px/frame"]);
        assert!(ends(ViewKind::Flow, 1).is_none(), "it has the wheel");
    }
}
