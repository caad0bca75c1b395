//! What was done since the project was opened: a menu that leads back and forth to each state.

use eframe::egui::{Button, RichText, Ui};

use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::labels::Step;

/// Steps that are listed in each direction.
const LISTED: usize = 14;

/// Draws the menu: what was undone at the top, the present state, what came before it, and the state in which the project was opened.
pub(super) fn history_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let labeling = &mut cx.session.labeling;
    let Some(project) = labeling.project() else { return };
    let (undoable, redoable) = (project.undoable().count(), project.redoable().count());
    let back: Vec<Step> = project.undoable().take(LISTED).cloned().collect();
    let forth: Vec<Step> = project.redoable().take(LISTED).cloned().collect();
    let [back, forth] = [back, forth].map(|steps| steps.iter().map(|step| labeling.in_words(step)).collect::<Vec<_>>());
    let editable = labeling.can_edit();
    let weak = Tokens::of(ui).weak;
    let mut chosen = None;
    let mut item = |ui: &mut Ui, text: RichText, is_now: bool, steps: isize| {
        let response = ui.add_enabled(editable.is_ok(), Button::new(text).selected(is_now));
        let response = response.on_disabled_hover_text(editable.err().unwrap_or_default());
        if response.clicked() {
            chosen = Some(steps);
            ui.close();
        }
    };
    let more = |ui: &mut Ui, count: usize| {
        if count > 0 {
            ui.label(RichText::new(format!("{count} more")).small().color(weak));
        }
    };
    more(ui, redoable - forth.len());
    for (place, text) in forth.iter().enumerate().rev() {
        item(ui, RichText::new(text).color(weak), false, place as isize + 1);
    }
    for (place, text) in back.iter().enumerate() {
        item(ui, RichText::new(text), place == 0, -(place as isize));
    }
    more(ui, undoable - back.len());
    item(ui, RichText::new("Project opened"), undoable == 0, -(undoable as isize));
    cx.actions.extend(chosen.filter(|steps| *steps != 0).map(Action::GoInHistory));
}
