//! The runs panel: past trainings, their results, and their differences.

mod comparison;
mod details;
mod row;
mod run_list;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eframe::egui::{Context, Label, RichText, ScrollArea, Ui};

use self::comparison::RunComparison;
use self::details::Details;
use self::run_list::RunList;
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::tasks::{Background, Tasks};
use crate::app::training::state::TrainingState;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{empty_state, rows_in_view, section};
use crate::error::Result;
use crate::training::runs::{self, Run};

/// The runs panel.
#[derive(Default)]
pub struct RunsPanel {
    /// The chosen folder of runs; `None` for that of the latest training.
    chosen: Option<PathBuf>,
    folder: Option<PathBuf>,
    list: Background<(PathBuf, usize), RunList>,
    /// Counts possible changes of the list.
    edition: usize,
    /// The last reported state of the training that changes the list.
    training: Option<(PathBuf, usize, bool)>,
    selected: Option<PathBuf>,
    ticked: BTreeSet<PathBuf>,
    details: Details,
    comparison: RunComparison,
    /// Running work on the files of runs, with its description.
    work: Tasks<(), String>,
}

impl RunsPanel {
    /// Returns the runs, the newest training first.
    pub fn runs(&self) -> &[Run] {
        self.list.value().map_or(&[], RunList::runs)
    }

    /// Returns the folder that the runs are in, if there are any.
    pub fn listed_folder(&self) -> Option<&Path> {
        self.folder.as_deref().filter(|_| !self.list.is_busy() && !self.runs().is_empty())
    }

    /// Returns `true` if curves were read.
    #[cfg(test)]
    pub fn has_curves(&self) -> bool {
        self.comparison.has_curves()
    }

    /// Lists the runs of another folder, or of the parent folder if it is a run.
    pub fn choose_folder(&mut self, folder: PathBuf) {
        let is_run = folder.join("config.toml").is_file();
        self.selected = is_run.then(|| folder.clone());
        self.chosen = Some(if is_run { folder.parent().map_or(folder.clone(), Path::to_owned) } else { folder });
    }

    /// Writes the model of the selected run to `target`.
    pub fn export(&mut self, target: PathBuf, ctx: &Context) {
        let Some(run) = self.selected_run().cloned() else { return };
        let Some(model) = run.model else { return };
        self.work.start("runs", ctx, (), move || {
            let place = runs::export(&model, &target, &run.name)?;
            Ok(format!("Model of {} saved to {}", run.name, place.display()))
        });
    }

    /// Follows the training, whose runs are in `folder` unless another one was chosen, and takes finished work.
    pub fn follow(&mut self, folder: Option<PathBuf>, training: &TrainingState, ctx: &Context) -> Vec<Result<String>> {
        let run_dir = training.run_dir.clone();
        let now = run_dir.clone().map(|dir| (dir, training.snapshots.len(), training.is_active()));
        if now != self.training {
            self.training = now;
            self.edition += 1;
        }
        let of_training = run_dir.as_deref().and_then(Path::parent).map(Path::to_owned);
        self.folder = self.chosen.clone().or(of_training).or(folder);
        let news: Vec<_> = self.work.poll().map(|((), done)| done).collect();
        self.edition += news.len();
        if let Some(folder) = self.folder.clone() {
            let listed = folder.clone();
            self.list.ask((folder, self.edition), ctx, move || RunList::read(&listed));
        }
        self.list.receive();
        self.comparison.receive();
        news
    }

    /// Returns the folder of the run that is selected.
    pub fn selected_folder(&self) -> Option<&Path> {
        self.selected.as_deref()
    }

    fn selected_run(&self) -> Option<&Run> {
        selected(self.runs(), self.selected.as_deref())
    }
}

/// Draws the choice among the folders whose runs were listed, where there is another one than `shown`; returns what was chosen.
fn folders_ui(ui: &mut Ui, shown: Option<&Path>, cx: &PanelContext<'_>) -> Option<PathBuf> {
    let mut chosen = None;
    let others = || cx.settings.run_folders.iter().filter(|folder| Some(folder.as_path()) != shown);
    if others().next().is_some() {
        ui.menu_button("Recent", |ui| {
            for folder in others() {
                let name = folder.display().to_string();
                if ui.button(&name).on_hover_text("List the runs of this folder").clicked() {
                    chosen = Some(folder.clone());
                    ui.close();
                }
            }
        });
    }
    chosen
}

/// Returns the run in folder `dir`.
fn selected<'a>(runs: &'a [Run], dir: Option<&Path>) -> Option<&'a Run> {
    dir.and_then(|dir| runs.iter().find(|run| run.dir == dir))
}

impl Panel for RunsPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let tokens = Tokens::of(ui);
        let list = self.list.value();
        let runs = list.map_or(&[][..], RunList::runs);
        if runs.is_empty() && !self.list.is_busy() {
            let text = "No training runs here. Start one, or choose another folder.";
            let mut chosen = None;
            empty_state(ui, "No runs yet", text, |ui| {
                ui.vertical_centered(|ui| {
                    command_button(ui, cx, Command::ChooseRunsFolder, "Choose folder…");
                    chosen = folders_ui(ui, self.folder.as_deref(), cx);
                });
            });
            return chosen.map_or((), |folder| self.choose_folder(folder));
        }
        let mut chosen = None;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal(|ui| {
                command_button(ui, cx, Command::ChooseRunsFolder, "Folder…");
                if ui.button("Refresh").on_hover_text("Refresh the list of runs").clicked() {
                    self.edition += 1;
                }
                chosen = folders_ui(ui, self.folder.as_deref(), cx);
            });
            if let Some(folder) = &self.folder {
                let folder = folder.display().to_string();
                ui.add(Label::new(RichText::new(&folder).small().color(tokens.weak)).truncate()).on_hover_text(folder);
            }
            ui.add_space(4.0);
            rows_in_view(ui, row::PITCH, runs.len(), |ui, place| {
                let title = list.map_or("", |list| list.title(place));
                row::row_ui(ui, &runs[place], title, &mut self.selected, &mut self.ticked);
            });
            if let Some(run) = selected(runs, self.selected.as_deref()) {
                section(ui, "Selected run");
                let done = self.details.details_ui(ui, cx, run, runs, self.edition);
                if let Some(work) = done {
                    self.work.start("runs", ui.ctx(), (), work);
                }
            }
            self.ticked.retain(|dir| runs.iter().any(|run| run.dir == *dir));
            let ticked: Vec<&Run> = runs.iter().filter(|run| self.ticked.contains(&run.dir)).collect();
            self.comparison.comparison_ui(ui, &ticked, self.edition);
        });
        if let Some(folder) = chosen {
            self.choose_folder(folder);
        }
    }
}
