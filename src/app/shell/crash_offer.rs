//! The report of a crash, offered over the pictures by the next start, until it is dismissed.

use std::path::Path;
use std::time::Instant;

use eframe::egui::{Align2, Area, Context, Frame, Id, Label, Order, Rect, RichText, Stroke, Ui, vec2};

use crate::app::panel::{Action, PanelContext};
use crate::app::tasks::Tasks;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::remark;
use crate::diagnostics::{CrashReport, reports_in, take_new_report};
use crate::error::Result;
use crate::plural::counted;

/// Its width where there is room, and its distance from the edges of its place, in points.
const WIDTH: f32 = 620.0;
const MARGIN: f32 = 12.0;
/// Height of the viewer's tab and bars, whose buttons stay free, and of its tab alone, in points.
const BARS: f32 = 92.0;
const TAB: f32 = 34.0;

/// The report that is offered, and the thread that looks for it.
#[derive(Default)]
pub struct CrashOffer {
    report: Option<CrashReport>,
    search: Tasks<(), Option<CrashReport>>,
}

impl CrashOffer {
    /// Has a report looked for in the folder `state` that is newer than `offered`, the one that was offered last.
    pub fn look(&self, state: &Path, offered: Option<String>, ctx: &Context) {
        let folder = reports_in(state);
        self.search.start("crash reports", ctx, (), move || take_new_report(&folder, offered.as_deref()));
    }

    /// Takes what the search has found; returns the name of the report that is offered from now on.
    ///
    /// # Errors
    /// If the folder of reports cannot be read.
    pub fn receive(&mut self) -> Result<Option<String>> {
        let Some(((), found)) = self.search.take() else { return Ok(None) };
        self.report = found?;
        Ok(self.report.as_ref().map(CrashReport::name))
    }

    /// Draws the offer over the pictures of the viewer, which fills `within`, if there is one. The welcome page leaves room for it.
    pub fn offer_ui(&mut self, ui: &Ui, within: Rect, cx: &mut PanelContext<'_>) {
        let Some(report) = &self.report else { return };
        let area = Area::new(Id::unique("crash offer")).order(Order::Middle).pivot(Align2::CENTER_TOP);
        let above = if cx.session.shows_welcome() { TAB } else { BARS };
        let shown = area.fixed_pos(within.center_top() + vec2(0.0, above + MARGIN)).show(ui.ctx(), |ui| {
            let frame = Frame::new().stroke(Stroke::new(1.0, Tokens::of(ui).outline)).corner_radius(RADIUS);
            let mut dismissed = false;
            frame.show(ui, |ui| {
                ui.set_width(WIDTH.min(within.width() - 2.0 * MARGIN));
                remark(ui, Tokens::of(ui).warning, |ui| dismissed = report_ui(ui, report, cx));
            });
            dismissed
        });
        let end = shown.response.rect.bottom() + MARGIN;
        if cx.session.shows_welcome() && cx.session.end_of_offer != Some(end) {
            cx.session.end_of_offer = Some(end);
            ui.ctx().request_repaint();
        }
        if shown.inner {
            self.report = None;
        }
    }
}

/// Draws what there is to know of `report`; returns whether it was dismissed.
fn report_ui(ui: &mut Ui, report: &CrashReport, cx: &mut PanelContext<'_>) -> bool {
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.label(RichText::new("Motionscope crashed the last time").strong().color(Tokens::of(ui).strong));
    let older = match report.older {
        0 => String::new(),
        older => format!(" {} beside it.", counted(older, "older report")),
    };
    let text = format!("A report without passwords is in {}.{older}", report.path.display());
    ui.add(Label::new(text).wrap().selectable(true));
    let buttons = ui.horizontal(|ui| {
        let is_asked = ui.button("Open folder").on_hover_text("Show the report in its folder").clicked();
        if let Some(folder) = report.path.parent().filter(|_| is_asked) {
            cx.actions.push(Action::ShowFolder(folder.to_owned()));
        }
        if ui.button("Copy").on_hover_text("Copy the report to the clipboard").clicked() {
            ui.ctx().copy_text(report.text.clone());
            cx.session.told = Some(("Copied the crash report".into(), Instant::now()));
        }
        ui.button("Dismiss").on_hover_text("The report stays in its folder").clicked()
    });
    buttons.inner
}
