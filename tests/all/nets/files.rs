//! Weights, model folders and checkpoints: what is written is read again, and damage is refused by name.

use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use motionscope::nets::fusion::{Fusion, FusionRule};
use motionscope::nets::import::import_motion;
use motionscope::nets::{
    Architecture, Backbone, FrameSize, HiddenTwoStream, Layers, Modality, ModelCard, MotionConfig, MotionEntry, Origin,
    Precision, Preprocessing, StreamConfig, StreamEntry, StreamInput, weights,
};

use super::{Reference, largest_difference, pattern, values};

/// A model of all three networks that is small enough to be written often.
fn small_model(precision: Precision) -> HiddenTwoStream {
    let device = Device::flex();
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() };
    let stream = |weights: &str| StreamEntry::new(weights, Backbone::SqueezeNet);
    let size = FrameSize { width: 64, height: 32 };
    let card = ModelCard {
        format: ModelCard::FORMAT,
        name: "Small".into(),
        hash: None,
        licence: "CC0".into(),
        precision,
        classes: vec!["walk".into(), "jump \"high\"".into()],
        thresholds: Vec::new(),
        motion: Some(MotionEntry::new("motion.safetensors", motion.clone())),
        joint: None,
        temporal: Some(stream("temporal.safetensors")),
        spatial: Some(stream("spatial.safetensors")),
        preprocessing: Preprocessing { motion: size, spatial: size.into() },
        fusion: Fusion { rule: FusionRule::Softmax, temporal_weight: 2.0, unsure_below: Some(0.65) },
        origin: Origin { commands: vec!["motionscope train flow".into()], ..Origin::default() },
    };
    let entry = stream("");
    HiddenTwoStream {
        card,
        motion: motion.init(&device),
        temporal: Some(entry.config(Modality::Flow, 2).init(&device)),
        spatial: Some(entry.config(Modality::Pictures, 2).init(&device)),
    }
}

#[test]
fn a_model_survives_its_folder() {
    let device = Device::flex();
    for (precision, tolerance) in [(Precision::F32, 0.0), (Precision::F16, 2e-2)] {
        let folder = tempfile::tempdir().unwrap();
        let model = small_model(precision);
        model.save(folder.path()).unwrap();
        model.save(folder.path()).unwrap(); // over itself
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "nothing but the model is left behind");
        let loaded = HiddenTwoStream::load(folder.path(), &device).unwrap();
        assert!(loaded.card.hash.is_some() && loaded.card == ModelCard::read(folder.path()).unwrap());
        assert_eq!(ModelCard { hash: None, ..loaded.card.clone() }, model.card);
        assert_eq!(loaded.parameters(), model.parameters());
        let frame = pattern([1, 3, 64, 64], &device);
        let logits = |model: &HiddenTwoStream| values(model.spatial.as_ref().unwrap().forward(frame.clone()));
        let [before, after] = [logits(&model), logits(&loaded)];
        assert!(largest_difference(&before, &after) <= tolerance * before[0].abs().max(1.0), "{before:?} {after:?}");
    }
}

#[test]
fn the_hash_of_a_model_is_that_of_its_files_and_classes() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for name in ["default", "flow", "sample"] {
        let written = ModelCard::read(&models.join(name)).unwrap().hash;
        assert!(written.is_some(), "{name}");
        assert_eq!(HiddenTwoStream::load(&models.join(name), &Device::flex()).unwrap().card.hash, written, "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let hash = |model: &HiddenTwoStream| {
        model.save(folder.path()).unwrap();
        ModelCard::read(folder.path()).unwrap().hash.unwrap()
    };
    let model = small_model(Precision::F32);
    let mut renamed = model.clone();
    renamed.card.name = "Another".into();
    let mut relabelled = model.clone();
    relabelled.card.classes.reverse();
    let mut fused = model.clone();
    fused.card.fusion.temporal_weight = 1.0;
    assert_eq!(hash(&model), hash(&renamed), "a name is no part of it");
    assert_ne!(hash(&model), hash(&fused), "other scores");
    assert_ne!(hash(&model), hash(&relabelled));
    assert_ne!(hash(&model), hash(&small_model(Precision::F32)), "other weights");
}

/// Runs end with a model that is whole; one that is not is made again.
#[test]
fn a_model_is_whole_whichever_version_hashed_it_and_whatever_was_set_since() {
    let folder = tempfile::tempdir().unwrap();
    small_model(Precision::F32).save(folder.path()).unwrap();
    let card = folder.path().join(ModelCard::FILE_NAME);
    let text = std::fs::read_to_string(&card).unwrap();
    let hash = ModelCard::read(folder.path()).unwrap().hash.unwrap();
    let is_whole = |text: &str| {
        std::fs::write(&card, text).unwrap();
        HiddenTwoStream::is_whole(folder.path())
    };
    assert!(is_whole(&text));
    assert!(is_whole(&text.replace(&hash, hash.split('-').next().unwrap())), "by a version that hashed weights alone");
    assert!(is_whole(&text.replace(&format!("hash = \"{hash}\"\n"), "")), "by the first versions");
    assert!(is_whole(&text.replace("temporal_weight = 2.0", "temporal_weight = 1.0")), "a person chose another weight");
    assert!(!is_whole(&text.replace(&hash, &hash.chars().rev().collect::<String>())), "other weights");
}

/// Cards of every kind that versions of this program wrote.
#[test]
fn cards_of_earlier_versions_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        std::fs::write(folder.path().join(ModelCard::FILE_NAME), text).unwrap();
        ModelCard::read(folder.path())
    };
    let first = r#"
format = 1
name = "first"
licence = "CC0"
precision = "f16"
classes = []

[motion]
weights = "motion.safetensors"
architecture = "motion-net"
frames = 2
width = 16
small_displacement = true
cdc = true

[preprocessing.motion]
width = 160
height = 128

[preprocessing.spatial]
width = 224
height = 224

[fusion]
rule = "released"
temporal_weight = 1.5

[origin]
trained_on = "clips"
commands = ["train flow"]
date = "2026-09-01"
motionscope_version = "0.1.0"
"#;
    assert_eq!(read(first).unwrap().hash, None);
    let hashed = first.replace("licence", "hash = \"49593e725e56dee6\"\nlicence");
    assert_eq!(read(&hashed).unwrap().hash.as_deref(), Some("49593e725e56dee6"));
    let later = hashed + "\n[origin.base]\nname = \"base\"\nhash = \"49593e725e56dee6\"\ntrained_on = \"clips\"\n";
    assert_eq!(read(&later).unwrap().origin.base.unwrap().name, "base");
}

#[test]
fn fully_connected_layers_survive_their_file_transposed() {
    let device = Device::flex();
    let config = StreamConfig { backbone: Backbone::Vgg16, input: StreamInput::PICTURE, classes: 2, dropout: None };
    let Layers::Vgg16(vgg) = config.init(&device).layers else { panic!("a VGG16 was asked for") };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fc8.safetensors");
    weights::save_module(&vgg.fc8, &file, Precision::F32).unwrap();
    assert_eq!(Reference::read(&file).tensors["weight"].shape().to_vec(), [2, 4096]); // as PyTorch has it
    let blank = vgg.fc8.clone().map(&mut Zeroed);
    let loaded = weights::load_module(blank, &file).unwrap();
    assert_eq!(values(loaded.weight.val()), values(vgg.fc8.weight.val()));
}

struct Zeroed;

impl ModuleMapper for Zeroed {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.zeros_like())
    }
}

#[test]
fn weights_that_do_not_fit_are_refused_by_the_first_offending_tensor() {
    let device = Device::flex();
    let config = smallest();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.safetensors");
    weights::save_module(&config.init(&device), &file, Precision::F32).unwrap();
    let whole = Reference::read(&file);
    let refusal = |config: &MotionConfig| {
        let error = weights::load_module(config.init(&device), &file).unwrap_err();
        assert!(error.subject.ends_with("tiny.safetensors") && !error.remedy.is_empty(), "{error}");
        error.cause
    };

    let wider = MotionConfig { width: 2, ..config.clone() };
    assert_eq!(refusal(&wider), "tensor `conv1.weight` is 1×6×7×7, not 2×6×7×7");
    whole.write(&file, |name| name != "conv2.bias" && name != "smooth_conv2.bias");
    assert_eq!(refusal(&config), "tensor `conv2.bias` is missing");
    let mut damaged = Reference { tensors: whole.tensors.clone(), ..Reference::default() };
    damaged.tensors.insert("conv3.bias".into(), TensorData::new(vec![0.0f32, 1.0, f32::NAN, 2.0], [4]));
    damaged.write(&file, |_| true);
    assert_eq!(refusal(&config), "tensor `conv3.bias` holds values that are not finite");
    let mut larger = Reference { tensors: whole.tensors.clone(), ..Reference::default() };
    larger.tensors.insert("conv9.bias".into(), TensorData::new(vec![0.0f32], [1]));
    larger.write(&file, |_| true);
    assert_eq!(refusal(&config), "tensor `conv9.bias` does not belong to this network");

    whole.write(&file, |_| true);
    let bytes = std::fs::read(&file).unwrap();
    for length in [0, 7, 100, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..length]).unwrap();
        refusal(&config);
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(refusal(&config), "no such file or folder");
}

#[test]
fn cards_that_cannot_be_followed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    small_model(Precision::F32).save(folder.path()).unwrap();
    let card = folder.path().join(ModelCard::FILE_NAME);
    let text = std::fs::read_to_string(&card).unwrap();
    let edits = [
        ("format = 1", "format = 2", "its format is 2"),
        ("frames = 2", "frames = 3", "it reads 3 frames"),
        ("\"motion.safetensors\"", "\"../motion.safetensors\"", "not a file name"),
        ("width = 64", "width = 0", "0×32"),
        ("backbone = \"squeezenet1-0\"", "backbone = \"resnet\"", "resnet"),
        ("temporal_weight = 2.0", "temporal_weight = nan", "weight of the temporal stream is not a number"),
        ("unsure_below = 0.65", "unsure_below = 65", "`unsure_below` under [fusion] is 65"),
        ("temporal_weight", "temporal_wieght", "unknown entry `temporal_wieght` under [fusion]"),
        ("[preprocessing.motion]", "[preprocessing.motion]\ncrop = \"both\"", "`crop` under [preprocessing.motion]"),
        ("[spatial]", "[spatial]\ncrop = \"both\"", "unknown entry `crop` under [spatial]"),
    ];
    for (from, to, cause) in edits {
        assert!(text.contains(from), "{text}");
        std::fs::write(&card, text.replace(from, to)).unwrap();
        let error = HiddenTwoStream::load(folder.path(), &Device::flex()).unwrap_err();
        assert!(error.cause.contains(cause), "{error}");
    }
}

/// The smallest network there is.
fn smallest() -> MotionConfig {
    MotionConfig { architecture: Architecture::TinyMotionNet, frames: 2, width: 1, ..MotionConfig::default() }
}

/// Every parameter of the fixture is (i mod 64) / 64, under PyTorch's names as a training script saves them.
#[test]
fn a_pytorch_checkpoint_is_imported() {
    let checkpoint = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tiny_motionnet_width_1.pt");
    let config = smallest();
    let network = import_motion(&checkpoint, config.init(&Device::flex())).unwrap().network;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("imported.safetensors");
    weights::save_module(&network, &file, Precision::F32).unwrap();
    for (name, data) in Reference::read(&file).tensors {
        let counted = data.as_slice::<f32>().unwrap().iter().enumerate().all(|(i, &x)| x == (i % 64) as f32 / 64.0);
        assert!(counted, "{name}: {data}");
    }
    let again = import_motion(&file, config.init(&Device::flex())).unwrap().network;
    assert_eq!(again.num_params(), network.num_params());

    let wrong = MotionConfig { frames: 11, ..config.clone() };
    let error = import_motion(&checkpoint, wrong.init(&Device::flex())).unwrap_err();
    assert_eq!(error.cause, "tensor `conv1.weight` is 1×6×7×7, not 1×33×7×7");
    let text = folder.path().join("text.pt");
    for bytes in [b"not a checkpoint".as_slice(), &std::fs::read(&checkpoint).unwrap()[..9000]] {
        std::fs::write(&text, bytes).unwrap();
        assert!(import_motion(&text, config.init(&Device::flex())).unwrap_err().subject.ends_with("text.pt"));
    }
}
