//! The window's main type: receives in `logic`, draws in `ui`, and does what was asked for afterwards.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use eframe::egui::{CentralPanel, Context, Frame as Area, Id, Margin, Panel, Ui, ViewportCommand, Visuals};
use eframe::{CreationContext, Frame, Storage};

use super::command::Command;
use super::command::prompt::{Dialogs, PathPrompt};
use super::environment::Options;
use super::evaluation::state::{ReportPurpose, ResultsLoss};
use super::flow::network_names::FlowNetwork;
use super::labeling::project_opener::{ProjectOpener, Start};
use super::layout::{self, Pane};
use super::live::panel::Demo;
use super::panel::{Action, PanelContext};
use super::panels::Panels;
use super::session::Session;
use super::settings::text::Unread;
use super::settings::{Settings, truth_beside};
use super::shell::crash_offer::CrashOffer;
use super::shell::dock;
use super::shell::drop_hint::drop_hint_ui;
use super::shell::first_steps_panel::{GUIDE_WIDTH, guide_ui};
use super::shell::menu::menu_ui;
use super::shell::notice::notice_ui;
use super::shell::opener::{ModelRole, Opener};
use super::shell::overlay::Overlay;
use super::shell::repaint_log::RepaintLog;
use super::shell::status_bar::status_bar_ui;
use super::shell::topic::Topic;
use super::tasks::{Background, Tasks};
use super::training::state::TrainingPhase;
use super::ui::scrolled_popups::close_scrolled;
use super::ui::theme;
use super::ui::theme::{PANEL_MARGIN, Tokens};
use super::viewer::panel::install_gpu_flow;
use super::viewer::transport::Transport;
use crate::engine::{Engine, FlowSettings, Labeling, LiveEvent, Message, Request, Wake, default_model, flow_model};
use crate::error::Error;
use crate::evaluation::ActionsReport;
use crate::gpu::{Compute, ComputeKind, DeviceChoice};
use crate::nets::ModelCard;
use crate::training::runs::{self, Run};
use crate::training::{TrainingEvent, TrainingPlan};

/// The cache folder of video thumbnails.
const THUMBNAILS: &str = "thumbnails";

/// The window.
pub struct App {
    pub(super) engine: Engine,
    pub(super) session: Session,
    pub(super) settings: Settings,
    pub(super) panels: Panels,
    /// Where the sample project is kept.
    pub(super) data_dir: PathBuf,
    transport: Transport,
    demo: Demo,
    pub(super) opener: Opener,
    pub(super) dialogs: Dialogs,
    /// Files that are written, with what is in them where that is not plain.
    pub(super) exports: Tasks<PathBuf, Option<String>>,
    /// Pages that the browser is asked to open.
    pub(super) browsing: Tasks<PathBuf, ()>,
    /// The report of the last crash.
    pub(super) crash: CrashOffer,
    /// Saved reports of evaluations that are read.
    pub(super) reports: Tasks<ReportPurpose, (PathBuf, ActionsReport)>,
    /// What the engine's flow comparison was last told to work on.
    sent_flow: Option<FlowSettings>,
    /// What the player was last told to repeat.
    pub(super) looping: Option<(usize, usize)>,
    /// The threads that look into the files of the labelling project.
    pub(super) labeling: Labeling,
    pub(super) projects: ProjectOpener,
    /// Whether the project of the last time is being opened.
    pub(super) reopening: bool,
    /// What lies over the panels.
    pub(super) overlay: Overlay,
    /// The files that a command would replace at a path.
    pub(super) output_checks: Tasks<(Command, PathBuf), Vec<PathBuf>>,
    /// The runs that are about to start.
    pub(super) plans: Tasks<(), Vec<TrainingPlan>>,
    /// The runs beside the latest one of the last time.
    pub(super) earlier_runs: Background<PathBuf, Vec<Run>>,
    /// The ground truth that is looked for beside the open clip.
    pub(super) truth: Background<PathBuf, Option<PathBuf>>,
    /// The architecture of the second model's motion network.
    pub(super) second_network: Background<PathBuf, Option<FlowNetwork>>,
    /// The clip that a person chose, and did not only step to: it is among the recent ones once it is open.
    pub(super) remembers: Option<PathBuf>,
    /// Whether the clip that is opened next plays at once.
    pub(super) play_next: bool,
    /// Whether a folder was opened of which no clip is open yet.
    pub(super) opens_folder: bool,
    /// Whether the sample that is being written is to be opened: nothing else was since.
    pub(super) waits_for_sample: bool,
    /// The folder of the model that a person asked for, until it is in use.
    pub(super) announced_model: Option<PathBuf>,
    /// Whether the window closes whatever is not saved.
    pub(super) may_close: bool,
    /// What is done once results are saved.
    pub(super) after_saving: Option<ResultsLoss>,
    /// The path that was typed last for a question, until something is written there.
    pub(super) typed_path: Option<(PathPrompt, PathBuf)>,
    /// The title of the window.
    title: String,
    repaints: RepaintLog,
}

impl App {
    /// Starts the engine on `compute` and opens what `options` name.
    ///
    /// `data_dir` is where generated files are kept. Flow is drawn from the networks' own buffers if the window draws
    /// with the device of `compute`.
    pub fn new(cc: &CreationContext<'_>, compute: Compute, options: &Options, data_dir: PathBuf) -> Self {
        if let Some(render_state) = &cc.wgpu_render_state {
            install_gpu_flow(render_state);
        }
        let mut settings = Settings::load(cc.storage);
        let unread = settings.unread.take();
        let mut app = Self::without_window(&cc.egui_ctx, settings, compute, options, data_dir);
        if let Some(unread) = unread {
            app.tell_unread(&unread);
        }
        app
    }

    /// The same with nothing behind `ctx` that could show it.
    pub(super) fn without_window(
        ctx: &Context,
        settings: Settings,
        compute: Compute,
        options: &Options,
        data_dir: PathBuf,
    ) -> Self {
        super::ui::install(ctx);
        theme::apply(ctx, settings.dark);
        let mut session = Session::new(compute.name.clone());
        session.on_gpu = compute.kind == ComputeKind::Gpu;
        let wake = ctx.clone();
        let wake: Wake = Arc::new(move || wake.request_repaint());
        let thumbnails = options.cache.as_ref().map(|cache| cache.join(THUMBNAILS));
        let labeling = Labeling::new(wake.clone(), thumbnails);
        let engine = Engine::new(compute, wake);
        settings.keys.install(ctx);
        let mut app = Self {
            engine,
            session,
            settings,
            panels: Panels::default(),
            data_dir,
            transport: Transport::default(),
            demo: Demo::default(),
            opener: Opener::default(),
            dialogs: Dialogs::default(),
            exports: Tasks::default(),
            browsing: Tasks::default(),
            crash: CrashOffer::default(),
            reports: Tasks::default(),
            sent_flow: None,
            looping: None,
            labeling,
            projects: ProjectOpener::default(),
            reopening: false,
            overlay: Overlay::default(),
            output_checks: Tasks::default(),
            plans: Tasks::default(),
            earlier_runs: Background::default(),
            truth: Background::default(),
            second_network: Background::default(),
            remembers: None,
            play_next: false,
            opens_folder: false,
            waits_for_sample: false,
            announced_model: None,
            may_close: false,
            after_saving: None,
            typed_path: None,
            title: String::new(),
            repaints: RepaintLog::default(),
        };
        app.open_at_start(options, ctx);
        app
    }

    /// What the training is doing.
    pub fn training_phase(&self) -> &TrainingPhase {
        &self.session.training.phase
    }

    /// The device the networks are to use from the next start on.
    pub fn device_choice(&self) -> DeviceChoice {
        self.settings.device
    }

    /// Opens whatever is at `path`: a clip, a model, a folder of clips or of classes.
    pub fn open(&mut self, path: PathBuf, ctx: &Context) {
        self.opener.look(path, ctx);
    }

    /// Tells a problem that happened before the window was there.
    pub fn tell(&mut self, error: &Error) {
        self.session.problem(error);
    }

    /// Reports settings that could not be read, and keeps them.
    fn tell_unread(&mut self, unread: &Unread) {
        let names = if unread.names.is_empty() { "all".into() } else { unread.names.join(", ") };
        let kept = match super::environment::keep_unread(&unread.text) {
            Ok(path) => format!("The old settings are kept in {}", path.display()),
            Err(error) => format!("The old settings could not be backed up: {}", error.cause),
        };
        let cause = format!("written by another version and not readable, so reset to defaults: {names}");
        self.session.problem(&Error::new("settings", cause, kept));
    }

    /// Takes in all that happened since the last time.
    pub(super) fn take_news(&mut self, ctx: &Context) {
        let messages: Vec<_> = self.engine.messages().try_iter().collect();
        for message in &messages {
            self.receive(message, ctx);
        }
        self.session.refresh(&self.engine);
        self.follow_live(ctx);
        self.panels.training.follow(&self.session, ctx);
        let (plans, is_free) = (self.panels.training.timed_plans(), self.session.is_device_free());
        if let Some(request) = self.session.step_timing.follow(plans, is_free, ctx) {
            self.engine.send(request);
        }
        self.start_awaited_training(ctx);
        self.follow_runs(ctx);
        self.take_plans();
        self.take_truth();
        self.take_answers(ctx);
        self.take_crash();
        self.follow_project(ctx);
        self.take_dialog(ctx);
        self.take_dropped(ctx);
    }

    /// Draws everything and does what the person asked for.
    pub(super) fn draw(&mut self, ui: &mut Ui) {
        self.guard_close(ui.ctx());
        theme::fit_lists(ui.ctx());
        close_scrolled(ui.ctx());
        self.follow_predictions(ui.ctx());
        self.take_keys(ui.ctx());
        self.take_escape(ui.ctx());
        (self.panels.statistics.is_shown, self.panels.live.is_shown) = (false, false);
        (self.panels.scores.is_shown, self.panels.training.is_form_shown) = (false, false);
        self.session.is_asking = self.dialogs.is_asking();
        match self.session.live.demo && self.session.live.view.is_some() {
            true => self.demo_ui(ui),
            false => self.panels_ui(ui),
        }
        self.send_flow_settings();
        self.name_second_network(ui.ctx());
        self.tell_loop();
        self.tell_live();
        self.follow_clip_scores();
        let title = self.session.window_title();
        if self.title != title {
            self.title.clone_from(&title);
            ui.ctx().send_viewport_cmd(ViewportCommand::Title(title));
        }
        if let Some(wishes) = self.session.labeling.thumbnails.wishes() {
            self.labeling.want(wishes);
        }
        self.overlay_ui(&ui.ctx().clone());
        drop_hint_ui(ui);
    }

    fn open_at_start(&mut self, options: &Options, ctx: &Context) {
        if let Some(state) = &options.state {
            self.crash.look(state, self.settings.offered_report.clone(), ctx);
        }
        // What was used the last time may be on a disk that is away, or does not answer.
        match (options.model.clone(), self.settings.model.clone()) {
            (Some(dir), _) => self.load_model(dir),
            (None, Some(dir)) => self.opener.look_for_model(ModelRole::First, dir, ctx),
            (None, None) => self.known_model(ModelRole::First, default_model()),
        }
        match self.settings.flow.second_model.clone() {
            Some(dir) => self.opener.look_for_model(ModelRole::Second, dir, ctx),
            None => self.known_model(ModelRole::Second, flow_model()),
        }
        match (&options.open, self.settings.last.clone()) {
            (Some(path), _) => self.open(path.clone(), ctx),
            (None, Some(last)) => self.opener.look_for_last(last, ctx),
            (None, None) => {}
        }
        if let Some(dir) = self.settings.labeling.project.clone() {
            self.reopening = true;
            self.begin_project(Start::Open, dir, ctx);
        }
        if let Some(folder) = self.settings.training_folder.clone() {
            self.panels.training.offer_folder(folder, ctx);
        }
        self.panels.training.restore(self.settings.training.clone());
        self.session.pinned.restore(self.settings.pins.clone(), self.settings.pinned_run.clone());
        if let Some(runs) = self.settings.latest_run.as_deref().and_then(Path::parent).map(Path::to_owned) {
            self.earlier_runs.ask(runs.clone(), ctx, move || runs::list(&runs));
        }
    }

    /// Compares the flow of `clip` with the ground truth that was chosen for it before, else with that which is found beside it.
    fn recall_truth(&mut self, clip: &Path, ctx: &Context) {
        self.truth.clear();
        if let Some(truth) = self.session.truth_of_pair(clip) {
            self.settings.flow.truth = Some(truth.to_owned()); // it is gone when the program ends, like the pair
        } else if !self.settings.recall_truth(clip) {
            let path = clip.to_owned();
            self.truth.ask(path.clone(), ctx, move || truth_beside(&path));
        }
    }

    /// Takes the ground truth that was found, unless another was chosen meanwhile.
    fn take_truth(&mut self) {
        if let Some(found) = self.truth.take()
            && self.settings.flow.truth.is_none()
        {
            self.settings.flow.truth = found;
        }
    }

    /// What the engine's flow comparison was last told to work on.
    #[cfg(test)]
    pub(super) fn flow_demand(&self) -> Option<&FlowSettings> {
        self.sent_flow.as_ref()
    }

    /// Tells the engine what the views and the panels now need.
    pub(super) fn send_flow_settings(&mut self) {
        let demand = self.settings.views.demand(&self.settings.flow, self.panels.statistics.is_shown);
        if self.sent_flow.as_ref() == Some(&demand) {
            return;
        }
        self.sent_flow = Some(demand.clone());
        self.session.flow.set(demand.clone());
        self.engine.send(Request::FlowComparison(Box::new(demand)));
    }

    /// Names the second model's network in the lists of sources, by its architecture as soon as its card is read.
    fn name_second_network(&mut self, ctx: &Context) {
        let dir = self.settings.flow.second_model.clone();
        if let Some(dir) = dir.clone() {
            let card = dir.clone();
            let read = move || FlowNetwork::of(&ModelCard::read(&card).ok()?);
            self.second_network.ask(dir, ctx, read);
        }
        self.second_network.receive();
        let known = self.second_network.value().filter(|_| !self.second_network.is_busy());
        self.session.flow.name_second(dir.as_deref(), known.copied().flatten());
    }

    pub(super) fn receive(&mut self, message: &Message, ctx: &Context) {
        self.session.receive(message);
        match message {
            Message::Opened(info) if self.session.clip.as_ref() == Some(info) => {
                self.opens_folder = false;
                if self.remembers.take().is_some_and(|opened| opened == info.path) {
                    self.settings.remember(&info.path);
                }
                self.looping = None;
                self.tell_sound();
                self.follow_with_model(&info.path);
                self.recall_truth(&info.path, ctx);
                if !self.resume(&info.path) {
                    self.panels.viewer.fit();
                }
                if std::mem::take(&mut self.play_next) {
                    self.perform(Command::PlayPause, ctx);
                }
            }
            Message::OpenFailed(path, _) => {
                self.play_next = false;
                match self.next_to_try(path) {
                    Some(next) => self.open_instead(next),
                    None => self.return_to_clip(),
                }
            }
            Message::ModelLoaded(info) => {
                self.settings.model = Some(info.dir.clone());
                self.announce_model(info);
                self.engine.send(Request::Select(self.session.selection));
            }
            Message::PairReady { clip, truth } => {
                self.session.pair_opened(clip, truth.clone());
                if truth.is_some() {
                    self.settings.views.show_truth();
                }
                self.open_clip(clip.clone());
            }
            Message::SampleClip(path) => self.take_sample_clip(path),
            Message::SampleWritten(dir) => {
                self.settings.sample = Some(dir.clone());
                if std::mem::take(&mut self.waits_for_sample) {
                    self.play_next = true;
                    self.open(dir.clone(), ctx);
                } else if self.is_sample_open(dir) {
                    self.adopt_sample(dir, ctx);
                } else {
                    self.session.told = Some(("Sample ready: choose File › Open sample".into(), Instant::now()));
                }
            }
            Message::SampleEnded => self.waits_for_sample = false,
            Message::Live(LiveEvent::Failed(_)) => self.stop_watching(),
            Message::Problem(Topic::Export, error) => self.export_failed(error),
            Message::Training(TrainingEvent::Finished { model_dir, .. }) => self.training_finished(model_dir),
            _ => {}
        }
    }

    fn training_finished(&mut self, model_dir: &Path) {
        let flow = &mut self.settings.flow;
        if flow.second_model.as_deref() == Some(model_dir) {
            flow.second_edition += 1; // a resumed run keeps its folder
        }
        // The panel in use stays in front; the tab has a dot until the result is looked at.
        if !layout::is_shown(&self.settings.layout, Pane::Training) {
            self.session.training.has_unseen_result = true;
            self.session.told = Some(("Training finished: see the Training panel".into(), Instant::now()));
        }
    }

    fn demo_ui(&mut self, ui: &mut Ui) {
        let (mut actions, training_ready) = (Vec::new(), self.panels.training.ready());
        let (session, settings) = (&mut self.session, &mut self.settings);
        let mut cx = PanelContext { session, settings, actions: &mut actions, training_ready };
        self.demo.demo_ui(ui, &mut cx);
        actions.into_iter().for_each(|action| self.act(action, ui.ctx()));
    }

    fn panels_ui(&mut self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let mut actions = Vec::new();
        let training_ready = self.panels.training.ready();
        // The layout is taken out so that the panels may change the other settings while it is drawn.
        let mut layout = std::mem::replace(&mut self.settings.layout, layout::Layout::empty(Id::NULL));
        let mut cx = PanelContext {
            session: &mut self.session,
            settings: &mut self.settings,
            actions: &mut actions,
            training_ready,
        };
        let bar = Area::new().fill(tokens.surface).inner_margin(Margin::symmetric(8, 4));
        Panel::top("menu").frame(bar).show_separator_line(false).show(ui, |ui| menu_ui(ui, &mut cx));
        let line = Area::new().fill(tokens.background).inner_margin(Margin::symmetric(12, 4));
        Panel::bottom("status").frame(line).show_separator_line(false).show(ui, |ui| status_bar_ui(ui, &mut cx));
        let bottom = Area::new().fill(tokens.surface);
        // A live source has no timeline: its pictures and the panel take the room.
        if !cx.session.live.is_active() {
            Panel::bottom("transport").frame(bottom).show_separator_line(false).show(ui, |ui| {
                self.transport.transport_ui(ui, &mut cx);
            });
        }
        let mut guide = std::mem::take(&mut cx.settings.guide);
        guide.follow(cx.session);
        if guide.is_open {
            let side = Area::new().fill(tokens.surface).inner_margin(Margin::same(PANEL_MARGIN));
            let side = Panel::left("guide").frame(side).resizable(false).exact_size(GUIDE_WIDTH);
            side.show(ui, |ui| guide_ui(ui, &guide, &mut cx));
        }
        cx.settings.guide = guide;
        let panels = ui.available_rect_before_wrap();
        CentralPanel::no_frame().frame(Area::new().fill(tokens.background)).show(ui, |ui| {
            dock::dock_ui(&mut layout, &mut self.panels, &mut cx, ui);
        });
        let within = layout::place_of(&layout, Pane::Viewer).unwrap_or(panels);
        self.crash.offer_ui(ui, within, &mut cx);
        // The viewer shows why it has no clip.
        let open_failure = cx.session.open_failure();
        if let Some(error) = cx.session.notice.clone().filter(|error| open_failure != Some(error)) {
            notice_ui(ui, &error, within, &mut cx);
        }
        self.settings.layout = layout;
        self.take_typed(ui.ctx().memory(|memory| memory.focused()));
        for action in actions {
            self.act(action, ui.ctx());
        }
    }

    /// Changes the project by what was typed in fields without the `focus`.
    pub(super) fn take_typed(&mut self, focus: Option<Id>) {
        for edit in self.panels.project.typed(self.session.labeling.project(), focus) {
            self.change_project(&edit);
        }
    }

    pub(super) fn act(&mut self, action: Action, ctx: &Context) {
        match action {
            Action::Run(command) => self.perform(command, ctx),
            Action::Open(path) => self.open(path, ctx),
            Action::Examine(known) => {
                let path = known.path.clone();
                self.session.examine(*known);
                self.open_clip(path);
            }
            Action::Compare { old, new } => self.compare_models(old, new),
            Action::Edit(edit) => self.change_project(&edit),
            Action::ShowVideo(id) => self.show_video(id),
            Action::AddVideos(paths) => self.add_videos(&paths),
            Action::MakeProject(dir) => self.begin_project(Start::Either, dir, ctx),
            Action::CreateProject(dir) => self.begin_project(Start::Create, dir, ctx),
            Action::LabelFolder(dir) => self.label_folder(dir, ctx),
            Action::ReadLabelsAgain => self.read_labels_again(ctx),
            Action::StopSearches => self.stop_searches(),
            Action::Import(order) => self.import_labels(*order, ctx),
            Action::Give(label) => self.give(label),
            Action::AddSegment { video, label, frames } => _ = self.add_segment(video, label, frames),
            Action::GoInHistory(steps) => self.go_in_history(steps),
            Action::DeclineFolders => self.decline_folders(),
            Action::Ask(question) => self.ask(question, ctx),
            Action::Answer(question, path, existing) => {
                self.note_typed(question, &path, existing);
                self.open_as(question, path, existing, ctx);
            }
            Action::ListSubFolders => self.list_sub_folders(ctx),
            Action::ShowRun(dir) => {
                self.panels.runs.choose_folder(dir);
                self.show(Pane::Runs);
            }
            Action::LoadModel(dir) => self.use_model(dir),
            Action::ShowFolder(folder) => self.open_outside(folder, "Opening the folder", ctx),
            Action::Correct(class) => self.class_picked(class),
            Action::Lose(loss) => self.lose(loss, ctx),
            Action::SaveBefore(loss, command) => self.save_before(loss, command, ctx),
            Action::Predict(order) => self.predict(order),
            Action::Send(request) => self.engine.send(*request),
        }
    }

    fn overlay_ui(&mut self, ctx: &Context) {
        let mut actions = Vec::new();
        let training_ready = self.panels.training.ready();
        let mut cx = PanelContext {
            session: &mut self.session,
            settings: &mut self.settings,
            actions: &mut actions,
            training_ready,
        };
        let is_closed = self.overlay.overlay_ui(ctx, &mut cx);
        let is_answered = actions.iter().any(|action| matches!(action, Action::Answer(..)));
        if is_closed && !is_answered && !self.dialogs.is_asking() {
            self.after_saving = None; // A person has thought better of it.
        }
        for action in actions {
            self.act(action, ctx);
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, frame: &mut Frame) {
        self.take_news(ctx);
        self.guard_close(ctx); // A minimised window is not drawn.
        let run = self.session.training.run_dir.as_ref();
        if run.is_some() && self.settings.latest_run.as_ref() != run {
            self.settings.latest_run = run.cloned();
            // At once: however the program ends, the run is found again.
            if let Some(storage) = frame.storage_mut() {
                eframe::App::save(self, storage);
                storage.flush();
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        self.repaints.add(frame.info().cpu_usage);
        self.draw(ui);
    }

    fn save(&mut self, storage: &mut dyn Storage) {
        self.settings.training = self.panels.training.settings();
        (self.settings.pins, self.settings.pinned_run) = (self.kept_pins(), self.session.pinned.kept_run());
        // While a clip is being opened, or a live source has its place, it is still the one before.
        self.settings.last = self.last_place().or(self.settings.last.take());
        self.settings.save(storage);
        super::environment::remember_device(self.settings.device);
    }

    /// Brings the project's files up to date for other programs; this one would find what they lack in the journal.
    fn on_exit(&mut self) {
        self.take_typed(None);
        self.labeling.stop_searches();
        self.projects.close_at_the_end(self.session.labeling.close());
    }

    fn clear_color(&self, visuals: &Visuals) -> [f32; 4] {
        Tokens::for_dark(visuals.dark_mode).background.to_normalized_gamma_f32()
    }
}
