//! A posture in joint angles, and the bones in space that follow from it.

/// Angles of one bone in degrees, from hanging straight down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Angles {
    /// Forward (positive) or backward; 90 is horizontal, 180 straight up.
    pub swing: f32,
    /// Away from the middle of the body (positive) or across it.
    pub spread: f32,
}

/// An arm or a leg: both bones with angles of their own, not relative to each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limb {
    pub upper: Angles,
    pub lower: Angles,
}

impl Limb {
    /// From `[swing, spread]` of the upper and of the lower bone.
    pub fn new(upper: [f32; 2], lower: [f32; 2]) -> Self {
        let angles = |[swing, spread]: [f32; 2]| Angles { swing, spread };
        Self { upper: angles(upper), lower: angles(lower) }
    }

    fn towards(self, other: Self, share: f32) -> Self {
        let angles = |from: Angles, to: Angles| Angles {
            swing: between(from.swing, to.swing, share),
            spread: between(from.spread, to.spread, share),
        };
        Self { upper: angles(self.upper, other.upper), lower: angles(self.lower, other.lower) }
    }
}

/// A posture. Index 0 is the body's right side, which the viewer sees in front, 1 the left.
#[derive(Debug, Clone)]
pub(super) struct Pose {
    /// The upper body's tilt forward, to its left, and its turn to the left, in degrees.
    pub lean: f32,
    pub sway: f32,
    pub twist: f32,
    /// The head's tilt forward beyond the upper body's.
    pub nod: f32,
    /// Relative to the upper body.
    pub arms: [Limb; 2],
    pub legs: [Limb; 2],
    /// Upward angle of the toes, degrees.
    pub feet: [f32; 2],
    /// Displacement of the hips from the starting place, along the path and for balance only, in body heights.
    pub advance: f32,
    pub shift: f32,
    /// Height of the lower foot above the ground, in body heights.
    pub lift: f32,
}

impl Pose {
    /// Upright with hanging arms.
    pub fn standing() -> Self {
        Self {
            lean: 0.0,
            sway: 0.0,
            twist: 0.0,
            nod: 0.0,
            arms: [Limb::new([4.0, 8.0], [12.0, 5.0]); 2],
            legs: [Limb::new([2.0, 5.0], [-2.0, 3.0]); 2],
            feet: [0.0; 2],
            advance: 0.0,
            shift: 0.0,
            lift: 0.0,
        }
    }

    /// Returns the posture on the way to `other`, of which it has `share`, 0 to 1.
    pub fn towards(&self, other: &Self, share: f32) -> Self {
        let part = |from: f32, to: f32| between(from, to, share);
        let limbs = |from: [Limb; 2], to: [Limb; 2]| [from[0].towards(to[0], share), from[1].towards(to[1], share)];
        Self {
            lean: part(self.lean, other.lean),
            sway: part(self.sway, other.sway),
            twist: part(self.twist, other.twist),
            nod: part(self.nod, other.nod),
            arms: limbs(self.arms, other.arms),
            legs: limbs(self.legs, other.legs),
            feet: [part(self.feet[0], other.feet[0]), part(self.feet[1], other.feet[1])],
            advance: part(self.advance, other.advance),
            shift: part(self.shift, other.shift),
            lift: part(self.lift, other.lift),
        }
    }
}

impl Pose {
    /// Returns this posture with the arms of `other` by `share`, 0 to 1, and with what they do to the upper body.
    pub fn with_arms(&self, other: &Self, share: f32) -> Self {
        let limbs = |side: usize| self.arms[side].towards(other.arms[side], share);
        Self {
            sway: self.sway + other.sway * share,
            twist: self.twist + other.twist * share,
            arms: [limbs(0), limbs(1)],
            ..self.clone()
        }
    }
}

fn between(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

/// A direction or place in space: to the body's left, up, forward.
pub(super) type Space = [f32; 3];

/// Lengths of a body in units of its height.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proportions {
    pub thigh: f32,
    pub shin: f32,
    pub ankle: f32,
    pub foot: f32,
    pub torso: f32,
    pub upper_arm: f32,
    pub forearm: f32,
    pub head: f32,
    pub hips: f32,
    pub shoulders: f32,
}

impl Proportions {
    /// A grown-up drawn with a slightly large head; `legs` and `head` stretch what they name.
    pub fn new(legs: f32, head: f32) -> Self {
        Self {
            thigh: 0.235 * legs,
            shin: 0.225 * legs,
            ankle: 0.035,
            foot: 0.105,
            torso: 0.30,
            upper_arm: 0.165,
            forearm: 0.175,
            head: 0.20 * head,
            hips: 0.055,
            shoulders: 0.105,
        }
    }
}

/// The moving parts of a body; sided ones know theirs (0 right, 1 left).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bone {
    Thigh(usize),
    Shin(usize),
    Foot(usize),
    Torso,
    Head,
    UpperArm(usize),
    Forearm(usize),
}

/// All bones, legs first; the order of [`bones_in_space`].
pub(super) const BONES: [Bone; 12] = [
    Bone::Foot(1),
    Bone::Shin(1),
    Bone::Thigh(1),
    Bone::Foot(0),
    Bone::Shin(0),
    Bone::Thigh(0),
    Bone::Torso,
    Bone::Head,
    Bone::UpperArm(1),
    Bone::Forearm(1),
    Bone::UpperArm(0),
    Bone::Forearm(0),
];

/// Both ends of every bone in body heights, the ground under the starting place being the origin.
pub(super) fn bones_in_space(pose: &Pose, body: &Proportions) -> [[Space; 2]; 12] {
    let upper_body = |v: Space| tilt(v, pose);
    let arms: [_; 2] = std::array::from_fn(|side| {
        let shoulder = upper_body([sign(side) * body.shoulders, body.torso * 0.90, 0.0]);
        let elbow = add(shoulder, upper_body(direction(pose.arms[side].upper, side)), body.upper_arm);
        [shoulder, elbow, add(elbow, upper_body(direction(pose.arms[side].lower, side)), body.forearm)]
    });
    let legs: [_; 2] = std::array::from_fn(|side| {
        let hip = [sign(side) * body.hips, 0.0, 0.0];
        let knee = add(hip, direction(pose.legs[side].upper, side), body.thigh);
        let ankle = add(knee, direction(pose.legs[side].lower, side), body.shin);
        let toes = pose.feet[side].to_radians();
        [hip, knee, ankle, add(ankle, [0.0, toes.sin() - 0.12, toes.cos()], body.foot)]
    });
    let neck = upper_body([0.0, body.torso, 0.0]);
    let crown = add(neck, tilt_forward([0.0, 1.0, 0.0], pose.lean + pose.nod), body.head);

    // The hips are as high as the lower foot needs them.
    let lowest = legs[0][2][1].min(legs[1][2][1]);
    let root = [0.0, body.ankle + pose.lift - lowest, pose.advance + pose.shift];
    let bone = |bone: Bone| match bone {
        Bone::Thigh(side) => [legs[side][0], legs[side][1]],
        Bone::Shin(side) => [legs[side][1], legs[side][2]],
        Bone::Foot(side) => [legs[side][2], legs[side][3]],
        Bone::Torso => [[0.0; 3], neck],
        Bone::Head => [neck, crown],
        Bone::UpperArm(side) => [arms[side][0], arms[side][1]],
        Bone::Forearm(side) => [arms[side][1], arms[side][2]],
    };
    BONES.map(|b| bone(b).map(|end| add(end, root, 1.0)))
}

/// The left is positive.
fn sign(side: usize) -> f32 {
    if side == 0 { -1.0 } else { 1.0 }
}

fn direction(angles: Angles, side: usize) -> Space {
    let (swing, spread) = (angles.swing.to_radians(), angles.spread.to_radians());
    [sign(side) * spread.sin(), -spread.cos() * swing.cos(), spread.cos() * swing.sin()]
}

fn add(from: Space, direction: Space, length: f32) -> Space {
    std::array::from_fn(|i| from[i] + direction[i] * length)
}

/// From the upright upper body to the tilted one: turned, then swayed, then leant.
fn tilt([x, y, z]: Space, pose: &Pose) -> Space {
    let (sin, cos) = pose.twist.to_radians().sin_cos();
    let [x, z] = [x * cos + z * sin, z * cos - x * sin];
    let (sin, cos) = pose.sway.to_radians().sin_cos();
    let [x, y] = [x * cos + y * sin, y * cos - x * sin];
    tilt_forward([x, y, z], pose.lean)
}

fn tilt_forward([x, y, z]: Space, degrees: f32) -> Space {
    let (sin, cos) = degrees.to_radians().sin_cos();
    [x, y * cos - z * sin, z * cos + y * sin]
}
