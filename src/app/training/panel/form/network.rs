//! One network trained by itself: MotionNet without labels, or a stream, from the networks in use or from scratch.

use eframe::egui::{CollapsingHeader, ComboBox, Label, Ui};

use super::numbers::{flow_mean_ui, main_numbers_ui, other_numbers_ui};
use super::truth::{lesson_ui, truth_ui};
use super::tuning::{NOTHING_HELD, budget_ui, held_out_ui, multi_label_ui};
use super::words::{joint_words, loss_words, mode_words, network_words};
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark, section};
use crate::nets::JointArchitecture;
use crate::training::losses::{LossPreset, UnsupervisedLoss};
use crate::training::{FlowTeacher, Network, TemporalMode, TrainingPlan};

/// The choices of a single run.
pub struct NetworkForm {
    /// What is chosen.
    pub plan: TrainingPlan,
    /// Whether it starts from the networks in use.
    pub from_viewer: bool,
}

impl Default for NetworkForm {
    fn default() -> Self {
        Self { plan: TrainingPlan::default(), from_viewer: true }
    }
}

impl NetworkForm {
    /// Draws the form.
    pub fn network_ui(&mut self, ui: &mut Ui, cx: &PanelContext<'_>) {
        section(ui, "Network");
        self.choices_ui(ui, cx);
        section(ui, "Run");
        main_numbers_ui(ui, &mut self.plan, true);
        if self.plan.network != Network::Flow {
            multi_label_ui(ui, &mut self.plan.multi_label, true);
        }
        held_out_ui(ui, &mut self.plan.hold_out);
        if self.plan.hold_out == 0.0 && self.plan.validation.is_none() && self.plan.network != Network::Flow {
            explanation(ui, NOTHING_HELD);
        }
        budget_ui(ui, &mut self.plan.budget_secs);
        CollapsingHeader::new("Advanced").id_salt("advanced run").show(ui, |ui| {
            let is_stream = self.plan.network != Network::Flow;
            other_numbers_ui(ui, &mut self.plan, is_stream);
            if self.plan.network == Network::Temporal {
                flow_mean_ui(ui, &mut self.plan.flow_mean);
            }
        });
        if let Err(error) = self.plan.check() {
            let warning = Tokens::of(ui).warning;
            remark(ui, warning, |ui| {
                ui.add(Label::new(error.to_string()).wrap());
            });
        }
    }

    fn choices_ui(&mut self, ui: &mut Ui, cx: &PanelContext<'_>) {
        let before = self.plan.network;
        field(ui, "Train", |ui, _| {
            for network in [Network::Flow, Network::Temporal, Network::Spatial, Network::Joint] {
                let (name, tooltip) = network_words(network);
                ui.selectable_value(&mut self.plan.network, network, name).on_hover_text(tooltip);
            }
        });
        if self.plan.network != before {
            let loss = UnsupervisedLoss { teacher: None, ..self.plan.loss };
            self.plan = TrainingPlan { seed: self.plan.seed, loss, ..TrainingPlan::of(self.plan.network) };
        }
        explanation(ui, network_words(self.plan.network).1);
        if self.plan.network == Network::Temporal {
            field(ui, "Mode", |ui, _| {
                for mode in [TemporalMode::A, TemporalMode::B, TemporalMode::C] {
                    let (name, tooltip) = mode_words(mode);
                    ui.selectable_value(&mut self.plan.mode, mode, name).on_hover_text(tooltip);
                }
            });
            explanation(ui, mode_words(self.plan.mode).1);
        }
        if self.plan.network == Network::Joint {
            self.joint_ui(ui);
        }
        if self.plan.network == Network::Flow {
            lesson_ui(ui, &mut self.plan);
        }
        if self.plan.supervised.is_some() {
            let base = cx.session.model.as_ref().filter(|_| self.from_viewer);
            truth_ui(ui, &mut self.plan, base.and_then(|model| model.architecture));
        }
        if self.uses_flow_loss() {
            self.preset_ui(ui);
        }
        match cx.session.model_label() {
            Some(model) => {
                let text = format!("Start from {model}");
                ui.checkbox(&mut self.from_viewer, text)
                    .on_hover_text("Start from the loaded model, not random weights");
            }
            None => explanation(ui, "Starts from random weights: no model is loaded."),
        }
    }

    fn uses_flow_loss(&self) -> bool {
        match self.plan.network {
            Network::Flow => self.plan.supervised.is_none(),
            Network::Temporal => self.plan.mode == TemporalMode::C,
            Network::Joint => !self.plan.joint.is_taught(),
            Network::Spatial => false,
        }
    }

    /// The architecture of a joint network, and the method that it learns flow from if it does not rebuild frames.
    fn joint_ui(&mut self, ui: &mut Ui) {
        let plan = &mut self.plan;
        field(ui, "Architecture", |ui, _| {
            for architecture in JointArchitecture::ALL {
                let (name, tooltip) = joint_words(architecture);
                if ui.selectable_value(&mut plan.joint, architecture, name).on_hover_text(tooltip).changed() {
                    plan.crop = TrainingPlan::of(plan.network).crop;
                    plan.fit_joint_crop();
                }
            }
        });
        explanation(ui, joint_words(plan.joint).1);
        if !plan.joint.is_taught() {
            plan.loss.teacher = None;
            return;
        }
        let teacher = plan.loss.teacher.get_or_insert(FlowTeacher::Tvl1);
        field(ui, "Flow from", |ui, _| {
            ui.selectable_value(teacher, FlowTeacher::Tvl1, "TV-L1").on_hover_text("Learn the flow of TV-L1");
            ui.selectable_value(teacher, FlowTeacher::Dis, "DIS").on_hover_text("Learn the flow of DIS");
        });
    }

    fn preset_ui(&mut self, ui: &mut Ui) {
        let preset = &mut self.plan.loss.preset;
        field(ui, "Loss", |ui, label| {
            let presets = ComboBox::from_id_salt("preset")
                .selected_text(loss_words(*preset).0)
                .width(190f32.min(ui.available_width()));
            let presets = presets.show_ui(ui, |ui| {
                for choice in [
                    LossPreset::Balanced,
                    LossPreset::CaffeMotionnet,
                    LossPreset::CaffeEndToEnd,
                    LossPreset::Paper,
                    LossPreset::Deepethogram,
                ] {
                    let (name, tooltip) = loss_words(choice);
                    ui.selectable_value(preset, choice, name).on_hover_text(tooltip);
                }
            });
            presets.response.labelled_by(label);
        });
        explanation(ui, loss_words(*preset).1);
    }
}
