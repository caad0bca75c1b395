//! What loses unsaved results, such as the end of the program, waits for a person's consent, or until they are saved.

use std::path::Path;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use eframe::egui::{Context, ViewportCommand};

use super::unsaved::UnsavedResults;
use crate::app::App;
use crate::app::command::Command;
use crate::app::evaluation::state::ResultsLoss;

/// Whether the window is to close without a question, and whether it has begun to.
static IS_ASKED: AtomicBool = AtomicBool::new(false);
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
/// What wakes the window.
static WINDOW: OnceLock<Context> = OnceLock::new();

/// Lets [`quit`] close the window of `ctx`.
pub fn follow_quit(ctx: Context) {
    // There is one window.
    let _ = WINDOW.set(ctx);
}

/// Closes the window from any thread, without a question, as the system asks a program to end: a recording is completed, a training
/// saved. Returns whether the window has begun to close by the second call.
pub fn quit() -> bool {
    IS_ASKED.store(true, Ordering::Release);
    WINDOW.get().inspect(|ctx| ctx.request_repaint());
    HAS_BEGUN.load(Ordering::Acquire)
}

impl App {
    /// Asks before results that are not saved are lost; returns whether it did.
    pub(in crate::app) fn asks_about_results(&mut self, loss: ResultsLoss) -> bool {
        let evaluation = self.session.evaluation.unsaved();
        self.asks_about(loss, evaluation)
    }

    /// The same about this evaluation and about benchmarks, where they are lost.
    fn asks_about(&mut self, loss: ResultsLoss, evaluation: Option<String>) -> bool {
        let benchmark = &self.session.benchmark;
        let (evaluation, unsaved) = match loss {
            ResultsLoss::Quit => (evaluation, benchmark.unsaved()),
            ResultsLoss::Evaluate => (evaluation, None),
            ResultsLoss::Benchmark => {
                let plan = self.panels.benchmark.plan(self.settings.benchmark_root.as_ref()).ok();
                (None, plan.and_then(|plan| benchmark.unsaved_replaced_by(&plan)))
            }
        };
        let question = UnsavedResults::new(loss, evaluation, unsaved, benchmark.can_save());
        self.after_saving = None;
        question.map(|question| self.overlay.show_unsaved(question)).is_some()
    }

    /// Closes the window if [`quit`] asked for it.
    fn follow_quit(&mut self, ctx: &Context) {
        if IS_ASKED.load(Ordering::Acquire) && !HAS_BEGUN.swap(true, Ordering::AcqRel) {
            self.lose(ResultsLoss::Quit, ctx);
        }
    }

    /// Keeps the window open, and asks, where results would be lost by closing it.
    pub(in crate::app) fn guard_close(&mut self, ctx: &Context) {
        self.follow_quit(ctx);
        if ctx.input(|input| input.viewport().close_requested())
            && !self.may_close
            && self.asks_about_results(ResultsLoss::Quit)
        {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            // The question would not be seen in the taskbar.
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
        }
    }

    /// Saves results by `command`, which asks where, and does afterwards what they would be lost by.
    pub(in crate::app) fn save_before(&mut self, loss: ResultsLoss, command: Command, ctx: &Context) {
        // What is asked about is what is saved.
        if command == Command::SaveEvaluation && self.session.evaluation.file().is_some() {
            self.session.evaluation.close_file();
        }
        self.after_saving = self.attempt(command, ctx).is_ok().then_some(loss);
    }

    /// Something was written to `path`: where these are results that a person wanted to save first, what comes next is done.
    pub(in crate::app) fn results_written(&mut self, path: &Path, ctx: &Context) {
        let (is_evaluation, is_benchmark) =
            (self.session.evaluation.written(path), self.session.benchmark.written(path));
        if !is_evaluation && !is_benchmark {
            return;
        }
        let Some(loss) = self.after_saving.take() else { return };
        // More clips may have been scored meanwhile: the report was saved as a person wanted it.
        let evaluation = self.session.evaluation.unsaved().filter(|_| !is_evaluation);
        if !self.asks_about(loss, evaluation) {
            self.lose(loss, ctx);
        }
    }

    /// Does what a person agreed to lose results for.
    pub(in crate::app) fn lose(&mut self, loss: ResultsLoss, ctx: &Context) {
        match loss {
            ResultsLoss::Quit => {
                self.may_close = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            ResultsLoss::Evaluate => self.evaluate(),
            ResultsLoss::Benchmark => self.measure_benchmark(),
        }
    }
}
