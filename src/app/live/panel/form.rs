//! Which source is watched, and how answers are made.

use eframe::egui::{ComboBox, DragValue, Key, Label, TextEdit, TextStyle, Ui};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::live::settings::{LiveChoices, SourceKind};
use crate::app::live::state::Cameras;
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark, section};
use crate::engine::Smoothing;
use crate::engine::live::MOST_SECS;
use crate::secrets::without_secrets;
use crate::video::{CameraDevice, CameraMode, Geometry};

/// Width of the lists, in points.
const LIST: f32 = 220.0;
/// Width of the button that chooses a video, in points.
const BROWSE: f32 = 84.0;
/// Addresses of each kind.
const HINT: &str = "rtsp://…, clip.mp4, lavfi:testsrc2";
/// Neither a size nor a rate is asked for.
const AS_IT_LIKES: &str = "Camera default";
/// The networks learned from clips of about this rate.
const USUAL_FPS: f64 = 30.0;

fn list_width(ui: &Ui) -> f32 {
    LIST.min(ui.available_width())
}

/// Draws what is chosen before a source is watched.
pub fn form_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    section(ui, "Source");
    source_ui(ui, cx);
}

/// Draws the choice of the source.
pub fn source_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    field(ui, "Kind", |ui, _| {
        let kind = &mut cx.settings.live.kind;
        ui.selectable_value(kind, SourceKind::Camera, "Camera").on_hover_text("Use a local camera");
        ui.selectable_value(kind, SourceKind::Address, "Address")
            .on_hover_text("Use a stream URL, looped video or test pattern");
    });
    match cx.settings.live.kind {
        SourceKind::Camera => cameras_ui(ui, cx),
        SourceKind::Address => address_ui(ui, cx),
    }
}

fn cameras_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let cameras = cx.session.live.cameras.clone();
    let choices = &mut cx.settings.live;
    // A camera that was unplugged is not forgotten: it may come back.
    if let Some(first) = cameras.list().first().filter(|_| choices.camera.is_none()) {
        let mode = choices.mode.take();
        choices.choose(first);
        choices.mode = mode.or(choices.mode.take());
    }
    let chosen = cameras.list().iter().find(|camera| Some(&camera.name) == choices.camera.as_ref());
    field(ui, "Camera", |ui, label| {
        let choices = &mut cx.settings.live;
        let text = chosen.map_or(choices.camera.as_deref().unwrap_or("None"), |camera| camera.title.as_str());
        let list = ComboBox::from_id_salt("camera").selected_text(text).width(list_width(ui)).truncate();
        let list = list.show_ui(ui, |ui| {
            for camera in cameras.list() {
                let is_chosen = choices.camera.as_ref() == Some(&camera.name);
                if ui.selectable_label(is_chosen, &camera.title).on_hover_text(&camera.name).clicked() {
                    choices.choose(camera);
                }
            }
        });
        list.response.labelled_by(label);
        let text = if matches!(cameras, Cameras::Asked) { "Searching…" } else { "Refresh" };
        command_button(ui, cx, Command::ListCameras, text);
    });
    if let Some(camera) = chosen.filter(|camera| !camera.modes.is_empty()) {
        mode_ui(ui, camera, &mut cx.settings.live);
    }
    match &cameras {
        Cameras::Listed(list) if list.is_empty() => {
            explanation(ui, "No camera found. Connect one and press Refresh, or choose Address for a stream or video.");
        }
        Cameras::Failed(error) => remark(ui, Tokens::of(ui).warning, |ui| {
            ui.add(Label::new(error.to_string()).wrap());
        }),
        _ => {}
    }
}

/// Size and rate: first the size, then what it allows.
fn mode_ui(ui: &mut Ui, camera: &CameraDevice, choices: &mut LiveChoices) {
    let mode = &mut choices.mode;
    let size_text = |size: Geometry| format!("{}×{}", size.width, size.height);
    field(ui, "Size", |ui, label| {
        let text = mode.as_ref().map_or(AS_IT_LIKES.into(), |mode| size_text(mode.size));
        let list = ComboBox::from_id_salt("size").selected_text(text).width(list_width(ui)).show_ui(ui, |ui| {
            ui.selectable_value(mode, None, AS_IT_LIKES);
            for (size, _) in camera.sizes() {
                let chosen = mode.as_ref();
                let fps = chosen.map_or(USUAL_FPS, |mode| mode.fps);
                if ui.selectable_label(chosen.is_some_and(|mode| mode.size == size), size_text(size)).clicked() {
                    *mode = camera.nearest(size, fps).cloned();
                }
            }
        });
        list.response.labelled_by(label);
    });
    let Some(chosen) = mode.clone() else { return };
    let offered = camera.sizes().find(|(size, _)| *size == chosen.size).map_or(&[][..], |(_, modes)| modes);
    field(ui, "Frame rate", |ui, label| {
        let text = |mode: &CameraMode| format!("{} fps", mode.rate());
        let list = ComboBox::from_id_salt("rate").selected_text(text(&chosen)).width(list_width(ui));
        let list = list.show_ui(ui, |ui| {
            for offered in offered {
                ui.selectable_value(mode, Some(offered.clone()), text(offered));
            }
        });
        list.response.labelled_by(label);
    });
}

fn address_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let entered = field(ui, "Address", |ui, label| {
        let width = (ui.available_width() - BROWSE).max(80.0);
        let id = ui.make_persistent_id("address");
        // Whoever types an address sees it as it is; others see no password in it.
        let address = &mut cx.settings.live.address;
        let mut masked = without_secrets(address);
        let shown = if ui.memory(|memory| memory.has_focus(id)) { address } else { &mut masked };
        // The proportional font would draw 640x480 as 640×480.
        let text = TextEdit::singleline(shown).id(id).font(TextStyle::Monospace).hint_text(HINT);
        let response = ui.add(text.desired_width(width)).labelled_by(label);
        command_button(ui, cx, Command::ChooseLiveVideo, "Browse…");
        response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
    });
    if entered {
        cx.run(Command::StartLive);
    }
    explanation(ui, "A stream (rtsp://, http://, udp://), a video path (looped) or an FFmpeg filter graph (lavfi:).");
}

/// Draws how answers are made and shown.
pub fn answers_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let choices = &mut cx.settings.live;
    field(ui, "Smoothing", |ui, label| {
        let kinds = [
            (Smoothing::None, "No smoothing"),
            (Smoothing::Mean { secs: 1.0 }, "Average over the last seconds"),
            (Smoothing::Hysteresis { margin: 0.1, secs: 0.5 }, "Switch class only after a consistent lead"),
        ];
        let list = ComboBox::from_id_salt("smoothing").selected_text(name(choices.smoothing)).width(110.0);
        let list = list.show_ui(ui, |ui| {
            for (kind, tooltip) in kinds {
                let is_chosen = name(kind) == name(choices.smoothing);
                if ui.selectable_label(is_chosen, name(kind)).on_hover_text(tooltip).clicked() && !is_chosen {
                    choices.smoothing = kind;
                }
            }
        });
        list.response.labelled_by(label);
        numbers_ui(ui, &mut choices.smoothing);
    });
    field(ui, "Preview", |ui, _| {
        ui.checkbox(choices.mirrored_mut(), "Mirror")
            .on_hover_text("Mirror the preview (inference and saved clips unaffected)");
    });
    field(ui, "Recording", |ui, _| {
        ui.checkbox(&mut choices.records_overlay, "Draw flow and prediction")
            .on_hover_text("Record flow, bars and label beside the picture");
    });
}

fn name(smoothing: Smoothing) -> &'static str {
    match smoothing {
        Smoothing::None => "None",
        Smoothing::Mean { .. } => "Mean",
        Smoothing::Hysteresis { .. } => "Hysteresis",
    }
}

fn numbers_ui(ui: &mut Ui, smoothing: &mut Smoothing) {
    match smoothing {
        Smoothing::None => {}
        Smoothing::Mean { secs } => {
            seconds_ui(ui, secs, 0.1, "Time to average over");
        }
        Smoothing::Hysteresis { margin, secs } => {
            ui.add(DragValue::new(margin).range(0.0..=1.0).speed(0.005).fixed_decimals(2).prefix("lead "))
                .on_hover_text("Required lead in probability, 0 to 1");
            seconds_ui(ui, secs, 0.0, "Time that the lead must last");
        }
    }
}

fn seconds_ui(ui: &mut Ui, secs: &mut f32, least: f32, tooltip: &str) {
    let value = DragValue::new(secs).range(least..=MOST_SECS).speed(0.02).fixed_decimals(1).suffix(" s");
    ui.add(value).on_hover_text(tooltip);
}
