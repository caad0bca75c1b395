//! A track for each class: its segments, to be selected, moved and stretched, and what the networks see.

use std::ops::Range;

use eframe::egui::{
    Align2, Color32, CornerRadius, CursorIcon, FontId, Id, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::axis::Axis;
use super::pictures::pictures_ui;
use crate::app::command::Command;
use crate::app::labeling::chip::label_color;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::engine::Prediction;
use crate::labels::{Label, Segment, Video, VideoId, edits};

/// Height of the pictures, in points.
const PICTURES: f32 = 30.0;
/// Height of a track, in points.
const TRACK: f32 = 16.0;
/// Tracks that are seen at once in any window; more of them scroll.
const SEEN: usize = 6;
/// The height beyond which a window shows more of them, and for how much of it each, in points.
const HIGH: [f32; 2] = [900.0, 120.0];
/// Height of what the networks see in a track, in points.
const PREDICTION: f32 = 4.0;
/// How opaque the track of a label of the whole clip is: less than a segment.
const OF_CLIP: f32 = 0.3;
/// How near the pointer takes an edge, in points.
const REACH: f32 = 4.0;
/// How near an edge snaps to another one, in points.
const SNAP: f32 = 6.0;

/// What of a segment is dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrackPart {
    Start,
    End,
    Whole,
}

/// A segment under way: it becomes a step when it is let go.
#[derive(Debug, Clone)]
struct Drag {
    video: VideoId,
    before: Segment,
    now: Segment,
    part: TrackPart,
    /// Position among the frames where it was taken.
    taken_at: f64,
}

/// The tracks.
#[derive(Default)]
pub(super) struct Tracks {
    drag: Option<Drag>,
}

impl Tracks {
    /// Keeps the place of the tracks free while no clip is open, so that nothing jumps when the next one is.
    pub fn no_clip_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        self.drag = None;
        let Some(height) = height(ui, cx) else { return };
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        if cx.session.opening.is_none() && !cx.session.live.is_active() && cx.session.labeling.project().is_some() {
            let selected = cx.session.labeling.selected();
            let text = match selected.and_then(|id| cx.session.labeling.trouble(id)) {
                Some(trouble) => format!("The file of this video is {}; see Project › Clip", trouble.title()),
                None => "Choose a project video to label".into(),
            };
            let color = Tokens::of(ui).weak;
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(13.0), color);
        }
    }

    /// Draws pictures and tracks of the open clip if a project is open; the area where the wheel zooms.
    pub fn tracks_ui(&mut self, ui: &mut Ui, axis: &Axis, cx: &mut PanelContext<'_>) -> Option<Response> {
        let height = height(ui, cx)?;
        if cx.session.labeling.project().is_none() {
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
            return None; // It is being opened.
        }
        let Some((id, video)) = cx.session.labeling.shown_video() else {
            not_in_project_ui(ui, height, cx);
            return None;
        };
        ui.spacing_mut().item_spacing.y = 2.0;
        let width = ui.available_width();
        let (strip, pictures) = ui.allocate_exact_size(vec2(width, PICTURES), Sense::click_and_drag());
        pictures.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Frames of the clip"));
        pictures_ui(ui, strip, axis, cx);
        scrub(&pictures, axis, cx);
        let labels = labels(cx)?;
        cx.settings.labeling.tracks = labels.len();
        let mut area = ScrollArea::vertical().id_salt("tracks").max_height(height - PICTURES - 4.0);
        area = area.min_scrolled_height(height - PICTURES - 4.0).auto_shrink([false, true]);
        area.show(ui, |ui| {
            let size = vec2(width, labels.len() as f32 * TRACK);
            let (rect, ground) = ui.allocate_exact_size(size, Sense::click_and_drag());
            ground.widget_info(|| WidgetInfo::labeled(Role::Group, true, "Tracks"));
            ground_ui(ui, rect, &labels, axis, cx);
            self.segments_ui(ui, rect, &labels, axis, (id, video.as_ref()), cx);
            names_ui(ui, rect, &labels, cx);
            lines_ui(ui, rect, axis, cx);
            if ground.clicked() {
                cx.session.labeling.select_segment(None);
            }
            scrub(&ground, axis, cx);
        });
        Some(pictures)
    }

    fn segments_ui(
        &mut self,
        ui: &Ui,
        rect: Rect,
        labels: &[Label],
        axis: &Axis,
        (id, video): (VideoId, &Video),
        cx: &mut PanelContext<'_>,
    ) {
        self.drag = self.drag.take().filter(|drag| drag.video == id && video.segment(drag.before.id).is_some());
        let editable = cx.session.labeling.can_edit();
        let seen = seen(ui, rect, labels.len());
        for segment in &video.segments {
            let now = match &self.drag {
                Some(drag) if drag.before.id == segment.id => drag.now.clone(),
                _ => segment.clone(),
            };
            let Some(row) = labels.iter().position(|label| *label == now.label) else { continue };
            let (left, right) = (axis.x(now.start as f64), axis.x(now.end as f64));
            let is_dragged = self.drag.as_ref().is_some_and(|drag| drag.before.id == segment.id);
            let is_seen = right >= rect.left() && left <= rect.right() && seen.contains(&row);
            if !is_seen && !is_dragged {
                continue;
            }
            let top = rect.top() + row as f32 * TRACK;
            let place = Rect::from_min_max(pos2(left, top + 1.0), pos2(right.max(left + 2.0), top + TRACK - 1.0));
            let clash = self.clash(segment, cx);
            segment_ui(ui, place.intersect(rect), &now, clash.is_some(), cx);
            let salt = Id::unique(("segment", id.0, segment.id.0));
            let parts = parts(ui, place.intersect(rect), salt);
            name_parts(&parts, &now, cx);
            for (part, response) in parts {
                let response = match (&clash, editable) {
                    (Some(clash), _) => response.on_hover_text_at_pointer(clash),
                    (None, Err(reason)) => response.on_hover_text_at_pointer(reason),
                    (None, Ok(())) => response.on_hover_cursor(cursor(part)),
                };
                self.take_pointer(ui, &response, part, segment, (id, video), axis, cx);
            }
        }
    }

    /// Why a dragged segment cannot lie where it is.
    fn clash(&self, segment: &Segment, cx: &PanelContext<'_>) -> Option<String> {
        let drag = self.drag.as_ref().filter(|drag| drag.before.id == segment.id)?;
        let document = cx.session.labeling.document()?;
        edits::change_segment(document, drag.video, drag.now.clone()).err().map(|error| error.cause)
    }

    #[expect(clippy::too_many_arguments, reason = "what is under the pointer, and where")]
    fn take_pointer(
        &mut self,
        ui: &Ui,
        response: &Response,
        part: TrackPart,
        segment: &Segment,
        (id, video): (VideoId, &Video),
        axis: &Axis,
        cx: &mut PanelContext<'_>,
    ) {
        let frames = cx.session.frames();
        if response.clicked() {
            cx.session.labeling.select_segment(Some(segment.id));
            cx.session.labeling.current = Some(segment.label);
            if let Some(pointer) = response.interact_pointer_pos() {
                seek(axis.frame_at(pointer.x, frames), cx);
            }
        }
        if response.double_clicked() {
            cx.settings.looping = true;
            if !cx.session.player.playing {
                cx.run(Command::PlayPause);
            }
        }
        if cx.session.labeling.can_edit().is_err() {
            return;
        }
        if response.drag_started() {
            let origin = ui.input(|input| input.pointer.press_origin()).map_or(response.rect.center().x, |at| at.x);
            let (before, now) = (segment.clone(), segment.clone());
            cx.session.labeling.select_segment(Some(segment.id));
            self.drag = Some(Drag { video: id, before, now, part, taken_at: axis.position_at(origin) });
        }
        let Some(drag) = self.drag.as_mut().filter(|drag| drag.before.id == segment.id && drag.part == part) else {
            return;
        };
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            let snap = f64::from(SNAP / axis.frame_width());
            let places = snapping_places(video, segment, cx);
            drag.move_to(axis.position_at(pointer.x), frames, &places, snap);
            let shown = if part == TrackPart::End { drag.now.end - 1 } else { drag.now.start };
            seek(shown, cx);
        }
        if response.drag_stopped() {
            let Some(drag) = self.drag.take() else { return };
            if drag.now != drag.before {
                cx.edit(move |document| {
                    // What else was said of it meanwhile stays.
                    let segment = document.videos.get(&id).and_then(|video| video.segment(drag.now.id));
                    let segment = segment.unwrap_or(&drag.now).clone();
                    let (start, end) = (drag.now.start, drag.now.end);
                    edits::change_segment(document, id, Segment { start, end, ..segment })
                });
            }
        }
    }
}

impl Drag {
    /// Follows the pointer from frame to frame, and to `places` that are nearer than `snap` frames.
    fn move_to(&mut self, position: f64, frames: usize, places: &[usize], snap: f64) {
        let moved = position - self.taken_at;
        let edge = |edge: usize| {
            let wanted = edge as f64 + moved;
            let distance = |place: &&usize| (**place as f64 - wanted).abs();
            let near = places
                .iter()
                .filter(|place| distance(place) <= snap)
                .min_by(|a, b| distance(a).total_cmp(&distance(b)));
            near.map_or(wanted.round().max(0.0) as usize, |place| *place)
        };
        let Segment { start, end, .. } = self.before;
        match self.part {
            TrackPart::Start => self.now.start = edge(start).min(end - 1),
            TrackPart::End => self.now.end = edge(end).clamp(start + 1, frames.max(start + 1)),
            TrackPart::Whole => {
                let length = end - start;
                let (by_start, by_end) = (edge(start), edge(end));
                // Whichever edge has something to snap to.
                let free = (start as f64 + moved).round().max(0.0) as usize;
                let to =
                    if by_start == free && by_end != free + length { by_end.saturating_sub(length) } else { by_start };
                self.now.start = to.min(frames.saturating_sub(length));
                self.now.end = self.now.start + length;
            }
        }
    }
}

/// Height of pictures and tracks; `None` where no project is open or being opened, or they are hidden. It depends on the project and the window
/// alone, so that labelling moves nothing.
fn height(ui: &Ui, cx: &PanelContext<'_>) -> Option<f32> {
    let more = ((ui.content_rect().height() - HIGH[0]) / HIGH[1]).max(0.0) as usize;
    let known = labels(cx).map(|labels| labels.len());
    let awaited = || cx.session.labeling.opening.is_some().then_some(cx.settings.labeling.tracks);
    let tracks = known.or_else(awaited)?.clamp(2, SEEN + more);
    (!cx.settings.labeling.hides_tracks).then_some(PICTURES + 4.0 + tracks as f32 * TRACK)
}

/// The tracks from top to bottom.
fn labels(cx: &PanelContext<'_>) -> Option<Vec<Label>> {
    let classes = cx.session.labeling.document()?.classes.iter().map(|class| Label::Class(class.id));
    Some(classes.chain([Label::Background]).collect())
}

fn not_in_project_ui(ui: &mut Ui, height: f32, cx: &mut PanelContext<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let Some(path) = cx.session.clip.as_ref().map(|clip| clip.path.clone()) else { return };
    let row = Rect::from_center_size(rect.center(), vec2(360.0, 26.0));
    ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(row), |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("This clip is not in the project.").color(Tokens::of(ui).weak));
            let editable = cx.session.labeling.can_edit();
            let button = ui.add_enabled(editable.is_ok(), eframe::egui::Button::new("Add to project"));
            let button = button.on_disabled_hover_text(editable.err().unwrap_or_default());
            if button.clicked() {
                cx.actions.push(Action::AddVideos(vec![path]));
            }
        });
    });
}

/// The tracks that the scroll area shows.
fn seen(ui: &Ui, rect: Rect, tracks: usize) -> Range<usize> {
    let place = |y: f32| ((y - rect.top()) / TRACK).max(0.0);
    let clip = ui.clip_rect();
    let end = (place(clip.bottom()).ceil() as usize).min(tracks);
    (place(clip.top()) as usize).min(end)..end
}

/// Tracks, those of the labels of the whole clip filled, and what the networks see in them.
fn ground_ui(ui: &Ui, rect: Rect, labels: &[Label], axis: &Axis, cx: &PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter_at(rect);
    let Some(document) = cx.session.labeling.document() else { return };
    let video = cx.session.labeling.video().map(|(_, video)| video);
    let suggestions = &cx.session.labeling.suggestions;
    let prediction = video.and_then(|video| suggestions.of(video)).map(|found| (found, suggestions.labels(document)));
    for row in seen(ui, rect, labels.len()) {
        let label = &labels[row];
        let top = rect.top() + row as f32 * TRACK;
        let track = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), TRACK - 1.0));
        painter.rect_filled(track, 2.0, tokens.background);
        let color = label_color(ui, document, *label);
        if video.is_some_and(|video| video.labels.contains(label)) {
            painter.rect_filled(track, 2.0, color.gamma_multiply(OF_CLIP));
        }
        if let Some((prediction, classes)) = &prediction
            && let Some(class) = classes.iter().position(|other| *other == Some(*label))
        {
            prediction_ui(ui, track, class, color, axis, prediction);
        }
    }
    if let Some((start, end)) = marked(cx) {
        let x = axis.x(start as f64)..=axis.x(end as f64);
        painter.rect_filled(Rect::from_x_y_ranges(x, rect.y_range()), 0.0, tokens.accent.gamma_multiply(0.14));
    }
}

/// The names of the tracks, legible whatever is under them.
fn names_ui(ui: &Ui, rect: Rect, labels: &[Label], cx: &PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter_at(rect);
    let Some(document) = cx.session.labeling.document() else { return };
    for row in seen(ui, rect, labels.len()) {
        let label = &labels[row];
        // Above what the networks see.
        let middle = rect.top() + (row as f32 + 0.5) * TRACK - PREDICTION / 2.0;
        let name = document.label_name(*label).to_owned();
        let galley = painter.layout_no_wrap(name, FontId::proportional(10.0), tokens.strong);
        let place = Align2::LEFT_CENTER.anchor_size(pos2(rect.left() + 6.0, middle), galley.size());
        painter.rect_filled(place.expand2(vec2(3.0, 0.0)), 2.0, tokens.background.gamma_multiply(0.6));
        painter.galley(place.min, galley, tokens.strong);
    }
}

/// How likely a class is over time: as opaque as it is likely.
fn prediction_ui(ui: &Ui, track: Rect, class: usize, color: Color32, axis: &Axis, prediction: &Prediction) {
    let painter = ui.painter_at(track);
    let middle = |index: usize| {
        let window = &prediction.windows[index];
        (window.start + window.end) as f64 / 2.0
    };
    let last = prediction.windows.len() - 1;
    for (index, window) in prediction.windows.iter().enumerate() {
        let from = if index == 0 { window.start as f64 } else { (middle(index - 1) + middle(index)) / 2.0 };
        let to = if index == last { window.end as f64 } else { (middle(index) + middle(index + 1)) / 2.0 };
        let share = window.fused.get(class).copied().unwrap_or(0.0).clamp(0.0, 1.0);
        let place =
            Rect::from_min_max(pos2(axis.x(from), track.bottom() - PREDICTION), pos2(axis.x(to), track.bottom()));
        painter.rect_filled(place, 0.0, color.gamma_multiply(share));
    }
}

fn segment_ui(ui: &Ui, place: Rect, segment: &Segment, clashes: bool, cx: &PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let Some(document) = cx.session.labeling.document() else { return };
    let color = label_color(ui, document, segment.label);
    let is_selected = cx.session.labeling.segment().is_some_and(|other| other.id == segment.id);
    let round = CornerRadius::same(3);
    let painter = ui.painter();
    painter.rect_filled(place, round, color.gamma_multiply(if is_selected { 0.95 } else { 0.7 }));
    let outline = match (clashes, is_selected) {
        (true, _) => Some(Stroke::new(2.0, tokens.error)),
        (false, true) => Some(Stroke::new(1.5, tokens.strong)),
        (false, false) => None,
    };
    if let Some(outline) = outline {
        painter.rect_stroke(place, round, outline, StrokeKind::Inside);
    }
}

/// The body and both edges of a segment, as far as they are seen; edges are above the body and reach a little beyond.
fn parts(ui: &Ui, place: Rect, salt: Id) -> [(TrackPart, Response); 3] {
    let inner = REACH.min(place.width() / 4.0);
    let edge = |x: f32, out: f32| {
        let (a, b) = (x - out, x + if out < 0.0 { -inner } else { inner });
        Rect::from_x_y_ranges(a.min(b)..=a.max(b), place.y_range())
    };
    let interact = |rect: Rect, name: &str| ui.interact(rect, salt.with(name), Sense::click_and_drag());
    [
        (TrackPart::Whole, interact(place, "whole")),
        (TrackPart::Start, interact(edge(place.left(), REACH), "start")),
        (TrackPart::End, interact(edge(place.right(), -REACH), "end")),
    ]
}

fn name_parts(parts: &[(TrackPart, Response); 3], segment: &Segment, cx: &PanelContext<'_>) {
    let Some(document) = cx.session.labeling.document() else { return };
    let name = document.label_name(segment.label);
    for (part, response) in parts {
        let text = match part {
            TrackPart::Whole => format!("{name}, frames {} to {}", segment.start, segment.end - 1),
            TrackPart::Start => format!("Start of {name} at {}", segment.start),
            TrackPart::End => format!("End of {name} at {}", segment.end - 1),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &text));
    }
}

fn cursor(part: TrackPart) -> CursorIcon {
    match part {
        TrackPart::Whole => CursorIcon::Grab,
        TrackPart::Start | TrackPart::End => CursorIcon::ResizeHorizontal,
    }
}

/// Where edges snap to: those of other segments, the playhead, both ends of the clip.
fn snapping_places(video: &Video, segment: &Segment, cx: &PanelContext<'_>) -> Vec<usize> {
    let others = video.segments.iter().filter(|other| other.id != segment.id);
    let edges = others.flat_map(|other| [other.start, other.end]);
    edges.chain([0, cx.session.frames()]).collect()
}

/// The marked part, its end exclusive.
fn marked(cx: &PanelContext<'_>) -> Option<(usize, usize)> {
    cx.session.marked().map(|(start, end)| (start, end + 1))
}

/// The playhead and the marks, across all tracks.
fn lines_ui(ui: &Ui, rect: Rect, axis: &Axis, cx: &PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter_at(rect);
    let marks = cx.session.marks;
    let marked = [marks.start, marks.end.map(|end| end + 1)];
    for frame in marked.into_iter().flatten() {
        painter.vline(axis.x(frame as f64), rect.y_range(), Stroke::new(1.0, tokens.accent));
    }
    let x = axis.x(cx.session.player.position as f64 + 0.5);
    painter.vline(x, rect.y_range(), Stroke::new(1.5, tokens.accent));
}

/// Seeks to where the pointer is pressed.
pub(super) fn scrub(response: &Response, axis: &Axis, cx: &mut PanelContext<'_>) {
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        seek(axis.frame_at(pointer.x, cx.session.frames()), cx);
    }
}

fn seek(frame: usize, cx: &mut PanelContext<'_>) {
    if frame != cx.session.player.position {
        cx.seek(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::SegmentId;

    fn drag(part: TrackPart) -> Drag {
        let before = Segment { id: SegmentId(0), label: Label::Background, start: 20, end: 30, note: String::new() };
        Drag { video: VideoId(0), now: before.clone(), before, part, taken_at: 25.0 }
    }

    fn dragged(part: TrackPart, to: f64, places: &[usize]) -> (usize, usize) {
        let mut drag = drag(part);
        drag.move_to(to, 100, places, 2.0);
        (drag.now.start, drag.now.end)
    }

    #[test]
    fn edges_follow_in_whole_frames_and_never_cross() {
        assert_eq!(dragged(TrackPart::Start, 21.4, &[]), (16, 30));
        assert_eq!(dragged(TrackPart::Start, 80.0, &[]), (29, 30));
        assert_eq!(dragged(TrackPart::End, -90.0, &[]), (20, 21));
        assert_eq!(dragged(TrackPart::End, 999.0, &[]), (20, 100));
        assert_eq!(dragged(TrackPart::Start, -90.0, &[]), (0, 30));
    }

    #[test]
    fn a_moved_segment_keeps_its_length_and_snaps_with_either_edge() {
        assert_eq!(dragged(TrackPart::Whole, 35.2, &[]), (30, 40));
        assert_eq!(dragged(TrackPart::Whole, 999.0, &[]), (90, 100));
        assert_eq!(dragged(TrackPart::Whole, -50.0, &[]), (0, 10));
        assert_eq!(dragged(TrackPart::Whole, 35.0, &[31]), (31, 41), "its start is near");
        assert_eq!(dragged(TrackPart::Whole, 35.0, &[42]), (32, 42), "its end is near");
        assert_eq!(dragged(TrackPart::End, 36.0, &[42, 60]), (20, 42));
    }
}
