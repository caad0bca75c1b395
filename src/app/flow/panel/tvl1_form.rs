//! The parameters of TV-L1: a preset, or individual values; values that would diverge are refused with their range.

use eframe::egui::{Checkbox, ComboBox, DragValue, Label, Ui};

use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark};
use crate::flow::tvl1::Tvl1Parameters;

/// Longest sides on offer; `None` is the video's own size.
const SIDES: [Option<u32>; 3] = [Some(320), Some(640), None];

/// The form.
#[derive(Default)]
pub struct Tvl1Form {
    /// Typed values that were refused.
    refused: Option<Tvl1Parameters>,
}

impl Tvl1Form {
    /// Draws the form.
    pub fn form_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.preset_ui(ui, cx);
        size_ui(ui, cx);
        let in_use = cx.settings.flow.tvl1;
        let mut typed = self.refused.unwrap_or(in_use);
        parameters_ui(ui, &mut typed);
        match typed.checked() {
            Ok(checked) => {
                cx.settings.flow.tvl1 = checked;
                self.refused = None;
            }
            Err(error) => {
                self.refused = Some(typed);
                remark(ui, Tokens::of(ui).error, |ui| {
                    ui.add(Label::new(error.to_string()).wrap());
                    explanation(ui, "TV-L1 keeps using the previous values.");
                    if ui.button("Restore previous values").clicked() {
                        self.refused = None;
                    }
                });
            }
        }
    }

    fn preset_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let in_use = &mut cx.settings.flow.tvl1;
        let preset = Tvl1Parameters::PRESETS.into_iter().find(|(_, preset)| preset == in_use);
        let (text, tooltip) = preset.map_or(("Custom", "Your own parameters"), |(name, _)| words(name));
        field(ui, "Preset", |ui, label| {
            let list = ComboBox::from_id_salt("tvl1 preset").selected_text(text).width(170.0);
            let list = list.show_ui(ui, |ui| {
                for (name, preset) in Tvl1Parameters::PRESETS {
                    let (text, tooltip) = words(name);
                    if ui.selectable_label(preset == *in_use, text).on_hover_text(tooltip).clicked() {
                        *in_use = preset;
                        self.refused = None;
                    }
                }
            });
            list.response.labelled_by(label).on_hover_text(tooltip);
        });
        explanation(ui, tooltip);
    }
}

/// Returns the name and the purpose of a preset.
fn words(name: &str) -> (&str, &str) {
    match name {
        "opencv" => ("OpenCV default", "Defaults of OpenCV's DualTVL1OpticalFlow."),
        "two-stream" => ("Two-stream extraction", "Settings used to extract flow for two-stream networks."),
        "fast" => ("Fast", "For live video: few iterations, pyramid scale 0.5."),
        _ => (name, ""),
    }
}

fn size_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let flow_settings = &mut cx.settings.flow;
    let name = |side: Option<u32>| side.map_or("Video size".into(), |side| format!("{side} px"));
    field(ui, "Size", |ui, _| {
        for side in SIDES {
            ui.selectable_value(&mut flow_settings.tvl1_side, side, name(side))
                .on_hover_text("Longest side of TV-L1's frames: larger is slower");
        }
    });
    field(ui, "Initial flow", |ui, _| {
        ui.add(Checkbox::new(&mut flow_settings.warm_start, "From previous frame")).on_hover_text(
            "Start from the flow of the pair before: faster, but flow then depends on what was shown before",
        );
    });
}

fn parameters_ui(ui: &mut Ui, typed: &mut Tvl1Parameters) {
    let Tvl1Parameters {
        tau,
        lambda,
        theta,
        scales,
        warps,
        epsilon,
        inner_iterations,
        outer_iterations,
        scale_step,
        gamma,
        median,
    } = typed;
    decimal(ui, "Tau τ", tau, 0.002, "Time step of the dual iteration (diverges above 0.25)");
    decimal(ui, "Lambda λ", lambda, 0.002, "Data term weight: smaller values give smoother flow");
    decimal(ui, "Theta θ", theta, 0.005, "Coupling of the data term to the smooth flow");
    whole(ui, "Scales", scales, "Pyramid levels: more levels capture faster motion");
    decimal(ui, "Scale step", scale_step, 0.005, "Scale between pyramid levels, 0.3 to 0.95");
    whole(ui, "Warps", warps, "Warps of the second frame per level");
    whole(ui, "Inner", inner_iterations, "Inner iterations between median filters");
    whole(ui, "Outer", outer_iterations, "Outer iterations (median filters) per warp");
    decimal(ui, "Epsilon ε", epsilon, 0.0005, "Stop when flow changes less, in pixels (0: never)");
    decimal(ui, "Gamma γ", gamma, 0.005, "Illumination term weight (0: off)");
    field(ui, "Median", |ui, _| {
        for (side, name) in [(1, "off"), (3, "3 px"), (5, "5 px")] {
            ui.selectable_value(median, side, name).on_hover_text("Median filter size");
        }
    });
}

fn decimal(ui: &mut Ui, name: &str, value: &mut f32, speed: f64, tooltip: &str) {
    field(ui, name, |ui, label| {
        ui.add(DragValue::new(value).speed(speed).max_decimals(4)).labelled_by(label).on_hover_text(tooltip);
    });
}

fn whole(ui: &mut Ui, name: &str, value: &mut usize, tooltip: &str) {
    field(ui, name, |ui, label| {
        ui.add(DragValue::new(value).speed(0.1)).labelled_by(label).on_hover_text(tooltip);
    });
}
