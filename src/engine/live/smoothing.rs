//! Temporal smoothing of predictions.

use std::collections::VecDeque;

use crate::ranking::arg_max;

use serde::{Deserialize, Serialize};

/// A method of temporal smoothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Smoothing {
    /// Each window speaks for itself.
    None,
    /// The mean over the last windows.
    Mean {
        /// How many.
        windows: usize,
    },
    /// The answer stays until another class leads it by a margin for several windows in a row.
    Hysteresis {
        /// By how much it must lead, as a share.
        margin: f32,
        /// For how many windows.
        windows: usize,
    },
}

impl Default for Smoothing {
    fn default() -> Self {
        Self::Mean { windows: 5 }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Smoothed {
    /// The share of each class.
    pub shares: Vec<f32>,
    /// The class that is answered; none where there are no classes.
    pub top: Option<usize>,
}

/// The windows that count for the next answer.
#[derive(Debug, Default)]
pub struct Smoother {
    recent: VecDeque<Vec<f32>>,
    held: Option<usize>,
    /// A class that leads the held one, and for how many windows it has.
    challenger: Option<(usize, usize)>,
}

impl Smoother {
    /// Takes in the shares of the next window and gives the answer under `smoothing`, which may change from call to call.
    pub fn push(&mut self, shares: Vec<f32>, smoothing: Smoothing) -> Smoothed {
        let windows = if let Smoothing::Mean { windows } = smoothing { windows.max(1) } else { 1 };
        // Shares of another model do not count.
        self.recent.retain(|before| before.len() == shares.len());
        self.held = self.held.filter(|held| *held < shares.len());
        self.recent.push_back(shares);
        while self.recent.len() > windows {
            self.recent.pop_front();
        }
        let shares = mean(&self.recent);
        let top = arg_max(&shares);
        let top = match smoothing {
            Smoothing::Hysteresis { margin, windows } => self.hold(&shares, top, margin, windows),
            _ => {
                self.challenger = None;
                top
            }
        };
        self.held = top;
        Smoothed { shares, top }
    }

    /// Returns the class that is answered when `top` has the largest share.
    fn hold(&mut self, shares: &[f32], top: Option<usize>, margin: f32, windows: usize) -> Option<usize> {
        let (Some(held), Some(top)) = (self.held, top) else { return top };
        if top == held || shares[top] - shares[held] < margin {
            self.challenger = None;
            return Some(held);
        }
        let before = self.challenger.filter(|(class, _)| *class == top).map_or(0, |(_, windows)| windows);
        self.challenger = Some((top, before + 1));
        if before + 1 < windows {
            return Some(held);
        }
        self.challenger = None;
        Some(top)
    }
}

fn mean(recent: &VecDeque<Vec<f32>>) -> Vec<f32> {
    let classes = recent.back().map_or(0, Vec::len);
    let sum = |class: usize| recent.iter().map(|shares| shares[class]).sum::<f32>();
    (0..classes).map(|class| sum(class) / recent.len() as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes, the first with share `first`.
    fn tops(smoothing: Smoothing, first: &[f32]) -> Vec<usize> {
        let mut smoother = Smoother::default();
        first.iter().map(|share| smoother.push(vec![*share, 1.0 - share], smoothing).top.unwrap()).collect()
    }

    #[test]
    fn without_smoothing_each_window_speaks_for_itself() {
        assert_eq!(tops(Smoothing::None, &[0.9, 0.4, 0.6, 0.5]), [0, 1, 0, 0]);
    }

    #[test]
    fn the_mean_is_over_the_last_windows_only() {
        let mut smoother = Smoother::default();
        let smoothing = Smoothing::Mean { windows: 3 };
        let shares: Vec<f32> =
            [0.0, 0.6, 0.6, 0.9, 0.9].iter().map(|share| smoother.push(vec![*share], smoothing).shares[0]).collect();
        for (share, expected) in shares.iter().zip([0.0, 0.3, 0.4, 0.7, 0.8]) {
            assert!((share - expected).abs() < 1e-6, "{shares:?}");
        }
        assert_eq!(smoother.recent.len(), 3);
        assert_eq!(tops(smoothing, &[0.9, 0.2, 0.6, 0.0, 0.0]), [0, 0, 0, 1, 1]);
    }

    #[test]
    fn an_answer_is_held_until_another_leads_by_the_margin_for_long_enough() {
        let smoothing = Smoothing::Hysteresis { margin: 0.2, windows: 3 };
        // Leading by less than the margin, or for two windows only, changes nothing.
        assert_eq!(tops(smoothing, &[0.8, 0.45, 0.45, 0.45, 0.45]), [0, 0, 0, 0, 0]);
        assert_eq!(tops(smoothing, &[0.8, 0.1, 0.1, 0.7, 0.1, 0.1]), [0, 0, 0, 0, 0, 0]);
        assert_eq!(tops(smoothing, &[0.8, 0.1, 0.1, 0.1, 0.1]), [0, 0, 0, 1, 1]);
        assert_eq!(tops(Smoothing::Hysteresis { margin: 0.0, windows: 0 }, &[0.8, 0.1]), [0, 1]);
    }

    #[test]
    fn another_model_and_odd_shares_do_no_harm() {
        let mut smoother = Smoother::default();
        let smoothing = Smoothing::Hysteresis { margin: 0.1, windows: 2 };
        assert_eq!(smoother.push(vec![0.1, 0.2, 0.7], smoothing).top, Some(2));
        assert_eq!(smoother.push(vec![0.6, 0.4], smoothing), Smoothed { shares: vec![0.6, 0.4], top: Some(0) });
        assert_eq!(smoother.push(Vec::new(), smoothing), Smoothed::default());
        assert_eq!(smoother.push(vec![f32::NAN, 0.3], Smoothing::None).top, Some(1));
        assert_eq!(smoother.push(vec![f32::NAN], Smoothing::Mean { windows: 0 }).top, None);
    }
}
