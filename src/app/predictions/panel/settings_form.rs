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
    let Some((dir, file)) = predictions.project_dir().zip(predictions.file()) else { return };
    let all: Vec<&str> = predictions.classes().map(|(_, name)| name).collect();
    let classes = match predictions.class.as_deref().filter(|class| all.contains(class)) {
        Some(class) => vec![class],
        None => all,
    };
    let settings = &mut cx.settings.predictions;
    let of_classes: Vec<ClassSettings> =
        classes.iter().map(|class| ClassSettings::of(class, settings, dir, &file.default_settings(class))).collect();
    let Some(first) = of_classes.first() else { return };
    let before = rounded(first.now);
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
    if !file.facts.thresholds.is_empty() {
        explanation(ui, "The model has a threshold for each class, chosen on held-out clips.");
    }
    if of_classes.iter().any(|class| class.now != first.now) {
        explanation(ui, "The classes have different settings. A change here is for all of them.");
    }
    let is_default = of_classes.iter().all(|class| class.now == class.default);
    let reset = ui.add_enabled(!is_default, Button::new("Reset").small()).on_hover_text("Restore the default settings");
    let is_reset = reset.clicked();
    if !is_reset && now == before {
        return;
    }
    for class in &of_classes {
        // What was not touched stays as each class has it.
        let own = if is_reset { class.default } else { changed(class.now, &before, &now) };
        if own.check(&class.name).is_ok() {
            settings.set(dir, &class.name, &own, &class.default);
        }
    }
    ui.ctx().request_repaint(); // Bouts are computed at the beginning of the next one.
}

/// How bouts of a class are found, and how they are by default.
struct ClassSettings {
    name: String,
    now: BoutSettings,
    default: BoutSettings,
}

impl ClassSettings {
    fn of(name: &str, settings: &PredictionSettings, dir: &Path, default: &BoutSettings) -> Self {
        Self { name: name.to_owned(), now: settings.of(dir, name, default), default: *default }
    }
}

/// Returns the settings with probabilities as the sliders show them: drawing a slider rounds its value, which is not a choice.
fn rounded(settings: BoutSettings) -> BoutSettings {
    let percent = |share: f64| (100.0 * share).round() / 100.0;
    let [threshold, end_threshold] = [settings.threshold, settings.end_threshold].map(percent);
    BoutSettings { threshold, end_threshold, ..settings }
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
