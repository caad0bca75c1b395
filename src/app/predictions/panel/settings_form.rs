//! How the probabilities of a class, or of all, become bouts.

use std::path::Path;

use eframe::egui::{Button, Slider, Ui};

use crate::app::panel::PanelContext;
use crate::app::predictions::settings::PredictionSettings;
use crate::app::ui::widgets::{explanation, field};
use crate::predictions::BoutSettings;

/// The longest smoothing, bout and gap that the sliders reach, seconds; longer ones can be typed.
const LONGEST_SECS: f64 = 10.0;

/// A setting in seconds.
type Seconds = fn(&mut BoutSettings) -> &mut f64;

/// Draws the form for the class that is chosen; without one a change is made for all classes.
pub(super) fn settings_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let predictions = &cx.session.predictions;
    let Some(dir) = predictions.project_dir() else { return };
    let all: Vec<String> = predictions.classes().map(|(_, name)| name.to_owned()).collect();
    let classes = match predictions.class.clone().filter(|class| all.contains(class)) {
        Some(class) => vec![class],
        None => all,
    };
    let Some(first) = classes.first() else { return };
    let before = cx.settings.predictions.of(dir, first);
    let mut now = before;
    probabilities_ui(ui, &mut now);
    let seconds: [(&str, &str, Seconds); 3] = [
        ("Smoothing", "Width of the moving mean", |settings| &mut settings.smoothing_secs),
        ("Min. length", "Shorter bouts are dropped", |settings| &mut settings.min_secs),
        ("Close gaps", "Bouts with a shorter gap between them are one", |settings| &mut settings.gap_secs),
    ];
    for (name, tooltip, setting) in seconds {
        field(ui, name, |ui, label| {
            let slider = Slider::new(setting(&mut now), 0.0..=LONGEST_SECS).suffix(" s").logarithmic(true);
            let slider = slider.smallest_positive(0.04).max_decimals(2).clamping(eframe::egui::SliderClamping::Never);
            ui.add(slider).labelled_by(label).on_hover_text(tooltip);
        });
    }
    let settings = &mut cx.settings.predictions;
    let is_differing = classes.iter().any(|class| settings.of(dir, class) != before);
    if is_differing {
        explanation(ui, "The classes have different settings. A change here is for all of them.");
    }
    let is_default = classes.iter().all(|class| settings.of(dir, class) == BoutSettings::default());
    let reset = ui.add_enabled(!is_default, Button::new("Reset").small()).on_hover_text("Restore the default settings");
    if reset.clicked() {
        return set(settings, dir, &classes, |_| BoutSettings::default(), ui);
    }
    if now != before {
        // What was not touched stays as each class has it.
        set(settings, dir, &classes, |own| changed(own, &before, &now), ui);
    }
}

fn set(
    settings: &mut PredictionSettings,
    dir: &Path,
    classes: &[String],
    change: impl Fn(BoutSettings) -> BoutSettings,
    ui: &Ui,
) {
    for class in classes {
        let own = change(settings.of(dir, class));
        if own.check(class).is_ok() {
            settings.set(dir, class, own);
        }
    }
    ui.ctx().request_repaint(); // Bouts are computed at the beginning of the next one.
}

/// Returns the settings of a class with what differs between `before` and `now`.
fn changed(own: BoutSettings, before: &BoutSettings, now: &BoutSettings) -> BoutSettings {
    let pick = |own: f64, before: f64, now: f64| if now == before { own } else { now };
    let threshold = pick(own.threshold, before.threshold, now.threshold);
    BoutSettings {
        smoothing_secs: pick(own.smoothing_secs, before.smoothing_secs, now.smoothing_secs),
        threshold,
        end_threshold: pick(own.end_threshold, before.end_threshold, now.end_threshold).min(threshold),
        min_secs: pick(own.min_secs, before.min_secs, now.min_secs),
        gap_secs: pick(own.gap_secs, before.gap_secs, now.gap_secs),
    }
}

/// Threshold and hysteresis: a bout never ends at a higher probability than the one that it begins at.
fn probabilities_ui(ui: &mut Ui, settings: &mut BoutSettings) {
    field(ui, "Threshold", |ui, label| {
        let slider = Slider::new(&mut settings.threshold, 0.0..=1.0).max_decimals(2);
        ui.add(slider).labelled_by(label).on_hover_text("Probability from which a bout begins");
    });
    settings.end_threshold = settings.end_threshold.min(settings.threshold);
    field(ui, "End below", |ui, label| {
        let highest = settings.threshold;
        let slider = Slider::new(&mut settings.end_threshold, 0.0..=1.0).max_decimals(2);
        ui.add(slider).labelled_by(label).on_hover_text("Lower probability at which a bout ends (hysteresis)");
        settings.end_threshold = settings.end_threshold.min(highest);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_for_all_classes_keeps_what_was_not_touched() {
        let before = BoutSettings::default();
        let own = BoutSettings { gap_secs: 3.0, end_threshold: 0.45, ..before };
        let now = BoutSettings { threshold: 0.3, end_threshold: 0.3, ..before };
        let changed = changed(own, &before, &now);
        assert_eq!((changed.threshold, changed.end_threshold, changed.gap_secs), (0.3, 0.3, 3.0));
    }
}
