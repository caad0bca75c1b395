// Stage 4, once a warp: the second image and its gradient where the flow points to, and from them the data term,
// linear in the flow: ρ(u) = ρc + ∇I·u.

@group(0) @binding(0) var<uniform> size: vec2u;
@group(0) @binding(1) var<storage, read> progress: Progress;
@group(0) @binding(2) var<storage, read> flow: array<f32>;           // [half, u or v, row, column]
@group(0) @binding(3) var<storage, read> first: array<f32>;
@group(0) @binding(4) var<storage, read> second: array<vec4f>;       // I, ∂I/∂x, ∂I/∂y, unused
@group(0) @binding(5) var<storage, read_write> data_term: array<vec4f>;  // ∂I/∂x, ∂I/∂y, |∇I|², ρc

@compute @workgroup_size(16, 16)
fn warp(@builtin(global_invocation_id) at: vec3u) {
    if any(at.xy >= size) { return; }
    let area = size.x * size.y;
    let pixel = at.y * size.x + at.x;
    let half = 2u * progress.half * area;
    let uv = vec2f(flow[half + pixel], flow[half + area + pixel]);
    let warped = bicubic(vec2f(at.xy) + uv);
    let gradient = warped.yz;
    let constant = warped.x - dot(gradient, uv) - first[pixel];
    data_term[pixel] = vec4f(gradient, dot(gradient, gradient), constant);
}

// `second` between its pixels; it is zero outside of the image.
fn bicubic(position: vec2f) -> vec4f {
    let corner = floor(position);
    let columns = weights(position.x - corner.x);
    let rows = weights(position.y - corner.y);
    let start = vec2i(corner) - 1;
    var sum = vec4f(0.0);
    for (var y = 0; y < 4; y++) {
        var row = vec4f(0.0);
        for (var x = 0; x < 4; x++) {
            let at = start + vec2i(x, y);
            if all(at >= vec2i(0)) && all(at < vec2i(size)) {
                row += columns[x] * second[u32(at.y) * size.x + u32(at.x)];
            }
        }
        sum += rows[y] * row;
    }
    return sum;
}

// The cubic convolution kernel with a = −3/4 for the four samples around a position, `t` past the second one.
fn weights(t: f32) -> vec4f {
    const a = -0.75;
    let before = ((a * (t + 1.0) - 5.0 * a) * (t + 1.0) + 8.0 * a) * (t + 1.0) - 4.0 * a;
    let left = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
    let right = ((a + 2.0) * (1.0 - t) - (a + 3.0)) * (1.0 - t) * (1.0 - t) + 1.0;
    return vec4f(before, left, right, 1.0 - before - left - right);
}
