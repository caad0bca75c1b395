//! The window's main type: receives in `logic`, draws in `ui`, and does what was asked for afterwards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{
    Align2, CentralPanel, Color32, Context, Event, Frame as Area, Id, Key, LayerId, Margin, Modifiers, Order, Panel,
    Stroke, StrokeKind, TextStyle, ThemePreference, Ui,
};
use eframe::{CreationContext, Frame, Storage};

use super::actions::{Action, PanelContext};
use super::command::Command;
use super::dialogs::{Answer, Dialogs, Question};
use super::dock::{self, Pane};
use super::export::{self, Exporter};
use super::guide::Guide;
use super::interchange::ImportOrder;
use super::log::Level;
use super::menu::menu_ui;
use super::opener::{Found, MODEL_CARD, Opener};
use super::panels::{
    ClassPicker, Demo, GUIDE_WIDTH, Palette, PaletteEnd, Panels, Picked, Shortcuts, Transport, guide_ui,
    install_gpu_flow, notice_ui, status_bar_ui,
};
use super::project_opener::{ProjectOpener, Start};
use super::report_reader::{Purpose, ReportReader};
use super::run::Options;
use super::session::Session;
use super::settings::Settings;
use super::theme::{self, PANEL_MARGIN, Tokens};
use super::training_state::TrainingPhase;
use crate::engine::{
    Engine, FlowSource, LaboratorySettings, LiveEvent, Message, Request, Studio, Wake, default_model, flow_model,
};
use crate::error::Error;
use crate::gpu::{Compute, DeviceChoice};
use crate::labels::Project;
use crate::labels::formats::Choices;
use crate::training::TrainingEvent;

/// Where pictures of videos lie in the folder of what can be made anew.
const THUMBNAILS: &str = "thumbnails";
/// Why a path has to be typed.
const NO_DIALOG: &str = "The system shows no file dialog here, so type or paste the path.";

/// What lies over the panels.
enum Overlay {
    /// The command palette.
    Palette(Palette),
    /// The list of keys.
    Shortcuts(Shortcuts),
    /// The right class of what was seen live.
    Picker(ClassPicker),
}

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
    opener: Opener,
    /// The guided first run.
    pub(super) guide: Guide,
    dialogs: Dialogs,
    pub(super) exporter: Exporter,
    reports: ReportReader,
    /// What the engine's laboratory was last told to work on.
    laboratory: Option<LaboratorySettings>,
    /// What the player was last told to play round and round.
    pub(super) looping: Option<(usize, usize)>,
    /// The threads that look into the files of the labelling project.
    pub(super) studio: Studio,
    pub(super) projects: ProjectOpener,
    /// Whether the project of the last time is being opened.
    pub(super) reopening: bool,
    overlay: Option<Overlay>,
    /// What was typed since a dialog was asked for: it may have to be a prompt in this window.
    typed_ahead: String,
    /// Whether the clip that is opened next plays at once, round and round.
    play_next: bool,
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
        Self::without_window(&cc.egui_ctx, Settings::load(cc.storage), compute, options, data_dir)
    }

    /// The same with nothing behind `ctx` that could show it.
    pub(super) fn without_window(
        ctx: &Context,
        settings: Settings,
        compute: Compute,
        options: &Options,
        data_dir: PathBuf,
    ) -> Self {
        theme::install(ctx);
        apply_theme(ctx, settings.dark);
        let session = Session::new(compute.name.clone());
        let wake = ctx.clone();
        let wake: Wake = Arc::new(move || wake.request_repaint());
        let thumbnails = options.cache.as_ref().map(|cache| cache.join(THUMBNAILS));
        let studio = Studio::new(wake.clone(), thumbnails);
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
            guide: Guide::default(),
            dialogs: Dialogs::default(),
            exporter: Exporter::default(),
            reports: ReportReader::default(),
            laboratory: None,
            looping: None,
            studio,
            projects: ProjectOpener::default(),
            reopening: false,
            overlay: None,
            typed_ahead: String::new(),
            play_next: false,
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

    /// Opens whatever lies at `path`: a clip, a model, a folder of clips or of classes.
    pub fn open(&mut self, path: PathBuf, ctx: &Context) {
        self.opener.look(path, ctx);
    }

    /// Tells a problem that happened before the window was there.
    pub fn tell(&mut self, error: &Error) {
        self.session.problem(error);
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
        self.follow_runs(ctx);
        for answer in self.opener.answers() {
            match answer {
                Ok(found) => self.found(found, ctx),
                Err(error) => self.not_found(&error),
            }
        }
        for answer in self.exporter.answers() {
            match answer {
                Ok(path) => self.session.written(&path, "a file"),
                Err(error) => self.session.problem(&error),
            }
        }
        for answer in self.reports.answers() {
            self.session.notice = None;
            dock::show(&mut self.settings.layout, Pane::Evaluation);
            match answer {
                Ok((Purpose::Show, path, report)) => self.session.evaluation.open(path, report),
                Ok((Purpose::Compare, path, report)) => {
                    self.session.evaluation.set_against(path, report);
                    self.panels.evaluation.show_comparison();
                }
                Err(error) => self.session.problem(&error),
            }
        }
        self.follow_project(ctx);
        if let Some((question, answer)) = self.dialogs.answer() {
            self.answered(question, answer, ctx);
        }
        self.take_dropped(ctx);
    }

    /// Draws everything and does what the person asked for.
    pub(super) fn draw(&mut self, ui: &mut Ui) {
        self.take_keys(ui.ctx());
        self.leave_demo(ui.ctx(), self.overlay.is_some());
        leave_full_screen(ui.ctx(), self.overlay.is_some());
        self.leave_segment(ui.ctx());
        (self.panels.statistics.is_shown, self.panels.live.is_shown) = (false, false);
        match self.session.live.demo && self.session.live.view.is_some() {
            true => self.demo.demo_ui(ui, &self.session, &self.settings),
            false => self.panels_ui(ui),
        }
        self.tell_laboratory();
        self.tell_loop();
        self.tell_live();
        if let Some(wishes) = self.session.studio.thumbnails.wishes() {
            self.studio.want(wishes);
        }
        self.overlay_ui(&ui.ctx().clone());
        drop_hint_ui(ui);
    }

    /// Does what the keys say. What is typed for a prompt that is not drawn yet is kept for it.
    fn take_keys(&mut self, ctx: &Context) {
        if let Some(Overlay::Shortcuts(shortcuts)) = &mut self.overlay
            && shortcuts.is_recording()
        {
            return shortcuts.record(ctx, &mut self.settings.keys);
        }
        let mut awaited = self.dialogs.is_asking() && !ctx.text_edit_focused();
        for command in Command::pressed(ctx, self.dialogs.is_asking()) {
            // An overlay has the keyboard to itself, but for the keys that open another one.
            let opens = matches!(command, Command::Palette | Command::Shortcuts | Command::FullScreen);
            if self.overlay.is_some() && !opens {
                continue;
            }
            let before = (self.overlay.is_some(), self.dialogs.is_asking());
            self.perform(command, ctx);
            if (self.overlay.is_some(), self.dialogs.is_asking()) != before {
                awaited = true;
                break; // The rest was typed for what has just opened.
            }
        }
        if !awaited {
            return;
        }
        let typed = ctx.input(|input| {
            let text = |event: &Event| if let Event::Text(text) = event { Some(text.clone()) } else { None };
            input.events.iter().filter_map(text).collect::<String>()
        });
        match &mut self.overlay {
            Some(Overlay::Palette(palette)) => palette.type_text(&typed),
            Some(Overlay::Shortcuts(_) | Overlay::Picker(_)) => {}
            None => self.typed_ahead += &typed,
        }
    }

    /// Esc lets go of the selected segment, so that the next label is for the clip.
    fn leave_segment(&mut self, ctx: &Context) {
        let is_meant = self.overlay.is_none() && !ctx.text_edit_focused();
        if is_meant && ctx.input(|input| input.key_pressed(Key::Escape)) {
            self.session.studio.select_segment(None);
        }
    }

    fn open_at_start(&mut self, options: &Options, ctx: &Context) {
        let remembered = || self.settings.model.clone().filter(|dir| dir.is_dir());
        match options.model.clone().or_else(remembered).map_or_else(default_model, Ok) {
            Ok(dir) => self.load_model(dir),
            Err(error) => self.session.log.push(Level::Warning, error.to_string()),
        }
        let second = &mut self.settings.laboratory.second_model;
        if !second.as_ref().is_some_and(|dir| dir.is_dir()) {
            *second = flow_model().ok();
        }
        if let Some(path) = &options.open {
            self.open(path.clone(), ctx);
        }
        if let Some(dir) = self.settings.studio.project.clone().filter(|dir| dir.is_dir()) {
            self.reopening = true;
            self.begin_project(Start::Open, dir, ctx);
        }
        if let Some(folder) = self.settings.training_folder.clone() {
            self.panels.training.choose_folder(folder, ctx);
        }
    }

    pub(super) fn load_model(&mut self, dir: PathBuf) {
        self.session.loading_model = Some(dir.clone());
        self.engine.send(Request::LoadModel(dir));
    }

    pub(super) fn choose_training_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.settings.training_folder = Some(folder.clone());
        self.panels.training.choose_folder(folder, ctx);
    }

    /// Compares the flow of the open clip with `truth`, which is then shown in the figures.
    pub(super) fn choose_truth(&mut self, truth: Option<PathBuf>) {
        let Some(clip) = &self.session.clip else { return };
        self.settings.choose_truth(&clip.path, truth);
    }

    fn choose_second_model(&mut self, dir: PathBuf) {
        let laboratory = &mut self.settings.laboratory;
        laboratory.second_model = Some(dir);
        if !laboratory.sources.contains(&FlowSource::SecondNetwork) {
            laboratory.sources.push(FlowSource::SecondNetwork);
        }
    }

    /// Takes what was done with runs, and tells the engine what is pinned.
    fn follow_runs(&mut self, ctx: &Context) {
        let folder = self.panels.training.runs_folder();
        for news in self.panels.runs.follow(folder, &self.session.training, ctx) {
            match news {
                Ok(text) => {
                    self.session.log.push(Level::Info, text.clone());
                    self.session.told = Some((text, std::time::Instant::now()));
                }
                Err(error) => self.session.problem(&error),
            }
        }
        let is_busy = self.session.training.is_active();
        if let Some(wish) = self.session.pinned.wish(is_busy) {
            self.engine.send(Request::Pin(Box::new(wish)));
        }
    }

    /// What the engine's laboratory was last told to work on.
    #[cfg(test)]
    pub(super) fn laboratory_demand(&self) -> Option<&LaboratorySettings> {
        self.laboratory.as_ref()
    }

    /// Tells the engine what the views and the panels now need.
    pub(super) fn tell_laboratory(&mut self) {
        let demand = self.settings.views.demand(&self.settings.laboratory, self.panels.statistics.is_shown);
        if self.laboratory.as_ref() == Some(&demand) {
            return;
        }
        if let Some(before) = self.laboratory.replace(demand.clone()) {
            self.session.lab.settings_changed(&before, &demand);
        }
        self.engine.send(Request::Laboratory(Box::new(demand)));
    }

    pub(super) fn ask(&mut self, question: Question, ctx: &Context) {
        let start_in = self.settings.recent.first().and_then(|path| path.parent()).map(Path::to_owned);
        self.dialogs.ask(question, start_in.as_deref(), ctx);
    }

    pub(super) fn show_palette(&mut self, palette: Palette) {
        self.overlay = Some(Overlay::Palette(palette));
    }

    pub(super) fn show_picker(&mut self, picker: ClassPicker) {
        self.overlay = Some(Overlay::Picker(picker));
    }

    pub(super) fn show_shortcuts(&mut self) {
        self.overlay = Some(Overlay::Shortcuts(Shortcuts::default()));
    }

    fn receive(&mut self, message: &Message, ctx: &Context) {
        self.session.receive(message);
        match message {
            Message::Opened(info) => {
                // A pair of a benchmark is a clip only until the program ends.
                if !self.session.is_pair(&info.path) {
                    self.settings.remember(&info.path);
                }
                self.looping = None;
                self.settings.recall_truth(&info.path);
                if !self.resume(&info.path) {
                    self.panels.viewer.fit();
                }
                if std::mem::take(&mut self.play_next) {
                    self.perform(Command::LoopSegment, ctx);
                }
            }
            Message::ModelLoaded(info) => {
                self.settings.model = Some(info.dir.clone());
                self.engine.send(Request::Select(self.session.selection));
            }
            Message::PairReady { clip, truth } => {
                self.settings.choose_truth(clip, truth.clone());
                self.session.pair_opened(clip);
                self.open_clip(clip.clone());
            }
            Message::SampleWritten(dir) => {
                self.settings.sample = Some(dir.clone());
                self.play_next = true;
                self.open(dir.clone(), ctx);
            }
            Message::Live(LiveEvent::Failed(_)) => self.stop_watching(),
            Message::Training(TrainingEvent::Finished { .. }) => dock::show(&mut self.settings.layout, Pane::Training),
            _ => {}
        }
    }

    fn found(&mut self, found: Found, ctx: &Context) {
        match found {
            Found::Clip(path) => self.open_clip(path),
            Found::Model(dir) => self.load_model(dir),
            Found::Project(dir) => self.begin_project(Start::Open, dir, ctx),
            Found::Classes { folder, first } => {
                self.settings.remember(&folder);
                self.choose_training_folder(folder, ctx);
                self.open_clip(first);
            }
        }
    }

    /// What cannot be opened is not offered again.
    fn not_found(&mut self, error: &Error) {
        self.settings.recent.retain(|path| path.to_string_lossy() != error.subject);
        self.session.problem(error);
    }

    pub(super) fn open_clip(&mut self, path: PathBuf) {
        (self.session.live.aside, self.session.live.returning) = (None, None);
        self.session.clip = None;
        self.session.opening = Some(path.clone());
        self.engine.send(Request::Open(path));
    }

    fn answered(&mut self, question: Question, answer: Answer, ctx: &Context) {
        let typed = std::mem::take(&mut self.typed_ahead);
        match answer {
            Answer::Path(path) => self.open_as(question, path, ctx),
            Answer::Cancelled => {}
            Answer::Unavailable => {
                let mut palette = Palette::path(question, Some(NO_DIALOG));
                palette.type_text(&typed);
                self.show_palette(palette);
            }
        }
    }

    fn open_as(&mut self, question: Question, path: PathBuf, ctx: &Context) {
        match question {
            Question::Clip | Question::Folder => self.open(path, ctx),
            Question::Model => self.load_model(path),
            Question::TrainingFolder => self.choose_training_folder(path, ctx),
            Question::RunsFolder => self.panels.runs.choose_folder(path),
            Question::ExportModel => self.panels.runs.export(path, ctx),
            Question::SecondModel => self.choose_second_model(path),
            Question::Truth | Question::TruthFile => self.choose_truth(Some(path)),
            Question::SaveFlow => self.save_flow(path, false, ctx),
            Question::SavePicture => self.save_flow(path, true, ctx),
            Question::ExportFlows => self.export_flows(path),
            Question::ExportVideo => self.export_video(path),
            Question::ExportAnnotated => self.export_annotated(path),
            Question::Benchmark => {
                self.session.notice = None;
                self.settings.benchmark_root = Some(path);
                dock::show(&mut self.settings.layout, Pane::Benchmark);
            }
            Question::SaveBenchmark => {
                let report = self.session.benchmark.runs.last().and_then(|run| run.report.clone());
                self.session.notice = None;
                if let Some(report) = report {
                    self.exporter.run(path, ctx, move |path| report.write_csv(path));
                }
            }
            Question::EvaluationClips
            | Question::EvaluationList
            | Question::EvaluationLists
            | Question::EvaluationClasses => self.choose_evaluation(question, path),
            Question::RecordLive => self.engine.send(Request::RecordLive(Some(path.with_extension("mp4")))),
            Question::Corrections => self.settings.live.corrections = Some(path),
            Question::SaveEvaluation => self.save_evaluation(path, ctx),
            Question::SaveCurves => self.exporter.write(path, self.session.training.curves_table(), ctx),
            Question::SaveCurvesPicture => self.save_curves_picture(path, ctx),
            Question::NewProject => self.begin_project(Start::New, path, ctx),
            Question::OpenProject => self.begin_project(Start::Open, path, ctx),
            Question::AddVideos | Question::AddFolder => self.find_videos(vec![path]),
            Question::Relink(id) => self.relink(id, &path),
            Question::ImportLabels(format) => {
                let choices = Choices { add_classes: true, ..Choices::default() };
                self.import_labels(ImportOrder { format, source: path, choices }, ctx);
            }
            Question::ExportLabels(format) => self.export_labels(format, path, ctx),
            Question::OpenEvaluation => self.reports.read(Purpose::Show, path, ctx),
            Question::CompareEvaluation => self.reports.read(Purpose::Compare, path, ctx),
            Question::SaveStatistics => {
                self.session.notice = None;
                self.exporter.write(path, export::table(&self.session.lab), ctx);
            }
        }
    }

    fn choose_evaluation(&mut self, question: Question, path: PathBuf) {
        let chosen = &mut self.settings.evaluation;
        match question {
            Question::EvaluationClips => chosen.clips = Some(path),
            Question::EvaluationClasses => chosen.classes = Some(path),
            _ => {
                chosen.layout = None; // that of the list before
                chosen.list = Some(path);
            }
        }
        self.session.evaluation.errors.clear();
        dock::show(&mut self.settings.layout, Pane::Evaluation);
    }

    /// Takes files that were dropped onto the window.
    fn take_dropped(&mut self, ctx: &Context) {
        let dropped = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
        for file in dropped {
            let path = file.path().to_owned();
            // A folder of videos is for the open project, unless it is something of its own.
            let has_own = [Project::FILE, MODEL_CARD].iter().any(|name| path.join(name).is_file());
            if path.is_dir() && !has_own && self.session.studio.can_edit().is_ok() {
                self.find_videos(vec![path]);
            } else {
                self.open(path, ctx);
            }
        }
    }

    fn panels_ui(&mut self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let mut actions = Vec::new();
        let training_ready = self.panels.training.ready();
        // The layout is taken out so that the panels may change the other settings while it is drawn.
        let mut layout = std::mem::replace(&mut self.settings.layout, dock::Layout::empty(Id::NULL));
        let mut cx = PanelContext {
            session: &mut self.session,
            settings: &mut self.settings,
            actions: &mut actions,
            training_ready,
        };
        let bar = Area::new().fill(tokens.surface).inner_margin(Margin::symmetric(8, 4));
        Panel::top("menu").frame(bar).show_separator_line(false).show(ui, |ui| menu_ui(ui, &mut cx));
        if let Some(error) = cx.session.notice.clone() {
            let frame = Area::new().fill(tokens.background).inner_margin(Margin::symmetric(8, 6));
            Panel::top("notice").frame(frame).show_separator_line(false).show(ui, |ui| notice_ui(ui, &error, &mut cx));
        }
        let line = Area::new().fill(tokens.background).inner_margin(Margin::symmetric(12, 4));
        Panel::bottom("status").frame(line).show_separator_line(false).show(ui, |ui| status_bar_ui(ui, &cx));
        let bottom = Area::new().fill(tokens.surface);
        Panel::bottom("transport").frame(bottom).show_separator_line(false).show(ui, |ui| {
            self.transport.transport_ui(ui, &mut cx);
        });
        self.guide.follow(cx.session);
        if self.guide.is_open {
            let side = Area::new().fill(tokens.surface).inner_margin(Margin::same(PANEL_MARGIN));
            let side = Panel::left("guide").frame(side).resizable(false).exact_size(GUIDE_WIDTH);
            side.show(ui, |ui| guide_ui(ui, &self.guide, &mut cx));
        }
        CentralPanel::no_frame().frame(Area::new().fill(tokens.background)).show(ui, |ui| {
            dock::dock_ui(&mut layout, &mut self.panels, &mut cx, ui);
        });
        self.settings.layout = layout;
        for action in actions {
            self.act(action, ui.ctx());
        }
    }

    fn act(&mut self, action: Action, ctx: &Context) {
        match action {
            Action::Run(command) => self.perform(command, ctx),
            Action::Open(path) => self.open(path, ctx),
            Action::Examine(known) => {
                let path = known.path.clone();
                self.session.examine(*known);
                self.open_clip(path);
            }
            Action::Compare { old, new } => self.compare_models(old, new),
            Action::Edit(step) => self.do_edit(*step),
            Action::ShowVideo(id) => self.show_video(id),
            Action::AddVideos(paths) => self.add_videos(&paths),
            Action::Import(order) => self.import_labels(*order, ctx),
            Action::Give(label) => self.give(label),
            Action::Ask(question) => self.ask(question, ctx),
            Action::Send(request) => self.engine.send(*request),
        }
    }

    fn picker_ui(&mut self, ctx: &Context) {
        let Some(Overlay::Picker(picker)) = &mut self.overlay else { return };
        let Some(picked) = picker.picker_ui(ctx) else { return };
        self.overlay = None;
        self.class_picked(if let Picked::Class(class) = picked { Some(class) } else { None });
        ctx.request_repaint();
    }

    fn overlay_ui(&mut self, ctx: &Context) {
        self.picker_ui(ctx);
        if let Some(Overlay::Shortcuts(shortcuts)) = &mut self.overlay {
            if shortcuts.shortcuts_ui(ctx, &mut self.settings.keys) {
                self.overlay = None;
                ctx.request_repaint();
            }
            return;
        }
        let mut actions = Vec::new();
        let training_ready = self.panels.training.ready();
        let cx = PanelContext {
            session: &mut self.session,
            settings: &mut self.settings,
            actions: &mut actions,
            training_ready,
        };
        let end = match &mut self.overlay {
            None | Some(Overlay::Picker(_) | Overlay::Shortcuts(_)) => return,
            Some(Overlay::Palette(palette)) => palette.palette_ui(ctx, &cx),
        };
        let Some(end) = end else { return };
        self.overlay = None;
        match end {
            PaletteEnd::Closed => {}
            PaletteEnd::Run(command) => self.perform(command, ctx),
            PaletteEnd::Path(question, path) => self.open_as(question, path, ctx),
        }
        ctx.request_repaint(); // What lay under the overlay is to be seen at once.
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut Frame) {
        self.take_news(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.draw(ui);
    }

    fn save(&mut self, storage: &mut dyn Storage) {
        self.settings.save(storage);
        self.save_project(false);
        super::run::remember_device(self.settings.device);
    }

    fn clear_color(&self, visuals: &eframe::egui::Visuals) -> [f32; 4] {
        Tokens::for_dark(visuals.dark_mode).background.to_normalized_gamma_f32()
    }
}

/// Changes to the dark or the light theme.
pub(super) fn apply_theme(ctx: &Context, dark: bool) {
    ctx.set_theme(if dark { ThemePreference::Dark } else { ThemePreference::Light });
}

fn leave_full_screen(ctx: &Context, overlay: bool) {
    let full_screen = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
    if full_screen && !overlay && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        ctx.send_viewport_cmd(eframe::egui::ViewportCommand::Fullscreen(false));
    }
}

/// Says that files held over the window can be dropped.
fn drop_hint_ui(ui: &Ui) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let tokens = Tokens::of(ui);
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("drop")));
    let area = ui.ctx().content_rect();
    painter.rect_filled(area, 0.0, Color32::from_black_alpha(150));
    painter.rect_stroke(area.shrink(12.0), 8.0, Stroke::new(2.0, tokens.accent), StrokeKind::Inside);
    let font = TextStyle::Heading.resolve(ui.style());
    painter.text(area.center(), Align2::CENTER_CENTER, "Drop to open", font, Color32::WHITE);
}
