//! The tracks from top to bottom: where each lies, what it is called, and what is painted under its segments.

use std::collections::HashMap;
use std::ops::Range;

use eframe::egui::{Align2, Color32, FontId, Id, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::axis::Axis;
use crate::app::command::Command;
use crate::app::labeling::chip::label_color;
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;
use crate::engine::Prediction;
use crate::labels::{Label, Segment, Video};

/// Width of the column with the tracks' names, in points.
pub(super) const NAMES: f32 = 96.0;
/// Width of the key in that column, in points.
const KEY: f32 = 14.0;
/// Height of what the networks see in a track, in points.
const PREDICTION: f32 = 4.0;
/// How opaque the track of a label of the whole clip is: less than a segment.
const OF_CLIP: f32 = 0.3;

/// A track.
pub(super) struct Track {
    pub label: Label,
    pub name: String,
    /// The key that labels so; empty if there is none.
    keys: String,
    pub color: Color32,
}

/// The tracks of a project, and the row of each label.
pub(super) struct Tracklist {
    pub tracks: Vec<Track>,
    rows: HashMap<Label, usize>,
}

impl Tracklist {
    /// Returns those of a video of the open project: the classes in their order, then the background where the video has some, or it
    /// was the label given last.
    pub fn of(ui: &Ui, cx: &PanelContext<'_>, video: &Video) -> Option<Self> {
        let document = cx.session.labeling.document()?;
        let classes = document.classes.iter().enumerate();
        let classes = classes.map(|(index, class)| (Label::Class(class.id), Command::of_class(index)));
        let has_background = video.labels.contains(&Label::Background)
            || video.segments.iter().any(|segment| segment.label == Label::Background)
            || cx.session.labeling.current == Some(Label::Background);
        let background = has_background.then_some((Label::Background, Some(Command::LabelBackground)));
        let all = classes.chain(background);
        let track = |(label, command): (Label, Option<Command>)| Track {
            label,
            name: document.label_name(label).to_owned(),
            keys: command.map(|command| command.shortcut_text(ui.ctx())).unwrap_or_default(),
            color: label_color(ui, document, label),
        };
        let tracks: Vec<Track> = all.map(track).collect();
        let rows = tracks.iter().enumerate().map(|(row, track)| (track.label, row)).collect();
        Some(Self { tracks, rows })
    }

    /// Returns the row of a label.
    pub fn row(&self, label: Label) -> Option<usize> {
        self.rows.get(&label).copied()
    }
}

/// Where the tracks lie on the screen.
pub(super) struct Lanes<'a> {
    /// All tracks, without the column of their names.
    pub rect: Rect,
    /// Height of a track.
    pub height: f32,
    /// Height of the predicted bouts at the bottom of each track, in points; 0 without predictions.
    pub predicted: f32,
    pub list: &'a Tracklist,
    pub axis: &'a Axis,
}

impl Lanes<'_> {
    /// Returns where a track lies.
    pub fn track(&self, row: usize) -> Rect {
        let top = self.rect.top() + row as f32 * self.height;
        Rect::from_min_size(pos2(self.rect.left(), top), vec2(self.rect.width(), self.height - 1.0))
    }

    /// Returns the track at a height of the screen.
    pub fn track_at(&self, y: f32) -> Option<&Track> {
        let row = (y - self.rect.top()) / self.height;
        (row >= 0.0).then(|| self.list.tracks.get(row as usize)).flatten()
    }

    /// Returns where labelled frames of a track lie, wide enough to be seen.
    pub fn place(&self, row: usize, frames: Range<usize>) -> Rect {
        let track = self.track(row);
        self.within(track.with_min_y(track.top() + 1.0).with_max_y(track.bottom() - self.predicted), frames)
    }

    /// Returns where predicted frames of a track lie.
    pub fn predicted_place(&self, row: usize, frames: Range<usize>) -> Rect {
        let track = self.track(row);
        self.within(track.with_min_y(track.bottom() - self.predicted + 1.0), frames)
    }

    fn within(&self, part: Rect, frames: Range<usize>) -> Rect {
        let (left, right) = (self.axis.x(frames.start as f64), self.axis.x(frames.end as f64));
        Rect::from_x_y_ranges(left..=right.max(left + 2.0), part.y_range())
    }

    /// Returns whether any of these frames is in view.
    pub fn is_in_view(&self, frames: &Range<usize>) -> bool {
        frames.end as f64 >= self.axis.window.start && frames.start as f64 <= self.axis.window.end
    }

    /// Returns the segment nearest to a place of the screen, if one of its track is within `reach` points.
    pub fn segment_at<'v>(&self, at: eframe::egui::Pos2, reach: f32, video: &'v Video) -> Option<&'v Segment> {
        let label = self.track_at(at.y)?.label;
        let frame = self.axis.position_at(at.x);
        let distance = |segment: &Segment| (segment.start as f64 - frame).max(frame - segment.end as f64).max(0.0);
        let reach = f64::from(reach / self.axis.frame_width());
        let near = video.segments.iter().filter(|segment| segment.label == label && distance(segment) <= reach);
        near.min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// Returns the tracks that the scroll area shows.
    pub fn seen(&self, ui: &Ui) -> Range<usize> {
        let place = |y: f32| ((y - self.rect.top()) / self.height).max(0.0);
        let clip = ui.clip_rect();
        let end = (place(clip.bottom()).ceil() as usize).min(self.list.tracks.len());
        (place(clip.top()) as usize).min(end)..end
    }

    /// Paints the tracks, those of the labels of the whole clip filled, and what the networks see in them.
    pub fn ground_ui(&self, ui: &Ui, cx: &PanelContext<'_>) {
        let tokens = Tokens::of(ui);
        let painter = ui.painter_at(self.rect);
        let Some(document) = cx.session.labeling.document() else { return };
        let video = cx.session.labeling.video().map(|(_, video)| video);
        let suggestions = &cx.session.labeling.suggestions;
        let prediction =
            video.and_then(|video| suggestions.of(video)).map(|found| (found, suggestions.labels(document)));
        for row in self.seen(ui) {
            let Track { label, color, .. } = &self.list.tracks[row];
            let track = self.track(row);
            painter.rect_filled(track, 2.0, tokens.background);
            if video.is_some_and(|video| video.labels.contains(label)) {
                painter.rect_filled(track, 2.0, color.gamma_multiply(OF_CLIP));
            }
            if let Some((prediction, classes)) = prediction.as_ref().filter(|_| self.predicted == 0.0)
                && let Some(class) = classes.iter().position(|other| *other == Some(*label))
            {
                prediction_ui(ui, track, class, *color, self.axis, prediction);
            }
        }
        if let Some((start, last)) = cx.session.marked() {
            let x = self.axis.x(start as f64)..=self.axis.x(last as f64 + 1.0);
            painter.rect_filled(Rect::from_x_y_ranges(x, self.rect.y_range()), 0.0, tokens.accent.gamma_multiply(0.14));
        }
    }

    /// Paints the key and the name of each track beside it.
    pub fn names_ui(&self, ui: &Ui) {
        let tokens = Tokens::of(ui);
        let size = (self.height - 6.0).clamp(9.0, 13.0);
        for row in self.seen(ui) {
            let Track { name, keys, color, .. } = &self.list.tracks[row];
            let track = self.track(row);
            let place = Rect::from_min_max(pos2(track.left() - NAMES, track.top()), track.left_bottom());
            let painter = ui.painter_at(place);
            let response = ui.interact(place, Id::unique(("name of a track", row)), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, track_text(name, keys)));
            let middle = place.center().y;
            painter.rect_filled(
                Rect::from_center_size(pos2(place.right() - 4.0, middle), vec2(3.0, self.height - 4.0)),
                1.0,
                *color,
            );
            let key_at = pos2(place.left() + KEY / 2.0, middle);
            painter.text(key_at, Align2::CENTER_CENTER, keys, FontId::monospace(size), tokens.weak);
            let mut job = eframe::egui::text::LayoutJob::simple_singleline(
                name.clone(),
                FontId::proportional(size),
                tokens.strong,
            );
            job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(NAMES - KEY - 12.0);
            let galley = painter.layout_job(job);
            let at = Align2::LEFT_CENTER.anchor_size(pos2(place.left() + KEY + 2.0, middle), galley.size());
            painter.galley(at.min, galley, tokens.strong);
            response.on_hover_text(track_text(name, keys));
        }
    }

    /// Paints the playhead and the marks, across all tracks.
    pub fn lines_ui(&self, ui: &Ui, cx: &PanelContext<'_>) {
        let tokens = Tokens::of(ui);
        let painter = ui.painter_at(self.rect);
        let marks = cx.session.marks;
        let marked = [marks.start, marks.end.map(|end| end + 1)];
        for frame in marked.into_iter().flatten() {
            painter.vline(self.axis.x(frame as f64), self.rect.y_range(), Stroke::new(1.0, tokens.accent));
        }
        let x = self.axis.x(cx.session.player.position as f64 + 0.5);
        painter.vline(x, self.rect.y_range(), Stroke::new(1.5, tokens.accent));
    }
}

fn track_text(name: &str, keys: &str) -> String {
    if keys.is_empty() { format!("Track {name}") } else { format!("Track {name} ({keys})") }
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
