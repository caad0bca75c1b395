//! Who has the keyboard: the commands, what lies over the panels, or a prompt that is about to.

use std::time::Instant;

use eframe::egui::{Context, Key, Modifiers, Popup, ViewportCommand};

use super::palette::Palette;
use crate::app::App;
use crate::app::command::conditions::{Availability, ensure};
use crate::app::command::{Command, Group, KeyPress, take_digits_by_place};

impl App {
    /// Does what the keys say. What is typed for a prompt that is not drawn yet is kept for it.
    pub(in crate::app) fn take_keys(&mut self, ctx: &Context) {
        leave_field(ctx);
        ctx.input_mut(|input| take_digits_by_place(&mut input.events));
        if self.overlay.record(ctx, &mut self.settings.keys) {
            return;
        }
        let asking = self.dialogs.is_asking();
        let typed_from = self.overlay.awaits_typing(ctx, asking);
        // From which event of this repaint on a prompt waits for what is typed.
        let is_left = !self.overlay.is_open() && Palette::has_keyboard(ctx);
        let is_typing = ctx.text_edit_focused() && !is_left;
        let mut awaited = if asking && !is_typing { Some(0) } else { typed_from };
        let mut presses = Command::pressed(ctx, asking || typed_from.is_some()).into_iter();
        while let Some(KeyPress { command, at, has_text, .. }) = presses.next() {
            // An overlay has the keyboard to itself, but for the keys that open another one.
            let opens = matches!(command, Command::Palette | Command::Shortcuts | Command::FullScreen);
            if self.overlay.is_open() && !opens {
                continue;
            }
            let before = (self.overlay.is_open(), self.dialogs.is_asking());
            self.session.refused = None;
            if self.begin_hold(command) {
                continue;
            }
            if let Err(reason) = self.seen(command).and_then(|()| self.attempt(command, ctx)) {
                // A key has no tooltip that would say so.
                self.session.refused = Some((reason.into(), Instant::now()));
            }
            if (self.overlay.is_open(), self.dialogs.is_asking()) != before {
                awaited = Some(at + usize::from(has_text));
                // The rest was typed for what has just opened, in this order.
                ctx.input_mut(|input| {
                    for press in presses.rev() {
                        input.events.insert(press.at.min(input.events.len()), press.event);
                    }
                });
                break;
            }
        }
        self.follow_holds(ctx); // After the presses: a key can be let go in the same repaint.
        if let Some(first) = awaited {
            self.overlay.type_ahead(ctx, first);
        }
    }

    /// `Ok` unless a key would change views that are not on the screen.
    fn seen(&self, command: Command) -> Availability {
        let has_views = self.session.clip_path().is_some();
        ensure(has_views || !matches!(command.group(), Group::Viewer | Group::Flow), "Open a clip first")
    }

    /// Esc cancels what is being opened, leaves what fills the screen, and lets go of the selected segment; an overlay and an open menu
    /// have it for themselves.
    pub(in crate::app) fn take_escape(&mut self, ctx: &Context) {
        if self.overlay.is_open() || Popup::is_any_open(ctx) {
            return;
        }
        self.leave_demo(ctx);
        self.escape_opening(ctx);
        leave_full_screen(ctx);
        self.leave_segment(ctx);
    }
}

/// A press beside the field that has the keyboard takes it away; egui itself waits for a click, which a drag is not.
fn leave_field(ctx: &Context) {
    let pressed = ctx.input(|input| input.pointer.interact_pos().filter(|_| input.pointer.primary_pressed()));
    let (Some(at), Some(id)) = (pressed, ctx.memory(|memory| memory.focused())) else { return };
    let is_beside = ctx.read_response(id).is_some_and(|field| !field.rect.contains(at));
    if is_beside && ctx.text_edit_focused() {
        ctx.memory_mut(|memory| memory.surrender_focus(id));
    }
}

fn leave_full_screen(ctx: &Context) {
    let full_screen = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
    if full_screen && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(false));
    }
}
