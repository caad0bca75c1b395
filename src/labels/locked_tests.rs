//! Invariants of label files that a person or an accident has changed on disk.

use std::fs;
use std::path::Path;

use super::project_tests::{label, open, small};
use super::{Change, Facts, Label, Opened, Project, Step, Video, VideoId, edits, formats};

/// Returns the names and contents of all files below a folder.
fn files(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let (mut files, mut folders) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { files.push((path.clone(), fs::read(&path).unwrap())) }
        }
    }
    files.sort();
    files
}

#[test]
fn labels_that_are_away_at_one_opening_are_locked_and_there_again_afterwards() {
    type Harm = fn(&Path);
    let harms: [(Harm, &str); 3] = [
        (|file| fs::remove_file(file).unwrap(), "missing"),
        (|file| fs::write(file, "labels = [\n").unwrap(), "line"),
        (|file| fs::write(file, [0xff, 0xfe, 0x00]).unwrap(), "UTF-8"),
    ];
    for (harm, words) in harms {
        let dir = tempfile::tempdir().unwrap();
        let (mut project, wave, id) = small(dir.path());
        label(&mut project, id, wave).unwrap();
        project.save().unwrap();
        drop(project);
        let file = dir.path().join("labels/00000-a.toml");
        let whole = fs::read(&file).unwrap();
        harm(&file);
        let harmed = fs::read(&file).ok();

        let Opened { mut project, notes } = Project::open(dir.path()).unwrap();
        assert!(notes.len() == 1 && notes[0].subject.contains("00000-a.toml"), "{notes:?}");
        assert!(notes[0].cause.contains(words) && notes[0].cause.contains("locked"), "{notes:?}");
        assert!(!project.document().videos[&id].is_unlabelled(), "nobody knows that");
        let document = project.document().clone();
        let Label::Class(class) = wave else { unreachable!() };
        assert!(label(&mut project, id, Label::Background).is_err());
        assert!(edits::remove_video(&document, id).is_err());
        assert!(edits::delete_class(&document, class).is_err(), "its labels may be of the class");
        assert!(edits::label_by_folders(&document, &Default::default()).changes.is_empty());
        let change = Change::Video(id, Some(Video { labels: vec![Label::Background], ..Video::new("a.mp4") }));
        assert!(project.perform(Step::new("Label", vec![change])).is_err());
        // The rest of the project can be changed and saved; nothing is renamed.
        project.perform(edits::add_videos(&document, vec![Video::new("b.mp4")])).unwrap();
        label(&mut project, VideoId(1), wave).unwrap();
        project.save().unwrap();
        drop(project);
        assert_eq!(fs::read(&file).ok(), harmed);
        assert_eq!(fs::read_dir(dir.path().join("labels")).unwrap().count(), 1 + usize::from(harmed.is_some()));

        let Opened { project: mut again, .. } = Project::open(dir.path()).unwrap();
        let first = again.read_again();
        assert_eq!((first.still.len(), first.unlocked), (1, vec![]));
        fs::write(&file, &whole).unwrap();
        let second = again.read_again();
        assert_eq!((second.still, second.unlocked, second.outdated), (vec![], vec![id], first.still));
        assert_eq!(again.document().videos[&id].labels, [wave], "without opening it anew");
        assert!(again.perform(edits::unlabel_clip(again.document(), id).unwrap()).is_ok() && again.undo().is_ok());
        again.save().unwrap();
        drop(again);
        let mut project = open(dir.path());
        assert_eq!(project.document().videos[&id].labels, [wave]);
        label(&mut project, id, Label::Background).unwrap();
        project.save().unwrap();
        drop(project);
        assert_eq!(open(dir.path()).document().videos[&id].labels, [Label::Background]);
    }
}

#[test]
fn labels_that_the_journal_holds_take_the_place_of_those_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    label(&mut project, id, Label::Background).unwrap();
    drop(project);
    let file = dir.path().join("labels/00000-a.toml");
    fs::write(&file, "labels = [\n").unwrap();
    let mut project = open(dir.path());
    assert_eq!(project.document().videos[&id].labels, [Label::Background]);
    project.save().unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("labels/00000-a.toml.damaged")).unwrap(), "labels = [\n");
}

#[test]
fn looking_at_a_project_changes_nothing_in_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    label(&mut project, id, Label::Background).unwrap();
    drop(project);
    fs::remove_file(dir.path().join("project.lock")).unwrap();
    fs::write(dir.path().join("labels/.tmpAbCdEf.partial"), "half").unwrap();
    let journal = dir.path().join("journal.jsonl");
    let mut bytes = fs::read(&journal).unwrap();
    bytes.extend(b"{\"hash\":\"half a line");
    fs::write(&journal, bytes).unwrap();
    for text in ["", "labels = [\n"] {
        if !text.is_empty() {
            fs::write(dir.path().join("labels/00000-a.toml"), text).unwrap();
        }
        let before = files(dir.path());
        let Opened { mut project, .. } = Project::look(dir.path()).unwrap();
        assert_eq!(project.document().videos[&id].labels, [Label::Background], "with what is in the journal");
        assert!(project.is_read_only() && label(&mut project, id, wave).is_err());
        project.save().unwrap();
        drop(project);
        assert_eq!(files(dir.path()), before);
    }
}

#[test]
fn what_a_killed_save_left_is_removed_at_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    drop(project);
    let before = files(dir.path());
    for name in [".tmpAbCdEf.partial", "labels/.tmp012345.partial", "labels/.motionscope-012345.partial"] {
        fs::write(dir.path().join(name), "half").unwrap();
    }
    fs::write(dir.path().join("mine.partial"), "whole").unwrap();
    drop(open(dir.path()));
    let after = files(dir.path());
    assert!(after.iter().any(|(path, _)| path.ends_with("mine.partial")), "a person's own file stays");
    assert_eq!(after.len(), before.len() + 1, "{after:?}");
}

#[test]
fn segments_written_by_hand_that_hold_no_frame_are_refused_with_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    project.perform(edits::add_segment(project.document(), id, wave, 3, 9).unwrap().1).unwrap();
    project.save().unwrap();
    drop(project);
    let file = dir.path().join("labels/00000-a.toml");
    let text = fs::read_to_string(&file).unwrap();
    let line = 1 + text.lines().position(|line| line == "[[segments]]").unwrap();
    for start in [9, 30] {
        fs::write(&file, text.replace("start = 3", &format!("start = {start}"))).unwrap();
        let Opened { project, notes } = Project::open(dir.path()).unwrap();
        let expected = format!("line {line}: the segment starts at frame {start} and ends before frame 9");
        assert!(notes[0].subject.contains("00000-a.toml") && notes[0].cause.starts_with(&expected), "{notes:?}");
        assert!(project.document().videos[&id].locked.is_some());
    }
    let twice = text
        .replace("[[segments]]", "[[segments]]\nid = 0\nlabel = \"background\"\nstart = 20\nend = 30\n\n[[segments]]");
    fs::write(&file, twice).unwrap();
    let project = open(dir.path());
    let ids: Vec<_> = project.document().videos[&id].segments.iter().map(|segment| segment.id.0).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

#[test]
fn labels_of_a_class_that_the_project_does_not_have_are_locked_and_not_exported() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    drop(project);
    let file = dir.path().join("labels/00000-a.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("class = 0"), "{text}");
    fs::write(&file, text.replace("class = 0", "class = 9")).unwrap();
    let Opened { mut project, notes } = Project::open(dir.path()).unwrap();
    assert!(notes[0].subject.contains("00000-a.toml") && notes[0].cause.contains("class 9"), "{notes:?}");
    assert!(project.document().videos[&id].locked.is_some());
    fs::write(&file, text).unwrap();
    assert!(project.read_again().still.is_empty());
    assert_eq!(project.document().videos[&id].labels, [wave]);
}

#[test]
fn a_damaged_number_of_the_next_video_never_replaces_a_video() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    drop(project);
    let path = dir.path().join(Project::FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("next_video = 1", "next_video = 4294967295")).unwrap();
    let mut project = open(dir.path());
    let videos = vec![Video::new("b.mp4"), Video::new("c.mp4")];
    project.perform(edits::add_videos(project.document(), videos)).unwrap();
    let paths: Vec<_> = project.document().videos.values().map(|video| video.path.as_str()).collect();
    assert_eq!(paths, ["a.mp4", "b.mp4", "c.mp4"]);
    assert_eq!(project.document().videos[&id].labels, [wave]);
    drop(project);
    fs::write(&path, text.replace("id = 0\npath", "id = 4294967295\npath")).unwrap();
    fs::remove_file(dir.path().join("journal.jsonl")).unwrap();
    let error = Project::open(dir.path()).map(drop).unwrap_err();
    assert!(error.cause.contains("4294967295"), "{error}");
}

#[test]
fn two_windows_without_locks_never_lose_what_the_other_has_written() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, wave, id) = small(dir.path());
    label(&mut first, id, wave).unwrap();
    // Simulates a disk without locks: the second window does not see the first one's lock.
    fs::remove_file(dir.path().join("project.lock")).unwrap();
    let Opened { project: mut second, .. } = Project::open(dir.path()).unwrap();
    assert!(!second.is_read_only());
    second.perform(edits::add_videos(second.document(), vec![Video::new("b.mp4")])).unwrap();
    let journal = fs::read(dir.path().join("journal.jsonl")).unwrap();
    let error = first.save().unwrap_err();
    assert!(error.cause.contains("another window"), "{error}");
    assert!(label(&mut first, id, Label::Background).is_err(), "it would write over the line of the other");
    drop(first);
    assert_eq!(fs::read(dir.path().join("journal.jsonl")).unwrap(), journal);
    let expected = second.document().clone();
    drop(second);
    assert_eq!(*open(dir.path()).document(), expected);
}

#[test]
fn a_window_does_not_go_on_from_what_another_has_saved_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, wave, id) = small(dir.path());
    fs::remove_file(dir.path().join("project.lock")).unwrap();
    let Opened { project: mut second, .. } = Project::open(dir.path()).unwrap();
    label(&mut second, id, wave).unwrap();
    second.save().unwrap();
    let error = label(&mut first, id, Label::Background).unwrap_err();
    assert!(error.cause.contains("has saved the project meanwhile"), "{error}");
    drop((first, second));
    assert_eq!(open(dir.path()).document().videos[&id].labels, [wave]);
}

#[test]
fn segments_beyond_the_end_of_a_shorter_file_are_reported_and_cut_in_exports() {
    let dir = tempfile::tempdir().unwrap();
    let (mut project, wave, id) = small(dir.path());
    for (start, end) in [(10, 20), (50, 80), (90, 120)] {
        project.perform(edits::add_segment(project.document(), id, wave, start, end).unwrap().1).unwrap();
    }
    let facts = Facts {
        frames: 60,
        fps: 25.0,
        start_secs: Some(0.0),
        variable_rate: false,
        size: [4, 4],
        bytes: 1,
        hash: "0".into(),
    };
    let shorter = |video: &mut Video| video.facts = Some(facts);
    project
        .perform(edits::change_video(project.document(), id, "Take a video as it is now", shorter).unwrap())
        .unwrap();
    project.save().unwrap();
    drop(project);
    let Opened { project, notes } = Project::open(dir.path()).unwrap();
    assert!(notes.len() == 1 && notes[0].cause.starts_with("2 segments reach beyond its 60 frames"), "{notes:?}");
    assert_eq!(project.document().videos[&id].segments.len(), 3, "the longer file may come back");
    let target = dir.path().join("out/labels.json");
    let exported = formats::export(formats::Format::Json, project.document(), project.dir(), &target).unwrap();
    assert!(exported.notes.iter().any(|note| note.cause.contains("beyond its 60 frames")), "{:?}", exported.notes);
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&target).unwrap()).unwrap();
    let text = json.to_string();
    assert!(text.contains("60") && !text.contains("120") && !text.contains("80"), "{text}");
    let cut = project.document().videos[&id].within_frames().into_owned();
    assert_eq!(
        cut.segments.iter().map(|segment| (segment.start, segment.end)).collect::<Vec<_>>(),
        [(10, 20), (50, 60)]
    );
}

#[test]
#[cfg(unix)]
fn files_that_are_links_stay_links() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut project, wave, id) = small(dir.path());
    label(&mut project, id, wave).unwrap();
    project.save().unwrap();
    drop(project);
    for name in ["project.toml", "labels/00000-a.toml"] {
        let (link, file) = (dir.path().join(name), elsewhere.path().join(Path::new(name).file_name().unwrap()));
        fs::rename(&link, &file).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
    }
    let mut project = open(dir.path());
    label(&mut project, id, Label::Background).unwrap();
    project.save().unwrap();
    drop(project);
    for name in ["project.toml", "labels/00000-a.toml"] {
        assert!(dir.path().join(name).is_symlink(), "{name}");
    }
    assert!(fs::read_to_string(elsewhere.path().join("00000-a.toml")).unwrap().contains("background"));
    assert_eq!(open(dir.path()).document().videos[&id].labels, [Label::Background]);
}
