//! What a figure does over time: one action throughout, one after the other, or two at the same time.

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
    /// Two of these at the same time: what the whole body does, and what the arms do meanwhile.
    Both { body: Vec<Act>, arms: Vec<Act> },
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
            Self::Acts(acts) => PassingAct::of(acts, seconds).pose(seconds),
            Self::Both { body, arms } => {
                let (body, moment) = (PassingAct::of(body, seconds).pose(seconds), PassingAct::of(arms, seconds));
                // Arms that do nothing of their own swing as the body moves them.
                body.with_arms(&moment.pose(seconds), moment.activity())
            }
        }
    }
}

/// An act at one instant, with the one that it still comes from.
struct PassingAct {
    act: Act,
    before: Option<Act>,
    /// How much of the way from there has been made, 0 to 1.
    share: f32,
}

impl PassingAct {
    fn of(acts: &[Act], seconds: f32) -> Self {
        let index = acts.partition_point(|act| act.start_secs <= seconds).saturating_sub(1);
        let passed = seconds - acts[index].start_secs;
        let before = index.checked_sub(1).filter(|_| passed < PASSAGE_SECS).map(|before| acts[before]);
        Self { act: acts[index], before, share: smoothstep(0.0, PASSAGE_SECS, passed) }
    }

    fn pose(&self, seconds: f32) -> Pose {
        let pose = self.act.pose(seconds);
        self.before.map_or_else(|| pose.clone(), |before| before.pose(seconds).towards(&pose, self.share))
    }

    /// Returns 1 during an action, 0 without one, and what is between them on the way.
    fn activity(&self) -> f32 {
        let of = |act: &Act| f32::from(u8::from(act.cycle.is_some()));
        let (now, before) = (of(&self.act), self.before.as_ref().map(of));
        before.map_or(now, |before| before + (now - before) * self.share)
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

    #[test]
    fn arms_do_their_own_while_the_body_goes_on() {
        let cycle =
            |action: Action| Cycle { action, start: 0.0, cycles_per_sec: 1.0 / action.period_secs(), vigour: 1.0 };
        let act = |start_secs: f32, action: Option<Action>| Act { start_secs, cycle: action.map(cycle) };
        let body = vec![act(0.0, Some(Action::Walk))];
        let both = Motion::Both {
            body: body.clone(),
            arms: vec![act(0.0, None), act(2.0, Some(Action::Wave)), act(4.0, None)],
        };
        let alone = Motion::Acts(body);
        let arms = |motion: &Motion, seconds: f32| motion.pose(seconds).arms.map(|arm| arm.lower.swing);
        for (seconds, is_waving) in [(1.5, false), (3.0, true), (5.0, false)] {
            let [walking, now] = [&alone, &both].map(|motion| motion.pose(seconds));
            assert_eq!(now.legs[0].upper.swing, walking.legs[0].upper.swing, "the legs walk on");
            assert_eq!(arms(&both, seconds) == arms(&alone, seconds), !is_waving, "{seconds} s");
        }
        assert_eq!(arms(&both, 3.0)[0], 176.0, "the hand is raised");
        let steps: Vec<f32> = (0..150).map(|frame| arms(&both, frame as f32 / 25.0)[0]).collect();
        assert!(steps.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 45.0), "no jump");
    }
}
