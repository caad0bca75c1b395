//! What a figure does over time: one action throughout, or one after the other.

use super::Action;
use super::paint::smoothstep;
use super::pose::Pose;

/// Seconds in which one act passes into the next.
const PASSAGE_SECS: f32 = 0.32;

/// What a figure does.
pub(super) enum Motion {
    /// One action throughout.
    Cycle(Cycle),
    /// One act after the other, in the order of their starts; the first starts at 0.
    Acts(Vec<Act>),
}

/// An action that is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cycle {
    pub action: Action,
    /// Cycles that have passed at 0 seconds.
    pub start: f32,
    pub cycles_per_sec: f32,
    /// 1 is ordinary.
    pub vigour: f32,
}

/// A part of a recording: an action, or standing still.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    pub start_secs: f32,
    pub cycle: Option<Cycle>,
}

impl Motion {
    /// Returns the posture after `seconds`.
    pub fn pose(&self, seconds: f32) -> Pose {
        match self {
            Self::Cycle(cycle) => {
                // A walk started before the clip did.
                let started = cycle.pose(0.0).advance;
                let pose = cycle.pose(seconds);
                Pose { advance: pose.advance - started, ..pose }
            }
            Self::Acts(acts) => {
                let index = acts.partition_point(|act| act.start_secs <= seconds).saturating_sub(1);
                let pose = acts[index].pose(seconds);
                let passed = seconds - acts[index].start_secs;
                match index.checked_sub(1) {
                    Some(before) if passed < PASSAGE_SECS => {
                        acts[before].pose(seconds).towards(&pose, smoothstep(0.0, PASSAGE_SECS, passed))
                    }
                    _ => pose,
                }
            }
        }
    }
}

impl Cycle {
    fn pose(&self, seconds: f32) -> Pose {
        self.action.pose(self.start + seconds * self.cycles_per_sec, self.vigour)
    }
}

impl Act {
    /// Walks on the spot, so that the figure stays in the picture however long it walks.
    fn pose(&self, seconds: f32) -> Pose {
        let pose = self.cycle.map_or_else(Pose::standing, |cycle| cycle.pose(seconds - self.start_secs));
        Pose { advance: 0.0, ..pose }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_act_passes_into_the_next_without_a_jump_and_nobody_walks_away() {
        let cycle =
            |action: Action| Cycle { action, start: 0.0, cycles_per_sec: 1.0 / action.period_secs(), vigour: 1.0 };
        let acts = vec![
            Act { start_secs: 0.0, cycle: None },
            Act { start_secs: 2.0, cycle: Some(cycle(Action::Wave)) },
            Act { start_secs: 5.0, cycle: Some(cycle(Action::Walk)) },
        ];
        let motion = Motion::Acts(acts);
        let arm = |seconds: f32| motion.pose(seconds).arms[0].lower.swing;
        assert_eq!(arm(1.0), Pose::standing().arms[0].lower.swing);
        assert_eq!(arm(3.0), 176.0, "the hand is raised");
        let steps: Vec<f32> = (0..200).map(|frame| arm(frame as f32 / 25.0)).collect();
        let largest = steps.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(largest > 5.0 && largest < 45.0, "degrees a frame: {largest}");
        assert_eq!(motion.pose(60.0).advance, 0.0);
    }
}
