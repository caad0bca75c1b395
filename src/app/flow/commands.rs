//! Commands for flow sources, statistics, exports and benchmarks.

use std::path::PathBuf;

use eframe::egui::{Context, Key};

use super::comparison_image::ComparisonImage;
use super::export;
use super::panel::export_form;
use super::statistics::measured_sources;
use crate::app::App;
use crate::app::command::conditions::{Availability, Conditions, always, clip, ensure};
use crate::app::command::prompt::{Filter, IMAGE, MP4, PathKind, PathPrompt, PromptSpec, TABLE};
use crate::app::command::spec::{CommandSpec, alt, command, ctrl, ctrl_shift, key, shift};
use crate::app::command::{Command as C, Group as G};
use crate::app::evaluation::state::ResultsLoss;
use crate::app::layout::Pane;
use crate::app::session::{PAIRS, Session};
use crate::app::settings::Settings;
use crate::app::shell::jobs::{EXPORTING_ANNOTATED, EXPORTING_COMPARISON, EXPORTING_FLOW};
use crate::app::shell::log::LogLevel;
use crate::app::ui::progress::Progress;
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::engine::{FlowColours, FlowExport, FlowSelection, FlowSource, MAX_STRIDE, OverlayExport, Request};
use crate::evaluation::FlowReport;
use crate::flow::colour;
use crate::flow::files::{self, DEFAULT_BOUND_PX, FlowFormat, write_picture};
use crate::output::Existing;

const TRUTH: Filter = ("Flow", "flo png");
const FLOW: Filter = ("Flow", "flo npy png jpg");
const PICTURE: Filter = (IMAGE, "png jpg ppm");
/// Submenus.
const TRUTH_MENU: &str = "Ground truth";
const EXPORT_MENU: &str = "Save and export";
const BENCHMARK_MENU: &str = "Benchmark";
const TRUTH_HINT: &str = "Path of a flow file or folder…";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::FinerLevel, G::Flow, "Finer scale", "Show the next finer pyramid level", &[key(Key::ArrowUp)],
        |on| level(on, <[usize]>::first))
        .runs(|app, _| app.select(|selection| selection.level -= 1)),
    command(C::CoarserLevel, G::Flow, "Coarser scale", "Show the next coarser pyramid level", &[key(Key::ArrowDown)],
        |on| level(on, <[usize]>::last))
        .runs(|app, _| app.select(|selection| selection.level += 1)),
    command(C::NextPair, G::Flow, "Next pair", "Show the next pair of the flow stack", &[key(Key::PageDown)],
        |on| pair(on, Some(PAIRS - 1)))
        .runs(|app, _| app.select(|selection| selection.pair = Some(selection.pair.map_or(0, |pair| (pair + 1).min(PAIRS - 1))))),
    // The pair of the current frame comes before the first of the stack.
    command(C::PreviousPair, G::Flow, "Previous pair", "Show the previous pair of the flow stack", &[key(Key::PageUp)],
        |on| pair(on, None))
        .runs(|app, _| app.select(|selection| selection.pair = selection.pair.and_then(|pair| pair.checked_sub(1)))),
    command(C::LongerStride, G::Flow, "Longer stride", "Increase the stride, for high-frame-rate video", &[key(Key::T)],
        |on| ensure(on.settings.flow.stride < MAX_STRIDE, "The stride is at its maximum"))
        .runs(|app, _| app.settings.flow.stride += 1)
        .below_line(),
    command(C::ShorterStride, G::Flow, "Shorter stride", "Decrease the stride", &[shift(Key::T)],
        |on| ensure(on.settings.flow.stride > 1, "The stride is at its minimum"))
        .runs(|app, _| app.settings.flow.stride -= 1),
    command(C::ScoreEverySource, G::Flow, "Classify with every flow source", "Classify with every enabled flow source", &[], always)
        .runs(|app, _| app.settings.flow.score_all ^= true)
        .below_line(),
    command(C::ChooseSecondModel, G::Flow, "Choose second model…", "Choose another MotionNet to compare with", &[], always)
        .opens(PromptSpec::new("Choose a model folder to compare with", "Path of a model folder…", PathKind::Folder),
            |app, path, _| app.choose_second_model(path))
        .below_line(),
    command(C::ChooseTruth, G::Flow, "Choose ground truth folder…", "Choose a folder of flow files, in frame order", &[], clip)
        .opens(PromptSpec::new("Choose a folder with one flow file per frame", TRUTH_HINT, PathKind::Folder),
            |app, path, _| app.choose_truth(Some(path)))
        .within(TRUTH_MENU),
    command(C::ChooseTruthFile, G::Flow, "Choose ground truth file…", "Choose a flow file: .flo or KITTI .png", &[], clip)
        .opens(PromptSpec::new("Choose a flow file", TRUTH_HINT, PathKind::File(TRUTH)), |app, path, _| app.choose_truth(Some(path)))
        .within(TRUTH_MENU),
    command(C::ForgetTruth, G::Flow, "Remove ground truth", "Stop comparing this clip with ground truth", &[],
        |on| ensure(on.settings.flow.truth.is_some(), "This clip has no ground truth"))
        .runs(|app, _| app.choose_truth(None))
        .within(TRUTH_MENU),
    command(C::MeasureClip, G::Flow, "Measure whole clip", "Measure all sources on every frame (again to stop)", &[key(Key::M)], clip)
        .runs(|app, _| app.measure())
        .below_line(),
    command(C::SaveStatistics, G::Flow, "Save statistics…", "Save the statistics of measured frames as CSV", &[ctrl(Key::E)],
        |on| ensure(on.session.flow.is_measured(), "No frames measured yet"))
        .saves(PromptSpec::new("Save statistics", "Path of the table, such as statistics.csv…", PathKind::Save("figures", TABLE)),
            |app, path, existing, ctx| app.write_text(path, export::table(&app.session.flow), existing, ctx))
        .keywords("export figures csv table metrics epe"),
    command(C::SaveFlow, G::Flow, "Save flow…", "Save this pair's flow: .flo, .npy, .png, .jpg", &[alt(Key::S)], flow_in_view)
        .saves_files(
            PromptSpec::new("Save the flow of this pair", "Path of the flow file: .flo, .npy, .png (KITTI) or flow_x….jpg…", PathKind::Save("flow", FLOW)),
            |_, path| FlowFormat::of_name(path).map_or(vec![path.to_owned()], |format| format.files(path)),
            |app, path, existing, ctx| app.save_flow(path, false, existing, ctx))
        .within(EXPORT_MENU),
    command(C::SavePicture, G::Flow, "Save flow image…", "Save this pair's flow colours at video size", &[ctrl_shift(Key::S)], flow_in_view)
        .saves(PromptSpec::new("Save a flow image", "Path of the image, such as flow.png…", PathKind::Save("flow", PICTURE)),
            |app, path, existing, ctx| app.save_flow(path, true, existing, ctx))
        .within(EXPORT_MENU),
    command(C::SaveComparison, G::Flow, "Save comparison image…", "Save frame and visible flows as one image", &[],
        |on| ensure(ComparisonImage::of(on.settings, on.session).is_some(), "No flow of this frame yet"))
        .saves(PromptSpec::new("Save a comparison image", "Path of the image, such as comparison.png…", PathKind::Save("comparison", PICTURE)),
            |app, path, existing, ctx| app.save_comparison(path, existing, ctx))
        .within(EXPORT_MENU),
    command(C::ExportFlows, G::Flow, "Export clip flow…", "Export every pair's flow to a folder", &[], exportable)
        .saves_files(
            PromptSpec::new("Choose a folder for the clip's flow", "Path of a folder for the flow files…", PathKind::SaveFolder),
            |app, path| {
                let format = app.settings.export_format;
                (0..app.session.frames()).flat_map(|frame| format.files(&format.path_in(path, frame))).collect()
            },
            |app, path, existing, _| app.export_flows(path, existing))
        .within(EXPORT_MENU),
    command(C::ExportVideo, G::Flow, "Export comparison video…", "Export a video of frames and visible flows", &[], exportable)
        .saves(PromptSpec::new("Save a comparison video", "Path of the video, such as flow.mp4…", PathKind::Save("flow", MP4)),
            |app, path, existing, _| app.export_video(path, existing))
        .within(EXPORT_MENU),
    command(C::ExportAnnotated, G::Flow, "Export annotated video…", "Export the clip with flow, predictions and labels", &[],
        |on| match (&on.session.clip, &on.session.model) {
            (Some(_), None) => Err("No model is loaded"),
            _ => exportable(on),
        })
        .saves(PromptSpec::new("Save an annotated video", "Path of the video, such as annotated.mp4…", PathKind::Save("annotated", MP4)),
            |app, path, existing, _| app.export_annotated(path, existing))
        .keywords("scores predictions overlay")
        .within(EXPORT_MENU),
    command(C::StopExport, G::Flow, "Stop export", "Stop the export of flow, video or labels", &[],
        |on| ensure(on.session.exporting.is_some() || on.session.labeling.interchange.exporting.is_some(), "No export is running"))
        .runs(|app, _| match app.session.exporting {
            Some(_) => app.engine.send(Request::Export(None)),
            None => app.session.labeling.interchange.stop(),
        }),
    command(C::ChooseBenchmark, G::Flow, "Choose benchmark folder…", "Choose the folder of an unpacked flow benchmark", &[], always)
        .opens(PromptSpec::new("Choose a benchmark folder", "Path of an unpacked benchmark…", PathKind::Folder), |app, path, _| {
            app.session.notice = None;
            app.settings.benchmark_root = Some(path);
            app.show(Pane::Benchmark);
        })
        .within(BENCHMARK_MENU),
    command(C::RunBenchmark, G::Flow, "Run benchmark", "Run the selected method (again to stop)", &[],
        |on| ensure(on.settings.benchmark_root.is_some(), "Choose a benchmark folder first"))
        .runs(|app, _| app.run_benchmark())
        .within(BENCHMARK_MENU),
    command(C::SaveBenchmark, G::Flow, "Save benchmark results…", "Save the results of all columns as CSV", &[],
        |on| {
            let is_measured = on.session.benchmark.runs.iter().any(|run| run.report.is_some());
            ensure(is_measured, "No benchmark run has finished yet")
        })
        .saves(PromptSpec::new("Save benchmark results", "Path of the table, such as benchmark.csv…", PathKind::Save("benchmark", TABLE)),
            |app, path, existing, ctx| {
                let benchmark = &mut app.session.benchmark;
                let (reports, words) = (benchmark.reports(), benchmark.saved_in_words());
                benchmark.saved_in(&path);
                let guard = app.guard(existing);
                app.exports.start("export", ctx, path.clone(), move || {
                    guard.check(std::slice::from_ref(&path))?;
                    FlowReport::write_table(&reports, &path).map(|()| words)
                });
            })
        .within(BENCHMARK_MENU),
];

impl PathPrompt {
    /// Returns what exactly is written, where the view that was clicked last and the settings decide that.
    pub(in crate::app) fn details(self, session: &Session, settings: &Settings) -> Option<String> {
        let Self::Of(command) = self else { return None };
        let source = session.flow.name_of(settings.views.flow_source());
        match command {
            C::ExportFlows => Some(format!("{source}, as {}", export_form::name(settings.export_format))),
            C::SaveFlow => Some(format!("{source}, in the format of the file's ending")),
            C::SavePicture => Some(format!("{source}, as colours")),
            C::ExportVideo => Some(sources_in_words(session, settings)),
            C::SaveBenchmark => session.benchmark.saved_in_words(),
            _ => None,
        }
    }
}

/// Returns the names of the sources in view.
fn sources_in_words(session: &Session, settings: &Settings) -> String {
    let sources = settings.views.flow_sources();
    sources.into_iter().map(|source| session.flow.name_of(source)).collect::<Vec<_>>().join(", ")
}

fn level(on: Conditions<'_>, end: fn(&[usize]) -> Option<&usize>) -> Availability {
    let Some(model) = &on.session.model else { return Err("No model is loaded") };
    ensure(end(&model.levels) != Some(&on.session.selection.level), "No further scale in this direction")
}

fn pair(on: Conditions<'_>, end: Option<usize>) -> Availability {
    ensure(on.session.model.is_some(), "No model is loaded")?;
    ensure(on.session.selection.pair != end, "No further pair in this direction")
}

fn flow_in_view(on: Conditions<'_>) -> Availability {
    let source = on.session.flow.source(on.settings.views.flow_source());
    ensure(source.flow.is_some(), "This view has no flow yet")
}

fn exportable(on: Conditions<'_>) -> Availability {
    ensure(on.session.clip.is_some(), "No clip is open")?;
    ensure(on.session.exporting.is_none(), "An export is running")
}

impl App {
    fn select(&mut self, change: impl FnOnce(&mut FlowSelection)) {
        change(&mut self.session.selection);
        self.engine.send(Request::Select(self.session.selection));
    }

    fn choose_second_model(&mut self, dir: PathBuf) {
        let flow_settings = &mut self.settings.flow;
        flow_settings.second_model = Some(dir);
        flow_settings.second_edition += 1;
        if !flow_settings.sources.contains(&FlowSource::SecondNetwork) {
            flow_settings.sources.push(FlowSource::SecondNetwork);
        }
    }

    /// Sets the ground truth of the open clip to `truth`, with which the figures are then computed.
    fn choose_truth(&mut self, truth: Option<PathBuf>) {
        let Some(clip) = &self.session.clip else { return };
        self.truth.clear();
        self.settings.choose_truth(&clip.path, truth);
    }

    fn measure(&mut self) {
        self.send_flow_settings(); // A view may have been added since the last repaint.
        self.session.notice = None; // It may have been about the last attempt.
        // A stopped measurement ends when the engine reports it.
        if self.session.flow.measuring.is_some() {
            return self.engine.send(Request::MeasureClip(None));
        }
        // The ground truth is the reference and is not measured itself.
        let measured = measured_sources(&self.session, &self.settings);
        let sources = measured.iter().filter(|source| **source != FlowSource::Truth).count();
        let of = self.session.frames().saturating_sub(self.settings.flow.stride) * sources;
        let number = self.session.flow.begin_measurement(of);
        self.engine.send(Request::MeasureClip(Some(number)));
        self.show(Pane::Statistics);
    }

    fn run_benchmark(&mut self) {
        if self.session.benchmark.is_running() {
            return self.engine.send(Request::Benchmark(None));
        }
        if !self.asks_about_results(ResultsLoss::Benchmark) {
            self.measure_benchmark();
        }
    }

    /// Measures the chosen method; the results that it replaces are removed.
    pub(in crate::app) fn measure_benchmark(&mut self) {
        self.show(Pane::Benchmark);
        match self.panels.benchmark.plan(self.settings.benchmark_root.as_ref()) {
            Ok(plan) => {
                self.session.notice = None;
                self.session.benchmark.begin(plan.clone());
                self.engine.send(Request::Benchmark(Some(plan)));
            }
            Err(reason) => self.session.log.push(LogLevel::Warning, reason),
        }
    }

    /// Writes the flow in view to `path`, in pixels of the video; a picture of it has the colours on screen.
    fn save_flow(&mut self, path: PathBuf, picture: bool, existing: Existing, ctx: &Context) {
        let source = self.settings.views.flow_source();
        let (state, name) = (self.session.flow.source(source), self.session.flow.name_of(source).to_owned());
        let (Some(flow), Some(clip)) = (state.flow.clone(), &self.session.clip) else { return };
        let size = [clip.width as usize, clip.height as usize];
        let scale = MagnitudeScale::of(&self.settings, &self.session);
        let guard = self.guard(existing);
        self.exports.start("export", ctx, path.clone(), move || {
            let format = FlowFormat::of_name(&path).filter(|_| !picture);
            guard.check(&format.map_or(vec![path.clone()], |format| format.files(&path)))?;
            let field = flow.flow.at_size(size[0], size[1]);
            if picture {
                let colours = colour::bent_picture(&field, scale.max_px, scale.gamma);
                return write_picture(&path, &colours).map(|()| Some(format!("flow of {name}, as colours")));
            }
            let format = format.map_or(String::new(), |format| format!(", as {}", export_form::name(format)));
            files::write(&path, &field).map(|()| Some(format!("flow of {name}{format}")))
        });
    }

    /// Writes the frame and the flows in view as one picture, as they are on screen.
    fn save_comparison(&mut self, path: PathBuf, existing: Existing, ctx: &Context) {
        let Some(image) = ComparisonImage::of(&self.settings, &self.session) else { return };
        let guard = self.guard(existing);
        self.exports.start("export", ctx, path.clone(), move || {
            guard.check(std::slice::from_ref(&path))?;
            write_picture(&path, &image.draw()).map(|()| None)
        });
    }

    /// Returns how flow is coloured in what is exported of the whole clip: on the scale that is on the screen, or on a larger one
    /// where motion is longer than any that was seen.
    pub(super) fn colours_on_screen(&self) -> FlowColours {
        let scale = MagnitudeScale::of(&self.settings, &self.session);
        FlowColours { least_px: scale.max_px, ..self.settings.flow_colours() }
    }

    /// Writes the flow of the whole clip into the folder `dir`.
    fn export_flows(&mut self, dir: PathBuf, existing: Existing) {
        let source = self.settings.views.flow_source();
        let format = export_form::name(self.settings.export_format);
        let of = format!("{}, as {format}", self.session.flow.name_of(source));
        self.export(
            EXPORTING_FLOW,
            of,
            FlowExport::Folder {
                dir,
                source,
                format: self.settings.export_format,
                bound_px: DEFAULT_BOUND_PX,
                colours: self.colours_on_screen(),
                guard: self.guard(existing),
            },
        );
    }

    /// Writes a video of the frames beside the flows in view.
    fn export_video(&mut self, path: PathBuf, existing: Existing) {
        let (sources, colours) = (self.settings.views.flow_sources(), self.colours_on_screen());
        let of = sources_in_words(&self.session, &self.settings);
        let guard = self.guard(existing);
        self.export(EXPORTING_COMPARISON, of, FlowExport::Video { path, sources, colours, guard });
    }

    /// Begins an export of what is named `of`. The panel in front stays: the status bar shows how far it is.
    fn export(&mut self, title: &'static str, of: String, export: FlowExport) {
        (self.session.export_title, self.session.export_of) = (title, Some(of));
        self.session.exporting = Some(Progress::begin(0, "pairs"));
        self.engine.send(Request::Export(Some(export)));
    }

    /// Writes the clip as a video with everything drawn in.
    fn export_annotated(&mut self, path: PathBuf, existing: Existing) {
        let (Some(clip), Some(model)) = (&self.session.clip, &self.session.model) else { return };
        let (clip, model) = (clip.path.clone(), model.dir.clone());
        (self.session.export_title, self.session.export_of) = (EXPORTING_ANNOTATED, None);
        self.session.exporting = Some(Progress::begin(0, "frames"));
        let (fusion, colours, guard) = (self.session.fusion, self.settings.flow_colours(), self.guard(existing));
        let export = OverlayExport { clip, path, model, fusion, colours, guard };
        self.engine.send(Request::ExportAnnotated(Box::new(export)));
    }
}
