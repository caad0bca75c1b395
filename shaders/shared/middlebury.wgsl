// The Middlebury colour code of optical flow (Baker et al., "A Database and Evaluation Methodology for Optical
// Flow", IJCV 2011). Its twin on the CPU is src/flow/colour.rs; a test compares the two.

const PI: f32 = 3.14159265358979;
const WHEEL_ENTRIES: u32 = 55u;
// 1e9 as bits: the bits of non-negative floats order like the floats, with infinities and NaN above all others.
const KNOWN_MAX_BITS: u32 = 0x4e6e6b28u;

// Entry k of the wheel, 0…255: ramps from red over yellow, green, cyan, blue and magenta back to red.
fn wheel(k: u32) -> vec3f {
    if k < 15u { return vec3f(255.0, ramp(k, 15u), 0.0); }
    if k < 21u { return vec3f(255.0 - ramp(k - 15u, 6u), 255.0, 0.0); }
    if k < 25u { return vec3f(0.0, 255.0, ramp(k - 21u, 4u)); }
    if k < 36u { return vec3f(0.0, 255.0 - ramp(k - 25u, 11u), 255.0); }
    if k < 49u { return vec3f(ramp(k - 36u, 13u), 0.0, 255.0); }
    return vec3f(255.0, 0.0, 255.0 - ramp(k - 49u, 6u));
}

fn ramp(i: u32, n: u32) -> f32 {
    return f32(255u * i / n);
}

// Whether both components are numbers of at most 1e9. Looks at bits since compilers may assume there is no NaN.
fn is_known(flow: vec2f) -> bool {
    return all((bitcast<vec2u>(flow) & vec2u(0x7fffffffu)) <= vec2u(KNOWN_MAX_BITS));
}

// atan2(-v, -u) / π in −1…1, from the angle of the absolute values and the signs, so that the wheel starts at +0
// and ends at −0 whatever the device makes of atan2 on its axes.
fn direction(flow: vec2f) -> f32 {
    let size = abs(flow);
    var quadrant = 0.0;
    if size.y > 0.0 { quadrant = atan2(size.y, size.x) / PI; }
    let negative = (bitcast<vec2u>(flow) >> vec2u(31u)) == vec2u(1u);
    let angle = select(1.0 - quadrant, quadrant, negative.x);
    return select(-angle, angle, negative.y);
}

// The colour, 0…1 in steps of 1/255, of a flow whose length `longest` is drawn fully saturated; black if unknown.
fn middlebury(flow: vec2f, longest: f32) -> vec3f {
    if !is_known(flow) { return vec3f(0.0); }
    let position = (direction(flow) + 1.0) / 2.0 * f32(WHEEL_ENTRIES - 1u);
    let k = min(u32(position), WHEEL_ENTRIES - 1u);
    let hue = mix(wheel(k), wheel((k + 1u) % WHEEL_ENTRIES), position - f32(k)) / 255.0;
    let radius = length(flow / longest);
    let colour = select(hue * 0.75, 1.0 - radius * (1.0 - hue), radius <= 1.0);
    return floor(255.0 * colour) / 255.0;
}
