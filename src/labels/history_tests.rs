//! Tests of undo across sessions.

use std::fs;
use std::path::Path;

use super::project_tests::{label, open, small};
use super::random_edits::RandomEdits;
use super::{Document, Label, Opened, Project, edits};

fn content(document: &Document) -> impl PartialEq + std::fmt::Debug + use<> {
    (document.settings.clone(), document.classes.clone(), document.videos.clone())
}

/// Simulates `kill -9`: the project is not dropped, but its lock is released.
fn kill(dir: &Path, project: Project) {
    std::mem::forget(project);
    fs::rename(dir.join("project.lock"), dir.join("locked")).unwrap();
}

fn history(dir: &Path) -> std::path::PathBuf {
    dir.join("history.jsonl")
}

#[test]
fn every_session_can_be_undone_and_redone_step_by_step_saved_or_not() {
    for seed in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        let (mut project, ..) = small(dir.path());
        let mut states = vec![content(project.document())];
        let mut chance = RandomEdits::new(seed);
        for place in 0..40 {
            project.perform(chance.step(project.document())).unwrap();
            states.push(content(project.document()));
            match place % 8 {
                2 => project.save().unwrap(),
                4 => {
                    drop(project);
                    project = open(dir.path());
                }
                7 => {
                    kill(dir.path(), project);
                    project = open(dir.path());
                }
                _ => {}
            }
        }
        for (place, state) in states.iter().enumerate().rev().skip(1) {
            assert!(project.undo().unwrap().is_some(), "step {place} of seed {seed}");
            assert_eq!(&content(project.document()), state);
            if place % 9 == 0 {
                drop(project);
                project = open(dir.path());
            }
        }
        for state in &states[1..] {
            assert!(project.redo().unwrap().is_some());
            assert_eq!(&content(project.document()), state);
        }
        assert_eq!(project.redo().unwrap(), None);
    }
}

#[test]
fn sessions_are_told_apart_and_a_new_step_ends_what_was_undone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    assert_eq!(project.since_opened(), Some(3));
    drop(project);
    let mut project = open(dir.path());
    assert_eq!((project.since_opened(), project.undoable().count()), (Some(0), 3));
    assert!(project.undoable().all(|past| past.at > 1_700_000_000), "with their time");
    project.undo().unwrap();
    assert_eq!(project.since_opened(), Some(-1));
    drop(project);
    let mut project = open(dir.path());
    assert_eq!(project.redoable().count(), 1, "also after it was opened again");
    label(&mut project, id, Label::Background).unwrap();
    assert_eq!((project.since_opened(), project.redoable().count()), (Some(1), 0));
    project.undo().unwrap();
    project.undo().unwrap();
    project.redo().unwrap();
    project.undo().unwrap();
    let (_, step) = edits::add_class(project.document(), "jump").unwrap();
    project.perform(step).unwrap();
    assert_eq!(project.since_opened(), None, "the state in which it was opened is gone");
}

#[test]
fn what_was_changed_outside_cannot_be_undone_into_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    drop(project);
    let file = dir.path().join("labels/00000-a.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("note = \"by hand\"\n{text}")).unwrap();
    let before = fs::read(history(dir.path())).unwrap();
    let Opened { mut project, notes } = Project::open(dir.path()).unwrap();
    assert_eq!(project.document().videos[&id].note, "by hand");
    assert_eq!(notes.len(), 1, "{notes:?}");
    let note = "3 earlier changes cannot be undone: files of the project were changed outside";
    assert!(notes[0].subject.contains("history.jsonl") && notes[0].cause == note, "{notes:?}");
    assert_eq!(project.undo().unwrap(), None);
    assert_eq!(fs::read(history(dir.path())).unwrap(), before, "kept as long as nothing is done");
    drop(project);
    fs::write(&file, text).unwrap();
    let mut project = open(dir.path());
    assert_eq!(project.undoable().count(), 3, "the file is as it was");
    project.undo().unwrap();
    drop(project);
    fs::write(dir.path().join("project.toml"), {
        let text = fs::read_to_string(dir.path().join("project.toml")).unwrap();
        text.replace("\"wave\"", "\"waves\"")
    })
    .unwrap();
    let Opened { mut project, notes } = Project::open(dir.path()).unwrap();
    assert!(notes.iter().any(|note| note.cause.contains("cannot be undone")), "{notes:?}");
    label(&mut project, id, Label::Background).unwrap();
    drop(project);
    assert_eq!(open(dir.path()).undoable().count(), 1, "a new history has begun");
}

#[test]
fn a_history_that_was_cut_or_is_ahead_of_the_journal_undoes_what_was_done_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    label(&mut project, id, Label::Background).unwrap();
    kill(dir.path(), project);
    // The last step is in the history but not in the journal.
    let journal = dir.path().join("journal.jsonl");
    let lines = fs::read_to_string(&journal).unwrap();
    let kept: Vec<&str> = lines.lines().collect();
    fs::write(&journal, kept[..kept.len() - 1].join("\n") + "\n").unwrap();
    let mut project = open(dir.path());
    assert_eq!(project.undo().unwrap().as_deref(), Some("Labelled as wave"));
    label(&mut project, id, Label::Background).unwrap();
    drop(project);
    let whole = fs::read(history(dir.path())).unwrap();
    for cut in [whole.len() - 1, whole.len() / 2, 30, 3, 0] {
        fs::write(history(dir.path()), &whole[..cut]).unwrap();
        let Opened { mut project, .. } = Project::open(dir.path()).unwrap();
        let before = content(project.document());
        while project.undo().unwrap().is_some() {}
        while project.redo().unwrap().is_some() {}
        assert!(cut > 0 || content(project.document()) == before);
        drop(project);
    }
    let aside = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    let first = aside("history.jsonl.damaged");
    assert!(!first.is_empty() && String::from_utf8_lossy(&whole).starts_with(&first), "the cut ones were kept");
    fs::write(history(dir.path()), "no history\n").unwrap();
    let Opened { mut project, notes } = Project::open(dir.path()).unwrap();
    assert_eq!(project.undoable().count(), 0);
    let note =
        notes.iter().find(|note| note.cause.contains("it is damaged, or was written by a newer version")).unwrap();
    let name = Path::new(&note.remedy.rsplit_once(' ').unwrap().1).file_name().unwrap().to_string_lossy().into_owned();
    label(&mut project, id, Label::Background).unwrap();
    drop(project);
    assert_eq!(aside(&name), "no history\n");
    assert_eq!(open(dir.path()).undoable().count(), 1, "a new history has begun");
}

#[test]
fn the_history_keeps_the_last_thousand_steps() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    for place in 0..2100 {
        label(&mut project, id, if place % 2 == 0 { wave } else { Label::Background }).unwrap();
    }
    drop(project);
    let mut project = open(dir.path());
    let kept = project.undoable().count();
    assert!((1000..=2001).contains(&kept), "{kept}");
    let lines = fs::read_to_string(history(dir.path())).unwrap().lines().count();
    assert_eq!(lines, kept + 1, "the head, and a line for each");
    assert_eq!(project.undo().unwrap().as_deref(), Some("Labelled as background"));
    assert_eq!(project.document().videos[&id].labels, [wave]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_history_that_cannot_be_written_is_told_once_and_labels_are_given_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    fs::remove_file(history(dir.path())).unwrap();
    fs::create_dir(history(dir.path())).unwrap();
    drop(project);
    let Opened { project: opened, .. } = Project::open(dir.path()).unwrap();
    project = opened;
    label(&mut project, id, wave).unwrap();
    let trouble = project.trouble().unwrap();
    assert!(trouble.cause.contains("until the project is closed"), "{trouble}");
    label(&mut project, id, Label::Background).unwrap();
    assert_eq!(project.trouble(), None);
    assert_eq!(project.undo().unwrap().as_deref(), Some("Labelled as background"));
}
