//! Files written by the window for a person: existing ones need consent.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::Command;
use super::prompt::PathPrompt;
use crate::app::App;
use crate::app::labeling::tests::{LabelingStage, open_clip};
use crate::app::panel::Action;
use crate::error::Error;
use crate::labels::formats::Format;
use crate::output::Existing;

fn of(command: Command) -> PathPrompt {
    PathPrompt::Of(command)
}

impl LabelingStage {
    /// Answers a prompt for a path, as the palette or a dialog does.
    fn answer(&mut self, question: PathPrompt, path: &Path) {
        let ctx = self.window.harness.ctx.clone();
        self.app_mut().open_as(question, path.to_owned(), Existing::Keep, &ctx);
    }

    /// Repaints and handles events until `seen` holds.
    fn until(&mut self, what: &str, seen: impl Fn(&App) -> bool) {
        let end = Instant::now() + Duration::from_mins(1);
        while !seen(self.app()) {
            assert!(Instant::now() < end, "never seen: {what}");
            std::thread::sleep(Duration::from_millis(2));
            let ctx = self.window.harness.ctx.clone();
            self.app_mut().take_news(&ctx);
            self.window.settle();
        }
    }

    fn click(&mut self, text: &str) {
        self.window.harness.get_by_label(text).click();
        self.window.settle();
        self.window.settle();
    }
}

#[test]
fn one_question_is_asked_before_files_are_replaced() {
    for question in [PathPrompt::ExportLabels(Format::Csv), of(Command::SaveStatistics), of(Command::SaveCurves)] {
        let mut labeling = LabelingStage::new(&["wave"], 1);
        let path = labeling.dir.path().join("table.csv");
        fs::write(&path, "mine").unwrap();
        for (button, is_replaced) in [("Keep file", false), ("Replace file", true)] {
            labeling.answer(question, &path);
            labeling.until("the question", |app| app.overlay.is_open());
            assert!(labeling.window.sees("Replace this file?") && labeling.window.sees("table.csv"));
            assert_eq!(fs::read_to_string(&path).unwrap(), "mine", "{question:?}");
            labeling.click(button);
            assert!(!labeling.app().overlay.is_open(), "{question:?}");
            if is_replaced {
                labeling.until("the file", |_| fs::read_to_string(&path).unwrap() != "mine");
            }
        }
        let new = labeling.dir.path().join("new.csv");
        labeling.answer(question, &new);
        labeling.until("a new file", |_| new.is_file());
        assert!(!labeling.app().overlay.is_open(), "there was nothing to ask");
    }
}

#[test]
fn a_dialog_has_asked_about_the_very_file_that_was_chosen_only() {
    let labeling = LabelingStage::new(&["wave"], 1);
    for (question, name, is_agreed) in [
        (of(Command::SaveFlow), "flow.flo", true),
        (of(Command::SaveFlow), "flow_x.jpg", false),
        (of(Command::ExportAnnotated), "clip.mp4", true),
        (of(Command::ExportAnnotated), "clip", false),
        (PathPrompt::ExportLabels(Format::Csv), "labels.csv", true),
        (PathPrompt::ExportLabels(Format::Elan), "elan", false),
        (of(Command::SaveEvaluation), "report", false),
        (of(Command::ExportFlows), "flow", false),
        (of(Command::Open), "clip.mp4", false),
    ] {
        assert_eq!(labeling.app().is_agreed_to(question, Path::new(name)), is_agreed, "{question:?}, {name}");
    }
}

#[test]
fn what_is_open_is_not_written_over_whatever_is_typed() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let clip = labeling.dir.path().join("clip_0.mp4");
    fs::write(&clip, "pictures").unwrap();
    open_clip(labeling.app_mut(), &clip);
    // “clip_0” becomes clip_0.mp4, which is the file that is checked.
    for typed in ["clip_0", "clip_0.mp4", "labels/../clip_0"] {
        labeling.app_mut().session.notice = None;
        labeling.answer(of(Command::ExportAnnotated), &labeling.dir.path().join(typed));
        // The window has no model at the start, and may report that meanwhile.
        let is_refused = |error: &Error| error.cause.contains("would be lost");
        labeling.until(typed, |app| app.session.notice.as_ref().is_some_and(is_refused));
    }
    let journal = labeling.dir.path().join("project.toml");
    labeling.app_mut().session.notice = None;
    labeling.answer(of(Command::SaveCurves), &journal);
    labeling.until("a refusal", |app| app.session.notice.is_some());
    assert_eq!(fs::read_to_string(&clip).unwrap(), "pictures");
}

#[test]
fn a_typed_path_that_cannot_be_written_is_asked_for_again_with_the_reason() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let file = labeling.dir.path().join("file");
    fs::write(&file, "").unwrap();
    let path = file.join("table.csv");
    let (shown, ctx) = (path.display().to_string(), labeling.window.harness.ctx.clone());
    for question in [of(Command::SaveStatistics), of(Command::SaveCurves), PathPrompt::ExportLabels(Format::Csv)] {
        labeling.app_mut().act(Action::Answer(question, path.clone(), Existing::Keep), &ctx);
        labeling.until("the question again", |app| app.overlay.is_open());
        let harness = &labeling.window.harness;
        assert!(harness.query_all_by_value(&shown).next().is_some(), "{question:?}");
        assert!(labeling.window.sees(&file.display().to_string()), "{question:?} says why");
        labeling.press(Modifiers::NONE, Key::Escape);
        assert!(!labeling.app().overlay.is_open());
    }
    // A dialog is not replaced by a text field.
    labeling.app_mut().session.notice = None;
    labeling.answer(of(Command::SaveCurves), &path);
    labeling.until("a refusal", |app| app.session.notice.is_some());
    assert!(!labeling.app().overlay.is_open());
}
