//! Which labels and which videos of the project are learned.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use eframe::egui::{CollapsingHeader, RichText, Sense, TextStyle, TextWrapMode, Ui, WidgetText, vec2};

use super::listing::ClipListing;
use crate::app::labeling::chip::class_color;
use crate::app::labeling::state::LabelingState;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, inner_list};
use crate::data::{Chosen, FromLabels};
use crate::error::Error;
use crate::labels::{Class, Document, Label, Project, VideoId};

/// Height of the list of videos, in points.
const VIDEOS_HEIGHT: f32 = 150.0;
/// Diameter of the dot in the colour of a class, in points.
const DOT: f32 = 8.0;

/// The choice.
#[derive(Default)]
pub struct LabelsForm {
    /// Labels that are not learned.
    unticked: BTreeSet<Label>,
    /// Whether background is a class.
    background: bool,
    /// Videos that are not learned from.
    left_out: BTreeSet<VideoId>,
    /// Whether several classes may be shown at the same time.
    pub multi_label: bool,
    /// The project that the counts are of, and the revisions of it and of what is known about its files.
    seen: Option<(PathBuf, u64, u64)>,
    /// Clips and segments of each label; those of background with rejected bouts.
    counts: BTreeMap<Label, usize>,
    /// The classes of the project in its order.
    classes: Vec<Class>,
    /// Labelled videos that cannot be read, and why.
    unreadable: BTreeMap<VideoId, Error>,
    /// The other labelled videos by path.
    videos: Vec<(VideoId, String)>,
}

/// What the pieces hang on.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelsKey {
    project: PathBuf,
    revision: u64,
    chosen: Chosen,
}

impl LabelsForm {
    /// Whether anything is labelled.
    pub fn has_clips(&self) -> bool {
        !self.videos.is_empty()
    }

    /// Takes over what has changed in the project; returns whether it is another one.
    pub fn follow(&mut self, labeling: &LabelingState) -> bool {
        let project = labeling.project();
        let now = project.map(|project| (project.dir().to_owned(), project.revision(), labeling.files_revision()));
        if now == self.seen {
            return false;
        }
        let is_other = now.as_ref().map(|(dir, ..)| dir) != self.seen.as_ref().map(|(dir, ..)| dir);
        if is_other {
            *self = Self { multi_label: self.multi_label, ..Self::default() };
        }
        self.seen = now;
        self.counts.clear();
        self.videos.clear();
        self.unreadable.clear();
        self.classes.clear();
        let Some(document) = project.map(Project::document) else { return is_other };
        self.classes.clone_from(&document.classes);
        let is_labelled =
            |id: &VideoId| document.videos.get(id).is_some_and(|video| video.all_labels().next().is_some());
        let unreadable = labeling.unreadable().filter(|(id, _)| is_labelled(id));
        self.unreadable = unreadable.map(|(id, error)| (id, error.clone())).collect();
        let is_used = |id: &VideoId| is_labelled(id) && !self.unreadable.contains_key(id);
        for (id, video) in document.videos.iter().filter(|(id, _)| is_used(id)) {
            self.videos.push((*id, video.path.clone()));
            let whole = video.labels.iter().filter(|_| video.segments.is_empty());
            let labels = whole.copied().chain(video.segments.iter().map(|segment| segment.label));
            labels.for_each(|label| *self.counts.entry(label).or_default() += 1);
        }
        let negatives: usize = document.videos.values().map(|video| video.negatives().len()).sum();
        if negatives > 0 {
            *self.counts.entry(Label::Background).or_default() += negatives;
        }
        self.videos.sort_by(|(_, a), (_, b)| a.cmp(b));
        is_other
    }

    /// What the pieces of `project` hang on.
    pub fn key(&self, project: &Project) -> LabelsKey {
        let chosen = self.chosen(project.document());
        LabelsKey { project: project.dir().to_owned(), revision: project.revision(), chosen }
    }

    /// How the pieces of `project`, as it is now, are found.
    pub fn listing(&self, project: &Project) -> impl FnOnce() -> ClipListing + Send + use<> {
        let (chosen, document, dir) =
            (self.chosen(project.document()), project.document().clone(), project.dir().to_owned());
        let paths: BTreeMap<VideoId, Option<PathBuf>> =
            document.videos.keys().map(|id| (*id, project.video_path(*id))).collect();
        let unreadable: Vec<Error> = self.unreadable.values().cloned().collect();
        move || {
            let locate = |id: VideoId| paths.get(&id).cloned().flatten();
            let mut found = FromLabels::new(&document, &dir, &chosen, &locate);
            found.left_out.splice(0..0, unreadable);
            ClipListing::of_labels(found)
        }
    }

    fn chosen(&self, document: &Document) -> Chosen {
        let background = self.background.then_some(Label::Background);
        let classes = document.classes.iter().map(|class| Label::Class(class.id));
        let labels = classes.chain(background).filter(|label| !self.unticked.contains(label));
        let with_clips = labels.filter(|label| self.counts.contains_key(label));
        let is_left_out = |id: &VideoId| self.left_out.contains(id) || self.unreadable.contains_key(id);
        let videos = (!self.left_out.is_empty() || !self.unreadable.is_empty())
            .then(|| document.videos.keys().copied().filter(|id| !is_left_out(id)).collect());
        Chosen { labels: with_clips.collect(), videos, negatives: true, multi_label: self.multi_label }
    }

    /// Draws the choice.
    pub fn labels_ui(&mut self, ui: &mut Ui) {
        if self.seen.is_none() {
            return explanation(ui, "No project is open. Open or create one and label some clips.");
        }
        if self.videos.is_empty() {
            let is_none = self.unreadable.is_empty();
            let text = ["No labelled video can be read.", "No labels yet. Label a few clips of each class."];
            explanation(ui, text[usize::from(is_none)]);
        }
        ui.horizontal_wrapped(|ui| {
            ui.style_mut().wrap_mode = Some(TextWrapMode::Extend); // a class is never broken
            for class in self.classes.clone() {
                self.class_ui(ui, &class);
            }
            if let Some(count) = self.counts.get(&Label::Background) {
                ui.checkbox(&mut self.background, format!("background {count}"))
                    .on_hover_text("Train a background class, also on rejected bouts");
            }
        });
        self.videos_ui(ui);
    }

    fn class_ui(&mut self, ui: &mut Ui, class: &Class) {
        let (label, name) = (Label::Class(class.id), &class.name);
        let count = self.counts.get(&label).copied().unwrap_or(0);
        let mut ticked = count > 0 && !self.unticked.contains(&label);
        let text = WidgetText::from(format!("{name} {count}"));
        let galley = text.into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, TextStyle::Button);
        let spacing = ui.spacing();
        let width = DOT + spacing.item_spacing.x + spacing.icon_width + spacing.icon_spacing + galley.size().x;
        // The dot stays beside its name.
        if width > ui.available_size_before_wrap().x {
            ui.end_row();
        }
        let (rect, _) = ui.allocate_exact_size(vec2(DOT, ui.spacing().interact_size.y), Sense::hover());
        ui.painter().circle_filled(rect.center(), DOT / 2.0, class_color(class));
        let response = ui.add_enabled_ui(count > 0, |ui| {
            ui.checkbox(&mut ticked, galley).on_disabled_hover_text("No clips with this label yet")
        });
        if response.inner.changed() {
            if ticked {
                self.unticked.remove(&label)
            } else {
                self.unticked.insert(label)
            };
        }
    }

    fn videos_ui(&mut self, ui: &mut Ui) {
        if self.videos.is_empty() {
            return;
        }
        let used = self.videos.iter().filter(|(id, _)| !self.left_out.contains(id)).count();
        let title = format!("Videos: {used} of {}", self.videos.len());
        CollapsingHeader::new(title).id_salt("labelled videos").show(ui, |ui| {
            ui.horizontal(|ui| {
                if ui.small_button("All").clicked() {
                    self.left_out.clear();
                }
                if ui.small_button("None").clicked() {
                    self.left_out = self.videos.iter().map(|(id, _)| *id).collect();
                }
            });
            let height = ui.spacing().interact_size.y;
            let list = inner_list(VIDEOS_HEIGHT).id_salt("videos");
            list.show_rows(ui, height, self.videos.len(), |ui, rows| {
                for (id, path) in &self.videos[rows] {
                    let mut used = !self.left_out.contains(id);
                    if ui.checkbox(&mut used, RichText::new(path).color(Tokens::of(ui).text)).changed() {
                        if used {
                            self.left_out.remove(id)
                        } else {
                            self.left_out.insert(*id)
                        };
                    }
                }
            });
        });
    }
}
