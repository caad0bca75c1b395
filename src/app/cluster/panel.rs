//! The cluster panel: progress, failures and logs of the parts of a job.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui::{Label, ProgressBar, RichText, ScrollArea, TextStyle, Ui};

use super::row::{self, JobRow, MergeRow};
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::{Action, Panel, PanelContext};
use crate::app::tasks::Background;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{empty_state, inner_list, remark, rows_in_view, section};
use crate::cluster::{JobsReport, log_tail};
use crate::error::{ErrorKind, Result};

/// Time between two readings of the folder while the panel is shown.
const REFRESH: Duration = Duration::from_secs(5);
/// Height of the progress bar of the whole job, in points.
const BAR_HEIGHT: f32 = 16.0;
/// Height of the list of parts, in points.
const LIST_HEIGHT: f32 = 320.0;
/// Height of a log, in points.
const LOG_HEIGHT: f32 = 260.0;

/// The state of a job at a time.
struct Reading {
    folder: PathBuf,
    report: Result<JobsReport>,
}

/// The cluster panel.
#[derive(Default)]
pub struct ClusterPanel {
    /// Number of the reading that is due.
    reading: usize,
    /// Time of the last reading.
    read_at: Option<Instant>,
    report: Background<(PathBuf, usize), Reading>,
    log: Background<(PathBuf, usize), (PathBuf, Result<String>)>,
    selected: Option<JobRow>,
}

impl ClusterPanel {
    /// Starts a reading of `folder` if one is due, and takes the results of those that are done.
    fn refresh(&mut self, ui: &Ui, folder: &Path) {
        let is_due = self.read_at.is_none_or(|at| at.elapsed() >= REFRESH);
        if is_due && !self.report.is_busy() && !self.log.is_busy() {
            (self.reading, self.read_at) = (self.reading + 1, Some(Instant::now()));
        }
        let listed = folder.to_owned();
        self.report.ask((folder.to_owned(), self.reading), ui.ctx(), move || Reading {
            report: JobsReport::of(&listed),
            folder: listed,
        });
        self.report.receive();
        self.log.receive();
        ui.request_repaint_after(REFRESH);
    }

    /// Returns the last reading of `folder`.
    fn reading_of(&self, folder: &Path) -> Option<&Reading> {
        self.report.value().filter(|reading| reading.folder == folder)
    }

    /// Draws the log of the row that is selected.
    fn log_ui(&mut self, ui: &mut Ui, title: &str, path: PathBuf) {
        section(ui, &format!("Log of {title}"));
        let read = path.clone();
        self.log.ask((path.clone(), self.reading), ui.ctx(), move || {
            let tail = log_tail(&read);
            (read, tail)
        });
        let weak = Tokens::of(ui).weak;
        match self.log.value().filter(|(of, _)| *of == path) {
            None => _ = ui.label(RichText::new("Reading the log…").color(weak)),
            Some((_, Err(error))) if error.kind == ErrorKind::NotFound => {
                ui.label(RichText::new("No log. Slurm writes one when the task starts.").color(weak));
            }
            Some((_, Err(error))) => _ = ui.label(RichText::new(error.to_string()).color(Tokens::of(ui).error)),
            Some((_, Ok(text))) if text.is_empty() => _ = ui.label(RichText::new("The log is empty").color(weak)),
            Some((_, Ok(text))) => {
                if ui.button("Copy log").on_hover_text("Copy the end of the log to the clipboard").clicked() {
                    ui.ctx().copy_text(text.clone());
                }
                ScrollArea::both()
                    .id_salt("log")
                    .max_height(LOG_HEIGHT)
                    .auto_shrink([false, true])
                    .stick_to_bottom(true)
                    .show(ui, |ui| {
                        let text = RichText::new(text).text_style(TextStyle::Monospace);
                        ui.add(Label::new(text).extend().selectable(true));
                    });
            }
        }
    }
}

impl Panel for ClusterPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let Some(folder) = cx.settings.job_folder.clone() else {
            let text =
                "Choose the folder that --parts names: it shows how far the parts of a job over several machines are.";
            return empty_state(ui, "No cluster job", text, |ui| {
                ui.vertical_centered(|ui| command_button(ui, cx, Command::ChooseJobFolder, "Choose folder…"));
            });
        };
        self.refresh(ui, &folder);
        let tokens = Tokens::of(ui);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal(|ui| {
                command_button(ui, cx, Command::ChooseJobFolder, "Folder…");
                if ui.button("Refresh").on_hover_text("Read the state of the parts now").clicked() {
                    self.read_at = None;
                }
                if ui.button("Show folder").on_hover_text("Open the folder in the file manager").clicked() {
                    cx.actions.push(Action::ShowFolder(folder.clone()));
                }
            });
            let path = folder.display().to_string();
            ui.add(Label::new(RichText::new(&path).small().color(tokens.weak)).truncate()).on_hover_text(path);
            ui.add_space(4.0);
            let report = match self.reading_of(&folder).map(|reading| &reading.report) {
                None => {
                    ui.label(RichText::new("Reading the folder…").color(tokens.weak));
                    return;
                }
                Some(Err(error)) => {
                    return remark(ui, tokens.error, |ui| _ = ui.add(Label::new(error.to_string()).wrap()));
                }
                Some(Ok(report)) => report,
            };
            let bar = ProgressBar::new(report.done_share() as f32).desired_height(BAR_HEIGHT);
            ui.add(bar.text(format!("{:.0} %", 100.0 * report.done_share())));
            ui.add(Label::new(report.summary()).wrap());
            if let Some(error) = &report.no_slurm {
                remark(ui, tokens.warning, |ui| _ = ui.add(Label::new(error.to_string()).wrap()));
            }
            ui.add_space(4.0);
            let mut selected = self.selected;
            inner_list(LIST_HEIGHT).id_salt("parts").show(ui, |ui| {
                let merge = report.merge.as_ref().map(|merge| MergeRow { merge, line: report.merge_line.as_deref() });
                rows_in_view(ui, row::PITCH, report.parts.len() + usize::from(merge.is_some()), |ui, place| {
                    match (report.parts.get(place), &merge) {
                        (Some(part), _) => row::part_ui(ui, part, &mut selected),
                        (None, Some(merge)) => row::merge_ui(ui, merge, &mut selected),
                        (None, None) => {}
                    }
                });
            });
            let log = match selected {
                Some(JobRow::Part(index)) => report
                    .parts
                    .iter()
                    .find(|part| part.shard.index() == index)
                    .map(|part| (format!("part {index}"), part.log.clone())),
                Some(JobRow::Merge) => {
                    report.merge.as_ref().map(|_| ("the merge".to_owned(), report.merge_log.clone()))
                }
                None => None,
            };
            self.selected = selected;
            if let Some((title, path)) = log {
                self.log_ui(ui, &title, path);
            }
        });
    }
}
