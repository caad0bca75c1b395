//! The statistics panel: the figures of every source for the present frame and, as curves, over the clip.

mod curve;
mod figure;
mod table;

use eframe::egui::{ScrollArea, Ui};

use self::figure::Figure;
pub(super) use self::table::measured_sources;
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::ui::widgets::{empty_state, section};

/// The statistics panel.
#[derive(Default)]
pub struct StatisticsPanel {
    /// `true` if it was drawn in this repaint: its figures are then computed.
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

/// Draws the buttons and the progress of the measurement.
fn measure_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.horizontal_wrapped(|ui| {
        let measuring = cx.session.flow.measuring.is_some();
        command_button(ui, cx, Command::MeasureClip, if measuring { "Stop" } else { "Measure whole clip" });
        command_button(ui, cx, Command::SaveStatistics, "Save as CSV…");
    });
    if let Some(progress) = cx.session.flow.measuring {
        progress.bar_ui(ui, "Starting…");
    }
}
