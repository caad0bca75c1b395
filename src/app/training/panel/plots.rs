//! The live curves: every loss term at every scale, and the shares that are to rise.

use std::collections::{BTreeMap, BTreeSet};

use eframe::egui::{Color32, Grid, PopupAnchor, Rect, RichText, Slider, TextStyle, Tooltip, Ui, vec2};
use egui_plot::{GridInput, GridMark, Line, LineStyle, Plot, PlotPoint, PlotPoints, PlotUi, Points, VLine};
use image::RgbImage;

use crate::app::training::curve_names::{curve_title, scale_title, split};
use crate::app::training::run_curves::RunCurves;
use crate::app::training::state::TrainingState;
use crate::app::ui::curves::{Curve, CurveState, Curves};
use crate::app::ui::off_screen;
use crate::app::ui::theme::{SECTION_GAP, Tokens};
use crate::app::ui::widgets::{legend_chip, plot_height, section};
use crate::training::Network;

/// Least height of a plot, in points.
const HEIGHT: f32 = 170.0;
/// Height of a plot in a picture, in points.
const PICTURE_HEIGHT: f32 = 340.0;
/// The curve that is no share: at 1 the flow explains as much as none at all.
const RATIO: &str = "validation photometric ratio";
/// Where a curve of zeros is on a logarithmic axis.
const SMALLEST: f64 = 1e-9;

/// What of the curves is shown.
#[derive(Clone)]
pub struct Plots {
    logarithmic: bool,
    /// Share of the smoothed value before in the one after it, 0 for the curves as they are.
    smoothing: f64,
    hidden: BTreeSet<String>,
    /// Whether there is something to be set.
    interactive: bool,
    /// Whose curves are shown of several runs in turn; none for the newest.
    run: Option<Network>,
    /// The curves of the losses and those of the shares as they are drawn, by name.
    drawn: [DrawnCurves; 2],
}

/// Curves as they are drawn.
type DrawnCurves = BTreeMap<String, DrawnCurve>;

/// A curve as it is drawn, kept until it grows or is shown in another way.
#[derive(Clone, Default)]
struct DrawnCurve {
    of: Option<(CurveState, f64, bool)>,
    points: Vec<PlotPoint>,
}

impl DrawnCurve {
    fn follow(&mut self, curve: &Curve, smoothing: f64, logarithmic: bool) {
        let of = Some((curve.state(), smoothing, logarithmic));
        if self.of != of {
            let scale = |y: f64| if logarithmic { y.max(SMALLEST).log10() } else { y };
            self.of = of;
            self.points.clear();
            self.points.extend(smoothed(curve.points(), smoothing).map(|[x, y]| PlotPoint::new(x, scale(y))));
        }
    }
}

/// Brings what is drawn of `curves` up to date.
fn follow(drawn: &mut DrawnCurves, curves: &Curves, smoothing: f64, logarithmic: bool) {
    drawn.retain(|name, _| curves.get(name).is_some());
    for (name, curve) in curves.iter() {
        match drawn.get_mut(name) {
            Some(drawn) => drawn.follow(curve, smoothing, logarithmic),
            None => drawn.entry(name.to_owned()).or_default().follow(curve, smoothing, logarithmic),
        }
    }
}

impl Default for Plots {
    fn default() -> Self {
        Self {
            logarithmic: true,
            smoothing: 0.0,
            hidden: BTreeSet::new(),
            interactive: true,
            run: None,
            drawn: Default::default(),
        }
    }
}

/// The step under the pointer, in every plot at once.
#[derive(Default)]
pub struct Cursor {
    shown: Option<f64>,
    next: Option<f64>,
    /// The first and last step of every plot.
    steps: Option<[f64; 2]>,
}

impl Cursor {
    /// Takes over what was pointed at when the plots were drawn last.
    pub fn begin(&mut self) {
        self.shown = self.next.take();
    }

    /// Shows `plot` with what `build` adds, the step that is pointed at, and, under the pointer, what `curves` were then.
    pub fn show<'a>(
        &mut self,
        ui: &mut Ui,
        plot: Plot<'a>,
        curves: &[(&str, &Curve)],
        build: impl FnOnce(&mut PlotUi<'a>) + 'a,
    ) {
        let (shown, color) = (self.shown, Tokens::of(ui).weak);
        let plot = self.steps.into_iter().flatten().fold(plot, Plot::include_x);
        let drawn = plot.show(ui, move |plot| {
            build(plot);
            if let Some(step) = shown {
                plot.add(VLine::new("step", step).color(color).width(1.0).allow_hover(false));
            }
            plot.pointer_coordinate()
        });
        let Some(at) = drawn.inner.filter(|_| drawn.response.hovered()) else { return };
        let nearest = |a: &f64, b: &f64| (a - at.x).abs().total_cmp(&(b - at.x).abs());
        let steps = curves.iter().filter_map(|(_, curve)| curve.near(at.x)).map(|point| point[0]);
        let Some(step) = steps.min_by(nearest) else { return };
        self.next = Some(step);
        // At once, unlike the tooltips of buttons.
        let (ctx, layer) = (ui.ctx().clone(), ui.layer_id());
        let read_out = Tooltip::always_open(ctx, layer, drawn.response.id, PopupAnchor::Pointer).gap(14.0);
        read_out.show(|ui| read_out_ui(ui, curves, step));
    }
}

/// The values of the curves at a step: of those that are measured less often the one before.
fn read_out_ui(ui: &mut Ui, curves: &[(&str, &Curve)], step: f64) {
    ui.label(RichText::new(format!("Step {step:.0}")).strong());
    let small = |text: &str| RichText::new(text).text_style(TextStyle::Small);
    Grid::new("read-out").spacing([12.0, 1.0]).min_row_height(13.0).show(ui, |ui| {
        for (name, curve) in curves {
            if let Some([_, value]) = curve.up_to(step) {
                ui.label(small(&curve_title(name)));
                ui.label(small(&precise(value)));
                ui.end_row();
            }
        }
    });
}

impl Plots {
    /// Draws the curves of `training`.
    pub fn plots_ui(&mut self, ui: &mut Ui, training: &TrainingState, cursor: &mut Cursor) {
        if self.interactive {
            self.run_ui(ui, training);
        }
        let run = training.curves_of(self.run);
        cursor.steps = run.steps();
        if !run.losses.is_empty() {
            section(ui, "Loss terms by step");
            self.losses_ui(ui, run, cursor);
        }
        if !run.shares.is_empty() {
            follow(&mut self.drawn[1], run.shares, self.smoothing, false);
        }
        let (ratio, accuracies): (Vec<_>, Vec<_>) = run.shares.iter().partition(|(name, _)| *name == RATIO);
        if !accuracies.is_empty() {
            section(ui, "Accuracy by step");
            self.shares_ui(ui, run, &accuracies, cursor);
        }
        if !ratio.is_empty() {
            section(ui, "Photometric ratio by step (1: no better than no motion)");
            self.shares_ui(ui, run, &ratio, cursor);
        }
    }

    /// Chooses whose curves are shown, where several runs have some.
    fn run_ui(&mut self, ui: &mut Ui, training: &TrainingState) {
        let runs: Vec<Network> = training.curves_by_run().iter().filter_map(|run| run.network).collect();
        if runs.len() < 2 {
            self.run = None;
            return;
        }
        let shown = training.curves_of(self.run).network;
        ui.add_space(SECTION_GAP);
        ui.horizontal_wrapped(|ui| {
            ui.label("Curves of");
            for network in &runs {
                let text = network.name().to_lowercase();
                if ui.selectable_label(shown == Some(*network), text).clicked() {
                    // The newest is followed by the next one.
                    self.run = Some(*network).filter(|network| runs.last() != Some(network));
                }
            }
        });
    }

    /// A picture of the curves as they are shown, larger.
    pub fn picture(&self, training: &TrainingState, dark: bool) -> RgbImage {
        let mut plots = Self { interactive: false, ..self.clone() };
        let shares = training.curves_of(self.run).shares;
        let kinds = [shares.get(RATIO).is_some(), shares.iter().any(|(name, _)| name != RATIO)];
        let size = vec2(960.0, 440.0 + 420.0 * kinds.into_iter().filter(|is_there| *is_there).count() as f32);
        off_screen::picture(size, dark, |ui| plots.plots_ui(ui, training, &mut Cursor::default()))
    }

    fn losses_ui(&mut self, ui: &mut Ui, run: RunCurves<'_>, cursor: &mut Cursor) {
        let losses = run.losses;
        let names: Vec<&str> = losses.iter().map(|(name, _)| name).collect();
        let (terms, levels) = (distinct(&names, |name| Some(split(name).0)), distinct(&names, |name| split(name).1));
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (i, term) in terms.iter().enumerate() {
                self.chip_ui(ui, term, &curve_title(term), series_color(ui, i));
            }
            if !levels.is_empty() {
                ui.label(RichText::new("scales").small().color(Tokens::of(ui).weak));
            }
            for level in &levels {
                let color = Tokens::of(ui).weak.gamma_multiply(level_opacity(level));
                let scale = level.parse().map_or_else(|_| (*level).to_owned(), scale_title);
                self.chip_ui(ui, &format!("scale {level}"), &scale, color);
            }
        });
        if self.interactive {
            self.scale_ui(ui);
        }
        if self.is_out_of_view(ui) {
            return;
        }
        let logarithmic = self.logarithmic;
        follow(&mut self.drawn[0], losses, self.smoothing, logarithmic);
        let plot = plot(ui, "losses", self.height(ui))
            .y_axis_formatter(move |mark, _| short(if logarithmic { 10f64.powf(mark.value) } else { mark.value }));
        let shown = |name: &&str| {
            let (term, level) = split(name);
            !self.hidden.contains(term) && !level.is_some_and(|level| self.hidden.contains(&format!("scale {level}")))
        };
        let lines: Vec<_> = losses
            .iter()
            .filter(|(name, _)| shown(name))
            .filter_map(|(name, _)| {
                let (term, level) = split(name);
                let index = terms.iter().position(|other| *other == term)?;
                let opacity = level.map_or(1.0, level_opacity);
                DrawnLine::of(&self.drawn[0], name, series_color(ui, index).gamma_multiply(opacity))
            })
            .collect();
        let (returns, named) = (returns(ui, run), losses.iter().collect::<Vec<_>>());
        cursor.show(ui, plot, &named, |plot| {
            returns.into_iter().for_each(|line| plot.add(line));
            lines.into_iter().for_each(|line| line.draw(plot));
        });
    }

    /// Keeps the place of the next plot free where the scroll area does not show it; whether that is so.
    fn is_out_of_view(&self, ui: &mut Ui) -> bool {
        let place = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), self.height(ui)));
        let is_out = self.interactive && !ui.is_rect_visible(place);
        if is_out {
            ui.allocate_space(place.size());
        }
        is_out
    }

    fn height(&self, ui: &Ui) -> f32 {
        if self.interactive { plot_height(ui, HEIGHT) } else { PICTURE_HEIGHT }
    }

    /// How the loss curves are drawn.
    fn scale_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.checkbox(&mut self.logarithmic, "log").on_hover_text("Logarithmic axis");
            let label = ui.label(RichText::new("Smoothing").small().color(Tokens::of(ui).weak));
            ui.spacing_mut().slider_width = 90.0;
            ui.add(Slider::new(&mut self.smoothing, 0.0..=0.99).max_decimals(2))
                .labelled_by(label.id)
                .on_hover_text("Exponential moving average of the curves (read-out is unsmoothed)");
        });
    }

    /// Draws some of the shares, all over the same axis.
    fn shares_ui(&mut self, ui: &mut Ui, run: RunCurves<'_>, shares: &[(&str, &Curve)], cursor: &mut Cursor) {
        ui.horizontal_wrapped(|ui| {
            for (i, (name, curve)) in shares.iter().enumerate() {
                let (title, latest) = (curve_title(name), curve.latest());
                let text = if latest.is_finite() { format!("{title} {latest:.2}") } else { title };
                self.chip_ui(ui, name, &text, series_color(ui, i));
            }
        });
        if self.is_out_of_view(ui) {
            return;
        }
        let is_ratio = shares.iter().any(|(name, _)| *name == RATIO);
        let shown = shares.iter().enumerate().filter(|(_, (name, _))| !self.hidden.contains(*name));
        let lines: Vec<_> =
            shown.filter_map(|(i, (name, _))| DrawnLine::of(&self.drawn[1], name, series_color(ui, i))).collect();
        let returns = returns(ui, run);
        let plot = plot(ui, if is_ratio { "ratio" } else { "shares" }, self.height(ui)).include_y(1.0);
        let plot = if is_ratio { plot } else { plot.include_y(0.0) };
        cursor.show(ui, plot, shares, |plot| {
            returns.into_iter().for_each(|line| plot.add(line));
            lines.into_iter().for_each(|line| line.draw(plot));
        });
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

/// The line of a curve, or the dot of one that has a single point.
struct DrawnLine<'a> {
    name: &'a str,
    points: &'a [PlotPoint],
    color: Color32,
}

impl<'a> DrawnLine<'a> {
    fn of(drawn: &'a DrawnCurves, name: &str, color: Color32) -> Option<Self> {
        let (name, curve) = drawn.get_key_value(name)?;
        Some(Self { name, points: &curve.points, color })
    }

    fn draw(self, plot: &mut PlotUi<'a>) {
        let Self { name, points, color } = self;
        match points {
            [_] => plot.points(Points::new(name, PlotPoints::Borrowed(points)).color(color).radius(3.0)),
            _ => plot.line(Line::new(name, PlotPoints::Borrowed(points)).color(color).width(1.5)),
        }
    }
}

/// Dashed lines at the steps that the run went back to.
fn returns(ui: &Ui, run: RunCurves<'_>) -> Vec<VLine> {
    let color = Tokens::of(ui).warning;
    let line = |step: &usize| {
        let line = VLine::new("rolled back", *step as f64).color(color).style(LineStyle::dashed_dense());
        line.allow_hover(false)
    };
    run.returns.iter().map(line).collect()
}

/// The exponential moving average of the points' values, in which the first ones count as much as they should.
fn smoothed(points: &[[f64; 2]], share: f64) -> impl Iterator<Item = [f64; 2]> {
    points.iter().scan((0.0, 0.0), move |(sum, weight), [x, y]| {
        (*sum, *weight) = (*sum * share + y, *weight * share + 1.0);
        Some([*x, *sum / *weight])
    })
}

pub(super) fn plot<'a>(ui: &Ui, name: &str, height: f32) -> Plot<'a> {
    Plot::new(name)
        .grid_color(Tokens::of(ui).outline)
        .height(height)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .show_background(true)
        .x_grid_spacer(few_steps)
        .set_margin_fraction(vec2(0.0, 0.06))
        .y_axis_min_width(44.0)
}

/// Intervals of an axis of steps, about.
const INTERVALS: f64 = 5.0;

/// Returns marks at round steps, about five of them however few steps there are: the plot's own are powers of ten.
fn few_steps(input: GridInput) -> Vec<GridMark> {
    let (first, last) = input.bounds;
    let least = ((last - first) / INTERVALS).max(1.0);
    let power = 10f64.powf(least.log10().floor());
    let step_size = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least);
    let step_size = step_size.unwrap_or(10.0 * power).max(1.0);
    let places = (first / step_size).ceil() as i64..=(last / step_size).floor() as i64;
    places.map(|place| GridMark { value: place as f64 * step_size, step_size }).collect()
}

/// A value to be read, with four digits.
pub(super) fn precise(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e5).contains(&size) => {
            let decimals = (3.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
            format!("{value:.decimals$}")
        }
        _ => format!("{value:.3e}"),
    }
}

/// A number on an axis, with two digits.
pub(super) fn short(value: f64) -> String {
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
    fn an_axis_of_steps_has_a_few_round_marks() {
        let marks = |first: f64, last: f64| -> Vec<f64> {
            few_steps(GridInput { bounds: (first, last), base_step_size: 1.0 }).iter().map(|mark| mark.value).collect()
        };
        assert_eq!(marks(1.0, 120.0), [50.0, 100.0]);
        assert_eq!(marks(0.0, 200.0), [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert_eq!(marks(1.0, 4.0), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(marks(1.0, 1.0), [1.0]);
    }

    #[test]
    fn smoothing_begins_at_the_first_value() {
        let points = [[1.0, 4.0], [2.0, 0.0], [3.0, 0.0]];
        let values = |share| smoothed(&points, share).map(|point| point[1]).collect::<Vec<_>>();
        assert_eq!(values(0.0), [4.0, 0.0, 0.0]);
        assert_eq!(values(0.5), [4.0, 2.0 / 1.5, 1.0 / 1.75]);
        assert_eq!([0.0, 0.012345, 1.25, 12345.6, 3e-7].map(precise), ["0", "0.01235", "1.250", "12346", "3.000e-7"]);
    }

    #[test]
    fn scales_are_listed_once() {
        assert_eq!(distinct(&["pixel 2", "ssim 2", "pixel 3", "loss"], |name| split(name).1), ["2", "3"]);
    }
}
