//! Which clips: labelled ones of the project, a folder with a sub-folder per class, or a list.

use std::path::PathBuf;

use eframe::egui::{Context, Label, RichText, TextEdit, Ui};

use super::dominance::dominance_text;
use super::labels::LabelsForm;
use super::listing::{ClassShare, ClipListing, ClipSplit};
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::labeling::state::LabelingState;
use crate::app::panel::PanelContext;
use crate::app::shell::dropping::takes_dropped_files;
use crate::app::tasks::Background;
use crate::app::training::settings::ClipOrigin;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, remark};
use crate::data::{DataSource, ListSource, mirrored_classes};
use crate::error::Result;
use crate::labels::Project;
use crate::plural::counted;

/// Most notes about clips that are left out.
const NOTES: usize = 6;

/// The choice of clips.
#[derive(Default)]
pub struct ClipsForm {
    pub(super) origin: ClipOrigin,
    /// Whether a person chose that since the project was opened.
    is_chosen: bool,
    labels: LabelsForm,
    folder: Option<PathBuf>,
    /// Corrected clips that are learned from as well as those of the folder.
    corrections: Option<PathBuf>,
    /// Counts the times that corrections were joined: there may be more of them each time.
    joined: usize,
    /// Folder of the clips, list and class index as typed.
    pub(super) list: [String; 3],
    listing: Background<ClipListKey, Result<ClipListing>>,
    split: Background<(usize, u64, u64, bool), ClipSplit>,
    /// Counts the listings.
    edition: usize,
}

/// What a listing hangs on.
#[derive(Debug, Clone, PartialEq)]
enum ClipListKey {
    Source(DataSource),
    Joined(PathBuf, PathBuf, usize),
    Labels(super::labels::LabelsKey),
}

impl ClipsForm {
    /// Takes the clips of another folder.
    pub fn choose_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.is_chosen = true;
        self.listing.clear(); // There may be more in it than the last time.
        self.take_folder(folder, ctx);
    }

    /// Takes the clips of a folder that was opened, unless there are labels to train on.
    pub fn offer_folder(&mut self, folder: PathBuf, ctx: &Context) {
        match self.is_chosen && self.origin == ClipOrigin::Labels {
            true => self.folder = Some(folder),
            false => self.take_folder(folder, ctx),
        }
    }

    fn take_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.origin = ClipOrigin::Folder;
        (self.folder, self.corrections) = (Some(folder), None);
        if self.origin() == ClipOrigin::Folder {
            self.ask(None, ctx);
        }
    }

    /// Where clips come from: the labels of the open project, if it has any, unless a person chose otherwise.
    pub fn origin(&self) -> ClipOrigin {
        if self.labels.has_clips() && !self.is_chosen { ClipOrigin::Labels } else { self.origin }
    }

    /// Takes corrected clips and those of a folder: the one that was chosen before, or `last`.
    pub fn join(&mut self, last: Option<PathBuf>, corrections: PathBuf, ctx: &Context) {
        let folder = self.folder.take().or(last).filter(|folder| *folder != corrections);
        let Some(folder) = folder else { return self.choose_folder(corrections, ctx) };
        self.is_chosen = true;
        (self.origin, self.folder, self.corrections) = (ClipOrigin::Folder, Some(folder), Some(corrections));
        self.joined += 1;
        self.ask(None, ctx);
    }

    /// Takes the labelled clips of the project.
    pub fn choose_labels(&mut self) {
        (self.origin, self.is_chosen) = (ClipOrigin::Labels, true);
    }

    /// The clips, once they are listed; the reason if they are not.
    pub fn listing(&self) -> std::result::Result<&ClipListing, &'static str> {
        match (self.listing.value(), self.listing.is_busy()) {
            (_, true) => Err("Clips are being scanned"),
            (None, _) => Err(match self.origin() {
                ClipOrigin::Labels => "Open a project and label some clips first",
                ClipOrigin::Folder => "Choose a folder with one sub-folder per class first",
                ClipOrigin::List => "Enter the clips folder and list first",
            }),
            (Some(Err(_)), _) => Err("No clips found – see the message below"),
            (Some(Ok(listing)), _) if listing.classes() == 0 => Err("No clips with the selected labels"),
            (Some(Ok(listing)), _) => Ok(listing),
        }
    }

    /// Returns whether a class has two recordings, so that one can be held out; also as long as that is not known.
    pub fn can_hold_out(&self) -> bool {
        self.split.value().is_none_or(|split| split.classes.iter().any(|class| class.recordings > 1))
    }

    /// Whether the clips are still being listed.
    pub fn is_listing(&self) -> bool {
        self.listing.is_busy()
    }

    /// Follows the project and takes what was found. `multi_label` is whether several classes may be shown at the same time.
    pub fn follow(&mut self, labeling: &LabelingState, share: f64, seed: u64, multi_label: bool, ctx: &Context) {
        self.labels.multi_label = multi_label;
        if self.labels.follow(labeling) {
            self.is_chosen = false;
        }
        self.ask(labeling.project(), ctx);
        let was_busy = self.listing.is_busy();
        self.listing.receive();
        self.edition += usize::from(was_busy && !self.listing.is_busy());
        if let Some(Ok(listing)) = self.listing.value() {
            let key = (self.edition, share.to_bits(), seed, multi_label);
            if !self.split.is_of(&key) {
                let listing = listing.clone();
                self.split.ask(key, ctx, move || listing.split(share, seed, multi_label));
            }
        }
        self.split.receive();
    }

    fn ask(&mut self, project: Option<&Project>, ctx: &Context) {
        match (self.origin(), project) {
            (ClipOrigin::Labels, Some(project)) => {
                let key = ClipListKey::Labels(self.labels.key(project));
                if !self.listing.is_of(&key) {
                    let work = self.labels.listing(project);
                    self.listing.ask(key, ctx, move || Ok(work()));
                }
            }
            (ClipOrigin::Labels, None) => self.listing.clear(),
            (ClipOrigin::Folder, _) => match (self.folder.clone(), self.corrections.clone()) {
                (Some(folder), Some(corrections)) => {
                    let key = ClipListKey::Joined(folder.clone(), corrections.clone(), self.joined);
                    self.listing.ask(key, ctx, move || ClipListing::joined(folder, &corrections));
                }
                (Some(folder), None) => self.ask_source(DataSource::Folder(folder), ctx),
                (None, _) => self.listing.clear(),
            },
            (ClipOrigin::List, _) => {
                if let Some(source) = self.list_source() {
                    self.ask_source(source, ctx);
                }
            }
        }
    }

    fn ask_source(&mut self, source: DataSource, ctx: &Context) {
        let source = source.with_several(self.labels.multi_label);
        let data = source.clone();
        self.listing.ask(ClipListKey::Source(source), ctx, move || ClipListing::of(data));
    }

    fn list_source(&self) -> Option<DataSource> {
        let [clips, list, classes] = self.list.each_ref().map(|text| text.trim());
        if clips.is_empty() || list.is_empty() {
            return None;
        }
        let classes = (!classes.is_empty()).then(|| classes.into());
        Some(DataSource::List(ListSource { classes, ..ListSource::new(clips.into(), list.into()) }))
    }

    /// Draws the choice.
    pub fn clips_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let before = self.origin();
        let mut chosen = before;
        field(ui, "Clips from", |ui, _| {
            let origins = [
                (ClipOrigin::Labels, "Project labels", "Labelled clips and segments of the open project"),
                (ClipOrigin::Folder, "Folder", "A folder with one sub-folder of clips per class"),
                (ClipOrigin::List, "List", "UCF101, HMDB51, TSN, THUMOS14, ActivityNet or CSV list"),
            ];
            for (origin, name, tooltip) in origins {
                ui.selectable_value(&mut chosen, origin, name).on_hover_text(tooltip);
            }
        });
        if chosen != before {
            (self.origin, self.is_chosen) = (chosen, true);
            self.listing.clear();
        }
        match chosen {
            ClipOrigin::Labels => self.labels.labels_ui(ui),
            ClipOrigin::Folder => self.folder_ui(ui, cx),
            ClipOrigin::List => self.list_ui(ui),
        }
        self.found_ui(ui);
    }

    fn folder_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let tokens = Tokens::of(ui);
        ui.horizontal(|ui| {
            command_button(ui, cx, Command::ChooseTrainingFolder, Command::ChooseTrainingFolder.text());
            let text = self.folder.as_ref().map_or("None selected".into(), |folder| folder.display().to_string());
            ui.add(Label::new(RichText::new(&text).color(tokens.weak)).truncate()).on_hover_text(text);
        });
        if let Some(corrections) = self.corrections.clone() {
            let count =
                self.listing.value().and_then(|listing| listing.as_ref().ok()).map_or(0, |listing| listing.joined);
            let count = counted(count, "correction");
            ui.horizontal(|ui| {
                ui.label(format!("and {count}")).on_hover_text(corrections.display().to_string());
                if ui.small_button("Remove").clicked() {
                    self.corrections = None;
                }
            });
        }
        if self.folder.is_none() {
            let text = match takes_dropped_files() {
                true => "Choose or drop a folder with one sub-folder of clips per class.",
                false => "Choose a folder with one sub-folder of clips per class.",
            };
            explanation(ui, text);
        }
    }

    fn list_ui(&mut self, ui: &mut Ui) {
        let fields = [
            ("Folder", "/data/ucf101", "Base folder of the list's paths"),
            ("List", "trainlist01.txt, list.csv …", "List file, or HMDB51/THUMOS14 list folder"),
            ("Class index", "classInd.txt, if the list needs it", "Class numbers and names"),
        ];
        for (text, (name, hint, tooltip)) in self.list.iter_mut().zip(fields) {
            field(ui, name, |ui, label| {
                ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY))
                    .labelled_by(label)
                    .on_hover_text(tooltip);
            });
        }
    }

    fn found_ui(&self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let is_busy = self.listing.is_busy();
        match self.listing.value() {
            None if is_busy => _ = ui.label(RichText::new("Scanning clips…").color(tokens.weak)),
            None => {}
            // What was found before stays where it is meanwhile, faded: each label has the clips looked through again.
            Some(found) => {
                _ = ui.add_enabled_ui(!is_busy, |ui| match found {
                    Err(error) => remark(ui, tokens.error, |ui| {
                        ui.add(Label::new(error.to_string()).wrap());
                    }),
                    Ok(listing) => {
                        if let Some(split) = self.split.value() {
                            classes_ui(ui, split);
                        }
                        left_out_ui(ui, listing);
                    }
                })
            }
        }
    }
}

/// How many clips of which classes, and what is peculiar about them.
fn classes_ui(ui: &mut Ui, split: &ClipSplit) {
    let tokens = Tokens::of(ui);
    let ClipSplit { clips, held, classes } = split;
    let split = if *held > 0 { format!(": {} for training, {held} held out", clips - held) } else { String::new() };
    ui.label(format!("{} in {}{split}", counted(*clips, "clip"), counted(classes.len(), "class")));
    let list = classes.iter().map(|ClassShare { name, clips, held, .. }| match held {
        0 => format!("{name} {clips}"),
        _ => format!("{name} {}+{held}", clips - held),
    });
    let list: Vec<String> = list.collect();
    ui.add(Label::new(RichText::new(list.join(",  ")).small().color(tokens.weak)).wrap());
    let names: Vec<String> = classes.iter().map(|class| class.name.clone()).collect();
    if let Some(hint) = mirrored_classes(&names) {
        remark(ui, tokens.warning, |ui| {
            ui.add(Label::new(format!("Left/right classes: {hint}.")).wrap());
        });
    }
    for text in hold_out_texts(classes).into_iter().chain(dominance_text(classes)) {
        remark(ui, tokens.warning, |ui| {
            ui.add(Label::new(text).wrap());
        });
    }
}

/// Returns which classes nothing is, or can be, held out of, and why.
fn hold_out_texts(classes: &[ClassShare]) -> Vec<String> {
    let is_single = |class: &ClassShare| class.recordings == 1;
    if !classes.is_empty() && classes.iter().all(is_single) {
        return vec!["No class has two recordings, so nothing can be held out.".into()];
    }
    let named = |is_such: &dyn Fn(&ClassShare) -> bool, one: &str, several: &str| {
        let names: Vec<&str> = classes.iter().filter(|class| is_such(class)).map(|class| class.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("{} {}.", names.join(", "), if names.len() == 1 { one } else { several }))
    };
    let is_held = classes.iter().any(|class| class.held > 0);
    let single = named(
        &is_single,
        "has only one recording, so none of its clips can be held out",
        "have only one recording each, so none of their clips can be held out",
    );
    let shared = named(
        &|class| is_held && class.recordings > 1 && class.held == 0,
        "shares its recordings with other classes, so none of its clips are held out",
        "share their recordings with other classes, so none of their clips are held out",
    );
    single.into_iter().chain(shared).collect()
}

fn left_out_ui(ui: &mut Ui, listing: &ClipListing) {
    if listing.left_out.is_empty() && listing.notes.is_empty() {
        return;
    }
    remark(ui, Tokens::of(ui).warning, |ui| {
        for note in listing.notes.iter().take(NOTES) {
            ui.add(Label::new(note.to_string()).wrap());
        }
        for error in listing.left_out.iter().take(NOTES) {
            ui.add(Label::new(format!("Skipped: {error}")).wrap());
        }
        if let Some(more) = listing.left_out.len().checked_sub(NOTES).filter(|more| *more > 0) {
            ui.label(format!("and {more} more"));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_classes_of_one_recording_are_said_to_have_one() {
        let class =
            |name: &str, recordings, held| ClassShare { name: name.into(), clips: 6, recordings, largest: 1, held };
        assert_eq!(hold_out_texts(&[class("bend", 3, 1), class("wave", 2, 1)]), Vec::<String>::new());
        assert_eq!(hold_out_texts(&[class("bend", 3, 0), class("wave", 2, 0)]), Vec::<String>::new(), "nothing is");
        assert_eq!(
            hold_out_texts(&[class("bend", 3, 1), class("wave", 1, 0)]),
            ["wave has only one recording, so none of its clips can be held out."]
        );
        assert_eq!(
            hold_out_texts(&[class("bend", 1, 0), class("wave", 1, 0)]),
            ["No class has two recordings, so nothing can be held out."]
        );
        let shared = hold_out_texts(&[class("bend", 3, 1), class("wave", 2, 0), class("clap", 1, 0)]);
        assert!(shared[0].starts_with("clap has only one") && shared[1].starts_with("wave shares"), "{shared:?}");
    }

    #[test]
    fn corrections_are_listed_again_each_time_they_are_trained_on() {
        let (dir, ctx) = (tempfile::tempdir().unwrap(), Context::default());
        let mut form = ClipsForm::default();
        for (count, name) in ["bend/1.mp4", "wave/2.mp4"].into_iter().enumerate() {
            let clip = dir.path().join(name);
            std::fs::create_dir_all(clip.parent().unwrap()).unwrap();
            std::fs::write(clip, "").unwrap();
            form.join(None, dir.path().into(), &ctx);
            while form.is_listing() {
                form.follow(&LabelingState::default(), 0.0, 0, false, &ctx);
                std::thread::yield_now();
            }
            assert_eq!(form.listing().unwrap().classes(), count + 1);
        }
    }
}
