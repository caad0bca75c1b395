//! What is said about the selected video besides its label: group, note, segments; and its file.

use eframe::egui::{
    Align, Label as Text, Layout, RichText, Role, ScrollArea, TextEdit, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::typing::{About, Typing};
use crate::app::command::prompt::PathPrompt;
use crate::app::labeling::chip::label_color;
use crate::app::labeling::trouble::Trouble;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::format::time_code;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::{explanation, field, remark, row_response, rows_in_view, section};
use crate::frame_times::FrameTimes;
use crate::labels::{Document, Facts, Segment, Video, VideoId, edits};
use crate::plural::counted;

/// Height of a segment's row, in points.
const SEGMENT: f32 = 24.0;

/// The page, with what is being typed in it.
#[derive(Default)]
pub(super) struct ClipPage {
    pub typing: Typing,
}

impl ClipPage {
    /// Draws the page.
    pub fn clip_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let Some((id, video)) = cx.session.labeling.shown_video() else {
            return explanation(ui, "Select a video to view and edit its details.");
        };
        ScrollArea::vertical().id_salt("clip").auto_shrink(false).show(ui, |ui| {
            file_ui(ui, id, &video, cx);
            if let Some(locked) = &video.locked {
                let tokens = Tokens::of(ui);
                remark(ui, tokens.warning, |ui| {
                    ui.add(Text::new(locked.to_string()).wrap().selectable(true));
                    if ui.button("Reload").on_hover_text("Reload locked label files").clicked() {
                        cx.actions.push(Action::ReadLabelsAgain);
                    }
                });
                ui.add_space(6.0);
            }
            let editable = cx.session.labeling.can_edit().is_ok() && video.locked.is_none();
            ui.add_enabled_ui(editable, |ui| self.about_ui(ui, id, &video, cx));
            section(ui, "Segments");
            self.segments_ui(ui, id, &video, cx);
            section(ui, "Project");
            ui.add_enabled_ui(editable, |ui| {
                let button = ui.button("Remove from project").on_hover_text("Keeps the file; can be undone");
                if button.clicked() {
                    cx.edit(move |document| edits::remove_video(document, id));
                }
            });
        });
    }

    fn about_ui(&mut self, ui: &mut Ui, id: VideoId, video: &Video, cx: &mut PanelContext<'_>) {
        let Some(project) = cx.session.labeling.project() else { return };
        let typed = self.typing.text(project, id, About::Group, &video.group);
        typed.field = field(ui, "Group", |ui, label| {
            let field = TextEdit::singleline(&mut typed.text).hint_text("Recording name").desired_width(200.0);
            let field = ui.add(field).labelled_by(label);
            field.on_hover_text("Clips of a group are never split between training and hold-out").id
        });
        let typed = self.typing.text(project, id, About::Note, &video.note);
        typed.field = field(ui, "Note", |ui, label| {
            ui.add(TextEdit::multiline(&mut typed.text).desired_rows(2).desired_width(200.0)).labelled_by(label).id
        });
        field(ui, "Reviewer", |ui, _| {
            let reviewer = if video.reviewer.is_empty() { "not set" } else { &video.reviewer };
            ui.label(reviewer).on_hover_text("Last reviewer; set your name under Classes › Project");
        });
    }

    fn segments_ui(&mut self, ui: &mut Ui, id: VideoId, video: &Video, cx: &mut PanelContext<'_>) {
        if video.segments.is_empty() {
            return explanation(ui, "No segments yet. Press I and O to set in and out points, then Enter or a digit.");
        }
        let open = cx.session.clip.as_ref().map(|clip| &clip.times);
        let times = video.facts.as_ref().and_then(|facts| times_of(facts, open));
        rows_in_view(ui, SEGMENT, video.segments.len(), |ui, place| {
            segment_ui(ui, &video.segments[place], times.as_ref(), cx);
        });
        let labeling = &cx.session.labeling;
        let Some((project, selected)) = labeling.project().zip(labeling.segment()) else { return };
        let typed = self.typing.text(project, id, About::Segment(selected.id), &selected.note);
        typed.field = field(ui, "Segment note", |ui, label| {
            ui.add(TextEdit::singleline(&mut typed.text).desired_width(200.0)).labelled_by(label).id
        });
    }
}

/// The times of the frames of a video: those of the clip that is `open` if that is the same, else those of an even rate.
fn times_of(facts: &Facts, open: Option<&FrameTimes>) -> Option<FrameTimes> {
    let open = open.filter(|times| times.frames() == facts.frames);
    open.cloned().or_else(|| FrameTimes::even(facts.frames, facts.fps, 0.0))
}

fn segment_ui(ui: &mut Ui, segment: &Segment, times: Option<&FrameTimes>, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let row = row_response(ui, SEGMENT);
    let Some(document) = cx.session.labeling.document() else { return };
    let name = document.label_name(segment.label).to_owned();
    let color = label_color(ui, document, segment.label);
    let is_selected = cx.session.labeling.segment().is_some_and(|other| other.id == segment.id);
    // From the first picture, as beside the timeline.
    let secs = |times: &FrameTimes, frame: usize| time_code(times.secs(frame) - times.start_secs());
    let text = times.map(|times| format!("{} – {}", secs(times, segment.start), secs(times, segment.end)));
    let text = text.unwrap_or_default();
    let [first, last] = [segment.start, segment.end - 1].map(|frame| cx.settings.frame_numbers.number(frame));
    let frames = format!("frames {first} to {last}");
    row.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{name}, {frames}")));
    if is_selected || row.hovered() {
        ui.painter().rect_filled(row.rect, RADIUS, if is_selected { tokens.accent_faint } else { tokens.raised });
    }
    let content = row.rect.shrink2(vec2(8.0, 0.0));
    ui.painter().circle_filled(content.left_center() + vec2(2.0, 0.0), 4.0, color);
    let content = content.with_min_x(content.left() + 14.0);
    ui.scope_builder(UiBuilder::new().max_rect(content).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(text).monospace().color(tokens.weak));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Text::new(RichText::new(&name).color(tokens.text)).truncate());
            });
        });
    });
    let note = if segment.note.is_empty() { frames } else { format!("{frames}: {}", segment.note) };
    if row.on_hover_text(note).clicked() {
        cx.session.labeling.select_segment(Some(segment.id));
        cx.seek(segment.start);
    }
}

/// The file, what is in it, and what can be done if something is wrong with it.
fn file_ui(ui: &mut Ui, id: VideoId, video: &Video, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let path = cx.session.labeling.project().and_then(|project| project.video_path(id)).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ui.add(Text::new(RichText::new(name).strong().color(tokens.strong)).truncate())
        .on_hover_text(path.display().to_string());
    let facts = video.facts.as_ref().map_or("not scanned yet".to_owned(), in_words);
    ui.label(RichText::new(facts).small().color(tokens.weak));
    ui.add_space(4.0);
    let Some(trouble) = cx.session.labeling.trouble(id).cloned() else { return };
    let mut kept = None;
    remark(ui, tokens.warning, |ui| {
        let text = match &trouble {
            Trouble::Missing => "The file is missing. Its labels are kept. Relink the file.".to_owned(),
            Trouble::Changed(now) => format!(
                "The file has changed since it was labelled; it now has {}. Keep the labels if they still fit, or relink the original file.",
                in_words(now)
            ),
            Trouble::Unreadable(error) => error.to_string(),
        };
        ui.add(Text::new(text).wrap());
        ui.horizontal_wrapped(|ui| {
            ui.add_enabled_ui(cx.session.labeling.can_edit().is_ok(), |ui| {
                if ui.button("Relink…").on_hover_text("Locate the moved file").clicked() {
                    cx.actions.push(Action::Ask(PathPrompt::Relink(id)));
                }
                if let Trouble::Changed(now) = &trouble
                    && ui.button("Keep labels").on_hover_text("Trim segments beyond the end of the video").clicked()
                {
                    kept = Some(now.clone());
                }
            });
        });
    });
    if let Some(facts) = kept {
        cx.edit(move |document| keep(document, id, facts.clone()));
        cx.session.labeling.look_again(id);
    }
    ui.add_space(6.0);
}

/// Takes the content that the file has now for the labelled one; no segment reaches beyond its end.
fn keep(document: &Document, id: VideoId, facts: Facts) -> crate::error::Result<crate::labels::Step> {
    edits::change_video(document, id, "Kept the labels of a changed video", |video| {
        video.facts = Some(facts);
        *video = video.within_frames().into_owned();
    })
}

fn in_words(facts: &Facts) -> String {
    let ([width, height], secs) = (facts.size, facts.frames as f64 / facts.fps.max(1e-3));
    let frames = counted(facts.frames, "frame");
    format!("{width}×{height}, {frames} at {:.2} fps, {}", facts.fps, time_code(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_timed_by_the_time_stamps_of_the_clip_that_is_open() {
        let (size, bytes, hash) = ([4, 4], 1, String::new());
        let facts = Facts { frames: 3, fps: 2.0, start_secs: Some(0.0), variable_rate: true, size, bytes, hash };
        let open = FrameTimes::listed(vec![0.0, 0.1, 1.0], 1.5).unwrap();
        assert_eq!(times_of(&facts, Some(&open)).unwrap().secs(2), 1.0);
        let other = FrameTimes::listed(vec![0.0, 0.1], 1.5).unwrap();
        assert_eq!(times_of(&facts, Some(&other)).unwrap().secs(1), 0.5);
        assert!(times_of(&Facts { fps: 0.0, ..facts }, None).is_none());
    }
}
