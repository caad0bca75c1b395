//! The preset of DIS.

use eframe::egui::{ComboBox, Ui};

use crate::app::panel::PanelContext;
use crate::app::ui::widgets::{explanation, field};
use crate::flow::dis::DisPreset;

/// Draws the form.
pub fn form_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let in_use = &mut cx.settings.flow.dis;
    let (text, tooltip) = words(*in_use);
    field(ui, "Preset", |ui, label| {
        let list = ComboBox::from_id_salt("dis preset").selected_text(text).width(170.0);
        let list = list.show_ui(ui, |ui| {
            for preset in DisPreset::ALL {
                let (text, tooltip) = words(preset);
                ui.selectable_value(in_use, preset, text).on_hover_text(tooltip);
            }
        });
        list.response.labelled_by(label).on_hover_text(tooltip);
    });
    explanation(ui, tooltip);
}

/// Returns the name and the purpose of a preset.
fn words(preset: DisPreset) -> (&'static str, &'static str) {
    match preset {
        DisPreset::Ultrafast => ("Ultrafast", "Quarter-size frames, no refinement."),
        DisPreset::Fast => ("Fast", "Quarter-size frames, refined."),
        DisPreset::Medium => ("Medium", "Half-size frames, refined: the most accurate."),
    }
}
