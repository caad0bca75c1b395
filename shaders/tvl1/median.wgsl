// Stage 5, once an outer iteration: the median of u and of v in a 3×3 or 5×5 neighbourhood, border replicated.

@group(0) @binding(0) var<uniform> size: vec2u;
@group(0) @binding(1) var<storage, read> progress: Progress;
@group(0) @binding(2) var<storage, read> flow: array<f32>;               // [half, u or v, row, column]
@group(0) @binding(3) var<storage, read_write> smoothed: array<vec2f>;

override radius: i32 = 2;

const most_kept = 14;  // for 5×5

// Forgetful selection: of half the values and two, neither the smallest nor the largest can be the median of all. They
// are dropped and another value comes in, until three are left. u and v go through it side by side.
@compute @workgroup_size(16, 16)
fn median(@builtin(global_invocation_id) at: vec3u) {
    if any(at.xy >= size) || progress.converged != 0u || progress.redo != 0u { return; }
    let side = 2 * radius + 1;
    var count = side * side / 2 + 2;
    var next = count;
    var kept: array<vec2f, most_kept>;
    for (var i = 0; i < count; i++) { kept[i] = neighbour(at.xy, i); }
    for (; count > 2; count--) {
        var smallest = kept[0];
        var largest = kept[count - 1];
        for (var i = 1; i < count; i++) {
            let value = kept[i];
            kept[i] = max(smallest, value);
            smallest = min(smallest, value);
        }
        largest = kept[count - 1];
        for (var i = 1; i < count - 1; i++) {
            let value = kept[i];
            kept[i] = min(largest, value);
            largest = max(largest, value);
        }
        kept[0] = neighbour(at.xy, next);
        next++;
    }
    smoothed[at.y * size.x + at.x] = kept[1];
}

// The flow at a pixel around `at`, counted row by row.
fn neighbour(at: vec2u, index: i32) -> vec2f {
    let side = 2 * radius + 1;
    let pixel = nearest(vec2i(at) + vec2i(index % side, index / side) - radius, size);
    let area = size.x * size.y;
    let half = 2u * progress.half * area;
    return vec2f(flow[half + pixel], flow[half + area + pixel]);
}
