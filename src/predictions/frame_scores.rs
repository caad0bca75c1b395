//! Probabilities of every class over a video.

/// Probabilities of every class at every Nth frame of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameScores {
    /// The name of the video in tables: its path in the project, or that of the file.
    pub video: String,
    /// Number of frames in the video.
    pub frames: usize,
    /// Frames per second; the average where the rate varies.
    pub fps: f64,
    /// Stride of scoring: scored frame `i` is frame `i × stride` of the video and represents the frames up to the next
    /// one.
    pub stride: usize,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Time of each scored frame on the clock of the file, seconds.
    pub secs: Vec<f64>,
    /// End of the video on the same clock, seconds.
    pub end_secs: f64,
    /// `[scored frames, classes]`, row-major, each 0 to 1.
    pub probabilities: Vec<f32>,
}

impl FrameScores {
    /// Returns the number of scored frames.
    pub fn scored(&self) -> usize {
        self.secs.len()
    }

    /// Returns the probabilities of the classes at scored frame `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.probabilities[index * self.classes.len()..][..self.classes.len()]
    }

    /// Returns the probabilities of class `class` at all scored frames.
    pub fn class(&self, class: usize) -> impl Iterator<Item = f32> + '_ {
        self.probabilities.iter().skip(class).step_by(self.classes.len().max(1)).copied()
    }
}
