//! The settings of a run that trains a joint network.

use super::plan::{Network, TrainingPlan};
use crate::error::{Error, Result};
use crate::nets::{JointArchitecture, JointConfig};
use crate::video::Geometry;

impl TrainingPlan {
    /// Returns the configuration of the joint network for a run without a base. Its branch reads the encoder's last map
    /// at the size that the crops give.
    pub fn joint_config(&self) -> JointConfig {
        let is_branched = self.joint == JointArchitecture::Branched;
        let map = [self.crop.height, self.crop.width].map(|side| (side as usize / self.joint.stride()).max(1));
        JointConfig {
            architecture: self.joint,
            width: self.motion.width,
            hidden: self.joint_hidden,
            map: is_branched.then_some(map),
            dropout: self.dropout,
            ..JointConfig::default()
        }
    }

    /// Rounds the crop of a joint network down to a multiple of its stride, at least once the stride.
    pub fn fit_joint_crop(&mut self) {
        if self.network == Network::Joint {
            let stride = self.joint.stride() as u32;
            let fitting = |side: u32| (side / stride * stride).max(stride);
            self.crop = Geometry { width: fitting(self.crop.width), height: fitting(self.crop.height) };
        }
    }

    pub(super) fn check_joint(&self) -> Result<()> {
        if self.network != Network::Joint {
            return Ok(());
        }
        let refuse = |option: &str, cause: &str, remedy: &str| Err(Error::new(option, cause, remedy));
        if self.joint.is_taught() && self.loss.teacher.is_none() {
            let cause = "ActionFlowNet learns its flow from another method's";
            return refuse("teacher", cause, "Choose tvl1 or dis");
        }
        if self.mixup > 0.0 {
            return refuse("mixup", "the flow of two mixed videos is neither's", "Leave it out");
        }
        if self.keep_classes {
            return refuse(
                "classes",
                "a joint network learns all its classes at once",
                "Do not keep those of the base",
            );
        }
        let stride = self.joint.stride() as u32;
        if self.base.is_none() && !suits(self.crop, stride) {
            return Err(unsuited_crop(self.crop, stride));
        }
        self.joint_config().validate()
    }
}

/// Returns `true` if the sides of `crop` are multiples of `stride`.
pub(in crate::training) fn suits(crop: Geometry, stride: u32) -> bool {
    crop.width.is_multiple_of(stride) && crop.height.is_multiple_of(stride)
}

/// Returns the error for a crop that is not a multiple of the network's `stride`.
pub(in crate::training) fn unsuited_crop(crop: Geometry, stride: u32) -> Error {
    let cause = format!("{}×{} is no multiple of {stride}, as the motion network needs it", crop.width, crop.height);
    Error::new("crop", cause, format!("Use multiples of {stride}"))
}
