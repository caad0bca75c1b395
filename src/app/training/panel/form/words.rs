//! The choices of a training in words.

use crate::nets::JointArchitecture;
use crate::training::finetune::{Depth, Preset};
use crate::training::losses::{LossPreset, SupervisedLoss};
use crate::training::{Network, TemporalMode};

/// A network, and what it learns.
pub fn network_words(network: Network) -> (&'static str, &'static str) {
    match network {
        Network::Flow => ("Flow", "Trains MotionNet to predict flow, without labels."),
        Network::Temporal => ("Temporal", "Trains the temporal stream to classify MotionNet's flow."),
        Network::Spatial => ("Spatial", "Trains the spatial stream to classify single frames."),
        Network::Joint => ("Joint", "Trains one network to predict flow and to classify in a single pass."),
    }
}

/// The architecture of a joint network, and what it learns from.
pub fn joint_words(architecture: JointArchitecture) -> (&'static str, &'static str) {
    match architecture {
        JointArchitecture::Branched => {
            ("Branched", "MotionNet with a classifier on its encoder; learns flow by rebuilding frames.")
        }
        JointArchitecture::ActionFlowNet2 => (
            "ActionFlowNet-2",
            "FlowNetS of 2 frames with a classifier on its encoder; learns flow from TV-L1's or DIS's.",
        ),
        JointArchitecture::ActionFlowNet16 => {
            ("ActionFlowNet-16", "A 3-D ResNet of 16 frames with a flow decoder; learns flow from TV-L1's or DIS's.")
        }
    }
}

/// A mode, and what learns from what.
pub fn mode_words(mode: TemporalMode) -> (&'static str, &'static str) {
    match mode {
        TemporalMode::A => ("Stream only", "Trains only the stream; MotionNet is frozen. Fastest."),
        TemporalMode::B => (
            "Class loss only",
            "Trains MotionNet and the stream on the class loss alone; flow may drift from true motion.",
        ),
        TemporalMode::C => {
            ("All losses", "Trains both on class and unsupervised losses, which keep the flow close to true motion.")
        }
    }
}

/// A loss, and where it comes from.
pub fn loss_words(preset: LossPreset) -> (&'static str, &'static str) {
    match preset {
        LossPreset::Balanced => ("Balanced", "Released loss weights on means: independent of batch and crop size."),
        LossPreset::CaffeMotionnet => ("Caffe MotionNet", "The authors' released MotionNet training."),
        LossPreset::CaffeEndToEnd => {
            ("Caffe end to end", "The authors' released end-to-end training: SSIM weight divided by 10.")
        }
        LossPreset::Paper => ("Paper", "As published, with the lowest weight on the finest scale."),
        LossPreset::Deepethogram => {
            ("DeepEthogram", "DeepEthogram's losses: plain means, dense SSIM, smoothness weighted by scale.")
        }
    }
}

/// A loss against true flow, and where it comes from.
pub fn supervised_words(loss: SupervisedLoss) -> (&'static str, &'static str) {
    match loss {
        SupervisedLoss::Caffe => ("Caffe", "FlowNet2's release: the coarsest level weighs most."),
        SupervisedLoss::AreaEpe => ("Area EPE", "FlowNetPytorch's: end-point error against block means."),
        SupervisedLoss::MultiscaleL1 => ("Multi-scale L1", "NVIDIA's port: absolute difference, finest level first."),
        SupervisedLoss::MultiscaleL2 => ("Multi-scale L2", "NVIDIA's port: end-point error, finest level first."),
    }
}

/// A preset of fine-tuning, and what it is for.
pub fn preset_words(preset: Option<Preset>) -> (&'static str, &'static str) {
    match preset {
        Some(Preset::Quick) => {
            let text = "Trains a linear probe on the clips' features: useful with a dozen clips. The time left is shown after the first clips.";
            ("Quick", text)
        }
        Some(Preset::Thorough) => {
            ("Thorough", "Fine-tunes both streams for half an hour, with 20 % of recordings held out.")
        }
        Some(Preset::Paper) => ("Paper recipe", "The authors' released end-to-end training: takes days on a GPU."),
        None => ("Custom", "Your own settings, under Advanced."),
    }
}

/// How much is tuned, and when that is worth it.
pub fn depth_words(depth: Depth) -> (&'static str, &'static str) {
    match depth {
        Depth::Heads => ("Classifier only", "Linear probe on frozen features: fast, with little risk of overfitting."),
        Depth::LastStages => ("Last stages", "Also fine-tunes the last stages: for dozens of clips per class."),
        Depth::Streams => ("Whole streams", "Fine-tunes all layers of the streams; MotionNet is frozen."),
        Depth::Everything => {
            ("All, with MotionNet", "Also fine-tunes MotionNet, so the flow changes. Pin frames to watch it.")
        }
    }
}
