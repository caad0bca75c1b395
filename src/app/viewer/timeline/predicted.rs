//! Predicted bouts below the segments of their class: as opaque as they are likely, to be selected, looped and corrected.

use std::ops::Range;

use eframe::egui::{CornerRadius, Id, Rect, Response, Role, Stroke, StrokeKind, Ui, WidgetInfo};

use super::crowd::{Crowd, Room};
use super::drag::{Drag, TrackPart, snapping_places};
use super::handles::{SNAP, cursor, is_let_go, parts, seek};
use super::lanes::Lanes;
use crate::app::command::Command;
use crate::app::panel::PanelContext;
use crate::app::predictions::review::{BoutState, ReviewedBout};
use crate::app::ui::theme::Tokens;
use crate::labels::{Label, Segment, SegmentId, Video, VideoId};

/// Share of a track that predicted bouts have, and their least height, in points.
const SHARE: f32 = 0.42;
const LEAST: f32 = 6.0;
/// The least opacity: an unlikely bout can still be seen.
const FAINTEST: f32 = 0.15;

/// The predicted bouts of the open clip in its tracks.
#[derive(Default)]
pub(super) struct PredictedBouts {
    drag: Option<BoutDrag>,
}

/// A bout whose edges are moved.
struct BoutDrag {
    class: usize,
    predicted: Range<usize>,
    drag: Drag,
}

impl BoutDrag {
    fn is_of(&self, bout: &ReviewedBout) -> bool {
        self.class == bout.class && self.predicted == bout.predicted_frames()
    }
}

impl PredictedBouts {
    /// Returns the height that they have in tracks of this one, in points; 0 without predictions.
    pub fn height(track: f32, cx: &PanelContext<'_>) -> f32 {
        if cx.session.predictions.file().is_some() { (SHARE * track).max(LEAST) } else { 0.0 }
    }

    /// Draws the bouts in view that are not rejected. However many there are, only as many as there is room for can be taken by the
    /// pointer.
    pub fn bouts_ui(&mut self, ui: &Ui, lanes: &Lanes<'_>, (id, video): (VideoId, &Video), cx: &mut PanelContext<'_>) {
        let (all, seen) = (cx.session.predictions.all(), lanes.seen(ui));
        let is_there = |drag: &BoutDrag| drag.drag.video == id && all.iter().any(|bout| drag.is_of(bout));
        self.drag = self.drag.take().filter(is_there);
        let current = cx.session.predictions.current(cx.session.player.position).cloned();
        let mut crowds = vec![Crowd::default(); lanes.list.tracks.len()];
        for bout in all.iter().filter(|bout| bout.state != BoutState::Rejected) {
            let drag = self.drag.as_ref().filter(|drag| drag.is_of(bout)).map(|drag| &drag.drag.now);
            let frames = drag.map_or(bout.frames.clone(), |now| now.start..now.end);
            if drag.is_none() && !lanes.is_in_view(&frames) {
                continue;
            }
            let Some(class) = bout.id else { continue };
            let Some(row) = lanes.list.row(Label::Class(class)).filter(|row| seen.contains(row)) else { continue };
            let place = lanes.predicted_place(row, frames.clone()).intersect(lanes.rect);
            let is_current = current.as_ref() == Some(bout);
            match crowds[row].room_for(place, is_current || drag.is_some()) {
                Room::None => {}
                Room::ToSee => paint(ui, place, row, bout, false, lanes),
                Room::ToTake => {
                    paint(ui, place, row, bout, is_current, lanes);
                    if bout.state == BoutState::Open {
                        self.bout_ui(ui, place, row, bout, frames, lanes, (id, video), cx);
                    }
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a bout, and where it lies")]
    fn bout_ui(
        &mut self,
        ui: &Ui,
        place: Rect,
        row: usize,
        bout: &ReviewedBout,
        frames: Range<usize>,
        lanes: &Lanes<'_>,
        (id, video): (VideoId, &Video),
        cx: &mut PanelContext<'_>,
    ) {
        let predicted = bout.predicted_frames();
        let parts = parts(ui, place, Id::unique(("bout", bout.class, predicted.start, predicted.end)));
        let name = &lanes.list.tracks[row].name;
        let numbers = cx.settings.frame_numbers;
        let (first, last) = (numbers.number(frames.start), numbers.number(frames.end - 1));
        let share = 100.0 * bout.bout.mean;
        for (part, response) in parts {
            response.widget_info(|| {
                let text = match part {
                    TrackPart::Whole => format!("Predicted {name}, frames {first} to {last}, {share:.0} %"),
                    TrackPart::Start => format!("Start of predicted {name} at {first}"),
                    TrackPart::End => format!("End of predicted {name} at {last}"),
                };
                WidgetInfo::labeled(Role::Button, true, text)
            });
            let [accept, reject] = [Command::AcceptBout, Command::RejectBout].map(|key| key.shortcut_text(ui.ctx()));
            let keys = if accept.is_empty() { String::new() } else { format!(" ({accept} accepts, {reject} rejects)") };
            let response = match part {
                TrackPart::Whole => response.on_hover_text_at_pointer(format!("{name} {share:.0} %{keys}")),
                TrackPart::Start | TrackPart::End => response.on_hover_cursor(cursor(part)),
            };
            self.take_pointer(ui, &response, part, bout, lanes, (id, video), cx);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what is under the pointer, and where")]
    fn take_pointer(
        &mut self,
        ui: &Ui,
        response: &Response,
        part: TrackPart,
        bout: &ReviewedBout,
        lanes: &Lanes<'_>,
        (id, video): (VideoId, &Video),
        cx: &mut PanelContext<'_>,
    ) {
        let frames = cx.session.frames();
        if response.clicked() {
            cx.session.labeling.select_segment(None);
            cx.session.predictions.select(bout);
            if let Some(pointer) = response.interact_pointer_pos() {
                // A click on the edge may be a frame beside it.
                let frame = lanes.axis.frame_at(pointer.x, frames);
                seek(frame.clamp(bout.frames.start, bout.frames.end - 1), cx);
            }
        }
        if response.double_clicked() {
            cx.settings.looping = true;
            if !cx.session.player.playing {
                cx.run(Command::PlayPause);
            }
        }
        let Some(class) = bout.id.filter(|_| part != TrackPart::Whole && cx.session.can_label().is_ok()) else {
            return;
        };
        if response.drag_started() {
            let origin = ui.input(|input| input.pointer.press_origin()).map_or(response.rect.center().x, |at| at.x);
            let Range { start, end } = bout.frames.clone();
            let before = Segment { id: SegmentId(0), label: Label::Class(class), start, end, note: String::new() };
            let taken_at = lanes.axis.position_at(origin);
            let drag = Drag { video: id, now: before.clone(), before, part, taken_at };
            cx.session.labeling.select_segment(None);
            self.drag = Some(BoutDrag { class: bout.class, predicted: bout.predicted_frames(), drag });
        }
        let Some(held) = self.drag.as_mut().filter(|held| held.is_of(bout) && held.drag.part == part) else { return };
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            let snap = f64::from(SNAP / lanes.axis.frame_width());
            let places = snapping_places(video, None, frames);
            held.drag.move_to(lanes.axis.position_at(pointer.x), frames, &places, snap);
            let now = &held.drag.now;
            seek(if part == TrackPart::End { now.end - 1 } else { now.start }, cx);
        }
        if response.drag_stopped()
            && let Some(BoutDrag { drag, .. }) = self.drag.take()
            && drag.now != drag.before
            && is_let_go(ui)
        {
            cx.session.predictions.move_edges(bout, drag.now.start..drag.now.end);
            ui.ctx().request_repaint(); // Bouts are reviewed at the beginning of the next one.
        }
    }
}

/// A bout, as opaque as it is likely; the one that keys are for has an outline.
fn paint(ui: &Ui, place: Rect, row: usize, bout: &ReviewedBout, is_current: bool, lanes: &Lanes<'_>) {
    let round = CornerRadius::same(2);
    let share = (bout.bout.mean as f32).clamp(FAINTEST, 1.0);
    ui.painter().rect_filled(place, round, lanes.list.tracks[row].color.gamma_multiply(share));
    if is_current {
        ui.painter().rect_stroke(place, round, Stroke::new(1.0, Tokens::of(ui).strong), StrokeKind::Inside);
    }
}
