//! Flow drawn from the buffer it was computed in: the paint callback around [`FlowPainter`].

use std::sync::OnceLock;

use eframe::egui::{PaintCallbackInfo, Painter, Pos2, Rect};
use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, RenderState, ScreenDescriptor, wgpu};

use super::magnitude_scale::MagnitudeScale;
use crate::gpu::{FlowBuffer, FlowDrawing, FlowPainter, PreparedFlow, Sampling};

/// Builds the pipeline once for the window's device.
pub fn install(render_state: &RenderState) {
    let painter = FlowPainter::new(&render_state.device, render_state.target_format);
    render_state.renderer.write().callback_resources.insert(painter);
}

/// Paints the one pair in `flow`, whose units are `scale_to_px`, so that it fills `picture`, cut off where `painter` is.
/// `mirrored` exchanges left and right of the picture; the sign of the vectors is up to `scale_to_px`.
pub fn paint(
    painter: &Painter,
    flow: &FlowBuffer,
    scale_to_px: [f32; 2],
    scale: MagnitudeScale,
    picture: Rect,
    mirrored: bool,
) {
    let visible = picture.intersect(painter.clip_rect());
    if !visible.is_positive() {
        return;
    }
    let corner = |at: Pos2| {
        let share = (at - picture.min) / picture.size();
        [if mirrored { 1.0 - share.x } else { share.x }, share.y]
    };
    let drawing = FlowDrawing {
        pair: 0,
        scale_to_px,
        max_px: scale.max_px,
        gamma: scale.gamma,
        uv: [corner(visible.min), corner(visible.max)],
        sampling: Sampling::Bilinear,
    };
    let callback = FlowCallback { flow: flow.clone(), drawing, prepared: OnceLock::new() };
    painter.add(egui_wgpu::Callback::new_paint_callback(visible, callback));
}
struct FlowCallback {
    flow: FlowBuffer,
    drawing: FlowDrawing,
    prepared: OnceLock<PreparedFlow>,
}

impl CallbackTrait for FlowCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(painter) = resources.get::<FlowPainter>() {
            self.prepared.get_or_init(|| painter.prepare(device, queue, &self.flow, &self.drawing));
        }
        Vec::new()
    }

    fn paint(&self, _info: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        if let (Some(painter), Some(prepared)) = (resources.get::<FlowPainter>(), self.prepared.get()) {
            painter.paint(pass, prepared);
        }
    }
}
