//! Export of flow: the present pair as a file or picture, the whole clip as files or a video.

use eframe::egui::{ComboBox, Ui};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::PanelContext;
use crate::app::shell::jobs::stop_export_tooltip;
use crate::app::ui::progress::Progress;
use crate::app::ui::widgets::{explanation, field};
use crate::flow::files::FlowFormat;

/// Draws the section.
pub fn export_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let text = match (cx.session.exporting, &cx.session.export_of) {
        (Some(_), Some(of)) => format!("{}: {of}", cx.session.export_title),
        (Some(_), None) => cx.session.export_title.to_owned(),
        (None, _) => {
            let source = cx.session.flow.name_of(cx.settings.views.flow_source());
            format!("Exports {source}, the flow source of the view clicked last; the comparison video shows all views.")
        }
    };
    explanation(ui, &text);
    ui.horizontal_wrapped(|ui| {
        command_button(ui, cx, Command::SaveFlow, Command::SaveFlow.text());
        command_button(ui, cx, Command::SavePicture, Command::SavePicture.text());
        command_button(ui, cx, Command::SaveComparison, Command::SaveComparison.text());
    });
    // The format is fixed during an export, whose progress replaces it.
    match cx.session.exporting {
        Some(progress) => progress_ui(ui, &progress, cx),
        None => format_ui(ui, &mut cx.settings.export_format),
    }
    ui.horizontal_wrapped(|ui| {
        command_button(ui, cx, Command::ExportFlows, Command::ExportFlows.text());
        command_button(ui, cx, Command::ExportVideo, Command::ExportVideo.text());
    });
}

fn progress_ui(ui: &mut Ui, progress: &Progress, cx: &mut PanelContext<'_>) {
    let row = ui.horizontal(|ui| {
        ui.set_min_height(ui.spacing().interact_size.y);
        let stop = command_button(ui, cx, Command::StopExport, "Stop");
        stop.on_hover_text(stop_export_tooltip(cx.session.export_title));
        progress.bar_ui(ui, "Starting…");
    });
    if progress.counts().0 == 0 {
        row.response.scroll_to_me(None); // A person who has just begun it looks for it.
    }
}

fn format_ui(ui: &mut Ui, format: &mut FlowFormat) {
    field(ui, "Format", |ui, label| {
        let formats = ComboBox::from_id_salt("format").selected_text(name(*format)).width(170.0);
        let formats = formats.show_ui(ui, |ui| {
            for choice in FlowFormat::ALL {
                ui.selectable_value(format, choice, name(choice)).on_hover_text(tooltip(choice));
            }
        });
        formats.response.labelled_by(label).on_hover_text(tooltip(*format));
    });
}

/// Returns the name of a format.
pub fn name(format: FlowFormat) -> &'static str {
    match format {
        FlowFormat::Flo => "Middlebury .flo",
        FlowFormat::Kitti => "KITTI .png, 16-bit",
        FlowFormat::TwoStreamJpeg => "Two-stream .jpg pairs",
        FlowFormat::TwoStreamPng => "Two-stream .png pairs",
        FlowFormat::Npy => "NumPy .npy",
        FlowFormat::Picture => "Colours .png",
    }
}

fn tooltip(format: FlowFormat) -> &'static str {
    match format {
        FlowFormat::Flo => "Lossless; used by Middlebury, MPI Sintel, FlyingChairs",
        FlowFormat::Kitti => "1/64 px steps up to ±512 px, with validity mask",
        FlowFormat::TwoStreamJpeg => "Grey flow_x and flow_y, ±20 px in 255 levels (two-stream training)",
        FlowFormat::TwoStreamPng => "Grey flow_x and flow_y, ±20 px in 255 levels, no JPEG loss",
        FlowFormat::Npy => "Lossless array of 2 × height × width",
        FlowFormat::Picture => "Middlebury colours, for viewing only",
    }
}
