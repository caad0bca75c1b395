//! The line above a view: its kind, its source, what it shows at present, and the way out.

use eframe::egui::{Align, Button, ComboBox, Label, Layout, Rect, RichText, TextStyle, Ui, UiBuilder, vec2};

use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::ui::format::{FrameNumbers, cost, milliseconds};
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;
use crate::app::viewer::flow_age::{FlowAge, flow_age};
use crate::app::viewer::views::{ViewKind, ViewSpec};
use crate::engine::{FlowSource, SourceFlow};

/// Height in points.
pub const HEIGHT: f32 = 26.0;
/// Width of a drop-down list besides its text, in points.
const AROUND_TEXT: f32 = 28.0;
/// Narrower than this there is no room for what the view shows, in points.
const NARROWEST_CAPTION: f32 = 30.0;
/// Room for the pair and its milliseconds, in points: sources have short names where there is less.
const CAPTION: f32 = 100.0;

/// Draws the header of the view at `index` and changes the view; returns whether it is to be removed.
pub fn header_ui(ui: &mut Ui, area: Rect, index: usize, active: bool, cx: &mut PanelContext<'_>) -> bool {
    let tokens = Tokens::of(ui);
    ui.painter().rect_filled(area, 0.0, tokens.surface);
    if active && cx.settings.views.list().len() > 1 {
        let mark = Rect::from_min_max(area.left_bottom() - vec2(0.0, 2.0), area.max);
        ui.painter().rect_filled(mark, 0.0, tokens.accent.gamma_multiply(0.7));
    }
    let Some(&before) = cx.settings.views.list().get(index) else { return false };
    let mut view = before;
    let builder = UiBuilder::new().id_salt(("header", index)).max_rect(area.shrink2(vec2(6.0, 2.0)));
    let removed = ui
        .scope_builder(builder.layout(Layout::right_to_left(Align::Center)), |ui| {
            ui.set_clip_rect(area.intersect(ui.clip_rect()));
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.spacing_mut().button_padding = vec2(5.0, 1.0);
            ui.spacing_mut().interact_size.y = 20.0;
            ui.spacing_mut().icon_width = 10.0;
            let removed = remove_ui(ui, index, cx);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                choices_ui(ui, index, &mut view, cx);
                if ui.available_width() < NARROWEST_CAPTION {
                    return;
                }
                let numbers = cx.settings.frame_numbers;
                let text = caption(&view, cx.session, numbers);
                let note = cx.session.flow.source(view.source).flow.as_ref().and_then(|flow| flow.note.clone());
                let short = in_room(ui, &text, &view, cx.session, numbers);
                let shown = Label::new(RichText::new(short).small().color(tokens.weak)).truncate();
                let details = format!("{}\n{text}", view.kind.tooltip());
                let details = note.map_or(details.clone(), |note| format!("{details}\n{note}"));
                ui.add(shown).on_hover_text(details);
            });
            removed
        })
        .inner;
    let begins_to_compare = view.kind == ViewKind::Difference && before.kind != ViewKind::Difference;
    if begins_to_compare && view.other == FlowSource::Truth && cx.settings.flow.truth.is_none() {
        view.other = cx.settings.views.neighbour_source(index, view.source).unwrap_or(view.other);
    }
    if view != before
        && let Some(changed) = cx.settings.views.get_mut(index)
    {
        *changed = view;
        cx.settings.views.chosen = index;
    }
    removed
}

fn remove_ui(ui: &mut Ui, index: usize, cx: &PanelContext<'_>) -> bool {
    if cx.settings.views.list().len() < 2 {
        return false;
    }
    let button = Button::new(Icon::Close.atom()).frame_when_inactive(false).small();
    ui.add(button).accessible_name(format!("Remove view {}", index + 1)).on_hover_text("Remove this view").clicked()
}

fn choices_ui(ui: &mut Ui, index: usize, view: &mut ViewSpec, cx: &PanelContext<'_>) {
    let kind = view.kind;
    let session = &cx.session;
    let sources = match kind {
        ViewKind::Frame => vec![],
        ViewKind::Difference => vec![view.source, view.other],
        _ => vec![view.source],
    };
    let full = sources.iter().map(|source| session.flow.name_of(*source));
    let mut names: Vec<&str> = std::iter::once(kind.name()).chain(full).collect();
    let spacing = ui.spacing().item_spacing.x * names.len() as f32;
    if natural_widths(ui, &names).iter().sum::<f32>() + spacing + CAPTION > ui.available_width() {
        let short = sources.iter().map(|source| session.flow.short_name_of(*source));
        names = std::iter::once(kind.name()).chain(short).collect();
    }
    let widths = list_widths(ui, &names);
    list_ui(ui, &format!("Type of view {}", index + 1), kind.name(), kind.tooltip(), widths[0], |ui| {
        for choice in ViewKind::ALL {
            if choice.starts_a_block() {
                ui.separator();
            }
            ui.selectable_value(&mut view.kind, choice, choice.name()).on_hover_text(choice.tooltip());
        }
    });
    if kind != ViewKind::Frame {
        let (name, shown) = (format!("Source of view {}", index + 1), (names[1], widths[1]));
        source_ui(ui, &name, "Flow source", shown, &mut view.source, session);
    }
    if kind == ViewKind::Difference {
        let name = format!("Compared source of view {}", index + 1);
        source_ui(ui, &name, "Flow source to compare with", (names[2], widths[2]), &mut view.other, session);
    }
}

/// How wide drop-down lists of these texts are where there is room.
fn natural_widths(ui: &Ui, texts: &[&str]) -> Vec<f32> {
    let font = TextStyle::Small.resolve(ui.style());
    let color = Tokens::of(ui).text;
    let natural =
        |text: &&str| ui.painter().layout_no_wrap((*text).to_owned(), font.clone(), color).size().x + AROUND_TEXT;
    texts.iter().map(natural).collect()
}

/// How wide drop-down lists of these texts are: as their texts, or the wider ones less so that all have room.
fn list_widths(ui: &Ui, texts: &[&str]) -> Vec<f32> {
    let mut widths = natural_widths(ui, texts);
    let room = ui.available_width() - ui.spacing().item_spacing.x * texts.len() as f32;
    let excess = (widths.iter().sum::<f32>() - room).max(0.0);
    // What is above the even share gives way in proportion.
    let share = room / texts.len() as f32;
    let above: f32 = widths.iter().map(|width| (width - share).max(0.0)).sum();
    for width in &mut widths {
        *width -= excess * (*width - share).max(0.0) / above.max(1.0);
    }
    widths
}

fn source_ui(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    (text, width): (&str, f32),
    source: &mut FlowSource,
    session: &Session,
) {
    let tooltip = format!("{tooltip}: {}", session.flow.entry_of(*source));
    list_ui(ui, name, text, &tooltip, width, |ui| {
        let mut kind = "";
        for choice in FlowSource::ALL {
            if session.flow.kind_of(choice) != kind {
                kind = session.flow.kind_of(choice);
                ui.weak(kind);
            }
            let response = ui.selectable_value(source, choice, session.flow.entry_of(choice));
            if let Some(error) = &session.flow.source(choice).unavailable {
                response.on_hover_text(error.to_string());
            }
        }
    });
}

fn list_ui(ui: &mut Ui, name: &str, text: &str, tooltip: &str, width: f32, contents: impl FnOnce(&mut Ui)) {
    ui.allocate_ui(vec2(width, ui.available_height()), |ui| {
        let text = RichText::new(text).text_style(TextStyle::Small);
        let list = ComboBox::from_id_salt(name.to_owned()).selected_text(text).width(width).truncate();
        list.show_ui(ui, contents).response.accessible_name(name).on_hover_text(tooltip);
    });
}

/// `text` if it has room, else the pair, the milliseconds and, in short, what sets the flow apart, or as many of these as have room: at
/// last that the flow is another one, or what it cost. Nothing is cut: "1.2 f…" is no rate.
fn in_room(ui: &Ui, text: &str, view: &ViewSpec, session: &Session, numbers: FrameNumbers) -> String {
    let font = TextStyle::Small.resolve(ui.style());
    let width = |text: &String| ui.painter().layout_no_wrap(text.clone(), font.clone(), Tokens::of(ui).weak).size().x;
    let shorter = captioned_flow(view, session).map(|flow| {
        let millis = session.flow.source(view.source).millis;
        let cost = (flow.millis > 0.0).then(|| milliseconds(millis));
        shorter([Some(numbers.pair(flow.frame, flow.stride)), cost, flow_age(flow, session).map(FlowAge::in_short)])
    });
    longest_in(ui.available_width(), std::iter::once(text.to_owned()).chain(shorter.into_iter().flatten()), width)
}

/// Returns what is left of pair, cost and age where there is ever less room.
fn shorter([pair, cost, age]: [Option<String>; 3]) -> [String; 3] {
    let last = if age.is_some() { &age } else { &cost };
    let joined = |parts: &[&Option<String>]| parts.iter().copied().flatten().cloned().collect::<Vec<_>>().join(" · ");
    [joined(&[&pair, &cost, &age]), joined(&[&pair, last]), joined(&[last])]
}

/// The first text that has room; nothing if none has.
fn longest_in(room: f32, mut texts: impl Iterator<Item = String>, width: impl Fn(&String) -> f32) -> String {
    texts.find(|text| width(text) <= room).unwrap_or_default()
}

/// The flow that the caption of a view is about.
fn captioned_flow<'a>(view: &ViewSpec, session: &'a Session) -> Option<&'a SourceFlow> {
    let is_other = view.kind == ViewKind::Frame || view.kind.is_diagnostics() || view.kind.is_strip();
    session.flow.source(view.source).flow.as_deref().filter(|_| !is_other)
}

/// What the view shows at present: the frames, the cost, and whether it is up to date.
pub fn caption(view: &ViewSpec, session: &Session, numbers: FrameNumbers) -> String {
    let state = session.flow.source(view.source);
    let pair = |frame: usize, stride: usize| numbers.pair(frame, stride);
    match view.kind {
        ViewKind::Frame => {
            session.frame.as_ref().map(|frame| numbers.number(frame.index).to_string()).unwrap_or_default()
        }
        kind if kind.is_diagnostics() => {
            state.diagnostics.as_ref().map(|found| pair(found.frame, found.stride)).unwrap_or_default()
        }
        kind if kind.is_strip() => state
            .strip
            .as_ref()
            .map(|strip| pair(strip.window_start, strip.flows.len() * strip.stride))
            .unwrap_or_default(),
        _ => {
            let Some(flow) = &state.flow else { return String::new() };
            let mut text = pair(flow.frame, flow.stride);
            if view.source == FlowSource::Network {
                text += &padding(session);
            }
            let cost = (flow.millis > 0.0).then(|| cost(state.millis));
            // What comes and goes is at the end, so that it moves nothing.
            for part in cost.into_iter().chain(flow_age(flow, session).map(FlowAge::in_words)) {
                text += &format!(" · {part}");
            }
            text
        }
    }
}

/// What is missing of the window that the networks read.
fn padding(session: &Session) -> String {
    match session.analysis.as_ref().map_or(0, |analysis| analysis.padded) {
        0 => String::new(),
        padded => format!(", padded with {padded} copies of the last frame"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_that_is_behind_keeps_its_pair_and_its_cost_as_long_as_they_have_room() {
        let part = |text: &str| Some(text.to_owned());
        let behind = shorter([part("12 → 13"), part("278 ms"), part("16 behind")]);
        assert_eq!(behind, ["12 → 13 · 278 ms · 16 behind", "12 → 13 · 16 behind", "16 behind"]);
        assert_eq!(
            shorter([part("12 → 13"), part("278 ms"), None]),
            ["12 → 13 · 278 ms", "12 → 13 · 278 ms", "278 ms"]
        );
    }

    #[test]
    fn a_caption_without_room_is_shortened_and_never_cut() {
        let texts = || ["12 → 13 · 278 ms · 3.6 fps", "278 ms · 3.6 fps", "278 ms"].map(str::to_owned).into_iter();
        let in_room = |room| longest_in(room, texts(), |text| text.chars().count() as f32);
        assert_eq!(
            [30.0, 20.0, 10.0, 5.0].map(in_room),
            ["12 → 13 · 278 ms · 3.6 fps", "278 ms · 3.6 fps", "278 ms", ""]
        );
    }
}
