//! What lies over the panels and has the keyboard to itself: the palette, the list of keys, the question
//! for a class, the questions whether files are to be replaced and results lost.

use std::collections::VecDeque;

use eframe::egui::{Context, Event, Key};

use super::about::about_ui;
use super::new_folder::NewFolder;
use super::palette::Palette;
use super::replacement::Replacement;
use super::shortcuts::Shortcuts;
use super::unsaved::UnsavedResults;
use crate::app::command::keymap::Keymap;
use crate::app::command::prompt::PathPrompt;
use crate::app::live::panel::ClassPicker;
use crate::app::panel::PanelContext;
use crate::app::predicting::form::PredictForm;

/// Why a path has to be typed.
const NO_DIALOG: &str = "No file dialog is available. Type or paste the path.";

/// What lies over the panels, one thing at a time.
#[derive(Default)]
pub struct Overlay {
    open: Option<OverlayLayer>,
    /// The question for a class that something else took the place of: it comes back, with the frames that are held for it.
    waiting: Option<ClassPicker>,
    /// Whether something was drawn over the panels in the last repaint.
    was_drawn: bool,
    /// Whether it has opened since it was drawn last: its field does not have the keyboard yet.
    is_new: bool,
    /// What was typed since a dialog was asked for: it may have to be a prompt in this window.
    typed_ahead: VecDeque<Typed>,
}

/// What was typed before there was a field for it.
enum Typed {
    Text(String),
    Enter,
}

enum OverlayLayer {
    /// The command palette.
    Palette(Palette),
    /// The list of keys.
    Shortcuts(Shortcuts),
    /// The right class of what was seen live.
    Picker(ClassPicker),
    /// Whether files are to be replaced.
    Replacement(Replacement),
    /// Whether the folder of a new project is to be created.
    NewFolder(NewFolder),
    /// Whether results are to be lost.
    Unsaved(UnsavedResults),
    /// Which predictions are to be computed.
    Predict(PredictForm),
    /// What the program and the model are.
    About,
}

impl Overlay {
    /// Whether something lies over the panels.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Returns from which event of this repaint on what is typed has to be kept: for the field of what has just opened, behind what
    /// was typed before, or for what Enter opens. While no dialog is asked for (`asking`) and no field is open, nothing waits for
    /// that any more.
    pub fn awaits_typing(&mut self, ctx: &Context, asking: bool) -> Option<usize> {
        let is_palette = matches!(self.open, Some(OverlayLayer::Palette(_)));
        if !is_palette && !asking {
            self.forget_typed();
        }
        if !is_palette {
            return None;
        }
        if self.is_new || !self.typed_ahead.is_empty() { Some(0) } else { enter_before_text(ctx) }
    }

    /// Looks up a command, or asks for a path.
    pub fn show_palette(&mut self, palette: Palette) {
        self.cover(OverlayLayer::Palette(palette));
        self.is_new = true;
    }

    /// Asks for a class.
    pub fn show_picker(&mut self, picker: ClassPicker) {
        (self.open, self.is_new) = (Some(OverlayLayer::Picker(picker)), true);
    }

    /// Asks whether files are to be replaced.
    pub fn show_replacement(&mut self, replacement: Replacement) {
        self.cover(OverlayLayer::Replacement(replacement));
    }

    /// Asks whether a folder is to be created.
    pub fn show_new_folder(&mut self, question: NewFolder) {
        self.cover(OverlayLayer::NewFolder(question));
    }

    /// Asks whether results are to be lost.
    pub fn show_unsaved(&mut self, question: UnsavedResults) {
        self.cover(OverlayLayer::Unsaved(question));
    }

    /// Asks how videos are to be predicted.
    pub fn show_predict(&mut self, form: PredictForm) {
        self.cover(OverlayLayer::Predict(form));
    }

    /// Lists the keys.
    pub fn show_shortcuts(&mut self) {
        self.cover(OverlayLayer::Shortcuts(Shortcuts::default()));
    }

    /// Says what the program and the model are.
    pub fn show_about(&mut self) {
        self.cover(OverlayLayer::About);
    }

    /// Asks for the path that no dialog could be shown for; what was typed meanwhile is for it.
    pub fn show_prompt(&mut self, question: PathPrompt) {
        self.show_palette(Palette::path(question, Some(NO_DIALOG)));
    }

    /// Takes the keys for a command that waits for new ones; returns whether one does, so that they are for nothing else.
    pub fn record(&mut self, ctx: &Context, keys: &mut Keymap) -> bool {
        match &mut self.open {
            Some(OverlayLayer::Shortcuts(shortcuts)) if shortcuts.is_recording() => {
                shortcuts.record(ctx, keys);
                true
            }
            _ => false,
        }
    }

    /// Keeps what is being typed for a prompt that is not drawn yet, from this event of the repaint on.
    pub fn type_ahead(&mut self, ctx: &Context, first: usize) {
        if !matches!(self.open, Some(OverlayLayer::Palette(_) | OverlayLayer::Picker(_)) | None) {
            return;
        }
        ctx.input_mut(|input| {
            let typed = input.events.split_off(first.min(input.events.len()));
            for event in typed {
                match event {
                    Event::Text(text) | Event::Paste(text) => self.typed_ahead.push_back(Typed::Text(text)),
                    Event::Key { key: Key::Enter, pressed: true, .. } => self.typed_ahead.push_back(Typed::Enter),
                    event => input.events.push(event),
                }
            }
        });
    }

    /// Gives the palette or the picker what was typed for it, up to the Enter that may end it: the rest is for what that opens.
    fn hand_over_typed(&mut self, ctx: &Context) {
        if !matches!(self.open, Some(OverlayLayer::Palette(_) | OverlayLayer::Picker(_))) {
            return;
        }
        while let Some(typed) = self.typed_ahead.pop_front() {
            match (&mut self.open, typed) {
                (Some(OverlayLayer::Palette(palette)), Typed::Text(text)) => palette.type_text(ctx, &text),
                (Some(OverlayLayer::Picker(picker)), Typed::Text(text)) => picker.type_text(&text),
                (Some(OverlayLayer::Palette(palette)), Typed::Enter) => {
                    palette.enter();
                    return ctx.request_repaint();
                }
                (Some(OverlayLayer::Picker(picker)), Typed::Enter) => {
                    picker.enter();
                    return ctx.request_repaint();
                }
                _ => {}
            }
        }
    }

    /// Forgets what was typed for a prompt that was not needed.
    pub fn forget_typed(&mut self) {
        self.typed_ahead.clear();
    }

    /// Opens `layer`; a question for a class comes back when it is closed.
    fn cover(&mut self, layer: OverlayLayer) {
        if let Some(OverlayLayer::Picker(picker)) = self.open.replace(layer) {
            self.waiting = Some(picker);
        }
    }

    /// Draws what is open, which asks for what was chosen when it closes; returns whether it is closed.
    pub fn overlay_ui(&mut self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        self.hand_over_typed(ctx);
        self.is_new = false;
        if !std::mem::replace(&mut self.was_drawn, self.open.is_some()) && self.was_drawn {
            ctx.request_repaint(); // What is below no longer has the pointer, and its tooltip goes.
        }
        let is_closed = match &mut self.open {
            None => false,
            Some(OverlayLayer::Palette(palette)) => palette.palette_ui(ctx, cx),
            Some(OverlayLayer::Shortcuts(shortcuts)) => shortcuts.shortcuts_ui(ctx, &mut cx.settings.keys),
            Some(OverlayLayer::Picker(picker)) => picker.picker_ui(ctx, cx),
            Some(OverlayLayer::Replacement(replacement)) => replacement.replacement_ui(ctx, cx),
            Some(OverlayLayer::NewFolder(question)) => question.new_folder_ui(ctx, cx),
            Some(OverlayLayer::Unsaved(question)) => question.unsaved_ui(ctx, cx),
            Some(OverlayLayer::Predict(form)) => form.form_ui(ctx, cx),
            Some(OverlayLayer::About) => about_ui(ctx, cx.session),
        };
        if is_closed {
            self.open = self.waiting.take().map(OverlayLayer::Picker);
            self.is_new = self.open.is_some();
            ctx.request_repaint(); // What lay under the overlay is to be seen at once.
        }
        is_closed
    }
}

/// Returns the place of an Enter after which something was typed in the same repaint: a text field would let it drop.
fn enter_before_text(ctx: &Context) -> Option<usize> {
    let is_enter = |event: &Event| matches!(event, Event::Key { key: Key::Enter, pressed: true, repeat: false, .. });
    let is_typed = |event: &Event| matches!(event, Event::Text(_) | Event::Paste(_)) || is_enter(event);
    ctx.input(|input| {
        let enter = input.events.iter().position(is_enter)?;
        input.events[enter + 1..].iter().any(is_typed).then_some(enter)
    })
}
