//! Asks for the right class of what was just seen: one digit, or a few letters.

use eframe::egui::{Align2, Area, Context, Event, Id, Key, Modal, Modifiers, Order, RichText, TextEdit, Ui, vec2};

use crate::app::panel::{Action, PanelContext};
use crate::app::session::Session;
use crate::app::ui::theme::{Tokens, modal_frame};
use crate::app::ui::widgets::overlay_list;

/// Height of all in the window but the list, in points.
const AROUND: f32 = 230.0;

/// The keys of the first ten classes.
const DIGITS: [(Key, &str); 10] = [
    (Key::Num1, "1"),
    (Key::Num2, "2"),
    (Key::Num3, "3"),
    (Key::Num4, "4"),
    (Key::Num5, "5"),
    (Key::Num6, "6"),
    (Key::Num7, "7"),
    (Key::Num8, "8"),
    (Key::Num9, "9"),
    (Key::Num0, "0"),
];

/// The open question. Classes stand where they always do, so that "C and a digit" can be learnt by heart: those of the open project
/// have the digits that label clips, then come those of the model and of corrections made before.
pub struct ClassPicker {
    classes: Vec<String>,
    text: String,
    /// The row that Enter takes; none until something is typed or an arrow key pressed, so that a hasty Enter takes no class.
    selected: Option<usize>,
    /// The digit and the Enter that were pressed before there was a field.
    digit: Option<usize>,
    is_entered: bool,
}

impl ClassPicker {
    /// Asks about what `session` sees now.
    pub fn new(session: &Session) -> Self {
        let document = session.labeling.document();
        let of_project = document.into_iter().flat_map(|document| document.classes.iter().map(|class| &class.name));
        let of_model = session.model.iter().flat_map(|model| &model.classes);
        let mut corrected: Vec<&String> = session.live.corrections.iter().map(|(class, _)| class).collect();
        corrected.sort();
        let mut classes: Vec<String> = Vec::new();
        for class in of_project.chain(of_model).chain(corrected) {
            if !classes.contains(class) {
                classes.push(class.clone());
            }
        }
        Self { classes, text: String::new(), selected: None, digit: None, is_entered: false }
    }

    /// Takes what was typed before there was a field.
    pub fn type_text(&mut self, text: &str) {
        self.digit = DIGITS.iter().position(|(_, digit)| *digit == text).filter(|_| self.text.is_empty());
        if self.digit.is_none() {
            self.text.push_str(text);
            self.select_first();
        }
    }

    /// Takes an Enter that was pressed before there was a field.
    pub fn enter(&mut self) {
        self.is_entered = true;
    }

    fn select_first(&mut self) {
        self.selected = (!self.text.trim().is_empty()).then_some(0);
    }

    /// Draws the question; returns whether it is answered.
    pub fn picker_ui(&mut self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        let id = Id::unique("class picker");
        let area = Area::new(id).order(Order::Foreground).anchor(Align2::CENTER_TOP, vec2(0.0, 64.0));
        let modal = Modal::new(id).area(area).frame(modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(420.0));
            self.question_ui(ui)
        });
        let is_answered = modal.inner.is_some() || modal.should_close();
        if is_answered {
            cx.actions.push(Action::Correct(modal.inner));
        }
        is_answered
    }

    fn question_ui(&mut self, ui: &mut Ui) -> Option<String> {
        let weak = Tokens::of(ui).weak;
        ui.heading("Choose the correct class");
        ui.label(RichText::new("The last seconds are saved as a clip of this class. Esc cancels.").color(weak));
        ui.add_space(4.0);
        // Before the field takes them for text.
        let digit = if self.text.is_empty() { self.digit.take().or_else(|| pressed_digit(ui)) } else { None };
        let step = ui.input_mut(|input| {
            let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
            let up = input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp);
            down as i64 - up as i64
        });
        let entered = std::mem::take(&mut self.is_entered) || ui.input(|input| input.key_pressed(Key::Enter));
        let field =
            TextEdit::singleline(&mut self.text).hint_text("Class name, existing or new…").desired_width(f32::INFINITY);
        let field = ui.add(field.margin(vec2(10.0, 8.0)));
        field.request_focus();
        if field.changed() {
            self.select_first();
        }
        let offered = self.offered(); // by what is typed now, also in the repaint of an Enter
        if step != 0 {
            let last = offered.len().saturating_sub(1) as i64;
            self.selected = Some((self.selected.map_or(-1, |row| row as i64) + step).clamp(0, last) as usize);
        }
        ui.add_space(4.0);
        let chosen = self.selected.and_then(|row| offered.get(row)).filter(|_| entered);
        let mut picked = digit.and_then(|digit| offered.get(digit)).or(chosen).cloned();
        overlay_list(ui, AROUND).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (i, class) in offered.iter().enumerate() {
                if self.row_ui(ui, i, class, step != 0) {
                    picked = Some(class.clone());
                }
            }
        });
        picked
    }

    fn row_ui(&self, ui: &mut Ui, i: usize, class: &str, follow: bool) -> bool {
        let is_new = !self.classes.iter().any(|known| known == class);
        let text = if is_new { format!("New class “{class}”") } else { class.to_owned() };
        let digit = DIGITS.get(i).filter(|_| self.text.is_empty()).map_or("", |(_, digit)| digit);
        let button =
            eframe::egui::Button::selectable(Some(i) == self.selected, text).min_size(vec2(ui.available_width(), 28.0));
        let response = ui.add(button.shortcut_text(digit)).accessible_name(class);
        if Some(i) == self.selected && follow {
            response.scroll_to_me(None);
        }
        response.clicked()
    }

    /// The classes with what is typed in their names, and what is typed itself if it is none of them.
    fn offered(&self) -> Vec<String> {
        let typed = self.text.trim();
        let letters = typed.to_lowercase();
        let mut offered: Vec<_> =
            self.classes.iter().filter(|class| class.to_lowercase().contains(&letters)).cloned().collect();
        offered.sort_by_key(|class| !class.to_lowercase().starts_with(&letters)); // stable
        if !typed.is_empty() && !self.classes.iter().any(|class| class == typed) {
            offered.push(typed.to_owned());
        }
        offered
    }
}

/// The place of the digit that was pressed, which is then no text any more.
fn pressed_digit(ui: &Ui) -> Option<usize> {
    ui.input_mut(|input| {
        let is_digit = |event: &Event, text: &str| matches!(event, Event::Text(typed) if typed == text);
        let typed =
            |input: &eframe::egui::InputState, text: &str| input.events.iter().any(|event| is_digit(event, text));
        let pressed = DIGITS.iter().position(|(key, text)| input.key_pressed(*key) || typed(input, text))?;
        let (key, text) = DIGITS[pressed];
        // What the key prints in this layout is no text either; it follows the key.
        let at = input
            .events
            .iter()
            .position(|event| matches!(event, Event::Key { key: k, pressed: true, .. } if *k == key));
        if let Some(next) = at.map(|at| at + 1).filter(|next| matches!(input.events.get(*next), Some(Event::Text(_)))) {
            input.events.remove(next);
        }
        input.consume_key(Modifiers::NONE, key);
        input.events.retain(|event| !is_digit(event, text));
        Some(pressed)
    })
}

#[cfg(test)]
mod tests {
    use eframe::egui::RawInput;

    use super::*;
    use crate::app::flow::tests::model_of;
    use crate::engine::Message;
    use crate::labels::{Project, edits};

    #[test]
    fn classes_have_the_digits_that_label_clips_and_keep_them() {
        let dir = tempfile::tempdir().unwrap();
        let mut project = Project::create(dir.path(), Default::default()).unwrap();
        for name in ["wave", "bend"] {
            let (_, step) = edits::add_class(project.document(), name).unwrap();
            project.perform(step).unwrap();
        }
        let mut session = Session::new("CPU".into());
        session.receive(&Message::ModelLoaded(model_of(&["bend", "jack", "wave"])));
        session.live.corrections = ["zigzag", "bend", "arc"].map(|class| (class.into(), vec!["a.mp4".into()])).into();
        assert_eq!(ClassPicker::new(&session).classes, ["bend", "jack", "wave", "arc", "zigzag"]);
        session.labeling.open(project, Vec::new());
        assert_eq!(ClassPicker::new(&session).classes, ["wave", "bend", "jack", "arc", "zigzag"]);
    }

    #[test]
    fn enter_takes_what_was_typed_even_before_there_was_a_field_and_nothing_else() {
        let (ctx, session) = (Context::default(), Session::new("CPU".into()));
        let classes = ["wave", "clap"].map(str::to_owned).to_vec();
        let new = || ClassPicker { classes: classes.clone(), ..ClassPicker::new(&session) };
        let draw = |picker: &mut ClassPicker| {
            let mut picked = None;
            _ = ctx.run_ui(RawInput::default(), |ui| picked = picked.take().or(picker.question_ui(ui)));
            picked
        };
        let mut picker = new();
        picker.enter();
        assert_eq!(draw(&mut picker), None, "nothing was typed");
        picker.type_text("cl");
        picker.enter();
        assert_eq!(draw(&mut picker).as_deref(), Some("clap"));
        let mut picker = new();
        picker.type_text("2");
        assert_eq!(draw(&mut picker).as_deref(), Some("clap"), "its digit");
    }

    #[test]
    fn letters_narrow_the_choice_and_a_new_name_is_offered_last() {
        let classes = ["wave", "clap", "wave both"].map(str::to_owned).to_vec();
        let mut picker = ClassPicker { classes, ..ClassPicker::new(&Session::new("CPU".into())) };
        assert_eq!(picker.offered(), ["wave", "clap", "wave both"]);
        picker.text = " Wa".into();
        assert_eq!(picker.offered(), ["wave", "wave both", "Wa"]);
        picker.text = "clap".into();
        assert_eq!(picker.offered(), ["clap"]);
        picker.text = "手".into();
        assert_eq!(picker.offered(), ["手"]);
    }
}
