//! Suggestions that the networks are unsure of, and the walk through a list that labels shorten.

use eframe::egui::{Key, Modifiers};

use super::tests::{LabelingStage, suggested_by};
use super::video_list::{Shown, Sort};
use crate::app::command::Command;
use crate::app::settings::Settings;
use crate::labels::VideoId;
use crate::nets::fusion::Fusion;

/// Of the videos 0 to 2, whose share of wave is 0.9, 0.65 and 0.6, a model that is unsure below 0.63 is unsure of the last.
fn suggested() -> LabelingStage {
    suggested_by(&["wave", "jump"], Fusion { unsure_below: Some(0.63), ..Fusion::default() })
}

fn labelled(labeling: &LabelingStage) -> Vec<bool> {
    (0..4).map(|id| !labeling.video(id).is_unlabelled()).collect()
}

#[test]
fn unsure_suggestions_say_so_and_come_first_by_uncertainty() {
    let mut labeling = suggested();
    assert!(labeling.window.sees("clip_1.mp4, unlabelled, suggested wave? 65 %"));
    assert!(labeling.window.sees("clip_2.mp4, unlabelled, suggested unsure, wave? 60 %"));
    labeling.app_mut().session.labeling.choice.sort = Sort::Uncertainty;
    let rows = labeling.app_mut().session.labeling.list().rows().to_vec();
    assert_eq!(rows[..3], [VideoId(2), VideoId(1), VideoId(0)]);
}

/// Where a label takes a video out of the list, the next video is that of the row that follows, not the first one.
#[test]
fn the_walk_through_unlabelled_videos_goes_on_where_it_was() {
    for advance in [true, false] {
        let mut settings = Settings::default();
        settings.labeling.advance = advance;
        let mut labeling = LabelingStage::with(&["wave"], 6, settings);
        labeling.app_mut().session.labeling.choice.shown = Shown::Unlabelled;
        labeling.see(2);
        labeling.window.settle();
        labeling.key(Key::Num1);
        assert!(!labeling.video(2).is_unlabelled());
        if !advance {
            labeling.press(Modifiers::COMMAND, Key::ArrowDown);
        }
        assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(3)), "advance: {advance}");
        labeling.see(3);
        labeling.key(Key::Num1);
        if !advance {
            labeling.press(Modifiers::COMMAND, Key::ArrowUp);
            assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(1)), "the one before");
        }
    }
}

#[test]
fn all_sure_suggestions_are_accepted_in_one_step_and_unsure_ones_if_asked_for() {
    let mut labeling = suggested();
    labeling.press(Modifiers::SHIFT, Key::Y);
    assert_eq!(labelled(&labeling), [true, true, false, false]);
    assert_eq!(labeling.video(1).labels, [labeling.class(0)]);
    assert!(labeling.window.sees("Accepted 2 suggestions"));
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(labelled(&labeling), [false; 4]);
    labeling.window.perform(Command::AcceptAll);
    assert_eq!(labelled(&labeling), [true, true, true, false], "nothing is suggested for the last one");
    let answer = Command::AcceptSure.available(labeling.app().conditions());
    assert!(answer.is_err());
}
