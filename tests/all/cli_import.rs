//! `motionscope import` as it is typed: what is taken over from a base, and what is refused.

use std::fs;
use std::path::Path;

use motionscope::cli::bench::fixture;
use motionscope::nets::{FlowResolution, FlowSource, ModelCard, MotionCrop};
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text, untrained_model};

/// What is said, and the exit code.
fn import(dir: &Path, line: &str) -> (String, i32) {
    let output = motionscope(dir, &["import"].into_iter().chain(line.split(' ')).collect::<Vec<_>>());
    (text(&output.stdout) + &text(&output.stderr), code(&output))
}

#[test]
fn a_new_stream_reads_what_that_of_the_base_reads() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let card = dir.path().join("model/model.toml");
    let text = fs::read_to_string(&card).unwrap();
    let text = text.replace("[temporal]", "[temporal]\ncrop = \"motion\"\nresolution = \"flow\"");
    let text = text.replace("[preprocessing.spatial]", "[preprocessing.spatial]\ncrop = \"both\"");
    fs::write(&card, text + "\n").unwrap();
    let streams = "--temporal model/temporal.safetensors --spatial model/spatial.safetensors --backbone squeezenet1-0 --colours bgr";
    let (said, status) = import(dir.path(), &format!("--base model {streams} --out kept"));
    assert_eq!(status, 0, "{said}");
    for line in ["view 'motion', as in the base", "resolution 'flow', as in the base", "view 'both', as in the base"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let card = ModelCard::read(&dir.path().join("kept")).unwrap();
    let reading = card.temporal.unwrap().reading();
    assert_eq!((reading.crop, reading.resolution), (MotionCrop::Motion, FlowResolution::Flow));
    assert_eq!(card.preprocessing.spatial.crop, MotionCrop::Both);

    let changes = "--temporal-crop whole --flow-resolution frames --spatial-crop whole --size 96x64";
    let (said, status) = import(dir.path(), &format!("--base model {streams} {changes} --out changed"));
    assert!(status == 0 && !said.contains("as in the base"), "{said}");
    let card = ModelCard::read(&dir.path().join("changed")).unwrap();
    let reading = card.temporal.unwrap().reading();
    assert_eq!((reading.crop, reading.resolution), (MotionCrop::Whole, FlowResolution::Frames));
    let sizes = card.preprocessing;
    assert_eq!((sizes.spatial.crop, sizes.spatial.width, sizes.motion.height), (MotionCrop::Whole, 96, 64));
}

#[test]
fn what_the_base_says_of_itself_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let card = dir.path().join("model/model.toml");
    let text = fs::read_to_string(&card).unwrap().replace("[temporal]", "[temporal]\nflow_source = \"tvl1\"");
    fs::write(&card, text).unwrap();
    let base = ModelCard::read(&dir.path().join("model")).unwrap();
    let motion = "--motion model/motion.safetensors --frames 2 --width 2";
    let (said, status) = import(dir.path(), &format!("--base model {motion} --out kept"));
    assert_eq!(status, 0, "{said}");
    let kept = ModelCard::read(&dir.path().join("kept")).unwrap();
    assert_eq!(kept.flow_source(), FlowSource::Tvl1);
    assert!(kept.licence.starts_with(&format!("{}; imported weights", base.licence)), "{}", kept.licence);
    let origin = kept.origin;
    assert_eq!(origin.base.unwrap().name, base.name);
    assert!(origin.trained_on.contains("model/motion.safetensors; the other networks on"), "{}", origin.trained_on);
    assert!(origin.commands.last().unwrap().starts_with("import --motion"), "{:?}", origin.commands);

    let streams = "--temporal model/temporal.safetensors --backbone squeezenet1-0";
    let (said, status) = import(dir.path(), &format!("--base model {streams} --out again"));
    assert!(status == 0 && said.contains("trained on 'tvl1', as in the base; --flow-source changes it"), "{said}");
    let line = format!("--base model {streams} --flow-source dis --licence MIT --out changed");
    assert_eq!(import(dir.path(), &line).1, 0);
    let changed = ModelCard::read(&dir.path().join("changed")).unwrap();
    assert_eq!((changed.flow_source(), changed.licence.as_str()), (FlowSource::Dis, "MIT"));
}

#[test]
fn options_of_streams_that_there_are_not_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let motion = "--motion model/motion.safetensors --frames 2 --width 2 --out made";
    for (option, stream) in [
        ("--spatial-crop both", "spatial"),
        ("--temporal-crop both", "temporal"),
        ("--flow-resolution flow", "temporal"),
        ("--flow-source tvl1", "temporal"),
    ] {
        let (said, status) = import(dir.path(), &format!("{motion} {option}"));
        assert!(status == 2 && said.contains(&format!("the model has no {stream} stream")), "{option}: {said}");
    }
    let (said, status) = import(dir.path(), "--base model --spatial model/spatial.safetensors --width 2 --out made");
    assert!(status == 2 && said.contains("--motion"), "{said}");
    assert!(!dir.path().join("made").exists());
}

#[test]
fn a_model_without_streams_predicts_no_classes() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let class = dir.path().join("clips/one");
    fs::create_dir_all(&class).unwrap();
    fixture::clip(&class, 12, Geometry { width: 96, height: 80 }).unwrap();
    let motion = "--motion model/motion.safetensors --frames 2 --width 2 --size 64x64 --out flow";
    assert_eq!(import(dir.path(), motion).1, 0);
    let run = |line: &str| motionscope(dir.path(), &line.split(' ').collect::<Vec<_>>());
    let cause = "flow: it has no stream: it predicts flow only";
    let live = run("live lavfi:testsrc2=size=64x64 --seconds 1 --model flow --device cpu");
    let said = text(&live.stderr);
    assert!(code(&live) == 1 && said.contains(cause) && said.contains("motionscope flow"), "{said}");
    let evaluated = run("evaluate actions --data clips --views 1x1 --model flow --device cpu");
    let (said, printed) = (text(&evaluated.stderr), text(&evaluated.stdout));
    assert!(code(&evaluated) == 0 && said.contains(cause), "{said}");
    assert!(printed.contains("photometric ratio") && !printed.contains("Wilson"), "{printed}");
}
