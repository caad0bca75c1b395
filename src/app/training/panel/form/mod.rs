//! What is to be trained: clips, what is tuned or which network, and the numbers of the run.

mod clips;
mod dominance;
mod labels;
mod listing;
mod network;
mod numbers;
mod truth;
mod tuning;
mod words;

use std::path::{Path, PathBuf};

use eframe::egui::{Context, Label, TextEdit, Ui};

use self::clips::ClipsForm;
use self::listing::runs_folder;
use self::network::NetworkForm;
use self::truth::pairs_missing;
use self::tuning::TuningForm;
use crate::app::labeling::state::LabelingState;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::tasks::Background;
use crate::app::training::progress_words::share_of_limit;
use crate::app::training::settings::{Aim, ClipOrigin, TrainingSettings};
use crate::app::training::step_timing::StepTime;
use crate::app::ui::format::span;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark, section};
use crate::data::DataSource;
use crate::engine::ModelInfo;
use crate::error::{Error, Result};
use crate::plural::counted;
use crate::training::finetune::{Depth, FineTune};
use crate::training::{Fit, Network, RunKind, StepTimes, TrainingPlan, inherited};

/// The settings of the next run.
#[derive(Default)]
pub struct Form {
    aim: Aim,
    clips: ClipsForm,
    tuning: TuningForm,
    network: NetworkForm,
    /// The run folder as typed; empty for a fresh one beside the clips.
    run_dir: String,
    /// Whether the open project allows several classes at the same time; none without a project.
    project_multi_label: Option<bool>,
    /// What fits into the time of the runs, as earlier ones took.
    fits: Background<FitKey, Fits>,
}

/// The runs, and what fits into their time.
struct Fits {
    plans: Vec<TrainingPlan>,
    earlier: Vec<Fit>,
}

/// What that hangs on: where the runs are, whether one is under way, and what is to be trained from what.
#[derive(PartialEq)]
struct FitKey {
    runs: PathBuf,
    is_training: bool,
    base: Option<PathBuf>,
    tuning: Option<FineTune>,
    plan: Option<TrainingPlan>,
    data: DataSource,
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
        self.tuning.restore(tuning);
        self.network = NetworkForm { plan, from_viewer };
    }

    /// Whether the settings describe a run; the reason if they do not.
    pub fn ready(&self) -> std::result::Result<(), &'static str> {
        if let Some(missing) = pairs_missing(&self.network.plan).filter(|_| self.is_supervised()) {
            return Err(missing);
        }
        let listing = if self.is_supervised() { None } else { Some(self.clips.listing()?) };
        match self.aim {
            Aim::Tune => self.tuning.card().map(drop)?,
            Aim::Train if self.network.plan.check().is_err() => {
                return Err("Some training settings are invalid – see the message below");
            }
            Aim::Train => {}
        }
        if listing.is_some_and(|listing| listing.classes() < 2) && self.learns_classes() && !self.keeps_classes() {
            return Err("At least two classes are needed");
        }
        Ok(())
    }

    /// Whether the run learns from pairs with true flow, and not from the clips.
    fn is_supervised(&self) -> bool {
        self.aim == Aim::Train && self.network.plan.supervised.is_some()
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
        let base = session.model.as_ref().map(|model| model.dir.clone());
        if self.is_supervised() {
            let (plan, typed) = (self.network.plan.clone(), self.run_dir.trim().to_owned());
            let base = base.filter(|_| self.network.from_viewer);
            return Ok(Box::new(move || {
                let run_dir = run_dir(&typed, &runs_folder(plan.data.clips()), &plan.network.name().to_lowercase());
                Ok(vec![TrainingPlan { base, run_dir, ..plan }])
            }));
        }
        let listing = self.clips.listing().map_err(not_ready)?;
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
        if last.is_none() {
            self.tuning.tuning.keep_classes = true; // A few corrections are no classes to replace its own.
        }
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
        self.follow_setting(&session.labeling);
        let multi_label = match self.aim {
            Aim::Tune => self.tuning.tuning.multi_label && self.tuning.tuning.depth != Depth::Heads,
            Aim::Train => self.network.plan.multi_label,
        };
        self.clips.follow(&session.labeling, share, seed, multi_label, ctx);
        let listing = self.clips.listing();
        let own = listing.map_or(0, listing::ClipListing::classes);
        let lacking =
            |model: &ModelInfo| listing.map_or(model.classes.len(), |listing| listing.lacking(&model.classes));
        let kept = session.model.as_ref().filter(|_| self.keeps_classes()).map_or(0, lacking);
        self.tuning.follow(session.model.as_ref(), [own, own + kept], ctx);
        self.follow_fits(session, ctx);
    }

    /// Takes over whether the project allows several classes at the same time, when another one is opened or that was changed.
    fn follow_setting(&mut self, labeling: &LabelingState) {
        let now = labeling.project().map(|project| project.document().settings.multi_label);
        if now != self.project_multi_label {
            self.project_multi_label = now;
            self.tuning.tuning.multi_label = now.unwrap_or_default();
        }
    }

    /// Asks earlier runs what fits into the time of these.
    fn follow_fits(&mut self, session: &Session, ctx: &Context) {
        if self.is_supervised() {
            return self.fits.clear(); // Earlier runs of clips say nothing about pairs.
        }
        self.fits.receive();
        let Ok(listing) = self.clips.listing() else { return };
        let (runs, data) = (listing.runs.clone(), listing.data.clone());
        let base = session.model.as_ref().map(|model| model.dir.clone());
        let is_tuning = self.aim == Aim::Tune;
        let key = FitKey {
            runs: runs.clone(),
            is_training: session.training.is_active(),
            base: base.clone(),
            tuning: is_tuning.then(|| self.tuning.tuning.clone()),
            plan: (!is_tuning).then(|| self.network.plan.clone()),
            data: data.clone(),
        };
        if self.fits.is_of(&key) {
            return;
        }
        let plans: Plans = match base.clone().filter(|_| is_tuning) {
            Some(base) => {
                let tuned = self.tuning.plans(base, data);
                Box::new(move || tuned(Path::new("")))
            }
            None => {
                let base = base.filter(|_| self.network.from_viewer);
                let plan = TrainingPlan { base, data, ..self.network.plan.clone() };
                Box::new(move || Ok(vec![plan]))
            }
        };
        let on_gpu = session.on_gpu;
        self.fits.ask(key, ctx, move || {
            let plans = plans().unwrap_or_default();
            let plans: Vec<_> = plans.into_iter().filter(|plan| plan.kind == RunKind::Training).collect();
            let times = StepTimes::of_runs_in(&runs);
            let earlier = plans.iter().filter_map(|plan| times.fit(&inherited(plan).ok()?, on_gpu)).collect();
            Fits { plans, earlier }
        });
    }

    /// The runs of which a step can be timed, as long as nothing is amiss in the form.
    pub fn timed_plans(&self) -> Option<Vec<TrainingPlan>> {
        let fits = self.fits.value().filter(|fits| !fits.plans.is_empty() && !self.fits.is_busy())?;
        self.ready().is_ok().then(|| fits.plans.clone())
    }

    /// Returns the number of classes of the model that the new one will not predict; `None` where it predicts all, or the clips have
    /// nothing to do with them.
    pub fn forgotten_classes(&self, session: &Session) -> Option<usize> {
        let (model, listing) = (session.model.as_ref()?, self.clips.listing().ok()?);
        let lacking = listing.lacking(&model.classes);
        let forgets = self.aim == Aim::Tune && !self.tuning.tuning.keep_classes;
        (forgets && (1..model.classes.len()).contains(&lacking)).then_some(lacking)
    }

    /// Returns what becomes of the classes of the model that the clips do not show; nothing where they show all, or have nothing to
    /// do with the model's.
    pub fn lacking_text(&self, session: &Session) -> Option<String> {
        let (model, listing) = (session.model.as_ref()?, self.clips.listing().ok()?);
        let (all, lacking) = (model.classes.len(), listing.lacking(&model.classes));
        if self.aim != Aim::Tune || lacking == 0 || (lacking == all && !self.tuning.tuning.keep_classes) {
            return None;
        }
        let shown = format!("The clips show {} of the model's {all} classes.", all - lacking);
        Some(match self.tuning.tuning.keep_classes {
            true => format!(
                "{shown} The other {lacking} are kept, but without clips of them the model may no longer predict them well."
            ),
            false => format!(
                "{shown} The new model cannot predict the other {lacking}: Classes is set to Your classes only."
            ),
        })
    }

    /// Draws how long a step takes and how many fit into the time of the runs: as measured, until then as an earlier run took. Returns
    /// the network and its batch, if a smaller one is chosen.
    fn step_times_ui(&self, ui: &mut Ui, session: &Session) -> Option<(Network, usize)> {
        let Fits { plans, earlier } = self.fits.value()?;
        let time = session.step_timing.time(plans, session.is_device_free());
        let all: f64 = plans.iter().filter_map(|plan| plan.budget_secs).sum();
        let step_text = |plan: &TrainingPlan, secs| step_text(plan, secs, all);
        let mut accepted = None;
        for plan in plans {
            let name = plan.network.name();
            let measured = match &time {
                StepTime::Known(times) => times.iter().find(|(network, _)| *network == plan.network),
                _ => None,
            };
            let of_earlier = earlier.iter().find(|fit| fit.network == plan.network);
            let (fit, text) = match (measured, of_earlier) {
                (Some((_, secs)), _) => {
                    let fit = plan.budget_secs.and_then(|budget| Fit::new(plan, (budget / secs) as usize, *secs));
                    (fit, format!("{name}: {}, measured on this device", step_text(plan, *secs)))
                }
                (None, Some(fit)) => {
                    let text = format!("{name}: {}, as in an earlier run", step_text(plan, fit.step_secs));
                    (Some(*fit), text)
                }
                (None, None) => (None, format!("{name}: {}", unknown_text(&time, session.player.playing))),
            };
            match fit.filter(Fit::is_few) {
                Some(fit) => remark(ui, Tokens::of(ui).warning, |ui| {
                    ui.add(Label::new(format!("{text}. {}.", fit.remedy())).wrap());
                    if let Some(batch) = fit.smaller_batch() {
                        let button = ui.button(format!("Use batch size {batch}"));
                        if button.on_hover_text("More steps fit into the time limit").clicked() {
                            accepted = Some((fit.network, batch));
                        }
                    }
                }),
                None => explanation(ui, &(if text.ends_with('…') { text } else { text + "." })),
            }
        }
        accepted
    }

    /// Returns how long a linear probe takes, where one is chosen and an earlier one was timed.
    fn probe_time_text(&self, session: &Session) -> Option<String> {
        let is_probe = self.aim == Aim::Tune && self.tuning.tuning.depth == Depth::Heads;
        let card = self.tuning.card().ok().filter(|_| is_probe)?;
        let (networks, clips) = (self.tuning.tuning.networks(card), self.clips.listing().ok()?.clips());
        session.step_timing.probes.estimate(&session.model.as_ref()?.dir, &networks, clips)
    }

    /// Draws the form.
    pub fn form_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        field(ui, "Task", |ui, _| {
            ui.selectable_value(&mut self.aim, Aim::Tune, "Fine-tune")
                .on_hover_text("Train the loaded model on your classes");
            ui.selectable_value(&mut self.aim, Aim::Train, "Single network")
                .on_hover_text("Train one network, fine-tuned or from scratch");
        });
        if !self.is_supervised() {
            section(ui, "Clips");
            self.clips.clips_ui(ui, cx);
        }
        match self.aim {
            Aim::Tune => {
                section(ui, "Model");
                match cx.session.model_label() {
                    Some(model) => explanation(ui, &format!("Starts from {model}, the loaded model.")),
                    None => explanation(ui, "Load a model to start from: File › Load model."),
                }
                self.tuning.choices_ui(ui, self.clips.can_hold_out());
                if let Some(text) = self.lacking_text(cx.session) {
                    remark(ui, Tokens::of(ui).warning, |ui| {
                        ui.add(Label::new(text).wrap());
                    });
                }
                self.tuning.advanced_ui(ui);
            }
            Aim::Train => self.network.network_ui(ui, cx),
        }
        if let Some(text) = self.probe_time_text(cx.session) {
            explanation(ui, &text);
        }
        let accepted = self.step_times_ui(ui, cx.session);
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

/// How long a step takes, and what that means for the run: steps that fit into its share of the time of all runs, `all_secs`, or the time
/// of its steps.
fn step_text(plan: &TrainingPlan, secs: f64, all_secs: f64) -> String {
    let digits = if secs < 0.1 { 3 } else { 2 };
    let step = format!("{secs:.digits$} s per step");
    let minutes = |secs: f64| match secs / 60.0 {
        minutes if (minutes - minutes.round()).abs() < 0.05 => counted(minutes.round() as usize, "minute"),
        minutes => format!("{minutes:.1} minutes"),
    };
    match plan.budget_secs {
        Some(budget) if budget / secs < plan.steps as f64 => {
            let time = if budget < all_secs { share_of_limit(budget, all_secs) } else { minutes(budget) };
            let steps = (budget / secs) as usize;
            format!("{step} – {} {} into {time}", counted(steps, "step"), if steps == 1 { "fits" } else { "fit" })
        }
        _ => {
            let verb = if plan.steps == 1 { "takes" } else { "take" };
            format!("{step} – {} {verb} {}", counted(plan.steps, "step"), minutes(secs * plan.steps as f64))
        }
    }
}

/// Why the time of a step is not known yet.
fn unknown_text(time: &StepTime, is_playing: bool) -> String {
    match time {
        StepTime::Measuring(Some(since)) if since.as_secs() > 1 => {
            format!("measuring the time per step: {} so far…", span(since.as_secs_f64()))
        }
        StepTime::Measuring(_) | StepTime::Known(_) => "measuring the time per step…".into(),
        StepTime::Waits if is_playing => "time per step is measured after playback stops".into(),
        StepTime::Waits => "time per step is measured when the device is free".into(),
        StepTime::Failed(error) => format!("time per step unknown: {}", error.cause),
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
    use super::*;

    #[test]
    fn the_time_of_a_step_says_what_fits_or_how_long_all_take() {
        let limited = TrainingPlan { steps: 1200, budget_secs: Some(180.0), ..TrainingPlan::default() };
        let step_text = |plan: &TrainingPlan, secs| super::step_text(plan, secs, 180.0);
        assert_eq!(step_text(&limited, 0.4186), "0.42 s per step – 430 steps fit into 3 minutes");
        let shared = super::step_text(&limited, 0.4186, 300.0);
        assert_eq!(shared, "0.42 s per step – 430 steps fit into 3.0 of 5.0 min for this stream");
        assert_eq!(step_text(&limited, 0.05), "0.050 s per step – 1200 steps take 1 minute");
        let free = TrainingPlan { budget_secs: None, ..limited };
        assert_eq!(step_text(&free, 0.5), "0.50 s per step – 1200 steps take 10 minutes");
    }

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
