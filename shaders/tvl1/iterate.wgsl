// Stage 6, the inner iteration: primal and dual steps, several of them in workgroup memory before anything is written.
//
// A workgroup holds a tile of 32 × 32 pixels. A step needs the neighbours of a pixel, so that what it computes at the
// rim of the tile is wrong, one pixel more with every step: the tile is larger by a halo on each side than the part
// the workgroup answers for. An invocation has four pixels in a row, a component of each vector for each of them.

struct Block {
    size: vec2u,
    halo: u32,        // at least `steps`
    steps: u32,       // at most 8; 0: only redo
    smoothed: u32,    // 1: begin with the smoothed flow
    theta: f32,       // θ
    step_limit: f32,  // λθ
    dual_step: f32,   // τ/θ
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> progress: Progress;
@group(0) @binding(2) var<storage, read> data_term: array<vec4f>;   // ∂I/∂x, ∂I/∂y, |∇I|², ρc
@group(0) @binding(3) var<storage, read> smoothed: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> flow: array<f32>;    // [half, u or v, row, column]
@group(0) @binding(5) var<storage, read_write> dual: array<vec4f>;  // [half, row, column] of p of u, then p of v
@group(0) @binding(6) var<storage, read_write> errors: array<vec4f>;  // Σ‖Δu‖² of each step, two vectors a workgroup

const tile = 32;
const lanes = 8;           // invocations in a row of the tile
const epsilon = 1.1920929e-7;

// The values of an invocation's pixels that its neighbours read.
var<workgroup> u_of: array<vec4f, 256>;
var<workgroup> v_of: array<vec4f, 256>;
var<workgroup> pu_y_of: array<vec4f, 256>;
var<workgroup> pv_y_of: array<vec4f, 256>;
var<workgroup> last_p_x_of: array<vec2f, 256>;

@compute @workgroup_size(8, 32)
fn iterate(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) me: u32,
) {
    let redo = progress.redo != 0u;
    let steps = select(block.steps, progress.redo, redo);
    if progress.converged != 0u || steps == 0u { return; }
    let from_smoothed = select(block.smoothed, progress.redo_smoothed, redo) != 0u;

    let size = vec2i(block.size);
    let area = block.size.x * block.size.y;
    let halo = i32(block.halo);
    let start = vec2i(group.xy) * (tile - 2 * halo) - halo + vec2i(4 * i32(local.x), i32(local.y));
    let x = start.x + vec4i(0, 1, 2, 3);
    let y = vec4i(start.y);
    let inside = between(x, 0, size.x) & between(y, 0, size.y);
    let column = 4 * i32(local.x) + vec4i(0, 1, 2, 3);
    let row = vec4i(i32(local.y));
    let mine = inside & between(column, halo, tile - halo) & between(row, halo, tile - halo);
    // No differences across the border: p stays 0 there.
    let has_right = select(vec4f(0.0), vec4f(1.0), inside & between(x, 0, size.x - 1));
    let has_below = select(vec4f(0.0), vec4f(1.0), inside & between(y, 0, size.y - 1));

    let source = Place(progress.half, area, from_smoothed);
    let first_pixel = start.y * size.x + start.x;
    let pixel_0 = load(source, first_pixel, inside.x);
    let pixel_1 = load(source, first_pixel + 1, inside.y);
    let pixel_2 = load(source, first_pixel + 2, inside.z);
    let pixel_3 = load(source, first_pixel + 3, inside.w);
    // From a vector for each pixel to one for each component.
    let uv = transpose(mat4x2f(pixel_0.uv, pixel_1.uv, pixel_2.uv, pixel_3.uv));
    var u = uv[0];
    var v = uv[1];
    let p = transpose(mat4x4f(pixel_0.p, pixel_1.p, pixel_2.p, pixel_3.p));
    var pu_x = p[0];
    var pu_y = p[1];
    var pv_x = p[2];
    var pv_y = p[3];
    let terms = transpose(mat4x4f(pixel_0.terms, pixel_1.terms, pixel_2.terms, pixel_3.terms));
    let gx = terms[0];
    let gy = terms[1];
    let norm = terms[2];
    let constant = terms[3];

    let left = select(me, me - 1u, local.x > 0u);
    let right = select(me, me + 1u, local.x < lanes - 1u);
    let above = select(me, me - lanes, local.y > 0u);
    let below = select(me, me + lanes, local.y < tile - 1u);

    pu_y_of[me] = pu_y;
    pv_y_of[me] = pv_y;
    last_p_x_of[me] = vec2f(pu_x.w, pv_x.w);
    workgroupBarrier();

    var first_errors = vec4f(0.0);
    var later_errors = vec4f(0.0);
    for (var step = 0u; step < steps; step++) {
        // Primal: towards the data by thresholding, then along the divergence of p.
        let rho = constant + gx * u + gy * v;
        let limit = block.step_limit * norm;
        let exact = select(vec4f(0.0), -rho / max(norm, vec4f(epsilon)), norm > vec4f(epsilon));
        let down = select(exact, vec4f(-block.step_limit), rho > limit);
        let along = select(down, vec4f(block.step_limit), rho < -limit);
        let before = last_p_x_of[left];
        let u_divergence = pu_x - vec4f(before.x, pu_x.xyz) + pu_y - pu_y_of[above];
        let v_divergence = pv_x - vec4f(before.y, pv_x.xyz) + pv_y - pv_y_of[above];
        let new_u = u + along * gx + block.theta * u_divergence;
        let new_v = v + along * gy + block.theta * v_divergence;

        let change = (new_u - u) * (new_u - u) + (new_v - v) * (new_v - v);
        let error = dot(select(vec4f(0.0), change, mine), vec4f(1.0));
        let slot = vec4u(step) == vec4u(0u, 1u, 2u, 3u);
        let later_slot = vec4u(step) == vec4u(4u, 5u, 6u, 7u);
        first_errors += select(vec4f(0.0), vec4f(error), slot);
        later_errors += select(vec4f(0.0), vec4f(error), later_slot);

        u = new_u;
        v = new_v;
        u_of[me] = u;
        v_of[me] = v;
        workgroupBarrier();

        // Dual: p follows the gradient of the flow and stays shorter than 1.
        let u_x = has_right * (vec4f(u.yzw, u_of[right].x) - u);
        let v_x = has_right * (vec4f(v.yzw, v_of[right].x) - v);
        let u_y = has_below * (u_of[below] - u);
        let v_y = has_below * (v_of[below] - v);
        let u_damping = 1.0 + block.dual_step * sqrt(u_x * u_x + u_y * u_y);
        let v_damping = 1.0 + block.dual_step * sqrt(v_x * v_x + v_y * v_y);
        pu_x = (pu_x + block.dual_step * u_x) / u_damping;
        pu_y = (pu_y + block.dual_step * u_y) / u_damping;
        pv_x = (pv_x + block.dual_step * v_x) / v_damping;
        pv_y = (pv_y + block.dual_step * v_y) / v_damping;
        pu_y_of[me] = pu_y;
        pv_y_of[me] = pv_y;
        last_p_x_of[me] = vec2f(pu_x.w, pv_x.w);
        workgroupBarrier();
    }

    let result = Place(1u - progress.half, area, false);
    let new_uv = transpose(mat2x4f(u, v));
    let new_p = transpose(mat4x4f(pu_x, pu_y, pv_x, pv_y));
    if mine.x { store(result, first_pixel, new_uv[0], new_p[0]); }
    if mine.y { store(result, first_pixel + 1, new_uv[1], new_p[1]); }
    if mine.z { store(result, first_pixel + 2, new_uv[2], new_p[2]); }
    if mine.w { store(result, first_pixel + 3, new_uv[3], new_p[3]); }

    // The sums over the workgroup, in the memory that held the flow.
    u_of[me] = first_errors;
    v_of[me] = later_errors;
    for (var stride = 128u; stride > 0u; stride /= 2u) {
        workgroupBarrier();
        if me < stride {
            u_of[me] += u_of[me + stride];
            v_of[me] += v_of[me + stride];
        }
    }
    if me == 0u {
        let index = 2u * (group.y * groups.x + group.x);
        errors[index] = u_of[0];
        errors[index + 1u] = v_of[0];
    }
}

// The half of the buffers that is meant, in planes of so many pixels.
struct Place {
    half: u32,
    area: u32,
    smoothed: bool,
}

struct Pixel {
    uv: vec2f,
    p: vec4f,
    terms: vec4f,
}

// Zeros outside of the image.
fn load(place: Place, index: i32, inside: bool) -> Pixel {
    if !inside { return Pixel(); }
    let pixel = u32(index);
    let u_plane = 2u * place.half * place.area;
    var uv: vec2f;
    if place.smoothed {
        uv = smoothed[pixel];
    } else {
        uv = vec2f(flow[u_plane + pixel], flow[u_plane + place.area + pixel]);
    }
    return Pixel(uv, dual[place.half * place.area + pixel], data_term[pixel]);
}

fn store(place: Place, index: i32, uv: vec2f, p: vec4f) {
    let pixel = u32(index);
    let u_plane = 2u * place.half * place.area;
    flow[u_plane + pixel] = uv.x;
    flow[u_plane + place.area + pixel] = uv.y;
    dual[place.half * place.area + pixel] = p;
}

fn between(value: vec4i, low: i32, high: i32) -> vec4<bool> {
    return (value >= vec4i(low)) & (value < vec4i(high));
}
