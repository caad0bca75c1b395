//! The line above the results: their model, clips and views, independent of the present settings.

use std::path::Path;

use eframe::egui::{Label, RichText, Ui};

use crate::app::evaluation::settings::EvaluationSettings;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::ui::theme::Tokens;
use crate::engine::ModelInfo;
use crate::evaluation::ActionsReport;
use crate::labels::Project;
use crate::plural::counted;

/// Draws the line, and what was changed above since.
pub(super) fn origin_ui(ui: &mut Ui, report: &ActionsReport, cx: &PanelContext<'_>) {
    let evaluation = &cx.session.evaluation;
    let changed = match evaluation.file() {
        Some(_) => Vec::new(), // It never was of what is chosen above.
        None => changed(report, &cx.settings.evaluation, cx.session),
    };
    let kind = match (evaluation.file(), changed.is_empty()) {
        (Some(_), _) => "Saved result",
        (None, true) => "Result",
        (None, false) => "Earlier result",
    };
    let line = Label::new(RichText::new(in_words(kind, report)).strong()).wrap();
    ui.add(line).on_hover_text(format!("{}\n{}", report.data, counted(report.clips, "clip")));
    if !changed.is_empty() {
        let text = format!("Changed above since: {}. Press Evaluate to measure again.", changed.join(", "));
        ui.add(Label::new(RichText::new(text).small().color(Tokens::of(ui).warning)).wrap());
    }
}

/// Formats views for display: `5×2 views`.
pub(super) fn views_words(views: &str) -> String {
    format!("{} views", views.replace('x', "×"))
}

fn in_words(kind: &str, report: &ActionsReport) -> String {
    let data = Path::new(&report.data).file_name().map(|name| name.to_string_lossy());
    let data = data.unwrap_or_else(|| report.data.as_str().into());
    format!("{kind} of {} on {data}, {}", report.model, views_words(&report.views))
}

/// Returns the present settings that differ from those of the report.
fn changed(report: &ActionsReport, settings: &EvaluationSettings, session: &Session) -> Vec<&'static str> {
    let has_other_model = session.model.as_ref().is_some_and(|model| !is_of(report, model));
    let has_other_views = report.views != settings.protocol().to_string() || report.spread != settings.spread;
    let has_other_data = report.data != settings.data(session.labels_project().map(Project::dir));
    // For a list, the command has the rest: its split, layout and classes.
    let is_other_command = || match (report.source.as_ref().and_then(|source| source.command.as_ref()), &session.model)
    {
        // The fusion does not affect what was scored.
        (Some(command), Some(model)) => !command.starts_with(&format!("{} --fusion ", settings.command(&model.dir))),
        _ => false,
    };
    let is_other_list = !has_other_model && !has_other_views && is_other_command();
    [("model", has_other_model), ("clips", has_other_data || is_other_list), ("views", has_other_views)]
        .into_iter()
        .filter_map(|(name, is_changed)| is_changed.then_some(name))
        .collect()
}

/// Returns `true` if the report is of this model.
fn is_of(report: &ActionsReport, model: &ModelInfo) -> bool {
    let Some(source) = &report.source else { return report.model == model.name };
    let dir = std::path::absolute(&model.dir).unwrap_or_else(|_| model.dir.clone());
    source.model_dir == dir && source.model_hash == model.hash
}
