//! Flow drawn from the network's own output buffer: the paint callback around [`FlowPainter`].

use std::sync::OnceLock;

use eframe::egui::{PaintCallbackInfo, Painter, Pos2, Rect};
use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, RenderState, ScreenDescriptor, wgpu};

use crate::gpu::{FlowBuffer, FlowDrawing, FlowPainter, PreparedFlow, Sampling};

/// The networks' unit of flow in pixels.
const RAW_UNIT_PX: f32 = 20.0;

/// Builds the pipeline once for the window's device.
pub fn install(render_state: &RenderState) {
    let painter = FlowPainter::new(&render_state.device, render_state.target_format);
    render_state.renderer.write().callback_resources.insert(painter);
}

/// Paints the one pair in `flow` so that it fills `picture`, cut off at `pane`.
pub fn paint(painter: &Painter, flow: &FlowBuffer, max_px: f32, picture: Rect, pane: Rect) {
    let visible = picture.intersect(pane);
    if !visible.is_positive() {
        return;
    }
    let corner = |at: Pos2| ((at - picture.min) / picture.size()).into();
    let drawing = FlowDrawing {
        pair: 0,
        scale_to_px: RAW_UNIT_PX,
        max_px,
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
