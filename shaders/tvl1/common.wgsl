// What the stages of TV-L1 share. Put before each of them; they make one module.

// How far the iteration of a level has come. `decide` writes it, all others read it.
struct Progress {
    half: u32,           // which half of the flow and of the dual buffer holds the iterate
    converged: u32,      // 1: the rest of this warp is passed over
    redo: u32,           // steps after which the last block should have stopped; 0: it was right
    redo_smoothed: u32,  // whether that block began with the smoothed flow
}

// Where the pixel `at` lies in a plane of `size`, or the nearest one there is.
fn nearest(at: vec2i, size: vec2u) -> u32 {
    let inside = vec2u(clamp(at, vec2i(0), vec2i(size) - 1));
    return inside.y * size.x + inside.x;
}
