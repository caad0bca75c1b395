//! The commands about files, the window and help.

use std::path::PathBuf;
use std::time::Instant;

use eframe::egui::{Context, Key, ViewportCommand, gui_zoom};

use super::palette::Palette;
use super::topic::Topic;
use crate::app::App;
use crate::app::command::conditions::{always, clip, ensure};
use crate::app::command::prompt::{PathKind, PathPrompt, PromptSpec, VIDEO};
use crate::app::command::spec::{CommandSpec, command, ctrl, ctrl_shift, key};
use crate::app::command::{Command as C, Group as G};
use crate::app::layout::{self, Pane};
use crate::app::ui::progress::Progress;
use crate::app::ui::theme;
use crate::engine::{Request, default_model};
use crate::sample::SampleSize;

/// Where the sample project is in the data folder.
const SAMPLE: &str = "sample";
/// The hint for whatever can be opened.
const ANYTHING: &str = "Path of a clip, folder or model…";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::Open, G::File, "Open clip…", "Open a video file", &[ctrl(Key::O)], always)
        .opens(PromptSpec::new("Open a clip", ANYTHING, PathKind::File(VIDEO)), App::open),
    command(C::OpenFolder, G::File, "Open folder…", "Open a folder of clips, classes or a model", &[ctrl_shift(Key::O)], always)
        .opens(PromptSpec::new("Open a folder", ANYTHING, PathKind::Folder), App::open),
    command(C::OpenPath, G::File, "Open path…", "Enter the path of a clip, folder or model", &[ctrl(Key::L)], always)
        .runs(|app, _| app.overlay.show_palette(Palette::path(PathPrompt::Of(C::OpenFolder), None))),
    command(C::CancelOpening, G::File, "Cancel opening", "Stop opening or loading (Esc)", &[],
        |on| ensure(on.session.underway().is_some(), "Nothing is being opened or loaded"))
        .runs(|app, _| app.cancel_opening()),
    command(C::OpenSample, G::File, "Open sample", "Generate a few sample clips and open one", &[],
        |on| ensure(on.session.writing_sample.is_none(), "The sample project is being generated"))
        .runs(App::open_sample),
    command(C::FullSample, G::File, "Generate full sample", "Generate all sample clips, to train on", &[],
        |on| ensure(on.session.writing_sample.is_none(), "The sample project is being generated"))
        .runs(|app, _| app.write_sample(SampleSize::Full)),
    command(C::StopSample, G::File, "Stop generating sample", "Stop; the clips generated so far stay", &[],
        |on| ensure(on.session.writing_sample.is_some(), "No sample is being generated"))
        .runs(|app, _| app.engine.send(Request::WriteSample(None))),
    command(C::LoadModel, G::File, "Load model…", "Load a model from its folder", &[ctrl(Key::M)], always)
        .opens(PromptSpec::new("Choose a model folder", "Path of a model folder…", PathKind::Folder), |app, path, _| app.use_model(path))
        .below_line(),
    command(C::LoadShippedModel, G::File, "Load shipped model", "Return to the model that came with Motionscope", &[], always)
        .runs(|app, _| match default_model() {
            Ok(dir) => app.use_model(dir),
            Err(error) => app.session.failed(Topic::Model, &error),
        }),
    command(C::CloseClip, G::File, "Close clip", "Close the clip", &[ctrl(Key::W)],
        |on| if on.session.open_failure().is_some() { Ok(()) } else { clip(on) })
        .runs(|app, _| {
            app.close_clip();
            app.settings.last = None;
            app.session.labeling.select(None); // what is labelled is what one sees
        })
        .below_line(),
    command(C::Quit, G::File, "Quit", "Quit Motionscope; running training saves a checkpoint", &[ctrl(Key::Q)], always)
        .runs(|_, ctx| ctx.send_viewport_cmd(ViewportCommand::Close)),
    command(C::ShowScores, G::View, "Show scores", "Open the Scores panel", &[ctrl(Key::Num1)], always)
        .runs(|app, _| app.show(Pane::Scores)),
    command(C::ShowTraining, G::View, "Show training", "Open the Training panel", &[ctrl(Key::Num2)], always)
        .runs(|app, _| app.show(Pane::Training)),
    command(C::ShowLog, G::View, "Show log", "Open the Log panel", &[ctrl(Key::Num3)], always)
        .runs(|app, _| app.show(Pane::Log)),
    command(C::ShowFlow, G::View, "Show flow sources", "Open the Flow panel", &[ctrl(Key::Num4)], always)
        .runs(|app, _| app.show(Pane::Flow)),
    command(C::ShowStatistics, G::View, "Show statistics", "Open the Statistics panel", &[ctrl(Key::Num5)], always)
        .runs(|app, _| app.show(Pane::Statistics)),
    command(C::ShowBenchmark, G::View, "Show benchmark", "Open the Benchmark panel", &[ctrl(Key::Num6)], always)
        .runs(|app, _| app.show(Pane::Benchmark)),
    command(C::ShowEvaluation, G::View, "Show evaluation", "Open the Evaluation panel", &[ctrl(Key::Num7)], always)
        .runs(|app, _| app.show(Pane::Evaluation)),
    command(C::ShowLive, G::View, "Show live", "Open the Live panel", &[ctrl(Key::Num9)], always)
        .runs(|app, _| app.show(Pane::Live)),
    command(C::ShowRuns, G::View, "Show runs", "Open the Runs panel", &[], always)
        .runs(|app, _| app.show(Pane::Runs)),
    command(C::ShowPinned, G::View, "Show pinned frames", "Open the Pinned panel", &[], always)
        .runs(|app, _| app.show(Pane::Pinned)),
    command(C::ShowProject, G::View, "Show project", "Open the Project panel", &[ctrl(Key::Num8)], always)
        .runs(|app, _| app.show(Pane::Project)),
    command(C::ShowPredictions, G::View, "Show predictions", "Open the Predictions panel", &[], always)
        .runs(|app, _| app.show(Pane::Predictions))
        .keywords("bouts review"),
    command(C::ShowCluster, G::View, "Show cluster", "Open the Cluster panel", &[], always)
        .runs(|app, _| app.show(Pane::Cluster))
        .keywords("slurm jobs parts shards"),
    command(C::ToggleTheme, G::View, "Dark or light theme", "Switch between dark and light theme", &[ctrl(Key::T)], always)
        .runs(|app, ctx| {
            app.settings.dark ^= true;
            theme::apply(ctx, app.settings.dark);
        })
        .keywords("settings preferences options colours light dark mode")
        .below_line(),
    command(C::ToggleFrameNumbers, G::View, "Frame numbers from 0 or 1", "Count frames from 0 or 1 in the window", &[], always)
        .runs(|app, _| app.settings.frame_numbers = app.settings.frame_numbers.other())
        .keywords("settings preferences options"),
    command(C::ZoomIn, G::View, "Zoom interface in", "Enlarge the whole interface (Ctrl +)", &[], always)
        .runs(|app, ctx| app.zoom(ctx, gui_zoom::zoom_in))
        .keywords("settings preferences font size interface scale larger"),
    command(C::ZoomOut, G::View, "Zoom interface out", "Shrink the whole interface (Ctrl −)", &[], always)
        .runs(|app, ctx| app.zoom(ctx, gui_zoom::zoom_out))
        .keywords("settings preferences font size interface scale smaller"),
    command(C::ResetZoom, G::View, "Reset interface zoom", "Show the interface at its usual scale (Ctrl 0)", &[], always)
        .runs(|app, ctx| app.zoom(ctx, |ctx| ctx.set_zoom_factor(1.0))),
    command(C::FullScreen, G::View, "Full screen", "Enter or leave full screen", &[key(Key::F11)], always)
        .runs(|_, ctx| {
            let full_screen = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full_screen));
        }),
    command(C::ResetLayout, G::View, "Reset layout", "Restore the default panel layout", &[], always)
        .runs(|app, _| (app.settings.layout, app.settings.fits_window) = (layout::default_layout(), true)),
    command(C::Guide, G::Help, "First steps", "Train your own model in seven steps", &[], always)
        .runs(|app, _| app.settings.guide.is_open ^= true)
        .keywords("tutorial guide help getting started"),
    command(C::Manual, G::Help, "Manual", "Open the manual, without a network connection", &[], always)
        .runs(App::open_manual)
        .keywords("documentation docs handbook help"),
    command(C::Palette, G::Help, "Find a command…", "Find a command by name", &[ctrl(Key::P)], always)
        .runs(|app, _| app.overlay.show_palette(Palette::commands())),
    command(C::Shortcuts, G::Help, "Keyboard shortcuts", "Show and change keyboard shortcuts", &[key(Key::F1)], always)
        .runs(|app, _| app.overlay.show_shortcuts())
        .keywords("settings preferences options hotkeys keys help"),
    command(C::ReportProblem, G::Help, "Copy problem report", "Copy version, device and log to the clipboard", &[], always)
        .runs(App::copy_summary)
        .keywords("report a problem bug issue crash error support diagnostics")
        .below_line(),
    command(C::About, G::Help, "About Motionscope", "Show version, device, licences and the model's origin", &[], always)
        .runs(|app, _| app.overlay.show_about())
        .keywords("model card license licences version device"),
];

impl App {
    /// Brings a panel to the front.
    pub(in crate::app) fn show(&mut self, pane: Pane) {
        layout::show(&mut self.settings.layout, pane);
    }

    /// Changes the scale of the interface and says what it becomes.
    fn zoom(&mut self, ctx: &Context, change: fn(&Context)) {
        change(ctx);
        self.session.told = Some(("Interface zoom changed (Ctrl 0 resets it)".into(), Instant::now()));
    }

    fn open_sample(&mut self, ctx: &Context) {
        match self.settings.sample.clone() {
            Some(dir) => {
                self.play_next = true;
                self.opener.look_for_sample(dir, ctx);
            }
            None => self.write_sample(SampleSize::Few),
        }
    }

    /// Begins to write the sample, whose first clip is opened as soon as it is there unless a person opens something else meanwhile.
    pub(in crate::app) fn write_sample(&mut self, size: SampleSize) {
        self.session.writing_sample = Some(Progress::begin(0, "clips"));
        self.waits_for_sample = true;
        self.engine.send(Request::WriteSample(Some((self.sample_dir(), size))));
    }

    /// Returns where the sample project is kept.
    pub(in crate::app) fn sample_dir(&self) -> PathBuf {
        self.data_dir.join(SAMPLE)
    }

    pub(in crate::app) fn close_clip(&mut self) {
        self.engine.send(Request::Close);
        self.session.leave_clip();
    }

    pub(in crate::app) fn open_clip(&mut self, path: PathBuf) {
        (self.session.live.aside, self.session.live.returning, self.waits_for_sample) = (None, None, false);
        self.session.live.starting = false;
        self.opener.forget_clips();
        self.session.leave_for(&path);
        self.engine.send(Request::Open(path));
    }
}
