//! Predicted bouts as a person reviews them: by keys, in the panel and in the tracks, on files of predictions made by hand.

use std::ops::Range;
use std::path::Path;

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::kittest::Queryable;

use super::review::BoutState;
use crate::app::command::Command;
use crate::app::labeling::tests::{FRAMES, LabelingStage};
use crate::engine::Message;
use crate::labels::{Label, Project, RejectedBout, VideoId};
use crate::nets::fusion::Fusion;
use crate::output::{Existing, OutputGuard};
use crate::predictions::{BoutSettings, PredictionFacts, PredictionWriter};

/// A stretch of frames in which a class has a probability.
type Likely<'a> = (&'a str, Range<usize>, f32);

/// Three bouts of wave, one of jump and one of a class that the project does not have.
const LIKELY: [Likely<'static>; 5] = [
    ("wave", 10..30, 0.9),
    ("jump", 35..45, 0.8),
    ("wave", 50..60, 0.6),
    ("wave", 70..80, 0.75),
    ("rear", 85..95, 0.7),
];

/// Writes predictions of a video of 100 frames at 25 frames per second.
fn write(path: &Path, video: u32, model: &str, likely: &[Likely<'_>]) {
    write_at_thresholds(path, video, model, likely, &[]);
}

/// The same, by a model with thresholds of its classes.
fn write_at_thresholds(path: &Path, video: u32, model: &str, likely: &[Likely<'_>], thresholds: &[f64]) {
    let classes = ["wave", "jump", "rear", "background"].map(str::to_owned);
    let facts = PredictionFacts {
        video: format!("clip_{video}.mp4"),
        content: format!("{video:04x}"),
        frames: FRAMES,
        fps: 25.0,
        end_secs: 4.0,
        stride: 1,
        classes: classes.to_vec(),
        model: model.into(),
        model_hash: format!("hash of {model}"),
        fusion: Fusion::default(),
        thresholds: thresholds.to_vec(),
        version: "0.1.0".into(),
        ..PredictionFacts::default()
    };
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = PredictionWriter::begin(path, facts).unwrap();
    for frame in 0..FRAMES {
        let of = |class: &String| {
            let found = likely.iter().find(|(name, frames, _)| name == class && frames.contains(&frame));
            found.map_or(0.0, |(.., probability)| *probability)
        };
        writer.push(frame as f64 / 25.0, &classes.each_ref().map(of)).unwrap();
    }
    writer.finish(&OutputGuard::new(Existing::Replace)).unwrap();
}

/// Waits until what was written is shown.
fn look(labeling: &mut LabelingStage) {
    labeling.app_mut().session.predictions.reload();
    loop {
        labeling.window.settle();
        if !labeling.app().session.predictions.is_busy() {
            return;
        }
        std::thread::yield_now();
    }
}

/// A window with predictions of the open video, whose bouts are found by a threshold alone.
fn review(likely: &[Likely<'_>]) -> LabelingStage {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 2);
    write(&labeling.dir.path().join("predictions/own-0123/clip_0.parquet"), 0, "own", likely);
    for class in ["wave", "jump", "rear"] {
        set(&mut labeling, class, 0.5);
    }
    look(&mut labeling);
    labeling.window.perform(Command::ShowPredictions);
    labeling
}

fn set(labeling: &mut LabelingStage, class: &str, threshold: f64) {
    let dir = labeling.dir.path().to_owned();
    let settings = BoutSettings { threshold, ..BoutSettings::PLAIN };
    labeling.app_mut().settings.predictions.set(&dir, class, &settings, &BoutSettings::default());
}

/// First frames of the bouts in a state.
fn starts(labeling: &LabelingStage, state: BoutState) -> Vec<usize> {
    let all = labeling.app().session.predictions.all();
    all.iter().filter(|bout| bout.state == state).map(|bout| bout.frames.start).collect()
}

fn open(labeling: &LabelingStage) -> Vec<usize> {
    starts(labeling, BoutState::Open)
}

fn position(labeling: &LabelingStage) -> usize {
    labeling.app().session.player.position
}

#[test]
fn bouts_are_listed_and_follow_the_threshold_of_their_class() {
    let mut labeling = review(&LIKELY);
    assert!(labeling.window.sees("Bout of wave, frames 10 to 29, 90 %"));
    assert!(labeling.window.sees("Predicted wave, frames 50 to 59, 60 %"), "in its track too");
    assert!(labeling.window.sees("Bout of rear, frames 85 to 94") && labeling.window.sees("Add class"));
    assert_eq!(open(&labeling), [10, 35, 50, 70, 85]);
    set(&mut labeling, "wave", 0.7);
    look(&mut labeling);
    assert_eq!(open(&labeling), [10, 35, 70, 85]);
    assert!(!labeling.window.sees("frames 50 to 59"));
    set(&mut labeling, "wave", 0.95);
    look(&mut labeling);
    assert_eq!(open(&labeling), [35, 85]);
}

/// By hand: wave at 0.9 and 0.75 reaches its threshold and 0.6 does not; jump reaches 0.333 and rear does not reach 0.9.
#[test]
fn bouts_begin_at_the_thresholds_of_the_model_until_others_are_chosen() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let path = labeling.dir.path().join("predictions/own/clip_0.parquet");
    let likely = [LIKELY[0].clone(), ("jump", 35..45, 0.4), LIKELY[2].clone(), LIKELY[3].clone(), LIKELY[4].clone()];
    write_at_thresholds(&path, 0, "own", &likely, &[0.7037, 0.333, 0.9, 0.5]);
    let dir = labeling.dir.path().to_owned();
    let common = BoutSettings::default();
    let unsmoothed = BoutSettings { smoothing_secs: 0.0, min_secs: 0.0, gap_secs: 0.0, ..common };
    for class in ["wave", "jump", "rear"] {
        labeling.app_mut().settings.predictions.set(&dir, class, &unsmoothed, &common);
    }
    let chosen = labeling.app().settings.predictions.clone();
    look(&mut labeling);
    labeling.window.perform(Command::ShowPredictions);
    labeling.window.settle();
    assert!(labeling.window.sees("The model has a threshold for each class"));
    assert_eq!(open(&labeling), [10, 35, 70]);
    assert_eq!(labeling.app().settings.predictions, chosen, "to show rounded numbers is no choice");
    set(&mut labeling, "wave", 0.5);
    look(&mut labeling);
    assert_eq!(open(&labeling), [10, 35, 50, 70]);
    labeling.window.harness.get_by_role_and_label(Role::Button, "Reset").click();
    labeling.window.settle();
    let of = |class, threshold| labeling.app().settings.predictions.of(&dir, class, &common.at(threshold));
    assert_eq!([of("wave", 0.7037), of("rear", 0.9)], [common.at(0.7037), common.at(0.9)]);
}

#[test]
fn a_slider_changes_all_classes_or_the_one_that_is_chosen() {
    let mut labeling = review(&LIKELY);
    let dir = labeling.dir.path().to_owned();
    let thresholds = |labeling: &LabelingStage| {
        let of = |class| labeling.app().settings.predictions.of(&dir, class, &BoutSettings::default());
        ["wave", "jump"].map(|class| of(class).threshold)
    };
    let drag_to = |labeling: &mut LabelingStage, share: f32| {
        let slider = labeling.window.harness.get_by_role_and_label(Role::Slider, "Threshold").rect();
        labeling.drag(slider.center(), slider.lerp_inside(vec2(share, 0.5)));
        look(labeling);
    };
    drag_to(&mut labeling, 0.3);
    let [wave, jump] = thresholds(&labeling);
    assert!(wave < 0.5 && wave == jump, "{wave} {jump}");
    labeling.window.harness.get_by_role_and_label(Role::Button, "jump").click();
    labeling.window.settle();
    assert_eq!(labeling.app().session.predictions.class.as_deref(), Some("jump"));
    drag_to(&mut labeling, 0.2);
    let [wave_now, jump_now] = thresholds(&labeling);
    assert!(wave_now == wave && jump_now < jump, "{wave_now} {jump_now}");
}

#[test]
fn keys_accept_and_reject_bouts_one_after_the_other_with_undo() {
    let mut labeling = review(&LIKELY);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    labeling.key(Key::E);
    assert!(labeling.segments().is_empty() && labeling.window.sees("No open bout at the playhead"));
    labeling.key(Key::P);
    assert_eq!(position(&labeling), 10);
    labeling.key(Key::E);
    assert_eq!((labeling.segments(), position(&labeling)), (vec![(wave, 10, 30)], 35), "and goes to the next one");
    labeling.key(Key::D);
    assert_eq!((open(&labeling), position(&labeling)), (vec![50, 70, 85], 50));
    assert_eq!(starts(&labeling, BoutState::Rejected), [35]);
    labeling.press(Modifiers::ALT, Key::P);
    assert_eq!(position(&labeling), 50, "there is none before");
    labeling.key(Key::P);
    labeling.press(Modifiers::ALT, Key::P);
    assert_eq!(position(&labeling), 50);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(open(&labeling), [35, 50, 70, 85]);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert!(labeling.segments().is_empty());
    assert_eq!(open(&labeling), [10, 35, 50, 70, 85]);
    labeling.press(Modifiers::COMMAND, Key::Y);
    labeling.press(Modifiers::COMMAND, Key::Y);
    let rejected = RejectedBout { start: 35, end: 45, class: class_of(jump) };
    assert_eq!((labeling.segments(), &labeling.video(0).rejected[..]), (vec![(wave, 10, 30)], &[rejected][..]));
}

fn class_of(label: Label) -> crate::labels::ClassId {
    match label {
        Label::Class(class) => class,
        Label::Background => panic!("a class"),
    }
}

#[test]
fn rejected_bouts_stay_rejected_when_the_project_is_opened_again_until_they_are_restored() {
    let mut labeling = review(&LIKELY);
    labeling.at(12);
    labeling.key(Key::D);
    let dir = labeling.dir.path().to_owned();
    let project = labeling.app_mut().session.labeling.close().unwrap();
    drop(project); // nothing is saved: the journal has it
    let opened = Project::open(&dir).unwrap();
    assert_eq!(opened.project.document().videos[&VideoId(0)].rejected.len(), 1);
    labeling.app_mut().session.labeling.open(opened.project, Vec::new());
    labeling.app_mut().session.follow_clip();
    look(&mut labeling);
    assert_eq!((starts(&labeling, BoutState::Rejected), open(&labeling)), (vec![10], vec![35, 50, 70, 85]));
    labeling.window.perform(Command::RestoreBouts);
    assert_eq!(open(&labeling), [10, 35, 50, 70, 85]);
}

/// By hand: 0.6 is 0.1 above the threshold of wave, 0.7 is 0.2 above that of rear, 0.75 0.25, 0.8 0.3 and 0.9 0.4.
#[test]
fn a_key_goes_from_the_most_uncertain_bout_to_the_surer_ones() {
    let mut labeling = review(&LIKELY);
    let visit = |labeling: &mut LabelingStage| {
        labeling.key(Key::H);
        position(labeling)
    };
    let order: Vec<usize> = (0..6).map(|_| visit(&mut labeling)).collect();
    assert_eq!(order, [50, 85, 70, 35, 10, 50]);
    set(&mut labeling, "wave", 0.74);
    look(&mut labeling);
    labeling.at(0);
    assert_eq!(visit(&mut labeling), 70, "0.01 above its threshold");
    labeling.app_mut().session.predictions.class = Some("jump".into());
    assert_eq!(visit(&mut labeling), 35, "of the chosen class");
}

#[test]
fn all_bouts_of_a_class_or_of_the_video_are_reviewed_in_one_step() {
    let mut labeling = review(&LIKELY);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    labeling.at(52);
    labeling.press(Modifiers::SHIFT, Key::E);
    assert_eq!(labeling.segments(), [(wave, 10, 30), (wave, 50, 60), (wave, 70, 80)]);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert!(labeling.segments().is_empty(), "one step");
    labeling.press(Modifiers::SHIFT, Key::D);
    assert_eq!(open(&labeling), [35, 85]);
    labeling.window.perform(Command::AcceptVideoBouts);
    assert_eq!((labeling.segments(), open(&labeling)), (vec![(jump, 35, 45)], vec![85]), "rear is no class here");
    assert!(Command::AcceptVideoBouts.available(labeling.app().conditions()).is_err());
}

#[test]
fn a_bout_is_corrected_by_dragging_its_edge_by_keys_and_by_a_digit() {
    let mut labeling = review(&LIKELY);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    let strip = labeling.place("Frames of the clip");
    let x = |frame: f32| strip.left() + frame / FRAMES as f32 * strip.width();
    let edge = labeling.place("End of predicted wave at 29").center();
    labeling.drag(Pos2::new(x(30.0), edge.y), Pos2::new(x(25.2), edge.y));
    assert!(labeling.segments().is_empty(), "nothing is accepted by that");
    assert!(labeling.window.sees("Predicted wave, frames 10 to 24, 90 %"));
    labeling.press(Modifiers::ALT, Key::Period);
    assert!(labeling.window.sees("Predicted wave, frames 11 to 24, 90 %"));
    labeling.key(Key::E);
    assert_eq!(labeling.segments(), [(wave, 11, 25)]);

    labeling.at(0);
    labeling.key(Key::P);
    labeling.key(Key::P);
    assert_eq!(position(&labeling), 50);
    labeling.key(Key::Num2);
    assert_eq!(labeling.segments(), [(wave, 11, 25), (jump, 50, 60)]);
    assert_eq!(labeling.video(0).rejected, [RejectedBout { start: 50, end: 60, class: class_of(wave) }]);
    assert!(labeling.video(0).labels.is_empty(), "the digit was for the bout alone");
}

#[test]
fn a_click_selects_a_bout_and_a_double_click_loops_it() {
    let mut labeling = review(&LIKELY);
    let bout = labeling.place("Predicted wave, frames 70 to 79").center();
    labeling.window.point_at(bout);
    labeling.button(bout, true);
    labeling.button(bout, false);
    assert!((74..=75).contains(&position(&labeling)), "{}", position(&labeling));
    assert_eq!(labeling.app().session.loop_range(), (70, 79));
    // Or the click before would be the first of three.
    (0..4).for_each(|_| labeling.window.settle());
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    for pressed in [true, false, true, false] {
        labeling.window.harness.input_mut().events.push(Event::PointerButton { pos: bout, button, pressed, modifiers });
    }
    labeling.window.settle();
    assert!(labeling.app().settings.looping);
    labeling.at(5);
    assert_eq!(labeling.app().session.loop_range(), (0, FRAMES - 1), "left again");
}

#[test]
fn the_panel_names_the_command_that_predicts_and_shows_what_it_has_written() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    look(&mut labeling);
    labeling.window.perform(Command::ShowPredictions);
    let dir = labeling.dir.path().to_owned();
    assert!(labeling.window.sees("No predictions of this video"));
    assert!(labeling.window.sees(&format!("motionscope predict {}", dir.display())));
    labeling.app_mut().session.predicting.begin();
    labeling.window.settle();
    assert!(labeling.window.sees("Stop predicting") && !labeling.window.sees("No predictions of this video"));
    labeling.app_mut().session.receive(&Message::PredictionsEnded);
    write(&dir.join("predictions/own/clip_0.parquet"), 0, "own", &LIKELY);
    look(&mut labeling);
    assert!(labeling.window.sees("Bout of wave") && !labeling.window.sees("No predictions"));
}

#[test]
fn a_model_that_is_chosen_is_shown_for_other_videos_too() {
    let mut labeling = review(&LIKELY);
    let at = |name: &str| labeling.dir.path().join("predictions").join(name);
    let (first, second) = (at("a/clip_0.parquet"), at("a/clip_1.parquet"));
    write(&first, 0, "a", &[("wave", 0..20, 0.9)]);
    write(&second, 1, "a", &[("wave", 40..60, 0.9)]);
    write(&at("z/clip_1.parquet"), 1, "z", &[("wave", 0..5, 0.9)]);
    look(&mut labeling);
    assert_eq!(labeling.app().session.predictions.found_files().len(), 2);
    labeling.app_mut().session.predictions.choose(&first);
    look(&mut labeling);
    assert_eq!(open(&labeling), [0]);
    labeling.see(1);
    look(&mut labeling);
    let file = labeling.app().session.predictions.file().unwrap();
    assert_eq!((file.path.clone(), open(&labeling)), (second, vec![40]));
}

#[test]
fn files_that_are_damaged_or_about_other_frames_are_reported() {
    let mut labeling = review(&LIKELY);
    let path = labeling.dir.path().join("predictions/broken.parquet");
    std::fs::write(&path, "not Parquet").unwrap();
    look(&mut labeling);
    assert!(labeling.window.sees("it is not a Parquet file") && labeling.window.sees("Bout of wave"));
}
