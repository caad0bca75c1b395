//! What each command does.

use std::path::PathBuf;

use eframe::egui::{Context, ViewportCommand};

use super::Command;
use super::availability::available;
use super::prompt::PathPrompt;
use crate::app::App;
use crate::app::evaluation::state::EvaluationPhase;
use crate::app::layout;
use crate::app::layout::Pane;
use crate::app::session::PAIRS;
use crate::app::shell::log::Level;
use crate::app::shell::palette::Palette;
use crate::app::training::state::{TrainingPhase, TrainingState};
use crate::app::ui::theme;
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::app::viewer::presets::ViewPreset;
use crate::engine::{EvaluationOrder, FlowExport, FlowSelection, FlowSource, OverlayExport, Request};
use crate::error::Error;
use crate::evaluation::EvaluationPlan;
use crate::flow::colour;
use crate::flow::files::{self, DEFAULT_BOUND_PX, FlowFormat, Scales, write_picture};
use crate::output::{Existing, Staging};
use crate::training;
use crate::video::PlayerCommand;

/// Fastest speed of the shuttle.
const FASTEST: f64 = 16.0;
/// How far a key moves a divider, as a share of the width.
const DIVIDER_STEP: f32 = 0.02;
/// Where the sample project lies in the data folder.
const SAMPLE: &str = "sample";

impl App {
    /// Does what `command` says, if it can be done now.
    pub fn perform(&mut self, command: Command, ctx: &Context) {
        if available(command, &self.session, &self.settings, self.panels.training.ready()).is_err() {
            return;
        }
        use Command as C;
        match command {
            C::Open => self.ask(PathPrompt::Clip, ctx),
            C::OpenFolder => self.ask(PathPrompt::Folder, ctx),
            C::OpenPath => self.overlay.show_palette(Palette::path(PathPrompt::Folder, None)),
            C::OpenSample => self.open_sample(ctx),
            C::LoadModel => self.ask(PathPrompt::Model, ctx),
            C::CloseClip => {
                self.close_clip();
                self.session.studio.select(None); // what is labelled is what one sees
            }
            C::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            C::PlayPause
            | C::PlayBackwards
            | C::Pause
            | C::PlayForwards
            | C::StepBack
            | C::StepForward
            | C::SecondBack
            | C::SecondForward
            | C::FirstFrame
            | C::LastFrame => self.play(command),
            C::MarkIn | C::MarkOut | C::ClearMarks | C::LoopSegment => self.mark(command),
            C::AddView
            | C::RemoveView
            | C::ToggleSwipe
            | C::DividerLeft
            | C::DividerRight
            | C::NextSource
            | C::PreviousSource
            | C::ToggleArrows => self.change_views(command),
            C::ArrangeFrameAndFlow
            | C::ArrangeNetworkOrTvl1
            | C::ArrangeLoss
            | C::ArrangeAllSources
            | C::ArrangeComponents
            | C::ArrangeAllScales
            | C::ArrangeTenFlows
            | C::ArrangeTemporalInput => self.arrange(command),
            C::FitView => self.panels.viewer.fit(),
            C::LockScale => self.lock_scale(),
            C::FinerLevel | C::CoarserLevel | C::NextPair | C::PreviousPair => self.select(command),
            C::LongerStride => self.settings.laboratory.stride += 1,
            C::ShorterStride => self.settings.laboratory.stride -= 1,
            C::ScoreEverySource => {
                let laboratory = &mut self.settings.laboratory;
                laboratory.score_all = !laboratory.score_all;
            }
            C::ChooseSecondModel => self.ask(PathPrompt::SecondModel, ctx),
            C::ChooseTruth => self.ask(PathPrompt::Truth, ctx),
            C::ChooseTruthFile => self.ask(PathPrompt::TruthFile, ctx),
            C::ForgetTruth => self.choose_truth(None),
            C::MeasureClip => self.measure(),
            C::SaveStatistics => self.ask(PathPrompt::SaveStatistics, ctx),
            C::SaveFlow => self.ask(PathPrompt::SaveFlow, ctx),
            C::SavePicture => self.ask(PathPrompt::SavePicture, ctx),
            C::ExportFlows => self.ask(PathPrompt::ExportFlows, ctx),
            C::ExportVideo => self.ask(PathPrompt::ExportVideo, ctx),
            C::ExportAnnotated => self.ask(PathPrompt::ExportAnnotated, ctx),
            C::StopExport => self.engine.send(Request::Export(None)),
            C::ChooseBenchmark => self.ask(PathPrompt::Benchmark, ctx),
            C::RunBenchmark => self.run_benchmark(),
            C::SaveBenchmark => self.ask(PathPrompt::SaveBenchmark, ctx),
            C::ChooseEvaluationClips => self.ask(PathPrompt::EvaluationClips, ctx),
            C::ChooseEvaluationList => self.ask(PathPrompt::EvaluationList, ctx),
            C::ChooseEvaluationLists => self.ask(PathPrompt::EvaluationLists, ctx),
            C::ChooseEvaluationClasses => self.ask(PathPrompt::EvaluationClasses, ctx),
            C::RunEvaluation => self.run_evaluation(),
            C::SaveEvaluation => self.ask(PathPrompt::SaveEvaluation, ctx),
            C::OpenEvaluation => self.ask(PathPrompt::OpenEvaluation, ctx),
            C::CompareEvaluation => self.ask(PathPrompt::CompareEvaluation, ctx),
            C::StartLive
            | C::CorrectLive
            | C::RecordLive
            | C::DemoLive
            | C::MirrorLive
            | C::ListCameras
            | C::ChooseCorrections
            | C::TrainOnCorrections
            | C::ShowLive => self.go_live(command, ctx),
            C::ChooseTrainingFolder => self.ask(PathPrompt::TrainingFolder, ctx),
            C::SaveCurves => self.ask(PathPrompt::SaveCurves, ctx),
            C::SaveCurvesPicture => self.ask(PathPrompt::SaveCurvesPicture, ctx),
            C::StartTraining => self.start_training(ctx),
            C::PauseTraining | C::StopTraining | C::UseTrainedWeights => self.train(command),
            C::TrainOnLabels => {
                self.panels.training.choose_labels();
                layout::show(&mut self.settings.layout, Pane::Training);
            }
            C::CompareWeights => {
                let training = &self.session.training;
                if let (Some(old), Some(new)) = (training.base.clone(), training.trained().cloned()) {
                    self.compare_models(old, new);
                }
            }
            C::ChooseRunsFolder => self.ask(PathPrompt::RunsFolder, ctx),
            C::ExportModel => self.ask(PathPrompt::ExportModel, ctx),
            C::PinFrame => {
                if let Some(pin) = self.session.frame_pin() {
                    self.session.pinned.toggle(pin);
                    layout::show(&mut self.settings.layout, Pane::Pinned);
                }
            }
            C::ShowProject => layout::show(&mut self.settings.layout, Pane::Project),
            C::Guide => self.guide.is_open = !self.guide.is_open,
            C::SampleProject => self.open_sample_project(ctx),
            C::Palette => self.overlay.show_palette(Palette::commands()),
            C::Shortcuts => self.overlay.show_shortcuts(),
            C::ToggleTheme => self.toggle_theme(ctx),
            C::FullScreen => toggle_full_screen(ctx),
            C::ResetLayout => self.settings.layout = layout::default_layout(),
            C::ShowScores => layout::show(&mut self.settings.layout, Pane::Scores),
            C::ShowTraining => layout::show(&mut self.settings.layout, Pane::Training),
            C::ShowFlow => layout::show(&mut self.settings.layout, Pane::Flow),
            C::ShowStatistics => layout::show(&mut self.settings.layout, Pane::Statistics),
            C::ShowBenchmark => layout::show(&mut self.settings.layout, Pane::Benchmark),
            C::ShowEvaluation => layout::show(&mut self.settings.layout, Pane::Evaluation),
            C::ShowRuns => layout::show(&mut self.settings.layout, Pane::Runs),
            C::ShowPinned => layout::show(&mut self.settings.layout, Pane::Pinned),
            C::ShowLog => layout::show(&mut self.settings.layout, Pane::Log),
            _ => self.label_with(command, ctx),
        }
        ctx.request_repaint();
    }

    fn open_sample(&mut self, ctx: &Context) {
        match self.settings.sample.clone() {
            Some(dir) => self.opener.look_for_sample(dir, ctx),
            None => self.write_sample(),
        }
    }

    /// Begins to write the sample, to be opened unless a person opens something else meanwhile.
    pub(in crate::app) fn write_sample(&mut self) {
        self.session.writing_sample = Some((0, 0));
        self.waits_for_sample = true;
        self.engine.send(Request::WriteSample(self.data_dir.join(SAMPLE)));
    }

    pub(in crate::app) fn close_clip(&mut self) {
        self.engine.send(Request::Close);
        self.session.leave_clip();
    }

    fn play(&mut self, command: Command) {
        let player = self.session.player;
        // The shuttle doubles the speed in its own direction and starts over in the other one.
        let shuttle = |direction: f64| {
            let faster = player.playing && player.speed * direction > 0.0;
            direction * if faster { (player.speed.abs() * 2.0).min(FASTEST) } else { 1.0 }
        };
        let last = self.session.frames().saturating_sub(1);
        use PlayerCommand as P;
        let commands = match command {
            Command::PlayPause if player.playing => vec![P::Pause],
            // Its end and its loop are known with the list of its frames.
            Command::PlayPause if self.session.clip.is_none() => vec![P::Play],
            Command::PlayPause if self.settings.looping => self.to_loop().into_iter().chain([P::Play]).collect(),
            Command::PlayPause if player.position >= last && player.speed > 0.0 => vec![P::SeekFrame(0), P::Play],
            Command::PlayPause => vec![P::Play],
            Command::PlayForwards => vec![P::SetSpeed(shuttle(1.0)), P::Play],
            Command::PlayBackwards => vec![P::SetSpeed(shuttle(-1.0)), P::Play],
            Command::StepBack => vec![P::Pause, P::Step(-1)],
            Command::StepForward => vec![P::Pause, P::Step(1)],
            Command::SecondBack => vec![P::SkipSecs(-1.0)],
            Command::SecondForward => vec![P::SkipSecs(1.0)],
            Command::FirstFrame => vec![P::SeekFrame(0)],
            Command::LastFrame => vec![P::SeekFrame(last)],
            _ => vec![P::Pause],
        };
        // What is marked or labelled by the next key is where these lead, not where the player was seen last.
        self.session.player.position = match command {
            Command::StepBack => player.position.saturating_sub(1),
            Command::StepForward => (player.position + 1).min(last),
            Command::SecondBack => self.session.frame_after(-1.0),
            Command::SecondForward => self.session.frame_after(1.0),
            Command::FirstFrame => 0,
            Command::LastFrame => last,
            _ => player.position,
        };
        self.to_player(commands);
    }

    /// What brings the player into what is looped.
    fn to_loop(&self) -> Option<PlayerCommand> {
        let (first, last) = self.session.loop_range();
        (!(first..=last).contains(&self.session.player.position)).then_some(PlayerCommand::SeekFrame(first))
    }

    /// Goes to a frame of the clip.
    pub(in crate::app) fn seek(&mut self, frame: usize) {
        self.session.player.position = frame;
        self.to_player([PlayerCommand::SeekFrame(frame)]);
    }

    fn mark(&mut self, command: Command) {
        let position = self.session.seen_frame();
        let marks = &mut self.session.marks;
        if matches!(command, Command::MarkIn | Command::MarkOut) {
            self.session.studio.select_segment(None); // the next label is for what is marked
        }
        match command {
            Command::MarkIn => marks.mark_in(position),
            Command::MarkOut => marks.mark_out(position),
            Command::ClearMarks => (marks.start, marks.end) = (None, None),
            _ => self.settings.looping = !self.settings.looping,
        }
        self.tell_loop();
    }

    /// Tells the player what it is to repeat, if that has changed.
    pub(in crate::app) fn tell_loop(&mut self) {
        // A clip that is being opened knows neither its marks nor its frames yet.
        let is_looping = self.settings.looping && self.session.clip.is_some();
        let wanted = is_looping.then(|| self.session.loop_range());
        if self.looping != wanted {
            self.looping = wanted;
            self.to_player([PlayerCommand::SetLoop(wanted)]);
        }
    }

    fn to_player(&self, commands: impl IntoIterator<Item = PlayerCommand>) {
        for command in commands {
            self.engine.send(Request::Player(command));
        }
    }

    fn lock_scale(&mut self) {
        let shown = MagnitudeScale::of(&self.settings, &self.session).max_px;
        // Still flow has no scale of its own to hold.
        let px = if shown >= 0.1 { shown } else { 1.0 };
        let locked = &mut self.settings.locked_scale_px;
        *locked = if locked.is_some() { None } else { Some(px) };
    }

    fn change_views(&mut self, command: Command) {
        let views = &mut self.settings.views;
        let mut active = views.active.min(views.list().len() - 1);
        match command {
            Command::AddView => active = views.add(active),
            Command::RemoveView => views.remove(active),
            Command::ToggleSwipe => views.swipe = !views.swipe,
            Command::DividerLeft => views.nudge_divider(active, -DIVIDER_STEP),
            Command::DividerRight => views.nudge_divider(active, DIVIDER_STEP),
            Command::NextSource => views.cycle_source(active, 1),
            Command::PreviousSource => views.cycle_source(active, FlowSource::ALL.len() - 1),
            _ => views.toggle_arrows(active),
        }
        views.active = active;
    }

    fn arrange(&mut self, command: Command) {
        if let Some(arrangement) = command.arrangement() {
            self.settings.views = arrangement.views();
            self.panels.viewer.fit();
        }
    }

    fn measure(&mut self) {
        self.tell_laboratory(); // A view may have been added since the last repaint.
        self.session.notice = None; // It may have been about the last attempt.
        // A measurement that is stopped is over when the engine says so.
        let measuring = &mut self.session.lab.measuring;
        self.engine.send(Request::MeasureClip(measuring.is_none()));
        measuring.get_or_insert(0);
        layout::show(&mut self.settings.layout, Pane::Statistics);
    }

    fn run_benchmark(&mut self) {
        layout::show(&mut self.settings.layout, Pane::Benchmark);
        if self.session.benchmark.is_running() {
            return self.engine.send(Request::Benchmark(None));
        }
        match self.panels.benchmark.plan(self.settings.benchmark_root.as_ref()) {
            Ok(plan) => {
                self.session.notice = None;
                self.session.benchmark.begin(plan.dataset);
                self.engine.send(Request::Benchmark(Some(plan)));
            }
            Err(reason) => self.session.log.push(Level::Warning, reason),
        }
    }

    fn run_evaluation(&mut self) {
        layout::show(&mut self.settings.layout, Pane::Evaluation);
        let evaluation = &mut self.session.evaluation;
        if evaluation.is_running() {
            evaluation.phase = EvaluationPhase::Stopping;
            return self.engine.send(Request::Evaluate(None));
        }
        let settings = &self.settings.evaluation;
        let (Ok(source), Some(model)) = (settings.source(), &self.session.model) else { return };
        let (protocol, fusion) = (settings.protocol(), settings.fusion.unwrap_or(model.fusion));
        let flow_source = training::FlowSource::MotionNet;
        evaluation.begin(EvaluationPlan { data: settings.data(), protocol, fusion, flow_source });
        let order = EvaluationOrder { source, model: model.dir.clone(), protocol };
        self.engine.send(Request::Evaluate(Some(Box::new(order))));
    }

    /// Writes the report that is shown into the folder `dir`.
    pub(in crate::app) fn save_evaluation(&mut self, dir: PathBuf, existing: Existing, ctx: &Context) {
        let Some(report) = self.session.evaluation.report().cloned() else { return };
        let guard = self.guard(existing);
        self.exporter.run(dir, ctx, move |dir| {
            let staging = Staging::begin(dir)?;
            report.write_folder(&staging.root())?;
            staging.publish(&guard)
        });
    }

    /// Writes a picture of the training's curves to `path`.
    pub(in crate::app) fn save_curves_picture(&mut self, path: PathBuf, existing: Existing, ctx: &Context) {
        let (plots, training) = (self.panels.training.plots().clone(), self.session.training.clone());
        let dark = self.settings.dark;
        self.write_file(path, existing, ctx, move |path| write_picture(path, &plots.picture(&training, dark)));
    }

    /// Writes the flow in view to `path`, in pixels of the video.
    pub(in crate::app) fn save_flow(&mut self, path: PathBuf, picture: bool, existing: Existing, ctx: &Context) {
        let state = self.session.lab.source(self.settings.views.flow_source());
        let (Some(flow), Some(clip)) = (state.flow.clone(), &self.session.clip) else { return };
        let size = [clip.width as usize, clip.height as usize];
        let max_px = self.settings.locked_scale_px;
        let guard = self.guard(existing);
        self.exporter.run(path, ctx, move |path| {
            let format = FlowFormat::of_name(path).filter(|_| !picture);
            guard.check(&format.map_or(vec![path.to_owned()], |format| format.files(path)))?;
            let field = flow.flow.at_size(size[0], size[1]);
            if picture {
                let max_px = max_px.unwrap_or_else(|| field.magnitude_max());
                return write_picture(path, &colour::picture(&field, max_px));
            }
            files::write(path, &field)
        });
    }

    /// Writes the flow of the whole clip into the folder `dir`.
    pub(in crate::app) fn export_flows(&mut self, dir: PathBuf, existing: Existing) {
        let max_px = self.settings.locked_scale_px.unwrap_or(DEFAULT_BOUND_PX);
        self.export(FlowExport::Folder {
            dir,
            source: self.settings.views.flow_source(),
            format: self.settings.export_format,
            scales: Scales { bound_px: DEFAULT_BOUND_PX, max_px },
            guard: self.guard(existing),
        });
    }

    /// Writes a video of the frames beside the flows in view.
    pub(in crate::app) fn export_video(&mut self, path: PathBuf, existing: Existing) {
        let (sources, max_px) = (self.settings.views.flow_sources(), self.settings.locked_scale_px);
        self.export(FlowExport::Video { path, sources, max_px, guard: self.guard(existing) });
    }

    /// Writes the clip as a video with everything drawn in.
    pub(in crate::app) fn export_annotated(&mut self, path: PathBuf, existing: Existing) {
        let (Some(clip), Some(model)) = (&self.session.clip, &self.session.model) else { return };
        let (clip, model) = (clip.path.clone(), model.dir.clone());
        self.session.notice = None;
        self.session.exporting = Some((0, self.session.frames()));
        let (fusion, guard) = (self.session.fusion, self.guard(existing));
        let export = OverlayExport { clip, path, model, fusion, guard };
        self.engine.send(Request::ExportAnnotated(Box::new(export)));
    }

    fn export(&mut self, export: FlowExport) {
        self.session.notice = None;
        self.session.exporting = Some((0, self.session.frames()));
        layout::show(&mut self.settings.layout, Pane::Flow);
        self.engine.send(Request::Export(Some(export)));
    }

    fn select(&mut self, command: Command) {
        let FlowSelection { mut pair, mut level } = self.session.selection;
        match command {
            Command::FinerLevel => level -= 1,
            Command::CoarserLevel => level += 1,
            Command::NextPair => pair = Some(pair.map_or(0, |pair| (pair + 1).min(PAIRS - 1))),
            _ => pair = pair.and_then(|pair| pair.checked_sub(1)),
        }
        self.session.selection = FlowSelection { pair, level };
        self.engine.send(Request::Select(self.session.selection));
    }

    fn start_training(&mut self, ctx: &Context) {
        layout::show(&mut self.settings.layout, Pane::Training);
        match self.panels.training.plans(&self.session) {
            Ok(plans) => {
                self.session.training = TrainingState::starting();
                self.plans.clear();
                self.plans.ask((), ctx, plans);
                if !self.plans.is_busy() {
                    self.session.training = TrainingState::default();
                    let cause = "could not start a worker thread to find a free run folder";
                    self.session.problem(&Error::new("training", cause, "Close other programs and try again"));
                }
            }
            Err(error) => self.session.problem(&error),
        }
    }

    /// Starts the training whose folder was found, unless it was stopped meanwhile.
    pub(in crate::app) fn take_plans(&mut self) {
        let Some(found) = self.plans.take() else { return };
        let is_wanted = self.session.training.phase == TrainingPhase::Preparing;
        match found {
            Ok(plans) if is_wanted => {
                self.session.training.base = plans.last().and_then(|plan| plan.base.clone());
                self.engine.send(Request::TrainInTurn(plans));
            }
            found => {
                self.session.training = TrainingState::default();
                found.err().iter().for_each(|error| self.session.problem(error));
            }
        }
    }

    fn train(&mut self, command: Command) {
        let phase = self.session.training.phase.clone();
        match (command, phase) {
            (Command::PauseTraining, TrainingPhase::Paused) => self.engine.send(Request::ResumeTraining),
            (Command::PauseTraining, _) => {
                self.session.training.enter(TrainingPhase::Pausing);
                self.engine.send(Request::PauseTraining);
            }
            (Command::UseTrainedWeights, TrainingPhase::Finished { model_dir, .. }) => self.load_model(model_dir),
            (Command::StopTraining, _) => {
                self.session.training.enter(TrainingPhase::Stopping);
                self.engine.send(Request::StopTraining);
            }
            _ => {}
        }
    }

    /// Uses the networks in folder `new` and lays their flow over that of those in folder `old`.
    pub(in crate::app) fn compare_models(&mut self, old: PathBuf, new: PathBuf) {
        self.load_model(new);
        let laboratory = &mut self.settings.laboratory;
        laboratory.second_model = Some(old);
        laboratory.coarse_to_fine = false; // both as the temporal stream sees them
        self.settings.views = ViewPreset::OldOrNew.views();
        self.panels.viewer.fit();
    }

    fn toggle_theme(&mut self, ctx: &Context) {
        self.settings.dark = !self.settings.dark;
        theme::apply(ctx, self.settings.dark);
    }
}

fn toggle_full_screen(ctx: &Context) {
    let full_screen = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
    ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full_screen));
}
