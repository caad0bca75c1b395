//! The settings of an evaluation: clips and sampling.

use std::path::PathBuf;

use eframe::egui::{Button, ComboBox, DragValue, Ui};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::evaluation::settings::{EvaluationSettings, SAMPLES};
use crate::app::panel::PanelContext;
use crate::app::ui::icon::Icon;
use crate::app::ui::widgets::{explanation, field};
use crate::data::Layout;
use crate::evaluation::{Crops, Spread};

/// Maximum number of characters of a file name on a button; its tooltip has the whole path.
const NAME: usize = 26;

/// Draws the choices.
pub(super) fn form_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    field(ui, "Model", |ui, _| {
        let text = cx.session.model_label().unwrap_or_else(|| "no model loaded".into());
        let short: String = text.chars().take(NAME).collect();
        let short = if short == text { short } else { format!("{short}…") };
        command_button(ui, cx, Command::LoadModel, short);
    });
    if source_ui(ui, cx) {
        return views_ui(ui, &mut cx.settings.evaluation);
    }
    path_ui(ui, cx, "Clips", |settings| &mut settings.clips, &[(Command::ChooseEvaluationClips, "Folder…")]);
    let lists = [(Command::ChooseEvaluationList, "File…"), (Command::ChooseEvaluationLists, "Folder…")];
    path_ui(ui, cx, "List", |settings| &mut settings.list, &lists);
    if cx.settings.evaluation.list.is_none() {
        explanation(ui, "Without a list, each sub-folder is a class.");
    } else {
        list_ui(ui, cx);
    }
    views_ui(ui, &mut cx.settings.evaluation);
}

/// Draws the choice between a folder and the open project; returns whether it is the project.
fn source_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) -> bool {
    let project = cx.session.labeling.document().map(|open| open.settings.name.clone());
    let settings = &mut cx.settings.evaluation;
    let before = settings.scores_labels(project.is_some());
    let mut labels = before;
    field(ui, "Source", |ui, _| {
        ui.selectable_value(&mut labels, false, "Folder or list");
        let button = Button::selectable(labels, "Open project");
        let button = ui.add_enabled(project.is_some() || labels, button).on_disabled_hover_text("No project is open");
        if button.on_hover_text("Score its labelled clips and segments").clicked() {
            labels = true;
        }
    });
    if labels != before {
        settings.labels = Some(labels);
    }
    if labels {
        let of = project.unwrap_or_else(|| "the project to be opened".into());
        explanation(ui, &format!("The labelled clips and segments of {of}. Classes are matched by name."));
    }
    labels
}

/// Draws the further settings of a list.
fn list_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let classes = [(Command::ChooseEvaluationClasses, "File…")];
    path_ui(ui, cx, "Classes", |settings| &mut settings.classes, &classes);
    let settings = &mut cx.settings.evaluation;
    field(ui, "Format", |ui, label| {
        let name = settings.layout.map_or("Detect", layout_name);
        let layouts = ComboBox::from_id_salt("layout").selected_text(name).width(150.0).show_ui(ui, |ui| {
            ui.selectable_value(&mut settings.layout, None, "Detect")
                .on_hover_text("Detect from the file name and first line");
            for layout in Layout::ALL {
                ui.selectable_value(&mut settings.layout, Some(layout), layout_name(layout))
                    .on_hover_text(layout_tooltip(layout));
            }
        });
        layouts.response.labelled_by(label);
        if matches!(settings.layout, None | Some(Layout::Hmdb51)) {
            ui.add(DragValue::new(&mut settings.split).range(1..=9).prefix("split ").speed(0.05))
                .on_hover_text("HMDB51 split (other lists have none)");
        }
    });
    field(ui, "", |ui, _| {
        ui.checkbox(&mut settings.skip_bad, "Skip invalid rows")
            .on_hover_text("Skip malformed or duplicate rows and missing clips");
    });
}

fn views_ui(ui: &mut Ui, settings: &mut EvaluationSettings) {
    field(ui, "Views", |ui, label| {
        ui.add(DragValue::new(&mut settings.samples).range(SAMPLES).speed(0.1))
            .labelled_by(label)
            .on_hover_text("Temporal windows and spatial frames per clip");
        ui.label("×");
        let crops = ComboBox::from_id_salt("crops").selected_text(crops_words(settings.crops).0).width(118.0);
        let crops = crops.show_ui(ui, |ui| {
            for crops in [Crops::Whole, Crops::WholeMirrored, Crops::Five, Crops::Ten] {
                let (name, tooltip) = crops_words(crops);
                ui.selectable_value(&mut settings.crops, crops, name).on_hover_text(tooltip);
            }
        });
        crops.response.on_hover_text(crops_words(settings.crops).1).labelled_by(label);
    });
    field(ui, "Sampling", |ui, _| {
        for (spread, name, tooltip) in [
            (Spread::Paper, "Paper", "Integer steps from the first frame, as published (25 × 10)"),
            (Spread::Even, "Even", "Even steps from first to last frame (short clips)"),
            (Spread::Tsn, "TSN", "Integer steps up to the last window, as in TSN"),
        ] {
            ui.selectable_value(&mut settings.spread, spread, name).on_hover_text(tooltip);
        }
    });
}

/// Draws a file or folder that can be chosen in one or more ways and be cleared.
fn path_ui(
    ui: &mut Ui,
    cx: &mut PanelContext<'_>,
    label: &str,
    path: impl Fn(&mut EvaluationSettings) -> &mut Option<PathBuf>,
    ways: &[(Command, &str)],
) {
    field(ui, label, |ui, _| {
        let Some(chosen) = path(&mut cx.settings.evaluation).clone() else {
            for (command, text) in ways {
                command_button(ui, cx, *command, *text);
            }
            return;
        };
        let name = chosen.file_name().unwrap_or(chosen.as_os_str()).to_string_lossy();
        // A list without an extension is a folder of lists.
        let way = if chosen.extension().is_none() { ways.len() - 1 } else { 0 };
        let (command, _) = ways[way];
        command_button(ui, cx, command, shortened(&name)).on_hover_text(chosen.display().to_string());
        let away = Button::new(Icon::Close.atom()).frame_when_inactive(false);
        let name = format!("Remove {}", label.to_lowercase());
        if ui.add(away).accessible_name(&name).on_hover_text(&name).clicked() {
            *path(&mut cx.settings.evaluation) = None;
        }
    });
}

/// Returns the end of a long name, which has its number.
pub(super) fn shortened(name: &str) -> String {
    let letters = name.chars().count();
    if letters <= NAME {
        name.to_owned()
    } else {
        format!("…{}", name.chars().skip(letters - NAME + 1).collect::<String>())
    }
}

fn crops_words(crops: Crops) -> (&'static str, &'static str) {
    match crops {
        Crops::Whole => ("1 crop", "The whole frame"),
        Crops::WholeMirrored => ("2 crops", "The whole frame and its mirror image"),
        Crops::Five => ("5 crops", "Four corners and the centre"),
        Crops::Ten => ("10 crops", "Corners, centre and their mirror images (paper)"),
    }
}

fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Ucf101 => "UCF101",
        Layout::Hmdb51 => "HMDB51",
        Layout::Tsn => "TSN",
        Layout::Thumos14 => "THUMOS14",
        Layout::ActivityNet => "ActivityNet",
        Layout::Csv => "CSV",
    }
}

fn layout_tooltip(layout: Layout) -> &'static str {
    match layout {
        Layout::Ucf101 => "One Class/clip.avi per line; class numbers need classInd.txt",
        Layout::Hmdb51 => "A folder of CLASS_test_splitN.txt files",
        Layout::Tsn => "One path, frame count and label per line, labels from 0",
        Layout::Thumos14 => "A folder of CLASS_test.txt files with video, start, end",
        Layout::ActivityNet => "JSON with annotated video segments",
        Layout::Csv => "One path,label[,start,end][,group] per line",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(shortened("testlist01.txt"), "testlist01.txt");
        let name = shortened("a_very_long_name_of_a_list_of_clips_testlist01.txt");
        assert!(name.starts_with('…') && name.ends_with("testlist01.txt") && name.chars().count() == NAME, "{name}");
    }
}
