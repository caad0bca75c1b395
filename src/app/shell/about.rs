//! What the program is, what it runs on, and where the model comes from: version, device, licences.

use eframe::egui::{Align, Context, Id, Label, Layout, Modal, RichText, TextStyle, Ui, vec2};

use crate::app::session::Session;
use crate::app::ui::format::thousands;
use crate::app::ui::theme::{Tokens, modal_frame, semibold};
use crate::app::ui::widgets::overlay_list;
use crate::engine::ModelInfo;
use crate::video;

/// Width, in points.
const WIDTH: f32 = 560.0;
/// Height of all in the window but the list, in points.
const AROUND: f32 = 200.0;
/// Width of the column of names, in points.
const NAMES: f32 = 116.0;
/// Licences of what is part of the program besides its own code.
const PARTS: [(&str, &str); 3] = [
    ("FFmpeg", "LGPL 2.1 or later; GPL 2 or later where the system's build has GPL parts"),
    ("Inter (font)", "SIL Open Font License 1.1"),
    ("Rust libraries", "MIT, Apache 2.0 and other permissive licences; see Cargo.lock"),
];

/// Draws what there is to know; returns whether it is to be closed.
pub fn about_ui(ctx: &Context, session: &Session) -> bool {
    let modal = Modal::new(Id::unique("about")).frame(modal_frame(ctx)).show(ctx, |ui| {
        ui.set_width((ctx.content_rect().width() - 60.0).min(WIDTH));
        let strong = Tokens::of(ui).strong;
        ui.label(RichText::new("Motionscope").font(semibold(22.0)).color(strong));
        ui.add_space(6.0);
        overlay_list(ui, AROUND).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            program_ui(ui, session);
            ui.add_space(10.0);
            ui.label(RichText::new("Model").heading());
            match &session.model {
                Some(model) => model_ui(ui, model),
                None => _ = ui.label("No model is loaded"),
            }
        });
        ui.add_space(8.0);
        ui.button("Close").clicked()
    });
    modal.inner || modal.should_close()
}

fn program_ui(ui: &mut Ui, session: &Session) {
    row_ui(ui, "Version", env!("CARGO_PKG_VERSION"));
    row_ui(ui, "Licence", env!("CARGO_PKG_LICENSE"));
    row_ui(ui, "Device", &session.device);
    row_ui(ui, "FFmpeg version", &video::ffmpeg_version());
    for (part, licence) in PARTS {
        row_ui(ui, part, licence);
    }
}

fn model_ui(ui: &mut Ui, model: &ModelInfo) {
    row_ui(ui, "Name", &model.name);
    row_ui(ui, "Licence", if model.licence.is_empty() { "not stated" } else { &model.licence });
    let parameters = thousands(model.parameters);
    row_ui(ui, "Networks", &format!("{}{}, {parameters} parameters", model.motion, model.knows()));
    for (name, text) in [("Trained on", Some(&model.trained_on)), ("Trained from", model.base.as_ref())] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            row_ui(ui, name, text);
        }
    }
    if let Some(hash) = &model.hash {
        row_ui(ui, "Hash", hash);
    }
    row_ui(ui, "Folder", &model.dir.display().to_string());
}

/// A line: what it is, in a column whose width does not hang on its texts, so that nothing moves after the first repaint; and the text,
/// which can be copied.
fn row_ui(ui: &mut Ui, name: &str, text: &str) {
    ui.horizontal_top(|ui| {
        let height = ui.text_style_height(&TextStyle::Body);
        let column = Layout::left_to_right(Align::TOP);
        ui.allocate_ui_with_layout(vec2(NAMES, height), column, |ui| {
            ui.set_min_width(NAMES);
            ui.label(RichText::new(name).color(Tokens::of(ui).weak));
        });
        ui.add(Label::new(text).wrap().selectable(true));
    });
}
