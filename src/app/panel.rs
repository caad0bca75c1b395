//! What a panel is.

use eframe::egui::Ui;

use super::actions::PanelContext;

/// A panel of the dock.
pub trait Panel {
    /// Draws into the panel's area.
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>);
}
