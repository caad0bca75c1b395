//! True flow that a motion network learns from: its pairs, the network and, for NextFlow, clips without flow.

use eframe::egui::{ComboBox, TextEdit, Ui};

use super::words::supervised_words;
use crate::app::ui::widgets::{explanation, field};
use crate::data::flow_benchmarks::FlowDataset;
use crate::data::{DataSource, PairAugmentation, PairSource};
use crate::nets::{Architecture, MotionConfig};
use crate::training::losses::SupervisedLoss;
use crate::training::{Network, TrainingPlan};
use crate::video::Geometry;

/// Networks that can be built for true flow. Stacks need the networks that they begin with, and so start from a model.
const NETWORKS: [Architecture; 5] = [
    Architecture::FlowNetS,
    Architecture::FlowNetC,
    Architecture::FlowNetSd,
    Architecture::NextFlow,
    Architecture::MotionNet,
];
/// Half the size of the pictures of FlyingChairs.
const FRAME: Geometry = Geometry { width: 256, height: 192 };
/// The sides are multiples of 64, which the networks halve six times.
const CROP: Geometry = Geometry { width: 192, height: 128 };
/// The published learning rate of FlowNet.
const RATE: f64 = 1e-4;

/// Returns a run that learns from true flow, on pairs that are still to be named.
pub fn supervised_plan(seed: u64) -> TrainingPlan {
    let plan = TrainingPlan::of(Network::Flow);
    TrainingPlan {
        seed,
        supervised: Some(SupervisedLoss::default()),
        data: DataSource::Pairs(PairSource { benchmark: FlowDataset::FlyingChairs, root: Default::default() }),
        motion: MotionConfig { architecture: Architecture::FlowNetS, ..plan.motion.clone() },
        frame: FRAME,
        crop: CROP,
        rate: RATE,
        ..plan
    }
}

/// Draws the choice of what flow is learned from.
pub fn lesson_ui(ui: &mut Ui, plan: &mut TrainingPlan) {
    let before = plan.supervised.is_some();
    let mut is_supervised = before;
    field(ui, "Learn from", |ui, _| {
        ui.selectable_value(&mut is_supervised, false, "Frames").on_hover_text("Rebuild each frame from the next");
        ui.selectable_value(&mut is_supervised, true, "True flow").on_hover_text("Learn from pairs with true flow");
    });
    if is_supervised != before {
        *plan = match is_supervised {
            true => supervised_plan(plan.seed),
            false => TrainingPlan { seed: plan.seed, ..TrainingPlan::of(Network::Flow) },
        };
    }
}

/// Draws the choices of a run that learns from true flow, which starts from a network of architecture `base` if there is one.
pub fn truth_ui(ui: &mut Ui, plan: &mut TrainingPlan, base: Option<Architecture>) {
    if let DataSource::Pairs(pairs) = &mut plan.data {
        pairs_ui(ui, pairs);
    }
    let network = &mut plan.motion.architecture;
    match base {
        Some(base) => *network = base,
        None => combo_ui(ui, "Network", network, &NETWORKS, |network| (network.title(), network.paper())),
    }
    if let Some(loss) = &mut plan.supervised {
        combo_ui(ui, "Loss", loss, &SupervisedLoss::ALL, supervised_words);
        explanation(ui, supervised_words(*loss).1);
    }
    let mut is_augmented = plan.augmentation == PairAugmentation::Published;
    ui.checkbox(&mut is_augmented, "Published augmentation")
        .on_hover_text("Shift, rotate, zoom and recolour the pairs");
    plan.augmentation = if is_augmented { PairAugmentation::Published } else { PairAugmentation::None };
    match plan.motion.architecture {
        Architecture::NextFlow => next_frames_ui(ui, &mut plan.next_frames),
        _ => plan.next_frames = None,
    }
}

/// Returns why a run of true flow cannot start yet, if that is so.
pub fn pairs_missing(plan: &TrainingPlan) -> Option<&'static str> {
    match &plan.data {
        DataSource::Pairs(pairs) if pairs.root.as_os_str().is_empty() => Some("Enter the folder of pairs first"),
        _ => None,
    }
}

fn pairs_ui(ui: &mut Ui, pairs: &mut PairSource) {
    let mut root = pairs.root.display().to_string();
    if folder_ui(ui, "Pairs", &mut root, "/data/FlyingChairs_release", "Folder of pairs with true flow") {
        pairs.root = root.into();
    }
    combo_ui(ui, "Layout", &mut pairs.benchmark, &FlowDataset::ALL, |layout| (layout.title(), layout.layout()));
}

fn next_frames_ui(ui: &mut Ui, next_frames: &mut Option<DataSource>) {
    let mut folder = next_frames.as_ref().map(|source| source.path().display().to_string()).unwrap_or_default();
    let tooltip = "Folder of clips whose next frames are predicted";
    if folder_ui(ui, "Next frames", &mut folder, "None: learn flow alone", tooltip) {
        *next_frames = (!folder.is_empty()).then(|| DataSource::Folder(folder.into()));
    }
    if next_frames.is_some() {
        explanation(ui, "Every second sample is three frames of a clip: two are read, the third is predicted.");
    }
}

/// Draws a folder that is typed; returns whether it was changed.
fn folder_ui(ui: &mut Ui, name: &str, folder: &mut String, hint: &str, tooltip: &str) -> bool {
    field(ui, name, |ui, label| {
        let text = TextEdit::singleline(folder).hint_text(hint).desired_width(f32::INFINITY);
        ui.add(text).labelled_by(label).on_hover_text(tooltip).changed()
    })
}

fn combo_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    choices: &[T],
    words: fn(T) -> (&'static str, &'static str),
) {
    field(ui, name, |ui, label| {
        let combo = ComboBox::from_id_salt(name).selected_text(words(*value).0);
        let shown = combo.width(190f32.min(ui.available_width())).show_ui(ui, |ui| {
            for &choice in choices {
                let (text, tooltip) = words(choice);
                ui.selectable_value(value, choice, text).on_hover_text(tooltip);
            }
        });
        shown.response.labelled_by(label);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_that_is_offered_can_be_trained_as_it_is_set() {
        for architecture in NETWORKS {
            let plan = supervised_plan(3);
            let motion = MotionConfig { architecture, ..plan.motion.clone() };
            let next_frames =
                (architecture == Architecture::NextFlow).then(|| DataSource::Folder("/data/clips".into()));
            let plan = TrainingPlan { motion, next_frames, ..plan };
            plan.check().unwrap_or_else(|error| panic!("{architecture:?}: {error}"));
            assert_eq!(pairs_missing(&plan), Some("Enter the folder of pairs first"));
        }
    }
}
