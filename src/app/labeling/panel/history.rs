//! What was done in this and earlier sessions: a menu that leads back and forth to each state.

use eframe::egui::{Button, RichText, Ui};

use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::calendar::date_at;
use crate::labels::PastStep;

/// Most steps that are listed of this session and of earlier ones: the menu scrolls.
const LISTED: usize = 200;
/// Most undone steps that are listed, above the present state, which is to be in view when the menu is opened.
const UNDONE: usize = 14;

/// Draws the menu: what was undone at the top, the present state, what came before it, the state in which the project was opened, and
/// what was done in earlier sessions by date.
pub(super) fn history_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let labeling = &mut cx.session.labeling;
    let Some(project) = labeling.project() else { return };
    let (undoable, redoable, opened) = (project.undoable().count(), project.redoable().count(), project.since_opened());
    // How many steps back the project was opened: beyond them are those of earlier sessions.
    let recent = opened.map_or(undoable, |opened| usize::try_from(opened).unwrap_or(0));
    let back: Vec<PastStep> = project.undoable().take(recent.min(LISTED)).cloned().collect();
    let earlier: Vec<PastStep> = project.undoable().skip(recent).take(LISTED).cloned().collect();
    let forth: Vec<PastStep> = project.redoable().take(UNDONE).cloned().collect();
    let [back, earlier, forth] = [back, earlier, forth].map(|steps| {
        let text = |past: &PastStep| (labeling.in_words(&past.step), date_at(past.at));
        steps.iter().map(text).collect::<Vec<_>>()
    });
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
    let remark = |ui: &mut Ui, text: String| _ = ui.label(RichText::new(text).small().color(weak));
    let more = |ui: &mut Ui, count: usize| {
        if count > 0 {
            remark(ui, format!("{count} more"));
        }
    };
    more(ui, redoable - forth.len());
    for (place, (text, _)) in forth.iter().enumerate().rev() {
        item(ui, RichText::new(text).color(weak), false, place as isize + 1);
    }
    for (place, (text, _)) in back.iter().enumerate() {
        item(ui, RichText::new(text), place == 0, -(place as isize));
    }
    more(ui, recent - back.len());
    if let Some(opened) = opened.filter(|opened| *opened >= 0) {
        item(ui, RichText::new("Project opened"), opened == 0, -opened);
    }
    let mut date = "";
    for (place, (text, day)) in earlier.iter().enumerate() {
        if std::mem::replace(&mut date, day) != day {
            remark(ui, day.clone());
        }
        let steps = recent + place;
        item(ui, RichText::new(text), steps == 0 && opened != Some(0), -(steps as isize));
    }
    more(ui, undoable - recent - earlier.len());
    if opened != Some(undoable as isize) {
        item(ui, RichText::new("Before these changes"), undoable == 0, -(undoable as isize));
    }
    cx.actions.extend(chosen.filter(|steps| *steps != 0).map(Action::GoInHistory));
}
