//! Drags that are shorter than a repaint.
//!
//! egui samples the pointer once per repaint: a press, move and release within one repaint produce neither a click nor
//! a drag, and the pressed widget is looked up at the end position. Here the events of such a drag are passed on in
//! separate repaints: the press at its position, then the moves, then the release. Clicks and slower drags are
//! unchanged. Keys pressed after a click in the same repaint are passed on in the next one, since the click may have
//! focused a text field.

use std::collections::VecDeque;

use eframe::egui::{Context, Event, Plugin, PointerButton, Pos2, RawInput, Ui};

/// Largest movement of the pointer in a click, in points; as in egui.
const CLICK: f32 = 6.0;

/// Spreads quick drags over repaints.
#[derive(Debug, Default)]
pub struct WholeDrags {
    /// Events for the next repaints.
    waiting: VecDeque<Event>,
    /// The pressed button and the position of the press.
    pressed: Option<(PointerButton, Pos2)>,
    /// `true` if the pointer was farther from there than in a click.
    is_drag: bool,
    /// Position of the pointer.
    at: Option<Pos2>,
}

impl Plugin for WholeDrags {
    fn debug_name(&self) -> &'static str {
        "whole drags"
    }

    fn input_hook(&mut self, _ctx: &Context, input: &mut RawInput) {
        self.waiting.extend(std::mem::take(&mut input.events));
        input.events = self.next();
    }

    fn on_begin_pass(&mut self, ui: &mut Ui) {
        if !self.waiting.is_empty() {
            ui.ctx().request_repaint();
        }
    }
}

impl WholeDrags {
    /// Returns the events of the next repaint.
    fn next(&mut self) -> Vec<Event> {
        let (mut events, mut has_moved, mut has_clicked) = (Vec::new(), false, false);
        while let Some(event) = self.waiting.pop_front() {
            if has_clicked && is_typed(&event) {
                self.waiting.push_front(event);
                return events;
            }
            has_clicked |= matches!(event, Event::PointerButton { .. });
            match event {
                Event::PointerMoved(to) => {
                    has_moved |= self.pressed.is_some();
                    self.go(to);
                }
                Event::PointerButton { pos, button, pressed: true, .. }
                    if self.pressed.is_none_or(|(down, _)| down == button) =>
                {
                    (self.pressed, self.is_drag, self.at) = (Some((button, pos)), false, Some(pos));
                    if self.is_drag_ahead(button, pos) {
                        events.push(event);
                        return events;
                    }
                }
                Event::PointerButton { pos, button, pressed: false, .. }
                    if self.pressed.is_some_and(|(down, _)| down == button) =>
                {
                    let is_elsewhere = self.at.is_some_and(|at| at != pos);
                    self.go(pos);
                    if self.is_drag && (has_moved || is_elsewhere) {
                        if is_elsewhere {
                            events.push(Event::PointerMoved(pos));
                        }
                        self.waiting.push_front(event);
                        return events;
                    }
                    self.pressed = None;
                }
                Event::PointerGone | Event::WindowFocused(false) => self.pressed = None,
                _ => {}
            }
            events.push(event);
        }
        events
    }

    fn go(&mut self, to: Pos2) {
        self.at = Some(to);
        self.is_drag |= self.pressed.is_some_and(|(_, origin)| origin.distance(to) > CLICK);
    }

    /// Returns `true` if the pointer moves farther than in a click among the waiting events before `button` is
    /// released.
    fn is_drag_ahead(&self, button: PointerButton, origin: Pos2) -> bool {
        for event in &self.waiting {
            match event {
                Event::PointerMoved(to) if origin.distance(*to) > CLICK => return true,
                Event::PointerButton { pos, button: other, pressed: false, .. } if *other == button => {
                    return origin.distance(*pos) > CLICK;
                }
                _ => {}
            }
        }
        false
    }
}

/// Returns `true` if an event is for the widget with keyboard focus.
fn is_typed(event: &Event) -> bool {
    matches!(event, Event::Key { .. } | Event::Text(_) | Event::Ime(_) | Event::Paste(_) | Event::Copy | Event::Cut)
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Modifiers, pos2};

    use super::*;

    fn button(x: f32, pressed: bool) -> Event {
        Event::PointerButton {
            pos: pos2(x, 0.0),
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::default(),
        }
    }

    fn moved(x: f32) -> Event {
        Event::PointerMoved(pos2(x, 0.0))
    }

    /// Returns the events of each repaint until none is waiting; the events of a row arrive together.
    fn repaints(rows: &[&[Event]]) -> Vec<Vec<Event>> {
        let (mut drags, mut repaints) = (WholeDrags::default(), Vec::new());
        for row in rows {
            drags.waiting.extend(row.iter().cloned());
            repaints.push(drags.next());
        }
        while !drags.waiting.is_empty() {
            repaints.push(drags.next());
        }
        repaints
    }

    #[test]
    fn a_drag_within_a_repaint_takes_three() {
        let events = [moved(10.0), button(10.0, true), moved(30.0), moved(50.0), button(50.0, false), moved(70.0)];
        let expected = [events[..2].to_vec(), events[2..4].to_vec(), events[4..].to_vec()];
        assert_eq!(repaints(&[&events]), expected);
        let jump = [button(10.0, true), button(50.0, false)];
        let expected = [vec![jump[0].clone()], vec![moved(50.0)], vec![jump[1].clone()]];
        assert_eq!(repaints(&[&jump]), expected, "without a word on the way");
    }

    #[test]
    fn the_last_bit_of_a_drag_is_seen_before_its_end() {
        let rows = [vec![button(10.0, true)], vec![moved(40.0)], vec![moved(90.0), button(90.0, false)]];
        let expected = [&rows[..2], &[vec![moved(90.0)], vec![button(90.0, false)]]].concat();
        assert_eq!(repaints(&[&rows[0], &rows[1], &rows[2]]), expected);
    }

    #[test]
    fn what_is_typed_after_a_click_comes_in_the_next_repaint() {
        let [before, after] = ["a", "b"].map(|text| Event::Text(text.into()));
        let events = [before, button(10.0, true), button(10.0, false), after];
        assert_eq!(repaints(&[&events]), [events[..3].to_vec(), events[3..].to_vec()]);
    }

    #[test]
    fn clicks_and_slow_drags_pass_as_they_are() {
        let click = vec![
            moved(10.0),
            button(10.0, true),
            moved(12.0),
            button(12.0, false),
            button(12.0, true),
            button(12.0, false),
        ];
        assert_eq!(repaints(&[&click]), std::slice::from_ref(&click));
        let rows = [vec![button(10.0, true)], vec![moved(40.0)], vec![button(40.0, false)]];
        assert_eq!(repaints(&[&rows[0], &rows[1], &rows[2]]), rows);
    }
}
