//! Runs side by side: a curve of each over the others, and the settings in which they differ.

use std::path::PathBuf;

use eframe::egui::{ComboBox, Grid, Label, RichText, ScrollArea, Ui};
use egui_plot::{Legend, Line, Plot, PlotPoints};

use crate::app::tasks::Background;
use crate::app::training::curve_names::curve_title;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, plot_height, section};
use crate::training::TrainingPlan;
use crate::training::runs::{self, Run, RunCurves, SettingDifference};

/// Minimum height of the plot, in points.
const HEIGHT: f32 = 200.0;
/// Maximum number of points drawn per curve.
const POINTS: usize = 2000;

/// A run's name and curves.
type NamedCurves = (String, RunCurves);

/// The curves of the ticked runs and the selected one.
#[derive(Default)]
pub(super) struct RunComparison {
    curves: Background<(Vec<PathBuf>, usize), Vec<NamedCurves>>,
    shown: Option<String>,
}

impl RunComparison {
    /// Takes the curves that were read.
    pub fn receive(&mut self) {
        self.curves.receive();
    }

    /// Returns `true` if curves were read.
    #[cfg(test)]
    pub fn has_curves(&self) -> bool {
        self.curves.value().is_some_and(|curves| curves.iter().any(|(_, curves)| !curves.is_empty()))
    }

    /// Draws the ticked runs; `edition` changes when their files may have.
    pub fn comparison_ui(&mut self, ui: &mut Ui, runs: &[&Run], edition: usize) {
        section(ui, "Comparison");
        if runs.is_empty() {
            return explanation(ui, "Select runs to compare their curves and settings.");
        }
        let dirs: Vec<PathBuf> = runs.iter().map(|run| run.dir.clone()).collect();
        let key = (dirs, edition);
        if !self.curves.is_of(&key) {
            let named: Vec<_> = runs.iter().map(|run| (run.name.clone(), run.dir.clone())).collect();
            let read = move || named.into_iter().map(|(name, dir)| (name, runs::curves(&dir))).collect();
            self.curves.ask(key, ui.ctx(), read);
        }
        self.plot_ui(ui);
        let plans: Vec<(&Run, &TrainingPlan)> =
            runs.iter().filter_map(|run| Some((*run, run.plan.as_ref()?))).collect();
        if plans.len() > 1 {
            differences_ui(ui, &plans);
        }
    }

    fn plot_ui(&mut self, ui: &mut Ui) {
        let curves = self.curves.value().map_or(&[][..], Vec::as_slice);
        let mut names: Vec<&String> = curves.iter().flat_map(|(_, curves)| curves.keys()).collect();
        names.sort();
        names.dedup();
        // The most important of the available curves.
        let usual = [
            "validation fused top-1",
            "validation fused cross-validated top-1",
            "validation top-1",
            "validation cross-validated top-1",
            "loss",
        ];
        let usual = usual.into_iter().find(|usual| names.iter().any(|name| name == usual));
        let known = self.shown.clone().filter(|shown| names.contains(&shown));
        let Some(mut shown) = known.or_else(|| usual.map(str::to_owned)) else {
            return explanation(ui, "The selected runs have no curves yet.");
        };
        field(ui, "Curve", |ui, label| {
            let list =
                ComboBox::from_id_salt("curve").selected_text(curve_title(&shown)).width(200.0).show_ui(ui, |ui| {
                    for name in names {
                        ui.selectable_value(&mut shown, name.clone(), curve_title(name));
                    }
                });
            list.response.labelled_by(label);
        });
        let colors = Tokens::of(ui).series();
        let plot = Plot::new("runs")
            .height(plot_height(ui, HEIGHT))
            .grid_color(Tokens::of(ui).outline)
            .legend(Legend::default())
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .y_axis_min_width(44.0);
        // The same axis for all, even if a curve is flat.
        let is_share = shown == "accuracy" || shown.starts_with("validation");
        let plot = if is_share { plot.include_y(0.0).include_y(1.0) } else { plot };
        plot.show(ui, |plot| {
            for (place, (name, curves)) in curves.iter().enumerate() {
                let Some(points) = curves.get(&shown) else { continue };
                let every = points.len().div_ceil(POINTS).max(1);
                let points: PlotPoints<'_> = points.iter().step_by(every).copied().collect();
                plot.line(Line::new(name, points).color(colors[place % colors.len()]).width(1.5));
            }
        });
        self.shown = Some(shown);
    }
}

fn differences_ui(ui: &mut Ui, runs: &[(&Run, &TrainingPlan)]) {
    let tokens = Tokens::of(ui);
    let plans: Vec<&TrainingPlan> = runs.iter().map(|(_, plan)| *plan).collect();
    let differences = Run::differences(&plans);
    if differences.is_empty() {
        return explanation(ui, "The selected runs have the same settings.");
    }
    ScrollArea::horizontal().id_salt("differences").show(ui, |ui| {
        Grid::new("differences").striped(true).spacing([14.0, 4.0]).show(ui, |ui| {
            ui.label(RichText::new("Setting").small().color(tokens.weak));
            for (run, _) in runs {
                ui.label(RichText::new(&run.name).small().color(tokens.weak));
            }
            ui.end_row();
            for SettingDifference { key, values } in differences {
                ui.label(RichText::new(key).small());
                for value in values {
                    let short = if value.is_empty() { "–" } else { &value };
                    let label = Label::new(RichText::new(short).small().color(tokens.strong)).truncate();
                    ui.scope(|ui| {
                        ui.set_max_width(180.0);
                        ui.add(label).on_hover_text(&value);
                    });
                }
                ui.end_row();
            }
        });
    });
}
