//! The clips of the report, errors first; a click opens one in the viewer, which shows its true class.

use std::sync::Arc;

use eframe::egui::{Align, Label, Layout, RichText, Role, ScrollArea, TextStyle, Ui, UiBuilder, WidgetInfo, vec2};

use super::clip_filter::{ClipFilter, ListedClips, WantedClips};
use crate::app::panel::PanelContext;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::{explanation, remark, row_response, rows_in_view};
use crate::evaluation::{ActionsReport, Protocol};
use crate::nets::fusion;
use crate::plural::counted;

/// Height of a clip's row, in points.
const ROW: f32 = 38.0;
/// Maximum number of unreadable clips shown; the log has them all.
const FAILURES: usize = 20;

/// Draws the list.
pub(super) fn clips_ui(
    ui: &mut Ui,
    filter: &mut ClipFilter,
    listed: &mut ListedClips,
    report: &Arc<ActionsReport>,
    stream: &'static str,
    cx: &PanelContext<'_>,
) -> Option<WantedClips> {
    ui.horizontal_wrapped(|ui| {
        ui.selectable_value(filter, ClipFilter::Wrong, "Wrong").on_hover_text("Show errors, most confident first");
        ui.selectable_value(filter, ClipFilter::All, "All");
        if let Some(title) = filter.title(report) {
            let shown = *filter;
            ui.selectable_value(filter, shown, title);
        }
    });
    let clips = listed.of(report, *filter, stream);
    explanation(ui, &list_words(clips.len(), *filter, stream, &mean_words(report)));
    let open = cx.session.clip.as_ref().map(|clip| clip.path.clone());
    let folder = cx.settings.evaluation.clips.as_deref();
    let mut wanted = None;
    ScrollArea::vertical().id_salt("clips").auto_shrink(false).show(ui, |ui| {
        rows_in_view(ui, ROW, clips.len(), |ui, place| {
            let index = clips[place];
            let is_open =
                open.is_some() && cx.session.evaluation.clip(index, folder).is_some_and(|clip| Some(clip.path) == open);
            if row_ui(ui, report, stream, index, is_open) {
                wanted = Some(WantedClips::Clip(index));
            }
        });
        failures_ui(ui, report);
    });
    wanted
}

/// Returns a description of the list with how to open a clip.
fn list_words(clips: usize, filter: ClipFilter, stream: &str, mean: &str) -> String {
    let by = match stream {
        "fused" => "fused scores".into(),
        stream => format!("the {stream} stream"),
    };
    match (clips, filter) {
        (0, ClipFilter::Wrong) => format!("All clips are correct by {by}."),
        (0, _) => "No clips.".into(),
        _ => format!(
            "{}, by {by}, {mean}. Click a clip to open it: the viewer shows the current window.",
            counted(clips, "clip")
        ),
    }
}

/// Returns a description of a report's scores of a clip; the viewer's scores are of one window.
fn mean_words(report: &ActionsReport) -> String {
    match report.views.parse::<Protocol>() {
        Ok(protocol) => format!("mean of {}", counted(protocol.samples * protocol.crops.count(), "view")),
        Err(_) => format!("mean of {} views", report.views),
    }
}

/// Returns the prediction of `stream` for the clip of result `index`, with the number of views in its mean.
pub(super) fn answer_words(report: &ActionsReport, stream: &str, index: usize) -> Option<String> {
    let guess = report.results.get(index)?.guess(stream)?;
    let class = report.classes.get(guess.class)?;
    Some(format!("{class} {} %, {}", fusion::percent(guess.confidence, 1), mean_words(report)))
}

/// Draws a clip: its name, class and predicted class. Returns `true` if it was clicked.
pub(super) fn row_ui(ui: &mut Ui, report: &ActionsReport, stream: &str, index: usize, is_open: bool) -> bool {
    let tokens = Tokens::of(ui);
    let result = &report.results[index];
    let row = row_response(ui, ROW);
    row.widget_info(|| WidgetInfo::labeled(Role::Button, true, &result.path));
    if is_open || row.hovered() {
        let fill = if is_open { tokens.accent_faint } else { tokens.raised };
        ui.painter().rect_filled(row.rect, RADIUS, fill);
    }
    let shown = result.shown(&report.classes);
    let (text, color) = match result.guess(stream) {
        Some(guess) if result.shows(guess.class) => {
            (format!("{shown}, {} %", fusion::percent(guess.confidence, 1)), tokens.good)
        }
        Some(guess) => {
            let taken = &report.classes[guess.class];
            (format!("{shown}, predicted {taken}, {} %", fusion::percent(guess.confidence, 1)), tokens.error)
        }
        None => (shown, tokens.weak),
    };
    let content = row.rect.shrink2(vec2(8.0, 2.0));
    let mut lines = ui.new_child(UiBuilder::new().max_rect(content).layout(Layout::top_down(Align::Min)));
    lines.spacing_mut().item_spacing.y = 1.0;
    lines.add(Label::new(RichText::new(&result.path).color(tokens.text)).truncate());
    lines.add(Label::new(RichText::new(&text).text_style(TextStyle::Small).color(color)).truncate());
    let mean = mean_words(report);
    row.on_hover_text(format!("{}\n{text}, {mean}; the viewer shows the current window", result.path)).clicked()
}

fn failures_ui(ui: &mut Ui, report: &ActionsReport) {
    if report.failures.is_empty() {
        return;
    }
    let tokens = Tokens::of(ui);
    ui.add_space(6.0);
    remark(ui, tokens.warning, |ui| {
        let count = counted(report.failures.len(), "clip");
        ui.label(RichText::new(format!("{count} skipped: unreadable")).color(tokens.strong));
        for failure in report.failures.iter().take(FAILURES) {
            ui.add(Label::new(RichText::new(failure).small()).wrap().selectable(true));
        }
        if report.failures.len() > FAILURES {
            ui.label(RichText::new(format!("and {} more", report.failures.len() - FAILURES)).small());
        }
    });
}
