//! Switches for the loss terms by scale: the ablations of the paper (Table 2), which can be changed during training.

use serde::{Deserialize, Serialize};

/// A term of the loss, or all terms of one kind at every scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossTerm {
    /// The action loss of a stream.
    Action,
    /// Photometric term: the difference between a frame and its reconstruction from the next.
    Pixel,
    /// SSIM term: 1 − SSIM between a frame and its reconstruction.
    Ssim,
    /// Smoothness of the flow.
    Smooth,
    /// The end-point error against a teacher. It depends on the plan and cannot be switched.
    Teacher,
}

impl LossTerm {
    /// All terms.
    pub const ALL: [Self; 5] = [Self::Action, Self::Pixel, Self::Ssim, Self::Smooth, Self::Teacher];
    /// The unsupervised terms, which can be switched.
    pub const UNSUPERVISED: [Self; 3] = [Self::Pixel, Self::Ssim, Self::Smooth];

    /// Returns the term's name in tables and curves.
    pub fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Pixel => "pixel",
            Self::Ssim => "ssim",
            Self::Smooth => "smooth",
            Self::Teacher => "teacher",
        }
    }
}

/// The enabled terms and scales of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossSwitches {
    /// Photometric term at each scale, finest first.
    pub pixel: [bool; Self::SCALES],
    /// SSIM term at each scale, finest first.
    pub ssim: [bool; Self::SCALES],
    /// Smoothness term at each scale, finest first.
    pub smooth: [bool; Self::SCALES],
    /// Weight of the action loss relative to the unsupervised terms; 1 if it is the only loss.
    pub action: f32,
}

impl LossSwitches {
    /// Maximum number of scales of a flow pyramid.
    pub const SCALES: usize = 5;

    /// Returns the switches of a term at each scale; empty for the action loss and a teacher.
    pub fn scales(&self, term: LossTerm) -> &[bool] {
        match term {
            LossTerm::Action | LossTerm::Teacher => &[],
            LossTerm::Pixel => &self.pixel,
            LossTerm::Ssim => &self.ssim,
            LossTerm::Smooth => &self.smooth,
        }
    }

    /// Returns the switches with a term at scale `index` (finest first) switched to `on`.
    pub fn with(mut self, term: LossTerm, index: usize, on: bool) -> Self {
        let scales = match term {
            LossTerm::Action | LossTerm::Teacher => return self,
            LossTerm::Pixel => &mut self.pixel,
            LossTerm::Ssim => &mut self.ssim,
            LossTerm::Smooth => &mut self.smooth,
        };
        if let Some(scale) = scales.get_mut(index) {
            *scale = on;
        }
        self
    }

    /// Returns `true` if a term is enabled at scale `index` (finest first).
    pub fn is_on(&self, term: LossTerm, index: usize) -> bool {
        self.scales(term).get(index).copied().unwrap_or(false)
    }

    /// Returns `true` if a term is enabled at any scale.
    pub fn counts(&self, term: LossTerm) -> bool {
        match term {
            LossTerm::Action => self.action > 0.0,
            LossTerm::Teacher => true,
            _ => self.scales(term).contains(&true),
        }
    }

    /// Returns `true` if any unsupervised term is enabled.
    pub fn is_unsupervised(&self) -> bool {
        LossTerm::UNSUPERVISED.into_iter().any(|term| self.counts(term))
    }

    /// Returns the number of scales to compute, counted from the finest.
    pub(super) fn scales_used(&self) -> usize {
        let used = |term| self.scales(term).iter().rposition(|on| *on).map_or(0, |last| last + 1);
        LossTerm::UNSUPERVISED.into_iter().map(used).max().unwrap_or(0)
    }

    /// Returns the switches with all unsupervised terms but `term` disabled.
    pub(in crate::training) fn only(&self, term: LossTerm) -> Self {
        let none = [false; Self::SCALES];
        let keep = |other, scales: [bool; Self::SCALES]| if other == term { scales } else { none };
        Self {
            pixel: keep(LossTerm::Pixel, self.pixel),
            ssim: keep(LossTerm::Ssim, self.ssim),
            smooth: keep(LossTerm::Smooth, self.smooth),
            action: self.action,
        }
    }

    /// Describes the differences in `other`, such as `ssim 3 off`; scales are numbered from 2, the finest.
    pub fn changes(&self, other: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for term in LossTerm::UNSUPERVISED {
            for (index, (before, after)) in self.scales(term).iter().zip(other.scales(term)).enumerate() {
                if before != after {
                    changes.push(format!("{} {} {}", term.name(), index + 2, if *after { "on" } else { "off" }));
                }
            }
        }
        if self.action != other.action {
            changes.push(format!("action weight {}", other.action));
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::super::UnsupervisedLoss;
    use super::*;

    #[test]
    fn switches_begin_as_the_loss_is_planned() {
        let all = LossSwitches::of(&UnsupervisedLoss::default());
        assert!(LossTerm::ALL.into_iter().all(|term| all.counts(term)) && all.scales_used() == 5);
        let plain =
            UnsupervisedLoss { smoothness: false, ssim: false, multi_scale: false, ..UnsupervisedLoss::default() };
        let plain = LossSwitches::of(&plain);
        assert_eq!(plain.pixel, [true, false, false, false, false]);
        assert!(!plain.counts(LossTerm::Ssim) && !plain.counts(LossTerm::Smooth) && plain.scales_used() == 1);
    }

    #[test]
    fn changes_are_told_one_by_one() {
        let before = LossSwitches::of(&UnsupervisedLoss::default());
        let after = LossSwitches { action: 0.5, ..before.with(LossTerm::Ssim, 1, false) };
        assert_eq!(before.changes(&after), ["ssim 3 off", "action weight 0.5"]);
        assert_eq!(after.changes(&before), ["ssim 3 on", "action weight 1"]);
        let only = after.only(LossTerm::Ssim);
        assert!(only.counts(LossTerm::Ssim) && !only.counts(LossTerm::Pixel) && only.scales_used() == 5);
        assert_eq!(only.ssim, after.ssim);
    }
}
