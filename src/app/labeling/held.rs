//! A class's key that is held while the clip plays: it labels what passes meanwhile.

use std::ops::Range;

use crate::app::command::Command;
use crate::labels::{Label, VideoId};

/// A key that is held, and what has passed since it was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLabel {
    /// The command of the key.
    pub command: Command,
    /// The video.
    pub video: VideoId,
    /// What it is labelled as.
    pub label: Label,
    /// The frame that was seen when the key was pressed.
    from: usize,
    /// The one seen last.
    to: usize,
    /// Whether the clip plays backwards.
    backwards: bool,
    /// Whether what has passed is labelled, although the key is still held.
    pub is_over: bool,
}

impl HeldLabel {
    /// Returns a key that was just pressed while `frame` was seen.
    pub fn new(command: Command, video: VideoId, label: Label, frame: usize, backwards: bool) -> Self {
        Self { command, video, label, from: frame, to: frame, backwards, is_over: false }
    }

    /// Returns the frames that have passed.
    pub fn frames(&self) -> Range<usize> {
        self.from.min(self.to)..self.from.max(self.to) + 1
    }

    /// Returns the frames that have passed until `frame`, without it: another label begins there.
    pub fn frames_until(&mut self, frame: usize) -> Range<usize> {
        let is_later = self.pass(frame);
        let frames = self.frames();
        match (is_later, self.backwards) {
            (false, _) => frames,
            (true, false) => frames.start..frame,
            (true, true) => frame + 1..frames.end,
        }
    }

    /// Extends the span to the current frame; false if that is not a later one, after a loop or a seek.
    pub fn pass(&mut self, frame: usize) -> bool {
        let goes_on = if self.backwards { frame <= self.to } else { frame >= self.to };
        if goes_on {
            self.to = frame;
        }
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_held_until_the_clip_goes_elsewhere() {
        let held = |backwards| HeldLabel::new(Command::Class1, VideoId(0), Label::Background, 10, backwards);
        let mut forwards = held(false);
        assert_eq!(forwards.frames(), 10..11);
        assert!(forwards.pass(14) && forwards.pass(14));
        assert!(!forwards.pass(2), "a loop has begun again");
        assert_eq!(forwards.frames(), 10..15);
        let mut backwards = held(true);
        assert!(backwards.pass(6) && !backwards.pass(8));
        assert_eq!(backwards.frames(), 6..11);
        assert_eq!(forwards.frames_until(2), 10..15);
        assert_eq!(forwards.frames_until(20), 10..20);
        assert_eq!(backwards.frames_until(3), 4..11);
        assert!(held(false).frames_until(10).is_empty() && held(true).frames_until(10).is_empty());
    }
}
