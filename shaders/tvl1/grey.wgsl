// Stage 1: an RGB picture becomes grey, 0…255 in whole numbers, by the fixed-point weights of OpenCV's cvtColor.

@group(0) @binding(0) var<uniform> size: vec2u;
@group(0) @binding(1) var<storage, read> rgb: array<u32>;  // bytes R, G, B, R, …, four to a word
@group(0) @binding(2) var<storage, read_write> image: array<f32>;

@compute @workgroup_size(16, 16)
fn grey(@builtin(global_invocation_id) at: vec3u) {
    if any(at.xy >= size) { return; }
    let pixel = at.y * size.x + at.x;
    let weighted = 9798u * byte(3u * pixel) + 19235u * byte(3u * pixel + 1u) + 3735u * byte(3u * pixel + 2u);
    image[pixel] = f32((weighted + 16384u) >> 15u);
}

fn byte(index: u32) -> u32 {
    return (rgb[index / 4u] >> (8u * (index % 4u))) & 255u;
}
