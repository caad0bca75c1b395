//! The timeline: scrub by dragging, see the segment, zoom with Ctrl+wheel; when zoomed, a strip shows the whole clip. Below it,
//! where whole clips are scored, the scores over time and, where a labelling project is open, the clip in pictures and a track
//! for each class.

mod axis;
mod crowd;
mod drag;
mod handles;
mod lanes;
mod pictures;
mod predicted;
mod score_line;
mod tracks;

use std::ops::Range;
use std::path::PathBuf;

use eframe::egui::{Align2, Id, Painter, Rect, Response, Role, Sense, Stroke, TextStyle, Ui, WidgetInfo, pos2, vec2};

use self::axis::Axis;
use self::handles::scrub;
use self::score_line::score_line_ui;
use self::tracks::Tracks;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::ui::format::time_code;
use crate::app::ui::theme::Tokens;
use crate::frame_times::FrameTimes;

/// Height of the timeline with its labels, in points.
const HEIGHT: f32 = 34.0;
/// Height of the strip that shows the whole clip, in points.
const STRIP: f32 = 6.0;
/// Fewest frames that are shown when zoomed in.
const CLOSEST: f64 = 12.0;

/// The timeline.
#[derive(Default)]
pub struct Timeline {
    /// The frames in view, as positions from 0 to the number of frames; `None` shows all.
    window: Option<Range<f64>>,
    /// The clip that it is of.
    clip: Option<PathBuf>,
    /// Where the clip stood at the last repaint.
    position: usize,
    tracks: Tracks,
}

impl Timeline {
    /// Draws the timeline and sends seeks.
    pub fn timeline_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let frames = cx.session.frames();
        let sense = if frames > 0 { Sense::click_and_drag() } else { Sense::hover() };
        let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        // Above the tracks, whose names are at the left.
        let rect = whole.with_min_x(whole.left() + Tracks::margin(cx));
        let response = ui.interact(rect, Id::unique("timeline"), sense);
        response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, frames > 0, "Timeline"));
        let tokens = Tokens::of(ui);
        let bar = Rect::from_min_max(rect.min + vec2(0.0, 14.0), rect.max - vec2(0.0, STRIP + 2.0));
        ui.painter().rect_filled(bar, 3.0, tokens.background);
        let clip = cx.session.clip.as_ref().map(|clip| &clip.path);
        if self.clip.as_ref() != clip {
            (self.window, self.clip) = (None, clip.cloned());
        }
        if frames == 0 {
            score_line::no_clip_ui(ui, cx.session, rect.left());
            return self.tracks.no_clip_ui(ui, cx);
        }
        self.take_wheel(ui, &response, frames);
        self.follow(cx.session.player.position, frames);
        let axis = Axis { bar, window: self.window(frames) };
        draw_segment(ui, &axis, cx.session);
        draw_ticks(ui, &axis, cx.session);
        draw_playhead(ui, &axis, cx.session);
        if self.window.is_some() {
            draw_strip(ui, rect, &axis.window, cx.session);
        }
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
            let frame = axis.frame_at(pointer.x, frames);
            if frame != cx.session.player.position {
                cx.seek(frame);
            }
        }
        if let Some(pointer) = response.hover_pos() {
            let frame = axis.frame_at(pointer.x, frames);
            let time = time_code(cx.session.clip.as_ref().map_or(0.0, |clip| secs_at(&clip.times, frame as f64)));
            let number = cx.settings.frame_numbers.number(frame);
            response.on_hover_text_at_pointer(format!("{time}, frame {number}"));
        }
        if let Some(response) = score_line_ui(ui, &axis, cx) {
            scrub(&response, &axis, cx);
            self.take_wheel(ui, &response, frames);
        }
        if let Some(response) = self.tracks.tracks_ui(ui, &axis, cx) {
            self.take_wheel(ui, &response, frames);
        }
    }

    fn window(&self, frames: usize) -> Range<f64> {
        self.window.clone().unwrap_or(0.0..frames as f64)
    }

    /// Turns the page when the clip moves out of view.
    fn follow(&mut self, position: usize, frames: usize) {
        let moved = std::mem::replace(&mut self.position, position) != position;
        let Some(window) = self.window.clone().filter(|window| moved && !window.contains(&(position as f64))) else {
            return;
        };
        let length = window.end - window.start;
        // Forwards the position comes to are at the left, backwards at the right end.
        let start = if (position as f64) < window.start { position as f64 + 1.0 - length } else { position as f64 };
        let start = start.clamp(0.0, (frames as f64 - length).max(0.0));
        self.window = Some(start..start + length);
    }

    /// Ctrl+wheel zooms around the pointer, the wheel alone moves a zoomed timeline.
    fn take_wheel(&mut self, ui: &Ui, response: &Response, frames: usize) {
        let Some(pointer) = response.hover_pos() else { return };
        let (zoom, scroll) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta()));
        let (window, whole) = (self.window(frames), frames as f64);
        let at = f64::from((pointer.x - response.rect.left()) / response.rect.width());
        let length = window.end - window.start;
        let zoomed = (length / f64::from(zoom)).clamp(CLOSEST.min(whole), whole);
        let shift = -f64::from(scroll.x + scroll.y) / f64::from(response.rect.width()) * zoomed;
        let start = (window.start + at * (length - zoomed) + shift).clamp(0.0, whole - zoomed);
        self.window = (zoomed < whole).then_some(start..start + zoomed);
    }
}

/// Seconds from the first frame to a position among the frames, by their time stamps.
fn secs_at(times: &FrameTimes, position: f64) -> f64 {
    let frame = position as usize;
    let [start, end] = times.span_secs(&(frame..frame + 1));
    start + position.fract() * (end - start) - times.start_secs()
}

/// The position among the frames so many seconds after the first one.
fn position_at(times: &FrameTimes, secs: f64) -> f64 {
    let secs = secs + times.start_secs();
    let frame = times.shown_at(secs);
    let [start, end] = times.span_secs(&(frame..frame + 1));
    let share = if end > start { (secs - start) / (end - start) } else { 0.0 };
    frame as f64 + share.clamp(0.0, 1.0)
}

fn draw_segment(ui: &Ui, axis: &Axis, session: &Session) {
    let marks = session.marks;
    if marks.start.is_none() && marks.end.is_none() {
        return;
    }
    let tokens = Tokens::of(ui);
    let (start, end) = marks.segment(session.frames());
    let rect = Rect::from_x_y_ranges(axis.x(start as f64)..=axis.x(end as f64 + 1.0), axis.bar.y_range());
    let painter = ui.painter_at(axis.bar);
    painter.rect_filled(rect, 0.0, tokens.accent_faint);
    for x in [rect.left(), rect.right()] {
        painter.vline(x, rect.y_range(), Stroke::new(2.0, tokens.accent));
    }
}

/// Lines and times at round seconds, as many as fit.
fn draw_ticks(ui: &Ui, axis: &Axis, session: &Session) {
    let tokens = Tokens::of(ui);
    let Some(times) = session.clip.as_ref().map(|clip| &clip.times) else { return };
    let secs = secs_at(times, axis.window.start)..secs_at(times, axis.window.end);
    let per_label = f64::from(96.0 / axis.bar.width().max(1.0)) * (secs.end - secs.start);
    const STEPS: [f64; 16] =
        [0.04, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
    let step = STEPS.into_iter().find(|step| *step >= per_label).unwrap_or(7200.0);
    let font = TextStyle::Small.resolve(ui.style());
    let first = (secs.start / step).ceil() as u64;
    for time in (first..).map(|i| i as f64 * step).take_while(|time| *time <= secs.end) {
        let x = axis.x(position_at(times, time));
        ui.painter().vline(x, axis.bar.top()..=axis.bar.top() + 5.0, Stroke::new(1.0, tokens.outline));
        let text = time_code(time);
        let text = if step < 1.0 { &text[..text.len() - 1] } else { &text[..text.len() - 4] };
        draw_label(ui.painter(), x, axis.bar, text, font.clone(), tokens);
    }
}

/// A label above the bar, centred on `x` but inside the bar's ends.
fn draw_label(painter: &Painter, x: f32, bar: Rect, text: &str, font: eframe::egui::FontId, tokens: &Tokens) {
    let galley = painter.layout_no_wrap(text.to_owned(), font, tokens.weak);
    let left = (x - galley.size().x / 2.0).clamp(bar.left(), (bar.right() - galley.size().x).max(bar.left()));
    painter.galley(pos2(left, bar.top() - galley.size().y), galley, tokens.weak);
}

fn draw_playhead(ui: &Ui, axis: &Axis, session: &Session) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter_at(axis.bar.expand2(vec2(6.0, 3.0)));
    let position = session.player.position as f64;
    let width = (axis.x(position + 1.0) - axis.x(position)).max(2.0);
    let rect =
        Rect::from_min_max(pos2(axis.x(position), axis.bar.top()), pos2(axis.x(position) + width, axis.bar.bottom()));
    painter.rect_filled(rect, 0.0, tokens.accent);
    let head = Align2::CENTER_TOP.align_size_within_rect(vec2(9.0, 4.0), rect.expand2(vec2(6.0, 2.0)));
    painter.rect_filled(head, 2.0, tokens.accent);
}

fn draw_strip(ui: &Ui, rect: Rect, window: &Range<f64>, session: &Session) {
    let tokens = Tokens::of(ui);
    let frames = session.frames() as f64;
    let strip = Rect::from_min_max(pos2(rect.left(), rect.bottom() - STRIP), rect.max);
    let x = |frame: f64| strip.left() + (frame / frames) as f32 * strip.width();
    ui.painter().rect_filled(strip, 2.0, tokens.background);
    let seen = Rect::from_x_y_ranges(x(window.start)..=x(window.end), strip.y_range());
    ui.painter().rect_filled(seen, 2.0, tokens.hovered);
    ui.painter().vline(x(session.player.position as f64), strip.y_range(), Stroke::new(2.0, tokens.accent));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_time_stamps() {
        let times = FrameTimes::listed(vec![2.0, 2.1, 2.2, 3.2], 5.2).unwrap();
        for (position, secs) in [(0.0, 0.0), (1.5, 0.15), (2.0, 0.2), (2.5, 0.7), (3.0, 1.2), (4.0, 3.2)] {
            assert!((secs_at(&times, position) - secs).abs() < 1e-9, "{position}: {}", secs_at(&times, position));
            assert!((position_at(&times, secs) - position).abs() < 1e-6, "{secs} s: {}", position_at(&times, secs));
        }
    }

    #[test]
    fn a_zoomed_timeline_follows_the_clip() {
        let mut timeline = Timeline { window: Some(0.0..20.0), ..Timeline::default() };
        for (position, window) in [(10, 0.0..20.0), (20, 20.0..40.0), (19, 0.0..20.0), (99, 80.0..100.0)] {
            timeline.follow(position, 100);
            assert_eq!(timeline.window, Some(window), "at {position}");
        }
    }
}
