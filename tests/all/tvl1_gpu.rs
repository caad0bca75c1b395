//! TV-L1 on the graphics device: every stage against its twin on the CPU, the whole against OpenCV.
//!
//! Runs on whatever adapter there is, software Vulkan included; skipped, with a message, where there is none.

use std::path::Path;

use image::{Rgb, RgbImage};
use motionscope::flow::tvl1::stages::{self, Component};
use motionscope::flow::tvl1::{Tvl1OnGpu, Tvl1Parameters};
use motionscope::flow::{FlowField, Plane, files};
use motionscope::gpu::{DeviceChoice, GpuBuffer, Kernel, Recorder, SharedWgpu, choose, read_back};

use crate::shared;

/// Larger than a few workgroups, and divided by none of their sizes.
const SIZE: [u32; 2] = [45, 37];
const PIXELS: usize = 45 * 37;

/// The source of a stage.
macro_rules! source {
    ($stage:literal) => {
        concat!(
            include_str!("../../shaders/tvl1/common.wgsl"),
            include_str!(concat!("../../shaders/tvl1/", $stage, ".wgsl"))
        )
    };
}

fn gpu() -> Option<SharedWgpu> {
    match choose(DeviceChoice::Gpu) {
        Ok(compute) => compute.wgpu,
        Err(error) => {
            shared::skip("gpu", error);
            None
        }
    }
}

#[test]
fn grey_is_that_of_the_cpu_to_the_last_unit() {
    let Some(wgpu) = gpu() else { return };
    // 45 · 37 · 3 bytes are no whole number of words.
    let picture = RgbImage::from_fn(45, 37, |x, y| Rgb([(x * 7 + y) as u8, (x * y) as u8, (255 - 3 * y) as u8]));
    let grey = storage(&wgpu, &[0.0f32; PIXELS]);
    let rgb = GpuBuffer::storage(&wgpu, "rgb", (3 * PIXELS as u64).next_multiple_of(4)).unwrap();
    rgb.write(&wgpu, picture.as_raw()).unwrap();
    run(&wgpu, "grey", source!("grey"), &[&uniform(&wgpu, SIZE), &rgb, &grey], [3, 3, 1]);
    assert_eq!(floats(&wgpu, &grey), Plane::grey(&picture).values);
}

#[test]
fn resizing_is_that_of_the_cpu() {
    let Some(wgpu) = gpu() else { return };
    let (u, v) = (wave(0.3, 4.0), wave(0.7, 2.0));
    for (new_size, ratio) in
        [([36u32, 30u32], [1.25f32, 1.25f32]), ([57, 46], [45.0 / 57.0, 37.0 / 46.0]), (SIZE, [1.0; 2])]
    {
        let pixels = (new_size[0] * new_size[1]) as usize;
        let [old_width, old_height] = SIZE;
        let [width, height] = new_size;
        let bits = ratio.map(f32::to_bits);
        let constants = [old_width, old_height, width, height, bits[0], bits[1], 0.5f32.to_bits(), 0];
        // The second half is the one to be read.
        let old = storage(&wgpu, &[vec![9.0; 2 * PIXELS], u.values.clone(), v.values.clone()].concat());
        let resized = storage(&wgpu, &vec![0.0f32; 2 * pixels]);
        let buffers = [&uniform(&wgpu, constants), &storage(&wgpu, &[1, 0, 0, 0]), &old, &resized];
        run(&wgpu, "resize", source!("resize"), &buffers, [width.div_ceil(16), height.div_ceil(16), 2]);
        let mut expected = Vec::new();
        for plane in [&u, &v] {
            let mut target = Plane::zeros(width as usize, height as usize);
            stages::pyramid::resample(plane, &mut target, ratio);
            expected.extend(target.values.iter().map(|value| 0.5 * value));
        }
        assert_near(&floats(&wgpu, &resized), &expected, 1e-5);
    }
}

#[test]
fn gradient_is_that_of_the_cpu() {
    let Some(wgpu) = gpu() else { return };
    let image = wave(0.5, 100.0);
    let result = storage(&wgpu, &[0.0f32; 4 * PIXELS]);
    run(
        &wgpu,
        "gradient",
        source!("gradient"),
        &[&uniform(&wgpu, SIZE), &storage(&wgpu, &image.values), &result],
        [3, 3, 1],
    );
    let [dx, dy] = stages::gradient::gradient(&image);
    assert_near(&floats(&wgpu, &result), &interleaved([&image, &dx, &dy, &Plane::zeros(45, 37)]), 1e-5);
}

#[test]
fn warp_is_that_of_the_cpu() {
    let Some(wgpu) = gpu() else { return };
    let (first, second) = (wave(0.5, 100.0), wave(0.52, 110.0));
    // Up to 8 pixels: beyond the border on all sides, and far beyond it at one place.
    let (mut u, v) = (wave(0.11, 8.0), wave(0.13, 8.0));
    u.values[700] = 1e12;
    let slopes = stages::gradient::gradient(&second);
    let expected = stages::warp::warp(&first, &second, &slopes, [&u, &v]);
    let [dx, dy] = &slopes;
    let flow = storage(&wgpu, &[vec![0.0; 2 * PIXELS], u.values.clone(), v.values.clone()].concat());
    let result = storage(&wgpu, &[0.0f32; 4 * PIXELS]);
    let buffers = [
        &uniform(&wgpu, SIZE),
        &storage(&wgpu, &[1, 0, 0, 0]),
        &flow,
        &storage(&wgpu, &first.values),
        &storage(&wgpu, &interleaved([&second, dx, dy, &Plane::zeros(45, 37)])),
        &result,
    ];
    run(&wgpu, "warp", source!("warp"), &buffers, [3, 3, 1]);
    let [slope_x, slope_y] = &expected.slopes;
    let expected = interleaved([slope_x, slope_y, &expected.square, &expected.constant]);
    // |∇I|² reaches thousands.
    assert_near(&floats(&wgpu, &result), &expected, 5e-3);
}

#[test]
fn median_is_that_of_the_cpu() {
    let Some(wgpu) = gpu() else { return };
    let (u, v) = (noise(1), noise(2));
    for (side, half) in [(3, 0), (5, 1)] {
        let mut halves = vec![vec![0.0; 2 * PIXELS]; 2];
        halves[half] = [u.values.clone(), v.values.clone()].concat();
        let smoothed = storage(&wgpu, &[0.0f32; 2 * PIXELS]);
        let buffers = [
            &uniform(&wgpu, SIZE),
            &storage(&wgpu, &[half as u32, 0, 0, 0]),
            &storage(&wgpu, &halves.concat()),
            &smoothed,
        ];
        let kernel = Kernel::new(&wgpu, "median", source!("median"), &[("radius", (side / 2) as f64)]).unwrap();
        dispatch(&wgpu, &kernel, &buffers, [3, 3, 1]);
        let expected: Vec<f32> = [&u, &v].map(|plane| stages::median::median(plane, side).values).concat();
        let found = floats(&wgpu, &smoothed);
        let found: Vec<f32> = [0, 1].iter().flat_map(|&i| found.iter().skip(i).step_by(2).copied()).collect();
        assert_eq!(found, expected, "{side}×{side}");
    }
}

/// What `iterate` reads and writes, filled with one problem.
struct Problem {
    data: stages::warp::Linearised,
    unknowns: Vec<Component>,
    data_term: GpuBuffer,
    flow: GpuBuffer,
    smoothed: GpuBuffer,
    dual: GpuBuffer,
    errors: GpuBuffer,
    progress: GpuBuffer,
}

/// Workgroups of `iterate` with a halo of 8.
const GROUPS: [u32; 3] = [3, 3, 1];

impl Problem {
    fn new(wgpu: &SharedWgpu) -> Self {
        let (first, second) = (wave(0.5, 100.0), wave(0.52, 100.0));
        let (u, v) = (wave(0.11, 1.0), wave(0.13, 1.0));
        let slopes = stages::gradient::gradient(&second);
        let data = stages::warp::warp(&first, &second, &slopes, [&u, &v]);
        let unknowns = vec![Component::new(u), Component::new(v)];
        let [slope_x, slope_y] = &data.slopes;
        let flow = [unknowns[0].u.values.clone(), unknowns[1].u.values.clone(), vec![0.0; 2 * PIXELS]].concat();
        Self {
            data_term: storage(wgpu, &interleaved([slope_x, slope_y, &data.square, &data.constant])),
            flow: storage(wgpu, &flow),
            smoothed: storage(wgpu, &[0.0f32; 2 * PIXELS]),
            dual: storage(wgpu, &[0.0f32; 8 * PIXELS]),
            errors: storage(wgpu, &[0.0f32; 8 * 9]),
            progress: storage(wgpu, &[0u32; 4]),
            data,
            unknowns,
        }
    }

    /// A block of `steps` and the decision on it.
    fn block(&self, wgpu: &SharedWgpu, steps: u32, limit: f32) {
        let parameters = Tvl1Parameters::default();
        let [theta, data_step, dual_step] =
            [parameters.theta, parameters.lambda * parameters.theta, parameters.tau / parameters.theta]
                .map(f32::to_bits);
        let constants = uniform(wgpu, [SIZE[0], SIZE[1], 8, steps, 0, theta, data_step, dual_step]);
        let Self { progress, data_term, smoothed, flow, dual, errors, .. } = self;
        let buffers = [&constants, progress, data_term, smoothed, flow, dual, errors];
        run(wgpu, "iterate", source!("iterate"), &buffers, GROUPS);
        let constants = uniform(wgpu, [GROUPS[0] * GROUPS[1], steps, 0, limit.to_bits()]);
        run(wgpu, "decide", source!("decide"), &[&constants, errors, progress], [1; 3]);
    }

    /// One step on the CPU; returns its error.
    fn step(&mut self) -> f64 {
        let parameters = Tvl1Parameters::default();
        let error = stages::primal::primal(&self.data, &parameters, &mut self.unknowns);
        let dual_step = parameters.tau / parameters.theta;
        self.unknowns.iter_mut().for_each(|unknown| stages::dual::dual(unknown, dual_step));
        error
    }

    /// Holds the half of the buffers that counts against the CPU.
    fn assert_equal(&self, wgpu: &SharedWgpu) {
        let half = words(wgpu, &self.progress)[0] as usize;
        let [u, v] = [0, 1].map(|index| &self.unknowns[index]);
        let flow = floats(wgpu, &self.flow);
        assert_near(&flow[2 * half * PIXELS..][..2 * PIXELS], &[&u.u.values[..], &v.u.values[..]].concat(), 1e-4);
        let dual = floats(wgpu, &self.dual);
        let expected = interleaved([&u.p[0], &u.p[1], &v.p[0], &v.p[1]]);
        assert_near(&dual[4 * half * PIXELS..][..4 * PIXELS], &expected, 1e-4);
    }
}

#[test]
fn steps_are_those_of_the_cpu_and_so_are_their_errors() {
    let Some(wgpu) = gpu() else { return };
    let mut problem = Problem::new(&wgpu);
    for steps in [1, 8, 6, 3] {
        let expected: Vec<f64> = (0..steps).map(|_| problem.step()).collect();
        problem.block(&wgpu, steps, 0.0);
        problem.assert_equal(&wgpu);
        let errors = floats(&wgpu, &problem.errors);
        for (step, expected) in expected.into_iter().enumerate() {
            let sum: f32 = errors.iter().skip(step).step_by(8).sum();
            assert!((f64::from(sum) / expected - 1.0).abs() < 1e-4, "step {step}: {sum} instead of {expected}");
        }
    }
}

#[test]
fn iteration_stops_at_the_first_step_below_the_limit() {
    let Some(wgpu) = gpu() else { return };
    // Where that is within the second block; 8 is its last step.
    for stop in [1, 5, 8] {
        let mut problem = Problem::new(&wgpu);
        (0..8).for_each(|_| _ = problem.step());
        let errors: Vec<f64> = (0..stop).map(|_| problem.step()).collect();
        let limit = errors.iter().copied().fold(f64::INFINITY, f64::min) * 1.00001;
        assert_eq!(errors[stop - 1] * 1.00001, limit, "errors fall, or the test tests something else");
        for steps in [8, 8, 8, 8, 0] {
            problem.block(&wgpu, steps, limit as f32);
        }
        problem.assert_equal(&wgpu);
        assert_eq!(words(&wgpu, &problem.progress)[1..3], [0, 0], "the next warp iterates again");
    }
}

#[test]
fn one_warp_agrees_with_opencv() {
    let Some(wgpu) = gpu() else { return };
    let parameters = Tvl1Parameters { warps: 1, outer_iterations: 2, epsilon: 0.0, ..Tvl1Parameters::default() };
    let mut tvl1 = Tvl1OnGpu::new(&wgpu, parameters).unwrap();
    for path in shared::reference("tvl1_") {
        let (pictures, expected) = read_pair(&path, "flow_1warp");
        let flow = tvl1.flow(&pictures[0], &pictures[1], false).unwrap();
        let errors = endpoint_errors(&tvl1.read(&flow).unwrap(), &expected);
        let mean = mean(&errors);
        println!("{}: mean {mean:.1e} px", path.display());
        assert!(mean < 5e-4, "{}: mean EPE {mean} px", path.display());
    }
}

#[test]
fn five_warps_agree_with_opencv() {
    let Some(wgpu) = gpu() else { return };
    // One pair: the software rasterizer is slow.
    for path in shared::reference("tvl1_RubberWhale") {
        let mut tvl1 = Tvl1OnGpu::new(&wgpu, Tvl1Parameters::default()).unwrap();
        let (pictures, expected) = read_pair(&path, "flow");
        let flow = tvl1.flow(&pictures[0], &pictures[1], false).unwrap();
        let field = tvl1.read(&flow).unwrap();
        let mut errors = endpoint_errors(&field, &expected);
        let mean_error = mean(&errors);
        errors.sort_by(f64::total_cmp);
        let median = errors[errors.len() / 2];
        println!("{}: mean {mean_error:.4} px, median {median:.4} px", path.display());
        assert!(mean_error < 0.03 && median < 0.03, "{}: mean {mean_error}, median {median} px", path.display());
        let Some(truth) = read_truth(&path) else { continue };
        let [ours, theirs] = [&field, &expected].map(|field| mean(&endpoint_errors(field, &truth)));
        assert!((ours / theirs - 1.0).abs() < 0.02, "{}: {ours} px from the truth, OpenCV {theirs}", path.display());
    }
}

#[test]
fn small_pictures_agree_with_the_cpu_whatever_the_parameters() {
    let Some(wgpu) = gpu() else { return };
    let default = Tvl1Parameters { warps: 2, epsilon: 0.0, ..Tvl1Parameters::default() };
    let sets = [
        Tvl1Parameters { outer_iterations: 3, ..default },
        Tvl1Parameters { median: 1, inner_iterations: 21, outer_iterations: 1, ..default },
        Tvl1Parameters { median: 3, inner_iterations: 7, outer_iterations: 2, scale_step: 0.5, ..default },
        Tvl1Parameters { inner_iterations: 1, outer_iterations: 3, scales: 1, ..default },
        // A step more or less, which the last digits decide, moves a pixel by up to ε.
        Tvl1Parameters { epsilon: 0.01, ..default },
    ];
    let [first, second] = [0.0, 1.0].map(|shift| texture(70, 52, shift));
    let planes = [Plane::grey(&first), Plane::grey(&second)];
    for parameters in sets {
        let mut tvl1 = Tvl1OnGpu::new(&wgpu, parameters).unwrap();
        let mut start: Option<[Plane; 2]> = None;
        for warm in [false, true] {
            let flow = tvl1.flow(&first, &second, warm).unwrap();
            let field = tvl1.read(&flow).unwrap();
            let initial = start.as_ref().map(|[u, v]| [u, v]);
            let [u, v] = stages::flow(&parameters, [&planes[0], &planes[1]], initial);
            let uv = u.values.iter().zip(&v.values).map(|(&u, &v)| [u, v]).collect();
            let mean = mean(&endpoint_errors(&field, &FlowField::new(70, 52, uv)));
            let tolerance = 5e-4 + f64::from(parameters.epsilon);
            assert!(mean < tolerance, "{parameters:?}, warm {warm}: mean difference {mean} px");
            // Both start from the very same flow: a difference in the last digits can grow a thousandfold.
            start = Some([0, 1].map(|axis| Plane::new(70, 52, field.uv.iter().map(|uv| uv[axis]).collect())));
        }
    }
}

#[test]
fn tiny_and_flat_pictures_have_no_flow() {
    let Some(wgpu) = gpu() else { return };
    let mut tvl1 = Tvl1OnGpu::new(&wgpu, Tvl1Parameters { warps: 1, ..Tvl1Parameters::default() }).unwrap();
    for (width, height) in [(1, 1), (2, 1), (1, 9), (16, 16), (33, 20)] {
        let picture = RgbImage::from_pixel(width, height, Rgb([90, 90, 90]));
        for warm in [false, true] {
            let flow = tvl1.flow(&picture, &picture, warm).unwrap();
            let field = tvl1.read(&flow).unwrap();
            assert_eq!((field.width, field.height), (width as usize, height as usize));
            assert!(field.uv.iter().all(|&uv| uv == [0.0, 0.0]), "{width}×{height}");
        }
    }
}

#[test]
fn a_flow_outlives_the_next_one() {
    let Some(wgpu) = gpu() else { return };
    let parameters = Tvl1Parameters { scales: 2, warps: 1, outer_iterations: 1, ..Tvl1Parameters::default() };
    let mut tvl1 = Tvl1OnGpu::new(&wgpu, parameters).unwrap();
    let [first, second] = [0.0, 1.0].map(|shift| texture(40, 40, shift));
    let there = tvl1.flow(&first, &second, false).unwrap();
    let before = tvl1.read(&there).unwrap();
    let back = tvl1.flow(&second, &first, true).unwrap();
    assert_eq!(tvl1.read(&there).unwrap(), before);
    assert_ne!(tvl1.read(&back).unwrap(), before);
}

#[test]
fn what_cannot_be_computed_is_refused_in_words() {
    let Some(wgpu) = gpu() else { return };
    let refused = |parameters| Tvl1OnGpu::new(&wgpu, parameters).err().unwrap();
    let default = Tvl1Parameters::default();
    assert!(refused(Tvl1Parameters { gamma: 0.1, ..default }).cause.contains("gamma"));
    assert!(refused(Tvl1Parameters { median: 7, ..default }).to_string().contains("median"));
    let mut tvl1 = Tvl1OnGpu::new(&wgpu, default).unwrap();
    let picture = |width, height| RgbImage::new(width, height);
    let mut refused = |first: &RgbImage, second: &RgbImage| tvl1.flow(first, second, false).err().unwrap().cause;
    assert_eq!(refused(&picture(8, 9), &picture(8, 8)), "the images are 8×9 and 8×8 pixels");
    assert!(refused(&picture(0, 9), &picture(0, 9)).contains("empty"));
    let endless = picture(16 * wgpu.device.limits().max_compute_workgroups_per_dimension + 1, 1);
    assert!(refused(&endless, &endless).contains("too many"));
}

#[test]
fn a_wrong_kernel_is_an_error_and_no_panic() {
    let Some(wgpu) = gpu() else { return };
    assert!(Kernel::new(&wgpu, "grey", "this is no WGSL", &[]).is_err());
    assert!(Kernel::new(&wgpu, "gray", source!("grey"), &[]).is_err());
    let kernel = Kernel::new(&wgpu, "grey", source!("grey"), &[]).unwrap();
    let word = storage(&wgpu, &[0u32]);
    assert!(kernel.bind(&wgpu, &[word.binding()]).is_err());
    assert!(word.write(&wgpu, &[0; 8]).is_err());
    assert!(GpuBuffer::storage(&wgpu, "everything", 1 << 60).is_err());
}

#[test]
fn a_lost_device_is_an_error_and_no_panic() {
    shared::in_a_process_of_its_own("tvl1_gpu::a_lost_device_is_an_error_and_no_panic", &[], || {
        let Some(wgpu) = gpu() else { return };
        let mut tvl1 = Tvl1OnGpu::new(&wgpu, Tvl1Parameters { scales: 1, warps: 1, ..Default::default() }).unwrap();
        let picture = RgbImage::new(20, 20);
        let flow = tvl1.flow(&picture, &picture, false).unwrap();
        wgpu.device.destroy();
        assert!(tvl1.read(&flow).is_err());
        assert!(tvl1.flow(&picture, &picture, true).is_err());
        assert!(tvl1.flow(&RgbImage::new(9, 9), &RgbImage::new(9, 9), false).is_err());
        assert!(Tvl1OnGpu::new(&wgpu, Tvl1Parameters::default()).is_err());
    });
}

/// Runs a stage once.
fn run(wgpu: &SharedWgpu, name: &'static str, source: &str, buffers: &[&GpuBuffer], groups: [u32; 3]) {
    dispatch(wgpu, &Kernel::new(wgpu, name, source, &[]).unwrap(), buffers, groups);
}

fn dispatch(wgpu: &SharedWgpu, kernel: &Kernel, buffers: &[&GpuBuffer], groups: [u32; 3]) {
    let buffers: Vec<_> = buffers.iter().map(|buffer| buffer.binding()).collect();
    let bindings = kernel.bind(wgpu, &buffers).unwrap();
    let mut recorder = Recorder::new(wgpu, "test");
    recorder.dispatch(kernel, &bindings, groups);
    recorder.submit().unwrap();
}

fn uniform<const N: usize>(wgpu: &SharedWgpu, words: [u32; N]) -> GpuBuffer
where
    [u32; N]: bytemuck::NoUninit,
{
    GpuBuffer::uniform(wgpu, "test constants", &words).unwrap()
}

fn storage<T: bytemuck::NoUninit>(wgpu: &SharedWgpu, values: &[T]) -> GpuBuffer {
    let buffer = GpuBuffer::storage(wgpu, "test values", size_of_val(values) as u64).unwrap();
    buffer.write(wgpu, bytemuck::cast_slice(values)).unwrap();
    buffer
}

fn floats(wgpu: &SharedWgpu, buffer: &GpuBuffer) -> Vec<f32> {
    read_back(wgpu, buffer.binding()).unwrap()
}

fn words(wgpu: &SharedWgpu, buffer: &GpuBuffer) -> Vec<u32> {
    read_back(wgpu, buffer.binding()).unwrap()
}

/// A plane of `SIZE` without straight edges.
fn wave(frequency: f32, amplitude: f32) -> Plane {
    let value = |i: usize| {
        let (x, y) = ((i % 45) as f32, (i / 45) as f32);
        amplitude * ((frequency * x + 0.2 * y).sin() + (frequency * 0.7 * y - 0.1 * x).cos()) / 2.0
    };
    Plane::new(45, 37, (0..PIXELS).map(value).collect())
}

/// A plane of `SIZE` in which neighbours have nothing to do with each other, and many are equal.
fn noise(seed: usize) -> Plane {
    Plane::new(45, 37, (0..PIXELS).map(|i| ((i * 7919 + seed * 104_729) * (i + 31) % 101) as f32 - 50.0).collect())
}

/// A picture with something to see everywhere, `shift` pixels to the right.
fn texture(width: u32, height: u32, shift: f32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 - shift, y as f32);
        let value = 127.0 + 60.0 * (0.4 * x + 0.1 * y).sin() + 50.0 * (0.3 * y - 0.15 * x).cos();
        Rgb([value as u8, value as u8, (0.5 * value) as u8])
    })
}

/// `[pixel, plane]`.
fn interleaved(planes: [&Plane; 4]) -> Vec<f32> {
    (0..planes[0].values.len()).flat_map(|i| planes.map(|plane| plane.values[i])).collect()
}

fn assert_near(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "at {index}: {found} instead of {expected}");
    }
}

/// The pictures of a reference file, grey in all three channels, and one of its flows.
fn read_pair(path: &Path, flow: &str) -> ([RgbImage; 2], FlowField) {
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let pictures = ["image0", "image1"].map(|name| {
        let tensor = file.tensor(name).unwrap();
        let [height, width] = [0, 1].map(|axis| tensor.shape()[axis] as u32);
        RgbImage::from_raw(width, height, tensor.data().iter().flat_map(|&grey| [grey; 3]).collect()).unwrap()
    });
    let tensor = file.tensor(flow).unwrap();
    let values: Vec<f32> =
        tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let (u, v) = values.split_at(values.len() / 2);
    let uv = u.iter().zip(v).map(|(&u, &v)| [u, v]).collect();
    (pictures, FlowField::new(tensor.shape()[2], tensor.shape()[1], uv))
}

/// The part of Middlebury's true flow that a reference was cut from.
fn read_truth(reference: &Path) -> Option<FlowField> {
    let name = reference.file_stem()?.to_str()?.strip_prefix("tvl1_")?;
    let whole =
        files::read_flo(&shared::data(&format!("data/flow/middlebury/other-gt-flow/{name}/flow10.flo"))?).unwrap();
    let bytes = std::fs::read(reference).unwrap();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let description: serde_json::Value =
        serde_json::from_str(&metadata.metadata().as_ref().unwrap()["description"]).unwrap();
    let [x0, y0, width, height] = ["x0", "y0", "w", "h"].map(|key| description["crop"][key].as_u64().unwrap() as usize);
    let rows = (y0..y0 + height).flat_map(|y| (x0..x0 + width).map(move |x| [x, y]));
    Some(FlowField::new(width, height, rows.map(|[x, y]| whole.at(x, y)).collect()))
}

/// Of every vector that is known.
fn endpoint_errors(found: &FlowField, expected: &FlowField) -> Vec<f64> {
    assert_eq!((found.width, found.height), (expected.width, expected.height));
    let error = |(a, b): (&[f32; 2], &[f32; 2])| f64::from(a[0] - b[0]).hypot(f64::from(a[1] - b[1]));
    found.uv.iter().zip(&expected.uv).filter(|(_, b)| FlowField::is_known(**b)).map(error).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
