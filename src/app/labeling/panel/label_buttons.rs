//! The classes as buttons with their digits: what a click or the digit says about the clip.

use eframe::egui::{Atom, Button, Id, Key, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::app::command::Command;
use crate::app::labeling::chip::label_color;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::labels::{Label, edits};

/// Height that the buttons may have in any panel, in points; more of them scroll.
const HEIGHT: f32 = 92.0;
/// Share of a high panel's height that they may have.
const SHARE: f32 = 0.12;

/// The buttons, and the name of a class that is being added.
#[derive(Default)]
pub(super) struct LabelButtons {
    name: String,
}

impl LabelButtons {
    /// Draws the buttons and the field for another class.
    pub fn label_buttons_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let classes = cx.session.labeling.document().map(|document| document.classes.clone()).unwrap_or_default();
        let height = HEIGHT.max(SHARE * ui.clip_rect().height());
        ScrollArea::vertical().id_salt("label buttons").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
                for (index, class) in classes.iter().enumerate() {
                    let command = Command::of_class(index);
                    button_ui(ui, cx, Label::Class(class.id), &class.name, command);
                }
                if !classes.is_empty() {
                    button_ui(ui, cx, Label::Background, "background", Some(Command::LabelBackground));
                }
                self.field_ui(ui, cx, classes.is_empty());
            });
        });
        ui.add_space(4.0);
    }

    fn field_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>, is_first: bool) {
        let editable = cx.session.labeling.can_edit();
        let hint = if is_first { "First class name, then Enter" } else { "New class" };
        let width = if is_first { 260.0 } else { 84.0 };
        // It keeps the keyboard when a class is added before it.
        let field =
            TextEdit::singleline(&mut self.name).id(Id::unique("new class")).hint_text(hint).desired_width(width);
        let response = ui.add_enabled(editable.is_ok(), field).accessible_name("New class");
        let response = match editable {
            Ok(()) => response.on_hover_text("Type a name and press Enter"),
            Err(reason) => response.on_disabled_hover_text(reason),
        };
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !self.name.trim().is_empty() {
            let name = self.name.clone();
            if cx.session.labeling.document().is_some_and(|document| edits::add_class(document, &name).is_ok()) {
                self.name.clear();
                response.request_focus(); // for the next one
            }
            cx.edit(move |document| edits::add_class(document, &name).map(|(_, step)| step));
        }
    }
}

fn button_ui(ui: &mut Ui, cx: &mut PanelContext<'_>, label: Label, name: &str, command: Option<Command>) {
    let Some(document) = cx.session.labeling.document() else { return };
    let (tokens, color) = (Tokens::of(ui), label_color(ui, document, label));
    let segment = cx.session.labeling.segment().map(|segment| segment.label == label);
    let clip = || cx.session.labeling.video().is_some_and(|(_, video)| video.labels.contains(&label));
    let is_given = segment.unwrap_or_else(clip);
    let dot = Atom::paint(vec2(8.0, 8.0), move |ui, args| {
        ui.painter().circle_filled(args.rect.center(), 4.0, color);
    });
    let keys = command.map(|command| command.shortcut_text(ui.ctx())).unwrap_or_default();
    let digit = RichText::new(&keys).small().color(tokens.weak);
    let text = RichText::new(name).color(if is_given { tokens.strong } else { tokens.text });
    let button = Button::new((dot, text, digit)).selected(is_given).small().min_size(vec2(0.0, 22.0));
    let state = cx.session.can_label();
    let mut response = ui.add_enabled(state.is_ok(), button).accessible_name(format!("Label as {name}"));
    response = match state {
        Ok(()) => response.on_hover_text(format!("{} ({keys})", Command::Class1.tooltip())),
        Err(reason) => response.on_disabled_hover_text(reason),
    };
    if response.clicked() {
        cx.actions.push(Action::Give(label));
    }
}
