//! MotionNet as a flow method: units, sizes, models that cannot do it.

use std::path::{Path, PathBuf};

use image::imageops::{FilterType, crop_imm, resize};
use image::{Rgb, RgbImage};
use motionscope::cli::bench::fixture;
use motionscope::evaluation::MotionNetFlow;
use motionscope::flow::{FlowEstimator, FlowField};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::preprocessing::motion_input;
use motionscope::nets::{HiddenTwoStream, MotionConfig};
use motionscope::video::Geometry;

/// The folder of the shipped model.
fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default")
}

/// The motion network of the shipped model.
fn shipped() -> MotionNetFlow {
    MotionNetFlow::load(&model(), &choose(DeviceChoice::Cpu).unwrap().device).unwrap()
}

/// Two views of a soft texture; what is at p in the first is at p + `motion` in the second.
fn moving(width: u32, height: u32, motion: [i64; 2]) -> [RgbImage; 2] {
    let noise = |x: u32, y: u32| ((x * 7919 + y * 104_729 + x * y * 31) % 251) as u8;
    let coarse =
        RgbImage::from_fn(width / 8 + 8, height / 8 + 8, |x, y| Rgb([noise(x, y), noise(y, x), noise(x + 5, y)]));
    let texture = resize(&coarse, width + 64, height + 64, FilterType::CatmullRom);
    let view = |[x, y]: [i64; 2]| crop_imm(&texture, (32 - x) as u32, (32 - y) as u32, width, height).to_image();
    [view([0, 0]), view(motion)]
}

/// The middle one of the vectors' components, without a border.
fn typical(field: &FlowField) -> [f32; 2] {
    let (columns, rows) = (field.width / 6..field.width * 5 / 6, field.height / 6..field.height * 5 / 6);
    let inner: Vec<[f32; 2]> = rows.flat_map(|y| columns.clone().map(move |x| field.at(x, y))).collect();
    [0, 1].map(|c| {
        let mut values: Vec<f32> = inner.iter().map(|uv| uv[c]).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    })
}

#[test]
fn flow_is_in_pixels_of_the_picture_at_every_scale() {
    let [first, second] = moving(160, 128, [3, -2]);
    let flow = shipped().estimate(&first, &second).unwrap();
    assert_eq!((flow.width, flow.height), (160, 128));
    let [u, v] = typical(&flow);
    // The shipped network is shy of motion, but not wrong about its direction.
    assert!((1.0..4.5).contains(&u) && (-3.0..-0.6).contains(&v), "a motion of (3, −2) is seen as ({u}, {v})");

    let device = choose(DeviceChoice::Cpu).unwrap().device;
    let network = HiddenTwoStream::load(&model(), &device).unwrap().motion;
    let raw = network.window_flows(motion_input(&[vec![&first, &second]], &device)).levels.swap_remove(0);
    let raw: Vec<f32> = raw.into_data().convert::<f32>().try_to_vec().unwrap(); // [1, 2, 64, 80]
    for (c, plane) in raw.chunks(64 * 80).enumerate() {
        let predicted = 20.0 * plane.iter().sum::<f32>() / plane.len() as f32;
        let mean = flow.uv.iter().map(|uv| uv[c]).sum::<f32>() / flow.uv.len() as f32;
        assert!((mean - predicted).abs() < 0.02, "component {c}: {mean} px, predicted {predicted} px");
    }

    // The same pictures twice as large, seen at half of that size: the same motion in smaller pixels.
    let larger = |picture: &RgbImage| resize(picture, 320, 256, FilterType::CatmullRom);
    let halved = shipped().with_scales(&[0.5]).estimate(&larger(&first), &larger(&second)).unwrap();
    assert_eq!((halved.width, halved.height), (320, 256));
    let [twice_u, twice_v] = typical(&halved);
    assert!((twice_u - 2.0 * u).abs() < 0.5 && (twice_v - 2.0 * v).abs() < 0.5, "({twice_u}, {twice_v})");
}

#[test]
fn longer_motion_is_found_from_coarse_to_fine() {
    let [first, second] = moving(320, 240, [16, 8]);
    let error = |flow: &FlowField| {
        let [u, v] = typical(flow);
        (u - 16.0).hypot(v - 8.0)
    };
    let once = shipped().estimate(&first, &second).unwrap();
    let cascade = shipped().with_scales(&[0.125, 0.25, 0.5, 1.0]).estimate(&first, &second).unwrap();
    assert!(error(&cascade) < 0.5 * error(&once), "{} px, and {} px at once", error(&cascade), error(&once));
}

/// A whole pixel to the left, half of one up: what the network sees roughly becomes precise.
#[test]
fn the_refinement_makes_flow_precise() {
    let [first, second] = moving(640, 480, [-4, -2]).map(|picture| resize(&picture, 320, 240, FilterType::Triangle));
    let error = |flow: &FlowField| {
        let inside = (40..200).flat_map(|y| (40..280).map(move |x| (x, y)));
        inside.map(|(x, y)| flow.at(x, y)).map(|[u, v]| (u + 2.0).hypot(v + 1.0)).sum::<f32>() / (160.0 * 240.0)
    };
    let plain = shipped().with_scales(&MotionNetFlow::COARSE_TO_FINE).estimate(&first, &second).unwrap();
    let mut method = shipped().with_scales(&MotionNetFlow::COARSE_TO_FINE).with_refinement(true);
    let refined = method.estimate(&first, &second).unwrap();
    assert!(error(&refined) < 0.1 && error(&refined) < 0.5 * error(&plain), "{}, {}", error(&refined), error(&plain));
    assert!(method.name().ends_with("coarse to fine, refined"), "{}", method.name());
    let once = shipped().with_refinement(true).estimate(&first, &second).unwrap();
    let alone = shipped().estimate(&first, &second).unwrap();
    assert!(error(&once) < error(&alone), "{}, {}", error(&once), error(&alone));
}

#[test]
fn flow_of_still_pictures_is_still() {
    let [picture, _] = moving(160, 128, [0, 0]);
    for refines in [true, false] {
        let flow = shipped().with_refinement(refines).estimate(&picture, &picture).unwrap();
        assert!(flow.uv.iter().all(|uv| *uv == [0.0; 2]), "refined: {refines}");
    }
}

#[test]
fn padding_does_not_move_the_flow() {
    // 150×110 is filled up to 192×128; what lies away from the padding is seen as in 160×120.
    let [first, second] = moving(160, 120, [2, 1]);
    let cut = |picture: &RgbImage| crop_imm(picture, 0, 0, 149, 109).to_image();
    let [whole, part] =
        [shipped().estimate(&first, &second).unwrap(), shipped().estimate(&cut(&first), &cut(&second)).unwrap()];
    assert_eq!((part.width, part.height), (149, 109));
    let difference = (20..60).map(|i| (whole.at(i, i)[0] - part.at(i, i)[0]).abs()).sum::<f32>() / 40.0;
    assert!(difference < 0.3, "{difference} px on average");
}

#[test]
fn pictures_of_any_size_are_taken() {
    let mut method = shipped().with_scales(&[0.1, 0.5, 1.0]).with_refinement(true);
    for (width, height) in [(1, 1), (2, 7), (33, 1), (65, 40)] {
        let picture = RgbImage::from_pixel(width, height, Rgb([100, 50, 200]));
        let flow = method.estimate(&picture, &picture).unwrap();
        assert_eq!((flow.width, flow.height), (width as usize, height as usize));
        assert!(flow.uv.iter().all(|uv| FlowField::is_known(*uv)));
    }
    let error = method.estimate(&RgbImage::new(8, 8), &RgbImage::new(8, 9)).unwrap_err();
    assert!(error.cause.contains("8×8") && error.cause.contains("8×9"), "{error}");
    assert!(method.estimate(&RgbImage::new(0, 0), &RgbImage::new(0, 0)).is_err());
}

#[test]
fn a_network_of_windows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let device = choose(DeviceChoice::Cpu).unwrap().device;
    let config = MotionConfig { width: 2, ..MotionConfig::default() };
    fixture::model(&config, Geometry { width: 64, height: 64 }, &device).save(folder.path()).unwrap();
    let error = MotionNetFlow::load(folder.path(), &device).unwrap_err();
    assert!(error.subject == folder.path().display().to_string() && error.cause.contains("11 frames"), "{error}");
    assert!(MotionNetFlow::load(&folder.path().join("missing"), &device).is_err());
}
