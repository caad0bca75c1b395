//! Commands that evaluate a model on labelled clips.

use std::path::PathBuf;
use std::time::Instant;

use eframe::egui::Context;

use super::settings::EvaluationSettings;
use super::state::{EvaluationPhase, ReportPurpose, ResultsLoss};
use crate::app::App;
use crate::app::browser;
use crate::app::command::conditions::{Availability, Conditions, always, ensure};
use crate::app::command::prompt::{Filter, PathKind, PromptSpec};
use crate::app::command::spec::{CommandSpec, command};
use crate::app::command::{Command as C, Group as G};
use crate::app::layout::Pane;
use crate::app::shell::topic::Topic;
use crate::engine::{EvaluationOrder, EvaluationSource, ProjectLabels, Request};
use crate::evaluation::{ActionsReport, EvaluationPlan};
use crate::labels::Project;
use crate::output::{Existing, Staging};

const LIST: Filter = ("List", "txt csv tsv json lst");
const CLASSES: Filter = ("Class index", "txt");
const REPORT: Filter = ("Report", "json");
/// The folder of pages for the browser, among the generated files.
const PAGES: &str = "reports";
/// The file of a report in its folder.
const REPORT_FILE: &str = "report.json";
const REPORT_HINT: &str = "Path of a report.json or its folder…";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::ChooseEvaluationClips, G::Evaluation, "Choose evaluation clips…", "Choose the folder of clips to evaluate", &[], idle)
        .opens(PromptSpec::new("Choose the folder of evaluation clips", "Path of the clips folder…", PathKind::Folder),
            |app, path, _| app.choose_evaluation(|chosen| chosen.clips = Some(path))),
    command(C::ChooseEvaluationList, G::Evaluation, "Choose clip list…", "Choose a UCF101, TSN, ActivityNet or CSV list", &[], idle)
        .opens(PromptSpec::new("Choose a clip list", "Path of the clip list, such as testlist01.txt…", PathKind::File(LIST)),
            |app, path, _| app.choose_list(path)),
    command(C::ChooseEvaluationLists, G::Evaluation, "Choose list folder…", "Choose HMDB51 splits or THUMOS14 annotations", &[], idle)
        .opens(PromptSpec::new("Choose a folder of clip lists", "Path of the HMDB51 or THUMOS14 list folder…", PathKind::Folder),
            |app, path, _| app.choose_list(path)),
    command(C::ChooseEvaluationClasses, G::Evaluation, "Choose class index…", "Choose a class index such as classInd.txt", &[], idle)
        .opens(PromptSpec::new("Choose a class index", "Path of the class index, such as classInd.txt…", PathKind::File(CLASSES)),
            |app, path, _| app.choose_evaluation(|chosen| chosen.classes = Some(path))),
    command(C::RunEvaluation, G::Evaluation, "Evaluate model", "Evaluate the loaded model (again to stop)", &[], evaluable)
        .runs(|app, _| app.run_evaluation())
        .keywords("test accuracy measure")
        .below_line(),
    command(C::OpenEvaluation, G::Evaluation, "Open evaluation report…", "Open a saved report.json", &[], idle)
        .opens(PromptSpec::new("Open a report", REPORT_HINT, PathKind::FileOf(REPORT)),
            |app, path, ctx| app.read_report(ReportPurpose::Show, path, ctx))
        .below_line(),
    command(C::CompareEvaluation, G::Evaluation, "Compare with report…", "Compare with another report.json", &[], always)
        .opens(PromptSpec::new("Choose a report to compare with", REPORT_HINT, PathKind::FileOf(REPORT)),
            |app, path, ctx| app.read_report(ReportPurpose::Compare, path, ctx)),
    command(C::SaveEvaluation, G::Evaluation, "Save evaluation report…", "Save the report as HTML, JSON and CSV", &[],
        |on| ensure(on.session.evaluation.report().is_some(), "No evaluation results yet"))
        .saves_files(PromptSpec::new("Choose a folder for the report", "Path of a folder for the report…", PathKind::SaveFolder),
            |_, path| ActionsReport::FILES.map(|name| path.join(name)).to_vec(),
            App::save_evaluation)
        .keywords("export scores results csv json html"),
    command(C::BrowseEvaluation, G::Evaluation, "Open report in browser", "Show the report as a web page", &[],
        |on| ensure(on.session.evaluation.report().is_some(), "No evaluation results yet"))
        .runs(App::browse_evaluation),
];

fn idle(on: Conditions<'_>) -> Availability {
    ensure(!on.session.evaluation.is_running(), "An evaluation is running")
}

fn evaluable(on: Conditions<'_>) -> Availability {
    match on.session.evaluation.phase {
        EvaluationPhase::Stopping => return Err("The evaluation is being stopped"),
        EvaluationPhase::Preparing | EvaluationPhase::Running => return Ok(()), // it can be stopped
        EvaluationPhase::Idle | EvaluationPhase::Ended => {}
    }
    match on.settings.evaluation.scores_labels(on.session.labels_project().is_some()) {
        true => {
            let document = on.session.labeling.document();
            let has_labels = document.is_some_and(|open| open.videos.values().any(|v| v.all_labels().next().is_some()));
            ensure(has_labels, "Open a project and label some clips first")?;
        }
        false => drop(on.settings.evaluation.source()?),
    }
    let Some(model) = &on.session.model else { return Err("No model is loaded") };
    ensure(model.has_spatial || model.has_temporal, "The loaded model has no classification stream")
}

impl App {
    fn choose_evaluation(&mut self, choose: impl FnOnce(&mut EvaluationSettings)) {
        self.settings.evaluation.labels = Some(false);
        choose(&mut self.settings.evaluation);
        self.session.evaluation.errors.clear();
        self.show(Pane::Evaluation);
    }

    fn choose_list(&mut self, path: PathBuf) {
        self.choose_evaluation(|chosen| {
            chosen.layout = None; // that of the list before
            chosen.list = Some(path);
        });
    }

    fn run_evaluation(&mut self) {
        let evaluation = &mut self.session.evaluation;
        if evaluation.is_running() {
            evaluation.phase = EvaluationPhase::Stopping;
            return self.engine.send(Request::Evaluate(None));
        }
        if !self.asks_about_results(ResultsLoss::Evaluate) {
            self.evaluate();
        }
    }

    /// Evaluates the chosen clips; earlier results are removed.
    pub(in crate::app) fn evaluate(&mut self) {
        self.show(Pane::Evaluation);
        let settings = &self.settings.evaluation;
        let Some(model) = &self.session.model else { return };
        let project = self.session.labels_project();
        let data = settings.data(project.map(Project::dir));
        let (source, command) = match (settings.scores_labels(project.is_some()), project, settings.source()) {
            (true, Some(project), _) => {
                // The command line cannot score the labels of a project.
                (EvaluationSource::Labels(Box::new(ProjectLabels::of(project))), None)
            }
            (false, _, Ok(source)) => (EvaluationSource::Data(source), Some(settings.command(&model.dir))),
            (true, None, _) | (false, _, Err(_)) => return,
        };
        let (protocol, fusion) = (settings.protocol(), settings.fusion.unwrap_or(model.fusion));
        let flow_source = model.trained_flow;
        self.session.evaluation.begin(EvaluationPlan { data, protocol, fusion, flow_source });
        let order = EvaluationOrder { source, model: model.dir.clone(), protocol, command };
        self.engine.send(Request::Evaluate(Some(Box::new(order))));
    }

    /// Starts reading the report at `path`, the file or its folder.
    fn read_report(&mut self, purpose: ReportPurpose, path: PathBuf, ctx: &Context) {
        self.reports.start("report", ctx, purpose, move || {
            let path = if path.is_dir() { path.join(REPORT_FILE) } else { path };
            ActionsReport::read(&path).map(|report| (path, report))
        });
    }

    /// Takes the reports that were read.
    pub(in crate::app) fn take_reports(&mut self) {
        for (purpose, report) in self.reports.poll() {
            self.session.notice = None;
            self.show(Pane::Evaluation);
            match (purpose, report) {
                (ReportPurpose::Show, Ok((path, report))) => self.session.evaluation.open(path, report),
                (ReportPurpose::Compare, Ok((path, report))) => {
                    self.session.evaluation.set_against(path, report);
                    self.panels.evaluation.show_comparison();
                }
                (_, Err(error)) => self.session.failed(Topic::Report, &error),
            }
        }
    }

    /// Opens the page of the report that is shown in the system's browser: the saved one, otherwise a generated one,
    /// which sandboxed browsers may be unable to read.
    fn browse_evaluation(&mut self, ctx: &Context) {
        let Some(report) = self.session.evaluation.report().cloned() else { return };
        let saved = self.session.evaluation.saved_page();
        let page = self.data_dir.join(PAGES).join("evaluation.html");
        self.session.told = Some(("Opening the report in the browser".into(), Instant::now()));
        self.browsing.start("browser", ctx, page.clone(), move || {
            if let Some(saved) = saved.filter(|saved| saved.is_file()) {
                return browser::open(&saved);
            }
            report.write_page(&page)?;
            browser::open(&page)
        });
    }

    /// Handles the results of opening pages.
    pub(in crate::app) fn take_pages(&mut self) {
        for (_, opened) in self.browsing.poll() {
            if let Err(error) = opened {
                self.session.told = None; // It said that the page opens.
                self.session.problem(&error);
            }
        }
    }

    /// Writes the report that is shown into the folder `dir`.
    fn save_evaluation(&mut self, dir: PathBuf, existing: Existing, ctx: &Context) {
        let Some(report) = self.session.evaluation.report().cloned() else { return };
        let guard = self.guard(existing);
        self.session.evaluation.saved_in(&dir);
        self.exports.start("export", ctx, dir.clone(), move || {
            let staging = Staging::begin(&dir)?;
            report.write_folder(&staging.root())?;
            staging.publish(&guard).map(|()| None)
        });
    }
}
