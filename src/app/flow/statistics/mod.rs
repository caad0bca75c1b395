//! The statistics panel: the figures of every source for the frame at hand and, as curves, over the clip.

mod curve;
mod figure;
mod table;

use eframe::egui::{ProgressBar, RichText, ScrollArea, Ui};

use self::figure::Figure;
use self::table::is_on;
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{empty_state, section};
use crate::engine::FlowSource;

/// The statistics panel.
#[derive(Default)]
pub struct StatisticsPanel {
    /// Whether it was drawn in this repaint: its figures are then computed.
    pub is_shown: bool,
    figure: Figure,
}

impl Panel for StatisticsPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.is_shown = true;
        if cx.session.clip.is_none() {
            empty_state(ui, "No clip is open", "Open a clip to measure its flow.", |_| ());
            return;
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            section(ui, "This frame");
            table::table_ui(ui, cx);
            section(ui, "Whole clip");
            measure_ui(ui, cx);
            curve::curve_ui(ui, &mut self.figure, cx);
        });
    }
}

/// Buttons, and how far the measurement is.
fn measure_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.horizontal_wrapped(|ui| {
        let measuring = cx.session.flow.measuring.is_some();
        command_button(ui, cx, Command::MeasureClip, if measuring { "Stop" } else { "Measure whole clip" });
        command_button(ui, cx, Command::SaveStatistics, "Save as CSV…");
    });
    let Some(count) = cx.session.flow.measuring else { return };
    // The ground truth is measured against, not measured.
    let measured = |source: &FlowSource| *source != FlowSource::Truth && is_on(*source, cx);
    let sources = FlowSource::ALL.into_iter().filter(measured).count();
    let all = cx.session.frames().saturating_sub(cx.settings.flow.stride).max(1) * sources;
    let text = RichText::new(format!("{count} of {all} flows")).small().color(Tokens::of(ui).strong);
    ui.add(ProgressBar::new(count as f32 / all as f32).desired_height(18.0).text(text));
}
