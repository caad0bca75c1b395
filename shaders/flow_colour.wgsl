// Draws one flow of a stack as Middlebury colours, straight from the buffer the network wrote it to.
// Follows shared/middlebury.wgsl in one module. The viewport is the picture.

struct Drawing {
    uv_min: vec2f,       // the part of the frame in view: its top left corner …
    uv_max: vec2f,       // … and its bottom right one, (0, 0)…(1, 1) being the whole frame
    size: vec2u,         // columns and rows of the flow
    u_plane: u32,        // where the flow's u begins; v follows behind it
    interpolate: u32,    // 1: bilinear, 0: nearest
    max_px: f32,         // the length that is drawn at full saturation
    gamma: f32,          // above 1 short vectors are drawn as if they were longer
    scale_to_px: vec2f,  // the buffer's units of u and v in pixels
}

@group(0) @binding(0) var<uniform> drawing: Drawing;
@group(0) @binding(1) var<storage, read> flows: array<f32>;

// Whether the target turns linear light into sRGB when it is written to.
override linear_target: bool = false;

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) uv: vec2f,
}

// One triangle that covers the viewport.
@vertex
fn cover(@builtin(vertex_index) index: u32) -> Corner {
    let at = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4f(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0), mix(drawing.uv_min, drawing.uv_max, at));
}

@fragment
fn colour(corner: Corner) -> @location(0) vec4f {
    if any(corner.uv < vec2f(0.0)) || any(corner.uv >= vec2f(1.0)) { discard; }
    let rgb = middlebury(bent(flow_at(corner.uv) * drawing.scale_to_px), drawing.max_px);
    if linear_target { return vec4f(linear_from_srgb(rgb), 1.0); }
    return vec4f(rgb, 1.0);
}

// The vector with (length / max_px)^(1/gamma) in place of length / max_px.
fn bent(flow: vec2f) -> vec2f {
    let share = length(flow) / drawing.max_px;
    if drawing.gamma == 1.0 || !is_known(flow) || share == 0.0 { return flow; }
    return flow * pow(share, 1.0 / drawing.gamma - 1.0);
}

fn flow_at(uv: vec2f) -> vec2f {
    let at = uv * vec2f(drawing.size);
    if drawing.interpolate == 0u { return cell(vec2i(at)); }
    let corner = floor(at - 0.5);
    let part = at - 0.5 - corner;
    let first = vec2i(corner);
    let above = mix(cell(first), cell(first + vec2i(1, 0)), part.x);
    let below = mix(cell(first + vec2i(0, 1)), cell(first + vec2i(1, 1)), part.x);
    return mix(above, below, part.y);
}

// The flow vector at column and row `at`, clamped to the grid.
fn cell(at: vec2i) -> vec2f {
    let inside = vec2u(clamp(at, vec2i(0), vec2i(drawing.size) - 1));
    let index = drawing.u_plane + inside.y * drawing.size.x + inside.x;
    return vec2f(flows[index], flows[index + drawing.size.x * drawing.size.y]);
}

fn linear_from_srgb(rgb: vec3f) -> vec3f {
    return select(rgb / 12.92, pow((rgb + 0.055) / 1.055, vec3f(2.4)), rgb > vec3f(0.04045));
}
