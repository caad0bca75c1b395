//! The classes of the project: add, rename, merge, recolour, reorder, delete; and the settings of the project.

use std::collections::BTreeMap;
use std::path::PathBuf;

use eframe::egui::{
    Align, Button, Id, Key, Label as Text, Layout, Rect, Response, RichText, Role, ScrollArea, Sense, TextEdit, Ui,
    WidgetInfo, vec2,
};

use super::reorder::{grip_ui, moved_row};
use crate::app::command::Command;
use crate::app::panel::{Action, Edit, PanelContext};
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, rows_in_view, section};
use crate::labels::{Class, ClassId, Document, Label, Settings, edits};
use crate::plural::counted;

/// Height of a class's row, in points.
const ROW: f32 = 28.0;

/// What is being typed or chosen, before it becomes a step.
#[derive(Default)]
pub(super) struct ClassesPage {
    /// A class that is being renamed, its new name, and whether the field has just appeared.
    renamed: Option<(ClassId, String, bool)>,
    /// A class that is being recoloured, and its new colour.
    recolored: Option<(ClassId, [u8; 3])>,
    /// The name of a class to be added.
    added: String,
    /// Settings that are being typed.
    settings: Option<Settings>,
    /// Labels of each class, and the project and revision that they were counted in.
    counts: (PathBuf, u64, BTreeMap<ClassId, usize>),
}

impl ClassesPage {
    /// Lets a person type another name for a class.
    pub fn rename(&mut self, id: ClassId) {
        self.renamed = Some((id, String::new(), true));
    }

    /// Draws the page.
    pub fn classes_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let Some(project) = cx.session.labeling.project() else { return };
        if (self.counts.0.as_path(), self.counts.1) != (project.dir(), project.revision()) || self.counts.2.is_empty() {
            self.counts = (project.dir().to_owned(), project.revision(), counts(project.document()));
        }
        let classes = project.document().classes.clone();
        let editable = cx.session.labeling.can_edit().is_ok();
        ScrollArea::vertical().id_salt("classes").auto_shrink(false).show(ui, |ui| {
            ui.add_enabled_ui(editable, |ui| {
                let held = ui.ctx().dragged_id().or(ui.ctx().drag_stopped_id());
                if classes.iter().any(|class| held == Some(grip_id(class.id))) {
                    // All of them: the one that is held may be dragged out of view.
                    let rows = classes.iter().enumerate().map(|(i, class)| self.row_ui(ui, i, class, &classes, cx));
                    let (rows, grips): (Vec<_>, Vec<_>) = rows.collect();
                    if let Some((from, to)) = moved_row(ui, &rows, &grips) {
                        move_class(classes[from].id, to, cx);
                    }
                } else {
                    let gap = ui.spacing().item_spacing.y;
                    rows_in_view(ui, ROW + gap, classes.len(), |ui, index| {
                        self.row_ui(ui, index, &classes[index], &classes, cx);
                        ui.add_space(gap);
                    });
                }
                self.add_ui(ui, cx);
            });
            unmatched_ui(ui, cx);
            section(ui, "Project");
            ui.add_enabled_ui(editable, |ui| self.settings_ui(ui, cx));
        });
    }

    /// A class; where it lies, and what it is dragged by.
    fn row_ui(
        &mut self,
        ui: &mut Ui,
        index: usize,
        class: &Class,
        classes: &[Class],
        cx: &mut PanelContext<'_>,
    ) -> (Rect, Response) {
        let size = vec2(ui.available_width(), ROW);
        let row = Rect::from_min_size(ui.cursor().min, size);
        let grip = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let grip = grip_ui(ui, grip_id(class.id), &format!("Drag {}", class.name), row);
            let grip = grip.on_hover_text("Drag to reorder (digits follow the order)");
            self.color_ui(ui, class, cx);
            let keys = Command::of_class(index).map(|command| command.shortcut_text(ui.ctx())).unwrap_or_default();
            let digit = RichText::new(keys).monospace().color(Tokens::of(ui).weak);
            ui.add_sized([14.0, ROW], Text::new(digit)).on_hover_text("Label with this class's key");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                self.menu_ui(ui, index, class, classes, cx);
                let count = self.counts.2.get(&class.id).copied().unwrap_or(0);
                let text = RichText::new(count.to_string()).monospace().color(Tokens::of(ui).weak);
                ui.label(text).on_hover_text("Clips and segments with this label");
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| self.name_ui(ui, class, cx));
            });
            grip
        });
        (row, grip.inner)
    }

    fn name_ui(&mut self, ui: &mut Ui, class: &Class, cx: &mut PanelContext<'_>) {
        match &mut self.renamed {
            Some((id, name, is_new)) if *id == class.id => {
                if *is_new {
                    name.clone_from(&class.name);
                }
                let field =
                    ui.add(TextEdit::singleline(name).desired_width(f32::INFINITY)).accessible_name("Class name");
                if std::mem::take(is_new) {
                    field.request_focus();
                } else if field.lost_focus() {
                    let cancelled = ui.input(|input| input.key_pressed(Key::Escape));
                    let (id, name) = (*id, std::mem::take(name));
                    if name != class.name && !cancelled {
                        cx.edit(move |document| edits::rename_class(document, id, &name));
                    }
                    self.renamed = None;
                }
            }
            _ => {
                let is_current = cx.session.labeling.current == Some(Label::Class(class.id));
                let color = if is_current { Tokens::of(ui).strong } else { Tokens::of(ui).text };
                let text = Text::new(RichText::new(&class.name).color(color)).truncate().sense(Sense::click());
                let response = ui.add(text).on_hover_text("Click: use for new segments. Double-click: rename");
                if response.clicked() {
                    cx.session.labeling.current = Some(Label::Class(class.id));
                }
                if response.double_clicked() {
                    self.rename(class.id);
                }
            }
        }
    }

    /// The colour becomes a step when the pointer is let go: one for each gesture.
    fn color_ui(&mut self, ui: &mut Ui, class: &Class, cx: &mut PanelContext<'_>) {
        let mut color = self.recolored.filter(|(id, _)| *id == class.id).map_or(class.color, |(_, color)| color);
        let response = ui.color_edit_button_srgb(&mut color);
        response.widget_info(|| WidgetInfo::labeled(Role::ColorWell, true, format!("Colour of {}", class.name)));
        if response.on_hover_text("Colour").changed() {
            self.recolored = Some((class.id, color));
        }
        let is_held = ui.input(|input| input.pointer.any_down());
        if let Some((id, color)) = self.recolored.filter(|(id, _)| *id == class.id && !is_held) {
            self.recolored = None;
            if color != class.color {
                cx.edit(move |document| edits::recolor_class(document, id, color));
            }
        }
    }

    fn menu_ui(&mut self, ui: &mut Ui, index: usize, class: &Class, classes: &[Class], cx: &mut PanelContext<'_>) {
        let count = self.counts.2.get(&class.id).copied().unwrap_or(0);
        let (own, mut edit) = (class.id, None);
        let menu = ui.menu_button(Icon::More.atom(), |ui| {
            if ui.button("Rename").clicked() {
                self.renamed = Some((class.id, String::new(), true));
                ui.close();
            }
            for (text, to) in [("Move up", index.checked_sub(1)), ("Move down", Some(index + 1))] {
                let to = to.filter(|to| *to < classes.len());
                let item = ui.add_enabled(to.is_some(), Button::new(text));
                if item.on_disabled_hover_text("Already at the end of the list").clicked() {
                    let move_class = |to| Edit::new(move |document| edits::move_class(document, own, to));
                    edit = to.map(move_class);
                    ui.close();
                }
            }
            ui.add_enabled_ui(classes.len() > 1, |ui| {
                ui.menu_button("Merge into", |ui| {
                    for other in classes.iter().filter(|other| other.id != class.id) {
                        if ui.button(&other.name).clicked() {
                            let other = other.id;
                            edit = Some(Edit::new(move |document| edits::merge_classes(document, own, other)));
                            ui.close();
                        }
                    }
                });
            });
            let text = match count {
                0 => "Delete".to_owned(),
                count => format!("Delete with its {}", counted(count, "label")),
            };
            if ui.button(text).on_hover_text("Can be undone").clicked() {
                edit = Some(Edit::new(move |document| edits::delete_class(document, own)));
                ui.close();
            }
        });
        menu.response.accessible_name(format!("Change {}", class.name)).on_hover_text("Rename, move, merge, delete");
        cx.actions.extend(edit.map(Action::Edit));
    }

    fn add_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        ui.add_space(4.0);
        let id = Id::unique("name of the new class"); // it keeps the keyboard when a class is added before it
        let field =
            TextEdit::singleline(&mut self.added).id(id).hint_text("New class, then Enter").desired_width(180.0);
        let response = ui.add(field).accessible_name("Name of a new class");
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if entered && !self.added.trim().is_empty() {
            let Some(document) = cx.session.labeling.document() else { return };
            let name = self.added.clone();
            if edits::add_class(document, &name).is_ok() {
                self.added.clear();
                response.request_focus();
            }
            cx.edit(move |document| edits::add_class(document, &name).map(|(_, step)| step));
        }
    }

    fn settings_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let Some(document) = cx.session.labeling.document() else { return };
        let now = document.settings.clone();
        let settings = self.settings.get_or_insert_with(|| now.clone());
        let mut done = false;
        let mut typing = false;
        for (title, text) in [("Name", &mut settings.name), ("Reviewer", &mut settings.reviewer)] {
            let response = field(ui, title, |ui, label| {
                ui.add(TextEdit::singleline(text).desired_width(180.0)).labelled_by(label)
            });
            done |= response.lost_focus();
            typing |= response.has_focus();
        }
        let several = ui.checkbox(&mut settings.multi_label, "Multi-label");
        done |= several.changed();
        explanation(ui, "Allow several classes per clip and overlapping segments.");
        let settings = settings.clone();
        if done || !typing {
            self.settings = None;
        }
        if done && settings != now {
            cx.edit(move |_| Ok(edits::set_settings(settings.clone())));
        }
    }
}

/// What a class is dragged by, wherever its row lies.
fn grip_id(class: ClassId) -> Id {
    Id::unique(("drag handle of a class", class.0))
}

fn move_class(id: ClassId, to: usize, cx: &mut PanelContext<'_>) {
    cx.edit(move |document| edits::move_class(document, id, to));
}

/// Classes of the networks that the project lacks.
fn unmatched_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let Some(document) = cx.session.labeling.document() else { return };
    let unmatched = cx.session.labeling.suggestions.unmatched(document);
    if unmatched.is_empty() {
        return;
    }
    let text = format!(
        "The model also has the classes {}. They are not in the project, so they are never suggested.",
        unmatched.join(", ")
    );
    ui.add_space(6.0);
    explanation(ui, &text);
}

/// How many clips and segments have each class.
fn counts(document: &Document) -> BTreeMap<ClassId, usize> {
    let mut counts: BTreeMap<ClassId, usize> = document.classes.iter().map(|class| (class.id, 0)).collect();
    for label in document.videos.values().flat_map(|video| video.all_labels()) {
        if let Label::Class(id) = label {
            *counts.entry(id).or_default() += 1;
        }
    }
    counts
}
