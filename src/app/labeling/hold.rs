//! Hold to label: what a class's key does while it is held and the clip plays.

use std::ops::Range;

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
    /// nothing else for now. Unless the project is multi-label, a class ends where the next one begins, also if its key is let go later.
    pub(in crate::app) fn begin_hold(&mut self, command: Command) -> bool {
        if self.session.labeling.held.iter().any(|held| held.command == command) {
            return true; // The keyboard repeats it.
        }
        let session = &self.session;
        let is_one = session.clip.is_some() && !session.labeling.has_several();
        let is_meant = self.settings.labeling.hold && session.player.playing && is_one;
        if !is_meant || command.available(self.conditions()).is_err() {
            return false;
        }
        let label = match command {
            Command::LabelBackground => Some(Label::Background),
            _ => command.class_index().and_then(|index| session.labeling.class_label(index)),
        };
        let Some((label, video)) = label.zip(session.labeling.selected()) else { return false };
        let new = HeldLabel::new(command, video, label, session.seen_frame(), session.player.speed < 0.0);
        let several = session.labeling.document().is_some_and(|document| document.settings.multi_label);
        if !several || label == Label::Background {
            self.end_holds();
        }
        self.session.labeling.held.push(new);
        true
    }

    /// Follows the clip while keys are held, and labels what has passed once they are let go or the clip goes no further.
    pub(in crate::app) fn follow_holds(&mut self, ctx: &Context) {
        let frame = self.session.seen_frame();
        let is_playing = self.session.player.playing;
        let place = self.session.labeling.selected().filter(|_| self.session.clip.is_some());
        for mut held in std::mem::take(&mut self.session.labeling.held) {
            let is_let_go = is_let_go(ctx, held.command);
            let goes_on = !held.is_over && place == Some(held.video) && held.pass(frame) && is_playing && !is_let_go;
            if !goes_on && !held.is_over && place == Some(held.video) {
                self.label_passed(&held, ctx);
            }
            // The keyboard repeats a key that is held, so that it is remembered until it is let go.
            held.is_over = !goes_on;
            if !is_let_go {
                self.session.labeling.held.push(held);
            }
            if goes_on {
                ctx.request_repaint();
            }
        }
    }

    /// Labels what has passed while keys were held: another one begins.
    fn end_holds(&mut self) {
        let frame = self.session.seen_frame();
        let place = self.session.labeling.selected().filter(|_| self.session.clip.is_some());
        let mut ended = std::mem::take(&mut self.session.labeling.held);
        for held in ended.iter_mut().filter(|held| !held.is_over) {
            held.is_over = true;
            let frames = held.frames_until(frame);
            if place == Some(held.video) && !frames.is_empty() {
                self.add_passed(held, frames);
            }
        }
        self.session.labeling.held = ended;
    }

    /// Labels the frames that have passed while a key was held, or does what a short press of it does.
    fn label_passed(&mut self, held: &HeldLabel, ctx: &Context) {
        let speed = self.session.player.speed.abs();
        let secs = self.session.clip.as_ref().map_or(0.0, |clip| {
            let [start, end] = clip.times.span_secs(&held.frames());
            end - start
        });
        if secs < SHORT * speed {
            _ = self.attempt(held.command, ctx);
        } else {
            self.add_passed(held, held.frames());
        }
    }

    /// Adds the segment that has passed. It is not selected: the next short press is for the clip.
    fn add_passed(&mut self, held: &HeldLabel, frames: Range<usize>) {
        self.session.labeling.current = Some(held.label);
        if self.add_segment(held.video, held.label, frames) {
            self.session.labeling.select_segment(None);
        }
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
