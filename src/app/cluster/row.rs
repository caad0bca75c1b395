//! A part in the list of a job.

use eframe::egui::{
    Align, Color32, Label, Layout, ProgressBar, RichText, Role, Sense, TextStyle, Ui, UiBuilder, WidgetInfo, vec2,
};

use crate::app::ui::theme::{RADIUS, Tokens};
use crate::cluster::{JobState, PartStatus, age_text};

/// Height of a row, in points.
const ROW: f32 = 42.0;
/// From a row to the next, in points.
pub(super) const PITCH: f32 = ROW + 4.0;
/// Width of a progress bar, in points.
const BAR_WIDTH: f32 = 72.0;

/// A row of the list of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobRow {
    /// The part of a shard, by its index from 1.
    Part(usize),
    /// The job that merges the parts.
    Merge,
}

/// The job that merges the parts.
pub(super) struct MergeRow<'a> {
    /// Its number and its state.
    pub merge: &'a (String, JobState),
    /// The last line of its log.
    pub line: Option<&'a str>,
}

/// Draws a part; a click selects it, or no row if it was selected.
pub(super) fn part_ui(ui: &mut Ui, part: &PartStatus, selected: &mut Option<JobRow>) {
    let index = part.shard.index();
    let title = format!("Part {index} · {}", part.state);
    let age = part.age.map(|age| format!("{} ago", age_text(age)));
    let details = [part.node.clone(), age, part.last_line.clone()];
    let progress = part.progress.filter(|_| part.state != JobState::Done);
    row_ui(ui, JobRow::Part(index), &title, &part.state, &joined(details), progress, selected);
}

/// Draws the merge; a click selects it, or no row if it was selected.
pub(super) fn merge_ui(ui: &mut Ui, row: &MergeRow<'_>, selected: &mut Option<JobRow>) {
    let (number, state) = row.merge;
    let details = [Some(format!("job {number}")), row.line.map(str::to_owned)];
    row_ui(ui, JobRow::Merge, &format!("Merge · {state}"), state, &joined(details), None, selected);
}

fn joined<const N: usize>(details: [Option<String>; N]) -> String {
    details.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn row_ui(
    ui: &mut Ui,
    row: JobRow,
    title: &str,
    state: &JobState,
    details: &str,
    progress: Option<(usize, usize)>,
    selected: &mut Option<JobRow>,
) {
    let tokens = Tokens::of(ui);
    let (_, area) = ui.allocate_space(vec2(ui.available_width(), PITCH));
    let area = area.with_max_y(area.top() + ROW);
    let response = ui.interact(area, ui.scope_id().with(format!("{row:?}")), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, title));
    let is_selected = *selected == Some(row);
    if is_selected || response.hovered() {
        let fill = if is_selected { tokens.accent_faint } else { tokens.raised };
        ui.painter().rect_filled(area, RADIUS, fill);
    }
    let lines = area.shrink2(vec2(6.0, 3.0));
    let mut lines = ui.new_child(UiBuilder::new().max_rect(lines).layout(Layout::top_down(Align::Min)));
    lines.spacing_mut().item_spacing.y = 1.0;
    lines.horizontal(|ui| {
        let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.0, state_color(ui, state));
        if let Some((done, of)) = progress {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let share = done as f32 / of.max(1) as f32;
                ui.add(ProgressBar::new(share).desired_width(BAR_WIDTH).desired_height(8.0));
                let count = RichText::new(format!("{done} of {of}")).text_style(TextStyle::Small).color(tokens.weak);
                ui.add(Label::new(count));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, title));
            });
        } else {
            title_ui(ui, title);
        }
    });
    let small = RichText::new(details).text_style(TextStyle::Small).color(tokens.weak);
    lines.add(Label::new(small).truncate());
    let hover = if details.is_empty() { title.to_owned() } else { format!("{title}\n{details}") };
    if response.on_hover_text(format!("{hover}\nClick to see the log")).clicked() {
        *selected = (!is_selected).then_some(row);
    }
}

fn title_ui(ui: &mut Ui, title: &str) {
    ui.add(Label::new(RichText::new(title).color(Tokens::of(ui).text)).truncate());
}

fn state_color(ui: &Ui, state: &JobState) -> Color32 {
    let tokens = Tokens::of(ui);
    match state {
        JobState::Done => tokens.good,
        JobState::Running => tokens.accent,
        JobState::Queued => tokens.warning,
        JobState::Failed(_) => tokens.error,
        JobState::Missing => tokens.outline,
    }
}
