//! Below everything: where the clip is, how it plays, and the timeline.

use std::ops::RangeInclusive;

use eframe::egui::{Align, ComboBox, DragValue, Frame, Layout, Margin, RichText, TextStyle, Ui};

use super::clip_list::clip_steps_ui;
use super::timeline::Timeline;
use crate::app::command::Command;
use crate::app::command::button::icon_button;
use crate::app::panel::PanelContext;
use crate::app::ui::format::time_code;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;
use crate::engine::Request;
use crate::video::PlayerCommand;

/// The speeds that are offered.
const SPEEDS: [f64; 7] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// How many frames a step may have.
const STEP_FRAMES: RangeInclusive<usize> = 2..=100_000;

/// The transport with its timeline.
#[derive(Default)]
pub struct Transport {
    timeline: Timeline,
}

impl Transport {
    /// Draws both.
    pub fn transport_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        Frame::new().inner_margin(Margin { top: 6, bottom: 8, left: 12, right: 12 }).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 3.0;
                buttons_ui(ui, cx);
                ui.add_space(10.0);
                clock_ui(ui, cx);
                sound_ui(ui, cx);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| right_ui(ui, cx));
            });
            ui.add_space(2.0);
            self.timeline.timeline_ui(ui, cx);
        });
    }
}

fn buttons_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let play = if cx.session.player.playing { Icon::Pause } else { Icon::Play };
    for (command, icon) in [
        (Command::FirstFrame, Icon::First),
        (Command::StepBack, Icon::StepBack),
        (Command::PlayPause, play),
        (Command::StepForward, Icon::StepForward),
        (Command::LastFrame, Icon::Last),
    ] {
        icon_button(ui, cx, command, icon, command == Command::PlayPause);
    }
    let looping = cx.settings.looping;
    icon_button(ui, cx, Command::LoopSegment, Icon::Loop, looping);
}

/// Time code and number of the frame that is seen; its own time stamp, not frame / rate, so that uneven clips are right.
fn clock_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let Some(clip) = &cx.session.clip else {
        if let Some(frame) = cx.session.frame.as_ref().filter(|_| cx.session.is_previewed()) {
            ui.label(RichText::new(time_code(frame.pts_secs)).text_style(TextStyle::Monospace).color(tokens.strong));
        }
        let text = match (&cx.session.opening, cx.session.indexing.and_then(|indexing| indexing.claimed_secs)) {
            (Some(_), Some(secs)) => format!("Indexing / {}", time_code(secs)),
            (Some(_), None) => "Opening…".into(),
            (None, _) if cx.session.live.is_active() => "Live".into(),
            (None, _) => "No clip".into(),
        };
        ui.label(RichText::new(text).color(tokens.weak));
        return;
    };
    let position = cx.session.seen_frame();
    let secs = clip.times.secs(position) - clip.times.start_secs();
    let time = RichText::new(time_code(secs)).text_style(TextStyle::Monospace).size(14.0).color(tokens.strong);
    ui.label(time);
    ui.label(
        RichText::new(format!("/ {}", time_code(clip.duration_secs)))
            .text_style(TextStyle::Monospace)
            .color(tokens.weak),
    );
    ui.add_space(10.0);
    let frame = cx.settings.frame_numbers.of(position, clip.frames);
    ui.label(RichText::new(frame).text_style(TextStyle::Monospace).color(tokens.weak))
        .on_hover_text("Number frames from 0 or 1: View menu");
    if let Some(recorded) = &clip.recorded {
        ui.add_space(10.0);
        ui.label(RichText::new(recorded.clock(secs)).text_style(TextStyle::Monospace).color(tokens.weak))
            .on_hover_text(format!("Clock time of the recording: {}", recorded.in_words(secs)));
    }
}

/// Clips without sound have no place for it.
fn sound_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    if cx.session.clip.as_ref().is_some_and(|clip| clip.has_sound) {
        ui.add_space(6.0);
        let icon = if cx.settings.sound { Icon::Sound } else { Icon::Muted };
        icon_button(ui, cx, Command::ToggleSound, icon, false);
    }
}

fn right_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let before = cx.session.player.speed;
    let mut speed = before;
    let text = |speed: f64| format!("{speed}×");
    ui.add_enabled_ui(cx.session.clip.is_some(), |ui| {
        ComboBox::from_id_salt("speed")
            .selected_text(text(speed))
            .width(64.0)
            .show_ui(ui, |ui| {
                for choice in SPEEDS {
                    ui.selectable_value(&mut speed, choice, text(choice));
                }
            })
            .response
            .accessible_name("Speed")
            .on_hover_text("Playback speed (J and L double it)")
            .on_disabled_hover_text("No clip is open");
    });
    if speed != before {
        cx.send(Request::Player(PlayerCommand::SetSpeed(speed)));
    }
    if cx.session.labeling.project().is_some() {
        let mut shown = !cx.settings.labeling.hides_tracks;
        let toggle = ui.toggle_value(&mut shown, RichText::new("Tracks").small());
        toggle.on_hover_text("Show thumbnails and class tracks");
        cx.settings.labeling.hides_tracks = !shown;
        let step = DragValue::new(&mut cx.settings.step_frames).range(STEP_FRAMES).prefix("±");
        let keys = [Command::FramesBack, Command::FramesForward].map(|command| command.shortcut_text(ui.ctx()));
        ui.add(step)
            .accessible_name("Frames a step")
            .on_hover_text(format!("Frames that {} and {} go", keys[0], keys[1]));
    }
    clip_steps_ui(ui, cx);
    let marks = cx.session.marks;
    if marks.start.is_some() || marks.end.is_some() {
        let (start, end) = marks.segment(cx.session.frames());
        let [start, end] = [start, end].map(|frame| cx.settings.frame_numbers.number(frame));
        ui.add_space(8.0);
        if ui.small_button("Clear").on_hover_text(Command::ClearMarks.hover_text(ui.ctx())).clicked() {
            cx.run(Command::ClearMarks);
        }
        ui.label(RichText::new(format!("segment {start} … {end}")).small().color(Tokens::of(ui).weak));
    }
}
