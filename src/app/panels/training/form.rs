//! What is to be trained: clips, network, loss and the numbers of the run.

use std::path::{Path, PathBuf};

use eframe::egui::{ComboBox, Context, DragValue, Label, RichText, TextEdit, Ui};

use super::scan::Scan;
use crate::app::actions::PanelContext;
use crate::app::command::Command;
use crate::app::session::Session;
use crate::app::theme::Tokens;
use crate::app::widgets::{command_button, explanation, field, remark, section};
use crate::training::losses::LossPreset;
use crate::training::{DataSource, Network, TemporalMode, TrainingPlan};

/// The settings of the next run.
pub struct Form {
    plan: TrainingPlan,
    scan: Option<Scan>,
    from_viewer: bool,
    /// The run folder as typed; empty for a fresh one beside the clips.
    run_dir: String,
}

impl Default for Form {
    fn default() -> Self {
        Self { plan: TrainingPlan::default(), scan: None, from_viewer: true, run_dir: String::new() }
    }
}

impl Form {
    /// Whether the settings describe a run; the reason if they do not.
    pub fn ready(&self) -> Result<(), &'static str> {
        match self.scan.as_ref().map(Scan::found) {
            None => Err("Choose a folder with one sub-folder of clips per class first"),
            Some(None) => Err("The folder is being looked through"),
            Some(Some(Err(_))) => Err("No clips were found in the folder"),
            Some(Some(Ok(classes))) if classes.len() < 2 && self.plan.network != Network::Flow => {
                Err("A stream needs clips of at least two classes")
            }
            Some(Some(Ok(_))) if self.plan.check().is_err() => Err("The numbers of the run cannot be; see the remark"),
            Some(Some(Ok(_))) => Ok(()),
        }
    }

    /// The run.
    pub fn plan(&self, session: &Session) -> TrainingPlan {
        let folder = self.scan.as_ref().map(|scan| scan.folder().to_owned()).unwrap_or_default();
        let base = session.model.as_ref().filter(|_| self.from_viewer).map(|model| model.dir.clone());
        let run_dir = match self.run_dir.trim() {
            "" => fresh_run_dir(&folder, self.plan.network),
            typed => PathBuf::from(typed),
        };
        TrainingPlan { data: DataSource::Folder(folder), base, run_dir, ..self.plan.clone() }
    }

    /// Trains on the clips of another folder.
    pub fn choose_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.scan = Some(Scan::start(folder, ctx));
        self.run_dir.clear();
    }

    /// Takes what the scan found.
    pub fn receive(&mut self) {
        if let Some(scan) = &mut self.scan {
            scan.receive();
        }
    }

    /// Draws the form.
    pub fn form_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        section(ui, "Clips");
        self.clips_ui(ui, cx);
        section(ui, "Network");
        self.network_ui(ui, cx);
        section(ui, "Run");
        self.numbers_ui(ui);
        self.run_dir_ui(ui);
        if let Err(error) = self.plan.check() {
            let warning = Tokens::of(ui).warning;
            remark(ui, warning, |ui| {
                ui.add(Label::new(error.to_string()).wrap());
            });
        }
    }

    fn clips_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let tokens = Tokens::of(ui);
        ui.horizontal(|ui| {
            command_button(ui, cx, Command::ChooseTrainingFolder, Command::ChooseTrainingFolder.text());
            let text = self.scan.as_ref().map_or("None chosen".into(), |scan| scan.folder().display().to_string());
            ui.add(Label::new(RichText::new(&text).color(tokens.weak)).truncate()).on_hover_text(text);
        });
        match self.scan.as_ref().map(Scan::found) {
            None => {
                let text = "A folder with one sub-folder of clips per class; dropping one here works too.";
                ui.add(Label::new(RichText::new(text).small().color(tokens.weak)).wrap());
            }
            Some(None) => {
                ui.label(RichText::new("Looking through the folder…").color(tokens.weak));
            }
            Some(Some(Err(error))) => remark(ui, tokens.error, |ui| {
                ui.add(Label::new(error.to_string()).wrap());
            }),
            Some(Some(Ok(classes))) => classes_ui(ui, classes),
        }
    }

    fn network_ui(&mut self, ui: &mut Ui, cx: &PanelContext<'_>) {
        let before = self.plan.network;
        field(ui, "Train", |ui, _| {
            for network in [Network::Flow, Network::Temporal, Network::Spatial] {
                let (name, tooltip) = network_words(network);
                ui.selectable_value(&mut self.plan.network, network, name).on_hover_text(tooltip);
            }
        });
        if self.plan.network != before {
            let loss = self.plan.loss;
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
        if self.uses_flow_loss() {
            self.preset_ui(ui);
        }
        match cx.session.model_label() {
            Some(model) => {
                let text = format!("Start from {model}");
                ui.checkbox(&mut self.from_viewer, text)
                    .on_hover_text("Start from the networks in the viewer and keep those that are not trained; else from random weights");
            }
            None => explanation(ui, "Starts from random weights: no networks are loaded in the viewer."),
        }
    }

    fn uses_flow_loss(&self) -> bool {
        match self.plan.network {
            Network::Flow => true,
            Network::Temporal => self.plan.mode == TemporalMode::C,
            Network::Spatial => false,
        }
    }

    fn preset_ui(&mut self, ui: &mut Ui) {
        let preset = &mut self.plan.loss.preset;
        field(ui, "Loss", |ui, label| {
            let presets = ComboBox::from_id_salt("preset")
                .selected_text(preset_words(*preset).0)
                .width(190f32.min(ui.available_width()));
            let presets = presets.show_ui(ui, |ui| {
                for choice in [
                    LossPreset::Balanced,
                    LossPreset::CaffeMotionnet,
                    LossPreset::CaffeEndToEnd,
                    LossPreset::Paper,
                    LossPreset::Deepethogram,
                ] {
                    let (name, tooltip) = preset_words(choice);
                    ui.selectable_value(preset, choice, name).on_hover_text(tooltip);
                }
            });
            presets.response.labelled_by(label);
        });
        explanation(ui, preset_words(*preset).1);
    }

    fn numbers_ui(&mut self, ui: &mut Ui) {
        let plan = &mut self.plan;
        field(ui, "Rate", |ui, label| {
            let speed = plan.rate * 0.01;
            let rate = DragValue::new(&mut plan.rate).speed(speed).range(1e-8..=1.0);
            let rate =
                rate.custom_formatter(|rate, _| format!("{rate:.1e}")).custom_parser(|text| text.trim().parse().ok());
            ui.add(rate)
                .labelled_by(label)
                .on_hover_text("Highest learning rate; it rises at first and falls to zero at the last step");
        });
        field(ui, "Steps", |ui, label| {
            ui.add(DragValue::new(&mut plan.steps).range(1..=10_000_000).speed(10))
                .labelled_by(label)
                .on_hover_text("Number of steps");
        });
        field(ui, "Batch", |ui, label| {
            ui.add(DragValue::new(&mut plan.batch).range(1..=1024).speed(0.2))
                .labelled_by(label)
                .on_hover_text("Windows, or frames, a step");
        });
        field(ui, "Seed", |ui, label| {
            ui.add(DragValue::new(&mut plan.seed))
                .labelled_by(label)
                .on_hover_text("The same seed makes the same random choices");
        });
    }

    fn run_dir_ui(&mut self, ui: &mut Ui) {
        let hint = "A new one beside the clips";
        field(ui, "Run folder", |ui, label| {
            ui.add(TextEdit::singleline(&mut self.run_dir).hint_text(hint).desired_width(f32::INFINITY))
                .labelled_by(label)
                .on_hover_text("Keeps configuration, metrics, checkpoints and the trained model; a folder of an unfinished run is resumed");
        });
    }
}

fn classes_ui(ui: &mut Ui, classes: &[(String, usize)]) {
    let tokens = Tokens::of(ui);
    let clips: usize = classes.iter().map(|(_, count)| count).sum();
    let classes_word = if classes.len() == 1 { "class" } else { "classes" };
    ui.label(format!("{clips} clips in {} {classes_word}", classes.len()));
    let list: Vec<_> = classes.iter().map(|(name, count)| format!("{name} {count}")).collect();
    ui.add(Label::new(RichText::new(list.join(",  ")).small().color(tokens.weak)).wrap());
}

fn network_words(network: Network) -> (&'static str, &'static str) {
    match network {
        Network::Flow => ("Flow", "MotionNet learns to predict flow from the clips alone, without labels."),
        Network::Temporal => ("Temporal", "The temporal stream learns to recognise the classes from MotionNet's flow."),
        Network::Spatial => ("Spatial", "The spatial stream learns to recognise the classes from single frames."),
    }
}

fn mode_words(mode: TemporalMode) -> (&'static str, &'static str) {
    match mode {
        TemporalMode::A => ("a", "MotionNet stays as it is; only the stream learns, from the labels. The quickest."),
        TemporalMode::B => (
            "b",
            "MotionNet and the stream both learn from the labels alone; the flow becomes whatever helps to recognise.",
        ),
        TemporalMode::C => (
            "c",
            "Both learn, from the labels and from the unsupervised losses, which keep the flow true to the motion.",
        ),
    }
}

fn preset_words(preset: LossPreset) -> (&'static str, &'static str) {
    match preset {
        LossPreset::Balanced => {
            ("Balanced", "The released balance on means: holds for any batch, crop and for single pairs.")
        }
        LossPreset::CaffeMotionnet => ("Caffe MotionNet", "The authors' released training of MotionNet."),
        LossPreset::CaffeEndToEnd => {
            ("Caffe end to end", "The authors' released end-to-end training: SSIM ten times weaker.")
        }
        LossPreset::Paper => ("Paper", "As the paper writes it, with the finest scale weighted least."),
        LossPreset::Deepethogram => {
            ("DeepEthogram", "DeepEthogram's: plain means, dense SSIM, smoothness weighted by scale.")
        }
    }
}

/// `runs/<network>-NN` beside the folder of the clips, the first that does not exist.
fn fresh_run_dir(clips: &Path, network: Network) -> PathBuf {
    let name = match network {
        Network::Flow => "flow",
        Network::Temporal => "temporal",
        Network::Spatial => "spatial",
    };
    let runs = clips.parent().unwrap_or(clips).join("runs");
    let numbered = (1..).map(|number| runs.join(format!("{name}-{number:02}")));
    numbered.into_iter().find(|dir| !dir.exists()).expect("the numbers do not end before the disk is full")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_run_never_lands_in_an_older_ones_folder() {
        let dir = tempfile::tempdir().unwrap();
        let clips = dir.path().join("clips");
        assert_eq!(fresh_run_dir(&clips, Network::Flow), dir.path().join("runs/flow-01"));
        std::fs::create_dir_all(dir.path().join("runs/flow-01")).unwrap();
        assert_eq!(fresh_run_dir(&clips, Network::Flow), dir.path().join("runs/flow-02"));
        assert_eq!(fresh_run_dir(&clips, Network::Spatial), dir.path().join("runs/spatial-01"));
    }
}
