// Stage 5, once an outer iteration: the median of u and of v in a 3×3 or 5×5 neighbourhood, border replicated. Both
// components go through it side by side.
//
// Exchanges at fixed places, so that the values stay in registers. The columns of a square are shared with its
// neighbours: the workgroup sorts each once. With the rows of that sorted as well, the sample at rank i of its column
// and rank j of its row has at least (i+1)(j+1) − 1 others that are no larger and (n−i)(n−j) − 1 that are no smaller.
// Where that is more than half of all others on one side, the sample cannot be the median; as many fall out on either
// side, so that the median of those left is the median of all: 3 of 9, 13 of 25.

@group(0) @binding(0) var<uniform> size: vec2u;
@group(0) @binding(1) var<storage, read> progress: Progress;
@group(0) @binding(2) var<storage, read> flow: array<f32>;               // [half, u or v, row, column]
@group(0) @binding(3) var<storage, read_write> smoothed: array<vec2f>;

override radius: u32 = 2;

const side = 16u;
const columns_max = 320;  // 16 rows of 20

// Each rank of the sorted columns around every pixel of the workgroup and beside it.
var<workgroup> ranks: array<array<vec2f, columns_max>, 5>;

// The values being sorted.
var<private> values: array<vec2f, 13>;

@compute @workgroup_size(16, 16)
fn median(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_id) local: vec3u,
    @builtin(local_invocation_index) me: u32,
) {
    if progress.converged != 0u || progress.redo != 0u { return; }
    let row_length = side + 2u * radius;
    let first = vec2i(side * group.xy) - vec2i(i32(radius), 0);
    for (var i = me; i < side * row_length; i += side * side) {
        sort_column(first + vec2i(vec2u(i % row_length, i / row_length)), i);
    }
    workgroupBarrier();
    let at = side * group.xy + local.xy;
    if any(at >= size) { return; }
    let start = local.y * row_length + local.x;
    if radius == 1u { middle_of_9(start); } else { middle_of_25(start); }
    smoothed[at.y * size.x + at.x] = values[0];
}

// Sorts the column around `at` into place `i` of the ranks.
fn sort_column(at: vec2i, i: u32) {
    if radius == 1u {
        values[0] = flow_at(at - vec2i(0, 1));
        values[1] = flow_at(at);
        values[2] = flow_at(at + vec2i(0, 1));
        sort_3();
    } else {
        values[0] = flow_at(at - vec2i(0, 2));
        values[1] = flow_at(at - vec2i(0, 1));
        values[2] = flow_at(at);
        values[3] = flow_at(at + vec2i(0, 1));
        values[4] = flow_at(at + vec2i(0, 2));
        sort_5();
        ranks[3][i] = values[3];
        ranks[4][i] = values[4];
    }
    ranks[0][i] = values[0];
    ranks[1][i] = values[1];
    ranks[2][i] = values[2];
}

fn flow_at(at: vec2i) -> vec2f {
    let pixel = nearest(at, size);
    let area = size.x * size.y;
    let half = 2u * progress.half * area;
    return vec2f(flow[half + pixel], flow[half + area + pixel]);
}

// Writes the median of the square whose columns start at `start` to the first value.
fn middle_of_9(start: u32) {
    load_3(0u, start);
    sort_3();
    let a = values[2];
    load_3(1u, start);
    sort_3();
    let b = values[1];
    load_3(2u, start);
    sort_3();
    values[1] = a;
    values[2] = b;
    sort_3();
    values[0] = values[1];
}

fn middle_of_25(start: u32) {
    load_5(0u, start);
    sort_5();
    let a = array(values[3], values[4]);
    load_5(1u, start);
    sort_5();
    let b = array(values[2], values[3], values[4]);
    load_5(2u, start);
    sort_5();
    let c = array(values[1], values[2], values[3]);
    load_5(3u, start);
    sort_5();
    let d = array(values[0], values[1], values[2]);
    load_5(4u, start);
    sort_5();
    let e = array(values[0], values[1]);
    values = array(a[0], a[1], b[0], b[1], b[2], c[0], c[1], c[2], d[0], d[1], d[2], e[0], e[1]);
    // Of more than half of the values neither the smallest nor the largest can be the median: both are dropped, the
    // next value joins, and so on until one is left. What the sorted rows and columns imply is not compared again;
    // that these exchanges are enough was checked on every square of zeros and ones (the 0-1 principle).
    exchange(0, 2); exchange(4, 7); exchange(1, 8); exchange(1, 4); exchange(4, 8); exchange(6, 8); exchange(3, 6);
    exchange(4, 5); exchange(2, 4); exchange(5, 9); exchange(6, 9); exchange(3, 5); exchange(6, 10); exchange(4, 11);
    exchange(5, 6); exchange(4, 5); exchange(6, 11); exchange(5, 12); exchange(5, 6); exchange(6, 12);
    values[0] = values[6];
}

fn load_3(rank: u32, start: u32) {
    values[0] = ranks[rank][start];
    values[1] = ranks[rank][start + 1u];
    values[2] = ranks[rank][start + 2u];
}

fn load_5(rank: u32, start: u32) {
    load_3(rank, start);
    values[3] = ranks[rank][start + 3u];
    values[4] = ranks[rank][start + 4u];
}

fn sort_3() {
    exchange(0, 1); exchange(1, 2); exchange(0, 1);
}

fn sort_5() {
    exchange(0, 1); exchange(3, 4); exchange(2, 4); exchange(2, 3); exchange(1, 4);
    exchange(0, 3); exchange(0, 2); exchange(1, 3); exchange(1, 2);
}

fn exchange(low: i32, high: i32) {
    let a = values[low];
    let b = values[high];
    values[low] = min(a, b);
    values[high] = max(a, b);
}
