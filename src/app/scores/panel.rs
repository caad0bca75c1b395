//! What the streams recognise: in the whole clip as the headline, in the current window with one row of bars per class, and the
//! fusion, which re-scores without inference.

use eframe::egui::{
    Align2, Color32, ComboBox, FontId, Label, Rect, RichText, Role, ScrollArea, Sense, Slider, TextStyle, Ui,
    WidgetInfo, pos2, vec2,
};

use super::clip_answer::{ClipAnswer, clip_answer_ui};
use crate::app::command::Command;
use crate::app::flow::state::FlowComparison;
use crate::app::labeling::chip::model_class_color;
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::ui::theme::{SECTION_GAP, Tokens};
use crate::app::ui::widgets::{empty_state, explanation, field, section, source_color};
use crate::engine::{Analysis, FlowSource, FlowStack, ModelInfo, Scores};
use crate::nets::fusion::{self, Doubt, Fusion, FusionRule, NO_CLASS};
use crate::plural::counted;
use crate::ranking::{arg_max, falling};

/// Height of a class's row, in points.
const ROW: f32 = 38.0;
/// Height of the row of a source of flow, in points.
const SOURCE_ROW: f32 = 20.0;
/// Width of the dot and the name of a source of flow, in points.
const NAME: f32 = 150.0;
/// Width of a column of numbers, in points.
const COLUMN: f32 = 40.0;
/// Room for the dot in the colour of a class before its name, in points.
const DOT: f32 = 10.0;
/// Classes that are listed on hover: more would fill the screen.
const LISTED: usize = 60;
/// Width of that list, in points.
const LIST_WIDTH: f32 = 420.0;
/// Shares of the streams in one class's row: spatial, temporal, fused.
type Shares = [Option<f32>; 3];

/// The scores panel.
#[derive(Default)]
pub struct ScoresPanel {
    /// Whether it was drawn in this repaint.
    pub is_shown: bool,
}

impl Panel for ScoresPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.is_shown = true;
        let analysis = cx.session.analysis.clone();
        let scores = analysis.as_ref().and_then(|analysis| analysis.scores.as_ref());
        let has_streams = |model: &&ModelInfo| model.has_spatial || model.has_temporal;
        let (Some(_), Some(scores)) = (cx.session.model.as_ref().filter(has_streams), scores) else {
            return no_scores_ui(ui, cx.session);
        };
        let scorable = cx.available(Command::ScoreClip);
        let session = &mut *cx.session;
        let Some(model) = &session.model else { return };
        let colors: Vec<Color32> = (0..model.classes.len()).map(|class| model_class_color(session, class)).collect();
        let rows = Rows::new(model, &colors, scores, &session.fusion, cx.settings.sort_scores);
        let answer = ClipAnswer::of(session);
        let is_clicked = clip_answer_ui(ui, session, answer.as_ref(), scorable);
        // Those of a window that was left stay until the next ones come.
        let position = session.player.position;
        let is_left = |of: &Analysis| !session.player.playing && of.scored != [position, of.stride];
        let left = analysis.as_deref().filter(|of| is_left(of));
        let of_frame = left.map(|of| cx.settings.frame_numbers.number(of.scored[0]));
        window_ui(ui, &rows, of_frame);
        let recognised = answer.as_ref().map(|answer| answer.class.as_str());
        true_class_ui(ui, recognised.or(rows.best[2].map(|(class, _)| class)), session.true_class());
        if let Some(evaluated) = session.evaluated() {
            explanation(ui, &format!("Evaluation: {evaluated}. Above are the scores of the current window."));
        }
        classes_ui(ui, model);
        if cx.settings.flow.score_all && model.compares_flow {
            sources_ui(ui, &session.flow, model);
        }
        ui.add_space(SECTION_GAP);
        fusion_ui(ui, &mut session.fusion, model);
        ui.add_space(SECTION_GAP);
        header_ui(ui, &mut cx.settings.sort_scores);
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW, rows.rows.len(), |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for ScoresRow { class, color, shares } in &rows.rows[range] {
                row_ui(ui, class, *color, shares);
            }
        });
        if is_clicked {
            cx.run(Command::ScoreClip);
        }
    }
}

/// A class with its shares.
struct ScoresRow<'a> {
    class: &'a str,
    /// The colour that it has everywhere.
    color: Color32,
    shares: Shares,
}

/// The classes with their shares, in the order in which they are shown.
struct Rows<'a> {
    rows: Vec<ScoresRow<'a>>,
    /// Best class of each stream and of the fusion, with its share.
    best: [Option<(&'a str, f32)>; 3],
    /// Why the fused answer is unsure, if it is.
    doubt: Option<Doubt>,
    /// The classes that a multi-label model finds, with their probabilities, in words; none of other models.
    found: Option<String>,
}

impl<'a> Rows<'a> {
    fn new(model: &'a ModelInfo, colors: &[Color32], scores: &Scores, fusion: &Fusion, sort: bool) -> Self {
        let streams = [
            if scores.spatial.is_empty() { Vec::new() } else { scores.spatial_probabilities(fusion) },
            if scores.temporal.is_empty() { Vec::new() } else { scores.temporal_probabilities(fusion) },
            scores.fused_probabilities(fusion),
        ];
        let shares = |class: usize| streams.each_ref().map(|stream| stream.get(class).copied());
        let classes = model.classes.iter().zip(colors).enumerate();
        let mut rows: Vec<_> =
            classes.map(|(place, (class, &color))| ScoresRow { class, color, shares: shares(place) }).collect();
        let found = fusion.is_multi_label().then(|| found_words(model, &streams[2]));
        let best = [0, 1, 2].map(|stream| best(&rows, stream));
        if sort {
            rows.sort_by(|a, b| falling(&a.shares[2].unwrap_or(0.0), &b.shares[2].unwrap_or(0.0)));
        }
        Self { rows, best, doubt: fusion.doubt(&streams[2], [&streams[0], &streams[1]]), found }
    }
}

/// Returns the classes whose probability reaches their threshold, the likeliest first.
fn found_words(model: &ModelInfo, fused: &[f32]) -> String {
    let found = model.shown(fused);
    let words: Vec<String> = found.iter().map(|(name, share)| format!("{name} {}", percent(*share))).collect();
    if words.is_empty() { NO_CLASS.into() } else { words.join(", ") }
}

fn best<'a>(rows: &[ScoresRow<'a>], stream: usize) -> Option<(&'a str, f32)> {
    let shares: Vec<f32> = rows.iter().map(|row| row.shares[stream].unwrap_or(f32::NAN)).collect();
    let class = arg_max(&shares)?;
    Some((rows[class].class, shares[class]))
}

fn no_scores_ui(ui: &mut Ui, session: &Session) {
    if session.live.is_active() {
        let text = "The scores of the live source are in the Live panel. Stop it to return to the clip.";
        return empty_state(ui, "A live source is running", text, |_| ());
    }
    let (title, text) = match (&session.clip, &session.model) {
        (None, _) if session.opening.is_some() => ("Opening the clip…", "Scores appear when its frames are listed."),
        (None, _) => ("No clip is open", "Open a clip to see its predictions."),
        (_, None) => ("No model is loaded", "Load or train a model to see scores."),
        (_, Some(model)) if !model.has_spatial && !model.has_temporal => (
            "This model has no classification stream",
            "It predicts flow only. Train a temporal or spatial stream to see scores.",
        ),
        _ => ("Computing…", "Scores appear after the first window of eleven frames."),
    };
    empty_state(ui, title, text, |_| ());
}

/// The answers about the current window, small: they change from frame to frame and are not those about the clip.
fn window_ui(ui: &mut Ui, rows: &Rows<'_>, of_frame: Option<usize>) {
    let tokens = Tokens::of(ui);
    let [spatial, temporal, fused] = &rows.best;
    let Some((class, share)) = fused else { return };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let answer = rows.doubt.map_or_else(|| (*class).into(), |doubt| doubt.answer(class));
        let text = rows.found.clone().unwrap_or_else(|| format!("{answer} {}", percent(*share)));
        let (window, color, about) = match of_frame {
            None => {
                ("This window".into(), tokens.fused, "The frames around the one on the screen that the networks read")
            }
            Some(frame) => {
                (format!("Frame {frame}"), tokens.weak, "Scores of another window: those of this one are computed")
            }
        };
        let text = RichText::new(format!("{window}: {text}")).small().color(color);
        let rule = rows.doubt.map_or(about.into(), |doubt| format!("{about}. {}", doubt.in_words()));
        ui.label(text).on_hover_text(rule);
        ui.add_space(8.0);
        for (name, best, color) in [("Spatial", spatial, tokens.spatial), ("Temporal", temporal, tokens.temporal)] {
            let Some((class, share)) = best else { continue };
            ui.label(RichText::new(name).small().color(color));
            ui.label(RichText::new(format!("{class} {}", percent(*share))).small().color(tokens.weak));
            ui.add_space(8.0);
        }
    });
}

/// The true class of a clip that was opened from an evaluation, in the colour of success if that is what is recognised.
fn true_class_ui(ui: &mut Ui, recognised: Option<&str>, class: Option<&str>) {
    let Some(class) = class else { return };
    let tokens = Tokens::of(ui);
    let is_right = recognised == Some(class);
    let color = if is_right { tokens.good } else { tokens.error };
    ui.horizontal(|ui| {
        ui.label(RichText::new("True class").color(tokens.weak));
        ui.add(Label::new(RichText::new(class).strong().color(color)).truncate());
    });
}

/// How many classes the model knows, and on hover which.
fn classes_ui(ui: &mut Ui, model: &ModelInfo) {
    let text = format!("Knows {}", counted(model.classes.len(), "class"));
    let label = ui.label(RichText::new(text).small().color(Tokens::of(ui).weak));
    label.on_hover_ui(|ui| {
        let listed: Vec<&str> = model.classes.iter().take(LISTED).map(String::as_str).collect();
        let rest = model.classes.len().saturating_sub(LISTED);
        let more = if rest > 0 { format!(" and {rest} more, in the list below") } else { String::new() };
        ui.set_max_width(LIST_WIDTH);
        ui.label(format!("{}{more}", listed.join(", ")));
    });
}

/// What the temporal stream says under each source's flow: a row for each, flagged where it differs from the flow that it reads.
fn sources_ui(ui: &mut Ui, flow: &FlowComparison, model: &ModelInfo) {
    let tokens = Tokens::of(ui);
    section(ui, "Temporal stream by flow source");
    // What the stream of another model said has no name among these classes.
    let strip = |source: FlowSource| flow.source(source).strip.as_ref().filter(|strip| strip.model == model.generation);
    let reference = flow.read_by_stream();
    let read = strip(reference);
    let answer = |source: FlowSource| {
        let strip = strip(source)?;
        let shares = model.fusion.of_stream(strip.temporal.as_ref()?);
        let class = arg_max(&shares)?;
        let window = |strip: &FlowStack| (strip.window_start, strip.stride);
        let compared = read.is_none_or(|read| window(read) == window(strip));
        Some(SourceAnswer { source, class: model.classes.get(class)?, share: shares[class], compared })
    };
    let said: Vec<_> = FlowSource::ALL.into_iter().filter_map(answer).collect();
    let own = said.iter().find(|answer| answer.source == reference).map(|answer| answer.class);
    let differs = |answer: &SourceAnswer<'_>| answer.compared && own.is_some_and(|own| own != answer.class);
    let name = flow.name_of(reference);
    for answer in &said {
        source_row_ui(ui, flow.name_of(answer.source), answer, differs(answer).then_some(name));
    }
    if let Some(remark) = flow.stream_remark() {
        explanation(ui, &remark);
    }
    match said.len() {
        0 => explanation(ui, "Waiting for a window of eleven frames…"),
        1 => explanation(ui, "Enable more sources in the Flow panel to compare them."),
        _ => {}
    }
    let differ = said.iter().filter(|answer| differs(answer)).count();
    if differ > 0 {
        let compared = said.iter().filter(|answer| answer.compared && answer.source != reference).count();
        let text = format!("{differ} of {compared} disagree with {name}");
        ui.label(RichText::new(text).small().color(tokens.warning));
    }
}

/// The answer of the temporal stream under the flow of one source.
struct SourceAnswer<'a> {
    source: FlowSource,
    class: &'a str,
    share: f32,
    /// Whether it is about the window of the answer that the others are compared with.
    compared: bool,
}

/// Draws the row of a source called `name`, whose answer differs from that under the flow called `differs_from`, if from any.
fn source_row_ui(ui: &mut Ui, name: &str, answer: &SourceAnswer<'_>, differs_from: Option<&str>) {
    let SourceAnswer { source, class, share, compared } = *answer;
    let tokens = Tokens::of(ui);
    let dimmed = |color: Color32| if compared { color } else { color.gamma_multiply(0.5) };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), SOURCE_ROW), Sense::hover());
    let painter = ui.painter_at(rect);
    let font = TextStyle::Small.resolve(ui.style());
    painter.circle_filled(rect.left_center() + vec2(4.0, 0.0), 4.0, dimmed(source_color(ui, source)));
    painter.text(rect.left_center() + vec2(14.0, 0.0), Align2::LEFT_CENTER, name, font.clone(), dimmed(tokens.weak));
    let bar = Rect::from_min_max(
        pos2(rect.left() + NAME, rect.top() + 2.0),
        pos2(rect.right() - COLUMN, rect.bottom() - 2.0),
    );
    if bar.is_positive() {
        painter.rect_filled(bar, 3.0, tokens.raised);
        let filled = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
        let color = if differs_from.is_some() { tokens.error } else { tokens.temporal };
        let class = if differs_from.is_some() { format!("≠ {class}") } else { class.to_owned() };
        painter.rect_filled(filled, 3.0, dimmed(color.gamma_multiply(0.45)));
        let text = ui.painter_at(bar.shrink2(vec2(4.0, 0.0)));
        text.text(bar.left_center() + vec2(6.0, 0.0), Align2::LEFT_CENTER, class, font, dimmed(tokens.strong));
    }
    let at = pos2(rect.right() - 6.0, rect.center().y);
    painter.text(at, Align2::RIGHT_CENTER, fusion::percent(share, 0), FontId::monospace(11.0), dimmed(tokens.text));
    let remark = match (compared, differs_from) {
        (false, _) => ", of another window".into(),
        (true, Some(other)) => format!(", differs from {other}"),
        (true, None) => String::new(),
    };
    let share = fusion::percent(share, 1);
    let text = format!("Temporal stream with {name}: {class} {share} %{remark}");
    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, &text));
    response.on_hover_text(text);
}

/// The stream that a model lacks beside the other one.
fn missing_stream(model: &ModelInfo) -> Option<&'static str> {
    match (model.has_spatial, model.has_temporal) {
        (true, false) => Some("temporal"),
        (false, true) => Some("spatial"),
        _ => None,
    }
}

fn fusion_ui(ui: &mut Ui, fusion: &mut Fusion, model: &ModelInfo) {
    field(ui, "Fusion rule", |ui, label| {
        let rules = ComboBox::from_id_salt("rule").selected_text(rule_name(fusion.rule)).width(120.0);
        let rules = rules.show_ui(ui, |ui| {
            // Logits that were trained for one of both kinds of answers mean nothing to the other.
            let rules: &[FusionRule] = match model.fusion.is_multi_label() {
                true => &[FusionRule::Sigmoid],
                false => &[FusionRule::Released, FusionRule::Softmax, FusionRule::Logits],
            };
            for &rule in rules {
                ui.selectable_value(&mut fusion.rule, rule, rule_name(rule)).on_hover_text(rule_tooltip(rule));
            }
        });
        // The threshold of held-out clips holds for the model's own rule.
        fusion.unsure_below = model.fusion.unsure_below.filter(|_| fusion.rule == model.fusion.rule);
        rules.response.labelled_by(label).on_hover_text(rule_tooltip(fusion.rule));
        let changed = *fusion != model.fusion;
        let reset = ui.add_enabled(changed, eframe::egui::Button::new("Reset"));
        let reset = reset
            .on_hover_text("Restore the model's fusion settings")
            .on_disabled_hover_text("Already the model's fusion settings");
        if reset.clicked() {
            *fusion = model.fusion;
        }
    });
    field(ui, "Temporal", |ui, label| {
        ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(60.0);
        let slider = Slider::new(&mut fusion.temporal_weight, 0.0..=5.0).step_by(0.05).fixed_decimals(2);
        ui.add_enabled(model.has_spatial && model.has_temporal, slider)
            .labelled_by(label)
            .on_hover_text("Weight of the temporal stream (spatial: 1, paper: 1.5)")
            .on_disabled_hover_text("There is nothing to fuse: the model has one stream");
    });
    if let Some(missing) = missing_stream(model) {
        explanation(ui, &format!("This model has no {missing} stream, so it has no scores."));
    }
    if matches!(fusion.rule, FusionRule::Released | FusionRule::Logits) && model.has_spatial && model.has_temporal {
        let text = "Fused averages scores from before the softmax, so it may lie outside both streams.";
        explanation(ui, text);
    }
}

fn rule_name(rule: FusionRule) -> &'static str {
    match rule {
        FusionRule::Released => "Released",
        FusionRule::Softmax => "Softmax",
        FusionRule::Logits => "Logits",
        FusionRule::Sigmoid => "Sigmoid",
    }
}

fn rule_tooltip(rule: FusionRule) -> &'static str {
    match rule {
        FusionRule::Released => "Clip scores at 0, normalise, average (released code)",
        FusionRule::Softmax => "Average the softmax probabilities",
        FusionRule::Logits => "Average the raw logits",
        FusionRule::Sigmoid => "Average the probability of each class by itself (multi-label model)",
    }
}

/// Column titles in the streams' colours, and the order.
fn header_ui(ui: &mut Ui, sort: &mut bool) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
    let order = if *sort { "by score" } else { "model order" };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Class order"));
    let font = TextStyle::Small.resolve(ui.style());
    let color = if response.hovered() { tokens.strong } else { tokens.weak };
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, format!("This window, {order}"), font.clone(), color);
    for ((text, color), x) in
        [("Spat.", tokens.spatial), ("Temp.", tokens.temporal), ("Fused", tokens.fused)].into_iter().zip(columns(rect))
    {
        ui.painter().text(pos2(x, rect.center().y), Align2::RIGHT_CENTER, text, font.clone(), color);
    }
    if response.on_hover_text("Sort by fused score or in model order").clicked() {
        *sort = !*sort;
    }
}

/// Right edges of the three columns of numbers.
fn columns(row: Rect) -> [f32; 3] {
    [2.0, 1.0, 0.0].map(|columns| row.right() - 6.0 - columns * COLUMN)
}

fn row_ui(ui: &mut Ui, class: &str, color: Color32, shares: &Shares) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    if response.hovered() {
        ui.painter().rect_filled(rect, 4.0, tokens.raised.gamma_multiply(0.6));
    }
    let colors = [tokens.spatial, tokens.temporal, tokens.fused];
    let numbers_left = columns(rect)[0] - COLUMN;
    let name = Rect::from_min_max(rect.min + vec2(DOT, 0.0), pos2(numbers_left, rect.top() + 19.0));
    ui.painter().circle_filled(pos2(rect.left() + 3.0, name.center().y), 3.0, color);
    let galley = ui.painter().layout_no_wrap(class.to_owned(), TextStyle::Body.resolve(ui.style()), tokens.text);
    ui.painter_at(name).galley(
        Align2::LEFT_CENTER.align_size_within_rect(galley.size(), name).min,
        galley,
        tokens.text,
    );
    let bars = Rect::from_min_max(pos2(rect.left(), rect.top() + 20.0), pos2(numbers_left, rect.bottom() - 3.0));
    draw_bars(ui, bars, shares, colors);
    for ((share, color), x) in shares.iter().zip(colors).zip(columns(rect)) {
        let Some(share) = share else { continue };
        let font = FontId::monospace(11.0);
        let color = if *share < 0.01 { tokens.weak } else { color };
        ui.painter().text(pos2(x, rect.center().y), Align2::RIGHT_CENTER, fusion::percent(*share, 0), font, color);
    }
    let text = |share: Option<f32>| share.map_or("none".into(), |share| format!("{} %", fusion::percent(share, 1)));
    let [spatial, temporal, fused] = shares.map(text);
    let text = format!("{class}: spatial {spatial}, temporal {temporal}, fused {fused}");
    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, &text));
    response.on_hover_text(text);
}

fn draw_bars(ui: &Ui, area: Rect, shares: &Shares, colors: [Color32; 3]) {
    let height = area.height() / 3.0;
    for (i, (share, color)) in shares.iter().zip(colors).enumerate() {
        let top = area.top() + i as f32 * height;
        let track = Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), height - 1.0));
        ui.painter().rect_filled(track, 1.0, Tokens::of(ui).raised);
        if let Some(share) = share.filter(|share| share.is_finite()) {
            let bar = Rect::from_min_size(track.min, vec2(track.width() * share.clamp(0.0, 1.0), track.height()));
            ui.painter().rect_filled(bar, 1.0, color);
        }
    }
}

fn percent(share: f32) -> String {
    format!("{} %", fusion::percent(share, 0))
}
