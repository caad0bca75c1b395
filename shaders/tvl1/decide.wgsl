// Stage 7, after every block of steps: the stopping rule. One workgroup adds up what `iterate` found.
//
// Both loops stop at the first step whose error is at or below the limit. If that was not the block's last step, the
// block is done again from where it began, with as many steps as it should have had.

struct Decision {
    groups: u32,    // of `iterate`
    steps: u32,     // of the block; 0: the warp ends here
    smoothed: u32,  // whether the block began with the smoothed flow
    limit: f32,     // ε² · area
}

@group(0) @binding(0) var<uniform> decision: Decision;
@group(0) @binding(1) var<storage, read> errors: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> progress: Progress;

var<workgroup> first_errors: array<vec4f, 256>;
var<workgroup> later_errors: array<vec4f, 256>;

@compute @workgroup_size(256)
fn decide(@builtin(local_invocation_index) me: u32) {
    var first = vec4f(0.0);
    var later = vec4f(0.0);
    for (var group = me; group < decision.groups; group += 256u) {
        first += errors[2u * group];
        later += errors[2u * group + 1u];
    }
    first_errors[me] = first;
    later_errors[me] = later;
    for (var stride = 128u; stride > 0u; stride /= 2u) {
        workgroupBarrier();
        if me < stride {
            first_errors[me] += first_errors[me + stride];
            later_errors[me] += later_errors[me + stride];
        }
    }
    if me != 0u { return; }
    if progress.redo != 0u {
        progress.half = 1u - progress.half;
        progress.redo = 0u;
        progress.converged = 1u;
    } else if progress.converged == 0u && decision.steps != 0u {
        judge();
    }
    if decision.steps == 0u { progress.converged = 0u; }
}

fn judge() {
    for (var step = 0u; step + 1u < decision.steps; step++) {
        if error_of(step) <= decision.limit {
            progress.redo = step + 1u;
            progress.redo_smoothed = decision.smoothed;
            return;
        }
    }
    progress.half = 1u - progress.half;
    progress.converged = u32(error_of(decision.steps - 1u) <= decision.limit);
}

fn error_of(step: u32) -> f32 {
    if step < 4u { return first_errors[0][step]; }
    return later_errors[0][step - 4u];
}
