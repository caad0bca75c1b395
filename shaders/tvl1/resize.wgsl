// Stage 2 and last: resizes planes bilinearly between pixel centres and multiplies by a gain. Creates the levels of the
// image pyramid, upsamples the flow from level to level, and writes the result.

struct Resize {
    old_size: vec2u,
    new_size: vec2u,
    ratio: vec2f,  // old pixels to a new one
    gain: f32,
}

@group(0) @binding(0) var<uniform> resizing: Resize;
@group(0) @binding(1) var<storage, read> progress: Progress;       // of the old planes, if they are a flow; else zero
@group(0) @binding(2) var<storage, read> old: array<f32>;          // [half, plane, row, column]
@group(0) @binding(3) var<storage, read_write> resized: array<f32>;  // [plane, row, column]

@compute @workgroup_size(16, 16)
fn resize(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) groups: vec3u) {
    if any(at.xy >= resizing.new_size) { return; }
    let size = resizing.old_size;
    let plane = (progress.half * groups.z + at.z) * size.x * size.y;
    let position = clamp((vec2f(at.xy) + 0.5) * resizing.ratio - 0.5, vec2f(0.0), vec2f(size - 1u));
    let corner = vec2i(position);
    let part = position - vec2f(corner);
    let above = mix(old[plane + nearest(corner, size)], old[plane + nearest(corner + vec2i(1, 0), size)], part.x);
    let below = mix(
        old[plane + nearest(corner + vec2i(0, 1), size)],
        old[plane + nearest(corner + vec2i(1, 1), size)],
        part.x,
    );
    let index = (at.z * resizing.new_size.y + at.y) * resizing.new_size.x + at.x;
    resized[index] = resizing.gain * mix(above, below, part.y);
}
