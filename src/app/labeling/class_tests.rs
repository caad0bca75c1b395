//! The classes of a project: added, renamed, moved and deleted.

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;

use super::tests::LabelingStage;

#[test]
fn classes_are_added_renamed_moved_merged_and_deleted_with_their_labels() {
    let mut labeling = LabelingStage::new(&[], 2);
    for name in ["wave", "say \"hi\", twice"] {
        labeling.window.harness.get_by_role_and_label(Role::TextInput, "New class").focus();
        labeling.window.settle();
        labeling.window.harness.event(Event::Text(name.into()));
        labeling.key(Key::Enter);
    }
    assert_eq!(labeling.names(), ["wave", "say \"hi\", twice"]);
    // The field keeps the keyboard for the next class.
    labeling.window.harness.event(Event::Text("wave".into()));
    labeling.key(Key::Enter);
    assert_eq!(labeling.names().len(), 2);
    assert!(labeling.window.sees("lass wave already exists"));
    labeling.key(Key::Escape);

    let wave = labeling.class(0);
    labeling.key(Key::Num1);
    labeling.key(Key::F2);
    labeling.window.settle();
    labeling.press(Modifiers::COMMAND, Key::A);
    labeling.window.harness.event(Event::Text("greet".into()));
    labeling.key(Key::Enter);
    assert_eq!(labeling.names()[0], "greet");
    assert_eq!(labeling.video(0).labels, [wave], "its labels are still its own");
    labeling.window.harness.get_by_label("Change greet").click();
    labeling.window.settle();
    labeling.window.harness.get_by_label("Move down").click();
    labeling.window.settle();
    assert_eq!((labeling.names()[1], labeling.video(0).labels[0]), ("greet", wave));
    labeling.window.harness.get_by_label("Change greet").click();
    labeling.window.settle();
    labeling.window.harness.get_by_label("Delete with its 1 label").click();
    labeling.window.settle();
    assert_eq!(labeling.names().len(), 1);
    assert!(labeling.video(0).is_unlabelled());
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(labeling.video(0).labels, [wave]);
}

#[test]
fn classes_are_dragged_to_another_place_in_one_step_and_esc_leaves_them() {
    let mut labeling = LabelingStage::new(&["wave", "clap", "jump"], 1);
    labeling.window.harness.get_by_role_and_label(Role::Button, "Classes").click();
    labeling.window.settle();
    let [wave, jump] = ["Drag wave", "Drag jump"].map(|name| labeling.place(name).center());
    labeling.drag(wave, jump + vec2(0.0, 10.0));
    assert_eq!(labeling.names(), ["clap", "jump", "wave"]);
    labeling.drag(labeling.place("Drag wave").center(), labeling.place("Drag clap").center() + vec2(3.0, 8.0));
    assert_eq!(labeling.names(), ["clap", "wave", "jump"]);
    for before in [["clap", "jump", "wave"], ["wave", "clap", "jump"]] {
        labeling.press(Modifiers::COMMAND, Key::Z);
        assert_eq!(labeling.names(), before, "one step for each drag");
    }
    labeling.hold(wave, jump);
    labeling.key(Key::Escape);
    labeling.window.point_at(jump + vec2(0.0, 10.0));
    labeling.button(jump, false);
    labeling.drag(wave, wave + vec2(2.0, 9.0));
    assert_eq!(labeling.names(), ["wave", "clap", "jump"]);
    labeling.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(labeling.names(), ["clap", "jump", "wave"], "nothing was done that would end what can be redone");
}

#[test]
fn classes_that_are_added_leave_the_viewer_as_high_as_it_was() {
    for classes in [&[][..], &["wave", "clap"]] {
        let mut labeling = LabelingStage::new(classes, 1);
        let timeline = |labeling: &LabelingStage| {
            labeling.window.harness.get_by_role_and_label(Role::ScrollBar, "Timeline").rect()
        };
        let before = timeline(&labeling);
        for name in ["a", "b", "c", "d", "e", "f", "g"] {
            labeling.window.harness.get_by_role_and_label(Role::TextInput, "New class").focus();
            labeling.window.settle();
            labeling.window.harness.event(Event::Text(name.into()));
            labeling.key(Key::Enter);
        }
        labeling.window.settle();
        assert_eq!(labeling.names().len(), classes.len() + 7);
        assert_eq!(timeline(&labeling), before, "from {} classes", classes.len());
    }
}
