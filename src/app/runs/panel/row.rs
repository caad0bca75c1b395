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
const ROW: f32 = 58.0;
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
        let summary = [outcome(run), circumstances(run)];
        for line in &summary {
            let text = RichText::new(line).text_style(TextStyle::Small).color(tokens.weak);
            lines.add(Label::new(text).truncate());
        }
        let mut details = vec![run.dir.display().to_string()];
        details.extend(summary);
        details.extend(BestStep::of(run).filter(BestStep::is_lost).map(|_| LOST.to_owned()));
        if response.on_hover_text(details.join("\n")).clicked() {
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

/// Returns the state and the measurement.
fn outcome(run: &Run) -> String {
    let state = match &run.state {
        RunState::Running => "Running",
        RunState::Finished => "Finished",
        RunState::Unfinished => "Unfinished",
        RunState::Broken(_) => "Broken",
    };
    BestStep::of(run).map_or_else(|| state.to_owned(), |best| format!("{state} · {}", best.in_words()))
}

/// Returns the network, the number of steps, the age and the size.
fn circumstances(run: &Run) -> String {
    let network = run.plan.as_ref().map(network_words);
    let steps = run.plan.as_ref().map(|plan| format!("{} of {} steps", run.step, plan.steps));
    let age = run
        .changed
        .and_then(|at| SystemTime::now().duration_since(at).ok())
        .map(|age| format!("{} ago", span(age.as_secs_f64())));
    let parts = [network, steps, age, Some(memory_size(run.bytes))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Explains why the best step may be better than the model.
const LOST: &str = "The model is that of the last step; the networks of the best step were not kept";
/// Measurements that differ by less are shown with the same digits.
const SAME: f32 = 5e-4;

/// The measurement by which networks are selected: for the model that was kept, and the best one.
struct BestStep<'a> {
    /// The title of the measurement.
    name: &'a str,
    kept: f32,
    best: f32,
}

impl<'a> BestStep<'a> {
    /// Returns that of a run with measurements.
    fn of(run: &'a Run) -> Option<Self> {
        let ((name, last), best) = (run.last.last()?, run.best?);
        let is_best_kept = run.model.as_ref().is_some_and(|model| model.ends_with("best"));
        Some(Self { name, kept: if is_best_kept { best } else { *last as f32 }, best })
    }

    /// Returns `true` if the model is not that of the best step.
    fn is_lost(&self) -> bool {
        (self.best - self.kept).abs() >= SAME
    }

    fn in_words(&self) -> String {
        let kept = format!("{} {:.3}", measurement_title(self.name), self.kept);
        if self.is_lost() { format!("{kept}, best step {:.3}", self.best) } else { kept }
    }
}

/// Returns a description of the network of a run and its training mode.
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_measurement_is_that_of_the_model_that_was_kept() {
        let dir = tempfile::tempdir().unwrap();
        let run_dir = dir.path().join("a");
        fs::create_dir_all(&run_dir).unwrap();
        let kind = RunKind::LinearProbe { windows: 3 };
        let plan = TrainingPlan { kind, run_dir: run_dir.clone(), ..TrainingPlan::of(Network::Temporal) };
        fs::write(run_dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        let words = |table: &str| {
            fs::write(run_dir.join("validation.csv"), format!("step,cross-validated top-1\n{table}")).unwrap();
            let run = Run::read(&run_dir).unwrap();
            BestStep::of(&run).map(|best| (best.in_words(), best.is_lost()))
        };
        assert_eq!(words("15,1.0\n30,0.875\n"), Some(("Cross-validated 0.875, best step 1.000".into(), true)));
        assert_eq!(words("15,0.5\n30,0.875\n"), Some(("Cross-validated 0.875".into(), false)));
        assert_eq!(words(""), None);
        fs::write(run_dir.join("validation.csv"), "step,cross-validated top-1\n15,1.0\n30,0.875\n").unwrap();
        let run = Run { model: Some(run_dir.join("best")), ..Run::read(&run_dir).unwrap() };
        assert_eq!(BestStep::of(&run).unwrap().in_words(), "Cross-validated 1.000", "the best was kept");
    }
}
