//! The actions, as joint angles over one cycle of movement.
//!
//! Every action is a smooth cycle through ordinary postures, so that a single frame is often not enough to distinguish
//! them: a bent knee may be a squat or a jump, raised hands a clap or a punch.

use std::f32::consts::TAU;
use std::fmt;

use super::paint::smoothstep;
use super::pose::{Limb, Pose};

/// The action of a figure throughout a clip: the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Bends the upper body forward and straightens again.
    Bow,
    /// Brings both hands together in front of the chest, repeatedly.
    Clap,
    /// Crouches and leaps off the ground.
    Jump,
    /// Swings one leg forward.
    Kick,
    /// Strikes forward with the fists in turn.
    Punch,
    /// Lowers the hips with the arms held out.
    Squat,
    /// Strides along.
    Walk,
    /// Waves with one raised hand.
    Wave,
}

/// All actions in the order of their class numbers, which is alphabetical.
pub const ACTIONS: [Action; 8] =
    [Action::Bow, Action::Clap, Action::Jump, Action::Kick, Action::Punch, Action::Squat, Action::Walk, Action::Wave];

impl Action {
    /// Returns the class name, as in folder and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bow => "bow",
            Self::Clap => "clap",
            Self::Jump => "jump",
            Self::Kick => "kick",
            Self::Punch => "punch",
            Self::Squat => "squat",
            Self::Walk => "walk",
            Self::Wave => "wave",
        }
    }

    /// Returns the duration of one cycle at normal tempo.
    pub(super) fn period_secs(self) -> f32 {
        match self {
            Self::Bow => 1.8,
            Self::Clap => 0.64,
            Self::Jump => 1.6,
            Self::Kick => 2.0,
            Self::Punch => 1.6,
            Self::Squat => 1.7,
            Self::Walk => 1.36,
            Self::Wave => 0.96,
        }
    }

    /// Returns the posture after `cycles` cycles, performed with `vigour` (1 is normal).
    pub(super) fn pose(self, cycles: f32, vigour: f32) -> Pose {
        let phase = cycles.rem_euclid(1.0);
        match self {
            Self::Bow => bow(phase, vigour),
            Self::Clap => clap(phase, vigour),
            Self::Jump => jump(phase, vigour),
            Self::Kick => kick(phase, vigour),
            Self::Punch => punch(phase, vigour),
            Self::Squat => squat(phase, vigour),
            Self::Walk => walk(phase, cycles, vigour),
            Self::Wave => wave(phase, vigour),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns 0 until `rise[0]`, up to 1 at `rise[1]`, back to 0 from `fall[0]` to `fall[1]`, smooth throughout.
fn pulse(phase: f32, rise: [f32; 2], fall: [f32; 2]) -> f32 {
    smoothstep(rise[0], rise[1], phase) - smoothstep(fall[0], fall[1], phase)
}

fn sine(phase: f32) -> f32 {
    (phase * TAU).sin()
}

/// Bends thighs, shins and hips for a knee bend of `depth` degrees at each joint.
fn bend_knees(pose: &mut Pose, depth: f32) {
    for leg in &mut pose.legs {
        leg.upper.swing += depth;
        leg.lower.swing -= depth;
    }
    pose.shift -= depth * 0.0006;
}

fn bow(phase: f32, vigour: f32) -> Pose {
    let bent = pulse(phase, [0.08, 0.46], [0.54, 0.94]) * vigour;
    let mut pose = Pose { lean: 56.0 * bent, nod: 14.0 * bent, shift: -0.06 * bent, ..Pose::standing() };
    for arm in &mut pose.arms {
        *arm = Limb::new([4.0 + 22.0 * bent, 7.0], [12.0 + 26.0 * bent, 4.0]);
    }
    pose
}

fn clap(phase: f32, vigour: f32) -> Pose {
    let open = (0.5 - 0.5 * (phase * TAU).cos()) * vigour;
    let mut pose = Pose { lean: 2.0, nod: 3.0, ..Pose::standing() };
    for arm in &mut pose.arms {
        *arm = Limb::new([20.0, 12.0 + 15.0 * open], [88.0 + 6.0 * open, -27.0 + 40.0 * open]);
    }
    pose
}

fn jump(phase: f32, vigour: f32) -> Pose {
    let crouch = pulse(phase, [0.02, 0.28], [0.30, 0.48]) + 0.6 * pulse(phase, [0.72, 0.84], [0.86, 1.0]);
    let flight = ((phase - 0.42) / 0.36).clamp(0.0, 1.0);
    let air = 4.0 * flight * (1.0 - flight); // the parabola of a thrown body
    let reach = pulse(phase, [0.22, 0.62], [0.58, 1.0]) * vigour;
    let mut pose = Pose { lean: 14.0 * crouch, lift: 0.115 * air * vigour, ..Pose::standing() };
    bend_knees(&mut pose, 36.0 * crouch + 8.0 * air);
    for arm in &mut pose.arms {
        let back = -10.0 * crouch;
        *arm = Limb::new([back + 18.0 * reach, 9.0 + 26.0 * reach], [14.0 + back + 40.0 * reach, 6.0 + 24.0 * reach]);
    }
    pose
}

fn kick(phase: f32, vigour: f32) -> Pose {
    let back = pulse(phase, [0.0, 0.22], [0.22, 0.46]);
    let forth = pulse(phase, [0.20, 0.60], [0.60, 1.0]) * vigour;
    let folded = pulse(phase, [0.02, 0.26], [0.26, 0.62]) + 0.35 * pulse(phase, [0.64, 0.80], [0.80, 1.0]);
    let mut pose = Pose { lean: 5.0 * back - 9.0 * forth, ..Pose::standing() };
    let thigh = -10.0 * back + 56.0 * forth;
    pose.legs[0] = Limb::new([thigh, 3.0], [thigh - 28.0 * folded, 3.0]);
    pose.feet[0] = 14.0 * forth + 0.7 * (thigh - 28.0 * folded);
    pose.arms[0] = Limb::new([4.0 - 30.0 * forth, 16.0 + 10.0 * forth], [18.0 - 24.0 * forth, 14.0]);
    pose.arms[1] = Limb::new([4.0 + 38.0 * forth, 14.0], [24.0 + 44.0 * forth, 8.0]);
    pose
}

fn punch(phase: f32, vigour: f32) -> Pose {
    let right = pulse(phase, [0.04, 0.24], [0.27, 0.49]) * vigour;
    let left = pulse(phase, [0.54, 0.74], [0.77, 0.99]) * vigour;
    let mut pose = Pose { lean: 7.0 + 3.0 * (right + left), twist: 16.0 * (right - left), ..Pose::standing() };
    for (arm, hit) in pose.arms.iter_mut().zip([right, left]) {
        *arm = Limb::new([22.0 + 58.0 * hit, 14.0 - 12.0 * hit], [122.0 - 36.0 * hit, -10.0 + 4.0 * hit]);
    }
    pose.legs = [Limb::new([-13.0, 6.0], [-20.0, 6.0]), Limb::new([17.0, 6.0], [2.0, 6.0])];
    bend_knees(&mut pose, 5.0 + 2.0 * (right + left));
    pose
}

fn squat(phase: f32, vigour: f32) -> Pose {
    let down = pulse(phase, [0.04, 0.46], [0.52, 0.96]) * vigour;
    let mut pose = Pose { lean: 24.0 * down, nod: -12.0 * down, shift: -0.05 * down, ..Pose::standing() };
    bend_knees(&mut pose, 52.0 * down);
    for arm in &mut pose.arms {
        *arm = Limb::new([4.0 + 76.0 * down, 8.0], [12.0 + 78.0 * down, 5.0]);
    }
    pose
}

fn walk(phase: f32, cycles: f32, vigour: f32) -> Pose {
    let mut pose = Pose { lean: 4.0, twist: -6.0 * sine(phase), ..Pose::standing() };
    for (side, offset) in [(0, 0.0), (1, 0.5)] {
        let stride = sine(phase + offset) * vigour;
        // The knee folds while the leg comes forward, a quarter of a cycle before its foremost position.
        let folded = 6.0 + 19.0 * (1.0 + sine(phase + offset + 0.22)).powi(2) * 0.5 * vigour;
        let thigh = 22.0 * stride + 4.0;
        pose.legs[side] = Limb::new([thigh, 2.0], [thigh - folded, 2.0]);
        pose.feet[side] = 0.45 * (thigh - folded) + 4.0;
        pose.arms[side] = Limb::new([-17.0 * stride, 8.0], [16.0 - 20.0 * stride, 5.0]);
    }
    pose.advance = STRIDE * cycles * vigour;
    pose
}

/// Distance covered in one cycle of the walk, two steps, in body heights.
const STRIDE: f32 = 0.62;

fn wave(phase: f32, vigour: f32) -> Pose {
    let swing = sine(phase) * vigour;
    let mut pose = Pose { sway: 1.5 * swing, nod: 2.0, ..Pose::standing() };
    pose.arms[0] = Limb::new([18.0, 80.0 + 6.0 * swing], [176.0, 22.0 + 32.0 * swing]);
    pose
}
