//! How far a run is, how long it takes, and what it is waiting for.

use std::time::Duration;

use eframe::egui::{Label, RichText, Ui};

use crate::app::training::progress_words::{limit_text, progress_text, waiting_reason};
use crate::app::training::state::{TrainingPhase, TrainingState};
use crate::app::ui::format::{memory_size, span};
use crate::app::ui::progress::bar_ui;
use crate::app::ui::theme::Tokens;

/// Repaint interval of the elapsed seconds.
const TICK: Duration = Duration::from_millis(500);

/// Draws the bar with what is under way, and the pace below it. A run under way always has both.
pub(super) fn progress_ui(ui: &mut Ui, training: &TrainingState) {
    let waiting = training.waiting();
    let Some(text) = progress_text(training) else { return };
    ui.add_space(4.0);
    let text = RichText::new(text).small().color(Tokens::of(ui).strong);
    bar_ui(ui, training.share_done() as f32, text);
    if waiting.is_some() || (training.preparing.is_some() && training.is_active()) {
        ui.ctx().request_repaint_after(TICK); // A clip can take long, and the seconds are counted.
    }
    let below = match waiting {
        Some(_) => [waiting_reason(training).to_owned(), String::new()],
        None => [time_text(training), speed_and_memory_text(training)],
    };
    // Two lines whatever they say: nothing below them moves, and neither is cut in a narrow panel.
    for line in below {
        ui.add(Label::new(RichText::new(line).color(Tokens::of(ui).weak)).truncate());
    }
}

/// What is to be said of the waiting for clips, if it is worth a word.
fn stall_text(stall: f64) -> String {
    if stall < 0.05 { String::new() } else { format!(" ({:.0} % waiting for clips)", 100.0 * stall) }
}

/// The speed, by seconds where a step takes more than one.
fn speed_text(steps_per_sec: f64) -> String {
    match steps_per_sec {
        speed if speed >= 1.0 => format!("{speed:.2} it/s"),
        speed if speed > 0.0 => format!("{:.1} s per step", 1.0 / speed),
        _ => "speed unknown".into(),
    }
}

/// The time that has passed, and that which is left.
fn time_text(training: &TrainingState) -> String {
    let elapsed = span(training.elapsed().as_secs_f64());
    if training.phase == TrainingPhase::Stopping {
        return format!("{elapsed} elapsed"); // What was left is no longer going to be done.
    }
    if let Some(left) = training.preparing_left().filter(|_| training.is_active()) {
        return format!("{elapsed} elapsed, {} left to prepare", span(left.as_secs_f64()));
    }
    match &training.latest {
        Some(latest) if training.is_active() => {
            let has_more = training.part.is_some_and(|(number, parts, _)| number + 1 < parts);
            let of = match limit_text(training) {
                Some(limit) => format!(" of {limit}"),
                None if has_more => " for this stream".into(),
                None => String::new(),
            };
            let left = format!("{} left{of}", span(latest.eta_secs));
            format!("{elapsed} elapsed, {left}")
        }
        _ => format!("{elapsed} elapsed"),
    }
}

/// What a step costs, of a run that makes steps.
fn speed_and_memory_text(training: &TrainingState) -> String {
    let Some(latest) = training.latest.as_ref().filter(|_| training.is_active() && training.preparing.is_none()) else {
        return String::new();
    };
    let memory = latest.memory_bytes.map_or("unknown".into(), memory_size);
    format!("{}{}, memory {memory}", speed_text(latest.steps_per_sec), stall_text(latest.stall))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_steps_are_told_in_seconds() {
        let texts = [2.0, 1.0, 0.25, 0.03, 0.0].map(speed_text);
        assert_eq!(texts, ["2.00 it/s", "1.00 it/s", "4.0 s per step", "33.3 s per step", "speed unknown"]);
    }
}
