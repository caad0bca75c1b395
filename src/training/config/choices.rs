//! Settings of a plan that are chosen by name.

use serde::{Deserialize, Serialize};

use crate::named::named;

named! {
    /// The network of the hidden two-stream model that a run trains.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Network {
        /// MotionNet, unsupervised.
        #[default]
        Flow = "flow",
        /// The spatial stream, on single frames.
        Spatial = "spatial",
        /// The temporal stream, stacked on MotionNet.
        Temporal = "temporal",
        /// A joint network for flow and action, which replaces MotionNet and the temporal stream.
        Joint = "joint",
    }
}

impl Network {
    /// Returns its display name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flow => "Flow",
            Self::Spatial => "Spatial",
            Self::Temporal => "Temporal",
            Self::Joint => "Joint",
        }
    }
}

named! {
    /// Training mode of the temporal stream on MotionNet (paper, section 4.3).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum TemporalMode {
        /// MotionNet frozen, action loss only; the flow of a clip is computed once.
        #[default]
        A = "a",
        /// Both networks trained, action loss only.
        B = "b",
        /// Both networks trained, action loss and all unsupervised losses.
        C = "c",
    }
}

named! {
    /// A flow method that supervises MotionNet.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum FlowTeacher {
        /// Dense Inverse Search with the preset `medium`.
        Dis = "dis",
        /// TV-L1 with the preset `fast`.
        Tvl1 = "tvl1",
    }
}

named! {
    /// The optimiser.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum OptimiserKind {
        /// Adam (β 0.9 and 0.999, ε 1e-8).
        #[default]
        Adam = "adam",
        /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
        #[serde(rename = "adamw")]
        AdamW = "adamw",
        /// Stochastic gradient descent with momentum 0.9.
        Sgd = "sgd",
    }
}

named! {
    /// The learning rate schedule after the warm-up.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ScheduleKind {
        /// Cosine decay to zero at the last step.
        #[default]
        Cosine = "cosine",
        /// Linear decay to zero at the last step.
        Linear = "linear",
        /// Halved at 25, 50, 62.5, 75 and 87.5 % of the steps, as in the released MotionNet training.
        Halving = "halving",
        /// Divided by ten at 31 and 59 % of the steps, as in the released end-to-end training.
        Tenths = "tenths",
        /// Multiplied by a factor at each milestone.
        Step = "step",
        /// Constant.
        Constant = "constant",
    }
}

named! {
    /// Method of balancing classes of different size.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ClassBalance {
        /// No balancing: all clips count equally.
        #[default]
        None = "none",
        /// All classes are sampled equally often.
        Sampling = "sampling",
        /// The loss is weighted by inverse class size, with mean weight 1.
        Weighting = "weighting",
    }
}
