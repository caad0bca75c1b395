//! DIS against OpenCV's errors on flow that is known.

use std::path::{Path, PathBuf};

use motionscope::flow::dis::{Dis, DisPreset};
use motionscope::flow::{FlowEstimator, FlowField, files};

use crate::shared;

/// Two pictures and the file with the flow from the first to the second.
type KnownPair = [PathBuf; 3];

/// The mean error of a pair in pixels, averaged over pairs, of OpenCV 4.14.0's `DISOpticalFlow` with the presets
/// `ULTRAFAST`, `FAST` and `MEDIUM` on the grey pictures (`cvtColor`), over the pixels whose flow is known.
///
/// KITTI's is one pair whose motion is too large for the method: its error follows from few patches.
const OPENCV: [(&str, [f32; 3]); 4] = [
    ("middlebury", [0.6667, 0.5345, 0.3472]),
    ("sintel", [0.6637, 0.5375, 0.3424]),
    ("kitti2015", [42.0175, 42.4615, 24.2953]),
    ("flyingchairs", [4.4488, 4.0501, 3.6937]),
];

fn pairs(dataset: &str, root: &Path) -> Vec<KnownPair> {
    let at = |rel: String| root.join(rel);
    match dataset {
        "middlebury" => ["Dimetrodon", "Grove2", "RubberWhale", "Urban2", "Venus"]
            .map(|scene| {
                let frame = |index: u32| at(format!("other-data/{scene}/frame{index}.png"));
                [frame(10), frame(11), at(format!("other-gt-flow/{scene}/flow10.flo"))]
            })
            .into(),
        "sintel" => {
            let frame = |index: u32| at(format!("training/clean/sequence_easy/frame_000{index}.png"));
            vec![[frame(2), frame(3), at("training/flow/sequence_easy/frame_0002.flo".into())]]
        }
        "kitti2015" => {
            let frame = |index: u32| at(format!("training/image_2/000000_{index}.png"));
            vec![[frame(10), frame(11), at("training/flow_occ/000000_10.png".into())]]
        }
        _ => (1..=9)
            .map(|index| {
                let file = |end: &str| at(format!("data/{index:05}_{end}"));
                [file("img1.ppm"), file("img2.ppm"), file("flow.flo")]
            })
            .collect(),
    }
}

/// The mean length of the errors where the flow is known, in pixels.
fn error(field: &FlowField, truth: &FlowField) -> f32 {
    let known = field.uv.iter().zip(&truth.uv).filter(|(_, truth)| FlowField::is_known(**truth));
    let errors: Vec<f64> = known.map(|([a, b], [u, v])| f64::from((a - u).hypot(b - v))).collect();
    (errors.iter().sum::<f64>() / errors.len() as f64) as f32
}

#[test]
fn errors_on_benchmarks_are_opencvs() {
    for (dataset, expected) in OPENCV {
        let Some(root) = shared::data(&format!("data/flow/{dataset}")) else { return };
        let loaded: Vec<_> = pairs(dataset, &root)
            .into_iter()
            .map(|[first, second, truth]| {
                let [first, second] = [first, second].map(|path| image::open(path).unwrap().into_rgb8());
                (first, second, files::read(&truth).unwrap())
            })
            .collect();
        for (preset, expected) in DisPreset::ALL.into_iter().zip(expected) {
            let errors = loaded.iter().map(|(first, second, truth)| {
                let field = Dis::new(preset).estimate(first, second).unwrap();
                assert!(field.uv.iter().flatten().all(|component| component.is_finite()));
                error(&field, truth)
            });
            let mean = errors.sum::<f32>() / loaded.len() as f32;
            let ratio = mean / expected;
            assert!((ratio - 1.0).abs() < 0.03, "{dataset}, {preset:?}: {mean} px, OpenCV {expected} px");
        }
    }
}
