//! What is to be trained: clips, what is tuned or which network, and the numbers of the run.

mod clips;
mod labels;
mod listing;
mod network;
mod numbers;
mod tuning;
mod words;

use std::path::{Path, PathBuf};

use eframe::egui::{Context, Label, TextEdit, Ui};

use self::clips::ClipsForm;
use self::network::NetworkForm;
use self::tuning::TuningForm;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::tasks::Background;
use crate::app::training::settings::{Aim, ClipOrigin, TrainingSettings};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark, section};
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::training::finetune::FineTune;
use crate::training::{Fit, Network, RunKind, StepTimes, TrainingPlan};

/// The settings of the next run.
#[derive(Default)]
pub struct Form {
    aim: Aim,
    clips: ClipsForm,
    tuning: TuningForm,
    network: NetworkForm,
    /// The run folder as typed; empty for a fresh one beside the clips.
    run_dir: String,
    /// What fits into the time of the runs, as earlier ones took.
    fits: Background<FitKey, Vec<Fit>>,
}

/// What that hangs on: where the runs are, whether one is under way, and what is to be trained from what.
#[derive(PartialEq)]
struct FitKey {
    runs: PathBuf,
    is_training: bool,
    base: Option<PathBuf>,
    tuning: Option<FineTune>,
    plan: Option<TrainingPlan>,
}

impl Form {
    /// The choices to be remembered.
    pub fn settings(&self) -> TrainingSettings {
        TrainingSettings {
            aim: self.aim,
            origin: self.clips.origin,
            list: self.clips.list.clone(),
            tuning: self.tuning.tuning.clone(),
            plan: self.network.plan.clone(),
            from_viewer: self.network.from_viewer,
        }
    }

    /// Takes choices that were remembered.
    pub fn restore(&mut self, settings: TrainingSettings) {
        let TrainingSettings { aim, origin, list, tuning, plan, from_viewer } = settings;
        (self.aim, self.clips.origin, self.clips.list) = (aim, origin, list);
        self.tuning.tuning = tuning;
        self.network = NetworkForm { plan, from_viewer };
    }

    /// Whether the settings describe a run; the reason if they do not.
    pub fn ready(&self) -> std::result::Result<(), &'static str> {
        let listing = self.clips.listing()?;
        match self.aim {
            Aim::Tune => self.tuning.card().map(drop)?,
            Aim::Train if self.network.plan.check().is_err() => {
                return Err("Some training settings are invalid – see the message below");
            }
            Aim::Train => {}
        }
        if listing.classes() < 2 && self.learns_classes() && !self.keeps_classes() {
            return Err("At least two classes are needed");
        }
        Ok(())
    }

    fn learns_classes(&self) -> bool {
        self.aim == Aim::Tune || self.network.plan.network != Network::Flow
    }

    fn keeps_classes(&self) -> bool {
        self.aim == Aim::Tune && self.tuning.tuning.keep_classes
    }

    /// What finds out the runs, in turn: it asks the disk which folder is free, and so belongs on a thread of its own.
    ///
    /// # Errors
    /// If the clips are not listed yet, or there is nothing to start from.
    pub fn plans(&self, session: &Session) -> Result<Plans> {
        let not_ready = |reason: &str| Error::new("training", reason, "See the training panel");
        let listing = self.clips.listing().map_err(not_ready)?;
        let base = session.model.as_ref().map(|model| model.dir.clone());
        let (data, runs, typed) = (listing.data.clone(), listing.runs.clone(), self.run_dir.trim().to_owned());
        match (self.aim, base) {
            (Aim::Tune, Some(base)) => {
                let tuned = self.tuning.plans(base, data);
                Ok(Box::new(move || tuned(&run_dir(&typed, &runs, "tune"))))
            }
            (Aim::Tune, None) => Err(not_ready("no model is loaded to start from")),
            (Aim::Train, base) => {
                let plan = self.network.plan.clone();
                let base = base.filter(|_| self.network.from_viewer);
                Ok(Box::new(move || {
                    let run_dir = run_dir(&typed, &runs, &plan.network.name().to_lowercase());
                    Ok(vec![TrainingPlan { data, base, run_dir, ..plan }])
                }))
            }
        }
    }

    /// Where fresh runs go.
    pub fn runs_folder(&self) -> Option<PathBuf> {
        self.clips.listing().ok().map(|listing| listing.runs.clone())
    }

    /// Trains on the clips of another folder.
    pub fn choose_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.clips.choose_folder(folder, ctx);
        self.run_dir.clear();
    }

    /// Trains on the clips of a folder that was opened, unless there are labels to train on.
    pub fn offer_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.clips.offer_folder(folder, ctx);
        self.run_dir.clear();
    }

    /// Whether the next run tunes the model to the labels of the project.
    pub fn tunes_to_labels(&self) -> bool {
        self.aim == Aim::Tune && self.clips.origin() == ClipOrigin::Labels
    }

    /// Whether the clips are still being listed.
    pub fn is_listing(&self) -> bool {
        self.clips.is_listing()
    }

    /// Trains on corrected clips together with those of a folder: the one that was chosen before, or `last`.
    pub fn join(&mut self, last: Option<PathBuf>, corrections: PathBuf, ctx: &Context) {
        self.aim = Aim::Tune; // The model that was corrected is to learn.
        self.clips.join(last, corrections, ctx);
        self.run_dir.clear();
    }

    /// Trains on the labelled clips of the project.
    pub fn choose_labels(&mut self) {
        self.aim = Aim::Tune;
        self.clips.choose_labels();
        self.run_dir.clear();
    }

    /// Changes the choices of fine-tuning.
    #[cfg(test)]
    pub fn tuning(&mut self) -> &mut crate::training::finetune::FineTune {
        &mut self.tuning.tuning
    }

    /// Takes what was found, and what has changed in the project and the model in use.
    pub fn follow(&mut self, session: &Session, ctx: &Context) {
        let (share, seed) = match self.aim {
            Aim::Tune => (self.tuning.tuning.hold_out, self.tuning.tuning.temporal.seed),
            Aim::Train => (self.network.plan.hold_out, self.network.plan.seed),
        };
        self.clips.follow(session.labels_project(), share, seed, ctx);
        let own = self.clips.listing().map_or(0, listing::ClipListing::classes);
        let kept = session.model.as_ref().filter(|_| self.keeps_classes()).map_or(0, |model| model.classes.len());
        self.tuning.follow(session.model.as_ref(), own + kept, ctx);
        self.follow_fits(session, ctx);
    }

    /// Asks earlier runs what fits into the time of these.
    fn follow_fits(&mut self, session: &Session, ctx: &Context) {
        self.fits.receive();
        let Some(runs) = self.runs_folder() else { return };
        let base = session.model.as_ref().map(|model| model.dir.clone());
        let is_tuning = self.aim == Aim::Tune;
        let key = FitKey {
            runs: runs.clone(),
            is_training: session.training.is_active(),
            base: base.clone(),
            tuning: is_tuning.then(|| self.tuning.tuning.clone()),
            plan: (!is_tuning).then(|| self.network.plan.clone()),
        };
        if self.fits.is_of(&key) {
            return;
        }
        let plans: Plans = match base.clone().filter(|_| is_tuning) {
            Some(base) => {
                let tuned = self.tuning.plans(base, DataSource::Folder(PathBuf::new()));
                Box::new(move || tuned(Path::new("")))
            }
            None => {
                let base = base.filter(|_| self.network.from_viewer);
                let plan = TrainingPlan { base, ..self.network.plan.clone() };
                Box::new(move || Ok(vec![plan]))
            }
        };
        let on_gpu = session.on_gpu;
        self.fits.ask(key, ctx, move || {
            let plans = plans().unwrap_or_default();
            let timed = plans.iter().filter(|plan| plan.kind == RunKind::Training && plan.budget_secs.is_some());
            let times = StepTimes::of_runs_in(&runs);
            timed.filter_map(|plan| times.fit(plan, on_gpu)).collect()
        });
    }

    /// Draws the form.
    pub fn form_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        field(ui, "Task", |ui, _| {
            ui.selectable_value(&mut self.aim, Aim::Tune, "Fine-tune")
                .on_hover_text("Train the loaded model on your classes");
            ui.selectable_value(&mut self.aim, Aim::Train, "Single network")
                .on_hover_text("Train one network, fine-tuned or from scratch");
        });
        section(ui, "Clips");
        self.clips.clips_ui(ui, cx);
        match self.aim {
            Aim::Tune => {
                section(ui, "Model");
                match cx.session.model_label() {
                    Some(model) => explanation(ui, &format!("Starts from {model}, the loaded model.")),
                    None => explanation(ui, "Load a model to start from: File › Load model."),
                }
                self.tuning.choices_ui(ui);
                self.tuning.advanced_ui(ui);
            }
            Aim::Train => self.network.network_ui(ui, cx),
        }
        let mut accepted = None;
        for fit in self.fits.value().into_iter().flatten() {
            let text = format!("{}: estimated from an earlier run: {}.", fit.network.name(), fit.in_words());
            match fit.is_few() {
                true => remark(ui, Tokens::of(ui).warning, |ui| {
                    ui.add(Label::new(format!("{text} {}.", fit.remedy())).wrap());
                    if let Some(batch) = fit.smaller_batch() {
                        let button = ui.button(format!("Use batch size {batch}"));
                        if button.on_hover_text("More steps fit into the time limit").clicked() {
                            accepted = Some((fit.network, batch));
                        }
                    }
                }),
                false => explanation(ui, &text),
            }
        }
        if let Some((network, batch)) = accepted {
            self.use_batch(network, batch);
        }
        self.run_dir_ui(ui);
    }

    /// Makes the next run that trains `network` use batches of this size.
    pub fn use_batch(&mut self, network: Network, batch: usize) {
        self.plan_of(network).batch = batch;
    }

    /// The numbers of the run that trains `network`.
    fn plan_of(&mut self, network: Network) -> &mut TrainingPlan {
        match (self.aim, network) {
            (Aim::Train, _) => &mut self.network.plan,
            (Aim::Tune, Network::Spatial) => &mut self.tuning.tuning.spatial,
            (Aim::Tune, _) => &mut self.tuning.tuning.temporal,
        }
    }

    fn run_dir_ui(&mut self, ui: &mut Ui) {
        let hint = "New folder beside the clips";
        field(ui, "Run folder", |ui, label| {
            ui.add(TextEdit::singleline(&mut self.run_dir).hint_text(hint).desired_width(f32::INFINITY))
                .labelled_by(label)
                .on_hover_text("Stores settings, metrics, checkpoints and model; resumes unfinished runs");
        });
    }
}

/// What finds out runs.
pub type Plans = Box<dyn FnOnce() -> Result<Vec<TrainingPlan>> + Send>;

/// The run folder as it was `typed`, else a fresh one in the folder of runs.
fn run_dir(typed: &str, runs: &Path, name: &str) -> PathBuf {
    match typed {
        "" => fresh_run_dir(runs, name),
        typed => PathBuf::from(typed),
    }
}

/// `<name>-NN` in the folder of runs, the first that does not exist.
fn fresh_run_dir(runs: &Path, name: &str) -> PathBuf {
    let is_free = |dir: &PathBuf| !dir.exists() && !beside(dir).exists();
    let numbered = (1..).map(|number| runs.join(format!("{name}-{number:02}")));
    numbered.into_iter().find(is_free).expect("no free run number was found")
}

/// Where the first of two runs is kept.
fn beside(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push("-spatial");
    dir.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::listing::runs_folder;
    use super::*;

    #[test]
    fn a_fresh_run_never_lands_in_an_older_ones_folder() {
        let dir = tempfile::tempdir().unwrap();
        let clips = dir.path().join("clips");
        assert_eq!(fresh_run_dir(&runs_folder(&clips), "flow"), dir.path().join("runs/flow-01"));
        std::fs::create_dir_all(dir.path().join("runs/flow-01")).unwrap();
        assert_eq!(fresh_run_dir(&runs_folder(&clips), "flow"), dir.path().join("runs/flow-02"));
        assert_eq!(fresh_run_dir(&runs_folder(&clips), "spatial"), dir.path().join("runs/spatial-01"));
        std::fs::create_dir_all(dir.path().join("runs/tune-01-spatial")).unwrap();
        assert_eq!(
            fresh_run_dir(&runs_folder(&clips), "tune"),
            dir.path().join("runs/tune-02"),
            "two runs were begun there"
        );
        std::fs::create_dir_all(&clips).unwrap();
        std::fs::write(clips.join("project.toml"), "").unwrap();
        assert_eq!(
            fresh_run_dir(&runs_folder(&clips), "tune"),
            clips.join("runs/tune-01"),
            "in a project's own folder"
        );
    }
}
