//! The choices of a training in words.

use crate::training::finetune::{Depth, Preset};
use crate::training::losses::LossPreset;
use crate::training::{Network, TemporalMode};

/// A network, and what it learns.
pub fn network_words(network: Network) -> (&'static str, &'static str) {
    match network {
        Network::Flow => ("Flow", "MotionNet learns to predict flow from the clips alone, without labels."),
        Network::Temporal => ("Temporal", "The temporal stream learns to recognise the classes from MotionNet's flow."),
        Network::Spatial => ("Spatial", "The spatial stream learns to recognise the classes from single frames."),
    }
}

/// A mode, and what learns from what.
pub fn mode_words(mode: TemporalMode) -> (&'static str, &'static str) {
    match mode {
        TemporalMode::A => ("a", "MotionNet stays as it is; only the stream learns, from the labels. The quickest."),
        TemporalMode::B => (
            "b",
            "MotionNet and the stream both learn from the labels alone; the flow becomes whatever helps to recognise.",
        ),
        TemporalMode::C => (
            "c",
            "Both learn, from the labels and from the unsupervised losses, which keep the flow true to the motion.",
        ),
    }
}

/// A loss, and where it comes from.
pub fn loss_words(preset: LossPreset) -> (&'static str, &'static str) {
    match preset {
        LossPreset::Balanced => {
            ("Balanced", "The released balance on means: holds for any batch, crop and for single pairs.")
        }
        LossPreset::CaffeMotionnet => ("Caffe MotionNet", "The authors' released training of MotionNet."),
        LossPreset::CaffeEndToEnd => {
            ("Caffe end to end", "The authors' released end-to-end training: SSIM ten times weaker.")
        }
        LossPreset::Paper => ("Paper", "As the paper writes it, with the finest scale weighted least."),
        LossPreset::Deepethogram => {
            ("DeepEthogram", "DeepEthogram's: plain means, dense SSIM, smoothness weighted by scale.")
        }
    }
}

/// A preset of fine-tuning, and what it is for.
pub fn preset_words(preset: Option<Preset>) -> (&'static str, &'static str) {
    match preset {
        Some(Preset::Quick) => (
            "Quick (3 minutes)",
            "Looks at every clip once and fits the last layers to what it sees: useful with a dozen clips.",
        ),
        Some(Preset::Thorough) => {
            ("Thorough", "Trains the whole streams for half an hour, and measures on a fifth of the recordings.")
        }
        Some(Preset::Paper) => {
            ("Paper recipe", "The authors' released training, end to end through MotionNet: made for days on a GPU.")
        }
        None => ("Custom", "Your own numbers; all of them stand under Advanced."),
    }
}

/// How much is tuned, and when that is worth it.
pub fn depth_words(depth: Depth) -> (&'static str, &'static str) {
    match depth {
        Depth::Heads => {
            ("Last layers only", "The features stay as they are: seconds of work, and little can go wrong.")
        }
        Depth::LastStages => {
            ("Last stages", "What the last layers see is adapted too: for dozens of clips of each class.")
        }
        Depth::Streams => ("Whole streams", "All layers of the streams learn; the flow stays as it is."),
        Depth::Everything => (
            "Everything, MotionNet too",
            "The class loss reaches MotionNet: the flow itself changes. Watch it with pinned clips.",
        ),
    }
}
