//! The commands about live sources.

use std::path::{Path, PathBuf};
use std::time::Instant;

use eframe::egui::{Context, Key, Modifiers, ViewportCommand};

use super::panel::ClassPicker;
use super::settings::SourceKind;
use super::state::{AwaitedTraining, Cameras, ClipPosition, SavedWorkspace};
use crate::app::App;
use crate::app::command::conditions::{Availability, Conditions, always, ensure};
use crate::app::command::prompt::{MP4, PathKind, PathPrompt, PromptSpec, VIDEO};
use crate::app::command::spec::{CommandSpec, command, ctrl_shift, key, shift};
use crate::app::command::{Command as C, Group as G};
use crate::app::layout::{Layout, Pane};
use crate::app::shell::topic::Topic;
use crate::engine::{LiveOrder, LiveSettings, RecordingOrder, Request};
use crate::video::PlayerCommand;

/// Folder of corrections within the data folder, unless another folder is chosen.
const CORRECTIONS: &str = "corrections";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::StartLive, G::Live, "Start or stop live", "Start or stop the live source", &[ctrl_shift(Key::L)],
        |on| if on.session.live.is_active() { Ok(()) } else { on.settings.live.ready() })
        .runs(|app, _| app.watch()),
    command(C::ChooseLiveVideo, G::Live, "Play video as live source…", "Choose a video file as the live source", &[],
        |on| ensure(!on.session.live.is_active(), "Stop the live source first"))
        .opens(PromptSpec::new("Choose a video as live source", "Path of a video…", PathKind::File(VIDEO)),
            |app, path, _| {
                let live = &mut app.settings.live;
                (live.kind, live.address) = (SourceKind::Address, path.display().to_string());
                app.show(Pane::Live);
            }),
    command(C::CorrectLive, G::Live, "Correct prediction…", "Save the last seconds under the correct class", &[key(Key::C)], has_image)
        .runs(|app, _| app.pick_class()),
    command(C::RecordLive, G::Live, "Record…", "Start or stop recording the live source", &[key(Key::R)], has_image)
        .runs(App::record)
        .saves(PromptSpec::new("Record the live source", "Path of the recording, such as live.mp4…", PathKind::Save("live", MP4)),
            |app, path, existing, _| {
                let overlay = app.settings.live.records_overlay.then(|| app.settings.flow_colours());
                let order = RecordingOrder { path, guard: app.guard(existing), overlay };
                app.engine.send(Request::RecordLive(Some(Box::new(order))));
            }),
    command(C::DemoLive, G::Live, "Live full screen", "Show live video, flow and prediction full screen", &[shift(Key::F11)],
        |on| ensure(on.session.live.view.is_some(), "No live source is running"))
        .runs(|app, ctx| app.show_demo(!app.session.live.demo, ctx)),
    command(C::MirrorLive, G::Live, "Mirror preview", "Mirror the preview (inference is unaffected)", &[], always)
        .runs(|app, _| *app.settings.live.mirrored_mut() ^= true)
        .below_line(),
    command(C::ListCameras, G::Live, "Refresh cameras", "Refresh the list of cameras", &[], always)
        .runs(|app, _| app.list_cameras()),
    command(C::ChooseCorrections, G::Live, "Choose corrections folder…", "Choose where corrected clips are saved", &[], always)
        .opens(PromptSpec::new("Choose a folder for corrected clips", "Path of a folder for corrected clips…", PathKind::Folder),
            |app, path, _| app.settings.live.corrections = Some(path))
        .below_line(),
    command(C::TrainOnCorrections, G::Live, "Train on corrections", "Add corrected clips to the training data", &[],
        |on| ensure(on.session.live.corrected() > 0, "No corrections yet"))
        .runs(App::train_on_corrections),
];

fn has_image(on: Conditions<'_>) -> Availability {
    let frame = on.session.live.view.as_ref().and_then(|view| view.frame.as_ref());
    ensure(frame.is_some(), "No live image yet")
}

impl App {
    /// Adds the corrections to the open project, or without one to the training data.
    pub(in crate::app) fn train_on_corrections(&mut self, ctx: &Context) {
        let corrections = self.corrections();
        self.session.live.training = match self.session.labeling.project().filter(|project| !project.is_read_only()) {
            Some(project) => {
                self.opener.look_for_corrections(corrections, project.dir().to_owned(), ctx);
                AwaitedTraining::Corrections
            }
            None => {
                self.panels.training.join(self.settings.training_folder.clone(), corrections, ctx);
                AwaitedTraining::Clips
            }
        };
        self.show(Pane::Training);
    }

    /// Starts the training on corrections once its clips are listed, or says why it cannot start.
    pub(in crate::app) fn start_awaited_training(&mut self, ctx: &Context) {
        if self.session.live.training != AwaitedTraining::Clips || self.panels.training.is_listing() {
            return;
        }
        self.session.live.training = AwaitedTraining::None;
        // What a few corrections leave out is read before it is lost.
        if self.panels.training.leaves_out_classes(&self.session) {
            let text = "Check clips and classes, then press Start";
            return self.session.told = Some((text.into(), Instant::now()));
        }
        if let Err(reason) = self.attempt(C::StartTraining, ctx) {
            self.session.told = Some((format!("Training not started: {reason}"), Instant::now()));
        }
    }

    /// Watches the source chosen in the panel, or stops watching.
    fn watch(&mut self) {
        if self.session.live.is_active() {
            return self.stop_watching();
        }
        let layout = self.settings.layout.clone();
        self.show(Pane::Live);
        match self.settings.live.source() {
            Ok(source) => {
                self.lay_aside(layout);
                self.session.leave_clip();
                self.session.labeling.select(None); // What is labelled is what one sees.
                self.session.notice = None;
                self.session.live.starting = true;
                let settings = self.live_settings();
                self.session.live.told = Some(settings);
                self.engine.send(Request::Live(Some(LiveOrder { source, settings })));
            }
            Err(error) => self.session.failed(Topic::Live, &error),
        }
    }

    /// Stops watching.
    pub(in crate::app) fn stop_watching(&mut self) {
        self.session.live.starting = false;
        self.engine.send(Request::Live(None));
    }

    /// Records what the live source replaces: the clip and the layout.
    fn lay_aside(&mut self, layout: Layout) {
        let session = &mut self.session;
        let (position, marks) = (session.player.position, std::mem::take(&mut session.marks));
        let open = session.clip.as_ref().map(|clip| ClipPosition { path: clip.path.clone(), position, marks });
        let place = open.or(session.live.returning.take());
        session.live.aside = Some(SavedWorkspace { place, layout, live_layout: self.settings.layout.clone() });
    }

    /// Restores what the live source replaced, once nothing is watched.
    pub(in crate::app) fn follow_live(&mut self, ctx: &Context) {
        if self.session.live.is_active() {
            return;
        }
        if self.session.live.demo {
            self.show_demo(false, ctx);
        }
        let Some(aside) = self.session.live.aside.take() else { return };
        // What a person has moved meanwhile stays where it is.
        if self.settings.layout == aside.live_layout {
            self.settings.layout = aside.layout;
        }
        if let Some(place) = aside.place {
            self.open_clip(place.path.clone());
            self.session.live.returning = Some(place);
        }
    }

    /// Brings back the clip that made way for another one, which could not be opened.
    pub(in crate::app) fn return_to_clip(&mut self) {
        if let Some(place) = self.session.comes_back.take() {
            self.open_clip(place.path.clone());
            self.session.live.returning = Some(place);
        }
    }

    /// Goes where the person was in the clip that has come back; false if this is another one.
    pub(in crate::app) fn resume(&mut self, path: &Path) -> bool {
        let Some(place) = self.session.live.returning.take().filter(|place| place.path == path) else { return false };
        self.session.marks = place.marks;
        self.engine.send(Request::Player(PlayerCommand::SeekFrame(place.position)));
        true
    }

    fn live_settings(&self) -> LiveSettings {
        LiveSettings { fusion: self.session.fusion, smoothing: self.settings.live.smoothing }
    }

    /// Sends changed prediction settings to the engine, and requests data that the panel shows.
    pub(in crate::app) fn tell_live(&mut self) {
        let settings = self.live_settings();
        if self.session.live.view.is_some() && self.session.live.told != Some(settings) {
            self.session.live.told = Some(settings);
            self.engine.send(Request::SetLive(settings));
        }
        if self.panels.live.is_shown && matches!(self.session.live.cameras, Cameras::Unknown) {
            self.list_cameras();
        }
        let folder = self.corrections();
        if self.panels.live.is_shown && self.session.live.listed.as_ref() != Some(&folder) {
            self.session.live.listed = Some(folder.clone());
            self.session.live.corrections.clear();
            self.session.live.removed = None;
            self.engine.send(Request::ListCorrections(folder));
        }
    }

    fn list_cameras(&mut self) {
        self.session.live.cameras = Cameras::Asked;
        self.engine.send(Request::ListCameras);
    }

    /// Returns the folder of corrections.
    pub(in crate::app) fn corrections(&self) -> PathBuf {
        self.settings.live.corrections.clone().unwrap_or_else(|| self.data_dir.join(CORRECTIONS))
    }

    /// Holds what was seen while the person looks for the right class.
    fn pick_class(&mut self) {
        self.engine.send(Request::HoldLive(true));
        self.overlay.show_picker(ClassPicker::new(&self.session));
    }

    /// The person has named the right class, or none.
    pub(in crate::app) fn class_picked(&mut self, class: Option<String>) {
        match class {
            Some(class) => self.engine.send(Request::CorrectLive { folder: self.corrections(), class }),
            None => self.engine.send(Request::HoldLive(false)),
        }
    }

    fn record(&mut self, ctx: &Context) {
        let is_recording = self.session.live.view.as_ref().is_some_and(|view| view.recording.is_some());
        match is_recording {
            true => self.engine.send(Request::RecordLive(None)),
            false => self.ask(PathPrompt::Of(C::RecordLive), ctx),
        }
    }

    fn show_demo(&mut self, demo: bool, ctx: &Context) {
        self.session.live.demo = demo;
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(demo));
    }

    /// Esc leaves the live source's own screen.
    pub(in crate::app) fn leave_demo(&mut self, ctx: &Context) {
        if self.session.live.demo && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.show_demo(false, ctx);
        }
    }
}
