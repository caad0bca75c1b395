//! A run in the list.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;

use eframe::egui::{Align, Color32, Label, Layout, RichText, Role, Sense, TextStyle, Ui, UiBuilder, WidgetInfo, vec2};

use crate::app::training::curve_names::measurement_title;
use crate::app::ui::format::{memory_size, span};
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::training::runs::{Run, RunState};
use crate::training::{Network, RunKind, TemporalMode, TrainingPlan};

/// Height of a row, in points.
const ROW: f32 = 44.0;
/// Between rows, in points.
const GAP: f32 = 6.0;
/// From a row to the next, in points.
pub(super) const PITCH: f32 = ROW + GAP;

/// Draws a run with its check box under its title; a click selects it.
pub(super) fn row_ui(
    ui: &mut Ui,
    run: &Run,
    title: &str,
    selected: &mut Option<PathBuf>,
    ticked: &mut BTreeSet<PathBuf>,
) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        let mut is_ticked = ticked.contains(&run.dir);
        let tick = ui.checkbox(&mut is_ticked, "").on_hover_text(format!("Compare {}", run.name));
        tick.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_ticked, format!("Compare {}", run.name)));
        if tick.changed() {
            if is_ticked {
                ticked.insert(run.dir.clone())
            } else {
                ticked.remove(&run.dir)
            };
        }
        let (_, row) = ui.allocate_space(vec2(ui.available_width(), ROW));
        let response = ui.interact(row, ui.scope_id().with(&run.dir), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, title));
        let is_selected = selected.as_ref() == Some(&run.dir);
        if is_selected || response.hovered() {
            let fill = if is_selected { tokens.accent_faint } else { tokens.raised };
            ui.painter().rect_filled(row, RADIUS, fill);
        }
        let mut lines =
            ui.new_child(UiBuilder::new().max_rect(row.shrink2(vec2(6.0, 2.0))).layout(Layout::top_down(Align::Min)));
        lines.spacing_mut().item_spacing.y = 1.0;
        lines.horizontal(|ui| {
            let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, state_color(ui, &run.state));
            ui.add(Label::new(RichText::new(title).color(tokens.text)).truncate());
        });
        let text = RichText::new(summary(run)).text_style(TextStyle::Small).color(tokens.weak);
        lines.add(Label::new(text).truncate());
        if response.on_hover_text(format!("{}\n{}", run.dir.display(), summary(run))).clicked() {
            *selected = (!is_selected).then(|| run.dir.clone());
        }
    });
    ui.add_space(GAP);
}

fn state_color(ui: &Ui, state: &RunState) -> Color32 {
    let tokens = Tokens::of(ui);
    match state {
        RunState::Running => tokens.accent,
        RunState::Finished => tokens.good,
        RunState::Unfinished => tokens.warning,
        RunState::Broken(_) => tokens.error,
    }
}

/// State, accuracy, network, steps, age and size.
fn summary(run: &Run) -> String {
    let state = match &run.state {
        RunState::Running => "Running",
        RunState::Finished => "Finished",
        RunState::Unfinished => "Unfinished",
        RunState::Broken(_) => "Broken",
    };
    let network = run.plan.as_ref().map(network_words);
    let steps = run.plan.as_ref().map(|plan| format!("{} of {} steps", run.step, plan.steps));
    // The measurement in the last column is the one that networks are chosen by.
    let of = run.last.last().map_or(String::new(), |(name, _)| format!("{}: ", measurement_title(name)));
    let best = run.best.map(|best| format!("{of}best {best:.3}"));
    let age = run
        .changed
        .and_then(|at| SystemTime::now().duration_since(at).ok())
        .map(|age| format!("{} ago", span(age.as_secs_f64())));
    let parts = [Some(state.to_owned()), best, network, steps, age, Some(memory_size(run.bytes))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// What a run trains and how.
pub(super) fn network_words(plan: &TrainingPlan) -> String {
    let mode = match (plan.network, plan.mode) {
        _ if plan.kind != RunKind::Training => ", linear probe",
        (Network::Temporal, TemporalMode::A) => ", MotionNet frozen",
        (Network::Temporal, TemporalMode::B) => ", class loss only",
        (Network::Temporal, TemporalMode::C) => ", all losses",
        (Network::Joint, _) => return format!("{}, {}", plan.network.name(), plan.joint.name()),
        _ => "",
    };
    format!("{}{mode}", plan.network.name())
}
