//! One figure of every source over the clip; a click seeks.

use eframe::egui::{ComboBox, RichText, Stroke, Ui, vec2};
use egui_plot::{Line, Plot, PlotPoints, Points, VLine};

use super::figure::Figure;
use super::table::number;
use crate::app::flow::state::{FlowComparison, Measures};
use crate::app::panel::PanelContext;
use crate::app::ui::format::FrameNumbers;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, plot_height, source_color, source_dot};
use crate::engine::{FlowSource, FlowStatistics, Request};
use crate::plural::counted;
use crate::video::PlayerCommand;

/// Minimum height of the plot, in points.
const HEIGHT: f32 = 190.0;
/// Maximum number of points drawn per curve.
const POINTS: usize = 2000;
/// Opacity of drafts.
const FAINT: f32 = 0.45;
/// Number of points below which each is marked.
const FEW: usize = 64;

/// Draws the choice of the figure and its curves.
pub fn curve_ui(ui: &mut Ui, figure: &mut Figure, cx: &mut PanelContext<'_>) {
    field(ui, "Metric", |ui, label| {
        let list = ComboBox::from_id_salt("figure")
            .truncate()
            .selected_text(figure.name())
            .width(190f32.min(ui.available_width()));
        let list = list.show_ui(ui, |ui| {
            for choice in Figure::ALL {
                ui.selectable_value(figure, choice, choice.name()).on_hover_text(choice.tooltip());
            }
        });
        list.response.labelled_by(label).on_hover_text(figure.tooltip());
    });
    let stride = cx.settings.flow.stride;
    let comparison = &cx.session.flow;
    let values = |source: FlowSource| (source, values(*figure, comparison.measures(source)));
    let found: Vec<_> = FlowSource::ALL.into_iter().map(values).filter(|(_, values)| !values.is_empty()).collect();
    if found.is_empty() {
        let text = if figure.needs_truth() {
            "No frames compared with ground truth yet."
        } else if comparison.is_measured() {
            "Not available for the frames measured so far."
        } else {
            "Step through the clip, or measure the whole clip."
        };
        explanation(ui, text);
    }
    means_ui(ui, comparison, &found);
    let tokens = Tokens::of(ui);
    let position = cx.session.player.position as f64;
    let last = cx.session.frames().saturating_sub(1) as f64;
    let plot = Plot::new("statistics over the clip")
        .grid_color(tokens.outline)
        .height(plot_height(ui, HEIGHT))
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .include_x(0.0)
        .include_x(last.max(1.0))
        .include_y(0.0)
        .include_y(if found.is_empty() { 1.0 } else { 0.0 })
        .set_margin_fraction(vec2(0.0, 0.06))
        .y_axis_min_width(40.0);
    let numbers = cx.settings.frame_numbers;
    let plot = plot.x_axis_formatter(move |mark, _| match mark.value.fract() {
        0.0 => numbers.number(mark.value.max(0.0) as usize).to_string(),
        _ => String::new(), // no frame is there
    });
    let plot = plot.show_x(false).show_y(false);
    let accent = tokens.accent;
    let few = found.iter().all(|(_, values)| values.len() < FEW);
    let curves: Vec<_> = found
        .iter()
        .map(|(source, values)| (comparison.name_of(*source), source_color(ui, *source), pieces(values, stride)))
        .collect();
    let drafts = FlowSource::ALL.map(|source| (source_color(ui, source), points(*figure, comparison.drafts(source))));
    let drafted: usize = FlowSource::ALL.into_iter().map(|source| comparison.drafts(source).len()).sum();
    let shown = plot.show(ui, |plot| {
        plot.vline(VLine::new("position", position).stroke(Stroke::new(1.0, accent)).allow_hover(false));
        for (color, points) in drafts {
            let points = Points::new("draft", PlotPoints::from(points)).filled(false);
            plot.points(points.color(color.gamma_multiply(FAINT)).radius(2.5).allow_hover(false));
        }
        for (name, color, pieces) in curves {
            for piece in pieces {
                if few || piece.len() == 1 {
                    let points = Points::new(name, PlotPoints::from(piece.clone()));
                    plot.points(points.color(color).radius(2.0).allow_hover(false));
                }
                plot.line(Line::new(name, PlotPoints::from(piece)).color(color).width(1.5).allow_hover(false));
            }
        }
        plot.pointer_coordinate().map(|at| at.x)
    });
    let pointed = shown.inner.map(|x| x.round().clamp(0.0, last) as usize);
    let text = pointed.map_or(String::new(), |frame| told(frame, comparison, &found, numbers));
    let response = shown.response.on_hover_text_at_pointer(text);
    if let Some(frame) = pointed.filter(|_| response.clicked()) {
        cx.send(Request::Player(PlayerCommand::SeekFrame(frame)));
    }
    if drafted > 0 {
        explanation(ui, &drafts_text(drafted));
    }
}

/// Draws the mean of every source, over their common frames, so that means are comparable, or else over its own.
fn means_ui(ui: &mut Ui, comparison: &FlowComparison, found: &[(FlowSource, Values)]) {
    let common = in_common(found);
    ui.horizontal_wrapped(|ui| {
        if !common.is_empty() {
            ui.label(RichText::new(format!("Mean over {}:", counted(common.len(), "frame"))).small());
        }
        for (source, values) in found {
            let is_meant = |frame: &usize| common.is_empty() || common.binary_search(frame).is_ok();
            let meant: Vec<f64> = values.iter().filter(|(frame, _)| is_meant(frame)).map(|(_, value)| *value).collect();
            let mean = number((meant.iter().sum::<f64>() / meant.len() as f64) as f32);
            source_dot(ui, *source);
            let over = if common.is_empty() { format!(" ({})", counted(meant.len(), "frame")) } else { String::new() };
            ui.label(RichText::new(format!("{} {mean}{over}", comparison.name_of(*source))).small());
        }
    });
}

/// Returns the frames that are measured of every source, rising.
fn in_common(found: &[(FlowSource, Values)]) -> Vec<usize> {
    let Some(((_, first), others)) = found.split_first() else { return Vec::new() };
    let has = |values: &Values, frame: usize| values.binary_search_by_key(&frame, |(other, _)| *other).is_ok();
    let is_common = |frame: &usize| others.iter().all(|(_, values)| has(values, *frame));
    first.iter().map(|(frame, _)| *frame).filter(is_common).collect()
}

/// Returns a frame and the value of every source there.
fn told(frame: usize, comparison: &FlowComparison, found: &[(FlowSource, Values)], numbers: FrameNumbers) -> String {
    let mut text = format!("frame {}", numbers.number(frame));
    for (source, values) in found {
        let value = values.iter().find(|(other, _)| *other == frame);
        let value = value.map_or("–".into(), |(_, value)| number(*value as f32));
        text += &format!("\n{} {value}", comparison.name_of(*source));
    }
    text + "\nClick to go to this frame."
}

/// Returns the explanation of the faint points.
fn drafts_text(count: usize) -> String {
    let flows = counted(count, "flow");
    format!("{flows} so far only as a draft (faint circles, in no mean). Pause there, or measure the whole clip.")
}

/// Returns the points of a figure, thinned out where there are very many.
fn points(figure: Figure, measures: &Measures) -> Vec<[f64; 2]> {
    let values = values(figure, measures);
    let step = values.len().div_ceil(POINTS).max(1);
    values.into_iter().step_by(step).map(|(frame, value)| [frame as f64, value]).collect()
}

/// The values of a figure by frame.
type Values = Vec<(usize, f64)>;

fn values(figure: Figure, measures: &Measures) -> Values {
    let value = |(frame, statistics): (&usize, &FlowStatistics)| Some((*frame, f64::from(figure.of(statistics)?)));
    measures.iter().filter_map(value).collect()
}

/// Returns the pieces of a curve: values between frames more than `stride` apart are unknown and not drawn. Very many
/// points are thinned out.
fn pieces(values: &[(usize, f64)], stride: usize) -> Vec<Vec<[f64; 2]>> {
    let step = values.len().div_ceil(POINTS).max(1);
    let pieces = values.chunk_by(|before, after| after.0 - before.0 <= stride);
    let point = |(frame, value): &(usize, f64)| [*frame as f64, *value];
    pieces.map(|piece| piece.iter().step_by(step).map(point).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_the_frames_that_all_sources_have() {
        let values = |frames: &[usize]| frames.iter().map(|frame| (*frame, 1.0)).collect::<Values>();
        let found = [(FlowSource::Tvl1, values(&[0, 1, 2, 23])), (FlowSource::Dis, values(&[2, 23, 40]))];
        assert_eq!(in_common(&found), [2, 23]);
        assert!(in_common(&[found[0].clone(), (FlowSource::Dis, values(&[7]))]).is_empty());
    }

    #[test]
    fn a_curve_has_a_gap_where_no_frame_is_measured() {
        let values = [(0, 1.0), (1, 2.0), (5, 3.0), (7, 4.0)];
        assert_eq!(pieces(&values, 1), [vec![[0.0, 1.0], [1.0, 2.0]], vec![[5.0, 3.0]], vec![[7.0, 4.0]]]);
        assert_eq!(pieces(&values, 2).len(), 2);
        let many: Vec<_> = (0..10 * POINTS).map(|frame| (frame, 0.0)).collect();
        assert_eq!(pieces(&many, 1).iter().map(Vec::len).collect::<Vec<_>>(), [POINTS]);
    }
}
