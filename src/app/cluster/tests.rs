//! The cluster panel on folders of parts: what is seen of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use crate::app::command::Command;
use crate::app::flow::tests::Window;
use crate::app::settings::Settings;
use crate::shards::{Job, JobInputs, Manifest, Part, PartFolder, ShardCheckpoint};

fn window_of(folder: Option<&Path>) -> Window {
    let folder = folder.map(Path::to_owned);
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |app| app.settings.job_folder = folder);
    window.perform(Command::ShowCluster);
    window
}

fn wait_for(window: &mut Window, text: &str) {
    for _ in 0..2000 {
        if window.sees(text) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
        window.settle();
    }
    panic!("the panel never shows “{text}”");
}

fn manifest(shard: &str) -> Manifest {
    let settings = BTreeMap::from([("views", "5x2")]);
    let job = Job::new("count", &settings, JobInputs::new("clip", 3, "hash".into())).unwrap();
    Manifest::new(job, shard.parse().unwrap(), "cpu")
}

#[test]
fn a_folder_is_asked_for_and_one_without_parts_says_so() {
    let mut window = window_of(None);
    wait_for(&mut window, "No cluster job");
    assert!(window.sees("Choose cluster job"), "the button has the name of its command");
    let dir = tempfile::tempdir().unwrap();
    let mut window = window_of(Some(dir.path()));
    wait_for(&mut window, "there is nothing of a job in it");
    assert!(window.sees("Choose cluster job"), "another folder can be chosen");
}

#[test]
fn parts_are_listed_with_their_states_and_a_click_shows_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let folder = PartFolder::new(dir.path());
    folder.write(&Part { manifest: manifest("1/3"), results: 7 }).unwrap();
    let (mut stopped, _) = ShardCheckpoint::begin::<u32>(&folder, &manifest("2/3")).unwrap();
    stopped.keep(&[1, 2], 5).unwrap();
    drop(stopped);
    fs::create_dir(dir.path().join("slurm")).unwrap();
    fs::write(dir.path().join("slurm/task-2.log"), "reading clips\nout of memory\n").unwrap();
    let mut window = window_of(Some(dir.path()));
    wait_for(&mut window, "3 parts: 1 done, 1 stopped, 1 missing");
    assert!(window.sees("Part 1 · done") && window.sees("Part 3 · missing") && window.sees("2 of 5"));
    assert!(!window.sees("reading clips"), "only the last line is in the list");
    window.harness.get_by_role_and_label(Role::Button, "Part 2 · stopped").click();
    window.settle();
    wait_for(&mut window, "reading clips");
    assert!(window.sees("Log of part 2") && window.texts_beyond(1280.0).is_empty());
    window.harness.get_by_role_and_label(Role::Button, "Part 3 · missing").click();
    window.settle();
    wait_for(&mut window, "No log");
    // The folder is read again on request.
    folder.write(&Part { manifest: manifest("3/3"), results: 7 }).unwrap();
    window.harness.get_by_label("Refresh").click();
    window.settle();
    wait_for(&mut window, "3 parts: 2 done, 1 stopped");
}
