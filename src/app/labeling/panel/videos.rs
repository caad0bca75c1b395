//! The list of videos: picture, name, labels, state; only the rows in view are drawn, however many there are.

use std::path::PathBuf;

use eframe::egui::{
    Align, Align2, ComboBox, Event, FontId, InputState, Layout, Modifiers, Rect, RichText, Role, ScrollArea, TextEdit,
    TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::labeling::chip::{chip, label_color};
use crate::app::labeling::video_list::{ListChoice, Shown, Sort};
use crate::app::panel::{Action, PanelContext};
use crate::app::shell::dropping::takes_dropped_files;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::{explanation, row_response};
use crate::labels::{Document, Label, Video, VideoId};
use crate::plural::counted;

/// Height of a row, in points, and that of one in a low panel, whose labels are beside its name.
const ROW: f32 = 46.0;
const LOW_ROW: f32 = 20.0;
/// Rows that are seen at once in any panel, if there are as many.
const SEEN: f32 = 7.0;
/// Size of a picture, in points, and of one in a low row.
const PICTURE: [f32; 2] = [66.0, 38.0];
const LOW_PICTURE: [f32; 2] = [28.0, 16.0];
/// Share of a low row that its name may have.
const NAME_SHARE: f32 = 0.5;

/// The list.
#[derive(Default)]
pub(super) struct VideosPage {
    /// The row to be brought into view.
    wanted: Option<VideoId>,
    /// The project and the choice of the rows that were drawn last.
    listed: Option<(PathBuf, ListChoice)>,
    /// Whether the project was opened and no video of it was selected yet: the clip of the last time may be opened later.
    awaits_clip: bool,
    /// How many rows were drawn in the last repaint.
    drawn: usize,
}

impl VideosPage {
    /// Brings the row of a video into view.
    pub fn scroll_to(&mut self, id: VideoId) {
        self.wanted = Some(id);
    }

    /// Draws the list.
    pub fn videos_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let all = cx.session.labeling.document().map_or(0, |document| document.videos.len());
        if all == 0 {
            return nothing_ui(ui, cx);
        }
        let dir = cx.session.labeling.project().map_or_else(PathBuf::new, |project| project.dir().to_owned());
        let listed = Some((dir, cx.session.labeling.choice.clone()));
        // Another list begins at its top, wherever the last one stood.
        let is_other = self.listed != listed;
        if is_other {
            cx.session.labeling.choose_one(); // Nobody sees which others there were.
        }
        let project = |listed: &Option<(PathBuf, ListChoice)>| listed.as_ref().map(|(dir, _)| dir.clone());
        self.awaits_clip |= project(&self.listed) != project(&listed);
        self.listed = listed;
        if let Some(id) = cx.session.labeling.selected().filter(|_| std::mem::take(&mut self.awaits_clip)) {
            self.wanted = Some(id);
        }
        let rows = cx.session.labeling.list().rows();
        if rows.is_empty() {
            explanation(ui, "No matching videos. Clear the search or choose All.");
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut area = ScrollArea::vertical().id_salt("videos").auto_shrink(false);
        if is_other {
            area = area.vertical_scroll_offset(0.0);
        }
        let room = ui.available_height();
        let height = row_height(room, rows.len());
        if let Some(row) = self.wanted.take().and_then(|id| rows.iter().position(|other| *other == id)) {
            area = area.vertical_scroll_offset((row as f32 * height - room / 2.0 + height / 2.0).max(0.0));
        }
        self.drawn = 0;
        area.show_rows(ui, height, rows.len(), |ui, range| {
            for place in range {
                // Only this one is copied, so that the rest of the session can be changed.
                let Some(id) = cx.session.labeling.list().rows().get(place).copied() else { break };
                self.drawn += 1;
                row_ui(ui, id, height, cx);
            }
        });
        // A row that was clicked stays under the pointer.
        self.awaits_clip &= !cx.actions.iter().any(|action| matches!(action, Action::ShowVideo(_)));
    }

    /// How many rows were drawn in the last repaint.
    #[cfg(test)]
    pub fn drawn(&self) -> usize {
        self.drawn
    }
}

/// What is listed, and in which order.
pub(super) fn choices_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let troubled = cx.session.labeling.list().troubled();
    let labeling = &mut cx.session.labeling;
    let Some(document) = labeling.document() else { return };
    let shown = shown_text(labeling.choice.shown, document, troubled);
    ui.horizontal(|ui| {
        let room = ui.available_width();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let sort = ComboBox::from_id_salt("sort").width(0.26 * room).selected_text(labeling.choice.sort.title());
            let sort = sort.show_ui(ui, |ui| {
                for sort in Sort::ALL {
                    ui.selectable_value(&mut labeling.choice.sort, sort, sort.title());
                }
            });
            sort.response.accessible_name("Order").on_hover_text("Sort by name, uncertainty or stream disagreement");
            cx.settings.labeling.sort = labeling.choice.sort;
            let filter = ComboBox::from_id_salt("shown").width(0.26 * room).selected_text(shown);
            let filter = filter.show_ui(ui, |ui| {
                let Some(document) = labeling.document() else { return };
                let kinds: Vec<(Shown, String)> =
                    kinds(document, troubled).map(|kind| (kind, shown_text(kind, document, troubled))).collect();
                for (kind, text) in kinds {
                    ui.selectable_value(&mut labeling.choice.shown, kind, text);
                }
            });
            filter.response.accessible_name("Show").on_hover_text("Choose which videos to show");
            let field = TextEdit::singleline(&mut labeling.choice.text)
                .hint_text("Filter by name")
                .desired_width(f32::INFINITY);
            if ui.add(field).accessible_name("Filter by name").changed() {
                labeling.choice.text = labeling.choice.text.to_lowercase();
            }
        });
    });
    ui.horizontal(|ui| {
        ui.checkbox(&mut cx.settings.labeling.advance, RichText::new("Auto-advance").small())
            .on_hover_text("Open the next unlabelled clip after labelling");
        ui.checkbox(&mut cx.settings.labeling.hold, RichText::new("Hold to label").small())
            .on_hover_text("While playing, hold a class's key to label a segment");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            command_button(ui, cx, Command::NextUnlabelled, RichText::new("Next unlabelled").small());
            if cx.session.labeling.has_several() {
                let text = format!("{} selected", cx.session.labeling.chosen().len());
                ui.label(RichText::new(text).small()).on_hover_text("A key labels all selected videos (Esc: one)");
            }
        });
    });
    ui.add_space(2.0);
}

/// The choices of what is listed; videos with problems are among them where there are any.
fn kinds(document: &Document, troubled: usize) -> impl Iterator<Item = Shown> + '_ {
    let usual = [
        Shown::All,
        Shown::Unlabelled,
        Shown::Labelled,
        Shown::Segments,
        Shown::Suggested,
        Shown::With(Label::Background),
    ];
    let classes = document.classes.iter().map(|class| Shown::With(Label::Class(class.id)));
    usual.into_iter().chain((troubled > 0).then_some(Shown::Troubled)).chain(classes)
}

/// A choice of what is listed, in words.
fn shown_text(shown: Shown, document: &Document, troubled: usize) -> String {
    match shown {
        Shown::All => "All".into(),
        Shown::Unlabelled => "Unlabelled".into(),
        Shown::Labelled => "Labelled".into(),
        Shown::Segments => "With segments".into(),
        Shown::Suggested => "Suggested".into(),
        Shown::Troubled => format!("With problems ({troubled})"),
        Shown::With(label) => document.label_name(label).to_owned(),
    }
}

fn nothing_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let text = match takes_dropped_files() {
        true => "No videos in the project. Add videos, or drop a folder onto the window.",
        false => "No videos in the project. Add videos.",
    };
    explanation(ui, text);
    ui.horizontal_wrapped(|ui| {
        command_button(ui, cx, Command::AddFolder, "Add folder…");
        command_button(ui, cx, Command::AddVideos, "Add video…");
    });
}

/// Height of the rows of so many videos in a list with so much room: low ones where too few high ones would be seen.
fn row_height(room: f32, videos: usize) -> f32 {
    if room < ROW * SEEN.min(videos as f32) { LOW_ROW } else { ROW }
}

fn row_ui(ui: &mut Ui, id: VideoId, height: f32, cx: &mut PanelContext<'_>) {
    let row = row_response(ui, height);
    let is_low = height < ROW;
    let labeling = &mut cx.session.labeling;
    let name = labeling.list().name(id).to_owned();
    let Some(path) = labeling.project().and_then(|project| project.video_path(id)) else { return };
    let Some((document, video)) = labeling.document().and_then(|document| Some((document, document.videos.get(&id)?)))
    else {
        return;
    };
    let tokens = Tokens::of(ui);
    let state = state_text(labeling.trouble(id).map(|trouble| trouble.title()), video);
    let proposal = labeling.suggestions.proposal(document, video).filter(|_| video.is_unlabelled());
    let mut said = said_text(document, video);
    let proposed = proposal.map(|proposal| proposal.in_words(document)).unwrap_or_default();
    if !proposed.is_empty() {
        let words: Vec<&str> = proposed.iter().map(|(_, words)| words.as_str()).collect();
        said += &format!(", suggested {}", words.join(", "));
    }
    if let Some(trouble) = labeling.trouble(id) {
        said += &format!(", its file is {}", trouble.title());
    }
    let is_selected = labeling.selected() == Some(id);
    let is_chosen = is_selected || labeling.is_chosen(id);
    row.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, format!("{name}, {said}")));
    if is_chosen || row.hovered() {
        ui.painter().rect_filled(row.rect, RADIUS, if is_chosen { tokens.accent_faint } else { tokens.raised });
    }
    if is_selected && labeling.has_several() {
        // Which of them is seen.
        let edge = Rect::from_min_size(row.rect.min, vec2(2.0, row.rect.height()));
        ui.painter().rect_filled(edge, 0.0, tokens.accent);
    }
    let size = if is_low { LOW_PICTURE } else { PICTURE };
    let picture = Rect::from_center_size(pos2(row.rect.left() + 5.0 + size[0] / 2.0, row.rect.center().y), size.into());
    let left = picture.right() + 8.0;
    let right = row.rect.right() - 8.0;
    let painter = ui.painter();
    let state_color =
        if labeling.trouble(id).is_some() || video.locked.is_some() { tokens.warning } else { tokens.weak };
    let middle = if is_low { row.rect.center().y } else { row.rect.top() + 15.0 };
    let font = FontId::proportional(11.0);
    let state_rect = painter.text(pos2(right, middle), Align2::RIGHT_CENTER, state, font, state_color);
    let font = TextStyle::Body.resolve(ui.style());
    let mut job = eframe::egui::text::LayoutJob::simple_singleline(name, font, tokens.strong);
    let room = (state_rect.left() - 8.0 - left).max(10.0);
    let room = if is_low { room * NAME_SHARE } else { room };
    job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(room);
    let galley = painter.layout_job(job);
    let name_size = galley.size();
    painter.galley(pos2(left, middle - name_size.y / 2.0), galley, tokens.strong);

    let right = if is_low { state_rect.left() - 4.0 } else { right };
    let mut at = if is_low { pos2(left + name_size.x + 10.0, middle) } else { pos2(left, row.rect.bottom() - 13.0) };
    for label in &video.labels {
        at = chip(ui, at, right, document.label_name(*label), label_color(ui, document, *label), true);
    }
    if video.labels.is_empty() {
        if !video.segments.is_empty() {
            let mut labels: Vec<Label> = video.segments.iter().map(|segment| segment.label).collect();
            labels.sort_unstable();
            labels.dedup();
            for label in labels {
                at = chip(ui, at, right, document.label_name(label), label_color(ui, document, label), true);
            }
        } else if !proposed.is_empty() {
            for (label, words) in &proposed {
                at = chip(ui, at, right, words, label_color(ui, document, *label), false);
            }
        } else {
            let text = if video.locked.is_some() { "labels unreadable" } else { "unlabelled" };
            painter.text(at, Align2::LEFT_CENTER, text, FontId::proportional(11.0), tokens.weak);
        }
    }
    let facts = labeling.present_facts(id).map(|facts| (facts.hash.clone(), facts.frames / 2));
    picture_ui(ui, picture, facts, &path, cx);
    if row.on_hover_text(path.display().to_string()).clicked() {
        let modifiers = ui.input(modifiers_of_click);
        let labeling = &mut cx.session.labeling;
        match labeling.selected() {
            Some(_) if modifiers.command => labeling.toggle_chosen(id),
            Some(_) if modifiers.shift => labeling.choose_to(id),
            _ => {
                labeling.choose_one();
                cx.actions.push(Action::ShowVideo(id));
            }
        }
    }
}

/// The modifiers that were held when the button was let go: in a slow window they may be up again by the repaint.
fn modifiers_of_click(input: &InputState) -> Modifiers {
    let of_click = input.events.iter().rev().find_map(|event| match event {
        Event::PointerButton { pressed: false, modifiers, .. } => Some(*modifiers),
        _ => None,
    });
    of_click.unwrap_or(input.modifiers)
}

/// The frame in the middle of the clip.
fn picture_ui(ui: &Ui, place: Rect, facts: Option<(String, usize)>, path: &std::path::Path, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    ui.painter().rect_filled(place, 3.0, tokens.background);
    let Some((hash, frame)) = facts else { return };
    let Some(texture) = cx.session.labeling.thumbnails.get(&hash, frame, || Some(path.to_owned())) else { return };
    let size = texture.size_vec2();
    let scale = (place.width() / size.x).min(place.height() / size.y);
    let fitted = Rect::from_center_size(place.center(), size * scale);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture.id(), fitted, whole, eframe::egui::Color32::WHITE);
}

fn state_text(trouble: Option<&'static str>, video: &Video) -> String {
    match (trouble, video.segments.len()) {
        _ if video.locked.is_some() => "locked".to_owned(),
        (Some(trouble), _) => trouble.to_owned(),
        (None, 0) => String::new(),
        (None, count) => counted(count, "segment"),
    }
}

/// What is said about a video, in words.
fn said_text(document: &Document, video: &Video) -> String {
    if video.locked.is_some() {
        return "its labels are unreadable".into();
    }
    if video.is_unlabelled() {
        return "unlabelled".into();
    }
    let labels: Vec<&str> = video.labels.iter().map(|label| document.label_name(*label)).collect();
    match video.segments.len() {
        0 => labels.join(", "),
        count => format!("{} {}", labels.join(", "), counted(count, "segment")).trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_low_where_too_few_high_ones_would_be_seen() {
        assert_eq!(row_height(7.0 * ROW, 1000), ROW);
        assert_eq!(row_height(7.0 * ROW - 1.0, 1000), LOW_ROW);
        assert_eq!(row_height(3.0 * ROW, 3), ROW, "all are seen");
    }
}
