//! The result of a fine-tuning on its held-out clips: the accuracy of each stream, the best fusion weight, and the wrong clips.

use std::path::{Path, PathBuf};

use eframe::egui::{Context, Grid, Label, RichText, Role, TextStyle, Ui, UiBuilder, WidgetInfo, vec2};

use super::by_class::{ChosenClips, by_class_ui, stream_title};
use crate::app::panel::{Action, PanelContext};
use crate::app::tasks::Background;
use crate::app::training::state::TrainingState;
use crate::app::ui::format::percent;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::{explanation, inner_list, row_response, section};
use crate::app::viewer::clips::KnownClip;
use crate::evaluation::{HeldOutReport, HeldOutStream};
use crate::plural::counted;

/// Height of a clip's row, in points.
const ROW: f32 = 22.0;
/// Most height of the list of clips, in points.
const HEIGHT: f32 = 260.0;

/// The report on a run.
#[derive(Default)]
pub struct HeldOutView {
    /// The folder of the run.
    run_dir: Option<PathBuf>,
    /// That of the folder, read again whenever there may be another one.
    report: Background<(PathBuf, usize), Option<HeldOutReport>>,
    /// The listed clips; all wrong ones without.
    pub(in crate::app::training) chosen: Option<ChosenClips>,
}

impl HeldOutView {
    /// Reads the report on the run that has ended.
    pub fn follow(&mut self, training: &TrainingState, ctx: &Context) {
        self.follow_run(training.trained().and_then(|model| model.parent()), 0, ctx);
    }

    /// Reads the report on the run in `run_dir`, and again with each `edition` of it: a run that is resumed writes another one.
    pub fn follow_run(&mut self, run_dir: Option<&Path>, edition: usize, ctx: &Context) {
        if self.run_dir.as_deref() != run_dir {
            *self = Self { run_dir: run_dir.map(Path::to_owned), ..Self::default() };
        }
        if let Some(dir) = self.run_dir.clone() {
            self.report.ask((dir.clone(), edition), ctx, move || HeldOutReport::read(&dir));
        }
        self.report.receive();
    }

    /// Whether there is no report, nor one that is being read.
    pub fn is_empty(&self) -> bool {
        !self.report.is_busy() && self.report().is_none()
    }

    /// The report, if there is one.
    pub fn report(&self) -> Option<&HeldOutReport> {
        self.report.value()?.as_ref()
    }

    /// Whether the run has been looked at and nothing was held out.
    pub fn is_without(&self) -> bool {
        self.run_dir.is_some() && matches!(self.report.value(), Some(None))
    }

    /// Draws the table and the clips.
    pub fn held_out_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let Some(report) = self.report.value().and_then(Option::as_ref) else { return };
        let clips = counted(report.clips.len(), "held-out clip");
        section(
            ui,
            &match report.is_cross_validated {
                true => format!("Accuracy on {}, recordings left out in turn", counted(report.clips.len(), "clip")),
                false => format!("Accuracy on {clips}"),
            },
        );
        table_ui(ui, report);
        if let Some(text) = weight_text(report) {
            explanation(ui, &text);
        }
        if let Some(text) = unmeasured_text(&report.unmeasured()) {
            explanation(ui, &text);
        }
        if let Some(chosen) = by_class_ui(ui, report) {
            self.chosen = Some(chosen);
        }
        explanation(
            ui,
            "Predictions without the clip in training; the finished model has seen all clips it was trained on.",
        );
        clips_ui(ui, report, &mut self.chosen, cx);
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
            let color = match *name {
                "spatial" => tokens.spatial,
                "temporal" => tokens.temporal,
                _ => tokens.fused,
            };
            ui.label(RichText::new(stream_title(name)).color(color));
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

/// Which classes say nothing here.
fn unmeasured_text(classes: &[&str]) -> Option<String> {
    let named = classes.get(..3.min(classes.len())).filter(|named| !named.is_empty())?.join(", ");
    let more =
        classes.len().checked_sub(3).filter(|more| *more > 0).map_or(String::new(), |more| format!(" and {more} more"));
    Some(format!("Not measured: {named}{more}, of which no recording could be left out."))
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

/// The wrong clips, or those that were chosen; a click opens one.
fn clips_ui(ui: &mut Ui, report: &HeldOutReport, chosen: &mut Option<ChosenClips>, cx: &mut PanelContext<'_>) {
    let stream = match *chosen {
        Some(ChosenClips::OfClass { stream, .. }) => report.streams.get(stream),
        _ => report.decisive(),
    };
    let Some(stream) = stream else { return };
    let class = |class: usize| report.classes.get(class).map_or("unknown", String::as_str);
    let is_listed = |clip: &usize| match *chosen {
        Some(ChosenClips::Cell { label, guess }) => {
            (report.clips[*clip].label, stream.guesses[*clip]) == (label, guess)
        }
        Some(ChosenClips::OfClass { class, .. }) => {
            report.clips[*clip].label == class && report.is_wrong(stream, *clip)
        }
        None => report.is_wrong(stream, *clip),
    };
    let listed: Vec<usize> = (0..report.clips.len()).filter(is_listed).collect();
    let which = match *chosen {
        Some(ChosenClips::Cell { label, guess }) if label == guess => format!("{}, correct", class(label)),
        Some(ChosenClips::Cell { label, guess }) => format!("{} predicted as {}", class(label), class(guess)),
        Some(ChosenClips::OfClass { class: of, .. }) => format!("{} wrong by {} scores", class(of), stream.name),
        None => format!("Wrong by {} scores", stream.name),
    };
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.add(Label::new(format!("{which}: {}", counted(listed.len(), "clip"))).truncate());
        if chosen.is_some() && ui.link("Show all wrong clips").clicked() {
            *chosen = None;
        }
    });
    let open = cx.session.clip.as_ref().map(|clip| clip.path.clone());
    let mut wanted = None;
    inner_list(HEIGHT).id_salt("held-out clips").show_rows(ui, ROW, listed.len(), |ui, range| {
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
    });
    if let Some(clip) = wanted.map(|place| &report.clips[place]) {
        let (path, class) = (clip.path.clone(), class(clip.label).to_owned());
        let known = KnownClip { path, class, segment_secs: clip.segment_secs, evaluated: None };
        cx.actions.push(Action::Examine(Box::new(known)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_on_a_run_is_read_again_once_there_may_be_another() {
        let (mut view, ctx) = (HeldOutView::default(), Context::default());
        for (run, edition) in [("/runs/a", 0), ("/runs/a", 1), ("/runs/b", 1)].map(|(dir, of)| (PathBuf::from(dir), of))
        {
            view.follow_run(Some(&run), edition, &ctx);
            assert!(view.report.is_of(&(run, edition)));
        }
    }

    #[test]
    fn classes_that_were_not_measured_are_named() {
        assert_eq!(unmeasured_text(&[]), None);
        let text = |classes: &[&str]| unmeasured_text(classes).unwrap();
        assert_eq!(text(&["pullup"]), "Not measured: pullup, of which no recording could be left out.");
        assert!(text(&["a", "b", "c", "d", "e"]).starts_with("Not measured: a, b, c and 2 more,"));
    }
}
