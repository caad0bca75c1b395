//! Tests of the flow comparison in the window, on hand-made results: display and controls.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Context, Event, Pos2};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotOptions};
use image::{Rgb, RgbImage};

use crate::app::App;
use crate::app::command::Command;
use crate::app::command::prompt::PathPrompt;
use crate::app::environment::Options;
use crate::app::layout::{self, Pane};
use crate::app::settings::Settings;
use crate::app::viewer::views::{ViewKind, ViewSpec, Views};
use crate::engine::{
    Analysis, ClipMeasure, FlowBasis, FlowDiagnostics, FlowSource, FlowStack, FlowStatistics, FlowView, Message,
    ModelInfo, ScalarMap, Scores, SourceFlow, TemporalInput, Timing,
};
use crate::flow::FlowField;
use crate::flow::metrics::{Magnitudes, RegionErrors};
use crate::gpu::{Compute, DeviceChoice, choose};
use crate::nets::Architecture;
use crate::output::Existing;
use crate::video::{Frame, Geometry, VideoInfo};

pub(super) const VIDEO: Geometry = Geometry { width: 320, height: 240 };
const GRID: Geometry = Geometry { width: 64, height: 48 };

/// A window without an engine, whose state is set by the test.
pub(in crate::app) struct Window {
    pub(in crate::app) harness: Harness<'static, App>,
    _dir: tempfile::TempDir,
}

/// Returns a model of both streams with these `classes`.
pub(in crate::app) fn model_of(classes: &[&str]) -> ModelInfo {
    ModelInfo {
        dir: "/models/own".into(),
        generation: 0,
        name: "own".into(),
        hash: None,
        base: None,
        trained_on: String::new(),
        licence: String::new(),
        date: String::new(),
        classes: classes.iter().map(|&class| class.to_owned()).collect(),
        has_spatial: true,
        has_temporal: true,
        trained_flow: Default::default(),
        reads_flow: true,
        compares_flow: true,
        levels: vec![2, 3, 4, 5, 6],
        parameters: 1,
        architecture: Some(Architecture::MotionNet),
        motion: "MotionNet".into(),
        paper: None,
        fusion: Default::default(),
        thresholds: Vec::new(),
    }
}

impl Window {
    pub(in crate::app) fn new(size: [f32; 2], views: Views) -> Self {
        let mut settings = Settings::default();
        settings.views = views;
        Self::with(size, settings, fill)
    }

    /// Creates a window with the state that `fill` sets.
    pub(in crate::app) fn with(size: [f32; 2], settings: Settings, fill: impl FnOnce(&mut App)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (options, data_dir) =
            (Options { model: Some(dir.path().join("none")), ..Options::default() }, dir.path().into());
        // The status bar names the processor, which differs between machines.
        let compute = Compute { name: "CPU".into(), ..choose(DeviceChoice::Cpu).unwrap() };
        let mut app = App::without_window(&Context::default(), settings, compute, &options, data_dir);
        fill(&mut app);
        let mut installed = false;
        let draw = move |ui: &mut eframe::egui::Ui, app: &mut App| {
            if !std::mem::replace(&mut installed, true) {
                crate::app::ui::install(ui.ctx());
            }
            app.draw(ui);
        };
        let harness = Harness::builder().with_size(size).with_max_steps(8).build_ui_state(draw, app);
        let mut window = Self { harness, _dir: dir };
        window.settle();
        window
    }

    /// Returns the texts that reach beyond `width`.
    pub(in crate::app) fn texts_beyond(&self, width: f32) -> Vec<Option<String>> {
        let nodes = self.harness.root().children_recursive();
        let labels = nodes.filter(|node| node.accesskit_node().role() == Role::Label);
        let outside = labels.filter(|node| node.rect().is_positive() && node.rect().max.x > width + 0.5);
        outside.map(|node| node.accesskit_node().label()).collect()
    }

    /// Runs until fonts are available, from the second pass on.
    pub(in crate::app) fn settle(&mut self) {
        self.harness.step();
        self.harness.run_ok();
    }

    pub(in crate::app) fn perform(&mut self, command: Command) {
        let ctx = self.harness.ctx.clone();
        self.harness.state_mut().perform(command, &ctx);
        self.settle();
    }

    pub(in crate::app) fn point_at(&mut self, at: Pos2) {
        self.harness.event(Event::PointerMoved(at));
        self.settle();
    }

    pub(in crate::app) fn sees(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    /// Names of the pictures, in their order.
    pub(in crate::app) fn pictures(&self) -> Vec<String> {
        let pictures = self.harness.query_all_by_role(Role::Image);
        pictures.map(|node| node.accesskit_node().label().unwrap_or_default()).collect()
    }

    pub(in crate::app) fn centre(&self, picture: usize) -> Pos2 {
        self.harness.query_all_by_role(Role::Image).nth(picture).unwrap().rect().center()
    }

    pub(in crate::app) fn compare(&mut self, name: &str) {
        // Panels take the space of new content in the next repaint.
        self.harness.run_steps(4);
        let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(40);
        self.harness.snapshot_options(name, &options);
    }
}

/// A clip, a model and results of MotionNet, TV-L1 and the ground truth.
pub(in crate::app) fn fill(app: &mut App) {
    let session = &mut app.session;
    session.loading_model = None;
    session.receive(&Message::Opened(VideoInfo {
        path: "/clips/wave.mp4".into(),
        codec: "h264".into(),
        width: VIDEO.width,
        height: VIDEO.height,
        frames: 40,
        duration_secs: 1.6,
        fps: 25.0,
        times: crate::frame_times::FrameTimes::even(40, 25.0, 0.0).unwrap(),
        variable_rate: false,
        rotation_degrees: 0,
        interlaced: false,
        has_sound: false,
        recorded: None,
        notes: Vec::new(),
    }));
    session.receive(&Message::ModelLoaded(model_of(&["wave", "clap"])));
    let display = Arc::new(RgbImage::from_fn(VIDEO.width, VIDEO.height, |x, y| Rgb([x as u8 / 2, y as u8, 90])));
    let frame = Frame { index: 3, pts_secs: 0.12, duration_secs: 0.04, display, scaled: Vec::new() };
    session.frame = Some(Arc::new(frame));
    session.player.position = 3;
    for (source, turn) in [(FlowSource::Network, 0.0), (FlowSource::Tvl1, 0.4), (FlowSource::Truth, 0.1)] {
        session.flow.set_flow(source, Some(Arc::new(source_flow(source, turn))));
        session.flow.set_diagnostics(source, Some(Arc::new(diagnostics(source))));
        session.flow.set_strip(source, Some(Arc::new(strip(source, turn))));
    }
}

/// Returns a slow turn around the middle, at most 4 px.
pub(super) fn flow_view(turn: f32) -> FlowView {
    let (width, height) = (GRID.width as usize, GRID.height as usize);
    let vector = |i: usize| {
        let (x, y) = ((i % width) as f32 / 32.0 - 1.0, (i / width) as f32 / 24.0 - 1.0);
        [-2.8 * (y + turn), 2.8 * (x + turn)]
    };
    FlowView::on_cpu(FlowField::new(width, height, (0..width * height).map(vector).collect()), VIDEO)
}

pub(in crate::app) fn source_flow(source: FlowSource, turn: f32) -> SourceFlow {
    SourceFlow {
        source,
        basis: FlowBasis::default(),
        position: 3,
        frame: 3,
        stride: 1,
        flow: flow_view(turn),
        backward: None,
        pyramid: Vec::new(),
        millis: 12.5,
        is_draft: false,
        note: None,
    }
}

pub(in crate::app) fn diagnostics(source: FlowSource) -> FlowDiagnostics {
    let (width, height) = (GRID.width as usize, GRID.height as usize);
    let map = |value: fn(f32) -> f32| {
        let values = (0..width * height).map(|i| value((i % width) as f32 / width as f32)).collect();
        ScalarMap { width, height, values }
    };
    let first = Arc::new(RgbImage::from_fn(GRID.width, GRID.height, |x, y| Rgb([(4 * x) as u8, (5 * y) as u8, 128])));
    FlowDiagnostics {
        source,
        basis: FlowBasis::default(),
        truth: None,
        frame: 3,
        stride: 1,
        is_draft: false,
        first: first.clone(),
        warped: first,
        error: map(|x| 40.0 * x),
        ssim: map(|x| 1.0 - x),
        border: 5,
        occlusion: Some(map(|x| f32::from(u8::from(x > 0.8)))),
        statistics: statistics(source as usize as f32),
    }
}

fn statistics(more: f32) -> FlowStatistics {
    FlowStatistics {
        magnitudes: Magnitudes { mean: 1.25 + more, median: 1.0, p95: 3.5, max: 4.0 },
        photometric: 7.5 + more,
        photometric_ratio: 0.42,
        ssim: 0.875,
        errors: Some(RegionErrors { epe: 0.66, aae_deg: 5.5, fl: 0.031, pixels: 9, density: 1.0 }),
    }
}

pub(in crate::app) fn strip(source: FlowSource, turn: f32) -> FlowStack {
    let planes = (0..20).map(|plane| (0..256).map(|i| ((i + 12 * plane) % 256) as f32).collect()).collect();
    let histogram = (0..80u32).map(|bin| 10u32.pow(4 - bin.abs_diff(40) / 10)).collect();
    let temporal = if source == FlowSource::Tvl1 { vec![0.0, 2.0] } else { vec![2.0, 0.0] };
    FlowStack {
        source,
        window_start: 3,
        stride: 1,
        flows: (0..10).map(|i| flow_view(turn + 0.1 * i as f32)).collect(),
        model: 0,
        temporal: Some(temporal),
        input: TemporalInput { width: 16, height: 16, planes, histogram, clipped: 0.0123 },
    }
}

pub(in crate::app) fn analysis() -> Analysis {
    Analysis {
        model: 0,
        frame: 3,
        window_start: 3,
        pair: 0,
        level: 2,
        stride: 1,
        padded: 0,
        scored: [3, 1],
        scores: Some(Scores { window_start: 3, spatial: vec![1.0, 0.0], temporal: vec![2.0, 0.0], square: None }),
        timing: Timing::default(),
    }
}

#[test]
fn what_makes_tvl1_diverge_is_refused_with_its_range() {
    let mut window = Window::new([1280.0, 1000.0], Views::default());
    window.perform(Command::ShowFlow);
    let tau = |window: &Window| window.harness.state().settings.flow.tvl1.tau;
    let before = tau(&window);
    window.harness.get_by_role_and_label(Role::SpinButton, "Tau τ").set_value_accesskit(0.4);
    window.settle();
    assert_eq!(tau(&window), before, "TV-L1 goes on with the value from before");
    assert!(window.sees("0.4 is not allowed") && window.sees("0.25"));
    window.harness.get_by_role_and_label(Role::SpinButton, "Tau τ").set_value_accesskit(0.125);
    window.settle();
    assert_eq!(tau(&window), 0.125);
    assert!(!window.sees("is not allowed"));
    assert!(window.sees("Your own parameters"));
}

#[test]
fn the_engine_is_told_what_views_and_panels_need() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    let demand = |window: &Window| window.harness.state().flow_demand().cloned().unwrap();
    assert!(demand(&window).sources.is_empty() && demand(&window).inspected.is_empty());
    window.perform(Command::ArrangeLoss);
    assert_eq!(demand(&window).inspected, [FlowSource::Network]);
    assert!(demand(&window).occlusion);
    window.perform(Command::ArrangeNetworkOrTvl1);
    window.perform(Command::LongerStride);
    let told = demand(&window);
    assert_eq!((told.sources, told.stride, told.occlusion), (vec![FlowSource::Tvl1], 2, false));
    assert!(told.inspected.is_empty());
    window.perform(Command::ShowStatistics);
    assert_eq!(demand(&window).inspected, [FlowSource::Network, FlowSource::Tvl1]);
    window.perform(Command::ShowLog);
    assert!(demand(&window).inspected.is_empty(), "what nobody sees is not computed");
}

#[test]
fn figures_are_shown_by_source_and_gathered_over_the_clip() {
    let mut window = Window::new(
        [1280.0, 800.0],
        Views::beside([FlowSource::Network, FlowSource::Truth].map(|source| ViewSpec::new(ViewKind::Flow, source))),
    );
    window.perform(Command::ShowStatistics);
    for text in ["1.25", "0.875", "3.10", "80.0", "Ground truth"] {
        assert!(window.sees(text), "{text}");
    }
    let measurement = window.harness.state_mut().session.flow.begin_measurement(39);
    for frame in 0..5 {
        let measure = ClipMeasure {
            measurement,
            source: FlowSource::Network,
            basis: FlowBasis::default(),
            frame,
            statistics: statistics(0.0),
        };
        window.harness.state_mut().session.receive(&Message::Measured(measure));
    }
    window.settle();
    assert!(window.sees("5 of 39 flows"));

    window.harness.state_mut().session.receive(&Message::MeasureEnded(measurement));
    window.settle();
    assert!(!window.sees("of 39 flows"));
}

#[test]
fn a_source_that_is_worse_than_no_motion_is_named() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    window.perform(Command::ShowStatistics);
    assert!(!window.sees("Worse than no motion"));
    let mut found = diagnostics(FlowSource::Network);
    found.statistics.photometric_ratio = 1.2;
    let draft = FlowDiagnostics { is_draft: true, ..found.clone() };
    for (found, is_harmful) in [(draft, false), (found, true)] {
        window.harness.state_mut().session.flow.set_diagnostics(FlowSource::Network, Some(Arc::new(found)));
        window.settle();
        let remark = "Worse than no motion (ratio above 1): MotionNet of the model";
        assert_eq!(window.sees(remark), is_harmful, "a draft is not judged");
    }
}

#[test]
fn the_status_bar_says_which_model_is_in_use_and_how_many_classes_it_knows() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    assert!(window.sees("own, 2 classes"));
    let model = ModelInfo { base: Some("J-HMDB".into()), hash: Some("00ff".into()), ..model_of(&["wave"]) };
    assert_eq!(model.details()[1..4], ["Hash 00ff", "MotionNet, 1 class", "Trained from J-HMDB"]);
    window.harness.state_mut().session.receive(&Message::ModelLoaded(model));
    window.settle();
    assert!(window.sees("own, 1 class") && !window.sees("own, 2 classes"));
    for (name, folder, label) in [
        ("clips (tune-01)", "runs/tune-01/model", "clips (tune-01)"),
        ("clips", "runs/tune-01/model", "clips (tune-01)"),
        ("clips (tune-01)", "copy", "clips (tune-01) (copy)"),
        ("own", "own", "own"),
    ] {
        let model = ModelInfo { name: name.into(), dir: folder.into(), ..model_of(&["wave"]) };
        window.harness.state_mut().session.receive(&Message::ModelLoaded(model));
        assert_eq!(window.harness.state().session.model_label().as_deref(), Some(label));
    }
}

#[test]
fn the_temporal_stream_is_compared_under_all_flows() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    assert!(!window.sees("Temporal stream with"));
    let session = &mut window.harness.state_mut().session;
    session.analysis = Some(Arc::new(analysis()));
    window.perform(Command::ScoreEverySource);
    assert!(window.sees("Temporal stream with MotionNet of the model: wave 88.1 %"));
    assert!(window.sees("Temporal stream with TV-L1: clap 88.1 %, differs from MotionNet of the model"));
    assert!(window.sees("1 of 2 disagree with MotionNet of the model"));

    // Predictions for another window are not compared, and those of another model have no name.
    let flow = &mut window.harness.state_mut().session.flow;
    flow.set_strip(FlowSource::Tvl1, Some(Arc::new(FlowStack { window_start: 0, ..strip(FlowSource::Tvl1, 0.0) })));
    window.settle();
    assert!(window.sees("Temporal stream with TV-L1: clap 88.1 %, of another window"));
    assert!(!window.sees("disagree with MotionNet of the model"));
    let flow = &mut window.harness.state_mut().session.flow;
    flow.set_strip(FlowSource::Tvl1, Some(Arc::new(FlowStack { model: 7, ..strip(FlowSource::Tvl1, 0.0) })));
    window.settle();
    assert!(window.sees("Temporal stream with MotionNet") && !window.sees("Temporal stream with TV-L1"));
}

#[test]
fn a_two_stage_model_says_which_flow_its_temporal_stream_reads() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    window.perform(Command::ShowStatistics);
    assert!(!window.sees("The temporal stream reads"));
    let trained_flow = crate::nets::FlowSource::Dis;
    let session = &mut window.harness.state_mut().session;
    session.receive(&Message::ModelLoaded(ModelInfo { trained_flow, ..model_of(&["wave", "clap"]) }));
    for panel in [Command::ShowStatistics, Command::ShowFlow] {
        window.perform(panel);
        assert!(window.sees("The temporal stream reads DIS flow (preset medium), not MotionNet's."));
    }
    let entry = window.harness.state().session.flow.entry_of(FlowSource::Dis);
    assert_eq!(entry, "DIS medium – read by the temporal stream");
    window.perform(Command::ArrangeTemporalInput);
    assert_eq!(window.harness.state().settings.views.list()[0].source, FlowSource::Dis);
}

#[test]
fn the_figures_of_five_sources_have_room_under_short_names() {
    let size = [1500.0, 800.0];
    let mut window = Window::new(size, Views::default());
    window.perform(Command::ShowStatistics);
    assert!(window.sees("MotionNet of the model"));
    window.perform(Command::ArrangeAllSources);
    assert!(window.sees("Codec") && window.texts_beyond(size[0]).is_empty(), "{:?}", window.texts_beyond(size[0]));
}

#[test]
fn a_small_window_cuts_no_text_off() {
    for command in [Command::ArrangeLoss, Command::ArrangeAllSources, Command::ArrangeTemporalInput] {
        let size = [900.0, 600.0];
        let mut window = Window::new(size, Views::default());
        window.perform(command);
        // The table of five sources scrolls sideways.
        let statistics = (command != Command::ArrangeAllSources).then_some(Command::ShowStatistics);
        for panel in [Command::ShowScores, Command::ShowFlow].into_iter().chain(statistics) {
            window.perform(panel);
            let outside = window.texts_beyond(size[0]);
            assert!(outside.is_empty(), "{command:?}, {panel:?}: {outside:?}");
        }
    }
}

#[test]
fn panels_whose_tabs_do_not_fit_are_chosen_from_a_menu() {
    let mut window = Window::new([1280.0, 720.0], Views::default());
    let tab = |window: &Window, title: &str| {
        let tab = window.harness.query_by_role_and_label(Role::Button, title);
        tab.map(|tab| tab.rect()).filter(|rect| rect.is_positive())
    };
    let scores = tab(&window, "Scores");
    assert!(scores.is_some() && tab(&window, "Log").is_none());
    window.harness.get_by_label("More panels").click();
    window.settle();
    window.harness.get_by_role_and_label(Role::Button, "Log").click();
    window.settle();
    assert!(tab(&window, "Log").is_some_and(|log| log.right() <= 1280.0), "its tab is in the bar");
    assert_eq!(tab(&window, "Scores"), scores, "the others stay where they are");
    assert!(window.harness.query_by_label_contains("Scroll tabs").is_none());
    let wide = Window::new([5200.0, 720.0], Views::default());
    assert!(tab(&wide, "Log").is_some() && wide.harness.query_by_label("More panels").is_none());
}

#[test]
fn an_export_leaves_the_panel_in_front_and_is_called_what_it_is() {
    for (command, title) in
        [(Command::ExportVideo, "Exporting the comparison video"), (Command::ExportFlows, "Exporting flow")]
    {
        let dir = tempfile::tempdir().unwrap();
        let mut window = Window::new([1280.0, 720.0], Views::default());
        let ctx = window.harness.ctx.clone();
        let app = window.harness.state_mut();
        app.open_as(PathPrompt::Of(command), dir.path().join("flow"), Existing::Keep, &ctx);
        while app.session.exporting.is_none() {
            app.take_answers(&ctx);
            std::thread::yield_now();
        }
        assert_eq!(app.session.export_title, title);
        assert!(layout::is_shown(&app.settings.layout, Pane::Scores), "the panel in front stays");
        window.settle();
        window.perform(Command::ShowFlow);
        assert!(window.sees(&format!("{title}: ")));
    }
}

#[test]
fn what_is_typed_while_a_prompt_opens_is_its_beginning() {
    let mut window = Window::new([1280.0, 720.0], Views::default());
    window.harness.state_mut().overlay.show_prompt(PathPrompt::Of(Command::OpenFolder));
    for text in ["/t", "mp"] {
        window.harness.event(Event::Text(text.into()));
        window.harness.step();
    }
    window.settle();
    assert!(window.harness.query_all_by_value("/tmp").next().is_some());
}
