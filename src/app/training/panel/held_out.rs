//! The result of a fine-tuning on its held-out clips: the accuracy of each stream, the best fusion weight, and the wrong clips.

use std::path::{Path, PathBuf};

use eframe::egui::{Context, Grid, Label, RichText, Role, ScrollArea, TextStyle, Ui, UiBuilder, WidgetInfo, vec2};

use crate::app::panel::{Action, PanelContext};
use crate::app::tasks::Background;
use crate::app::training::state::TrainingState;
use crate::app::ui::format::percent;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::{explanation, row_response, section};
use crate::app::viewer::clips::KnownClip;
use crate::evaluation::{HeldOutReport, HeldOutStream};
use crate::plural::counted;

/// Height of a clip's row, in points.
const ROW: f32 = 22.0;
/// Most height of the list of clips, in points.
const HEIGHT: f32 = 260.0;

/// The class and the prediction of the clips that are listed.
pub(super) type ConfusedCell = (usize, usize);

/// The report on the run that ended last.
#[derive(Default)]
pub(super) struct HeldOutView {
    /// The folder of that run.
    run_dir: Option<PathBuf>,
    report: Background<PathBuf, Option<HeldOutReport>>,
    /// The listed clips; all wrong ones without.
    pub cell: Option<ConfusedCell>,
}

impl HeldOutView {
    /// Reads the report on the run that has ended.
    pub fn follow(&mut self, training: &TrainingState, ctx: &Context) {
        let run_dir = training.trained().and_then(|model| model.parent());
        if self.run_dir.as_deref() != run_dir {
            *self = Self { run_dir: run_dir.map(Path::to_owned), ..Self::default() };
            if let Some(dir) = self.run_dir.clone() {
                self.report.ask(dir.clone(), ctx, move || HeldOutReport::read(&dir));
            }
        }
        self.report.receive();
    }

    /// The report, if there is one.
    pub fn report(&self) -> Option<&HeldOutReport> {
        self.report.value()?.as_ref()
    }

    /// Draws the table and the clips.
    pub fn held_out_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let Some(report) = self.report.value().and_then(Option::as_ref) else { return };
        let clips = counted(report.clips.len(), "held-out clip");
        section(
            ui,
            &match report.is_cross_validated {
                true => format!("Accuracy on {}, each left out in turn", counted(report.clips.len(), "clip")),
                false => format!("Accuracy on {clips}"),
            },
        );
        table_ui(ui, report);
        if let Some(text) = weight_text(report) {
            explanation(ui, &text);
        }
        if let Some(stream) = report.decisive() {
            clips_ui(ui, report, stream, &mut self.cell, cx);
        }
    }
}

/// Correct clips of each stream, their share, and its confidence interval.
fn table_ui(ui: &mut Ui, report: &HeldOutReport) {
    let tokens = Tokens::of(ui);
    Grid::new("held-out accuracies").spacing([14.0, 4.0]).show(ui, |ui| {
        for (title, tooltip) in [
            ("", ""),
            ("Correct", "Clips whose top prediction is correct"),
            ("Top-1, %", "Share of correct clips"),
            ("95 % interval", "Wilson score interval of the share"),
        ] {
            let label = ui.label(RichText::new(title).small().color(tokens.weak));
            if !tooltip.is_empty() {
                label.on_hover_text(tooltip);
            }
        }
        ui.end_row();
        for HeldOutStream { name, correct, interval, .. } in &report.streams {
            let (title, color) = match *name {
                "spatial" => ("Spatial", tokens.spatial),
                "temporal" => ("Temporal", tokens.temporal),
                _ => ("Fused", tokens.fused),
            };
            ui.label(RichText::new(title).color(color));
            let total = report.clips.len();
            let [low, high] = interval.map(percent);
            let share = percent(*correct as f64 / total.max(1) as f64);
            for cell in [format!("{correct} of {total}"), share, format!("{low} to {high}")] {
                ui.label(RichText::new(cell).text_style(TextStyle::Monospace).color(tokens.strong));
            }
            ui.end_row();
        }
    });
}

/// Which fusion weight would be best on these clips.
fn weight_text(report: &HeldOutReport) -> Option<String> {
    let (best, used) = (report.best?, report.fusion.temporal_weight);
    let fused = report.decisive()?;
    let total = report.clips.len();
    Some(match best.correct > fused.correct {
        true => format!(
            "Best fusion weight on these clips: {:.2} (model: {used:.2}), {} of {total} correct, {} %. Chosen on the same clips, it is optimistic.",
            best.weight,
            best.correct,
            percent(best.top1)
        ),
        false => format!("No other fusion weight does better on these clips than the model's, {used:.2}."),
    })
}

/// The wrong clips, or those of a cell of the confusion matrix; a click opens one.
fn clips_ui(
    ui: &mut Ui,
    report: &HeldOutReport,
    stream: &HeldOutStream,
    cell: &mut Option<ConfusedCell>,
    cx: &mut PanelContext<'_>,
) {
    let class = |class: usize| report.classes.get(class).map_or("unknown", String::as_str);
    let is_listed =
        |clip: usize, (label, guess): ConfusedCell| (report.clips[clip].label, stream.guesses[clip]) == (label, guess);
    let listed: Vec<usize> = match *cell {
        Some(cell) => (0..report.clips.len()).filter(|&clip| is_listed(clip, cell)).collect(),
        None => report.wrong(stream),
    };
    let which = match *cell {
        Some((label, guess)) if label == guess => format!("{}, correct", class(label)),
        Some((label, guess)) => format!("{} predicted as {}", class(label), class(guess)),
        None => format!("Wrong by {} scores", stream.name),
    };
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.add(Label::new(format!("{which}: {}", counted(listed.len(), "clip"))).truncate());
        if cell.is_some() && ui.link("Show all wrong clips").clicked() {
            *cell = None;
        }
    });
    let open = cx.session.clip.as_ref().map(|clip| clip.path.clone());
    let mut wanted = None;
    ScrollArea::vertical().id_salt("held-out clips").max_height(HEIGHT).auto_shrink([false, true]).show_rows(
        ui,
        ROW,
        listed.len(),
        |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for &place in &listed[range] {
                let (clip, guess) = (&report.clips[place], stream.guesses[place]);
                let text = match clip.label == guess {
                    true => class(clip.label).to_owned(),
                    false => format!("{}, predicted {}", class(clip.label), class(guess)),
                };
                if row_ui(ui, &clip.path, &text, open.as_ref() == Some(&clip.path)) {
                    wanted = Some(place);
                }
            }
        },
    );
    if let Some(clip) = wanted.map(|place| &report.clips[place]) {
        let (path, class) = (clip.path.clone(), class(clip.label).to_owned());
        cx.actions.push(Action::Examine(Box::new(KnownClip { path, class, segment_secs: clip.segment_secs })));
    }
}

/// A clip with its class and prediction; whether it was clicked.
fn row_ui(ui: &mut Ui, path: &Path, text: &str, is_open: bool) -> bool {
    let tokens = Tokens::of(ui);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let row = row_response(ui, ROW);
    row.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{name}: {text}")));
    if is_open || row.hovered() {
        let fill = if is_open { tokens.accent_faint } else { tokens.raised };
        ui.painter().rect_filled(row.rect, RADIUS, fill);
    }
    let content = row.rect.shrink2(vec2(8.0, 2.0));
    let mut line = ui.new_child(UiBuilder::new().max_rect(content));
    line.add(Label::new(format!("{name} – {text}")).truncate());
    row.on_hover_text(format!("{}\n{text}", path.display())).clicked()
}
