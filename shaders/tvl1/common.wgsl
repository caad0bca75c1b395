// Declarations shared by the stages of TV-L1, prepended to each of them.

// Progress of the iteration on a level. Only `decide` writes it.
struct Progress {
    half: u32,           // which half of the flow and of the dual buffer holds the iterate
    converged: u32,      // 1: the rest of this warp is passed over
    redo: u32,           // steps after which the last block should have stopped; 0: it was right
    redo_smoothed: u32,  // whether that block began with the smoothed flow
}

// Index of the pixel `at` in a plane of `size`, clamped to the border.
fn nearest(at: vec2i, size: vec2u) -> u32 {
    let inside = vec2u(clamp(at, vec2i(0), vec2i(size) - 1));
    return inside.y * size.x + inside.x;
}
