//! One pin: the flow before and now on one scale, their difference, and the second frame warped back along the flow.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{
    Align2, Color32, ColorImage, Label, Pos2, Rect, RichText, Role, Sense, StrokeKind, TextStyle, Ui, WidgetInfo, pos2,
    vec2,
};

use super::scores::scores_ui;
use crate::app::pinned::state::PinnedState;
use crate::app::settings::Settings;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::viewer::difference::PictureDifference;
use crate::app::viewer::pictures::{PictureKey, Textures, cells, color_image};
use crate::engine::{FlowView, Pin, PinnedPrediction};
use crate::flow::colour_map::ColourMap;
use crate::flow::{FlowField, colour};
use crate::names::distinct_names;

/// Space between pictures, in points.
const GAP: f32 = 4.0;
/// Width below which pictures are in two rows, in points.
const NARROW: f32 = 520.0;
/// Height of the curve of differences, in points.
const DRIFT: f32 = 40.0;
/// Maximum number of distances kept.
const MOST_DRIFTS: usize = 512;

/// State of the cards between repaints.
#[derive(Default)]
pub(super) struct Cards {
    textures: Textures,
    differences: HashMap<usize, PictureDifference>,
    /// Distances between the flow of a model and that before the run, by pin and model.
    drifts: HashMap<(usize, PathBuf), Drift>,
}

/// The mean distance of two flows.
struct Drift {
    of: [Arc<FlowField>; 2],
    px: f64,
}

/// A picture of a card.
struct CardPicture {
    name: &'static str,
    key: PictureKey,
    make: Box<dyn FnOnce() -> ColorImage>,
}

impl Cards {
    /// Draws a pin; returns `true` if it is to be removed. Lengths and distances below that of the settings do not fill
    /// a scale, so that noise does not look like motion.
    pub fn card_ui(&mut self, ui: &mut Ui, place: usize, pin: &Pin, pinned: &PinnedState, settings: &Settings) -> bool {
        let (least_px, numbers) = (settings.least_scale_px, settings.frame_numbers);
        let (before, now) = (pinned.outlook(pin, pinned.run.before()), pinned.outlook(pin, pinned.now()));
        let paths: Vec<_> = pinned.pins.iter().map(|pin| &pin.path).collect();
        let name = distinct_names(&paths).swap_remove(place);
        let unpinned = title_ui(ui, pin, &name, numbers.number(pin.frame));
        let failures = [pinned.failure(pin, pinned.now()), pinned.failure(pin, pinned.run.before())];
        let mut failures: Vec<String> = failures.into_iter().flatten().collect();
        failures.dedup(); // What is wrong with the video is wrong for both.
        for failure in &failures {
            ui.add(Label::new(RichText::new(failure).small().color(Tokens::of(ui).error)).wrap());
        }
        let Some(shown) = now.or(before) else {
            let text = match pinned.now().is_some() || pinned.run.before().is_some() {
                true if !failures.is_empty() => "",
                true if pinned.is_stopped() => "Not computed",
                true => "Computing…",
                false => "",
            };
            ui.label(RichText::new(text).color(Tokens::of(ui).weak));
            return unpinned;
        };
        let max_px = [before, now].into_iter().flatten().map(in_video).fold(least_px, f32::max);
        let aspect = shown.frame.width() as f32 / shown.frame.height().max(1) as f32;
        let pictures = self.pictures(place, before, now, [max_px, least_px]);
        self.pictures_ui(ui, place, aspect, pictures);
        self.legend_ui(ui, place, [max_px, least_px], before.is_some() && now.is_some());
        self.drift_ui(ui, place, pin, pinned);
        scores_ui(ui, before.map(Arc::as_ref), now.map(Arc::as_ref));
        unpinned
    }

    /// Frees what was not drawn.
    pub fn sweep(&mut self) {
        self.textures.sweep();
        if self.drifts.len() > MOST_DRIFTS {
            self.drifts.clear(); // of runs that were watched before
        }
    }

    fn pictures(
        &mut self,
        place: usize,
        before: Option<&Arc<PinnedPrediction>>,
        now: Option<&Arc<PinnedPrediction>>,
        [max_px, least_px]: [f32; 2],
    ) -> Vec<Option<CardPicture>> {
        let flow = |name, outlook: &Arc<PinnedPrediction>| {
            let view = outlook.flow.clone();
            let size = outlook.video;
            let key = PictureKey::new(view.field.clone(), [max_px, 0.0, 0.0]);
            CardPicture { name, key, make: Box::new(move || coloured(&view, size, max_px)) }
        };
        let warped = now.or(before).map(|outlook| {
            let picture = outlook.warped.clone();
            let key = PictureKey::new(picture.clone(), [0.0; 3]);
            CardPicture { name: "Warped", key, make: Box::new(move || color_image(&picture)) }
        });
        let difference = before.zip(now).map(|(before, now)| {
            let known = self.differences.get(&place).is_some_and(|known| known.is_of(&before.flow, &now.flow));
            if !known {
                self.differences.insert(place, PictureDifference::between(&before.flow, &now.flow, now.video));
            }
            let PictureDifference { map, scale, .. } = &self.differences[&place];
            let (map, scale) = (map.clone(), scale.max(least_px));
            let key =
                PictureKey { of: [before.flow.field.clone(), now.flow.field.clone()], parameters: [scale, 0.0, 0.0] };
            let make = move || cells(map.width, map.height, |i| ColourMap::Inferno.colour(map.values[i] / scale));
            CardPicture { name: "Difference", key, make: Box::new(make) }
        });
        vec![before.map(|before| flow("Before", before)), now.map(|now| flow("Now", now)), difference, warped]
    }

    fn pictures_ui(&mut self, ui: &mut Ui, place: usize, aspect: f32, pictures: Vec<Option<CardPicture>>) {
        let tokens = Tokens::of(ui);
        let columns = if ui.available_width() < NARROW { 2 } else { 4 };
        let width = ((ui.available_width() - GAP * (columns - 1) as f32) / columns as f32).floor();
        let size = vec2(width, (width / aspect).floor());
        let rows = pictures.len().div_ceil(columns);
        let height = rows as f32 * size.y + (rows - 1) as f32 * GAP;
        let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        for (index, picture) in pictures.into_iter().enumerate() {
            let at = vec2((index % columns) as f32 * (size.x + GAP), (index / columns) as f32 * (size.y + GAP));
            let rect = Rect::from_min_size(area.min + at, size);
            let Some(CardPicture { name, key, make }) = picture else {
                ui.painter().rect_filled(rect, RADIUS, tokens.raised);
                let font = TextStyle::Small.resolve(ui.style());
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, "Not computed yet", font, tokens.weak);
                continue;
            };
            let response = ui.interact(rect, ui.scope_id().with(index), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
            let texture = self.textures.get(ui.ctx(), (place, index), key, make);
            ui.painter().image(texture, rect, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
            ui.painter().rect_stroke(rect, 0.0, (1.0, tokens.outline), StrokeKind::Inside);
            caption(ui, rect, name);
        }
    }

    /// Draws the distance of the flow from that before the run, for each step that is computed.
    fn drift_ui(&mut self, ui: &mut Ui, place: usize, pin: &Pin, pinned: &PinnedState) {
        let Some(before) = pinned.outlook(pin, pinned.run.before()) else { return };
        let mut points = Vec::new();
        for snapshot in &pinned.run.snapshots {
            if let Some(outlook) = pinned.outlook(pin, Some(&snapshot.dir)) {
                points.push((snapshot.step as f64, self.drift(place, before, outlook)));
            }
        }
        let most = points.iter().map(|(_, px)| *px).fold(0.0, f64::max);
        let (Some((first, _)), Some((last, _))) = (points.first().copied(), points.last().copied()) else { return };
        if points.len() < 3 || most <= 0.0 {
            return; // a line between two points tells nothing that the numbers do not
        }
        let tokens = Tokens::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), DRIFT), Sense::hover());
        response
            .widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Mean change by step, up to {most:.2} px")));
        ui.painter().rect_filled(rect, RADIUS, tokens.raised);
        let inner = rect.shrink2(vec2(6.0, 5.0));
        let at = |(step, px): (f64, f64)| {
            let x = (step - first) / (last - first).max(1.0);
            pos2(inner.left() + inner.width() * x as f32, inner.bottom() - inner.height() * (px / most) as f32)
        };
        let line: Vec<Pos2> = points.iter().copied().map(at).collect();
        ui.painter().line(line, (1.5, tokens.accent));
        let shown = pinned.step.map_or(last, |step| step as f64);
        if let Some(point) = points.iter().find(|(step, _)| *step == shown) {
            ui.painter().circle_filled(at(*point), 3.5, tokens.strong);
        }
        let (font, text) = (TextStyle::Small.resolve(ui.style()), format!("Mean change, up to {most:.2} px"));
        let place = inner.left_top() - vec2(0.0, 2.0);
        ui.painter().text(place, Align2::LEFT_TOP, text, font, tokens.weak);
        response.on_hover_text(format!("Mean flow difference from before, steps {first} to {last}"));
    }

    fn drift(&mut self, place: usize, before: &Arc<PinnedPrediction>, outlook: &Arc<PinnedPrediction>) -> f64 {
        let key = (place, outlook.model.clone());
        let of = [before.flow.field.clone(), outlook.flow.field.clone()];
        let same = |drift: &&Drift| (0..2).all(|i| Arc::ptr_eq(&drift.of[i], &of[i]));
        if let Some(drift) = self.drifts.get(&key).filter(same) {
            return drift.px;
        }
        let px = mean_px(&PictureDifference::between(&before.flow, &outlook.flow, outlook.video));
        self.drifts.insert(key, Drift { of, px });
        px
    }

    /// Draws the legend of the colours of the flow and of the difference, with numbers.
    fn legend_ui(&self, ui: &mut Ui, place: usize, [max_px, least_px]: [f32; 2], compared: bool) {
        let tokens = Tokens::of(ui);
        let mut text = format!("Colour scale: {max_px:.1} px/frame at video size");
        if let Some(difference) = self.differences.get(&place).filter(|_| compared) {
            let (mean, scale) = (mean_px(difference), difference.scale.max(least_px));
            text += &match difference.scale {
                0.0 => ". No flow difference".to_owned(),
                _ => format!(". Mean flow difference {mean:.2} px, scale {scale:.2} px"),
            };
        }
        ui.add(Label::new(RichText::new(text).small().color(tokens.weak)).wrap());
    }
}

/// Returns the mean of a map of distances.
fn mean_px(difference: &PictureDifference) -> f64 {
    let known = difference.map.values.iter().filter(|value| value.is_finite());
    let (sum, count) = known.fold((0.0, 0), |(sum, count), value| (sum + f64::from(*value), count + 1));
    sum / f64::from(count.max(1))
}

fn title_ui(ui: &mut Ui, pin: &Pin, name: &str, number: usize) -> bool {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).color(tokens.strong)).on_hover_text(pin.path.display().to_string());
        ui.label(RichText::new(format!("frame {number}")).color(tokens.weak));
        let button = ui.small_button("Unpin");
        button.on_hover_text(format!("Unpin {name}, frame {number}")).clicked()
    })
    .inner
}

/// Draws the name of a picture in its upper left corner.
fn caption(ui: &Ui, rect: Rect, name: &str) {
    let tokens = Tokens::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font, tokens.on_scrim);
    let card = Rect::from_min_size(rect.min + vec2(4.0, 4.0), galley.size() + vec2(8.0, 4.0));
    if card.width() < rect.width() {
        ui.painter().rect_filled(card, RADIUS, tokens.scrim);
        ui.painter().galley(card.min + vec2(4.0, 2.0), galley, tokens.on_scrim);
    }
}

/// Returns the approximate length of the longest vector in pixels of the video.
fn in_video(outlook: &Arc<PinnedPrediction>) -> f32 {
    outlook.flow.max_px * outlook.video[0] as f32 / outlook.flow.frame_size.width.max(1) as f32
}

/// Returns a flow in Middlebury's colours; vectors of `max_px` pixels of a video of this size are fully saturated.
fn coloured(view: &FlowView, [width, height]: [u32; 2], max_px: f32) -> ColorImage {
    let field = view.in_pixels_of(width as usize, height as usize);
    cells(field.width, field.height, |i| colour::colour(field.uv[i][0], field.uv[i][1], max_px))
}
