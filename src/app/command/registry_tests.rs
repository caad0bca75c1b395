//! Invariants of all commands.

use std::collections::HashSet;

use super::Command;
use super::conditions::{Availability, Conditions};
use crate::app::session::Session;
use crate::app::settings::Settings;
use crate::app::training::state::TrainingPhase;

fn on<'a>(session: &'a Session, settings: &'a Settings, training_ready: Availability) -> Conditions<'a> {
    Conditions { session, settings, training_ready }
}

#[test]
fn every_command_is_declared_once_and_does_something() {
    for (index, command) in Command::all().enumerate() {
        assert_eq!(command as usize, index, "{command:?} or the command before is declared twice or not at all");
        assert!(command.spec().run.is_some() || command.spec().path.is_some(), "{command:?} does nothing");
    }
    // The last variant's discriminant counts the variants, as none has a value of its own.
    assert_eq!(Command::all().count(), Command::About as usize + 1);
}

#[test]
fn no_two_commands_share_a_key_or_a_name_and_all_words_are_few() {
    let mut keys = HashSet::new();
    let mut names = HashSet::new();
    for command in Command::all() {
        assert!(names.insert(command.text()), "{command:?} has another command's name");
        for shortcut in command.default_shortcuts() {
            assert!(keys.insert(*shortcut), "{command:?} has another command's key {shortcut:?}");
        }
        for (words, most) in [(command.text(), 8), (command.tooltip(), 10)] {
            assert!((1..=most).contains(&words.split_whitespace().count()), "{command:?}: {words}");
        }
    }
}

#[test]
fn the_digits_stand_for_the_first_ten_classes() {
    let classes: Vec<_> = (0..11).map(Command::of_class).collect();
    assert_eq!(classes[0], Some(Command::Class1));
    assert_eq!((classes[9], classes[10]), (Some(Command::Class10), None));
    assert_eq!(Command::PlayPause.class_index(), None);
}

#[test]
fn without_a_clip_nothing_plays_and_everything_says_why() {
    let (session, settings) = (Session::new("CPU".into()), Settings::default());
    for command in Command::all() {
        if let Err(reason) = command.available(on(&session, &settings, Err("Choose a folder of clips"))) {
            assert!(reason.starts_with(char::is_uppercase), "{command:?}: {reason}");
        }
    }
    assert!(Command::PlayPause.available(on(&session, &settings, Ok(()))).is_err());
    assert!(Command::StartTraining.available(on(&session, &settings, Ok(()))).is_ok());
    assert!(Command::StartTraining.available(on(&session, &settings, Err("Choose a folder of clips"))).is_err());
}

#[test]
fn a_training_can_be_held_and_ended_only_while_it_runs() {
    let (mut session, settings) = (Session::new("CPU".into()), Settings::default());
    for (phase, hold, end) in [
        (TrainingPhase::Idle, false, false),
        (TrainingPhase::Preparing, false, true),
        (TrainingPhase::Running, true, true),
        (TrainingPhase::Paused, true, true),
        (TrainingPhase::Stopping, false, false),
        (TrainingPhase::Discarded, false, false),
        (TrainingPhase::Failed, false, false),
    ] {
        session.training.enter(phase.clone());
        let on = on(&session, &settings, Ok(()));
        assert_eq!(Command::PauseTraining.available(on).is_ok(), hold, "{phase:?}");
        assert_eq!(Command::StopTraining.available(on).is_ok(), end, "{phase:?}");
    }
}
