//! The command that pins frames.

use eframe::egui::Key;

use crate::app::command::conditions::ensure;
use crate::app::command::spec::{CommandSpec, command, shift};
use crate::app::command::{Command as C, Group as G};
use crate::app::layout::Pane;

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::PinFrame, G::Training, "Pin this frame", "Pin or unpin this frame to follow training", &[shift(Key::P)],
        |on| match (&on.session.clip, on.session.pinned.is_full()) {
            (None, _) => Err("No clip is open"),
            (_, true) if !on.session.frame_pin().is_some_and(|pin| on.session.pinned.has(&pin)) => {
                Err("Four frames are already pinned: unpin one")
            }
            _ => Ok(()),
        })
        .runs(|app, _| {
            if let Some(pin) = app.session.frame_pin() {
                app.session.pinned.toggle(pin);
                app.show(Pane::Pinned);
            }
        }),
    command(C::StopPinned, G::Training, "Stop or resume pinned frames", "Stop computing pinned frames (again to resume)", &[],
        |on| {
            let pinned = &on.session.pinned;
            ensure(pinned.progress().is_some() || pinned.is_stopped(), "No pinned frames are being computed")
        })
        .runs(|app, _| {
            let is_stopped = app.session.pinned.is_stopped();
            app.session.pinned.stop(!is_stopped);
        }),
];
