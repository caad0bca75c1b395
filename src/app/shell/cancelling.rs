//! Opening and loading is cancelled: what was open before is there again, or still.

use std::time::Instant;

use eframe::egui::{Context, Key, Modifiers};

use super::underway::Underway;
use crate::app::App;
use crate::engine::Request;

impl App {
    /// Cancels what is being opened or loaded.
    pub(super) fn cancel_opening(&mut self) {
        let Some(underway) = self.session.underway() else { return };
        let (done, name) = underway.in_words(&self.session);
        let text = format!("Cancelled: {} {name}", done.to_lowercase());
        match underway {
            Underway::Clip(_) => {
                (self.play_next, self.waits_for_sample, self.remembers) = (false, false, None);
                self.engine.send(Request::Close);
                self.session.cancel_clip();
                self.return_to_clip();
            }
            Underway::Path(_) => {
                self.play_next = false;
                self.opener.cancel();
                self.session.looking = None;
            }
            Underway::Project(_) => (self.session.labeling.opening, self.reopening) = (None, false),
            Underway::Import(_) => self.session.labeling.interchange.cancel_import(),
            Underway::Model(_) => {
                self.engine.send(Request::CancelLoading);
                self.session.loading_model = None;
            }
        }
        self.session.told = Some((text, Instant::now()));
    }

    /// Esc cancels what is being opened or loaded, unless it is typed.
    pub(super) fn escape_opening(&mut self, ctx: &Context) {
        let is_free = !ctx.text_edit_focused() && self.session.underway().is_some();
        if is_free && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.cancel_opening();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use eframe::egui::{Key, Modifiers};
    use egui_kittest::kittest::Queryable;

    use crate::app::labeling::tests::LabelingStage;

    fn escape(stage: &mut LabelingStage) {
        stage.press(Modifiers::NONE, Key::Escape);
    }

    #[test]
    fn esc_brings_back_the_clip_before_one_that_is_being_opened() {
        let mut stage = LabelingStage::new(&["wave"], 2);
        let first = stage.app().session.clip_path().unwrap().to_owned();
        stage.at(42);
        stage.app_mut().session.marks.mark_in(10);
        stage.app_mut().open_clip("/far/away.mp4".into());
        stage.window.settle();
        assert!(stage.window.sees("Opening away.mp4"));
        escape(&mut stage);
        let session = &stage.app().session;
        assert_eq!(session.opening.as_deref(), Some(first.as_path()));
        let place = session.live.returning.as_ref().unwrap();
        assert_eq!((place.path.as_path(), place.position, place.marks.start), (first.as_path(), 42, Some(10)));
        assert!(stage.app().session.labeling.is_selected(&first), "what is labelled is what is seen");
    }

    #[test]
    fn what_is_waited_for_most_is_cancelled_first_and_the_rest_goes_on() {
        let mut stage = LabelingStage::new(&["wave"], 1);
        let session = &mut stage.app_mut().session;
        session.loading_model = Some("/models/slow".into());
        session.labeling.opening = Some("/projects/other".into());
        session.looking = Some("/huge/folder".into());
        stage.window.harness.step();
        assert!(stage.window.sees("Opening folder…"));
        for (text, left) in [("opening folder", 2), ("opening project other", 1), ("loading slow", 0)] {
            stage.window.harness.get_by_label("Cancel opening").click();
            stage.window.settle();
            let session = &stage.app().session;
            let waits =
                [session.looking.is_some(), session.labeling.opening.is_some(), session.loading_model.is_some()];
            assert_eq!(waits.into_iter().filter(|waits| *waits).count(), left, "after {text}");
            assert!(stage.window.sees(&format!("Cancelled: {text}")));
        }
        assert!(stage.app().session.labeling.project().is_some(), "the project that was open is open");
        assert!(stage.app().session.clip_path().is_some_and(|path| path.ends_with(Path::new("clip_0.mp4"))));
    }

    #[test]
    fn esc_with_nothing_under_way_is_for_others() {
        let mut stage = LabelingStage::new(&["wave"], 1);
        stage.at(10);
        stage.key(Key::I);
        stage.at(19);
        stage.key(Key::O);
        stage.key(Key::Enter);
        assert!(stage.app().session.labeling.segment().is_some());
        // Not while a menu is open, which it closes.
        stage.window.harness.get_by_label("More").click();
        stage.window.settle();
        let is_open = |stage: &LabelingStage| stage.window.harness.query_by_label_contains("History").is_some();
        assert!(is_open(&stage));
        stage.window.harness.get_by_label_contains("History").click();
        stage.window.settle();
        assert!(stage.window.sees("Project opened"));
        escape(&mut stage);
        assert!(!is_open(&stage) && !stage.window.sees("Project opened"));
        assert!(stage.app().session.labeling.segment().is_some(), "it stays selected");
        escape(&mut stage);
        assert!(stage.app().session.labeling.segment().is_none());
    }
}
