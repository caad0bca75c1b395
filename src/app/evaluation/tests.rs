//! Tests of the evaluation panel on hand-made scores: display and controls.

use crossbeam_channel::{Sender, unbounded};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Pos2, ViewportCommand, ViewportEvent, ViewportId, vec2};
use egui_kittest::kittest::Queryable;

use super::settings::EvaluationSettings;
use super::state::{EvaluationPhase, ResultsLoss};
use crate::app::App;
use crate::app::command::Command;
use crate::app::command::prompt::{Dialogs, PathPrompt};
use crate::app::flow::tests::{Window, model_of};
use crate::app::settings::Settings;
use crate::data::LabelledClip;
use crate::engine::{BenchmarkPlan, EvaluationStart, Message, ModelInfo};
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::evaluation::{ActionsReport, EvaluationPlan, PairResult, Protocol, ReportSource, ScoredClip};
use crate::labels::{Label, Project, Video, edits};
use crate::nets::fusion::Fusion;
use crate::output::Existing;
use crate::training::FlowSource;
use crate::training::validation::PhotometricError;

const CLASSES: [&str; 4] = ["bow", "clap", "jump", "wave"];
const SIZE: [f32; 2] = [1280.0, 900.0];

fn filled(app: &mut App) {
    app.session.loading_model = None;
    app.session.receive(&Message::ModelLoaded(model_of(&CLASSES)));
}

fn window(size: [f32; 2]) -> Window {
    let mut settings = Settings::default();
    settings.evaluation.clips = Some("/clips".into());
    settings.evaluation.list = Some("/lists/testlist01.txt".into());
    let mut window = Window::with(size, settings, filled);
    window.perform(Command::ShowEvaluation);
    window
}

/// Begins an evaluation of `clips` clips; returns the sender of the scored clips.
fn begin(window: &mut Window, clips: usize) -> Sender<Result<ScoredClip>> {
    let (sender, outcomes) = unbounded();
    let settings = &window.harness.state().settings.evaluation;
    let plan = EvaluationPlan {
        data: settings.data(None),
        protocol: settings.protocol(),
        fusion: Fusion::default(),
        flow_source: FlowSource::MotionNet,
    };
    let session = &mut window.harness.state_mut().session;
    session.evaluation.begin(plan);
    let classes = CLASSES.map(str::to_owned).to_vec();
    let start = EvaluationStart {
        model: "own".into(),
        source: ReportSource { model_dir: std::path::absolute("/models/own").unwrap(), ..Default::default() },
        classes,
        clips,
        left_out: Vec::new(),
        remarks: Vec::new(),
        by_softmax: false,
        thresholds: Vec::new(),
        outcomes,
    };
    session.receive(&Message::EvaluationStarted(Box::new(start)));
    sender
}

/// Returns clip `number`, which the spatial stream classifies as `spatial` and the temporal one as `temporal`.
fn scored(number: usize, label: usize, spatial: usize, temporal: usize) -> Result<ScoredClip> {
    let logits = |class: usize, sure: f32| (0..CLASSES.len()).map(|c| if c == class { sure } else { 0.1 }).collect();
    let path = format!("/clips/{}/v_{number:02}.avi", CLASSES[label]).into();
    Ok(ScoredClip {
        clip: LabelledClip { path, label, segment_secs: None, group: None, also: Vec::new() },
        spatial: Some(logits(spatial, 1.0 + 0.1 * number as f32)),
        temporal: Some(logits(temporal, 2.0)),
        photometric: PhotometricError::default(),
    })
}

/// Evaluates twelve clips, of which the spatial stream gets a half right and the temporal one three quarters.
fn evaluate(window: &mut Window) {
    let outcomes = begin(window, 12);
    for number in 0..12 {
        let label = number % CLASSES.len();
        let spatial = if number % 2 == 0 { label } else { 0 };
        let temporal = if number % 4 == 3 { 1 } else { label };
        outcomes.send(scored(number, label, spatial, temporal)).unwrap();
    }
    window.harness.state_mut().session.receive(&Message::EvaluationEnded);
    window.settle();
}

fn show(window: &mut Window, page: &str) {
    window.harness.get_by_role_and_label(Role::Button, page).click();
    window.settle();
}

fn report(window: &Window) -> ActionsReport {
    ActionsReport::clone(window.harness.state().session.evaluation.report().unwrap())
}

#[test]
fn nothing_evaluated_says_what_to_do() {
    let mut window = Window::with(SIZE, Settings::default(), filled);
    window.perform(Command::ShowEvaluation);
    assert!(window.sees("Choose a clips folder"));
    let available = |window: &Window| Command::RunEvaluation.available(window.harness.state().conditions());
    assert_eq!(available(&window), Err("Choose a clips folder first"));
    window.harness.state_mut().settings.evaluation.clips = Some("/clips".into());
    window.settle();
    assert_eq!(available(&window), Ok(()));
    assert!(window.sees("Press Evaluate"));
}

#[test]
fn a_result_says_what_it_is_of_whatever_is_chosen_afterwards() {
    let mut window = window(SIZE);
    evaluate(&mut window);
    assert!(window.sees("Result of own on testlist01.txt, 5×2 views") && !window.sees("Changed above since"));
    let mut choose = |list: &str, samples| {
        let settings = &mut window.harness.state_mut().settings.evaluation;
        (settings.list, settings.samples) = (Some(list.into()), samples);
        window.settle();
        let is_earlier = window.sees("Earlier result of own on testlist01.txt, 5×2 views");
        let changed = ["clips", "views", "clips, views"].map(|what| format!("Changed above since: {what}. Press"));
        (is_earlier, changed.iter().position(|text| window.sees(text)))
    };
    assert_eq!(choose("/lists/testlist02.txt", 5), (true, Some(0)));
    assert_eq!(choose("/lists/testlist01.txt", 25), (true, Some(1)));
    assert_eq!(choose("/lists/testlist02.txt", 25), (true, Some(2)));
    assert_eq!(choose("/lists/testlist01.txt", 5), (false, None));
    let other = ModelInfo { dir: "/models/other".into(), name: "other".into(), ..model_of(&CLASSES) };
    window.harness.state_mut().session.receive(&Message::ModelLoaded(other));
    window.settle();
    assert!(window.sees("Earlier result of own on") && window.sees("Changed above since: model. Press"));
    let saved = report(&window);
    window.harness.state_mut().session.evaluation.open("/old/report.json".into(), saved);
    window.settle();
    assert!(window.sees("Saved result of own on testlist01.txt") && !window.sees("Changed above since"));
}

#[test]
fn results_are_live_and_a_stopped_evaluation_is_partial() {
    let mut window = window(SIZE);
    let outcomes = begin(&mut window, 8);
    window.settle();
    assert!(window.sees("0 of 8 clips") && window.sees("appears after the first clip"));
    outcomes.send(scored(0, 0, 0, 0)).unwrap();
    outcomes.send(Err(Error::new("/clips/bow/v_01.avi", "it is torn", "Copy it again"))).unwrap();
    window.harness.state_mut().session.evaluation.refresh();
    window.settle();
    show(&mut window, "Clips");
    assert!(window.sees("2 of 8 clips") && window.sees("100.0") && window.sees("it is torn"));
    show(&mut window, "Summary");
    assert!(!window.sees("Partial result"));
    window.harness.state_mut().session.evaluation.phase = EvaluationPhase::Stopping;
    window.settle();
    assert!(window.sees("Stopping…"));
    window.harness.state_mut().session.receive(&Message::EvaluationEnded);
    window.settle();
    assert!(window.sees("Partial result: stopped after 2 of 8 clips"));
}

#[test]
fn what_is_wrong_with_a_list_is_told_row_by_row() {
    let mut window = window(SIZE);
    let wrong =
        |line: usize| Error::new("/lists/testlist01.txt", format!("line {line}: no such clip"), "Correct the line");
    let errors: Vec<Error> = (1..=10).map(wrong).collect();
    let session = &mut window.harness.state_mut().session;
    session.receive(&Message::EvaluationFailed(errors));
    session.receive(&Message::EvaluationEnded);
    window.settle();
    assert!(window.sees("line 8: no such clip") && !window.sees("line 9: no such clip") && window.sees("and 2 more"));
}

#[test]
fn another_weight_scores_anew_and_is_remembered() {
    let mut window = window(SIZE);
    evaluate(&mut window);
    show(&mut window, "Fusion");
    let before = report(&window).fused.unwrap().correct;
    window.harness.get_by_role_and_label(Role::SpinButton, "Weight").set_value_accesskit(0.0);
    window.settle();
    let after = report(&window);
    assert_eq!((after.fusion.temporal_weight, after.fused.unwrap().correct), (0.0, after.spatial.unwrap().correct));
    assert_ne!(before, report(&window).fused.unwrap().correct);
    assert_eq!(window.harness.state().settings.evaluation.fusion.unwrap().temporal_weight, 0.0);
    window.harness.get_by_label("Use model card").click();
    window.settle();
    assert_eq!(
        (report(&window).fused.unwrap().correct, window.harness.state().settings.evaluation.fusion),
        (before, None)
    );
}

#[test]
fn a_cell_of_the_confusion_lists_its_clips_and_a_click_opens_one() {
    let mut window = window([1280.0, 1200.0]);
    evaluate(&mut window);
    show(&mut window, "Confusion");
    let matrix = window.harness.get_by_label("Confusion matrix").rect();
    // The matrix is in the lower right of its picture, its cells at their maximum size: wave (3) predicted as clap (1).
    let cell = 36.0;
    let at: Pos2 = matrix.max - vec2(2.5 * cell, 0.5 * cell);
    window.point_at(at);
    click(&mut window, at);
    assert!(window.sees("wave predicted as clap") && window.sees("3 clips, by fused scores, mean of 10 views"));
    window.harness.get_by_role_and_label(Role::Button, "wave/v_07.avi").click();
    window.settle();
    assert_eq!(window.harness.state().session.opening.as_deref(), Some(std::path::Path::new("/clips/wave/v_07.avi")));
    evaluate(&mut window);
    assert!(!window.sees("predicted as") && !window.sees("No clips."), "the next evaluation has all its wrong clips");
    show(&mut window, "Confusion");
    click(&mut window, at);
    assert!(window.sees("wave predicted as clap"));
    // The same cell refers to other classes in another model's report.
    let mut other = report(&window);
    other.classes.reverse();
    window.harness.state_mut().session.evaluation.open("/other/report.json".into(), other);
    window.settle();
    assert!(!window.sees("predicted as"));
}

fn click(window: &mut Window, at: Pos2) {
    use eframe::egui::{Event, Modifiers, PointerButton};
    for pressed in [true, false] {
        let button = PointerButton::Primary;
        window.harness.event(Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
    }
    window.settle();
}

#[test]
fn accuracies_have_intervals_and_few_classes_no_top_5() {
    let mut window = window(SIZE);
    evaluate(&mut window);
    assert!(window.sees("95 % interval") && window.sees("46.8–91.1"), "9 of 12 by the temporal stream");
    assert!(window.sees("Temporal 75.0 %") && window.sees("Top-1, %"));
    assert!(!window.sees("Top-5"));
    show(&mut window, "Classes");
    assert!(window.sees("43.9–100.0"), "3 of 3");
    let mut many = report(&window);
    many.classes = (0..10).map(|class| format!("class {class}")).collect();
    window.harness.state_mut().session.evaluation.open("/old/report.json".into(), many);
    show(&mut window, "Summary");
    assert!(window.sees("Top-5"));
}

#[test]
fn without_errors_no_list_of_none_is_shown() {
    let mut window = window(SIZE);
    let outcomes = begin(&mut window, 1);
    outcomes.send(scored(0, 0, 0, 0)).unwrap();
    window.harness.state_mut().session.receive(&Message::EvaluationEnded);
    window.settle();
    show(&mut window, "Clips");
    assert!(window.sees("All clips are correct by fused scores.") && !window.sees("0 clips, by"));
}

#[test]
fn what_a_report_is_of_and_its_page_are_a_click_away() {
    let mut window = window(SIZE);
    let available = |window: &Window| Command::BrowseEvaluation.available(window.harness.state().conditions());
    assert_eq!(available(&window), Err("No evaluation results yet"));
    let mut saved = report_of_one();
    saved.remarks = vec!["3 clips not evaluated".into()];
    saved.source = Some(ReportSource { command: Some("motionscope evaluate actions".into()), ..Default::default() });
    window.harness.state_mut().session.evaluation.open("/old/report.json".into(), saved);
    window.settle();
    assert_eq!(available(&window), Ok(()));
    assert!(window.sees("3 clips not evaluated") && !window.sees("motionscope evaluate actions"));
    window.harness.get_by_label("Details").click();
    window.settle();
    assert!(window.sees("motionscope evaluate actions"));
}

/// Returns a report of one clip, made elsewhere.
fn report_of_one() -> ActionsReport {
    let mut other = window(SIZE);
    let outcomes = begin(&mut other, 1);
    outcomes.send(scored(0, 0, 0, 0)).unwrap();
    other.harness.state_mut().session.receive(&Message::EvaluationEnded);
    report(&other)
}

#[test]
fn two_reports_are_compared() {
    let mut window = window(SIZE);
    evaluate(&mut window);
    show(&mut window, "Compare");
    assert!(
        window.sees("a report.json with the same classes: bow, clap, jump and 1 more")
            && !window.sees("before training")
    );
    let mut before = report(&window);
    for result in &mut before.results {
        result.fused = result.spatial;
    }
    before.fused = before.spatial.clone();
    let session = &mut window.harness.state_mut().session;
    session.evaluation.set_against("/old/report.json".into(), before.clone());
    show(&mut window, "Compare");
    assert!(window.sees("p = ") && window.sees("Gained clips"));
    before.classes[0] = "other".into();
    window.harness.state_mut().session.evaluation.set_against("/old/report.json".into(), before);
    window.settle();
    assert!(window.sees("its classes differ from those of"));
}

#[test]
fn no_page_cuts_its_text_off() {
    for size in [[1280.0, 720.0], [1000.0, 640.0]] {
        let mut window = window(size);
        evaluate(&mut window);
        for page in ["Summary", "Clips", "Fusion", "Confusion", "Classes", "Calibration", "Compare"] {
            show(&mut window, page);
            let outside = window.texts_beyond(size[0]);
            assert!(outside.is_empty(), "{page} at {size:?}: {outside:?}");
        }
    }
}

/// The lower edge of the panel is that of the pictures beside it.
#[test]
fn a_page_has_the_height_that_there_is_and_the_classes_look_as_they_did() {
    let mut window = window([1280.0, 720.0]);
    window.harness.state_mut().session.evaluation.open("/old/report.json".into(), report_of_twelve());
    window.settle();
    window.harness.get_by_label("testlist01.txt, 5×2 views").click();
    (0..8).for_each(|_| window.settle()); // it folds
    show(&mut window, "Classes");
    let tabs = window.harness.get_by_role_and_label(Role::Button, "Compare").rect().bottom();
    let transport = window.harness.get_by_role_and_label(Role::Button, "Play or pause").rect().top();
    assert!(transport - tabs > 280.0, "{tabs} {transport}");
    window.compare("evaluation_classes_low");
}

fn report_of_twelve() -> ActionsReport {
    let mut other = window(SIZE);
    evaluate(&mut other);
    report(&other)
}

#[test]
fn the_open_project_can_be_scored_once_it_has_labels() {
    let mut window = window(SIZE);
    let available = |window: &Window| Command::RunEvaluation.available(window.harness.state().conditions());
    assert_eq!(available(&window), Ok(()));
    window.harness.state_mut().settings.evaluation.labels = Some(true);
    window.settle();
    assert!(window.sees("The labelled clips and segments of"));
    assert!(window.harness.query_by_label("testlist01.txt").is_none(), "the list is not what is scored");
    assert_eq!(available(&window), Err("Open a project and label some clips first"));
    let dir = tempfile::tempdir().unwrap();
    let mut project = Project::create(dir.path(), Default::default()).unwrap();
    let (_, class) = edits::add_class(project.document(), "wave").unwrap();
    project.perform(class).unwrap();
    project.perform(edits::add_videos(project.document(), vec![Video::new("a.mp4")])).unwrap();
    let (id, label) =
        (*project.document().videos.keys().next().unwrap(), Label::Class(project.document().classes[0].id));
    let step = edits::label_clip(project.document(), id, label).unwrap();
    project.perform(step).unwrap();
    window.harness.state_mut().session.labeling.open(project, Vec::new());
    assert_eq!(available(&window), Ok(()));
    window.harness.state_mut().settings.evaluation = EvaluationSettings::default();
    window.settle();
    assert!(window.sees("The labelled clips and segments of"), "nothing else was chosen");
    window.harness.get_by_role_and_label(Role::Button, "Folder or list").click();
    window.settle();
    assert_eq!(available(&window), Err("Choose a clips folder first"));
    window.harness.get_by_role_and_label(Role::Button, "Open project").click();
    window.settle();
    assert_eq!(available(&window), Ok(()));
    window.perform(Command::RunEvaluation);
    let evaluation = &window.harness.state().session.evaluation;
    assert_eq!(evaluation.phase, EvaluationPhase::Preparing);
}

#[test]
fn the_empty_panel_looks_as_it_did() {
    let mut window = Window::with([760.0, 560.0], Settings::default(), filled);
    window.perform(Command::ShowEvaluation);
    window.compare("evaluation_empty");
}

/// Uses a saved report: an evaluation of this session shows its duration.
#[test]
fn the_confusion_looks_as_it_did() {
    let saved = report_of_twelve();
    let mut window = window([900.0, 760.0]);
    window.harness.state_mut().session.evaluation.open("/old/report.json".into(), saved);
    window.settle();
    window.harness.get_by_label("testlist01.txt, 5×2 views").click();
    window.settle();
    show(&mut window, "Confusion");
    window.compare("evaluation_confusion");
}

#[test]
fn the_buttons_stay_where_they_are_while_clips_are_scored() {
    let mut window = window(SIZE);
    let place = |window: &Window| window.harness.get_by_label("Save evaluation report…").rect();
    let before = place(&window);
    evaluate(&mut window);
    assert!(window.sees("12 of 12 clips"));
    assert_eq!(place(&window), before);
}

#[test]
fn what_is_wrong_with_an_evaluation_moves_the_results_of_the_last_one_nowhere() {
    let mut window = window(SIZE);
    evaluate(&mut window);
    let place = |window: &Window| window.harness.get_by_role_and_label(Role::Button, "Confusion").rect();
    let before = place(&window);
    let state = &mut window.harness.state_mut().session.evaluation;
    state.begin(EvaluationPlan {
        data: "list".into(),
        protocol: Protocol::PAPER,
        fusion: Fusion::default(),
        flow_source: FlowSource::MotionNet,
    });
    window.settle();
    assert_eq!(place(&window), before, "while its list is read");
    let session = &mut window.harness.state_mut().session;
    session.receive(&Message::EvaluationFailed(vec![Error::new("/lists/a.txt", "no such clip", "Correct the line")]));
    session.receive(&Message::EvaluationEnded);
    window.settle();
    assert!(window.sees("/lists/a.txt: no such clip"));
    assert_eq!(place(&window), before);
}

/// Requests the window to close; returns its commands.
fn close(window: &mut Window) -> Vec<ViewportCommand> {
    let viewport = window.harness.input_mut().viewports.get_mut(&ViewportId::ROOT).unwrap();
    viewport.events.push(ViewportEvent::Close);
    window.harness.step();
    let commands = window.harness.output().viewport_output[&ViewportId::ROOT].commands.clone();
    window.settle();
    commands
}

#[test]
fn results_that_are_not_saved_are_asked_about_before_they_are_lost() {
    let mut window = window(SIZE);
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose), "there is nothing to lose");
    evaluate(&mut window);
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    assert!(
        window.sees("Quit without saving the results?") && window.sees("12 clips of testlist01.txt, scored by own")
    );
    window.harness.get_by_label("Cancel").click();
    window.settle();
    window.perform(Command::RunEvaluation);
    assert!(window.sees("Replace the unsaved results?"));
    assert_eq!(window.harness.state().session.evaluation.phase, EvaluationPhase::Ended);
    window.harness.get_by_label("Replace results").click();
    window.settle();
    assert_eq!(window.harness.state().session.evaluation.phase, EvaluationPhase::Preparing);
    close(&mut window);
    window.harness.get_by_label("Quit without saving").click();
    window.settle();
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose), "it was agreed to");
}

#[test]
fn saved_results_are_not_asked_about() {
    let mut window = window(SIZE);
    evaluate(&mut window);
    let evaluation = &mut window.harness.state_mut().session.evaluation;
    evaluation.saved_in("/reports/own".as_ref());
    evaluation.written("/reports/own".as_ref());
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
    window.perform(Command::RunEvaluation);
    assert_eq!(window.harness.state().session.evaluation.phase, EvaluationPhase::Preparing);
}

#[test]
fn what_is_saved_from_the_question_is_followed_by_what_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window(SIZE);
    evaluate(&mut window);
    let question = PathPrompt::Of(Command::SaveEvaluation);
    let ctx = window.harness.ctx.clone();
    for is_cancelled in [true, false] {
        close(&mut window);
        window.harness.state_mut().dialogs.pretend(question); // No dialog of this machine is to open.
        window.harness.get_by_label("Save report…").click();
        window.settle();
        let app = window.harness.state_mut();
        assert!(!app.may_close && app.after_saving == Some(ResultsLoss::Quit));
        if is_cancelled {
            app.overlay.show_prompt(question);
            app.dialogs = Dialogs::default();
            window.settle();
            window.harness.key_press(Key::Escape);
            window.settle();
            assert_eq!(window.harness.state().after_saving, None);
        }
    }
    let app = window.harness.state_mut();
    app.open_as(question, dir.path().join("report"), Existing::Keep, &ctx);
    while app.session.evaluation.unsaved().is_some() {
        app.take_answers(&ctx);
        std::thread::yield_now();
    }
    assert!(app.may_close && dir.path().join("report/report.html").is_file());
}

#[test]
fn a_benchmark_that_is_not_saved_is_asked_about_at_the_end_and_before_another() {
    let mut window = window(SIZE);
    let (dataset, source) = (FlowDataset::Kitti2015, Some(crate::engine::FlowSource::Tvl1));
    let plan = BenchmarkPlan { dataset, root: "/none".into(), source, scales: vec![1.0], refine: false };
    window.harness.state_mut().settings.benchmark_root = Some("/none".into());
    let benchmark = &mut window.harness.state_mut().session.benchmark;
    benchmark.begin(plan);
    benchmark.receive(&Message::BenchmarkStarted { pairs: Vec::new(), method: "TV-L1".into() });
    let result = PairResult { name: "a".into(), width: 1, height: 1, errors: None, zero_epe: None, ms: 1.0 };
    benchmark.receive(&Message::BenchmarkPair(Box::new(result)));
    benchmark.receive(&Message::BenchmarkEnded);
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    assert!(window.sees("benchmark of TV-L1") && window.harness.query_by_label("Save report…").is_none());
    window.harness.get_by_label("Cancel").click();
    window.settle();
    window.perform(Command::RunEvaluation);
    assert!(!window.sees("Replace the unsaved results?"), "it takes nothing from the benchmark");
    window.perform(Command::RunBenchmark);
    assert!(window.sees("Replace the unsaved results?") && window.sees("benchmark of TV-L1"));
    assert!(!window.harness.state().session.benchmark.is_running());
    window.harness.get_by_label("Replace results").click();
    window.settle();
    assert!(!window.sees("Replace the unsaved results?"));
    assert_eq!(window.harness.state().session.benchmark.runs.len(), 1, "what cannot start replaces nothing");
}
