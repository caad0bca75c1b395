//! The device choice, and a flow's way from a Burn tensor through its buffer to a picture.
//!
//! Runs on whatever adapter there is, software Vulkan included; skipped, with a message, where there is none.

use std::path::Path;

use burn::tensor::wgpu::wgpu;
use burn::tensor::{Device, Tensor, TensorData};
use motionscope::gpu::{
    Compute, ComputeKind, DeviceChoice, FlowBuffer, FlowDrawing, FlowPainter, Sampling, SharedWgpu, choose, share_flow,
};

use crate::shared;

/// The format windows usually have.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

fn gpu() -> Option<(Compute, SharedWgpu)> {
    match choose(DeviceChoice::Gpu) {
        Ok(compute) => {
            let wgpu = compute.wgpu.clone().unwrap();
            Some((compute, wgpu))
        }
        Err(error) => {
            shared::skip("gpu", error);
            None
        }
    }
}

#[test]
fn the_cpu_is_always_there() {
    let compute = choose(DeviceChoice::Cpu).unwrap();
    assert_eq!(compute.kind, ComputeKind::Cpu);
    assert!(compute.wgpu.is_none());
    assert!(compute.name.ends_with("(Flex)") && compute.name.contains("thread"), "{}", compute.name);
    assert!(share_flow(Tensor::zeros([1, 2, 3, 4], &compute.device)).is_none(), "not a GPU buffer");
}

#[test]
fn auto_takes_a_gpu_but_no_software_rasterizer() {
    let auto = choose(DeviceChoice::Auto).unwrap();
    let real = gpu().is_some_and(|(_, wgpu)| wgpu.adapter.get_info().device_type != wgpu::DeviceType::Cpu);
    assert_eq!(auto.kind == ComputeKind::Gpu, real, "{}", auto.name);
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_driver_gpu_is_an_error_and_auto_is_the_cpu() {
    let hidden = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "__EGL_VENDOR_LIBRARY_FILENAMES"];
    let test = "gpu::without_a_driver_gpu_is_an_error_and_auto_is_the_cpu";
    shared::in_a_process_of_its_own(test, &hidden, || {
        let error = choose(DeviceChoice::Gpu).unwrap_err();
        assert!(error.remedy.contains("--device cpu"), "{error}");
        assert_eq!(choose(DeviceChoice::Auto).unwrap().kind, ComputeKind::Cpu);
    });
}

#[test]
fn a_lost_device_is_an_error_and_no_panic() {
    shared::in_a_process_of_its_own("gpu::a_lost_device_is_an_error_and_no_panic", &[], || {
        let Some((compute, wgpu)) = gpu() else { return };
        let painter = FlowPainter::new(&wgpu.device, FORMAT);
        let flow = flow_buffer(vec![0.0; 8], [1, 2, 2, 2], &compute.device);
        compute.device.sync().unwrap();
        wgpu.device.destroy();
        wgpu.device.poll(wgpu::PollType::wait_indefinitely()).unwrap(); // Polling is what delivers the news.
        assert!(compute.device.sync().is_err());
        // The window goes on drawing and the network computing until they are told.
        painter.prepare(&wgpu.device, &wgpu.queue, &flow, &whole_frame());
        share_flow(Tensor::ones([1, 2, 2, 2], &compute.device) * 2.0);
    });
}

#[test]
fn raw_wgpu_reads_what_burn_computed() {
    let Some((compute, wgpu)) = gpu() else { return };
    for transposed in [false, true] {
        let values: Vec<f32> = (0..20 * 7 * 9).map(|i| (i as f32 * 0.37).sin()).collect();
        // Work that is still to be fused, in the layout a network leaves and in another one.
        let tensor = Tensor::<4>::from_data(TensorData::new(values, [1, 20, 9, 7]), &compute.device) * 2.0 + 1.0;
        let tensor = if transposed { tensor.swap_dims(2, 3) } else { tensor };
        let [_, channels, height, width] = tensor.dims();
        let expected = tensor.clone().into_data().try_to_vec::<f32>().unwrap();
        let flow = share_flow(tensor.clone()).unwrap();
        // Burn may compute in place: what it does next must leave the shared buffer alone.
        let next = tensor * 0.0;
        assert!(next.into_data().try_to_vec::<f32>().unwrap().iter().all(|&x| x == 0.0));
        assert_eq!([flow.channels, flow.height, flow.width], [channels, height, width]);
        assert!(read_buffer(&wgpu, &flow) == expected, "transposed: {transposed}");
    }
}

#[test]
fn painter_agrees_with_the_middlebury_reference() {
    let Some((compute, wgpu)) = gpu() else { return };
    // Windows whose system insists on it are written to in linear light.
    let formats = [FORMAT, wgpu::TextureFormat::Rgba8UnormSrgb];
    for (path, format) in shared::reference("colour").iter().flat_map(|path| formats.map(|format| (path, format))) {
        let (values, [channels, height, width]) = read_flow(path);
        let flow = flow_buffer(values, [1, channels, height, width], &compute.device);
        for (name, max_px) in [("rgb_max", 25.0), ("rgb_20", 20.0)] {
            let drawing = FlowDrawing { max_px, ..whole_frame() };
            let picture = paint(&wgpu, format, &flow, &drawing, [width as u32, height as u32]);
            let expected = read_bytes(path, name);
            let differing = picture.iter().zip(expected.chunks_exact(3)).filter(|(pixel, rgb)| far(&pixel[..3], rgb));
            assert_eq!(differing.count(), 0, "{name} of {}, {format:?}", path.display());
        }
    }
}

#[test]
fn painter_draws_the_asked_part_of_the_asked_pair() {
    let Some((compute, wgpu)) = gpu() else { return };
    // Two flows of 2 × 4: the first everywhere right by 1, the second by its column in raw units.
    let mut values = vec![1.0; 8];
    values.extend([0.0; 8]);
    values.extend([0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0]);
    values.extend([0.0; 8]);
    let flow = flow_buffer(values, [1, 4, 2, 4], &compute.device);
    // To the right is red: the longer, the less green, ⌊255·(1 − length/64)⌋.
    let green = |drawing: &FlowDrawing| -> Vec<u8> {
        paint(&wgpu, FORMAT, &flow, drawing, [4, 1]).iter().map(|pixel| pixel[1]).collect()
    };
    let second = FlowDrawing { pair: 1, scale_to_px: [20.0; 2], max_px: 64.0, ..whole_frame() };
    assert_eq!(green(&second), [255, 175, 95, 15]);
    assert_eq!(green(&FlowDrawing { pair: 0, ..second }), [175; 4]);
    // A quarter and a half of the scale under gamma 2 are a half and 0.71 of it; a unit of u alone changes nothing of v.
    let bent = FlowDrawing { gamma: 2.0, max_px: 80.0, ..second };
    assert_eq!(green(&bent), [255, 127, 74, 34]);
    assert_eq!(green(&FlowDrawing { scale_to_px: [20.0, 3.0], ..second }), [255, 175, 95, 15]);
    // The right half, twice as large.
    let right = FlowDrawing { uv: [[0.5, 0.0], [1.0, 1.0]], ..second };
    assert_eq!(green(&right), [95, 95, 15, 15]);
    let smooth = green(&FlowDrawing { sampling: Sampling::Bilinear, ..right });
    assert_eq!(smooth, [115, 75, 35, 15], "columns 1.75, 2.25, 2.75 and, past the last centre, 3");
    // Moved by half a frame: nothing is drawn outside of it.
    let moved = FlowDrawing { uv: [[0.5, 0.0], [1.5, 1.0]], ..second };
    let alpha: Vec<u8> = paint(&wgpu, FORMAT, &flow, &moved, [4, 1]).iter().map(|pixel| pixel[3]).collect();
    assert_eq!(alpha, [255, 255, 0, 0]);
}

fn whole_frame() -> FlowDrawing {
    FlowDrawing {
        pair: 0,
        scale_to_px: [1.0; 2],
        max_px: 1.0,
        gamma: 1.0,
        uv: [[0.0, 0.0], [1.0, 1.0]],
        sampling: Sampling::Nearest,
    }
}

/// One level: GPUs may be off by a few units in the last place in atan2, which floor turns into a level.
fn far(pixel: &[u8], reference: &[u8]) -> bool {
    pixel.iter().zip(reference).any(|(a, b)| a.abs_diff(*b) > 1)
}

fn flow_buffer(values: Vec<f32>, shape: [usize; 4], device: &Device) -> FlowBuffer {
    share_flow(Tensor::from_data(TensorData::new(values, shape), device)).unwrap()
}

fn read_flow(path: &Path) -> (Vec<f32>, [usize; 3]) {
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let flow = file.tensor("flow").unwrap();
    let values = flow.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    (values, flow.shape().try_into().unwrap())
}

fn read_bytes(path: &Path, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    safetensors::SafeTensors::deserialize(&bytes).unwrap().tensor(name).unwrap().data().to_vec()
}

/// Draws into a transparent picture of `size` and reads it back, row by row.
fn paint(
    wgpu: &SharedWgpu,
    format: wgpu::TextureFormat,
    flow: &FlowBuffer,
    drawing: &FlowDrawing,
    size: [u32; 2],
) -> Vec<[u8; 4]> {
    let painter = FlowPainter::new(&wgpu.device, format);
    let extent = wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 };
    let texture = wgpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("test picture"),
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let row_bytes = (4 * size[0]).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let prepared = painter.prepare(&wgpu.device, &wgpu.queue, flow, drawing);
    let bytes = read_back(wgpu, u64::from(row_bytes * size[1]), |encoder, buffer| {
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("test pass"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        painter.paint(&mut pass, &prepared);
        drop(pass);
        let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row_bytes), rows_per_image: None };
        encoder.copy_texture_to_buffer(texture.as_image_copy(), wgpu::TexelCopyBufferInfo { buffer, layout }, extent);
    });
    let rows = bytes.chunks_exact(row_bytes as usize).map(|row| &row[..4 * size[0] as usize]);
    rows.flat_map(|row| row.chunks_exact(4).map(|pixel| pixel.try_into().unwrap())).collect()
}

fn read_buffer(wgpu: &SharedWgpu, flow: &FlowBuffer) -> Vec<f32> {
    let source = flow.binding();
    let size = source.size.unwrap().get();
    let bytes = read_back(wgpu, size, |encoder, buffer| {
        encoder.copy_buffer_to_buffer(source.buffer, source.offset, buffer, 0, size);
    });
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// Submits what `record` copies into a buffer of `size` bytes, and waits for them.
fn read_back(wgpu: &SharedWgpu, size: u64, record: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::Buffer)) -> Vec<u8> {
    let buffer = wgpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("test read-back"),
        size,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = wgpu.device.create_command_encoder(&Default::default());
    record(&mut encoder, &buffer);
    wgpu.queue.submit([encoder.finish()]);
    let (send, answer) = std::sync::mpsc::channel();
    buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| send.send(result).unwrap());
    wgpu.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    answer.recv().unwrap().unwrap(); // Another test's poll may be the one that brings it.
    buffer.slice(..).get_mapped_range().unwrap().to_vec()
}
