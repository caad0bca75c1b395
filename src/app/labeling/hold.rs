//! Hold to label: what a class's key does while it is held and the clip plays.

use eframe::egui::{Context, Event};

use super::held::HeldLabel;
use crate::app::App;
use crate::app::command::Command;
use crate::app::command::keymap::Keymap;
use crate::labels::Label;

/// A key that is held shorter than this labels as it does otherwise, in seconds.
const SHORT: f64 = 0.25;

impl App {
    /// Begins to label what passes, if `command` is that of a class, the clip plays and the settings say so. True if the key means
    /// nothing else for now.
    pub(in crate::app) fn begin_hold(&mut self, command: Command) -> bool {
        if self.session.labeling.held.as_ref().is_some_and(|held| held.command == command) {
            return true; // The keyboard repeats it.
        }
        let session = &self.session;
        let is_one = session.clip.is_some() && !session.labeling.has_several();
        let is_meant = self.settings.labeling.hold && session.player.playing && is_one;
        if !is_meant || session.labeling.held.is_some() || command.available(self.conditions()).is_err() {
            return false;
        }
        let label = match command {
            Command::LabelBackground => Some(Label::Background),
            _ => command.class_index().and_then(|index| session.labeling.class_label(index)),
        };
        let Some((label, video)) = label.zip(session.labeling.selected()) else { return false };
        let backwards = session.player.speed < 0.0;
        self.session.labeling.held = Some(HeldLabel::new(command, video, label, session.seen_frame(), backwards));
        true
    }

    /// Follows the clip while a key is held, and labels what has passed once it is let go or the clip goes no further.
    pub(in crate::app) fn follow_hold(&mut self, ctx: &Context) {
        let frame = self.session.seen_frame();
        let is_playing = self.session.player.playing;
        let selected = self.session.labeling.selected();
        let has_clip = self.session.clip.is_some();
        let Some(held) = &mut self.session.labeling.held else { return };
        let is_let_go = is_let_go(ctx, held.command);
        // The keyboard repeats a key that is held, so that it is remembered until it is let go.
        let was_over = std::mem::replace(&mut held.is_over, true);
        let is_elsewhere = selected != Some(held.video) || !has_clip;
        let goes_on = !was_over && !is_elsewhere && held.pass(frame) && is_playing && !is_let_go;
        if goes_on {
            held.is_over = false;
            return ctx.request_repaint();
        }
        let held = held.clone();
        if is_let_go {
            self.session.labeling.held = None;
        }
        if was_over || is_elsewhere {
            return;
        }
        let frames = held.frames();
        let speed = self.session.player.speed.abs();
        let secs = self.session.clip.as_ref().map_or(0.0, |clip| {
            let [start, end] = clip.times.span_secs(&frames);
            end - start
        });
        if secs < SHORT * speed {
            _ = self.attempt(held.command, ctx);
            return;
        }
        self.session.labeling.current = Some(held.label);
        self.add_segment(held.video, held.label, frames);
    }
}

/// Whether the key of a command is held no more, or nobody can know: the window has lost the keyboard.
fn is_let_go(ctx: &Context, command: Command) -> bool {
    let keymap = Keymap::of(ctx);
    let keys = keymap.shortcuts(command);
    ctx.input(|input| {
        let is_released = |event: &Event| match event {
            Event::Key { key, pressed: false, .. } => keys.iter().any(|keys| keys.logical_key == *key),
            _ => false,
        };
        !input.focused || input.keys_down.is_empty() || input.events.iter().any(is_released)
    })
}
