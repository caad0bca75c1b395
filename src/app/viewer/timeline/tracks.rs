//! A track for each class: its segments, to be drawn, selected, moved and stretched, and what the networks see.

use std::ops::Range;

use eframe::egui::style::ScrollAnimation;
use eframe::egui::{
    Align2, Color32, CornerRadius, CursorIcon, FontId, Id, Rect, Response, RichText, Role, ScrollArea, Sense, Slider,
    Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::axis::Axis;
use super::crowd::{Crowd, Room};
use super::drag::{Drag, NewSegment, TrackPart, snapping_places};
use super::handles::{REACH, SNAP, cursor, is_let_go, parts, scrub, seek};
use super::lanes::{Lanes, NAMES, Tracklist};
use super::pictures::pictures_ui;
use super::predicted::PredictedBouts;
use crate::app::command::Command;
use crate::app::labeling::settings::LabelingSettings;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::labels::{Label, Segment, SegmentId, Video, VideoId, edits};

/// Height of the pictures, in points.
const PICTURES: f32 = 30.0;
/// Height where there are none to be shown, in points.
const OUTSIDE: f32 = 26.0;
/// Tracks that are seen at once in any window; more of them scroll.
const SEEN: usize = 6;
/// The height beyond which a window shows more of them, and for how much of it each, in points.
const HIGH: [f32; 2] = [900.0, 120.0];
/// Share of the window that high tracks may have: the rest is the viewer's.
const SHARE: f32 = 0.3;
/// The height below which a window has less room for them, and the share of it that pictures and tracks may have, in points.
const LOW: f32 = 600.0;
const LOW_SHARE: f32 = 0.16;

/// The tracks.
#[derive(Default)]
pub(super) struct Tracks {
    drag: Option<Drag>,
    new: Option<NewSegment>,
    predicted: PredictedBouts,
    /// The video and its labels for which the tracks were last scrolled.
    scrolled: Option<(VideoId, Vec<Label>)>,
}

impl Tracks {
    /// Returns the width of the column of names, which the timeline keeps free at its left.
    pub fn margin(cx: &PanelContext<'_>) -> f32 {
        let labeling = &cx.session.labeling;
        let has_project = labeling.project().is_some() || labeling.opening.is_some();
        if has_project && !cx.settings.labeling.hides_tracks { NAMES } else { 0.0 }
    }

    /// Keeps the place of the tracks free while no clip is open, so that nothing jumps when the next one is.
    pub fn no_clip_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        (self.drag, self.new) = (None, None);
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
        // As high as its place was while the project was being opened.
        let place = Rect::from_min_size(ui.cursor().min, vec2(width, height));
        let (row, _) = ui.allocate_exact_size(vec2(width, PICTURES), Sense::hover());
        height_ui(ui, row.with_max_x(row.left() + NAMES), cx);
        let strip = row.with_min_x(row.left() + NAMES);
        let pictures = ui.interact(strip, Id::unique("frames of the clip"), Sense::click_and_drag());
        pictures.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Frames of the clip"));
        pictures_ui(ui, strip, axis, cx);
        scrub(&pictures, axis, cx);
        let list = Tracklist::of(ui, cx, &video)?;
        let classes = cx.session.labeling.document().map(|document| document.classes.len());
        cx.settings.labeling.tracks = classes.map_or(0, LabelingSettings::tracks_for);
        let track = cx.settings.labeling.track_height();
        let mut area = ScrollArea::vertical().id_salt("tracks").max_height(height - PICTURES - 4.0);
        area = area.min_scrolled_height(height - PICTURES - 4.0).auto_shrink([false, true]);
        area.show(ui, |ui| {
            let tracks = list.tracks.len() as f32 * track;
            // With the place of a track that comes once it is used.
            let room = tracks.max(height - PICTURES - 4.0);
            let (whole, _) = ui.allocate_exact_size(vec2(width, room), Sense::hover());
            let whole = whole.with_max_y(whole.top() + tracks);
            let rect = whole.with_min_x(whole.left() + NAMES);
            let ground = ui.interact(rect, Id::unique("tracks"), Sense::click_and_drag());
            ground.widget_info(|| WidgetInfo::labeled(Role::Group, true, "Tracks"));
            let predicted = PredictedBouts::height(track, cx);
            let lanes = Lanes { rect, height: track, predicted, list: &list, axis };
            lanes.ground_ui(ui, cx);
            lanes.names_ui(ui);
            self.scroll_to_label(ui, &lanes, (id, video.as_ref()));
            self.segments_ui(ui, &lanes, (id, video.as_ref()), cx);
            self.predicted.bouts_ui(ui, &lanes, (id, video.as_ref()), cx);
            self.take_ground(ui, ground, &lanes, (id, video.as_ref()), cx);
            self.new_ui(ui, &lanes, cx);
            lanes.lines_ui(ui, cx);
        });
        ui.advance_cursor_after_rect(place);
        Some(pictures)
    }

    /// Scrolls to the track of the clip's label when that or the clip changes: a label out of view looks like none.
    fn scroll_to_label(&mut self, ui: &Ui, lanes: &Lanes<'_>, (id, video): (VideoId, &Video)) {
        if self.scrolled.as_ref().is_some_and(|(last, labels)| *last == id && *labels == video.labels) {
            return;
        }
        self.scrolled = Some((id, video.labels.clone()));
        if let Some(row) = video.labels.last().and_then(|label| lanes.list.row(*label)) {
            ui.scroll_to_rect_animation(lanes.track(row), None, ScrollAnimation::none());
        }
    }

    /// Draws the segments in view. However many there are, only as many as there is room for can be taken by the pointer.
    fn segments_ui(&mut self, ui: &Ui, lanes: &Lanes<'_>, (id, video): (VideoId, &Video), cx: &mut PanelContext<'_>) {
        self.drag = self.drag.take().filter(|drag| drag.video == id && video.segment(drag.before.id).is_some());
        let dragged = self.drag.as_ref().map(|drag| drag.before.id);
        let selected = cx.session.labeling.segment().map(|segment| segment.id);
        let seen = lanes.seen(ui);
        let mut crowds = vec![Crowd::default(); lanes.list.tracks.len()];
        for segment in &video.segments {
            // What is dragged is drawn wherever it is, and above the others.
            if !lanes.is_in_view(&(segment.start..segment.end)) || Some(segment.id) == dragged {
                continue;
            }
            let Some(row) = lanes.list.row(segment.label).filter(|row| seen.contains(row)) else { continue };
            let place = lanes.place(row, segment.start..segment.end).intersect(lanes.rect);
            let is_selected = Some(segment.id) == selected;
            match crowds[row].room_for(place, is_selected) {
                Room::None => {}
                Room::ToSee => {
                    _ = ui.painter().rect_filled(place, 0.0, lanes.list.tracks[row].color.gamma_multiply(0.7))
                }
                Room::ToTake => self.segment_ui(ui, place, row, segment, is_selected, lanes, (id, video), cx),
            }
        }
        if let Some(segment) = dragged.and_then(|dragged| video.segment(dragged))
            && let Some(now) = self.drag.as_ref().map(|drag| drag.now.start..drag.now.end)
            && let Some(row) = lanes.list.row(segment.label)
        {
            let place = lanes.place(row, now).intersect(lanes.rect);
            self.segment_ui(ui, place, row, segment, Some(segment.id) == selected, lanes, (id, video), cx);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a segment, and where it lies")]
    fn segment_ui(
        &mut self,
        ui: &Ui,
        place: Rect,
        row: usize,
        segment: &Segment,
        is_selected: bool,
        lanes: &Lanes<'_>,
        (id, video): (VideoId, &Video),
        cx: &mut PanelContext<'_>,
    ) {
        let track = &lanes.list.tracks[row];
        let drag = self.drag.as_ref().filter(|drag| drag.before.id == segment.id);
        let frames = drag.map_or(segment.start..segment.end, |drag| drag.now.start..drag.now.end);
        let clash = self.clash(segment.id, cx);
        paint_segment(ui, place, track.color, is_selected, clash.is_some());
        let parts = parts(ui, place, Id::unique(("segment", id.0, segment.id.0)));
        name_parts(&parts, &track.name, &frames, cx);
        let editable = cx.session.labeling.can_edit();
        for (part, response) in parts {
            let response = match (&clash, editable) {
                (Some(clash), _) => response.on_hover_text_at_pointer(clash),
                (None, Err(reason)) => response.on_hover_text_at_pointer(reason),
                (None, Ok(())) => response.on_hover_cursor(cursor(part)),
            };
            self.take_pointer(ui, &response, part, segment, (id, video), lanes.axis, cx);
        }
    }

    /// Why a dragged segment cannot lie where it is.
    fn clash(&self, segment: SegmentId, cx: &PanelContext<'_>) -> Option<String> {
        let drag = self.drag.as_ref().filter(|drag| drag.before.id == segment)?;
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
            let places = snapping_places(video, Some(segment), frames);
            drag.move_to(axis.position_at(pointer.x), frames, &places, snap);
            let shown = if part == TrackPart::End { drag.now.end - 1 } else { drag.now.start };
            seek(shown, cx);
        }
        if response.drag_stopped() {
            let Some(drag) = self.drag.take() else { return };
            if drag.now != drag.before && is_let_go(ui) {
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

    /// A click beside the segments seeks; a drag draws a new segment of the track's class.
    fn take_ground(
        &mut self,
        ui: &Ui,
        mut ground: Response,
        lanes: &Lanes<'_>,
        (id, video): (VideoId, &Video),
        cx: &mut PanelContext<'_>,
    ) {
        if ground.clicked() {
            // One that is too thin to be aimed at is selected where it is crowded, too.
            let near = ground.interact_pointer_pos().and_then(|at| lanes.segment_at(at, REACH, video));
            cx.session.labeling.select_segment(near.map(|segment| segment.id));
        }
        let can_label = cx.session.can_label().is_ok();
        if ground.drag_started() && can_label {
            let origin = ui.input(|input| input.pointer.press_origin());
            self.new = origin
                .and_then(|at| Some(NewSegment::at(id, lanes.track_at(at.y)?.label, lanes.axis.position_at(at.x))));
        }
        let Some(new) = self.new.as_mut().filter(|new| new.video == id) else {
            self.new = None;
            scrub(&ground, lanes.axis, cx);
            if can_label {
                ground.on_hover_cursor(CursorIcon::Crosshair);
            }
            return;
        };
        // Also in the repaint that it is let go in: the pointer may have come a long way since the one before.
        let is_followed = ground.dragged() || ground.drag_stopped();
        let pointer = ground.interact_pointer_pos().or_else(|| ui.input(|input| input.pointer.latest_pos()));
        if let Some(pointer) = pointer.filter(|_| is_followed) {
            let frames = cx.session.frames();
            let snap = f64::from(SNAP / lanes.axis.frame_width());
            let places = snapping_places(video, None, frames);
            new.reach_to(lanes.axis.position_at(pointer.x), frames, &places, snap);
            seek(new.shown, cx);
            if let Some(clash) = clash_of_new(new, cx) {
                ground = ground.on_hover_text_at_pointer(clash);
            }
        }
        if !ground.dragged()
            && let Some(new) = self.new.take()
            && ground.drag_stopped()
            && is_let_go(ui)
        {
            cx.actions.push(Action::AddSegment { video: id, label: new.label, frames: new.start..new.end });
        }
    }

    /// Shows what is being drawn, or labelled by a key that is held.
    fn new_ui(&self, ui: &Ui, lanes: &Lanes<'_>, cx: &PanelContext<'_>) {
        let show = |label, frames: Range<usize>, clashes: bool| {
            let Some(row) = lanes.list.row(label) else { return };
            let place = lanes.place(row, frames).intersect(lanes.rect);
            paint_segment(ui, place, lanes.list.tracks[row].color, true, clashes);
        };
        if let Some(new) = &self.new {
            show(new.label, new.start..new.end, clash_of_new(new, cx).is_some());
        }
        for held in cx.session.labeling.held.iter().filter(|held| !held.is_over) {
            show(held.label, held.frames(), false);
        }
    }
}

/// Why a segment that is drawn cannot lie where it is.
fn clash_of_new(new: &NewSegment, cx: &PanelContext<'_>) -> Option<String> {
    let document = cx.session.labeling.document()?;
    edits::add_segment(document, new.video, new.label, new.start, new.end).err().map(|error| error.cause)
}

/// Height of pictures and tracks; `None` where no project is open or being opened, or they are hidden. It depends on the project, the
/// window, the chosen height and whether the project has the clip, so that neither labelling nor a new class moves anything.
fn height(ui: &Ui, cx: &PanelContext<'_>) -> Option<f32> {
    let (window, track) = (ui.content_rect().height(), cx.settings.labeling.track_height());
    let more = ((window - HIGH[0]) / HIGH[1]).max(0.0) as usize;
    let known = cx.session.labeling.room_for_tracks();
    let awaited = || cx.session.labeling.opening.is_some().then_some(cx.settings.labeling.tracks);
    let most = known.or_else(awaited)?;
    let tracks = most.clamp(2, SEEN + more) as f32;
    let share = if window < LOW { LOW_SHARE * window - PICTURES } else { SHARE * window };
    let room = share.max(2.0 * track);
    let height = if is_outside(cx) || most == 0 { OUTSIDE } else { PICTURES + 4.0 + (tracks * track).min(room) };
    (!cx.settings.labeling.hides_tracks).then_some(height)
}

/// Whether what is shown, or being opened, has no tracks: it is live, or no video of the open project.
fn is_outside(cx: &PanelContext<'_>) -> bool {
    let labeling = &cx.session.labeling;
    let is_clip_outside = || cx.session.clip_path().is_some() && labeling.selected().is_none();
    cx.session.live.is_active() || (labeling.project().is_some() && is_clip_outside())
}

/// The height of a track, above the column of names.
fn height_ui(ui: &mut Ui, place: Rect, cx: &mut PanelContext<'_>) {
    let place = place.shrink2(vec2(6.0, 4.0));
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.spacing_mut().slider_width = place.width();
        let mut height = cx.settings.labeling.track_height();
        let slider = Slider::new(&mut height, LabelingSettings::TRACK_HEIGHTS).show_value(false);
        let response = ui.add(slider).accessible_name("Track height").on_hover_text("Height of the tracks");
        if response.changed() {
            cx.settings.labeling.track_height = height.round();
        }
    });
}

fn not_in_project_ui(ui: &mut Ui, height: f32, cx: &mut PanelContext<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let Some(path) = cx.session.clip.as_ref().map(|clip| clip.path.clone()) else { return };
    cx.settings.labeling.tracks = 0;
    let row = Rect::from_center_size(rect.center(), vec2(360.0, OUTSIDE));
    ui.scope_builder(UiBuilder::new().max_rect(row), |ui| {
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

fn paint_segment(ui: &Ui, place: Rect, color: Color32, is_selected: bool, clashes: bool) {
    let tokens = Tokens::of(ui);
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

fn name_parts(parts: &[(TrackPart, Response); 3], name: &str, frames: &Range<usize>, cx: &PanelContext<'_>) {
    let numbers = cx.settings.frame_numbers;
    let (first, last) = (numbers.number(frames.start), numbers.number(frames.end - 1));
    for (part, response) in parts {
        response.widget_info(|| {
            let text = match part {
                TrackPart::Whole => format!("{name}, frames {first} to {last}"),
                TrackPart::Start => format!("Start of {name} at {first}"),
                TrackPart::End => format!("End of {name} at {last}"),
            };
            WidgetInfo::labeled(Role::Button, true, text)
        });
    }
}
