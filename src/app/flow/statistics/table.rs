//! The figures of the newest flow of every active source: a row for each figure, a column for each source.

use eframe::egui::{Grid, Label, RichText, ScrollArea, TextStyle, Ui};

use super::figure::Figure;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::settings::Settings;
use crate::app::ui::format::FrameNumbers;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, source_dot};
use crate::engine::{FlowSource, FlowStatistics};

/// Width of the column of names, in points.
const NAMES: f32 = 112.0;
/// Between columns, in points.
const SPACING: f32 = 12.0;
/// Room for the dot before a name, in points.
const DOT: f32 = 12.0;
/// Opacity of the scroll bar away from the pointer.
const BAR_OPACITY: f32 = 0.6;

/// The figures of one source.
struct StatisticsColumn {
    source: FlowSource,
    /// Name of the source.
    name: String,
    /// Heading of its column: its name, or the short name if not all columns fit.
    head: String,
    /// Its name, noting whether the temporal stream reads it.
    entry: String,
    statistics: Option<FlowStatistics>,
    /// First frame and stride of the measured pair.
    pair: Option<[usize; 2]>,
    /// `true` if the values are those of a draft.
    is_draft: bool,
}

impl StatisticsColumn {
    fn of(source: FlowSource, cx: &PanelContext<'_>) -> Self {
        let session = &cx.session;
        let diagnostics = session.flow.source(source).diagnostics.as_ref();
        let statistics = diagnostics.map(|diagnostics| {
            // The ground truth is not compared with itself.
            let errors = diagnostics.statistics.errors.filter(|_| source != FlowSource::Truth);
            FlowStatistics { errors, ..diagnostics.statistics }
        });
        let pair = diagnostics.map(|diagnostics| [diagnostics.frame, diagnostics.stride]);
        let is_draft = diagnostics.is_some_and(|diagnostics| diagnostics.is_draft);
        let (name, entry) = (session.flow.name_of(source).to_owned(), session.flow.entry_of(source));
        Self { source, head: name.clone(), name, entry, statistics, pair, is_draft }
    }

    /// Returns `true` if it was compared with a ground truth.
    fn is_compared(&self) -> bool {
        self.statistics.is_some_and(|statistics| statistics.errors.is_some())
    }
}

/// Draws the table.
pub fn table_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let session = &cx.session;
    let sources = measured_sources(cx.session, cx.settings);
    let mut columns: Vec<StatisticsColumn> = sources.iter().map(|source| StatisticsColumn::of(*source, cx)).collect();
    if natural_width(ui, &columns) > ui.available_width() {
        for column in &mut columns {
            column.head = session.flow.short_name_of(column.source).to_owned();
        }
    }
    let in_view = pair_in_view(session, cx.settings.flow.stride);
    let truth = cx.settings.flow.truth.is_some() || columns.iter().any(StatisticsColumn::is_compared);
    // Shows that a column is cut off.
    ui.spacing_mut().scroll.dormant_handle_opacity = BAR_OPACITY;
    ScrollArea::horizontal().show(ui, |ui| {
        Grid::new("figures").striped(true).spacing([SPACING, 3.0]).min_row_height(20.0).show(ui, |ui| {
            head_ui(ui, &columns, in_view, cx.settings.frame_numbers);
            for figure in Figure::ALL.into_iter().filter(|figure| truth || !figure.needs_truth()) {
                row_ui(ui, figure, &columns, in_view);
            }
            cost_ui(ui, &sources, session);
        });
    });
    if let Some(remark) = harm_remark(&columns) {
        ui.add(Label::new(RichText::new(remark).small().color(Tokens::of(ui).warning)).wrap());
    }
    for remark in truth_remark(cx, &columns).into_iter().chain(session.flow.stream_remark()) {
        explanation(ui, &remark);
    }
    if sources.len() == 1 {
        explanation(ui, "Enable more sources in the Flow panel to compare them.");
    }
}

/// Returns how wide the table is with the names of `columns` in full, in points.
fn natural_width(ui: &Ui, columns: &[StatisticsColumn]) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    let color = Tokens::of(ui).strong;
    let of = |column: &StatisticsColumn| ui.painter().layout_no_wrap(column.name.clone(), font.clone(), color).size().x;
    NAMES + columns.iter().map(|column| SPACING + DOT + of(column)).sum::<f32>()
}

/// Returns the first frame and the stride of the pair in view: MotionNet's newest, otherwise the player's.
fn pair_in_view(session: &Session, stride: usize) -> [usize; 2] {
    match &session.flow.source(FlowSource::Network).flow {
        Some(flow) => [flow.frame, flow.stride],
        None => [session.player.position, stride],
    }
}

/// Returns a remark on sources that explain the second picture worse than no flow does. Drafts are not judged.
fn harm_remark(columns: &[StatisticsColumn]) -> Option<String> {
    let ratio = Figure::PhotometricRatio;
    let is_harmful = |column: &&StatisticsColumn| {
        let value = column.statistics.as_ref().and_then(|statistics| ratio.of(statistics));
        value.is_some_and(|value| ratio.is_worse_than_no_motion(value))
    };
    let judged = columns.iter().filter(|column| !column.is_draft);
    let names: Vec<&str> = judged.filter(is_harmful).map(|column| column.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("Worse than no motion (ratio above 1): {}", names.join(", ")))
}

/// Returns the reason why there are no errors, if there are none.
fn truth_remark(cx: &PanelContext<'_>, columns: &[StatisticsColumn]) -> Option<String> {
    if columns.iter().any(StatisticsColumn::is_compared) {
        return None;
    }
    if cx.settings.flow.truth.is_none() {
        return Some("EPE, AAE and Fl need ground truth. Choose it in the Flow panel.".into());
    }
    if let Some(error) = &cx.session.flow.source(FlowSource::Truth).unavailable {
        return Some(format!("Ground truth unavailable: {error}"));
    }
    if columns.iter().all(|column| column.statistics.is_none()) {
        return None; // It is not known yet.
    }
    if cx.settings.flow.stride > 1 {
        return Some("Ground truth is for adjacent frames. Set the stride to 1 to compare.".into());
    }
    // Values of the last frame that was compared are better than none, even if it is not the latest possible one.
    let last = |source: FlowSource| {
        let measures = cx.session.flow.measures(source).iter().rev();
        measures.filter(|(_, statistics)| statistics.errors.is_some()).map(|(frame, _)| *frame).next()
    };
    Some(match FlowSource::ALL.into_iter().filter_map(last).max() {
        Some(frame) => {
            let frame = cx.settings.frame_numbers.number(frame);
            format!("No ground truth for this frame. Last compared: frame {frame}.")
        }
        None => "No ground truth for this frame.".into(),
    })
}

/// Draws the names of the sources, and the frame of each column.
fn head_ui(ui: &mut Ui, columns: &[StatisticsColumn], in_view: [usize; 2], numbers: FrameNumbers) {
    let tokens = Tokens::of(ui);
    ui.label("");
    for column in columns {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            source_dot(ui, column.source);
            let frame = column.pair.map_or("not measured yet".into(), |[frame, stride]| {
                let other = if [frame, stride] == in_view { "" } else { ", not the current pair" };
                let draft = if column.is_draft { ", a draft" } else { "" };
                format!("frame {} → {}{other}{draft}", numbers.number(frame), numbers.number(frame + stride))
            });
            let color = if column.pair.is_none_or(|pair| pair == in_view) { tokens.strong } else { tokens.weak };
            ui.label(RichText::new(&column.head).small().color(color))
                .on_hover_text(format!("{}\n{frame}", column.entry));
        });
    }
    ui.end_row();
}

/// Draws a figure of all sources; values of another pair than the one in view, and drafts, are dim and not ranked.
fn row_ui(ui: &mut Ui, figure: Figure, columns: &[StatisticsColumn], in_view: [usize; 2]) {
    let value = |column: &StatisticsColumn| figure.of(column.statistics.as_ref()?);
    let is_judged = |column: &StatisticsColumn| column.pair == Some(in_view) && !column.is_draft;
    let comparable = |column: &StatisticsColumn| value(column).filter(|_| is_judged(column));
    name_ui(ui, figure.name(), figure.tooltip());
    let best = figure.best(&columns.iter().map(comparable).collect::<Vec<_>>());
    for (i, column) in columns.iter().enumerate() {
        let text = value(column).map_or("–".into(), number);
        let is_harmful = value(column).is_some_and(|value| figure.is_worse_than_no_motion(value));
        let tooltip = format!("{}, {}: {text}", column.name, figure.name());
        let rank = match column.pair {
            Some(_) if !is_judged(column) => Rank::Elsewhere,
            _ if is_harmful => Rank::Harmful,
            _ if best == Some(i) => Rank::Best,
            _ => Rank::Plain,
        };
        value_ui(ui, &text, rank, &tooltip);
    }
    ui.end_row();
}

fn cost_ui(ui: &mut Ui, sources: &[FlowSource], session: &Session) {
    let millis = |source: &FlowSource| {
        let state = session.flow.source(*source);
        state.flow.as_ref().filter(|flow| flow.millis > 0.0).map(|_| state.millis)
    };
    let costs: Vec<Option<f32>> = sources.iter().map(millis).collect();
    for (name, tooltip, of) in [
        ("Time per pair (ms)", "Mean time of the latest flows", (|millis| millis) as fn(f32) -> f32),
        ("Speed (fps)", "Flows per second", |millis| 1000.0 / millis),
    ] {
        name_ui(ui, name, tooltip);
        for (millis, source) in costs.iter().zip(sources) {
            let text = millis.map_or("–".into(), |millis| number(of(millis)));
            value_ui(ui, &text, Rank::Plain, &format!("{}, {name}: {text}", session.flow.name_of(*source)));
        }
        ui.end_row();
    }
}

fn name_ui(ui: &mut Ui, name: &str, tooltip: &str) {
    let text = RichText::new(name).small().color(Tokens::of(ui).weak);
    ui.scope(|ui| {
        ui.set_max_width(NAMES);
        ui.add(Label::new(text).wrap()).on_hover_text(tooltip);
    });
}

/// Rank of a number within its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Best,
    Plain,
    /// The flow explains the second picture worse than no flow does.
    Harmful,
    /// A value of another pair of frames.
    Elsewhere,
}

fn value_ui(ui: &mut Ui, text: &str, rank: Rank, tooltip: &str) {
    let tokens = Tokens::of(ui);
    let (color, remark) = match rank {
        Rank::Best => (tokens.good, " (best)"),
        Rank::Plain => (tokens.text, ""),
        Rank::Harmful => (tokens.warning, " (worse than no motion)"),
        Rank::Elsewhere => (tokens.weak, " (from another frame pair)"),
    };
    let text = RichText::new(text).text_style(TextStyle::Monospace).color(color);
    ui.label(text).on_hover_text(format!("{tooltip}{remark}"));
}

/// Formats a number with three significant digits.
pub fn number(value: f32) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Returns the sources whose figures are computed.
pub fn measured_sources(session: &Session, settings: &Settings) -> Vec<FlowSource> {
    let works = |source: FlowSource| session.flow.source(source).unavailable.is_none();
    let is_on = |source: &FlowSource| works(*source) && settings.views.is_on(*source, &settings.flow);
    FlowSource::ALL.into_iter().filter(is_on).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([0.0, 0.0123, 1.5, 12.34, 1234.0].map(number), ["0.000", "0.012", "1.50", "12.3", "1234"]);
    }
}
