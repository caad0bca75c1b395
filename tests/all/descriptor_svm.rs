//! A linear SVM on C3D's descriptors: fitted, resumed, joined with a second network, evaluated, refused.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Device;
use motionscope::data::{DataSource, Dataset};
use motionscope::descriptors::{DescriptorModel, FisherEvent, SvmLoss, SvmModel};
use motionscope::evaluation::{DescriptorNetworks, SvmPlan, evaluate_svm, train_svm};
use motionscope::nets::{Backbone, C3d, C3dWidths, Layers, Modality, Stream, StreamConfig, StreamInput};
use motionscope::output::OutputGuard;
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text, untrained_model};
use crate::descriptors::clips;

/// C3D with few maps, which reads pictures of 56×56, and 3DNet beside it if there are `two`.
fn networks(two: bool) -> DescriptorNetworks {
    let device = Device::flex();
    let network = |backbone, decoder| {
        device.seed(7);
        let input = StreamInput { modality: Modality::Pictures, count: 16 };
        let config = StreamConfig { backbone, input, classes: 2, dropout: None };
        let widths = C3dWidths { base: 4, hidden: 64, side: 2, decoder };
        let stream = Stream::of(Layers::C3d(C3d::with_widths(widths, &config, &device)));
        (stream, Geometry { width: 85, height: 64 })
    };
    let networks = [network(Backbone::C3d, 0), network(Backbone::ThreeDNet, 4)].into_iter();
    let networks: Vec<_> = networks.take(if two { 2 } else { 1 }).collect();
    let models = networks.iter().map(|_| DescriptorModel { dir: "network".into(), hash: None }).collect();
    DescriptorNetworks::of(networks, models)
}

fn plan(out: &Path) -> SvmPlan {
    SvmPlan { data: "clips".into(), c: 100.0, loss: SvmLoss::Hinge, seed: 1, out: out.to_owned() }
}

#[test]
fn an_svm_on_clip_descriptors_resumes_and_recognises_the_clips_it_was_fitted_to() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), "clips", 2);
    fs::write(dir.path().join("clips/down/broken.mp4"), "not a video").unwrap();
    let dataset = Dataset::open(&DataSource::Folder(dir.path().join("clips"))).unwrap();
    let (out, guard) = (dir.path().join("svm"), OutputGuard::default());
    let networks = networks(true);

    let done = AtomicUsize::new(0);
    let stopped =
        train_svm(&plan(&out), &networks, &dataset, &guard, &|| done.load(Ordering::Relaxed) > 0, &mut |event| {
            if let FisherEvent::Encoded { .. } = event {
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    assert!(stopped.unwrap_err().is_cancelled() && out.join("training").is_dir(), "finished clips are kept");
    let trained = train_svm(&plan(&out), &networks, &dataset, &guard, &|| false, &mut |_| ()).unwrap();
    assert_eq!((trained.model.card.clips, trained.left_out.len(), trained.model.card.length), (4, 1, 128));
    assert!(!out.join("training").exists() && trained.left_out[0].to_string().contains("broken.mp4"));

    let model = SvmModel::load(&out).unwrap();
    assert_eq!(model, trained.model);
    let outcome = evaluate_svm(&model, &networks, &dataset, "clips".into(), &|| false, &mut |_, _, _| ()).unwrap();
    let report = &outcome.report;
    assert_eq!((report.clips, report.failures.len(), report.temporal.is_none()), (4, 1, true));
    assert_eq!(report.spatial.as_ref().unwrap().top1, 1.0, "of the clips that it was fitted to");
    outcome.scores.write(&dir.path().join("scores")).unwrap();
    assert!(dir.path().join("scores/spatial.npy").is_file(), "scores for fuse");
}

#[test]
fn what_has_no_descriptors_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), "clips", 1);
    untrained_model(&dir.path().join("model"));
    let said = |line: &str, status: i32| {
        let output = motionscope(dir.path(), &line.split(' ').collect::<Vec<_>>());
        assert_eq!(code(&output), status, "{line}: {}", text(&output.stderr));
        text(&output.stderr)
    };
    let wrong = said("train svm --model model --data clips --out svm --device cpu", 1);
    assert!(wrong.contains("has no fc6 of clips") && wrong.contains("3dnet"), "{wrong}");
    assert!(!dir.path().join("svm").exists());
    let missing = said("evaluate svm --model nowhere --data clips --device cpu", 1);
    assert!(missing.contains("motionscope train svm"), "{missing}");
    said("train svm --data clips --out svm", 2);
}
