//! Temporal smoothing of predictions.

use std::collections::VecDeque;
use std::time::Instant;

use crate::engine::Scores;
use crate::nets::fusion::{Doubt, Firmness, Fusion};
use crate::ranking::arg_max;

use serde::{Deserialize, Serialize};

/// A method of temporal smoothing. Times are seconds of the source, as the number of windows per second depends on the
/// machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredSmoothing")]
pub enum Smoothing {
    /// No smoothing.
    None,
    /// The mean over the last windows.
    Mean {
        /// Length of the average in seconds.
        secs: f32,
    },
    /// The predicted class changes only after another class leads by a margin for some time.
    Hysteresis {
        /// Required lead, as a share.
        margin: f32,
        /// Required duration of the lead in seconds.
        secs: f32,
    },
}

impl Default for Smoothing {
    fn default() -> Self {
        Self::Mean { secs: 1.0 }
    }
}

/// Maximum smoothing time in seconds.
pub const MOST_SECS: f32 = 10.0;
/// Seconds per window, to convert settings of earlier versions, which counted windows.
const WINDOW_SECS: f32 = 0.2;

/// [`Smoothing`] as stored by this version, or by one that counted windows.
#[derive(Deserialize)]
enum StoredSmoothing {
    None,
    Mean {
        #[serde(default)]
        secs: f32,
        #[serde(default)]
        windows: u16,
    },
    Hysteresis {
        margin: f32,
        #[serde(default)]
        secs: f32,
        #[serde(default)]
        windows: u16,
    },
}

impl From<StoredSmoothing> for Smoothing {
    fn from(stored: StoredSmoothing) -> Self {
        let secs = |secs: f32, windows: u16| (secs + WINDOW_SECS * f32::from(windows)).clamp(0.0, MOST_SECS);
        match stored {
            StoredSmoothing::None => Self::None,
            StoredSmoothing::Mean { secs: stored, windows } => Self::Mean { secs: secs(stored, windows) },
            StoredSmoothing::Hysteresis { margin, secs: stored, windows } => {
                Self::Hysteresis { margin, secs: secs(stored, windows) }
            }
        }
    }
}

/// A smoothed prediction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Smoothed {
    /// The share of each class.
    pub shares: Vec<f32>,
    /// Shares of the spatial and the temporal stream alone; empty for a stream that the model lacks.
    pub streams: [Vec<f32>; 2],
    /// The predicted class; `None` without classes.
    pub top: Option<usize>,
    /// Whether the predicted class has the largest share.
    pub is_settled: bool,
    /// Time until the leading class becomes the prediction if it keeps leading; `None` if no class is waiting.
    pub waits_secs: Option<f32>,
}

impl Smoothed {
    /// Returns the prediction for display: a held class is replaced by the leading one, as an uncertain prediction, if
    /// no class is certain or the leading one has more than twice its share.
    pub fn shown(self, fusion: &Fusion) -> Self {
        let (Some(held), Some(leader)) = (self.top, arg_max(&self.shares)) else { return self };
        let gives_way = self.doubt_of_shares(fusion).is_some() || self.shares[leader] > 2.0 * self.shares[held];
        Self { top: Some(if gives_way { leader } else { held }), ..self }
    }

    /// Returns the firmness of the prediction under `fusion`, as [shown](Self::shown): uncertain by its shares, or
    /// because another class leads.
    pub fn firmness(&self, fusion: &Fusion) -> Firmness {
        let leads = self.top == arg_max(&self.shares);
        match (self.doubt_of_shares(fusion), self.waits_secs) {
            (Some(doubt), _) => Firmness::Unsure(doubt),
            (None, Some(secs)) if leads => Firmness::Waiting(secs),
            (None, _) if !self.is_settled => Firmness::Unsure(Doubt::Held),
            (None, _) => Firmness::Sure,
        }
    }

    fn doubt_of_shares(&self, fusion: &Fusion) -> Option<Doubt> {
        fusion.doubt(&self.shares, self.streams.each_ref().map(Vec::as_slice))
    }
}

/// The class shares of a window.
#[derive(Debug, Clone, Default)]
pub struct WindowShares {
    /// Shares of both streams together.
    pub fused: Vec<f32>,
    /// Shares of the spatial and the temporal stream; empty for a stream that the model lacks.
    pub streams: [Vec<f32>; 2],
}

impl WindowShares {
    /// Creates the shares for the scores of a window under `fusion`.
    pub fn of(scores: &Scores, fusion: &Fusion) -> Self {
        let streams = [&scores.spatial, &scores.temporal].map(|logits| fusion.of_stream(logits));
        Self { fused: scores.fused_probabilities(fusion), streams }
    }
}

/// The recent windows for smoothing.
#[derive(Debug, Default)]
pub struct Smoother {
    /// Generation of the windows' model.
    model: u64,
    /// Shares of windows with their capture times.
    recent: VecDeque<(Instant, WindowShares)>,
    held: Option<usize>,
    /// A class that leads the held one, and the start of its lead.
    challenger: Option<(usize, Instant)>,
}

impl Smoother {
    /// Adds the shares of the next window, captured at `at`, and returns the prediction under `smoothing`, which may
    /// change between calls. `model` is the [generation](crate::engine::InferencePipeline::generation) of the model:
    /// windows of another one are discarded.
    pub fn push(&mut self, model: u64, shares: WindowShares, smoothing: Smoothing, at: Instant) -> Smoothed {
        if self.model != model {
            *self = Self { model, ..Self::default() };
        }
        let secs = if let Smoothing::Mean { secs } = smoothing { secs } else { 0.0 };
        self.recent.push_back((at, shares));
        // The newest window always counts, whatever its duration.
        while self.recent.len() > 1 && secs_between(self.recent[0].0, at) >= secs {
            self.recent.pop_front();
        }
        let shares = mean(self.recent.iter().map(|(_, shares)| &shares.fused));
        let streams = [0, 1].map(|stream| mean(self.recent.iter().map(|(_, shares)| &shares.streams[stream])));
        let leader = arg_max(&shares);
        let top = match smoothing {
            Smoothing::Hysteresis { margin, secs } => self.hold(&shares, leader, (margin, secs), at),
            _ => {
                self.challenger = None;
                leader
            }
        };
        self.held = top;
        let waits = |since: Instant| match smoothing {
            Smoothing::Hysteresis { secs, .. } => Some((secs - secs_between(since, at)).max(0.0)),
            _ => None,
        };
        let waits_secs = self.challenger.and_then(|(_, since)| waits(since));
        Smoothed { shares, streams, top, is_settled: top == leader, waits_secs }
    }

    /// Returns the predicted class when `top` has the largest share.
    fn hold(&mut self, shares: &[f32], top: Option<usize>, (margin, secs): (f32, f32), at: Instant) -> Option<usize> {
        let (Some(held), Some(top)) = (self.held, top) else { return top };
        if top == held || shares[top] - shares[held] < margin {
            self.challenger = None;
            return Some(held);
        }
        let since = self.challenger.filter(|(class, _)| *class == top).map_or(at, |(_, since)| since);
        self.challenger = Some((top, since));
        if secs_between(since, at) < secs {
            return Some(held);
        }
        self.challenger = None;
        Some(top)
    }
}

fn secs_between(from: Instant, to: Instant) -> f32 {
    to.saturating_duration_since(from).as_secs_f32()
}

/// Returns the mean of rows of equal length.
fn mean<'a>(rows: impl ExactSizeIterator<Item = &'a Vec<f32>> + Clone) -> Vec<f32> {
    let (count, classes) = (rows.len() as f32, rows.clone().next().map_or(0, Vec::len));
    let sum = |class: usize| rows.clone().map(|shares| shares[class]).sum::<f32>();
    (0..classes).map(|class| sum(class) / count).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fused(shares: Vec<f32>) -> WindowShares {
        WindowShares { fused: shares, ..WindowShares::default() }
    }

    /// Predictions for windows that are a quarter of a second apart.
    fn answers(smoothing: Smoothing, shares: impl IntoIterator<Item = Vec<f32>>) -> Vec<Smoothed> {
        let (mut smoother, first) = (Smoother::default(), Instant::now());
        let push = |(i, shares)| smoother.push(1, fused(shares), smoothing, first + i * Duration::from_millis(250));
        (0..).zip(shares).map(push).collect()
    }

    /// Two classes, the first with share `first`.
    fn tops(smoothing: Smoothing, first: &[f32]) -> Vec<usize> {
        let shares = first.iter().map(|share| vec![*share, 1.0 - share]);
        answers(smoothing, shares).into_iter().map(|answer| answer.top.unwrap()).collect()
    }

    #[test]
    fn without_smoothing_each_window_speaks_for_itself() {
        assert_eq!(tops(Smoothing::None, &[0.9, 0.4, 0.6, 0.5]), [0, 1, 0, 0]);
    }

    #[test]
    fn the_mean_is_over_the_windows_of_the_last_seconds_only() {
        let smoothing = Smoothing::Mean { secs: 0.75 };
        let shares: Vec<f32> = answers(smoothing, [0.0, 0.6, 0.6, 0.9, 0.9].map(|share| vec![share]))
            .into_iter()
            .map(|answer| answer.shares[0])
            .collect();
        for (share, expected) in shares.iter().zip([0.0, 0.3, 0.4, 0.7, 0.8]) {
            assert!((share - expected).abs() < 1e-6, "{shares:?}");
        }
        assert_eq!(tops(smoothing, &[0.9, 0.2, 0.6, 0.0, 0.0]), [0, 0, 0, 1, 1]);
        // With slow networks only the newest window counts.
        assert_eq!(tops(Smoothing::Mean { secs: 0.2 }, &[0.9, 0.4, 0.6]), [0, 1, 0]);
    }

    #[test]
    fn an_answer_is_held_until_another_leads_by_the_margin_for_long_enough() {
        let smoothing = Smoothing::Hysteresis { margin: 0.2, secs: 0.5 };
        // A lead below the margin, or for only a quarter of a second, has no effect.
        assert_eq!(tops(smoothing, &[0.8, 0.45, 0.45, 0.45, 0.45]), [0, 0, 0, 0, 0]);
        assert_eq!(tops(smoothing, &[0.8, 0.1, 0.1, 0.7, 0.1, 0.1]), [0, 0, 0, 0, 0, 0]);
        assert_eq!(tops(smoothing, &[0.8, 0.1, 0.1, 0.1, 0.1]), [0, 0, 0, 1, 1]);
        assert_eq!(tops(Smoothing::Hysteresis { margin: 0.0, secs: 0.0 }, &[0.8, 0.1]), [0, 1]);
    }

    #[test]
    fn a_held_answer_is_unsure_and_gives_way_where_it_is_no_longer_plausible() {
        let (fusion, smoothing) = (Fusion::default(), Smoothing::Hysteresis { margin: 0.1, secs: 5.0 });
        let shares = [[0.9, 0.05, 0.05], [0.38, 0.6, 0.02], [0.05, 0.64, 0.31], [0.3, 0.29, 0.41]].map(Vec::from);
        let answers = answers(smoothing, shares);
        assert!(answers.iter().all(|answer| answer.top == Some(0)));
        let shown = answers.into_iter().map(|answer| answer.shown(&fusion));
        let shown: Vec<_> = shown.map(|answer| (answer.top, answer.firmness(&fusion) != Firmness::Sure)).collect();
        assert_eq!(shown, [(Some(0), false), (Some(0), true), (Some(1), true), (Some(2), true)]);
    }

    #[test]
    fn an_answer_that_neither_stream_gives_over_the_seconds_is_unsure() {
        let (mut smoother, now) = (Smoother::default(), Instant::now());
        let smoothing = Smoothing::Mean { secs: 1.0 };
        let torn = WindowShares { fused: vec![0.6, 0.2, 0.2], streams: [vec![0.4, 0.6, 0.0], vec![0.4, 0.0, 0.6]] };
        let clear = WindowShares { streams: [vec![0.9, 0.1, 0.0], vec![0.4, 0.0, 0.6]], ..torn.clone() };
        let firmness = |answer: Smoothed| answer.firmness(&Fusion::default());
        assert_eq!(firmness(smoother.push(1, torn, smoothing, now)), Firmness::Unsure(Doubt::NoStream));
        assert_eq!(
            firmness(smoother.push(1, clear, smoothing, now)),
            Firmness::Sure,
            "the mean of the spatial stream is 65 %"
        );
    }

    #[test]
    fn a_sure_class_that_waits_for_its_lead_to_last_says_for_how_long() {
        let (fusion, smoothing) = (Fusion::default(), Smoothing::Hysteresis { margin: 0.1, secs: 0.5 });
        let shares = [[0.9, 0.1], [0.08, 0.92], [0.08, 0.92], [0.08, 0.92], [0.46, 0.54], [0.54, 0.46]].map(Vec::from);
        let shown = answers(smoothing, shares).into_iter().map(|answer| answer.shown(&fusion));
        let texts: Vec<String> =
            shown.map(|answer| answer.firmness(&fusion).text(["run", "golf"][answer.top.unwrap()])).collect();
        assert_eq!(
            texts,
            ["run", "golf, waiting 0.5 s", "golf, waiting 0.2 s", "golf", "unsure, golf?", "unsure, run?"]
        );
    }

    #[test]
    fn what_another_model_answered_does_not_count() {
        let hold = Smoothing::Hysteresis { margin: 0.2, secs: 0.5 };
        for smoothing in [hold, Smoothing::Mean { secs: 10.0 }] {
            let (mut smoother, first) = (Smoother::default(), Instant::now());
            for i in 0..9 {
                smoother.push(1, fused(vec![0.05, 0.95]), smoothing, first + i * Duration::from_millis(250));
            }
            // The same number of classes, in another order.
            let answer = smoother.push(2, fused(vec![0.55, 0.45]), smoothing, first + Duration::from_millis(2500));
            let expected = Smoothed { shares: vec![0.55, 0.45], top: Some(0), is_settled: true, ..Smoothed::default() };
            assert_eq!(answer, expected, "{smoothing:?}");
        }
    }

    #[test]
    fn another_model_and_odd_shares_do_no_harm() {
        let (mut smoother, now) = (Smoother::default(), Instant::now());
        let smoothing = Smoothing::Hysteresis { margin: 0.1, secs: 0.3 };
        assert_eq!(smoother.push(1, fused(vec![0.1, 0.2, 0.7]), smoothing, now).top, Some(2));
        assert_eq!(
            smoother.push(2, fused(vec![0.6, 0.4]), smoothing, now),
            Smoothed { shares: vec![0.6, 0.4], top: Some(0), is_settled: true, ..Smoothed::default() }
        );
        assert_eq!(smoother.push(3, fused(Vec::new()), smoothing, now).top, None);
        assert_eq!(smoother.push(4, fused(vec![f32::NAN, 0.3]), Smoothing::None, now).top, Some(1));
        assert_eq!(smoother.push(5, fused(vec![f32::NAN]), Smoothing::Mean { secs: 0.0 }, now).top, None);
    }

    #[test]
    fn settings_that_counted_windows_are_still_read() {
        let read = |text: &str| serde_json::from_str::<Smoothing>(text).unwrap();
        assert_eq!(read(r#"{"Mean":{"windows":5}}"#), Smoothing::Mean { secs: 1.0 });
        let Smoothing::Hysteresis { margin, secs } = read(r#"{"Hysteresis":{"margin":0.1,"windows":3}}"#) else {
            panic!("another kind")
        };
        assert!((margin - 0.1).abs() < 1e-6 && (secs - 0.6).abs() < 1e-6);
        for smoothing in [Smoothing::None, Smoothing::default(), Smoothing::Hysteresis { margin: 0.25, secs: 0.5 }] {
            assert_eq!(read(&serde_json::to_string(&smoothing).unwrap()), smoothing);
        }
    }
}
