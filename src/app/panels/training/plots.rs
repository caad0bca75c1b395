//! The live curves: every loss term at every scale, and the shares that are to rise.

use std::collections::BTreeSet;

use eframe::egui::{Color32, RichText, Ui};
use egui_plot::{Line, Plot, PlotPoints};

use crate::app::curves::{Curve, Curves};
use crate::app::theme::Tokens;
use crate::app::training_state::TrainingState;
use crate::app::widgets::{legend_chip, section};

/// Height of a plot, in points.
const HEIGHT: f32 = 170.0;
/// Where a curve of zeros lies on a logarithmic axis.
const SMALLEST: f64 = 1e-9;

/// What of the curves is shown.
pub struct Plots {
    logarithmic: bool,
    hidden: BTreeSet<String>,
}

impl Default for Plots {
    fn default() -> Self {
        Self { logarithmic: true, hidden: BTreeSet::new() }
    }
}

impl Plots {
    /// Draws the curves of `training`.
    pub fn plots_ui(&mut self, ui: &mut Ui, training: &TrainingState) {
        if !training.losses.is_empty() {
            section(ui, "Loss terms by step");
            self.losses_ui(ui, &training.losses);
        }
        if !training.shares.is_empty() {
            section(ui, "Accuracy and validation by step");
            self.shares_ui(ui, &training.shares);
        }
    }

    fn losses_ui(&mut self, ui: &mut Ui, losses: &Curves) {
        let names: Vec<&str> = losses.iter().map(|(name, _)| name).collect();
        let (terms, levels) = (distinct(&names, |name| Some(split(name).0)), distinct(&names, |name| split(name).1));
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (i, term) in terms.iter().enumerate() {
                self.chip_ui(ui, term, term, series_color(ui, i));
            }
            if !levels.is_empty() {
                ui.label(RichText::new("scales").small().color(Tokens::of(ui).weak));
            }
            for level in &levels {
                let color = Tokens::of(ui).weak.gamma_multiply(level_opacity(level));
                self.chip_ui(ui, &format!("scale {level}"), level, color);
            }
            ui.checkbox(&mut self.logarithmic, "log").on_hover_text("Logarithmic axis");
        });
        let logarithmic = self.logarithmic;
        let plot = plot(ui, "losses")
            .y_axis_formatter(move |mark, _| short(if logarithmic { 10f64.powf(mark.value) } else { mark.value }));
        let lines: Vec<_> = losses
            .iter()
            .filter_map(|(name, curve)| {
                let (term, level) = split(name);
                let hidden = self.hidden.contains(term)
                    || level.is_some_and(|level| self.hidden.contains(&format!("scale {level}")));
                let index = terms.iter().position(|other| *other == term)?;
                let opacity = level.map_or(1.0, level_opacity);
                (!hidden).then(|| line(name, curve, series_color(ui, index).gamma_multiply(opacity), logarithmic))
            })
            .collect();
        plot.show(ui, |plot| lines.into_iter().for_each(|line| plot.line(line)));
    }

    fn shares_ui(&mut self, ui: &mut Ui, shares: &Curves) {
        ui.horizontal_wrapped(|ui| {
            for (i, (name, curve)) in shares.iter().enumerate() {
                self.chip_ui(ui, name, &format!("{name} {:.2}", curve.latest()), series_color(ui, i));
            }
        });
        let shown = shares.iter().enumerate().filter(|(_, (name, _))| !self.hidden.contains(*name));
        let lines: Vec<_> = shown.map(|(i, (name, curve))| line(name, curve, series_color(ui, i), false)).collect();
        plot(ui, "shares")
            .include_y(0.0)
            .include_y(1.0)
            .show(ui, |plot| lines.into_iter().for_each(|line| plot.line(line)));
    }

    fn chip_ui(&mut self, ui: &mut Ui, name: &str, text: &str, color: Color32) {
        let mut on = !self.hidden.contains(name);
        if legend_chip(ui, &mut on, color, text).on_hover_text("Show or hide").changed() {
            if on {
                self.hidden.remove(name);
            } else {
                self.hidden.insert(name.to_owned());
            }
        }
    }
}

fn plot<'a>(ui: &Ui, name: &str) -> Plot<'a> {
    Plot::new(name)
        .grid_color(Tokens::of(ui).outline)
        .height(HEIGHT)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .show_background(true)
        .set_margin_fraction(eframe::egui::vec2(0.0, 0.06))
        .y_axis_min_width(44.0)
}

fn line<'a>(name: &str, curve: &Curve, color: Color32, logarithmic: bool) -> Line<'a> {
    let scale = |y: f64| if logarithmic { y.max(SMALLEST).log10() } else { y };
    let points: PlotPoints<'_> = curve.points().iter().map(|[x, y]| [*x, scale(*y)]).collect();
    Line::new(name, points).color(color).width(1.5)
}

/// A number on an axis, with two digits.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-2..1e4).contains(&size) => {
            let decimals = (1.0 - size.log10().floor()).clamp(0.0, 3.0) as usize;
            format!("{value:.decimals$}")
        }
        _ => format!("{value:.0e}"),
    }
}

fn series_color(ui: &Ui, index: usize) -> Color32 {
    let colors = Tokens::of(ui).series();
    colors[index % colors.len()]
}

/// `pixel 2` as the term and its scale.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(' ') {
        Some((term, level)) if level.chars().all(|c| c.is_ascii_digit()) => (term, Some(level)),
        _ => (name, None),
    }
}

/// Coarser scales are fainter.
fn level_opacity(level: &str) -> f32 {
    let level: f32 = level.parse().unwrap_or(2.0);
    (1.0 - 0.15 * (level - 2.0)).clamp(0.3, 1.0)
}

fn distinct<'a>(names: &[&'a str], part: impl Fn(&'a str) -> Option<&'a str>) -> Vec<&'a str> {
    let parts: BTreeSet<_> = names.iter().filter_map(|name| part(name)).collect();
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_numbers_are_short() {
        let numbers = [0.0, 0.034, 0.25, 1.0, 12.6, 4200.0, 3e-5, 2e7];
        assert_eq!(numbers.map(short), ["0", "0.034", "0.25", "1.0", "13", "4200", "3e-5", "2e7"]);
    }

    #[test]
    fn terms_and_scales_are_told_apart() {
        assert_eq!(split("smooth 4"), ("smooth", Some("4")));
        assert_eq!(split("loss"), ("loss", None));
        assert_eq!(distinct(&["pixel 2", "ssim 2", "pixel 3", "loss"], |name| split(name).1), ["2", "3"]);
    }
}
