//! The command palette (Ctrl+P): any command by a part of its name, or a path where no dialog is to be had.

use std::path::Path;

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::text_edit::TextEditState;
use eframe::egui::{
    Align2, Area, Button, Context, Id, Key, Label, Modal, Modifiers, Order, RichText, TextEdit, Ui, vec2,
};

use super::completion::{Completion, expand_home, known_models, recent_places};
use crate::app::command::Command;
use crate::app::command::prompt::PathPrompt;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::{Tokens, modal_frame};
use crate::app::ui::widgets::overlay_list;
use crate::error::Error;
use crate::output::Existing;

/// Height of all in the window but the list of commands, in points.
const AROUND: f32 = 180.0;
/// Height of all in the window but the list of paths, in points.
const AROUND_PATHS: f32 = 240.0;
/// The name of the field.
const FIELD: &str = "palette field";

/// The open palette.
pub struct Palette {
    text: String,
    /// The command, or with a path the row below the field from 1 on: 0 is what is typed.
    selected: usize,
    mode: Mode,
    completion: Completion,
    /// Why the path in the field failed, until it is changed.
    failure: Option<String>,
    /// Whether Enter was pressed before the palette had the keyboard.
    is_entered: bool,
}

/// What is typed.
enum Mode {
    /// A part of a command's name.
    Command,
    /// A path, the answer to a question; with a remark on why it has to be typed.
    Path(PathPrompt, Option<&'static str>),
}

impl Palette {
    /// Looks up commands.
    pub fn commands() -> Self {
        Self::new(Mode::Command)
    }

    /// Asks for a path; `remark` says why it has to be typed.
    pub fn path(question: PathPrompt, remark: Option<&'static str>) -> Self {
        Self::new(Mode::Path(question, remark))
    }

    /// Asks for a path again that was typed and failed with `error`.
    pub fn path_again(question: PathPrompt, path: &Path, error: &Error) -> Self {
        let (text, failure) = (path.display().to_string(), Some(error.to_string()));
        Self { text, failure, ..Self::path(question, None) }
    }

    fn new(mode: Mode) -> Self {
        let (text, completion) = (String::new(), Completion::default());
        Self { text, selected: 0, mode, completion, failure: None, is_entered: false }
    }

    /// Returns whether the field of a palette has the keyboard: until the next repaint that of one that has closed, too.
    pub fn has_keyboard(ctx: &Context) -> bool {
        ctx.memory(|memory| memory.has_focus(Id::unique(FIELD)))
    }

    /// Adds what was typed before the palette had the keyboard.
    pub fn type_text(&mut self, ctx: &Context, text: &str) {
        if !text.is_empty() {
            self.replace_text(ctx, format!("{}{text}", self.text));
        }
    }

    /// Draws the palette; returns whether it is to be closed.
    pub fn palette_ui(&mut self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        let width = (ctx.content_rect().width() - 80.0).min(540.0);
        let id = Id::unique("palette");
        let area = Area::new(id).order(Order::Foreground).anchor(Align2::CENTER_TOP, vec2(0.0, 64.0));
        let modal = Modal::new(id).area(area).frame(modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width(width);
            match self.mode {
                Mode::Command => self.commands_ui(ui, cx),
                Mode::Path(question, remark) => self.path_ui(ui, question, remark, cx),
            }
        });
        let is_closed = modal.inner.is_some() || modal.should_close();
        cx.actions.extend(modal.inner);
        is_closed
    }

    /// Takes Enter, which was pressed before the palette had the keyboard.
    pub fn enter(&mut self) {
        self.is_entered = true;
    }

    /// Returns whether Enter was pressed, now or before there was a field.
    fn take_enter(&mut self, ui: &Ui) -> bool {
        std::mem::take(&mut self.is_entered) || ui.input(|input| input.key_pressed(Key::Enter))
    }

    fn commands_ui(&mut self, ui: &mut Ui, cx: &PanelContext<'_>) -> Option<Action> {
        let step = arrow_keys(ui);
        if self.field_ui(ui, "Find a command…").changed() {
            self.selected = 0;
        }
        let mut found = matches(&self.text);
        // What cannot be run comes after what can, but before what is meant less. Stable: equals stay in order.
        found.sort_by_key(|found| (found.meant, cx.available(found.command).is_err()));
        // Of commands that are not meant by name none is run unless a person goes there.
        let none = usize::from(found.first().is_some_and(Match::is_loose));
        let last = (found.len() + none).saturating_sub(1);
        self.selected = (self.selected as i64 + step).clamp(0, last as i64) as usize;
        let entered = self.take_enter(ui);
        ui.add_space(4.0);
        if found.is_empty() {
            ui.label(RichText::new("No matching command").color(Tokens::of(ui).weak));
        }
        let mut end = None;
        overlay_list(ui, AROUND).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (row, Match { command, .. }) in found.into_iter().enumerate() {
                let (state, is_selected) = (cx.available(command), row + none == self.selected);
                let clicked = row_ui(ui, command, is_selected, step != 0, state);
                if state.is_ok() && (clicked || (entered && is_selected)) {
                    end = Some(Action::Run(command));
                }
            }
        });
        end
    }

    fn path_ui(
        &mut self,
        ui: &mut Ui,
        question: PathPrompt,
        remark: Option<&str>,
        cx: &PanelContext<'_>,
    ) -> Option<Action> {
        let spec = question.spec();
        let step = arrow_keys(ui);
        let is_completed = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Tab));
        if is_completed && let Some(text) = self.completion.completed(&self.text) {
            self.replace_text(ui.ctx(), text);
        }
        if self.field_ui(ui, spec.hint).changed() {
            (self.selected, self.failure) = (0, None);
        }
        if let Some(failure) = &self.failure {
            ui.add_space(4.0);
            ui.add(Label::new(RichText::new(failure).color(Tokens::of(ui).error)).wrap());
        }
        self.completion.ask(&self.text, ui.ctx());
        let offers = match self.text.is_empty() {
            true if asks_for_model(question) => known_models(cx),
            true => recent_places(&cx.settings.recent),
            false => self.completion.offers(&self.text).to_vec(),
        };
        self.selected = (self.selected as i64 + step).clamp(0, offers.len() as i64) as usize;
        ui.add_space(4.0);
        let weak = Tokens::of(ui).weak;
        if let Some(remark) = remark {
            ui.label(RichText::new(remark).color(weak));
        }
        if let Some(details) = question.details(cx.session, cx.settings) {
            ui.label(details);
        }
        let enter = if spec.is_writing() { "Enter saves" } else { "Enter opens" };
        ui.label(RichText::new(format!("{enter}, Tab completes, Esc cancels")).small().color(weak));
        if self.text.is_empty() && !offers.is_empty() {
            ui.add_space(4.0);
            let title = if asks_for_model(question) { "Models" } else { "Recent places" };
            ui.label(RichText::new(title).small().color(weak));
        }
        self.offers_ui(ui, &offers, step != 0);
        let chosen = self.selected.checked_sub(1).and_then(|row| offers.get(row));
        let path = expand_home(chosen.unwrap_or(&self.text).trim().trim_matches('"'));
        if spec.is_writing()
            && path.is_relative()
            && !path.as_os_str().is_empty()
            && let Ok(whole) = std::path::absolute(&path)
        {
            ui.add(Label::new(RichText::new(format!("To {}", whole.display())).small().color(weak)).wrap());
        }
        let entered = self.take_enter(ui) && !path.as_os_str().is_empty();
        entered.then_some(Action::Answer(question, path, Existing::Keep))
    }

    /// The paths that are offered below the field; a click takes one over.
    fn offers_ui(&mut self, ui: &mut Ui, offers: &[String], follow: bool) {
        let mut taken = None;
        overlay_list(ui, AROUND_PATHS).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (row, offer) in offers.iter().enumerate() {
                let is_selected = self.selected == row + 1;
                let button = Button::selectable(is_selected, offer.as_str()).min_size(vec2(ui.available_width(), 24.0));
                let response = ui.add(button.truncate());
                if is_selected && follow {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    taken = Some(offer.clone());
                }
            }
        });
        if let Some(text) = taken {
            self.replace_text(ui.ctx(), text);
        }
    }

    /// Puts `text` into the field, with the cursor behind it.
    fn replace_text(&mut self, ctx: &Context, text: String) {
        let id = Id::unique(FIELD);
        let mut state = TextEditState::load(ctx, id).unwrap_or_default();
        state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(text.chars().count()))));
        state.store(ctx, id);
        (self.text, self.selected, self.failure) = (text, 0, None);
    }

    fn field_ui(&mut self, ui: &mut Ui, hint: &str) -> eframe::egui::Response {
        let field = TextEdit::singleline(&mut self.text).id(Id::unique(FIELD)).hint_text(hint);
        // Tab is for the path.
        let field = field.desired_width(f32::INFINITY).lock_focus(matches!(self.mode, Mode::Path(..)));
        let response = ui.add(field.margin(vec2(10.0, 8.0)));
        response.request_focus();
        response
    }
}

/// How far the arrow keys move the selection; they are taken from the text field.
fn arrow_keys(ui: &Ui) -> i64 {
    ui.input_mut(|input| {
        let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
        let up = input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp);
        down as i64 - up as i64
    })
}

fn row_ui(ui: &mut Ui, command: Command, selected: bool, follow: bool, state: Result<(), &str>) -> bool {
    let text = RichText::new(command.text());
    let mut button = Button::selectable(selected, text).min_size(vec2(ui.available_width(), 28.0));
    button = button.shortcut_text(command.shortcut_text(ui.ctx()));
    let mut response = ui.add_enabled(state.is_ok(), button).on_hover_text(command.tooltip());
    if let Err(reason) = state {
        response = response.on_disabled_hover_text(reason);
    }
    if selected && follow {
        response.scroll_to_me(None);
    }
    response.clicked()
}

/// A command that was found.
struct Match {
    command: Command,
    meant: Meant,
}

impl Match {
    /// Returns whether neither the name nor another word for the command says so.
    fn is_loose(&self) -> bool {
        self.meant == Meant::Loosely
    }
}

/// How clearly a text means a command, the clearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meant {
    /// Its name has the words.
    ByName,
    /// Another word for it has.
    ByKeyword,
    /// The words of its name begin with the letters.
    ByInitials,
    /// Its description has the words, or its name merely has the letters.
    Loosely,
}

/// Returns the commands that `text` finds, the closest first. Of those whose names have its words, first those that begin with it, then
/// those that have them whole, then those whose words begin with them.
fn matches(text: &str) -> Vec<Match> {
    let place = |command: Command| {
        let (name, distance) = (command.text(), distance(text, command.text()));
        let is_begun = || name.to_lowercase().starts_with(&text.trim().to_lowercase());
        match distance {
            Some(distance) if is_begun() => Some((Meant::ByName, 0, distance)),
            Some(distance) if has_whole_words(text, name) => Some((Meant::ByName, 1, distance)),
            Some(distance) if has_words(text, name) => Some((Meant::ByName, 2, distance)),
            _ if has_words(text, command.keywords()) => Some((Meant::ByKeyword, 0, 0)),
            Some(distance) if begins_words(text, name) => Some((Meant::ByInitials, 0, distance)),
            _ if describes(text, command) => Some((Meant::Loosely, 0, 0)),
            Some(distance) => Some((Meant::Loosely, 1, distance)),
            None => None,
        }
    };
    let mut found: Vec<_> = Command::all()
        .filter(|command| *command != Command::Palette)
        .filter_map(|command| Some((place(command)?, command)))
        .collect();
    found.sort_by_key(|(place, _)| *place); // stable: equals keep the table's order
    found.into_iter().map(|((meant, ..), command)| Match { command, meant }).collect()
}

/// Whether `text` is put together from the beginnings of words of `name`, in their order: `osa` of *Open sample*.
fn begins_words(text: &str, name: &str) -> bool {
    fn is_made_of(text: &[char], words: &[Vec<char>]) -> bool {
        let from = |(place, word): (usize, &Vec<char>)| {
            let shared = text.iter().zip(word).take_while(|(a, b)| a == b).count();
            (1..=shared).any(|letters| is_made_of(&text[letters..], &words[place + 1..]))
        };
        text.is_empty() || words.iter().enumerate().any(from)
    }
    let letters: Vec<char> = text.to_lowercase().chars().filter(|letter| !letter.is_whitespace()).collect();
    let words: Vec<Vec<char>> = name.to_lowercase().split_whitespace().map(|word| word.chars().collect()).collect();
    is_made_of(&letters, &words)
}

/// Whether each word of `text` is a word of `name`, punctuation aside.
fn has_whole_words(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let bare = |word: &str| word.trim_end_matches(|letter: char| !letter.is_alphanumeric()).to_owned();
    let words: Vec<String> = name.split_whitespace().map(bare).collect();
    text.split_whitespace().all(|word| words.iter().any(|other| other == word))
}

/// Whether each word of `text` begins a word of `name`.
fn has_words(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    text.split_whitespace().all(|word| name.split_whitespace().any(|other| other.starts_with(word)))
}

/// Whether all words of `text`, none of them short, stand in the menu, the name or the tooltip of a command.
fn describes(text: &str, command: Command) -> bool {
    let description =
        [command.group().title(), command.text(), command.tooltip(), command.keywords()].join(" ").to_lowercase();
    let mut words = text.split_whitespace().peekable();
    words.peek().is_some() && words.all(|word| word.len() >= 3 && description.contains(&word.to_lowercase()))
}

/// How far `name` is from `text`: 0 where it begins with it, more for every letter skipped inside and before, less if
/// letters begin words; `None` if a letter is missing.
fn distance(text: &str, name: &str) -> Option<usize> {
    let (text, name) = (text.trim().to_lowercase(), name.to_lowercase());
    // Whole words count as one skip; those behind fewer words are closer.
    let before = name.match_indices(&*text).find(|(at, _)| *at > 0 && name[..*at].ends_with(' '));
    if let Some((at, _)) = before.filter(|_| !text.is_empty() && !name.starts_with(&*text)) {
        return Some(name[..at].split_whitespace().count());
    }
    let name: Vec<char> = name.chars().collect();
    let mut at = 0;
    let mut distance = 0;
    for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
        let next = at + name[at..].iter().position(|other| *other == letter)?;
        let begins_word = next == 0 || name[next - 1] == ' ';
        if next > at {
            distance += if begins_word { 1 } else { 2 + next - at };
        }
        at = next + 1;
    }
    Some(distance)
}

/// Returns whether the answer to `question` is the folder of a model.
fn asks_for_model(question: PathPrompt) -> bool {
    matches!(question, PathPrompt::Of(Command::LoadModel | Command::ChooseSecondModel))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_the_command_one_means() {
        let commands = |text: &str| matches(text).into_iter().map(|found| found.command).collect::<Vec<_>>();
        for (text, command) in [
            ("open c", Command::Open),
            ("osa", Command::OpenSample),
            ("theme", Command::ToggleTheme),
            ("START", Command::StartTraining),
            ("keyb", Command::Shortcuts),
            ("second", Command::ChooseSecondModel),
            ("training folder", Command::ChooseTrainingFolder),
            ("settings", Command::ToggleTheme),
            ("model card", Command::About),
            ("scores", Command::ShowScores),
            ("export scores", Command::SaveEvaluation),
        ] {
            assert_eq!(commands(text).first(), Some(&command), "{text}");
        }
        let scales: Vec<_> = commands("scale").into_iter().take(4).collect();
        assert!(scales.contains(&Command::LockScale) && scales.contains(&Command::FinerLevel), "{scales:?}");
        assert!(matches("xyzzy").is_empty());
        assert_eq!(matches("").len(), Command::all().count() - 1);
    }

    #[test]
    fn names_with_the_whole_word_come_before_those_that_only_have_its_beginning_or_letters() {
        let names = |text: &str| matches(text).into_iter().map(|found| found.command.text()).collect::<Vec<_>>();
        for (text, word) in [("report", "report"), ("train", "train"), ("scale", "scale"), ("REPORT ", "report")] {
            let has_word = |name: &&str| {
                name.to_lowercase().split(|letter: char| !letter.is_alphanumeric()).any(|other| other == word)
            };
            let names = names(text);
            let with = names.iter().filter(|name| has_word(name)).count();
            assert!(with > 1 && names.iter().take(with).all(has_word), "{text}: {names:?}");
        }
        let names = names("export");
        let begun = names.iter().filter(|name| name.starts_with("Export")).count();
        assert!(begun > 2 && names[..begun].iter().all(|name| name.starts_with("Export")), "{names:?}");
    }

    #[test]
    fn what_is_not_meant_by_name_comes_last() {
        for text in ["settings", "scores", "sing"] {
            let found = matches(text);
            assert!(found.is_sorted_by_key(|found| found.meant), "{text}");
        }
        let found = |text: &str, command| matches(text).into_iter().find(|found| found.command == command);
        assert!(found("settings", Command::StartTraining).is_none_or(|found| found.is_loose()));
        assert!(found("sng", Command::StartTraining).unwrap().is_loose(), "letters in the middle of words");
        assert!(
            begins_words("stt", "Start training")
                && begins_words("osa", "Open sample")
                && !begins_words("osm", "Open sample")
        );
        let exports = [Command::SaveEvaluation, Command::ExportAnnotated];
        assert!(exports.into_iter().all(|command| found("scores", command).is_some_and(|found| !found.is_loose())));
    }
}
