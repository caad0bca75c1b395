//! What was recognised wrongly and is kept for the next training.

use eframe::egui::{Align, Layout, RichText, Ui};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::explanation;
use crate::engine::live::CLIP_SECS;
use crate::plural::counted;

/// Draws the corrections by class.
pub fn corrections_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let corrections = cx.session.live.corrections.clone();
    if corrections.is_empty() {
        let keys = Command::CorrectLive.shortcut_text(ui.ctx());
        explanation(
            ui,
            &format!(
                "No corrections yet. If a prediction is wrong, press {keys} and choose the correct class: the last {CLIP_SECS:.0} seconds are saved as a training clip."
            ),
        );
    }
    for (class, clips) in &corrections {
        ui.horizontal(|ui| {
            let folder = cx.session.live.counted.as_ref().map(|folder| folder.join(class));
            // While something is watched only a button that says so ends it.
            let is_live = cx.session.live.is_active();
            let response = if is_live { ui.label(class) } else { ui.selectable_label(false, class) };
            if let Some(folder) = folder {
                let tooltip = format!("Open these clips. To remove one, delete its file in {}", folder.display());
                let button = if is_live { ui.small_button("Open (stops live)") } else { response };
                if button.on_hover_text(tooltip).clicked() {
                    cx.actions.push(Action::Open(folder));
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(RichText::new(counted(*clips, "clip")).color(tokens.weak));
            });
        });
    }
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        command_button(ui, cx, Command::TrainOnCorrections, "Train on these");
        let button = command_button(ui, cx, Command::ChooseCorrections, "Folder…");
        if let Some(folder) = &cx.session.live.counted {
            button.on_hover_text(folder.display().to_string());
        }
    });
}
