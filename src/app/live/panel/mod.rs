//! The live panel: which source is watched and how, what the networks say about it, and what is made of their mistakes.
//!
//! The pictures themselves are on the `stage`: in the viewer's place, or alone on the screen in the `demo`.

mod answer;
mod corrections;
mod demo;
mod figures;
mod form;
mod picker;

use std::time::{Duration, Instant};

use eframe::egui::{Button, CollapsingHeader, RichText, ScrollArea, Ui, vec2};

use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button, styled_command_button};
use crate::app::live::state::{clock, fault};
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::ui::theme::{SECTION_GAP, Tokens};
use crate::app::ui::widgets::{explanation, section};
use crate::engine::LiveView;
use crate::video::CameraPhase;

pub use demo::Demo;
pub use picker::ClassPicker;

/// How often the time until the next attempt is drawn again.
const COUNTDOWN: Duration = Duration::from_millis(250);

/// Room for the scroll bar, so that nothing is under it, in points.
const SCROLL_BAR: f32 = 10.0;

/// Width of the button that records, in points.
const RECORD: f32 = 96.0;

/// The live panel.
#[derive(Default)]
pub struct LivePanel {
    /// Whether it was drawn in this repaint.
    pub is_shown: bool,
}

impl Panel for LivePanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.is_shown = true;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - SCROLL_BAR);
            let view = cx.session.live.view.clone();
            state_ui(ui, view.as_ref(), cx);
            match &view {
                None => form::form_ui(ui, cx),
                Some(view) => {
                    figures::figures_ui(ui, view);
                    section(ui, "Prediction");
                    answer::answer_ui(ui, view, cx);
                    ui.add_space(SECTION_GAP);
                    CollapsingHeader::new("Source").show(ui, |ui| {
                        explanation(ui, "Stop to change the source.");
                        ui.add_enabled_ui(false, |ui| form::source_ui(ui, cx));
                    });
                }
            }
            section(ui, "Smoothing, preview and recording");
            form::answers_ui(ui, cx);
            section(ui, "Corrections");
            corrections::corrections_ui(ui, cx);
        });
    }
}

/// What the source does, and the buttons.
fn state_ui(ui: &mut Ui, view: Option<&LiveView>, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let is_active = cx.session.live.is_active();
    ui.label(RichText::new(phase_text(view, cx.session.live.starting)).heading());
    let source = view.map_or("Classify a camera, stream or video live".into(), what_text);
    let label = eframe::egui::Label::new(RichText::new(&source).color(tokens.weak)).truncate();
    ui.add(label).on_hover_text(source);
    ui.add_space(6.0);
    ui.horizontal_wrapped(|ui| {
        primary_button(ui, cx, Command::StartLive, if is_active { "Stop" } else { "Start" });
        if is_active {
            let recording = view.and_then(|view| view.recording.as_ref());
            let text = recording.map_or("Record…".into(), |recording| format!("Rec. {}", clock(recording.secs)));
            command_button(ui, cx, Command::CorrectLive, "Correct prediction…");
            // As wide while it records, so that nothing moves.
            let button = Button::new(text).selected(recording.is_some()).min_size(vec2(RECORD, 0.0));
            styled_command_button(ui, cx, Command::RecordLive, button);
            command_button(ui, cx, Command::DemoLive, "Full screen");
        }
    });
    if view.is_some_and(|view| fault(view).is_some()) {
        ui.ctx().request_repaint_after(COUNTDOWN);
    }
}

/// What the source does in a few words.
fn phase_text(view: Option<&LiveView>, starting: bool) -> String {
    match view.map(|view| &view.camera.phase) {
        None if starting => "Connecting…".into(),
        None => "Stopped".into(),
        Some(CameraPhase::Connecting) => "Connecting…".into(),
        Some(CameraPhase::Live) => "Live".into(),
        Some(CameraPhase::Waiting { retry_at, attempt, .. }) => {
            let secs = retry_at.saturating_duration_since(Instant::now()).as_secs_f32().ceil();
            let what = if view.is_some_and(|view| view.camera.captured == 0) { "Trying again" } else { "Reconnecting" };
            format!("{what} in {secs:.0} s (attempt {attempt})")
        }
        Some(CameraPhase::Failed(_)) => "Source unavailable".into(),
    }
}

/// The source and what it delivers.
fn what_text(view: &LiveView) -> String {
    let info = view.camera.info.as_ref();
    let size = info.map_or(String::new(), |info| format!("{}×{} {}, ", info.width, info.height, info.codec));
    format!("{size}{}", view.source)
}
