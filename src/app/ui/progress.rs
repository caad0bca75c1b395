//! How far work is that a person waits for, and how long the rest of it takes.

use std::time::{Duration, Instant};

use eframe::egui::{Color32, ProgressBar, Response, RichText, Ui};

use super::format::span;
use super::theme::Tokens;

/// Height of the bar in a panel, in points.
pub const BAR_HEIGHT: f32 = 18.0;

/// How much of some work is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    done: usize,
    of: usize,
    /// What is counted, in the plural.
    unit: &'static str,
    began: Instant,
    /// Since when the pace is measured, and what was done by then: preparations are no part of it.
    paced: (Instant, usize),
}

impl Progress {
    /// Returns work that begins now, on `of` of these units; 0 where that is not known yet.
    pub fn begin(of: usize, unit: &'static str) -> Self {
        let now = Instant::now();
        Self { done: 0, of, unit, began: now, paced: (now, 0) }
    }

    /// Takes what is done by now.
    pub fn advance(&mut self, done: usize, of: usize) {
        if of != self.of || done < self.done {
            self.paced = (Instant::now(), done);
        }
        (self.done, self.of) = (done, of);
    }

    /// Takes one more unit as done.
    pub fn count(&mut self) {
        self.advance(self.done + 1, self.of);
    }

    /// Ends it: nothing is left to be waited for.
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

    /// Returns what is counted.
    pub fn unit(&self) -> &'static str {
        self.unit
    }

    /// Returns when the work began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Returns how far it is, such as `3 of 24 clips, about 40 s left`; nothing before it is known how much there is.
    pub fn in_words(&self) -> Option<String> {
        self.words_after(self.paced.0.elapsed())
    }

    /// Returns the same with what is done, such as `Exporting: 3 of 24 pairs`, or `Exporting…`.
    pub fn of_work(&self, work: &str) -> String {
        self.in_words().map_or_else(|| format!("{work}…"), |words| format!("{work}: {words}"))
    }

    /// Draws it as a bar.
    pub fn bar_ui(&self, ui: &mut Ui, preparing: &str) {
        self.bar_with(ui, self.in_words().unwrap_or_else(|| preparing.to_owned()));
    }

    /// Draws it as a bar with this text.
    pub fn bar_with(&self, ui: &mut Ui, text: String) -> Response {
        let text = RichText::new(text).small().color(Tokens::of(ui).strong);
        bar_ui(ui, self.share(), text)
    }

    fn words_after(&self, paced: Duration) -> Option<String> {
        let Self { done, of, unit, .. } = self;
        if *of == 0 {
            return None;
        }
        let (since, rest) = (done.saturating_sub(self.paced.1), of.saturating_sub(*done));
        let left = match (since, rest) {
            (0, _) | (_, 0) => String::new(),
            _ => format!(", about {} left", span(paced.as_secs_f64() / since as f64 * rest as f64)),
        };
        Some(format!("{done} of {of} {unit}{left}"))
    }
}

/// Draws a bar of which `share` is done, with this text.
pub fn bar_ui(ui: &mut Ui, share: f32, text: RichText) -> Response {
    ui.add(filled(ui, share).desired_height(BAR_HEIGHT).text(text))
}

/// Returns a bar of which `share` is done; the round end of an empty one would look like something that is done.
pub fn filled(ui: &Ui, share: f32) -> ProgressBar {
    let fill = if share > 0.0 { Tokens::of(ui).accent } else { Color32::TRANSPARENT };
    ProgressBar::new(share).fill(fill)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_known_once_something_is_done_and_excludes_preparations() {
        let mut progress = Progress::begin(0, "clips");
        let after = |progress: &Progress, secs| progress.words_after(Duration::from_secs(secs));
        assert_eq!((after(&progress, 5), progress.of_work("Exporting").as_str()), (None, "Exporting…"));
        progress.advance(0, 24);
        assert_eq!(after(&progress, 1).unwrap(), "0 of 24 clips");
        progress.advance(4, 24);
        assert_eq!(after(&progress, 8).unwrap(), "4 of 24 clips, about 40 s left");
        progress.advance(24, 24);
        assert_eq!(after(&progress, 48).unwrap(), "24 of 24 clips");
        // How many there are is known only now, when six are done.
        progress.advance(6, 30);
        assert_eq!(after(&progress, 9).unwrap(), "6 of 30 clips");
        progress.count();
        assert_eq!(after(&progress, 2).unwrap(), "7 of 30 clips, about 46 s left");
        progress.end();
        assert_eq!(after(&progress, 2).unwrap(), "7 of 30 clips", "it was stopped");
    }
}
