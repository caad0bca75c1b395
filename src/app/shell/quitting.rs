//! What loses the results of an evaluation, such as the end of the program, waits for a person's consent.

use eframe::egui::{Context, ViewportCommand};

use super::unsaved::UnsavedResults;
use crate::app::App;
use crate::app::evaluation::state::ResultsLoss;

impl App {
    /// Asks before results that are not saved are lost; returns whether it did.
    pub(in crate::app) fn asks_about_results(&mut self, loss: ResultsLoss) -> bool {
        let results = self.session.evaluation.unsaved();
        results.map(|results| self.overlay.show_unsaved(UnsavedResults::new(loss, results))).is_some()
    }

    /// Keeps the window open, and asks, where results would be lost by closing it.
    pub(in crate::app) fn guard_close(&mut self, ctx: &Context) {
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

    /// Does what a person agreed to lose results for.
    pub(in crate::app) fn lose(&mut self, loss: ResultsLoss, ctx: &Context) {
        match loss {
            ResultsLoss::Quit => {
                self.may_close = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            ResultsLoss::Evaluate => self.evaluate(),
        }
    }
}
