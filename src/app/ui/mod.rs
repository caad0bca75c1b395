//! Theme and widgets of the window, independent of the features.

pub mod confusion_matrix;
pub mod curves;
pub mod format;
pub mod icon;
pub mod off_screen;
pub mod progress;
pub mod scrolled_popups;
pub mod theme;
pub mod whole_drags;
pub mod widgets;

use eframe::egui::Context;

/// Installs the theme and the handling of drags within one repaint.
pub fn install(ctx: &Context) {
    theme::install(ctx);
    ctx.add_plugin(whole_drags::WholeDrags::default());
}
