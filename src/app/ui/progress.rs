//! Progress of work that a person waits for, with an estimate of the remaining time.

use std::time::{Duration, Instant};

use eframe::egui::{Color32, ProgressBar, Response, RichText, Ui};

use super::format::span;
use super::theme::Tokens;

/// Height of the bar in a panel, in points.
pub const BAR_HEIGHT: f32 = 18.0;

/// Progress of some work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    done: usize,
    of: usize,
    /// The counted unit, in the plural.
    unit: &'static str,
    began: Instant,
    /// Start of the measurement of the pace, and the units done by then: preparations do not count.
    paced: (Instant, usize),
    /// Time at which the last unit was done: the unit in progress does not count.
    last: Instant,
}

impl Progress {
    /// Returns work that begins now, on `of` of these units; 0 where that is not known yet.
    pub fn begin(of: usize, unit: &'static str) -> Self {
        let now = Instant::now();
        Self { done: 0, of, unit, began: now, paced: (now, 0), last: now }
    }

    /// Updates the number of units done and the total.
    pub fn advance(&mut self, done: usize, of: usize) {
        self.advance_at(Instant::now(), done, of);
    }

    fn advance_at(&mut self, now: Instant, done: usize, of: usize) {
        if of != self.of || done < self.done {
            (self.paced, self.last) = ((now, done), now);
        }
        if done > self.done {
            self.last = now;
        }
        (self.done, self.of) = (done, of);
    }

    /// Counts one more unit as done.
    pub fn count(&mut self) {
        self.advance(self.done + 1, self.of);
    }

    /// Ends it: no work is left.
    pub fn end(&mut self) {
        self.paced.1 = self.done;
    }

    /// Returns how many of how many units are done.
    pub fn counts(&self) -> (usize, usize) {
        (self.done, self.of)
    }

    /// Returns the share that is done.
    pub fn share(&self) -> f32 {
        self.done as f32 / self.of.max(1) as f32
    }

    /// Returns when the work began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Returns the progress as text, such as `3 of 24 clips, about 40 s left`; `None` until the total is known.
    pub fn in_words(&self) -> Option<String> {
        self.words_at(Instant::now())
    }

    /// Returns the mean duration of a unit in seconds; `None` until one is done.
    pub fn unit_secs(&self) -> Option<f64> {
        let since = self.done.saturating_sub(self.paced.1);
        (since > 0).then(|| self.last.saturating_duration_since(self.paced.0).as_secs_f64() / since as f64)
    }

    /// Returns the estimated remaining time at the pace of the finished units; `None` before one is done, or at the
    /// end. It counts down during a unit, at most to the time of the units after it.
    pub fn left(&self) -> Option<Duration> {
        self.left_at(Instant::now())
    }

    fn left_at(&self, now: Instant) -> Option<Duration> {
        let rest = self.of.checked_sub(self.done).filter(|rest| *rest > 0)?;
        let unit = self.unit_secs()?;
        let in_work = now.saturating_duration_since(self.last).as_secs_f64().min(unit);
        Duration::try_from_secs_f64(unit * rest as f64 - in_work).ok()
    }

    /// Returns the same with what is done, such as `Exporting: 3 of 24 pairs`, or `Exporting…`.
    pub fn of_work(&self, work: &str) -> String {
        self.in_words().map_or_else(|| format!("{work}…"), |words| format!("{work}: {words}"))
    }

    /// Draws it as a bar.
    pub fn bar_ui(&self, ui: &mut Ui, preparing: &str) -> Response {
        self.bar_with(ui, self.in_words().unwrap_or_else(|| preparing.to_owned()))
    }

    /// Draws it as a bar with this text.
    pub fn bar_with(&self, ui: &mut Ui, text: String) -> Response {
        let text = RichText::new(text).small().color(Tokens::of(ui).strong);
        bar_ui(ui, self.share(), text)
    }

    fn words_at(&self, now: Instant) -> Option<String> {
        let Self { done, of, unit, .. } = self;
        let left = self.left_at(now).map(|left| format!(", about {} left", span(left.as_secs_f64())));
        (*of > 0).then(|| format!("{done} of {of} {unit}{}", left.unwrap_or_default()))
    }
}

/// Draws a bar of which `share` is done, with this text.
pub fn bar_ui(ui: &mut Ui, share: f32, text: RichText) -> Response {
    ui.add(filled(ui, share).desired_height(BAR_HEIGHT).text(text))
}

/// Returns a bar of which `share` is done; an empty one has no round end, which would look like progress.
pub fn filled(ui: &Ui, share: f32) -> ProgressBar {
    let accent = Tokens::of(ui).accent;
    // Dark text on it has to be readable.
    let accent = if ui.visuals().dark_mode { accent } else { accent.gamma_multiply(0.35) };
    let fill = if share > 0.0 { accent } else { Color32::TRANSPARENT };
    ProgressBar::new(share).fill(fill)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_known_once_something_is_done_and_excludes_preparations() {
        let (mut progress, start) = (Progress::begin(0, "clips"), Instant::now());
        let at = |secs| start + Duration::from_secs(secs);
        assert_eq!((progress.words_at(at(5)), progress.of_work("Exporting").as_str()), (None, "Exporting…"));
        progress.advance_at(at(10), 0, 24);
        assert_eq!(progress.words_at(at(11)).unwrap(), "0 of 24 clips");
        progress.advance_at(at(18), 4, 24);
        assert_eq!(progress.words_at(at(18)).unwrap(), "4 of 24 clips, about 40 s left");
        progress.advance_at(at(58), 24, 24);
        assert_eq!(progress.words_at(at(58)).unwrap(), "24 of 24 clips");
        // The total is only known now, when six are done.
        progress.advance_at(at(60), 6, 30);
        assert_eq!(progress.words_at(at(69)).unwrap(), "6 of 30 clips");
        progress.advance_at(at(62), 7, 30);
        assert_eq!(progress.words_at(at(62)).unwrap(), "7 of 30 clips, about 46 s left");
        progress.end();
        assert_eq!(progress.words_at(at(62)).unwrap(), "7 of 30 clips", "it was stopped");
    }

    #[test]
    fn the_time_left_counts_down_while_a_unit_is_in_work() {
        let (mut progress, start) = (Progress::begin(4, "clips"), Instant::now());
        let at = |secs| start + Duration::from_secs(secs);
        progress.advance_at(at(0), 0, 4);
        progress.paced.0 = at(0);
        progress.advance_at(at(30), 1, 4);
        let left = |progress: &Progress, secs| progress.left_at(at(secs)).unwrap().as_secs_f64().round();
        assert_eq!([30, 40, 50, 60].map(|secs| left(&progress, secs)), [90.0, 80.0, 70.0, 60.0]);
        // It takes longer than the one before: the estimate waits for it and never rises.
        assert_eq!([70, 300].map(|secs| left(&progress, secs)), [60.0; 2]);
        progress.advance_at(at(62), 2, 4);
        assert_eq!([62, 67].map(|secs| left(&progress, secs)), [62.0, 57.0]);
    }
}
