//! One figure of every source over the clip; a click seeks.

use eframe::egui::{ComboBox, Stroke, Ui, vec2};
use egui_plot::{Line, Plot, PlotPoints, Points, VLine};

use super::figure::Figure;
use crate::app::actions::PanelContext;
use crate::app::lab_state::Measures;
use crate::app::theme::Tokens;
use crate::app::widgets::{explanation, field, source_color};
use crate::engine::{FlowSource, Request};
use crate::video::PlayerCommand;

/// Height of the plot, in points.
const HEIGHT: f32 = 190.0;
/// Most points of a curve that are drawn.
const POINTS: usize = 2000;

/// Curves of fewer points show each of them.
const FEW: usize = 64;

/// Draws the choice of the figure and its curves.
pub fn curve_ui(ui: &mut Ui, figure: &mut Figure, cx: &mut PanelContext<'_>) {
    field(ui, "Figure", |ui, label| {
        let list = ComboBox::from_id_salt("figure")
            .truncate()
            .selected_text(figure.full_name())
            .width(190f32.min(ui.available_width()));
        let list = list.show_ui(ui, |ui| {
            for choice in Figure::ALL {
                ui.selectable_value(figure, choice, choice.full_name()).on_hover_text(choice.tooltip());
            }
        });
        list.response.labelled_by(label).on_hover_text(figure.tooltip());
    });
    let curve = |source: FlowSource| (source, points(*figure, cx.session.lab.measures(source)));
    let curves = FlowSource::ALL.into_iter().map(curve).filter(|(_, points)| !points.is_empty());
    let curves: Vec<(FlowSource, Vec<[f64; 2]>)> = curves.collect();
    if curves.is_empty() {
        let text = if figure.needs_truth() {
            "No frame has been compared with a ground truth yet."
        } else {
            "Step through the clip, or measure it whole."
        };
        explanation(ui, text);
    }
    let tokens = Tokens::of(ui);
    let position = cx.session.player.position as f64;
    let last = cx.session.frames().saturating_sub(1) as f64;
    let plot = Plot::new("figures over the clip")
        .grid_color(tokens.outline)
        .height(HEIGHT)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .include_x(0.0)
        .include_x(last.max(1.0))
        .include_y(0.0)
        .set_margin_fraction(vec2(0.0, 0.06))
        .y_axis_min_width(40.0);
    let accent = tokens.accent;
    let colored = |(source, points)| (source, points, source_color(ui, source));
    let curves: Vec<_> = curves.into_iter().map(colored).collect();
    let shown = plot.show(ui, |plot| {
        plot.vline(VLine::new("position", position).stroke(Stroke::new(1.0, accent)).allow_hover(false));
        for (source, points, color) in curves {
            if points.len() < FEW {
                plot.points(Points::new(source.name(), PlotPoints::from(points.clone())).color(color).radius(2.0));
            }
            plot.line(Line::new(source.name(), PlotPoints::from(points)).color(color).width(1.5));
        }
        plot.pointer_coordinate().map(|at| at.x)
    });
    let response = shown.response.on_hover_text("Frames from left to right; a click goes there");
    if let Some(x) = shown.inner.filter(|_| response.clicked()) {
        let frame = x.round().clamp(0.0, last) as usize;
        cx.send(Request::Player(PlayerCommand::SeekFrame(frame)));
    }
}

/// The values by frame, thinned out if there are very many.
fn points(figure: Figure, measures: &Measures) -> Vec<[f64; 2]> {
    let step = measures.len().div_ceil(POINTS).max(1);
    let thinned = measures.iter().step_by(step);
    thinned.filter_map(|(frame, statistics)| Some([*frame as f64, f64::from(figure.of(statistics)?)])).collect()
}
