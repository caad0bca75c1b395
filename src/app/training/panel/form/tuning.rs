//! What of the networks in use is tuned, and how thoroughly.

use std::path::{Path, PathBuf};

use eframe::egui::{CollapsingHeader, Context, DragValue, Label, RichText, Slider, Ui};

use super::numbers::{main_numbers_ui, other_numbers_ui};
use super::words::{depth_words, mode_words, preset_words};
use crate::app::tasks::Background;
use crate::app::ui::format::thousands;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark};
use crate::data::DataSource;
use crate::engine::ModelInfo;
use crate::error::Result;
use crate::nets::ModelCard;
use crate::training::finetune::{Depth, FineTune, Preset, Streams, TrainableSummary};
use crate::training::{Network, TemporalMode, TrainingPlan};

/// Largest share of the recordings that can be held out, in per cent.
const MOST_HELD: f64 = 50.0;

/// The choices of a fine-tuning.
#[derive(Default)]
pub struct TuningForm {
    /// What is chosen.
    pub tuning: FineTune,
    /// Whether a person has set the share of the recordings that is held out; it follows the depth otherwise.
    has_own_share: bool,
    card: Background<PathBuf, Result<ModelCard>>,
    reach: Background<(PathBuf, Depth, Streams, [usize; 2]), Vec<TrainableSummary>>,
}

impl TuningForm {
    /// Takes choices that were remembered.
    pub fn restore(&mut self, tuning: FineTune) {
        self.has_own_share = tuning.hold_out != tuning.depth.hold_out();
        self.tuning = tuning;
    }

    /// Follows the model in use; `classes` are the number of those that have clips and of all that it is tuned to.
    pub fn follow(&mut self, model: Option<&ModelInfo>, classes: [usize; 2], ctx: &Context) {
        let Some(dir) = model.map(|model| model.dir.clone()) else {
            self.card.clear();
            return self.reach.clear();
        };
        let read = dir.clone();
        self.card.ask(dir.clone(), ctx, move || ModelCard::read(&read));
        self.card.receive();
        if let (Some(Ok(card)), false) = (self.card.value(), self.card.is_busy()) {
            let key = (dir, self.tuning.depth, self.tuning.streams, classes);
            if !self.reach.is_of(&key) {
                let (tuning, card) = (self.tuning.clone(), card.clone());
                self.reach.ask(key, ctx, move || tuning.reach(&card, classes));
            }
        }
        self.reach.receive();
    }

    /// The card of the model in use; the reason if there is none that can be tuned.
    pub fn card(&self) -> std::result::Result<&ModelCard, &'static str> {
        match self.card.value() {
            None => Err("Load a model to start from first"),
            Some(Err(_)) => Err("The loaded model can no longer be read – see the message below"),
            Some(Ok(card)) if self.tuning.networks(card).is_empty() => {
                Err("The loaded model lacks this stream: choose another stream or model")
            }
            Some(Ok(card)) => Ok(card),
        }
    }

    /// What finds out the runs for their folder; it may read the model's card.
    pub fn plans(
        &self,
        base: PathBuf,
        data: DataSource,
    ) -> impl FnOnce(&Path) -> Result<Vec<TrainingPlan>> + Send + use<> {
        let (tuning, known) = (self.tuning.clone(), self.card.value().cloned());
        move |run_dir| {
            let card = known.unwrap_or_else(|| ModelCard::read(&base))?;
            tuning.plans(&base, &card, &data, run_dir)
        }
    }

    /// Holds out what suits the depth, unless a person has set that: nothing where no recording can be.
    fn hold_out_by_depth(&mut self, can_hold_out: bool) {
        if !self.has_own_share {
            self.tuning.hold_out = if can_hold_out { self.tuning.depth.hold_out() } else { 0.0 };
        }
    }

    /// Draws the choices that most people make; `can_hold_out` says whether a class has two recordings.
    pub fn choices_ui(&mut self, ui: &mut Ui, can_hold_out: bool) {
        let tuning = &mut self.tuning;
        if preset_ui(ui, tuning) {
            self.has_own_share = false;
        }
        if depth_ui(ui, tuning) {
            self.hold_out_by_depth(can_hold_out);
        }
        for reach in self.reach.value().into_iter().flatten() {
            let (trained, of) = (thousands(reach.trained), thousands(reach.of));
            explanation(ui, &format!("{}: {}; {trained} of {of} parameters", reach.network, reach.layers));
        }
        let tuning = &mut self.tuning;
        field(ui, "Streams", |ui, _| {
            for (streams, name, tooltip) in [
                (Streams::Both, "Both", "Train both streams in turn"),
                (Streams::Spatial, "Spatial", "Appearance in single frames"),
                (Streams::Temporal, "Temporal", "Motion in stacked flow"),
            ] {
                ui.selectable_value(&mut tuning.streams, streams, name).on_hover_text(tooltip);
            }
        });
        if tuning.depth == Depth::Everything && tuning.streams != Streams::Spatial {
            field(ui, "Mode", |ui, _| {
                for mode in [TemporalMode::B, TemporalMode::C] {
                    let (name, tooltip) = mode_words(mode);
                    ui.selectable_value(&mut tuning.mode, mode, name).on_hover_text(tooltip);
                }
            });
            explanation(ui, mode_words(tuning.mode).1);
        }
        field(ui, "Classes", |ui, _| {
            ui.selectable_value(&mut tuning.keep_classes, false, "Your classes only")
                .on_hover_text("Predict only your classes");
            ui.selectable_value(&mut tuning.keep_classes, true, "Yours and the model's")
                .on_hover_text("Keep the model's classes and add yours");
        });
        let is_deep = tuning.depth != Depth::Heads;
        multi_label_ui(ui, &mut tuning.multi_label, is_deep);
        if let Some(Err(error)) = self.card.value() {
            remark(ui, Tokens::of(ui).error, |ui| {
                ui.add(Label::new(error.to_string()).wrap());
            });
        }
        self.has_own_share |= held_out_ui(ui, &mut self.tuning.hold_out);
        if self.tuning.hold_out == 0.0 {
            explanation(
                ui,
                match self.tuning.depth {
                    Depth::Heads if !can_hold_out => "No class has two recordings: accuracy cannot be measured",
                    Depth::Heads => "No hold-out set: accuracy by leave-one-recording-out cross-validation",
                    _ => NOTHING_HELD,
                },
            );
        }
        budget_ui(ui, &mut self.tuning.budget_secs);
    }

    /// Draws all numbers.
    pub fn advanced_ui(&mut self, ui: &mut Ui) {
        let streams = self.tuning.streams;
        CollapsingHeader::new("Advanced").id_salt("advanced tuning").show(ui, |ui| {
            let fits_heads = self.tuning.depth == Depth::Heads;
            for (plan, name, tuned) in [
                (&mut self.tuning.spatial, "Spatial stream", streams != Streams::Temporal),
                (&mut self.tuning.temporal, "Temporal stream", streams != Streams::Spatial),
            ] {
                if !tuned {
                    continue;
                }
                ui.label(RichText::new(name).strong());
                ui.push_id(name, |ui| {
                    main_numbers_ui(ui, plan, !fits_heads);
                    if !fits_heads {
                        other_numbers_ui(ui, plan, plan.network != Network::Flow);
                    }
                });
            }
        });
    }
}

/// Draws the presets; returns whether one was chosen.
fn preset_ui(ui: &mut Ui, tuning: &mut FineTune) -> bool {
    let present = tuning.preset();
    let mut is_chosen = false;
    field(ui, "Preset", |ui, _| {
        for preset in Preset::ALL {
            let (name, tooltip) = preset_words(Some(preset));
            if ui.selectable_label(present == Some(preset), name).on_hover_text(tooltip).clicked() {
                is_chosen = true;
                let FineTune { streams, keep_classes, multi_label, .. } = *tuning;
                *tuning = FineTune { streams, keep_classes, multi_label, ..FineTune::of(preset) };
            }
        }
        let (name, tooltip) = preset_words(None);
        // It is chosen by changing a number.
        let _ = ui.selectable_label(present.is_none(), name).on_hover_text(tooltip);
    });
    explanation(ui, preset_words(present).1);
    is_chosen
}

/// Draws the depth; returns whether another one was chosen.
fn depth_ui(ui: &mut Ui, tuning: &mut FineTune) -> bool {
    let before = Depth::ALL.iter().position(|depth| *depth == tuning.depth).unwrap_or(0);
    let mut place = before;
    field(ui, "Depth", |ui, label| {
        let slider = Slider::new(&mut place, 0..=Depth::ALL.len() - 1).show_value(false);
        ui.add(slider).labelled_by(label).on_hover_text("Fine-tuning depth: classifier only to all networks");
        ui.label(depth_words(Depth::ALL[place]).0);
    });
    explanation(ui, depth_words(Depth::ALL[place]).1);
    if place != before {
        tuning.set_depth(Depth::ALL[place]);
    }
    place != before
}

/// Draws whether each class is answered by itself, which last layers that are fitted alone cannot.
pub fn multi_label_ui(ui: &mut Ui, multi_label: &mut bool, is_possible: bool) {
    field(ui, "Answers", |ui, _| {
        ui.add_enabled_ui(is_possible, |ui| {
            let mut several = *multi_label && is_possible;
            let before = several;
            let choices = [
                (false, "One class", "The classes exclude each other (softmax)"),
                (true, "Several classes", "Multi-label: each class has a probability of its own (sigmoid)"),
            ];
            for (choice, name, tooltip) in choices {
                ui.selectable_value(&mut several, choice, name)
                    .on_hover_text(tooltip)
                    .on_disabled_hover_text("A linear probe has exclusive classes: choose another depth");
            }
            if several != before {
                *multi_label = several;
            }
        });
    });
}

/// What follows from training on everything.
pub const NOTHING_HELD: &str = "No hold-out set: accuracy is measured on training batches only";

/// Draws the share of the recordings that is measured on; returns whether it was changed.
pub fn held_out_ui(ui: &mut Ui, share: &mut f64) -> bool {
    let mut is_changed = false;
    field(ui, "Hold-out", |ui, label| {
        let mut percent = *share * 100.0;
        let slider = Slider::new(&mut percent, 0.0..=MOST_HELD).suffix(" %").fixed_decimals(0).step_by(5.0);
        let slider = ui.add(slider).labelled_by(label);
        is_changed = slider.changed();
        slider.on_hover_text("Percentage of each class's recordings held out for validation");
        *share = percent / 100.0;
    });
    is_changed
}

/// Draws the time limit.
pub fn budget_ui(ui: &mut Ui, budget_secs: &mut Option<f64>) {
    field(ui, "Time limit", |ui, _| {
        let mut limited = budget_secs.is_some();
        let mut minutes = budget_secs.unwrap_or(600.0) / 60.0;
        ui.checkbox(&mut limited, "after").on_hover_text("Stop after this time or the last step");
        let value = DragValue::new(&mut minutes).range(0.1..=100_000.0).speed(0.5).max_decimals(1).suffix(" min");
        ui.add_enabled(limited, value).accessible_name("Minutes");
        *budget_secs = limited.then_some(minutes * 60.0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deeper_tuning_holds_clips_out_unless_a_person_decided_or_there_are_too_few() {
        let held = |before: f64, can_hold_out| {
            let mut form = TuningForm::default();
            form.restore(FineTune { hold_out: before, ..FineTune::default() });
            [Depth::LastStages, Depth::Everything, Depth::Heads].map(|depth| {
                form.tuning.set_depth(depth);
                form.hold_out_by_depth(can_hold_out);
                form.tuning.hold_out
            })
        };
        assert_eq!(held(0.0, true), [0.2, 0.2, 0.0], "a classifier alone is cross-validated");
        assert_eq!(held(0.1, true), [0.1; 3], "as it was set");
        assert_eq!(held(0.0, false), [0.0; 3], "no class has two recordings");
    }
}
