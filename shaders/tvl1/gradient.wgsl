// Stage 3: central differences of the second image, indices clamped at the border. The image is copied along, so that
// the warp reads a single buffer.

@group(0) @binding(0) var<uniform> size: vec2u;
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read_write> with_gradient: array<vec4f>;  // I, ∂I/∂x, ∂I/∂y, unused

@compute @workgroup_size(16, 16)
fn gradient(@builtin(global_invocation_id) id: vec3u) {
    if any(id.xy >= size) { return; }
    let at = vec2i(id.xy);
    let dx = image[nearest(at + vec2i(1, 0), size)] - image[nearest(at - vec2i(1, 0), size)];
    let dy = image[nearest(at + vec2i(0, 1), size)] - image[nearest(at - vec2i(0, 1), size)];
    let pixel = id.y * size.x + id.x;
    with_gradient[pixel] = vec4f(image[pixel], 0.5 * dx, 0.5 * dy, 0.0);
}
