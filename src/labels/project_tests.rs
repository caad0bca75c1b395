//! Invariants of a project under all circumstances.

use std::fs;
use std::path::Path;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;

use super::random_edits::RandomEdits;
use super::{Change, Document, Facts, Label, Opened, Project, Settings, Step, Video, VideoId, edits};
use crate::error::{Error, Result};

/// Returns the visible content of a document: ids that were assigned and undone are used up.
fn content(document: &Document) -> impl PartialEq + std::fmt::Debug + use<> {
    (document.settings.clone(), document.classes.clone(), document.videos.clone())
}

fn create(dir: &Path) -> Project {
    Project::create(dir, Settings { name: "test".into(), multi_label: true, ..Settings::default() }).unwrap()
}

/// Opens a project and checks that its only notes concern recovered steps and steps that cannot be undone.
pub(super) fn open(dir: &Path) -> Project {
    let Opened { project, notes } = Project::open(dir).unwrap();
    let is_known = |note: &Error| ["recovered", "cannot be undone"].iter().any(|known| note.cause.contains(known));
    assert!(notes.iter().all(is_known), "{notes:?}");
    assert!(!project.is_read_only());
    project
}

/// Returns a project with one class and one video, saved.
pub(super) fn small(dir: &Path) -> (Project, Label, VideoId) {
    let mut project = create(dir);
    let (class, step) = edits::add_class(project.document(), "wave").unwrap();
    project.perform(step).unwrap();
    let id = project.document().free_video_id();
    project.perform(edits::add_videos(project.document(), vec![Video::new("a.mp4")])).unwrap();
    project.save().unwrap();
    (project, Label::Class(class), id)
}

pub(super) fn label(project: &mut Project, id: VideoId, label: Label) -> Result<()> {
    project.perform(edits::label_clip(project.document(), id, label)?)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn undoing_everything_gives_the_start_and_redoing_it_the_end(seeds in vec(any::<u64>(), 0..60)) {
        let dir = tempfile::tempdir().unwrap();
        let mut project = create(dir.path());
        let mut states = vec![content(project.document())];
        for (place, seed) in seeds.into_iter().enumerate() {
            project.perform(RandomEdits::new(seed).step(project.document())).unwrap();
            if place % 17 == 0 {
                project.save().unwrap();
            }
            states.push(content(project.document()));
        }
        for state in states.iter().rev().skip(1) {
            prop_assert!(project.undo().unwrap().is_some());
            prop_assert_eq!(&content(project.document()), state);
        }
        prop_assert_eq!(project.undo().unwrap(), None);
        for state in &states[1..] {
            let title = project.redo_step().map(|step| step.title.clone());
            prop_assert_eq!(project.redo().unwrap(), title);
            prop_assert_eq!(&content(project.document()), state);
        }
        prop_assert_eq!(project.redo().unwrap(), None);
    }

    #[test]
    fn what_was_done_is_there_after_opening_saved_or_not(actions in vec((0..12_u8, any::<u64>()), 0..120)) {
        let dir = tempfile::tempdir().unwrap();
        let mut project = create(dir.path());
        for (place, (action, seed)) in actions.into_iter().enumerate() {
            match action {
                0 => project.save().unwrap(),
                1 => _ = project.undo().unwrap(),
                2 => _ = project.redo().unwrap(),
                _ => project.perform(RandomEdits::new(seed).step(project.document())).unwrap(),
            }
            if place % 15 == 0 {
                let before = project.document().clone();
                drop(project);
                project = open(dir.path());
                prop_assert_eq!(project.document(), &before, "after action {}", place);
            }
        }
        let before = project.document().clone();
        drop(project);
        let opened = open(dir.path());
        prop_assert_eq!(opened.document(), &before);
    }
}

#[test]
fn a_journal_that_was_cut_at_any_byte_gives_the_steps_before_the_cut() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal.jsonl");
    let mut project = create(dir.path());
    let mut edits = RandomEdits::new(3);
    for _ in 0..8 {
        project.perform(edits.step(project.document())).unwrap();
    }
    project.save().unwrap();
    let mut states = vec![(0, project.document().clone())];
    for _ in 0..12 {
        project.perform(edits.step(project.document())).unwrap();
        states.push((fs::metadata(&journal).unwrap().len() as usize, project.document().clone()));
    }
    drop(project);
    let whole = fs::read(&journal).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&journal, &whole[..cut]).unwrap();
        let (end, expected) = states.iter().rev().find(|(end, _)| *end <= cut).unwrap();
        let Opened { mut project, notes } = Project::open(dir.path()).unwrap();
        assert_eq!(project.document(), expected, "cut at {cut}");
        let head_only = *end == 0 && whole[..cut].ends_with(b"\n");
        let is_told = notes.iter().any(|note| note.cause.contains("last line"));
        assert_eq!(is_told, cut != *end && !head_only, "cut at {cut}: {notes:?}");
        // The next step follows the steps that were read.
        if cut % 50 == 0 {
            let step = edits.step(project.document());
            project.perform(step).unwrap();
            let after = project.document().clone();
            drop(project);
            assert_eq!(*open(dir.path()).document(), after, "cut at {cut}");
        }
    }
}

#[test]
fn a_damaged_line_ends_the_journal_and_a_copy_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal.jsonl");
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    let expected = project.document().clone();
    label(&mut project, id, Label::Background).unwrap();
    label(&mut project, id, wave).unwrap();
    drop(project);
    let mut bytes = fs::read(&journal).unwrap();
    let lines: Vec<_> = (0..bytes.len()).filter(|place| bytes[*place] == b'\n').collect();
    bytes[lines[1] + 60] ^= 1; // in the third line, whose step is the second
    fs::write(&journal, &bytes).unwrap();
    let Opened { project, notes } = Project::open(dir.path()).unwrap();
    assert_eq!(*project.document(), expected);
    let note = notes.iter().find(|note| note.cause.contains("line 3 is damaged")).expect("it is told");
    assert!(note.cause.contains("2 lines"), "{note}");
    assert_eq!(fs::read(dir.path().join("journal.jsonl.damaged")).unwrap(), bytes);
    drop(project);
    open(dir.path());
}

#[test]
fn a_crash_between_the_writes_of_a_save_loses_nothing() {
    // Every intermediate state of a save has the new or the old journal, over old and new files.
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    label(&mut project, id, Label::Background).unwrap();
    project.perform(edits::add_videos(project.document(), vec![Video::new("b.mp4")])).unwrap();
    let expected = project.document().clone();
    let names = ["labels/00000-a.toml", "project.toml", "journal.jsonl"];
    let read = || names.map(|name| fs::read(dir.path().join(name)).unwrap());
    let before = read();
    project.save().unwrap();
    let after = read();
    drop(project);
    for written in 0..=names.len() {
        for (place, name) in names.iter().enumerate() {
            let bytes = if place < written { &after[place] } else { &before[place] };
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        assert_eq!(*open(dir.path()).document(), expected, "{written} of the files were written");
    }
}

#[test]
fn a_journal_from_before_the_last_save_is_not_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal.jsonl");
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    let old = fs::read(&journal).unwrap();
    label(&mut project, id, Label::Background).unwrap();
    project.save().unwrap();
    let expected = project.document().clone();
    drop(project);
    fs::write(&journal, old).unwrap();
    assert_eq!(*open(dir.path()).document(), expected);
}

#[test]
fn the_second_window_can_look_but_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, wave, id) = small(dir.path());
    label(&mut first, id, wave).unwrap();
    let journal = fs::read(dir.path().join("journal.jsonl")).unwrap();
    let Opened { project: mut second, notes } = Project::open(dir.path()).unwrap();
    assert!(second.is_read_only());
    assert!(notes.len() == 1 && notes[0].cause.contains("project.lock"), "{notes:?}");
    assert_eq!(second.document(), first.document(), "with what is not saved yet");
    let error = label(&mut second, id, Label::Background).unwrap_err();
    assert!(error.cause.contains("another window"), "{error}");
    assert_eq!(second.document(), first.document());
    second.save().unwrap();
    assert_eq!(fs::read(dir.path().join("journal.jsonl")).unwrap(), journal, "untouched");
    drop(first);
    assert!(!open(dir.path()).is_read_only());
}

#[test]
fn a_project_of_a_newer_version_or_with_unknown_fields_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(small(dir.path()));
    let path = dir.path().join(Project::FILE);
    let text = fs::read_to_string(&path).unwrap();
    let refused = |text: String, words: &str| {
        fs::write(&path, &text).unwrap();
        let error = Project::open(dir.path()).map(drop).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "untouched");
    };
    refused(text.replace("format = 2", "format = 3"), "newer version");
    refused(text.replace("format = 2", "format = 2\nsomething = 2"), "something");
    refused(text.replace("name = \"wave\"", "name = \"wave\"\nshape = 1"), "shape");
    refused(text.replace("format = 2", ""), "format");
    refused(text.replace("id = 0", "id = -1"), "line");
    refused("not TOML".into(), "line 1");
    refused(format!("{text}\n[[videos]]\nid = 0\npath = \"c.mp4\"\n"), "twice");
}

#[test]
fn a_journal_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(small(dir.path()));
    let head = br#"{"format":2,"follows":1}"#;
    let hash = super::hash::Hash::of(head).to_hex();
    let line = format!("{{\"hash\":\"{hash}\",\"head\":{}}}\n", String::from_utf8_lossy(head));
    fs::write(dir.path().join("journal.jsonl"), &line).unwrap();
    let error = Project::open(dir.path()).map(drop).unwrap_err();
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(fs::read_to_string(dir.path().join("journal.jsonl")).unwrap(), line, "untouched");
}

#[test]
fn names_in_the_project_file_lead_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    drop(project);
    let outside = dir.path().join("outside.toml");
    fs::write(&outside, "mine").unwrap();
    let path = dir.path().join(Project::FILE);
    let text = fs::read_to_string(&path).unwrap().replace("00000-a.toml", "../outside.toml");
    fs::write(&path, text).unwrap();
    let Opened { mut project, notes } = Project::open(dir.path()).unwrap();
    assert!(notes[0].cause.contains("not a valid name"), "{notes:?}");
    assert!(label(&mut project, id, wave).is_err());
    project.perform(edits::add_videos(project.document(), vec![Video::new("b.mp4")])).unwrap();
    project.save().unwrap();
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
}

#[test]
fn a_folder_without_a_project_and_one_with_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Project::open(dir.path()).is_err());
    drop(create(dir.path()));
    let error = Project::create(dir.path(), Settings::default()).map(drop).unwrap_err();
    assert!(error.cause.contains("already"), "{error}");
    fs::remove_file(dir.path().join(Project::FILE)).unwrap();
    let error = Project::create(dir.path(), Settings::default()).map(drop).unwrap_err();
    assert!(error.cause.contains("journal.jsonl"), "{error}");
    fs::remove_file(dir.path().join("journal.jsonl")).unwrap();
    fs::create_dir(dir.path().join("labels")).unwrap();
    fs::write(dir.path().join("labels/00000-a.toml"), "").unwrap();
    let error = Project::create(dir.path(), Settings::default()).map(drop).unwrap_err();
    assert!(error.cause.contains("the remains of a project"), "{error}");
}

#[test]
fn numbers_that_no_file_holds_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    let before = project.document().clone();
    let (_, step) = edits::add_segment(&before, id, wave, 0, usize::MAX).unwrap();
    assert!(project.perform(step).is_err());
    assert_eq!((project.document(), project.unsaved()), (&before, 0));
    project.save().unwrap();
}

#[test]
fn a_failed_save_can_be_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    // A file in place of the folder: nothing can be written into it.
    let folder = dir.path().join("labels");
    fs::write(&folder, "").unwrap();
    label(&mut project, id, wave).unwrap();
    let error = project.save().unwrap_err();
    assert!(error.subject.contains("labels"), "{error}");
    assert_eq!(project.unsaved(), 1);
    label(&mut project, id, Label::Background).unwrap();
    project.save_in_background(|| ()).unwrap();
    let failed = std::iter::repeat_with(|| project.poll_save()).flatten().next().unwrap();
    assert!(failed.is_err_and(|error| error.subject.contains("labels")));
    let expected = project.document().clone();
    fs::remove_file(&folder).unwrap();
    project.save().unwrap();
    assert_eq!(project.unsaved(), 0);
    drop(project);
    assert_eq!(*open(dir.path()).document(), expected);
}

#[test]
fn a_project_can_be_changed_and_closed_while_it_is_being_saved() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, _) = small(dir.path());
    let videos = (0..300).map(|number| Video::new(format!("{number}.mp4"))).collect();
    project.perform(edits::add_videos(project.document(), videos)).unwrap();
    let all = |project: &Project, note: &str| {
        let changed = project.document().videos.keys().map(|id| {
            edits::change_video(project.document(), *id, "Note", |video| video.note = note.into()).unwrap().changes
        });
        Step::new("Note", changed.flatten().collect())
    };
    let step = all(&project, "one");
    project.perform(step).unwrap();
    for round in 0..4 {
        project.save_in_background(|| ()).unwrap();
        label(&mut project, VideoId(round), wave).unwrap();
        project.perform(edits::remove_video(project.document(), VideoId(10 + round)).unwrap()).unwrap();
        if round % 2 == 0 {
            project.undo().unwrap();
        }
        let before = project.document().clone();
        drop(project);
        project = open(dir.path());
        assert_eq!(*project.document(), before, "round {round}");
    }
    let step = all(&project, "two");
    project.perform(step).unwrap();
    let (sender, done) = std::sync::mpsc::channel();
    let save = |project: &mut Project| {
        let sender = sender.clone();
        project.save_in_background(move || sender.send(()).unwrap()).unwrap();
    };
    save(&mut project);
    label(&mut project, VideoId(50), wave).unwrap();
    done.recv().unwrap();
    assert_eq!(project.poll_save(), Some(Ok(false)), "a label was given meanwhile");
    assert!(project.is_behind() && !project.is_saving());
    save(&mut project);
    done.recv().unwrap();
    assert_eq!((project.poll_save(), project.unsaved(), project.poll_save()), (Some(Ok(true)), 0, None));
    save(&mut project);
    assert!(!project.is_saving(), "there is nothing to be saved");
    let before = project.document().clone();
    drop(project);
    assert_eq!(*open(dir.path()).document(), before);
}

#[test]
fn what_a_video_no_longer_needs_is_removed_from_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    let file = dir.path().join("labels/00000-a.toml");
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    assert!(file.exists());
    project.perform(edits::remove_video(project.document(), id).unwrap()).unwrap();
    project.save().unwrap();
    assert!(!file.exists());
    project.undo().unwrap();
    project.save().unwrap();
    assert!(file.exists());
    assert_eq!(open_second(dir.path()).document(), project.document());
}

fn open_second(dir: &Path) -> Project {
    Project::open(dir).unwrap().project
}

#[test]
fn five_thousand_videos_open_and_save() {
    let dir = tempfile::tempdir().unwrap();
    let mut project = create(dir.path());
    let (class, step) = edits::add_class(project.document(), "wave").unwrap();
    project.perform(step).unwrap();
    let mut chance = RandomEdits::new(0);
    let videos = (0..5000).map(|place| Video { path: format!("clips/{place}.mp4"), ..chance.new_video() }).collect();
    let time = |what: &str, work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        eprintln!("{what}: {:.0?}", start.elapsed());
    };
    let mut add = Some(edits::add_videos(project.document(), videos));
    time("adding 5000 videos", &mut || project.perform(add.take().unwrap()).unwrap());
    time("saving them", &mut || project.save().unwrap());
    time("labelling 100 of them", &mut || {
        (0..100).for_each(|id| label(&mut project, VideoId(id), Label::Class(class)).unwrap());
    });
    time("saving the labels of 100", &mut || project.save().unwrap());
    let all = (100..5000).map(VideoId).map(|id| edits::label_clip(project.document(), id, Label::Background).unwrap());
    let all = Step::new("Label all", all.flat_map(|step| step.changes).collect());
    project.perform(all).unwrap();
    time("saving the labels of 4900", &mut || project.save().unwrap());
    let before = project.document().clone();
    drop(project);
    time("opening 5000 labelled videos", &mut || assert_eq!(*open(dir.path()).document(), before));
}

#[test]
fn a_journal_line_is_with_the_system_when_a_step_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    let text = fs::read_to_string(dir.path().join("journal.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 2, "the head and the step");
    assert!(text.contains("Labelled as wave"));
    assert!(project.trouble().is_none());
}

#[test]
fn what_was_found_in_files_is_kept_but_is_no_step_to_take_back() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.undo().unwrap();
    let facts = Facts {
        frames: 7,
        fps: 25.0,
        start_secs: Some(0.0),
        variable_rate: false,
        size: [4, 4],
        bytes: 1,
        hash: "0".into(),
    };
    let video = Video { facts: Some(facts.clone()), ..project.document().videos[&id].clone() };
    project.record(Step::new("Look into videos", vec![Change::Video(id, Some(video))])).unwrap();
    let titles = [project.undo_step(), project.redo_step()].map(|step| step.map(|step| step.title.as_str()));
    assert_eq!(titles, [Some("Added 1 video"), Some("Labelled as wave")]);
    drop(project);
    assert_eq!(open(dir.path()).document().videos[&id].facts, Some(facts));
}
