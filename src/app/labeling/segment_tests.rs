//! Segments that are drawn, held and crowded; several videos at a time; and how all of it is shown.

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, pos2, vec2};
use egui_kittest::kittest::Queryable;

use super::tests::{FRAMES, LabelingStage, SIZE, open_clip, project};
use crate::app::command::Command;
use crate::app::flow::tests::Window;
use crate::app::panel::Edit;
use crate::app::settings::Settings;
use crate::labels::{Label, Project, Settings as ProjectSettings, Video, VideoId, edits};

/// A place on a track: at a frame, and in the middle of the row from the top.
fn on_track(labeling: &LabelingStage, frame: f32, row: usize) -> Pos2 {
    let tracks = labeling.window.harness.get_by_role_and_label(Role::Group, "Tracks").rect();
    let height = labeling.app().settings.labeling.track_height();
    pos2(tracks.left() + frame / FRAMES as f32 * tracks.width(), tracks.top() + (row as f32 + 0.5) * height)
}

fn click(labeling: &mut LabelingStage, at: Pos2) {
    labeling.window.point_at(at);
    labeling.button(at, true);
    labeling.button(at, false);
}

fn position(labeling: &LabelingStage) -> usize {
    labeling.app().session.player.position
}

#[test]
fn a_drag_on_an_empty_part_of_a_track_makes_a_segment_of_its_class_in_one_step_and_a_click_seeks() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    let at = on_track(&labeling, 30.5, 1);
    click(&mut labeling, at);
    assert_eq!((position(&labeling), labeling.segments().len()), (30, 0), "a click seeks");
    let (from, to) = (on_track(&labeling, 20.5, 1), on_track(&labeling, 39.5, 1));
    labeling.drag(from, to);
    assert_eq!(labeling.segments(), [(jump, 20, 40)]);
    assert_eq!(position(&labeling), 39, "the edge that was dragged is seen");
    assert_eq!(labeling.app().session.labeling.segment().map(|segment| segment.label), Some(jump), "it is selected");
    let (from, to) = (on_track(&labeling, 80.5, 0), on_track(&labeling, 60.5, 0));
    labeling.drag(from, to);
    assert_eq!(labeling.segments(), [(jump, 20, 40), (wave, 60, 81)], "also backwards");
    let (from, to) = (on_track(&labeling, 10.5, 0), on_track(&labeling, 30.5, 0));
    labeling.drag(from, to);
    assert_eq!(labeling.segments().len(), 2);
    assert!(labeling.window.sees("Segment not added") && labeling.window.sees("verlaps the segment of jump"));
    let (from, to) = (on_track(&labeling, 85.5, 1), on_track(&labeling, 95.5, 1));
    labeling.hold(from, to);
    labeling.key(Key::Escape);
    labeling.button(to, false);
    assert_eq!(labeling.segments().len(), 2, "Esc leaves it");
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(labeling.segments(), [(jump, 20, 40)], "one step for each drag");
    let LabelingStage { window, dir } = labeling;
    drop(window);
    let opened = Project::open(dir.path()).unwrap();
    assert_eq!(opened.project.document().videos[&VideoId(0)].segments.len(), 1, "the journal has it");
}

/// The last way of the pointer comes with the button's release in one repaint.
#[test]
fn a_quick_drag_reaches_to_where_it_was_let_go() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let jump = labeling.class(1);
    let (from, halfway, to) = [20.5, 30.5, 59.5].map(|frame| on_track(&labeling, frame, 1)).into();
    labeling.hold(from, halfway);
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    let let_go = Event::PointerButton { pos: to, button, pressed: false, modifiers };
    labeling.window.harness.input_mut().events.extend([Event::PointerMoved(to), let_go]);
    labeling.window.settle();
    assert_eq!(labeling.segments(), [(jump, 20, 60)]);
}

/// The pointer goes to `from`, is pressed, moved to `to` and let go, all within one repaint.
fn drag_at_once(labeling: &mut LabelingStage, from: Pos2, to: Pos2) {
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    let event = |pos, pressed| Event::PointerButton { pos, button, pressed, modifiers };
    let events = [Event::PointerMoved(from), event(from, true), Event::PointerMoved(to), event(to, false)];
    labeling.window.harness.input_mut().events.extend(events);
    labeling.window.settle();
    labeling.window.settle();
}

#[test]
fn drags_within_one_repaint_make_move_and_stretch_segments() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let jump = labeling.class(1);
    let (from, to) = (on_track(&labeling, 20.5, 1), on_track(&labeling, 39.5, 1));
    drag_at_once(&mut labeling, from, to);
    assert_eq!(labeling.segments(), [(jump, 20, 40)]);
    let (from, to) = (on_track(&labeling, 40.0, 1), on_track(&labeling, 70.0, 1));
    drag_at_once(&mut labeling, from, to);
    assert_eq!(labeling.segments(), [(jump, 20, 70)], "its end");
    let (from, to) = (on_track(&labeling, 45.5, 1), on_track(&labeling, 55.5, 1));
    drag_at_once(&mut labeling, from, to);
    assert_eq!(labeling.segments(), [(jump, 30, 80)], "all of it");
    let (from, to) = (on_track(&labeling, 5.5, 0), on_track(&labeling, 50.5, 1));
    drag_at_once(&mut labeling, from, to);
    assert_eq!(labeling.segments().len(), 1, "in the track where it was pressed, where the part is taken");
}

#[test]
fn a_drag_on_a_project_that_cannot_be_changed_scrubs() {
    let dir = tempfile::tempdir().unwrap();
    let _first = project(dir.path(), &["wave"], 1);
    let opened = Project::open(dir.path()).unwrap();
    let path = opened.project.video_path(VideoId(0)).unwrap();
    let window = Window::with(SIZE, Settings::default(), |app| {
        app.session.labeling.open(opened.project, opened.notes);
        open_clip(app, &path);
    });
    let mut labeling = LabelingStage { window, dir };
    let (from, to) = (on_track(&labeling, 20.5, 0), on_track(&labeling, 50.5, 0));
    labeling.drag(from, to);
    assert_eq!((position(&labeling), labeling.segments().len()), (50, 0));
}

/// Clicks the row of a video with a modifier.
fn click_row(labeling: &mut LabelingStage, id: u32, modifiers: Modifiers) {
    let pos = labeling.place(&format!("clip_{id}.mp4, ")).center();
    labeling.window.point_at(pos);
    // All within one repaint, as in a slow window.
    let button = |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers };
    let (down, up) = (Event::ModifiersChanged(modifiers), Event::ModifiersChanged(Modifiers::NONE));
    labeling.window.harness.input_mut().events.extend([down, button(true), button(false), up]);
    labeling.window.settle();
}

#[test]
fn several_videos_are_chosen_by_clicks_and_labelled_by_one_key_in_one_step() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 6);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    let labels =
        |labeling: &LabelingStage| -> Vec<Vec<Label>> { (0..6).map(|id| labeling.video(id).labels.clone()).collect() };
    click_row(&mut labeling, 2, Modifiers::SHIFT);
    click_row(&mut labeling, 4, Modifiers::COMMAND);
    assert!(labeling.window.sees("4 selected"));
    assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(0)), "the clip stays");
    labeling.key(Key::Num2);
    let (none, some) = (Vec::new(), vec![jump]);
    let expected = [&some, &some, &some, &none, &some, &none].map(Clone::clone);
    assert_eq!(labels(&labeling), expected);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert!(labels(&labeling).iter().all(Vec::is_empty), "one step");
    click_row(&mut labeling, 4, Modifiers::COMMAND);
    labeling.key(Key::Num1);
    assert!(labels(&labeling)[4].is_empty(), "it was taken out again");
    assert_eq!(labels(&labeling)[1], [wave]);
    labeling.key(Key::U);
    assert!(labels(&labeling).iter().all(Vec::is_empty));
    labeling.key(Key::Escape);
    labeling.key(Key::Num1);
    assert_eq!(labels(&labeling).iter().filter(|labels| !labels.is_empty()).count(), 1, "Esc leaves the open one");
}

#[test]
fn videos_that_the_list_does_not_show_are_not_labelled_with_others() {
    let mut labeling = LabelingStage::new(&["wave"], 4);
    click_row(&mut labeling, 3, Modifiers::SHIFT);
    labeling.app_mut().session.labeling.choice.text = "clip_0".into();
    labeling.window.settle();
    labeling.key(Key::Num1);
    assert!((1..4).all(|id| labeling.video(id).is_unlabelled()));
    assert!(!labeling.video(0).is_unlabelled());
}

#[test]
fn class_folders_are_offered_as_labels_in_the_place_of_the_bar_until_one_says_no() {
    let mut labeling = LabelingStage::new(&[], 0);
    let videos = ["wave/1.mp4", "jump/2.mp4"].map(Video::new).into();
    let add = |labeling: &mut LabelingStage, videos| {
        let step = edits::add_videos(labeling.app().session.labeling.document().unwrap(), videos);
        labeling.app_mut().session.labeling.perform(step).unwrap();
        labeling.window.settle();
    };
    add(&mut labeling, videos);
    assert!(labeling.window.sees("0 of 2 labelled. Label by folder?"));
    let suggest = labeling.window.harness.get_by_label("Suggest labels").rect();
    labeling.window.harness.get_by_label("Label clips by folder").click();
    labeling.window.settle();
    assert_eq!(labeling.names(), ["wave", "jump"], "in the order of the clips");
    assert!(labeling.window.sees("2 of 2 labelled"));
    assert_eq!(labeling.window.harness.get_by_label("Suggest labels").rect(), suggest, "nothing has jumped");
    labeling.press(Modifiers::COMMAND, Key::Z);
    labeling.window.harness.get_by_label("Leave clips unlabelled").click();
    labeling.window.settle();
    assert!(!labeling.window.sees("Label by folder?"));
    assert!(labeling.window.sees("0 of 2 labelled"));
    let dir = labeling.app().session.labeling.project().unwrap().dir().to_owned();
    assert!(!labeling.app().settings.labeling.may_offer_folders(&dir), "nor at the next start");
}

/// Presses a key or lets it go.
fn key(labeling: &mut LabelingStage, key: Key, pressed: bool, repeat: bool) {
    let modifiers = Modifiers::NONE;
    labeling.window.harness.event(Event::Key { key, physical_key: None, pressed, repeat, modifiers });
    labeling.window.settle();
}

#[test]
fn a_key_that_is_held_while_the_clip_plays_labels_what_passes() {
    let mut settings = Settings::default();
    settings.labeling.hold = true;
    let mut labeling = LabelingStage::with(&["wave", "jump"], 1, settings);
    let jump = labeling.class(1);
    labeling.app_mut().session.player.playing = true;
    labeling.at(20);
    key(&mut labeling, Key::Num2, true, false);
    labeling.at(35);
    key(&mut labeling, Key::Num2, true, true);
    labeling.at(49);
    assert!(labeling.segments().is_empty() && labeling.video(0).labels.is_empty(), "it is not known yet");
    key(&mut labeling, Key::Num2, false, false);
    assert_eq!(labeling.segments(), [(jump, 20, 50)]);
    assert!(labeling.video(0).labels.is_empty());
    // A loop that begins again ends it where the clip ended.
    labeling.at(80);
    key(&mut labeling, Key::Num1, true, false);
    labeling.at(95);
    labeling.at(3);
    assert_eq!(labeling.segments().len(), 2);
    assert_eq!(labeling.segments()[1].1..labeling.segments()[1].2, 80..96);
    key(&mut labeling, Key::Num1, true, true);
    labeling.at(9);
    assert!(labeling.video(0).labels.is_empty(), "the key that is still held means nothing more");
    key(&mut labeling, Key::Num1, false, false);
    assert_eq!(labeling.segments().len(), 2);
    labeling.press(Modifiers::COMMAND, Key::Z);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert!(labeling.segments().is_empty(), "one step each");
    labeling.key(Key::Num1);
    assert_eq!(labeling.video(0).labels, [labeling.class(0)], "a short press is for the clip");
    labeling.app_mut().settings.labeling.hold = false;
    key(&mut labeling, Key::Num2, true, false);
    assert_eq!(labeling.video(0).labels, [jump], "at once without the setting");
}

/// With both keys down for a moment, as fingers roll from one to the next, and with the press seen before the release.
#[test]
fn a_class_ends_where_the_key_of_the_next_one_is_pressed() {
    let mut settings = Settings::default();
    settings.labeling.hold = true;
    let mut labeling = LabelingStage::with(&["wave", "jump"], 1, settings);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    labeling.app_mut().session.player.playing = true;
    labeling.at(10);
    key(&mut labeling, Key::Num1, true, false);
    labeling.at(30);
    key(&mut labeling, Key::Num2, true, false);
    assert_eq!(labeling.segments(), [(wave, 10, 30)], "no segment is labelled anew");
    labeling.at(40);
    key(&mut labeling, Key::Num1, true, true);
    key(&mut labeling, Key::Num1, false, false);
    labeling.at(60);
    key(&mut labeling, Key::Num2, false, false);
    assert_eq!(labeling.segments(), [(wave, 10, 30), (jump, 30, 61)]);
    assert_eq!(labeling.video(0).labels, []);
    labeling.at(62);
    labeling.key(Key::Num1);
    assert_eq!(labeling.segments(), [(wave, 10, 30), (jump, 30, 61)], "a short press is not for the segment before");
    assert_eq!(labeling.video(0).labels, [wave]);
}

#[test]
fn keys_of_a_multi_label_project_are_held_together() {
    let mut settings = Settings::default();
    settings.labeling.hold = true;
    let mut labeling = LabelingStage::with(&["wave", "jump"], 1, settings);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    let project =
        ProjectSettings { multi_label: true, ..labeling.app().session.labeling.document().unwrap().settings.clone() };
    labeling.app_mut().session.labeling.perform(edits::set_settings(project)).unwrap();
    labeling.app_mut().session.player.playing = true;
    labeling.at(10);
    key(&mut labeling, Key::Num1, true, false);
    labeling.at(30);
    key(&mut labeling, Key::Num2, true, false);
    labeling.at(40);
    key(&mut labeling, Key::Num1, false, false);
    labeling.at(60);
    key(&mut labeling, Key::Num2, false, false);
    assert_eq!(labeling.segments(), [(wave, 10, 41), (jump, 30, 61)]);
}

#[test]
fn ten_thousand_segments_are_seen_and_only_a_few_are_taken_by_the_pointer() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    let frames = 40_000;
    let path = labeling.app().session.labeling.project().unwrap().video_path(VideoId(0)).unwrap();
    let step = edits::change_video(labeling.app().session.labeling.document().unwrap(), VideoId(0), "many", |video| {
        video.facts.as_mut().unwrap().frames = frames;
        let segment = |i: usize| crate::labels::Segment {
            id: crate::labels::SegmentId(u32::try_from(i).unwrap()),
            label: if i.is_multiple_of(2) { wave } else { jump },
            start: i * 4,
            end: i * 4 + 3,
            note: String::new(),
        };
        video.segments = (0..10_000).map(segment).collect();
    });
    let app = labeling.app_mut();
    app.session.labeling.perform(step.unwrap()).unwrap();
    open_clip(app, &path);
    let clip = app.session.clip.as_mut().unwrap();
    clip.frames = frames;
    clip.times = crate::frame_times::FrameTimes::even(frames, 25.0, 0.0).unwrap();
    labeling.window.settle();
    let taken = |labeling: &LabelingStage| labeling.window.harness.query_all_by_label_contains(", frames ").count();
    let few = taken(&labeling);
    assert!((10..200).contains(&few), "{few} of 10,000 segments take the pointer");
    let tracks = labeling.window.harness.get_by_role_and_label(Role::Group, "Tracks").rect();
    let x = |frame: usize| tracks.left() + (frame as f32 + 0.5) / frames as f32 * tracks.width();
    // Crowded ones are selected by a click on the track, and can be changed then.
    click(&mut labeling, pos2(x(20_006), tracks.top() + 24.0));
    let selected = labeling.app().session.labeling.segment().map(|segment| (segment.label, segment.start)).unwrap();
    assert!(selected.0 == jump && selected.1.abs_diff(20_006) < 200, "{selected:?}");
    assert!(labeling.window.sees(&format!("jump, frames {} to", selected.1)));
}

#[test]
fn tracks_are_as_high_as_one_likes_with_names_and_keys_beside_the_pictures() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let of = |labeling: &LabelingStage, name: &str| -> Rect {
        // A tooltip may say the same.
        labeling.window.harness.query_all_by_label(name).next().unwrap().rect()
    };
    let (pictures, name) = (of(&labeling, "Frames of the clip"), of(&labeling, "Track jump (2)"));
    assert!(name.right() <= pictures.left(), "names cover no frame");
    assert_eq!(of(&labeling, "Timeline").x_range(), pictures.x_range(), "frames are above each other");
    assert!(!labeling.window.sees("Track background (B)"), "nobody asked for it");
    labeling.key(Key::B);
    assert!(labeling.window.sees("Track background (B)"));
    let at = of(&labeling, "Track height").center();
    labeling.window.point_at(at);
    labeling.drag(at, at + vec2(20.0, 0.0));
    let chosen = labeling.app().settings.labeling.track_height();
    assert!(chosen > 20.0, "{chosen}");
    assert!((of(&labeling, "Track jump (2)").height() - (chosen - 1.0)).abs() < 0.1);
}

#[test]
fn the_track_of_a_new_label_scrolls_into_view() {
    let mut labeling = LabelingStage::new(&["a", "b", "c", "d", "e", "f", "g", "h", "i"], 1);
    assert!(labeling.window.sees("Track a (1)") && !labeling.window.sees("Track i (9)"), "there is no room for all");
    labeling.key(Key::Num9);
    labeling.window.settle();
    assert!(labeling.window.sees("Track i (9)"));
    labeling.key(Key::Num1);
    labeling.window.settle();
    assert!(labeling.window.sees("Track a (1)") && !labeling.window.sees("Track i (9)"), "and back");
}

#[test]
fn frames_are_numbered_from_0_or_1_everywhere_and_the_clock_says_which() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let wave = labeling.class(0);
    let (_, step) =
        edits::add_segment(labeling.app().session.labeling.document().unwrap(), VideoId(0), wave, 20, 40).unwrap();
    labeling.app_mut().session.labeling.perform(step).unwrap();
    labeling.at(FRAMES - 1);
    assert!(labeling.window.sees("frame 99 of 100, from 0") && labeling.window.sees("wave, frames 20 to 39"));
    labeling.window.perform(Command::ToggleFrameNumbers);
    assert!(labeling.window.sees("frame 100 of 100, from 1") && labeling.window.sees("wave, frames 21 to 40"));
    assert_eq!(labeling.segments(), [(wave, 20, 40)], "what is stored stays");
}

#[test]
fn the_history_leads_back_and_forth_over_several_changes() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    for key in [Key::Num1, Key::Num2, Key::B] {
        labeling.key(key);
    }
    let choose = |labeling: &mut LabelingStage, text: &str| {
        labeling.window.harness.get_by_label("More").click();
        labeling.window.settle();
        labeling.window.harness.get_by_label_contains("History").click();
        labeling.window.settle();
        labeling.window.harness.get_by_label(text).click();
        labeling.window.settle();
    };
    choose(&mut labeling, "Labelled as wave (clip_0.mp4)");
    assert_eq!(labeling.video(0).labels, [wave]);
    choose(&mut labeling, "Labelled as jump (clip_0.mp4)");
    assert_eq!(labeling.video(0).labels, [jump]);
    choose(&mut labeling, "Labelled as background (clip_0.mp4)");
    assert_eq!(labeling.video(0).labels, [Label::Background]);
    for key in [Key::Num1, Key::Num2].repeat(15) {
        labeling.key(key);
    }
    labeling.window.harness.get_by_label("More").click();
    labeling.window.settle();
    labeling.window.harness.get_by_label_contains("History").click();
    labeling.window.settle();
    assert!(labeling.window.sees("Project opened") && !labeling.window.sees(" more"), "all 33 are listed");
}

#[test]
fn the_history_lists_earlier_sessions_by_date_and_leads_back_into_them() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let wave = labeling.class(0);
    labeling.key(Key::Num1);
    labeling.key(Key::Num2);
    let LabelingStage { window, dir } = labeling;
    drop(window);
    let opened = Project::open(dir.path()).unwrap();
    let path = opened.project.video_path(VideoId(0)).unwrap();
    let mut window = Window::with(SIZE, Settings::default(), |app| {
        app.session.loading_model = None;
        app.session.labeling.open(opened.project, Vec::new());
        open_clip(app, &path);
    });
    window.perform(Command::ShowProject);
    let mut labeling = LabelingStage { window, dir };
    labeling.key(Key::B);
    labeling.window.harness.get_by_label("More").click();
    labeling.window.settle();
    labeling.window.harness.get_by_label_contains("History").click();
    labeling.window.settle();
    assert!(labeling.window.sees("Project opened") && labeling.window.sees("Labelled as jump (clip_0.mp4)"));
    assert!(labeling.window.sees(&crate::calendar::today()), "the day of the earlier session");
    labeling.window.harness.get_by_label("Labelled as wave (clip_0.mp4)").click();
    labeling.window.settle();
    assert_eq!(labeling.video(0).labels, [wave]);
}

#[test]
fn without_a_class_nothing_is_said_of_a_background() {
    let mut labeling = LabelingStage::new(&[], 1);
    assert!(!labeling.window.sees("Label as background"));
    labeling.app_mut().change_project(&Edit::new(|document| edits::add_class(document, "wave").map(|(_, step)| step)));
    labeling.window.settle();
    assert!(labeling.window.sees("Label as background"));
}

#[test]
fn a_clip_without_tracks_leaves_their_place_to_the_viewer() {
    let mut labeling = LabelingStage::new(&["wave", "jump", "bow", "clap"], 1);
    let timeline = |labeling: &LabelingStage| {
        labeling.window.harness.get_by_role_and_label(Role::ScrollBar, "Timeline").rect().top()
    };
    let with_tracks = timeline(&labeling);
    let foreign = labeling.dir.path().join("elsewhere/clip_0.mp4");
    open_clip(labeling.app_mut(), &foreign);
    labeling.window.settle();
    assert!(labeling.window.sees("This clip is not in the project."));
    assert!(timeline(&labeling) > with_tracks + 60.0, "{} after {with_tracks}", timeline(&labeling));
    labeling.see(0);
    labeling.window.settle();
    assert_eq!(timeline(&labeling), with_tracks);
}

#[test]
fn a_segment_that_comes_back_is_selected() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    labeling.at(10);
    labeling.key(Key::I);
    labeling.at(19);
    labeling.key(Key::O);
    labeling.key(Key::Enter);
    let selected = |labeling: &LabelingStage| labeling.app().session.labeling.segment().map(|segment| segment.start);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(selected(&labeling), None);
    labeling.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(selected(&labeling), Some(10));
    labeling.key(Key::Delete);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(selected(&labeling), Some(10));
}

#[test]
fn a_drag_on_the_tracks_takes_the_keyboard_from_a_field() {
    let mut labeling = LabelingStage::new(&["wave"], 2);
    labeling.window.harness.get_by_role_and_label(Role::TextInput, "Filter by name").focus();
    labeling.window.settle();
    assert!(labeling.window.harness.ctx.text_edit_focused());
    let (from, to) = (on_track(&labeling, 10.0, 0), on_track(&labeling, 20.0, 0));
    labeling.drag(from, to);
    assert!(!labeling.window.harness.ctx.text_edit_focused(), "the next digit labels");
}
