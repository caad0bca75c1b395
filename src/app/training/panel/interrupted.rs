//! The offer to resume a run that was interrupted.

use eframe::egui::{Label, RichText, Ui};

use crate::app::panel::{Action, PanelContext};
use crate::app::tasks::Tasks;
use crate::app::training::state::TrainingState;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::remark;
use crate::engine::Request;
use crate::training::runs;

/// Draws the offer, below the buttons, which it does not move.
pub(super) fn interrupted_ui(ui: &mut Ui, cx: &mut PanelContext<'_>, work: &Tasks<(), ()>) {
    if cx.session.training.is_active() {
        return;
    }
    let Some(offer) = cx.session.interrupted.offer() else { return };
    let text = offer.in_words();
    let dir = offer.dir.clone();
    let (mut resumed, mut shown, mut dismissed) = (false, false, false);
    ui.add_space(4.0);
    remark(ui, Tokens::of(ui).warning, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.add(Label::new(RichText::new(text).color(Tokens::of(ui).strong)).wrap());
            resumed = ui.button("Resume").on_hover_text("Continue from its last checkpoint").clicked();
            shown = ui.button("Open in Runs").on_hover_text("See its settings and curves").clicked();
            dismissed = ui.button("Dismiss").on_hover_text("It can still be resumed in Runs").clicked();
        });
    });
    if shown {
        cx.actions.push(Action::ShowRun(dir));
    }
    if !resumed && !dismissed {
        return;
    }
    let Some(offer) = cx.session.interrupted.answer() else { return };
    if resumed {
        cx.session.training = TrainingState::taken_up(offer.plans.clone(), offer.seconds);
        cx.send(Request::TrainInTurn(offer.plans));
    } else {
        // If it fails the run is offered again at the next start.
        work.start("runs", ui.ctx(), (), move || runs::dismiss(&offer.dir));
    }
}
