//! TV-L1 against OpenCV's, the fast solver against its stages, and what nobody should feed it.

use std::fs;
use std::path::{Path, PathBuf};

use motionscope::flow::metrics::end_point_error;
use motionscope::flow::tvl1::{Tvl1, Tvl1Parameters, stages};
use motionscope::flow::{FlowField, Plane, files};
use safetensors::SafeTensors;

use crate::shared;

/// A pair of grey pictures with the flows that OpenCV finds in it.
struct Reference {
    path: PathBuf,
    pictures: [Plane; 2],
    /// With one warp and exactly 60 iterations per level.
    one_warp: FlowField,
    /// With all defaults.
    default: FlowField,
    /// By how many pixels OpenCV's default flow moves on the average if the pictures change in the last bit.
    sensitivity: f32,
    /// The true flow, where it is known.
    truth: Option<FlowField>,
}

fn references() -> Vec<Reference> {
    shared::reference("tvl1_").into_iter().map(Reference::read).collect()
}

impl Reference {
    fn read(path: PathBuf) -> Self {
        let bytes = fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let description: serde_json::Value =
            serde_json::from_str(&metadata.metadata().as_ref().unwrap()["description"]).unwrap();
        let picture = |name: &str| {
            let tensor = file.tensor(name).unwrap();
            let values = tensor.data().iter().map(|&value| f32::from(value)).collect();
            Plane::new(tensor.shape()[1], tensor.shape()[0], values)
        };
        let flow = |name: &str| {
            let tensor = file.tensor(name).unwrap();
            let floats: Vec<f32> =
                tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
            let (u, v) = floats.split_at(floats.len() / 2);
            let uv = u.iter().zip(v).map(|(&u, &v)| [u, v]).collect();
            FlowField::new(tensor.shape()[2], tensor.shape()[1], uv)
        };
        Self {
            pictures: [picture("image0"), picture("image1")],
            one_warp: flow("flow_1warp"),
            default: flow("flow"),
            sensitivity: description["self_sensitivity_flow"].as_f64().unwrap() as f32,
            truth: truth(&path, &description["crop"]),
            path,
        }
    }

    fn solve(&self, parameters: Tvl1Parameters, initial: Option<&FlowField>) -> FlowField {
        Tvl1::new(parameters).unwrap().flow(&self.pictures[0], &self.pictures[1], initial).unwrap()
    }
}

/// The part of Middlebury's true flow that a reference was cut from; the other sources have none.
fn truth(path: &Path, crop: &serde_json::Value) -> Option<FlowField> {
    let name = path.file_stem()?.to_str()?.strip_prefix("tvl1_")?;
    let folder = shared::data("data/flow/middlebury/other-gt-flow")?.join(name);
    if !folder.exists() {
        return None;
    }
    let whole = files::read_flo(&folder.join("flow10.flo")).unwrap();
    let [x0, y0, width, height] = ["x0", "y0", "w", "h"].map(|key| crop[key].as_u64().unwrap() as usize);
    let uv = (y0..y0 + height).flat_map(|y| (x0..x0 + width).map(move |x| (x, y))).map(|(x, y)| whole.at(x, y));
    Some(FlowField::new(width, height, uv.collect()))
}

/// One warp and as many iterations per level as `flow_1warp` was made with.
fn one_warp() -> Tvl1Parameters {
    Tvl1Parameters { warps: 1, outer_iterations: 2, epsilon: 0.0, ..Tvl1Parameters::opencv() }
}

/// As much motion as the test of a property needs: a smooth pattern, and the same moved by about a pixel and a half.
fn moving_pattern(width: usize, height: usize) -> [Plane; 2] {
    [0.0, 1.0].map(|time| {
        Plane::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32 - 1.5 * time, y as f32 + 0.5 * time);
            128.0 + 60.0 * (0.31 * x + 0.11 * y).sin() + 50.0 * (0.23 * y - 0.07 * x).cos()
        })
    })
}

#[test]
fn one_warp_equals_opencv_closely() {
    for reference in references() {
        let error = end_point_error(&reference.solve(one_warp(), None), &reference.one_warp);
        assert!(error < 5e-4, "{}: {error}", reference.path.display());
    }
}

#[test]
fn defaults_equal_opencv_as_far_as_opencv_equals_itself() {
    for reference in references() {
        let ours = reference.solve(Tvl1Parameters::opencv(), None);
        let name = reference.path.display();
        let mut errors: Vec<f32> =
            ours.uv.iter().zip(&reference.default.uv).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).collect();
        errors.sort_by(f32::total_cmp);
        let (mean, median) = (end_point_error(&ours, &reference.default), errors[errors.len() / 2]);
        // Where the motion is more than TV-L1 can follow, where it goes instead depends on the last bit.
        let allowed = (4.0 * reference.sensitivity).max(0.03);
        assert!(mean < allowed && median < 0.03, "{name}: mean {mean}, median {median}");
        if let Some(truth) = &reference.truth {
            let (error, theirs) = (end_point_error(&ours, truth), end_point_error(&reference.default, truth));
            assert!((error / theirs - 1.0).abs() < 0.02, "{name}: {error} px from the truth, OpenCV {theirs} px");
        }
    }
}

#[test]
fn the_fast_solver_equals_its_stages() {
    // Sizes that leave a remainder in every vector and band, and filters of every side.
    for (width, height, median) in [(97, 61, 5), (48, 130, 3), (33, 16, 1), (17, 9, 5), (2, 5, 3), (1, 1, 5)] {
        let [first, second] = moving_pattern(width, height);
        let parameters =
            Tvl1Parameters { warps: 2, outer_iterations: 2, epsilon: 0.0, median, ..Tvl1Parameters::opencv() };
        let ours = Tvl1::new(parameters).unwrap().flow(&first, &second, None).unwrap();
        let [u, v] = stages::flow(&parameters, [&first, &second], None);
        let apart = (0..ours.uv.len()).map(|i| (ours.uv[i][0] - u.values[i]).hypot(ours.uv[i][1] - v.values[i]));
        let worst = apart.fold(0.0, f32::max);
        assert!(worst < 1e-3, "{width}×{height}, median {median}: {worst} px apart");
    }
}

#[test]
fn iterations_stop_where_the_stages_stop() {
    let [first, second] = moving_pattern(90, 70);
    for epsilon in [0.2, 0.05, 0.01] {
        let parameters = Tvl1Parameters { warps: 2, epsilon, ..Tvl1Parameters::opencv() };
        let ours = Tvl1::new(parameters).unwrap().flow(&first, &second, None).unwrap();
        let [u, v] = stages::flow(&parameters, [&first, &second], None);
        let uv = u.values.iter().zip(&v.values).map(|(&u, &v)| [u, v]).collect();
        // One iteration more or less moves the flow by about epsilon.
        let error = end_point_error(&ours, &FlowField::new(90, 70, uv));
        assert!(error < 0.02 * epsilon, "epsilon {epsilon}: {error} px apart");
    }
}

#[test]
fn results_depend_neither_on_cores_nor_on_what_was_solved_before() {
    let parameters = Tvl1Parameters::opencv();
    let [first, second] = moving_pattern(120, 160);
    let mut used = Tvl1::new(parameters).unwrap();
    let expected = used.flow(&first, &second, None).unwrap();
    used.flow(&second, &first, None).unwrap();
    let [smaller, moved] = moving_pattern(40, 30);
    used.flow(&smaller, &moved, None).unwrap();
    assert!(used.flow(&first, &second, None).unwrap() == expected, "a solver that was used before");
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let flow = pool.install(|| Tvl1::new(parameters).unwrap().flow(&first, &second, None).unwrap());
        assert!(flow == expected, "{threads} threads");
    }
}

#[test]
fn the_flow_of_the_pair_before_is_a_better_start_than_none() {
    let [first, second] = moving_pattern(96, 80);
    let truth = FlowField::new(96, 80, vec![[1.5, -0.5]; 96 * 80]);
    let short = Tvl1Parameters { scales: 2, warps: 1, outer_iterations: 1, inner_iterations: 5, ..one_warp() };
    let mut solver = Tvl1::new(short).unwrap();
    let cold = solver.flow(&first, &second, None).unwrap();
    let warm = solver.flow(&first, &second, Some(&cold)).unwrap();
    let (cold, warm) = (end_point_error(&cold, &truth), end_point_error(&warm, &truth));
    assert!(warm < 0.8 * cold, "{warm} px after {cold} px");
}

#[test]
fn the_change_of_illumination_is_not_taken_for_motion() {
    let [first, second] = moving_pattern(64, 48);
    let brighter = Plane::new(64, 48, second.values.iter().map(|value| value + 12.0).collect());
    let truth = FlowField::new(64, 48, vec![[1.5, -0.5]; 64 * 48]);
    let error = |gamma| {
        let parameters = Tvl1Parameters { gamma, ..Tvl1Parameters::opencv() };
        end_point_error(&Tvl1::new(parameters).unwrap().flow(&first, &brighter, None).unwrap(), &truth)
    };
    let (without, with) = (error(0.0), error(1.0));
    assert!(with < 0.5 * without, "{with} px with γ, {without} px without");
}

#[test]
fn flat_pictures_do_not_move() {
    for (width, height, median) in [(64, 48, 5), (15, 40, 5), (1, 1, 5), (1, 9, 3), (3, 2, 1)] {
        for (first, second) in [(0.0, 0.0), (255.0, 255.0), (10.0, 200.0)] {
            let parameters = Tvl1Parameters { median, ..Tvl1Parameters::opencv() };
            let [first, second] = [first, second].map(|value| Plane::from_fn(width, height, |_, _| value));
            let flow = Tvl1::new(parameters).unwrap().flow(&first, &second, None).unwrap();
            assert!(flow.uv.iter().all(|uv| *uv == [0.0, 0.0]), "{width}×{height}");
        }
    }
}

#[test]
fn noise_and_wild_starts_give_finite_flow() {
    let noise = |seed: usize| {
        Plane::from_fn(50, 40, |x, y| ((((x * 7919 + y * 104_729 + seed * 31) * 2_654_435_761) >> 7) & 255) as f32)
    };
    let start = (0..2000).map(|i| [[1e9, -1e9], [f32::NAN, 0.0], [1e10, 0.0], [-300.0, 200.0]][i % 4]).collect();
    let start = FlowField::new(50, 40, start);
    for gamma in [0.0, 0.5] {
        for (_, preset) in Tvl1Parameters::PRESETS {
            let mut solver = Tvl1::new(Tvl1Parameters { gamma, ..preset }).unwrap();
            let flow = solver.flow(&noise(1), &noise(2), Some(&start)).unwrap();
            assert!(flow.uv.iter().flatten().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn the_bound_of_tau_is_where_the_dual_iteration_ceases_to_rest() {
    // Noise so faint that the dual stays within its circle, smoothed by the dual alone: u = v + θ div p.
    let side = 32;
    let faint = Plane::from_fn(side, side, |x, y| ((x * 7919 + y * 104_729) % 101) as f32 * 1e-3);
    let change_at_the_end = |tau: f32| {
        let theta = Tvl1Parameters::opencv().theta;
        let mut component = stages::Component::new(faint.clone());
        let mut change = 0.0;
        for _ in 0..1000 {
            let [px, py] = &component.p;
            let smoothed = Plane::from_fn(side, side, |x, y| {
                let left = if x > 0 { px.at(x - 1, y) } else { 0.0 };
                let above = if y > 0 { py.at(x, y - 1) } else { 0.0 };
                faint.at(x, y) + theta * (px.at(x, y) - left + py.at(x, y) - above)
            });
            change = smoothed.values.iter().zip(&component.u.values).map(|(a, b)| (a - b).powi(2)).sum();
            component.u = smoothed;
            stages::dual::dual(&mut component, tau / theta);
        }
        change
    };
    assert!(change_at_the_end(0.25) < 1e-4, "{}", change_at_the_end(0.25));
    assert!(change_at_the_end(0.27) > 1.0, "{}", change_at_the_end(0.27));
}

#[test]
fn what_cannot_be_solved_is_refused_in_words() {
    let good = Tvl1Parameters::opencv();
    let cases = [
        (Tvl1Parameters { tau: 0.26, ..good }, "tau", "0.26"),
        (Tvl1Parameters { tau: f32::NAN, ..good }, "tau", "NaN"),
        (Tvl1Parameters { lambda: -1.0, ..good }, "lambda", "-1"),
        (Tvl1Parameters { theta: 0.0, ..good }, "theta", "0"),
        (Tvl1Parameters { scales: 0, ..good }, "scales", "0"),
        (Tvl1Parameters { warps: 0, ..good }, "warps", "0"),
        (Tvl1Parameters { epsilon: f32::INFINITY, ..good }, "epsilon", "inf"),
        (Tvl1Parameters { inner_iterations: 0, ..good }, "inner iterations", "0"),
        (Tvl1Parameters { outer_iterations: 0, ..good }, "outer iterations", "0"),
        (Tvl1Parameters { scale_step: 1.0, ..good }, "scale step", "1"),
        (Tvl1Parameters { gamma: -0.5, ..good }, "gamma", "-0.5"),
        (Tvl1Parameters { median: 4, ..good }, "median", "4"),
    ];
    for (parameters, name, value) in cases {
        let error = Tvl1::new(parameters).unwrap_err();
        assert!(error.subject.ends_with(name) && error.cause.starts_with(value), "{error}");
    }
    for (_, preset) in Tvl1Parameters::PRESETS {
        assert_eq!(preset.checked(), Ok(preset));
    }

    let mut solver = Tvl1::new(good).unwrap();
    let (picture, other, empty) = (Plane::zeros(20, 10), Plane::zeros(10, 20), Plane::zeros(0, 3));
    let message = solver.flow(&picture, &other, None).unwrap_err().to_string();
    assert!(message.contains("10×20") && message.contains("20×10"), "{message}");
    let start = FlowField::new(1, 1, vec![[0.0; 2]]);
    let message = solver.flow(&picture, &picture, Some(&start)).unwrap_err().to_string();
    assert!(message.contains("initial") && message.contains("1×1"), "{message}");
    assert!(solver.flow(&empty, &empty, None).is_err());
    let broken = Plane::from_fn(20, 10, |x, _| if x == 3 { f32::NAN } else { 0.0 });
    assert!(solver.flow(&picture, &broken, None).is_err());
}

#[test]
fn grey_is_that_of_opencv() {
    // cv2.cvtColor(…, cv2.COLOR_RGB2GRAY), among them values that other weights or roundings miss.
    let cases = [
        ([228, 205, 35], 193.0),
        ([195, 32, 65], 85.0),
        ([12, 103, 118], 77.0),
        ([232, 240, 11], 212.0),
        ([167, 46, 233], 103.0),
        ([255, 255, 255], 255.0),
    ];
    for (rgb, grey) in cases {
        let picture = image::RgbImage::from_pixel(1, 1, image::Rgb(rgb));
        assert_eq!(Plane::grey(&picture).values, [grey], "{rgb:?}");
    }
}
