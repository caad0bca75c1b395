//! The classes as buttons with their digits: what a click or the digit says about the clip.

use eframe::egui::{Atom, Button, Color32, Id, Key, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::app::command::Command;
use crate::app::command::conditions::Availability;
use crate::app::labeling::chip::class_color;
use crate::app::panel::{Action, PanelContext};
use crate::app::session::Session;
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
        let height = HEIGHT.max(SHARE * ui.clip_rect().height());
        ScrollArea::vertical().id_salt("label buttons").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
                let classes = cx.session.labeling.document().map_or(&[][..], |document| document.classes.as_slice());
                let given = Given::of(cx.session);
                let mut chosen = None;
                for (index, class) in classes.iter().enumerate() {
                    let (label, color) = (Label::Class(class.id), class_color(class));
                    let command = Command::of_class(index);
                    chosen = button_ui(ui, &given, (label, &class.name, color), command).or(chosen);
                }
                let is_first = classes.is_empty();
                if !is_first {
                    let background = (Label::Background, "background", Tokens::of(ui).weak);
                    chosen = button_ui(ui, &given, background, Some(Command::LabelBackground)).or(chosen);
                }
                cx.actions.extend(chosen.map(Action::Give));
                self.field_ui(ui, cx, is_first);
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

/// What the buttons show of the clip or the selected segment, the same for all of them.
struct Given<'a> {
    labels: &'a [Label],
    can_label: Availability,
}

impl<'a> Given<'a> {
    fn of(session: &'a Session) -> Self {
        let labeling = &session.labeling;
        let of_segment = labeling.segment().map(|segment| std::slice::from_ref(&segment.label));
        let of_clip = || labeling.video().map_or(&[][..], |(_, video)| video.labels.as_slice());
        Self { labels: of_segment.unwrap_or_else(of_clip), can_label: session.can_label() }
    }
}

/// Draws the button of a label with its name and colour; the label, if it was clicked.
fn button_ui(
    ui: &mut Ui,
    given: &Given<'_>,
    (label, name, color): (Label, &str, Color32),
    command: Option<Command>,
) -> Option<Label> {
    let tokens = Tokens::of(ui);
    let is_given = given.labels.contains(&label);
    let dot = Atom::paint(vec2(8.0, 8.0), move |ui, args| {
        ui.painter().circle_filled(args.rect.center(), 4.0, color);
    });
    let keys = command.map(|command| command.shortcut_text(ui.ctx())).unwrap_or_default();
    let digit = RichText::new(&keys).small().color(tokens.weak);
    let text = RichText::new(name).color(if is_given { tokens.strong } else { tokens.text });
    let button = Button::new((dot, text, digit)).selected(is_given).small().min_size(vec2(0.0, 22.0));
    let response = ui.add_enabled(given.can_label.is_ok(), button).accessible_name(format!("Label as {name}"));
    let response = match given.can_label {
        Ok(()) => response.on_hover_ui(|ui| _ = ui.label(format!("{} ({keys})", Command::Class1.tooltip()))),
        Err(reason) => response.on_disabled_hover_text(reason),
    };
    response.clicked().then_some(label)
}
