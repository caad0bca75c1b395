//! Places under the sky: park, beach, street, winter.

use super::paint::{Colour, Point, cell, floor, fractal, lines, mix, noise, repeat, rgb, shade, smoothstep};
use super::plane::{HORIZON, ScenePlane};

/// Meadow, trees and hills on a summer day.
pub(super) fn park(seed: u32) -> Vec<ScenePlane> {
    let far = move |x: f32| HORIZON - 16.0 + 12.0 * noise(seed + 1, [x / 60.0, 0.0]);
    let trees = move |p: Point| HORIZON - 20.0 + 22.0 * noise(seed + 2, [p[0] / 34.0, 0.0]) + leaves(seed + 3, p);
    vec![
        clouds(seed, rgb(0x5FA8DE), rgb(0xD6EDF7)),
        ScenePlane::upright(
            0.12,
            move |p| far(p[0]) - p[1],
            move |p| shade(mix(rgb(0x7FB08A), rgb(0x9CC49A), fractal(seed + 9, p, 22.0, 3) + 0.4), 0.98),
        ),
        ScenePlane::upright(
            0.30,
            move |p| trees(p) - p[1],
            move |p| {
                let leaf = fractal(seed + 4, p, 9.0, 3);
                mix(rgb(0x24592F), rgb(0x6FA84A), 0.45 + 0.55 * leaf + 0.006 * (HORIZON - p[1]))
            },
        ),
        ScenePlane::ground(HORIZON + 12.0, move |p, g| {
            let grass = fractal(seed + 5, g, 26.0, 2) + 0.7 * fractal(seed + 6, [p[0], p[1] * 1.4], 5.0, 2);
            let meadow = mix(rgb(0x4F8F37), rgb(0x9BC651), 0.45 + 0.42 * grass);
            let edge = 46.0 + 9.0 * noise(seed + 7, [g[0] / 60.0, 0.5]);
            let path = smoothstep(edge, edge + 7.0, g[1] - 254.0) * (1.0 - smoothstep(112.0, 122.0, g[1] - 254.0));
            let gravel = shade(rgb(0xD9C49A), 1.0 + 0.20 * fractal(seed + 8, p, 4.0, 2));
            mix(meadow, gravel, path)
        }),
    ]
}

/// Sea, foam and sand.
pub(super) fn beach(seed: u32) -> Vec<ScenePlane> {
    vec![
        clouds(seed, rgb(0x4FB3E8), rgb(0xFBE9CF)),
        ScenePlane::ground(HORIZON, move |p, g| {
            let shore = 30.0 + 5.0 * noise(seed + 1, [p[0] / 42.0, 0.0]) + 2.0 * noise(seed + 2, [p[0] / 12.0, 0.0]);
            let swell = fractal(seed + 3, [p[0] / 3.4, (p[1] - HORIZON).max(0.0).sqrt() * 9.0], 5.0, 3);
            let deep = mix(rgb(0x1B6FA8), rgb(0x3FC1C0), (p[1] - HORIZON) / 52.0);
            let sea = mix(deep, rgb(0xEAF8F5), smoothstep(0.18, 0.75, swell));
            let ripples = 0.5 * fractal(seed + 5, [g[0] / 2.6, g[1]], 9.0, 2) + fractal(seed + 6, p, 4.5, 2);
            let wet = smoothstep(26.0, 0.0, p[1] - shore);
            let sand = shade(mix(rgb(0xEBCF94), rgb(0xB08A58), wet), 1.0 + 0.15 * ripples);
            let foam = smoothstep(5.5, 1.0, (p[1] - shore - 1.0).abs()) * (0.75 + 0.5 * fractal(seed + 7, p, 5.0, 2));
            mix(mix(sea, sand, smoothstep(-1.0, 1.0, p[1] - shore)), rgb(0xFFFFFF), foam)
        }),
    ]
}

/// Distance at which the street begins behind the pavement.
const KERB: f32 = 560.0;

/// Houses with lit windows at dusk.
pub(super) fn street(seed: u32) -> Vec<ScenePlane> {
    let skyline = |seed: u32, width: f32, low: f32, high: f32| {
        move |p: Point| HORIZON - low - high * (0.5 + 0.5 * cell(seed, floor(p[0] / width), 0)) - p[1]
    };
    vec![
        ScenePlane::sky(move |p| {
            let dusk = mix(rgb(0x3E4C8A), rgb(0xF7A072), smoothstep(-120.0, HORIZON, p[1]));
            mix(dusk, rgb(0xFFD9A0), 0.6 * smoothstep(0.1, 0.8, fractal(seed, [p[0], p[1] * 3.0], 60.0, 4)))
        }),
        ScenePlane::upright(0.14, skyline(seed + 1, 27.0, 26.0, 44.0), move |p| {
            windows(seed + 2, p, [9.0, 10.0], rgb(0x5A5C8C), rgb(0xE8C07A))
        }),
        ScenePlane::upright(0.34, skyline(seed + 3, 64.0, 14.0, 46.0), move |p| {
            let house = cell(seed + 5, floor(p[0] / 64.0), 1);
            let plaster = mix(rgb(0x8C4B4A), rgb(0x4B5A74), 0.5 + 0.5 * house);
            let plaster = shade(plaster, 1.0 + 0.18 * fractal(seed + 4, p, 7.0, 3));
            windows(seed + 6, p, [16.0, 19.0], plaster, rgb(0xFFD98A))
        }),
        ScenePlane::ground(HORIZON + 26.0, move |p, g| {
            let (column, row) = (floor(g[0] / 44.0 + 0.5), floor(g[1] / 44.0 + 0.5));
            let tone = 0.5 + 0.5 * cell(seed + 7, column, row);
            let stone = shade(mix(rgb(0x8B8794), rgb(0xABA3A6), tone), 1.0 + 0.20 * fractal(seed + 8, p, 6.0, 3));
            let slabs = mix(stone, rgb(0x5B5866), lines(g[0], 44.0, 2.0, 1.6).max(lines(g[1], 44.0, 3.0, 2.4)));
            let dashes = lines(g[0], 190.0, 95.0, 3.0) * smoothstep(30.0, 22.0, (g[1] - 770.0).abs());
            let asphalt = shade(rgb(0x50505F), 1.0 + 0.25 * fractal(seed + 9, p, 5.0, 3));
            let road = mix(asphalt, rgb(0xE8DDC0), dashes);
            let kerb = smoothstep(9.0, 4.0, (g[1] - KERB).abs());
            mix(mix(slabs, road, smoothstep(KERB - 2.0, KERB + 2.0, g[1])), rgb(0xC9C2BD), kerb)
        }),
    ]
}

/// Snow, firs and mountains.
pub(super) fn winter(seed: u32) -> Vec<ScenePlane> {
    let ridge = move |x: f32| HORIZON - 34.0 - 44.0 * fractal(seed + 1, [x, 0.0], 95.0, 4);
    let firs = move |[x, y]: Point| {
        let (tree, within) = repeat(x, 17.0);
        let height = 24.0 + 15.0 * cell(seed + 2, tree, 0);
        let branch = 0.4 * repeat(y, 5.5).1; // each tier of branches ends in a step
        let aside = (within - 8.5).abs();
        (HORIZON + 8.0 - height + (aside - branch) * 3.6 - y) * 0.3
    };
    vec![
        clouds(seed, rgb(0x86B4DA), rgb(0xEAF0F4)),
        ScenePlane::upright(
            0.10,
            move |p| ridge(p[0]) - p[1],
            move |p| {
                let rock = shade(mix(rgb(0x6C7FA0), rgb(0x93A4BF), fractal(seed + 3, p, 15.0, 3) + 0.5), 1.0);
                let snow = smoothstep(26.0, 12.0, p[1] - ridge(p[0]) + 12.0 * fractal(seed + 4, p, 12.0, 3));
                mix(rock, rgb(0xF6FAFD), snow)
            },
        ),
        ScenePlane::upright(0.32, firs, move |p| {
            let snow = smoothstep(0.05, 0.5, fractal(seed + 5, [p[0], p[1] * 1.3], 7.0, 2));
            mix(shade(rgb(0x23503F), 1.0 + 0.3 * fractal(seed + 6, p, 5.0, 2)), rgb(0xE6EFF2), 0.8 * snow)
        }),
        ScenePlane::ground(HORIZON + 8.0, move |p, g| {
            let drifts = fractal(seed + 7, [g[0], g[1] * 1.6], 52.0, 3) + 0.35 * fractal(seed + 8, p, 6.0, 2);
            let snow = mix(rgb(0xB4CBE3), rgb(0xFCFDFE), 0.58 + 0.55 * drifts);
            let track =
                lines(g[0] + 0.5 * g[1] - 150.0, 400.0, 20.0, 4.0) * (0.4 + 0.3 * noise(seed + 9, [g[1] / 5.0, 0.0]));
            mix(snow, rgb(0x9FB8D6), track)
        }),
    ]
}

/// A sky from `zenith` to `horizon` with white clouds.
fn clouds(seed: u32, zenith: Colour, horizon: Colour) -> ScenePlane {
    ScenePlane::sky(move |p| {
        let air = mix(zenith, horizon, smoothstep(-125.0, HORIZON + 5.0, p[1]));
        let cloud = smoothstep(0.02, 0.62, fractal(seed ^ 0xC10D, [p[0], p[1] * 2.1], 58.0, 4));
        mix(air, shade([1.0; 3], 0.97 + 0.05 * fractal(seed, p, 12.0, 2)), 0.9 * cloud)
    })
}

/// The ragged edge of a crown of leaves.
fn leaves(seed: u32, p: Point) -> f32 {
    5.0 * fractal(seed, p, 10.0, 2)
}

/// A wall with a grid of windows, some of them lit.
fn windows(seed: u32, p: Point, [width, height]: [f32; 2], wall: Colour, lit: Colour) -> Colour {
    let ((column, x), (row, y)) = (repeat(p[0], width), repeat(p[1], height));
    let inside = |x: f32, size: f32| smoothstep(0.5, 1.6, size * 0.29 - (x - size / 2.0).abs() + 1.0);
    let chance = cell(seed, column, row);
    let pane = if chance > 0.1 { shade(lit, 0.75 + 0.3 * chance) } else { shade(wall, 0.55) };
    mix(wall, pane, inside(x, width) * inside(y, height))
}
