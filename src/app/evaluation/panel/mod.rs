//! The evaluation panel: accuracy of the networks in use on labelled clips, live while they are scored. A click opens a
//! misclassified clip in the viewer.

mod calibration;
mod classes;
pub mod clip_filter;
mod clips;
mod comparison;
mod confusion;
mod form;
mod fusion;
mod origin;
mod summary;

use std::sync::Arc;

use eframe::egui::{CollapsingHeader, Label, RichText, ScrollArea, Ui, vec2};

use self::clip_filter::{ClipFilter, ListedClips, WantedClips};
use self::origin::views_words;
use self::summary::chosen;
use super::settings::EvaluationSettings;
use super::state::{EvaluationPhase, EvaluationState};
use crate::app::command::Command;
use crate::app::command::button::{command_button, wide_primary_button};
use crate::app::panel::Panel;
use crate::app::panel::{Action, PanelContext};
use crate::app::session::Session;
use crate::app::shell::topic::Topic;
use crate::app::ui::format::span;
use crate::app::ui::progress::{BAR_HEIGHT, Progress};
use crate::app::ui::theme::{SECTION_GAP, Tokens};
use crate::app::ui::widgets::{explanation, remark};
use crate::app::viewer::clips::KnownClip;
use crate::error::Error;
use crate::evaluation::ActionsReport;

/// Maximum number of errors of a list shown at once; the log has them all.
const ERRORS: usize = 8;

/// Width of the button that starts and stops, in points.
const EVALUATE_WIDTH: f32 = 76.0;
/// Minimum height of a page, in points: in a lower panel everything scrolls.
const LEAST_PAGE: f32 = 240.0;

/// The shown page of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum EvaluationPage {
    #[default]
    Summary,
    Clips,
    Fusion,
    Confusion,
    Classes,
    Calibration,
    Comparison,
}

/// Pages with their titles.
const PAGES: [(EvaluationPage, &str, &str); 7] = [
    (EvaluationPage::Summary, "Summary", "Accuracies with intervals, and what was evaluated"),
    (EvaluationPage::Clips, "Clips", "Clips, worst errors first"),
    (EvaluationPage::Fusion, "Fusion", "Fusion rule and accuracy by stream weight"),
    (EvaluationPage::Confusion, "Confusion", "Confusion matrix"),
    (EvaluationPage::Classes, "Classes", "Precision, recall and F1 per class"),
    (EvaluationPage::Calibration, "Calibration", "Reliability diagram and ECE"),
    (EvaluationPage::Comparison, "Compare", "Comparison with another report"),
];

/// The evaluation panel.
pub struct EvaluationPanel {
    page: EvaluationPage,
    /// The displayed stream, if the report has it.
    stream: &'static str,
    clips: ClipFilter,
    /// The report that the filter is for, as the state counts them.
    filtered: usize,
    listed: ListedClips,
    classes: classes::Order,
    /// `true` if clips were scored when the panel was drawn last.
    was_scoring: bool,
}

impl Default for EvaluationPanel {
    fn default() -> Self {
        let (clips, classes) = (ClipFilter::default(), classes::Order::default());
        let listed = ListedClips::default();
        let page = EvaluationPage::default();
        Self { page, stream: "fused", clips, filtered: 0, listed, classes, was_scoring: false }
    }
}

impl Panel for EvaluationPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let height = ui.available_height();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let bottom = ui.cursor().top() + height;
            // Above the parts that collapse, appear and disappear.
            buttons_ui(ui, cx);
            ui.add_space(4.0);
            self.choices_ui(ui, cx);
            progress_ui(ui, cx);
            match cx.session.evaluation.report().cloned() {
                Some(report) => self.report_ui(ui, &report, bottom, cx),
                None => {
                    errors_ui(ui, &cx.session.evaluation.errors);
                    empty_ui(ui, cx);
                }
            }
        });
    }
}

impl EvaluationPanel {
    /// Brings the comparison page to the front.
    pub fn show_comparison(&mut self) {
        self.page = EvaluationPage::Comparison;
    }

    /// Draws the choices; they collapse when the first clip is scored, to make room for the results, but not if a run
    /// is refused.
    fn choices_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let running = cx.session.evaluation.is_running();
        let scores = cx.session.evaluation.phase == EvaluationPhase::Running;
        let begins = scores && !self.was_scoring;
        self.was_scoring = scores;
        let open = begins.then_some(false);
        let header = CollapsingHeader::new(choices_title(&cx.settings.evaluation, cx.session))
            .id_salt("choices")
            .default_open(true)
            .open(open);
        header.show_unindented(ui, |ui| {
            ui.add_enabled_ui(!running, |ui| form::form_ui(ui, cx));
        });
    }

    /// Draws the report down to `bottom`, the lower edge of the panel.
    fn report_ui(&mut self, ui: &mut Ui, report: &Arc<ActionsReport>, bottom: f32, cx: &mut PanelContext<'_>) {
        if self.filtered != cx.session.evaluation.shown() {
            // A cell of another confusion matrix refers to other clips, and perhaps other classes.
            (self.clips, self.filtered) = (ClipFilter::default(), cx.session.evaluation.shown());
        }
        ui.add_space(4.0);
        origin::origin_ui(ui, report, cx);
        summary::streams_ui(ui, report, &mut self.stream);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
            for (page, title, tooltip) in PAGES {
                ui.selectable_value(&mut self.page, page, title).on_hover_text(tooltip);
            }
        });
        ui.separator();
        let size = vec2(ui.available_width(), (bottom - ui.cursor().top() - 1.0).max(LEAST_PAGE));
        let page = ui.allocate_ui(size, |ui| {
            ui.set_max_height(size.y);
            // Below the tabs, so that they do not move.
            errors_ui(ui, &cx.session.evaluation.errors);
            self.page_ui(ui, report, cx)
        });
        match page.inner {
            Some(WantedClips::Clips(filter)) => (self.clips, self.page) = (filter, EvaluationPage::Clips),
            Some(WantedClips::Clip(index)) => open(index, report, self.stream, cx),
            None => {}
        }
    }

    /// Draws the page that is chosen; returns what was clicked.
    fn page_ui(&mut self, ui: &mut Ui, report: &Arc<ActionsReport>, cx: &mut PanelContext<'_>) -> Option<WantedClips> {
        if self.page == EvaluationPage::Summary {
            scrolled(ui, self.page, |ui| summary::summary_ui(ui, report, cx));
            return None;
        }
        let (name, stream) = chosen(report, self.stream)?;
        match self.page {
            // Their lists scroll below fixed parts.
            EvaluationPage::Clips => clips::clips_ui(ui, &mut self.clips, &mut self.listed, report, name, cx),
            EvaluationPage::Classes => classes::classes_ui(ui, &mut self.classes, report, stream),
            EvaluationPage::Summary => None,
            EvaluationPage::Fusion => scrolled(ui, self.page, |ui| {
                fusion::fusion_ui(ui, report, cx);
                None
            }),
            EvaluationPage::Confusion => scrolled(ui, self.page, |ui| confusion::confusion_ui(ui, report, stream)),
            EvaluationPage::Calibration => scrolled(ui, self.page, |ui| {
                calibration::calibration_ui(ui, name, stream);
                None
            }),
            EvaluationPage::Comparison => scrolled(ui, self.page, |ui| comparison::comparison_ui(ui, report, name, cx)),
        }
    }
}

/// Draws the scrolling content of a page.
fn scrolled<R>(ui: &mut Ui, page: EvaluationPage, add_contents: impl FnOnce(&mut Ui) -> R) -> R {
    ScrollArea::vertical().id_salt(("page", page as u8)).auto_shrink(false).show(ui, add_contents).inner
}

/// Returns the choices in a few words, to be read where they are folded away.
fn choices_title(settings: &EvaluationSettings, session: &Session) -> String {
    let views = views_words(&settings.protocol().to_string());
    if settings.scores_labels(session.labels_project().is_some()) {
        let name = session.labeling.document().map_or("the open project", |open| &open.settings.name);
        return format!("Labels of {}, {views}", form::shortened(name));
    }
    let Some(data) = settings.list.as_ref().or(settings.clips.as_ref()) else { return "Clips and views".into() };
    let name = data.file_name().unwrap_or(data.as_os_str()).to_string_lossy();
    format!("{}, {views}", form::shortened(&name))
}

/// Opens the clip of result `index` in the viewer.
fn open(index: usize, report: &ActionsReport, stream: &str, cx: &mut PanelContext<'_>) {
    let folder = cx.settings.evaluation.clips.as_deref();
    match cx.session.evaluation.clip(index, folder) {
        Some(clip) => {
            let class = report.classes.get(clip.label).cloned().unwrap_or_default();
            let name = chosen(report, stream).map_or(stream, |(name, _)| name);
            let evaluated = clips::answer_words(report, name, index);
            let known = KnownClip { path: clip.path, class, segment_secs: clip.segment_secs, evaluated };
            cx.actions.push(Action::Examine(Box::new(known)));
        }
        None => {
            let cause = "the report does not name the folder of its clips";
            let error = Error::new("evaluation", cause, "Choose the clips folder under Clips and views");
            cx.session.failed(Topic::Evaluation, &error);
        }
    }
}

fn buttons_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let running = cx.session.evaluation.is_running();
    ui.horizontal_wrapped(|ui| {
        let text = if running { "Stop" } else { "Evaluate" };
        wide_primary_button(ui, cx, Command::RunEvaluation, text, EVALUATE_WIDTH);
        command_button(ui, cx, Command::SaveEvaluation, "Save…");
        command_button(ui, cx, Command::BrowseEvaluation, "Open in browser");
        command_button(ui, cx, Command::OpenEvaluation, "Open…");
    });
}

/// Draws the progress of the evaluation, or its duration.
fn progress_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let evaluation = &cx.session.evaluation;
    let was_refused = |work: &Progress| !evaluation.is_running() && work.counts().1 == 0;
    if let Some(work) = evaluation.work().filter(|work| !was_refused(work)) {
        let stopping = (evaluation.phase == EvaluationPhase::Stopping).then(|| "Stopping…".to_owned());
        let text = stopping.or_else(|| work.in_words()).unwrap_or_else(|| "Reading list and model…".into());
        let bar = work.bar_with(ui, text);
        if let Some(pace) = pace_words(evaluation) {
            bar.on_hover_text(pace);
        }
    } else if evaluation.phase != EvaluationPhase::Idle {
        ui.allocate_space(vec2(0.0, BAR_HEIGHT)); // Where the bar was: what is below stays where it is.
    }
}

/// Returns the scoring rate, and the duration once the evaluation is over.
fn pace_words(evaluation: &EvaluationState) -> Option<String> {
    let (rate, secs) = evaluation.pace().filter(|(rate, _)| *rate > 0.0)?;
    match evaluation.phase {
        EvaluationPhase::Preparing => None,
        EvaluationPhase::Running | EvaluationPhase::Stopping => Some(in_words(rate)),
        EvaluationPhase::Idle | EvaluationPhase::Ended => Some(format!("{}, {} in all", in_words(rate), span(secs))),
    }
}

/// Formats a rate as clips per second, or as seconds per clip if that number is larger.
fn in_words(rate: f64) -> String {
    if rate >= 1.0 { format!("{rate:.1} clips/s") } else { format!("{:.1} s/clip", 1.0 / rate) }
}

fn errors_ui(ui: &mut Ui, errors: &[Error]) {
    if errors.is_empty() {
        return;
    }
    let tokens = Tokens::of(ui);
    remark(ui, tokens.error, |ui| {
        for error in errors.iter().take(ERRORS) {
            ui.add(Label::new(error.to_string()).wrap().selectable(true));
        }
        if errors.len() > ERRORS {
            let more = format!("and {} more; see the log", errors.len() - ERRORS);
            ui.label(RichText::new(more).color(tokens.weak));
        }
    });
}

/// Draws instructions for when there is no report yet.
fn empty_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    ui.add_space(SECTION_GAP);
    let evaluation = &cx.session.evaluation;
    let settings = &cx.settings.evaluation;
    let is_chosen = settings.scores_labels(cx.session.labels_project().is_some()) || settings.clips.is_some();
    let text = match (evaluation.phase, is_chosen) {
        (EvaluationPhase::Preparing | EvaluationPhase::Running | EvaluationPhase::Stopping, _) => {
            "Accuracy appears after the first clip."
        }
        (EvaluationPhase::Ended, _) if evaluation.errors.is_empty() && evaluation.has_run() => {
            "No clip could be scored; see the log."
        }
        (_, false) => {
            "Evaluate the loaded model on labelled clips. Choose a clips folder and, optionally, a test list; without one, each sub-folder is a class. Or choose the open project, or open a saved report."
        }
        _ => "Press Evaluate, or open a saved report.",
    };
    explanation(ui, text);
}
