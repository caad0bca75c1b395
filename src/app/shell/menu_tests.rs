//! Menus and lists that open: what fits, and when they close; what is typed before a prompt is there.

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, MouseWheelUnit, TouchPhase, vec2};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::app::command::prompt::PathPrompt;
use crate::app::command::{Command, Group};
use crate::app::flow::tests::Window;
use crate::app::panel::Action;
use crate::app::settings::Settings;
use crate::app::viewer::views::Views;

fn press(key: Key, modifiers: Modifiers) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

/// Repaints once with all of these events.
fn in_one_repaint(window: &mut Window, events: Vec<Event>) {
    window.harness.input_mut().events.extend(events);
    window.harness.step();
}

fn field(window: &Window) -> Option<String> {
    window.harness.query_by_role(Role::TextInput)?.accesskit_node().value()
}

/// Opens a menu of the menu bar.
fn open_menu(window: &mut Window, title: &str) {
    let buttons = window.harness.query_all_by_role_and_label(Role::Button, title);
    let button = buttons.min_by(|a, b| a.rect().top().total_cmp(&b.rect().top())).unwrap();
    assert!(button.rect().bottom() < 40.0, "{title} is in the menu bar");
    button.click();
    (0..4).for_each(|_| window.settle());
}

#[test]
fn every_menu_fits_a_window_of_720_points() {
    for group in Group::ALL {
        let mut window = Window::new([1280.0, 720.0], Views::default());
        open_menu(&mut window, group.title());
        for command in group.commands().iter().filter(|command| command.class_index().is_none()) {
            let text = command.submenu().unwrap_or(command.text());
            let bottoms = window.harness.query_all_by_label_contains(text).map(|item| item.rect().bottom());
            let bottoms: Vec<f32> = bottoms.collect();
            assert!(bottoms.iter().any(|bottom| (40.0..712.0).contains(bottom)), "{group:?}, {text}: {bottoms:?}");
        }
    }
}

#[test]
fn the_flow_menu_names_whose_flow_is_saved() {
    let mut window = Window::new([1280.0, 720.0], Views::default());
    open_menu(&mut window, "Flow");
    window.harness.get_by_label_contains("Save and export").click();
    (0..4).for_each(|_| window.settle());
    assert!(window.sees("Flow of MotionNet of the model (view clicked last)") && window.sees("Export clip flow…"));
}

#[test]
fn enter_runs_no_command_that_was_not_meant_by_name_unless_it_is_chosen() {
    let mut window = Window::with([1280.0, 800.0], Settings::default(), |app| app.session.loading_model = None);
    window.perform(Command::Palette);
    in_one_repaint(&mut window, vec![Event::Text("lgt".into())]); // of dark or light theme, among others
    in_one_repaint(&mut window, vec![press(Key::Enter, Modifiers::NONE)]);
    assert!(window.harness.state().overlay.is_open(), "nothing was chosen");
    in_one_repaint(&mut window, vec![press(Key::ArrowDown, Modifiers::NONE)]);
    in_one_repaint(&mut window, vec![press(Key::Enter, Modifiers::NONE)]);
    window.settle();
    assert!(!window.harness.state().overlay.is_open());
}

#[test]
fn a_list_that_is_open_closes_when_what_is_below_it_is_scrolled() {
    let mut window = Window::new([1280.0, 720.0], Views::default());
    let wheel = |window: &mut Window, at| {
        window.point_at(at);
        let (unit, phase, delta) = (MouseWheelUnit::Point, TouchPhase::Move, vec2(0.0, -40.0));
        let (modifiers, source) = (Modifiers::NONE, eframe::egui::MouseWheelSource::Unknown);
        window.harness.event(Event::MouseWheel { unit, delta, phase, source, modifiers });
        (0..4).for_each(|_| window.settle());
    };
    let list = |window: &Window| {
        window.harness.query_by_role_and_label(Role::Button, "Temporal input").map(|node| node.rect().center())
    };
    window.harness.get_by_role_and_label(Role::ComboBox, "Type of view 1").click();
    window.settle();
    let inside = list(&window).expect("the list is open");
    wheel(&mut window, inside);
    assert!(list(&window).is_some(), "it is the list that is scrolled");
    let outside = window.harness.get_by_role_and_label(Role::Button, "Scores").rect().center() + vec2(0.0, 200.0);
    wheel(&mut window, outside);
    assert!(list(&window).is_none());
}

#[test]
fn enter_ends_what_was_typed_while_a_path_was_still_asked_for() {
    let mut window = Window::with([1280.0, 800.0], Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    // A dialog that is asked for and never comes.
    window.harness.state_mut().dialogs.pretend(PathPrompt::Of(Command::OpenFolder));
    in_one_repaint(&mut window, vec![Event::Text("/no such".into())]);
    in_one_repaint(&mut window, vec![Event::Text(" folder".into()), press(Key::Enter, Modifiers::NONE)]);
    window.harness.state_mut().overlay.show_prompt(PathPrompt::Of(Command::OpenFolder));
    window.harness.state_mut().dialogs = Default::default();
    window.harness.step();
    assert!(!window.harness.state().overlay.is_open(), "Enter has ended the prompt");
    let asked = window.harness.state().opener.looking().cloned();
    assert_eq!(asked.as_deref(), Some(std::path::Path::new("/no such folder")));
    window.harness.state_mut().act(Action::Run(Command::Palette), &ctx);
    window.settle();
    assert_eq!(field(&window).as_deref().unwrap_or_default(), "", "nothing is left over");
}
