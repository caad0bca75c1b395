//! The in and out marks of a segment.

/// The in and out marks of a segment, in frames, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// First frame of the segment.
    pub start: Option<usize>,
    /// Last frame of the segment.
    pub end: Option<usize>,
}

impl Marks {
    /// The segment in a clip of `frames` frames; without marks the whole clip.
    pub fn segment(&self, frames: usize) -> (usize, usize) {
        (self.start.unwrap_or(0), self.end.unwrap_or(frames.saturating_sub(1)))
    }

    /// Lets the segment begin at `frame`; an end before it is forgotten.
    pub fn mark_in(&mut self, frame: usize) {
        self.start = Some(frame);
        self.end = self.end.filter(|&end| end > frame);
    }

    /// Lets the segment end at `frame`; a beginning after it is forgotten.
    pub fn mark_out(&mut self, frame: usize) {
        self.end = Some(frame);
        self.start = self.start.filter(|&start| start < frame);
    }
}
