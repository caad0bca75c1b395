//! Labels of other programs in and out: which format, what an import would do, what came of an export.

use std::path::Path;

use eframe::egui::{Button, ComboBox, Label as Text, RichText, ScrollArea, Ui};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::command::prompt::PathPrompt;
use crate::app::labeling::import_export::ImportOrder;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark, section};
use crate::error::Error;
use crate::labels::formats::{Choices, Format, Import};
use crate::plural::counted;

/// Notes that are shown at once.
const NOTES: usize = 8;

/// Videos that are named at once.
const NAMED: usize = 2;

/// Height of the upper part of an outcome, in points, which has its buttons.
const LEAST_SEEN: f32 = 80.0;

/// The choice of the page.
pub(super) struct ExchangePage {
    format: Format,
    /// Whether the outcome of something was shown in the last repaint.
    had_outcome: bool,
}

impl Default for ExchangePage {
    fn default() -> Self {
        Self { format: Format::Json, had_outcome: false }
    }
}

impl ExchangePage {
    /// Draws the page.
    pub fn exchange_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        ScrollArea::vertical().id_salt("exchange").auto_shrink(false).show(ui, |ui| {
            section(ui, "Import and export labels");
            field(ui, "Format", |ui, label| {
                let combo = ComboBox::from_id_salt("format").width(200.0).selected_text(self.format.name());
                let combo = combo.show_ui(ui, |ui| {
                    for format in Format::ALL {
                        ui.selectable_value(&mut self.format, format, format.name());
                    }
                });
                combo.response.labelled_by(label);
            });
            self.buttons_ui(ui, cx);
            explanation(ui, "Import shows a preview before changing anything. Export does not change the project.");
            section(ui, "Folders");
            command_button(ui, cx, Command::LabelByFolders, "Label by folder name");
            explanation(ui, "For clips already sorted into one folder per class.");
            // Below the buttons, which stay under the pointer while this comes and goes.
            let interchange = &cx.session.labeling.interchange;
            let has_outcome = interchange.pending.is_some() || interchange.exported.is_some();
            let outcome = ui.scope(|ui| {
                progress_ui(ui, cx);
                pending_ui(ui, cx);
                exported_ui(ui, cx);
            });
            let begins = !std::mem::replace(&mut self.had_outcome, has_outcome) && has_outcome;
            if begins && outcome.response.rect.top() + LEAST_SEEN > ui.clip_rect().bottom() {
                outcome.response.scroll_to_me(None);
            }
        });
    }

    fn buttons_ui(&self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let busy = cx.session.labeling.interchange.is_busy();
        let import = match cx.session.labeling.can_edit() {
            Ok(()) if busy => Err("Another import or export is running"),
            other => other,
        };
        let export = if busy { Err("Another import or export is running") } else { Ok(()) };
        ui.horizontal_wrapped(|ui| {
            for (title, state, question) in [
                ("Import…", import, PathPrompt::ImportLabels(self.format)),
                ("Export…", export, PathPrompt::ExportLabels(self.format)),
            ] {
                let button = ui.add_enabled(state.is_ok(), Button::new(title));
                if button.on_disabled_hover_text(state.err().unwrap_or_default()).clicked() {
                    cx.actions.push(Action::Ask(question));
                }
            }
            if cx.session.labeling.interchange.reading().is_some() {
                ui.spinner();
                ui.label("Reading…");
                if ui.small_button("Cancel").on_hover_text("Stop the import; nothing is changed").clicked() {
                    cx.session.labeling.interchange.cancel_import();
                }
            }
        });
    }
}

fn progress_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let interchange = &cx.session.labeling.interchange;
    if let Some(progress) = interchange.exporting {
        ui.horizontal(|ui| {
            if ui.small_button("Stop").clicked() {
                interchange.stop();
            }
            progress.bar_ui(ui, "Writing…");
        });
    }
}

/// What an import would do, and what is to be decided.
fn pending_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let Some(pending) = cx.session.labeling.interchange.pending.take() else { return };
    let name = pending.order.source.file_name().unwrap_or_default().to_string_lossy().into_owned();
    section(ui, &format!("Import {name} as {}", pending.order.format.name()));
    let import = match &pending.import {
        Ok(import) => import,
        Err(error) => {
            notes_ui(ui, std::slice::from_ref(error), Tokens::of(ui).error);
            if !ui.button("Close").clicked() {
                cx.session.labeling.interchange.pending = Some(pending);
            }
            return;
        }
    };
    let (mut done, mut cancelled) = (false, false);
    ui.horizontal(|ui| {
        let something = !import.step.changes.is_empty();
        let tokens = Tokens::of(ui);
        let button = Button::new(RichText::new("Import").color(tokens.on_accent)).fill(tokens.accent);
        let button = ui.add_enabled(something, button);
        done = button.on_disabled_hover_text("No changes to import").clicked();
        cancelled = ui.button("Cancel").clicked();
    });
    let mut choices = pending.order.choices;
    choices_ui(ui, import, &mut choices);
    ui.add(Text::new(in_words(import)).wrap());
    if !import.unknown_videos.is_empty() {
        let count = import.unknown_videos.len();
        let are = if count == 1 { "is" } else { "are" };
        explanation(ui, &format!("{} in the file {are} not in the project.", counted(count, "video")));
        if ui.button("Add these videos").clicked() {
            cx.actions.push(Action::AddVideos(import.unknown_videos.clone()));
        }
    }
    notes_ui(ui, &import.notes, Tokens::of(ui).warning);
    notes_ui(ui, &import.remarks, Tokens::of(ui).weak);
    let is_stale = cx.session.labeling.project().is_some_and(|project| project.revision() != pending.revision);
    if cancelled {
    } else if is_stale || choices != pending.order.choices {
        // The project or a choice has changed meanwhile: what would be done is found out again.
        let order = ImportOrder { choices, ..pending.order.clone() };
        cx.actions.push(Action::Import(Box::new(order)));
        cx.session.labeling.interchange.pending = Some(pending);
    } else if done {
        let step = import.step.clone();
        cx.edit(move |_| Ok(step.clone()));
    } else {
        cx.session.labeling.interchange.pending = Some(pending);
    }
}

fn choices_ui(ui: &mut Ui, import: &Import, choices: &mut Choices) {
    if !import.unknown_classes.is_empty() || choices.add_classes {
        let names = match import.unknown_classes.is_empty() {
            true => String::new(),
            false => format!(": {}", import.unknown_classes.join(", ")),
        };
        ui.checkbox(&mut choices.add_classes, format!("Add missing classes{names}"));
    }
    if !import.kept.is_empty() || import.keeps_texts || choices.replace {
        ui.checkbox(&mut choices.replace, "Replace existing labels");
    }
    if import.needs_several || choices.allow_several {
        ui.checkbox(&mut choices.allow_several, "Make the project multi-label");
    }
}

fn in_words(import: &Import) -> String {
    let mut text = match import.videos {
        0 => "No labels would change".to_owned(),
        count => format!("Labels of {} would change", counted(count, "video")),
    };
    if import.new_videos > 0 {
        text += &format!(", {} of them new", import.new_videos);
        if import.new_missing > 0 {
            text += &format!(" ({} not found)", counted(import.new_missing, "file"));
        }
    }
    if !import.kept.is_empty() {
        let (videos, names) = (counted(import.kept.len(), "video"), first_names(&import.kept));
        text += &format!("; {videos} with different labels kept: {names}");
    }
    if import.added > 0 {
        text += &format!("; {} would be added", counted(import.added, "label"));
    }
    if import.replaced > 0 {
        text += &format!("; {} would be replaced", counted(import.replaced, "label"));
    }
    if import.left_out > 0 {
        text += &format!("; skipped labels: {}", import.left_out);
    }
    text + "."
}

/// The names of the first of these videos, and how many more there are.
fn first_names(paths: &[String]) -> String {
    let name = |path: &String| Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = paths.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn exported_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let Some((path, exported)) = cx.session.labeling.interchange.exported.take() else { return };
    section(ui, "Export");
    match &exported {
        Ok(exported) => {
            let files = written_in_words(exported.files.len(), exported.cuts.len());
            ui.add(Text::new(format!("Exported {files} to {}.", path.display())).wrap());
            notes_ui(ui, &exported.notes, Tokens::of(ui).warning);
        }
        Err(error) => notes_ui(ui, std::slice::from_ref(error), Tokens::of(ui).error),
    }
    if !ui.button("Dismiss").clicked() {
        cx.session.labeling.interchange.exported = Some((path, exported));
    }
}

/// What an export has written: files of labels, and clips that were cut out.
fn written_in_words(files: usize, clips: usize) -> String {
    match clips {
        0 => counted(files, "file"),
        _ => format!("{} and {}", counted(files, "list"), counted(clips, "clip")),
    }
}

fn notes_ui(ui: &mut Ui, notes: &[Error], color: eframe::egui::Color32) {
    if notes.is_empty() {
        return;
    }
    remark(ui, color, |ui| {
        for note in notes.iter().take(NOTES) {
            ui.add(Text::new(note.to_string()).wrap().selectable(true));
        }
        if notes.len() > NOTES {
            ui.label(RichText::new(format!("and {} more", notes.len() - NOTES)).color(Tokens::of(ui).weak));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn videos_that_keep_their_labels_are_named() {
        let kept = |count: usize| (1..=count).map(|number| format!("clips/{number}.mp4")).collect();
        let text = |count| in_words(&Import { kept: kept(count), ..Import::default() });
        assert_eq!(text(0), "No labels would change.");
        assert_eq!(text(1), "No labels would change; 1 video with different labels kept: 1.mp4.");
        let end = "5 videos with different labels kept: 1.mp4, 2.mp4 and 3 more.";
        assert_eq!(text(5), format!("No labels would change; {end}"));
        let import = Import { videos: 1, added: 30, replaced: 2, ..Import::default() };
        let text = "Labels of 1 video would change; 30 labels would be added; 2 labels would be replaced.";
        assert_eq!(in_words(&import), text);
    }

    #[test]
    fn an_export_counts_its_clips_as_well() {
        let counts = [(1, 0), (2, 0), (3, 1), (3, 12)].map(|(files, clips)| written_in_words(files, clips));
        assert_eq!(counts, ["1 file", "2 files", "3 lists and 1 clip", "3 lists and 12 clips"]);
    }
}
