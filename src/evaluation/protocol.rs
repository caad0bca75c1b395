//! The views of a clip: the protocol of the paper and smaller ones.
//!
//! A protocol N×M takes N samples (windows for the temporal stream, frames for the spatial one) and M [`Crops`] of
//! each; the logits of all N·M views, or their softmax, are averaged ([`ViewAverage`]). The paper uses 25×10.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Crops, ViewAverage};

/// An evaluation protocol; displayed and parsed as `25x10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// Number of windows and frames per clip, at least 1.
    pub samples: usize,
    /// Crops of each frame.
    pub crops: Crops,
    /// Placement of the samples in the clip.
    pub spread: Spread,
    /// What is averaged over the views; `None` for what was averaged where each stream's network was published.
    pub average: Option<ViewAverage>,
}

/// The placement of the samples in a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// The authors' whole steps from the first frame on: all windows of a clip with fewer possible starts than samples
    /// are the first one.
    #[default]
    Paper,
    /// From the first frame to the last, as evenly as frames allow.
    Even,
    /// The whole steps of temporal segment networks: ⌊(frames − window) / (samples − 1)⌋ from the first frame on (Wang
    /// et al. 2016).
    Tsn,
}

impl Protocol {
    /// A larger number of samples is treated as a typing error.
    const MAX_SAMPLES: usize = 1000;

    /// The paper's: 25 samples × 10 crops.
    pub const PAPER: Self = Self { samples: 25, crops: Crops::Ten, spread: Spread::Paper, average: None };

    /// Returns the first frames (from 0) of the windows of `window` frames in a clip of `frames`, in ascending order.
    ///
    /// The paper's step is ⌊(frames − window + 1) / samples⌋, the number of possible starts divided by the samples. A
    /// single window is centred.
    pub fn window_starts(&self, frames: usize, window: usize) -> Vec<usize> {
        let starts = (frames + 1).saturating_sub(window).max(1);
        let step = match self.spread {
            Spread::Tsn => (starts - 1).checked_div(self.samples - 1).unwrap_or_default(),
            _ => starts / self.samples,
        };
        self.places(starts, step)
    }

    /// Returns the frames (from 0) that the spatial stream reads of a clip of `frames`, in ascending order.
    ///
    /// The paper's step is ⌊(frames − 1) / (samples − 1)⌋. A single frame is the middle one.
    pub fn frame_indices(&self, frames: usize) -> Vec<usize> {
        let last = frames.saturating_sub(1);
        self.places(last + 1, last.checked_div(self.samples - 1).unwrap_or_default())
    }

    /// Returns the positions of all samples among `count` possible ones, `step` apart if the paper is followed.
    fn places(&self, count: usize, step: usize) -> Vec<usize> {
        let last = count - 1;
        let place = |i: usize| match (self.samples, self.spread) {
            (1, _) => last / 2,
            (_, Spread::Paper | Spread::Tsn) => i * step,
            (samples, Spread::Even) => i * last / (samples - 1),
        };
        (0..self.samples).map(place).collect()
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.samples, self.crops.count())
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once(['x', '×']).and_then(|(samples, crops)| Some((samples.parse().ok()?, crops.parse().ok()?)));
        let parsed = numbers.and_then(|(samples, crops)| Some((samples, Crops::of_count(crops)?)));
        match parsed {
            Some((samples, crops)) if (1..=Self::MAX_SAMPLES).contains(&samples) => {
                Ok(Self { samples, crops, spread: Spread::default(), average: None })
            }
            _ => Err("expected SAMPLESxCROPS, such as 25x10: 1 to 1000 samples, 1, 2, 5 or 10 crops".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, spread: Spread) -> Protocol {
        Protocol { spread, ..text.parse().unwrap() }
    }

    /// By hand: a clip of 164 frames has 154 windows of 11, ⌊154 / 25⌋ = 6; ⌊163 / 24⌋ = 6.
    #[test]
    fn samples_of_the_paper() {
        let protocol = Protocol::PAPER;
        let sixes: Vec<usize> = (0..25).map(|i| 6 * i).collect();
        assert_eq!(protocol.window_starts(164, 11), sixes, "the last window ends with frame 154");
        assert_eq!(protocol.frame_indices(164), sixes);
        // 35 frames: ⌊25 / 25⌋ = 1, the last window is the last possible one; ⌊34 / 24⌋ = 1.
        assert_eq!(protocol.window_starts(35, 11), (0..25).collect::<Vec<_>>());
        assert_eq!(protocol.frame_indices(35), (0..25).collect::<Vec<_>>());
        // 34 frames: ⌊24 / 25⌋ = 0; 24 frames: ⌊23 / 24⌋ = 0; shorter than the window.
        assert_eq!(protocol.window_starts(34, 11), [0; 25]);
        assert_eq!(protocol.frame_indices(24), [0; 25]);
        assert_eq!((protocol.window_starts(3, 11), protocol.frame_indices(1)), (vec![0; 25], vec![0; 25]));
        // A network of 64-frame clips: 100 frames have 37 starts, ⌊37 / 4⌋ = 9.
        assert_eq!(of("4x1", Spread::Paper).window_starts(100, 64), [0, 9, 18, 27]);
    }

    #[test]
    fn samples_spread_evenly_reach_the_end() {
        let protocol = of("4x2", Spread::Even);
        assert_eq!(protocol.window_starts(41, 11), [0, 10, 20, 30]);
        assert_eq!(protocol.frame_indices(41), [0, 13, 26, 40]);
        assert_eq!(of("3x2", Spread::Even).window_starts(5, 11), [0, 0, 0]);
        assert_eq!(of("5x2", Spread::Even).window_starts(14, 11), [0, 0, 1, 2, 3]);
        for spread in [Spread::Paper, Spread::Even] {
            let single = of("1x1", spread);
            assert_eq!((single.window_starts(41, 11), single.frame_indices(41)), (vec![15], vec![20]));
        }
    }

    /// By hand: a clip of 130 frames has 129 flows; ⌊(129 − 5) / 24⌋ = 5, and the last window of five flows ends with
    /// frame 126.
    #[test]
    fn samples_of_temporal_segment_networks() {
        let protocol = of("25x10", Spread::Tsn);
        assert_eq!(protocol.window_starts(130, 6), (0..25).map(|i| 5 * i).collect::<Vec<_>>());
        assert_eq!(protocol.frame_indices(130), Protocol::PAPER.frame_indices(130));
        assert_eq!(protocol.window_starts(29, 6), [0; 25], "fewer than 24 steps");
        assert_eq!(of("1x1", Spread::Tsn).window_starts(41, 11), [15]);
    }

    #[test]
    fn only_protocols_that_exist_are_parsed() {
        assert_eq!("25x10".parse(), Ok(Protocol::PAPER));
        assert_eq!(of("3×5", Spread::Paper).to_string(), "3x5");
        for text in ["", "25", "0x10", "1001x1", "25x3", "x10", "-1x1", "25x10x2"] {
            assert!(text.parse::<Protocol>().is_err(), "{text}");
        }
    }
}
