//! Indoor backdrops: room, gym, stage, library.

use super::paint::{Colour, Point, cell, floor, fractal, length, lines, mix, repeat, rgb, shade, smoothstep};
use super::plane::ScenePlane;

/// The row in which walls meet the floor.
const WALL_FOOT: f32 = 40.0;

/// Wallpaper, pictures and boards.
pub(super) fn room(seed: u32) -> Vec<ScenePlane> {
    vec![
        ScenePlane::wall(WALL_FOOT, move |p| {
            let [x, y] = [p[0] / 20.0, p[1] / 20.0];
            let petals = (x * std::f32::consts::TAU).cos() * (y * std::f32::consts::TAU).cos();
            let paper = mix(rgb(0x5E8C8A), rgb(0x86B3A8), smoothstep(-0.15, 0.35, petals));
            let paper = shade(paper, 1.0 + 0.12 * fractal(seed, p, 7.0, 3));
            let wall = pictures(seed + 1, p, paper);
            let skirting = smoothstep(WALL_FOOT - 11.0, WALL_FOOT - 9.5, p[1]);
            mix(wall, shade(rgb(0xF2EBDD), 1.0 - 0.25 * lines(p[1] - WALL_FOOT + 3.0, 40.0, 1.5, 1.2)), skirting)
        }),
        floor_boards(seed + 2, rgb(0x9C6238), rgb(0xC98F57), 26.0),
    ]
}

/// Bricks, a painted band and a springy floor with court lines.
pub(super) fn gym(seed: u32) -> Vec<ScenePlane> {
    vec![
        ScenePlane::wall(WALL_FOOT, move |p| {
            let course = floor(p[1] / 9.0);
            let shifted = p[0] + 10.0 * (course & 1) as f32;
            let brick = cell(seed, floor(shifted / 20.0), course);
            let clay = mix(rgb(0xA8583F), rgb(0xD08A62), 0.5 + 0.5 * brick);
            let clay = shade(clay, 1.0 + 0.16 * fractal(seed + 1, p, 5.0, 2));
            let band = smoothstep(1.0, 0.0, (p[1] + 2.0).abs() - 13.0);
            let painted = mix(clay, shade(rgb(0x2C6FA6), 0.9 + 0.15 * brick), 0.85 * band);
            let mortar = lines(shifted, 20.0, 1.4, 1.4).max(lines(p[1], 9.0, 1.4, 1.4));
            mix(painted, rgb(0xE3D5C3), 0.7 * mortar)
        }),
        court(seed + 2),
    ]
}

fn court(seed: u32) -> ScenePlane {
    ScenePlane::ground(WALL_FOOT, move |p, g| {
        let wood = boards(seed, p, g, rgb(0xD9A75F), rgb(0xEDC588), 17.0);
        let circle = ((length(g[0] - 20.0, (g[1] - 350.0) * 1.3) - 95.0).abs() - 3.0).max(0.0);
        let stripe = lines(g[0] - 120.0, 520.0, 7.0, 1.6);
        let line = stripe.max(smoothstep(1.6, 0.0, circle));
        mix(wood, rgb(0xF7F3EA), 0.9 * line)
    })
}

/// A velvet curtain in spotlight.
pub(super) fn stage(seed: u32) -> Vec<ScenePlane> {
    vec![
        ScenePlane::wall(WALL_FOOT, move |p| {
            let folds = p[0] / 15.0 + 0.7 * fractal(seed, [p[0], p[1] * 0.12], 26.0, 2);
            let light = 0.62 + 0.38 * (folds * std::f32::consts::TAU).sin();
            let velvet = mix(rgb(0x5A0F1E), rgb(0xC92F3C), light);
            let velvet = shade(velvet, 1.0 + 0.22 * fractal(seed + 1, [p[0] * 1.5, p[1]], 6.0, 3));
            let hem = smoothstep(1.2, 0.0, (p[1] - WALL_FOOT + 9.0).abs() - 3.5);
            let gold = shade(rgb(0xE0B24C), 0.85 + 0.3 * lines(p[0], 7.0, 3.0, 1.5));
            let spot = 1.15 - 0.55 * smoothstep(40.0, 170.0, length(p[0], p[1] * 1.1));
            shade(mix(velvet, gold, hem), spot)
        }),
        ScenePlane::ground(WALL_FOOT, move |p, g| {
            let glow = 1.25 - 0.6 * smoothstep(30.0, 150.0, length(p[0], (p[1] - 88.0) * 2.4));
            shade(boards(seed + 2, p, g, rgb(0x5A4133), rgb(0x86654B), 24.0), glow)
        }),
    ]
}

/// Shelves full of books, and tiles.
pub(super) fn library(seed: u32) -> Vec<ScenePlane> {
    vec![
        ScenePlane::wall(WALL_FOOT, move |p| books(seed, p)),
        ScenePlane::ground(WALL_FOOT, move |p, g| {
            let (column, row) = (floor(g[0] / 38.0), floor(g[1] / 38.0));
            let tile = if (column + row) & 1 == 1 { rgb(0x6E5A52) } else { rgb(0xDCCFB8) };
            let tile = shade(tile, 1.0 + 0.07 * cell(seed + 1, column, row));
            let joint = lines(g[0], 38.0, 1.6, 1.6).max(lines(g[1], 38.0, 3.0, 2.4));
            mix(shade(tile, 1.0 + 0.15 * fractal(seed + 2, p, 7.0, 3)), rgb(0xA4968A), joint)
        }),
    ]
}

/// Returns the colour of a bookshelf: each shelf is 34 pixels high; books differ in colour and height.
fn books(seed: u32, p: Point) -> Colour {
    const SHELF: f32 = 34.0;
    const PALETTE: [u32; 8] = [0xA23B3B, 0x2F5D7C, 0x4E7D4A, 0xC98B3A, 0x6B4A7E, 0xD8C9A6, 0x3A3F4B, 0x9A6A4A];
    let wood = shade(rgb(0x7A4E2D), 1.0 + 0.25 * fractal(seed, [p[0] * 0.3, p[1] * 2.0], 6.0, 2));
    let (shelf, below_board) = repeat(p[1] - WALL_FOOT + 8.0, SHELF);
    let height_above = SHELF - below_board;
    let (book, aside, width) = book_at(p[0] + 37.0 * shelf as f32);
    let random = |salt: u32| 0.5 + 0.5 * cell(seed + salt, book, shelf);
    let top = 20.0 + 9.0 * random(3);
    let cover = rgb(PALETTE[(random(4) * 7.99) as usize]);
    let spine = shade(cover, 0.72 + 0.4 * smoothstep(width * 0.55, 0.0, aside) + 0.15 * fractal(seed + 5, p, 5.0, 2));
    let label = lines(height_above - 10.0 - 6.0 * random(6), 100.0, 3.0, 1.2);
    let spine = mix(spine, rgb(0xEBDDB5), label * 0.8);
    let gap = shade(wood, 0.35);
    let filled =
        mix(gap, spine, smoothstep(top + 0.6, top - 0.6, height_above) * smoothstep(0.2, 1.0, width / 2.0 - aside));
    mix(filled, wood, smoothstep(4.4, 3.4, height_above))
}

/// Returns the number of the book at `x`, the distance from its centre, and its width: pairs of a thick and a thin one.
fn book_at(x: f32) -> (i32, f32, f32) {
    match repeat(x, 15.0) {
        (pair, within) if within < 8.6 => (pair * 2, (within - 4.3).abs(), 8.6),
        (pair, within) => (pair * 2 + 1, (within - 11.8).abs(), 6.4),
    }
}

/// Framed pictures on a wall, one every 120 pixels.
fn pictures(seed: u32, p: Point, wall: Colour) -> Colour {
    let (number, within) = repeat(p[0] + 24.0, 120.0);
    let [x, y] = [within - 60.0, p[1] + 58.0 + 10.0 * cell(seed, number, 0)];
    let size = [23.0 + 7.0 * cell(seed, number, 1), 19.0];
    let inside = (size[0] - x.abs()).min(size[1] - y.abs());
    let hills = smoothstep(-1.5, 1.5, y - 2.0 - 7.0 * fractal(seed + 2, [p[0], number as f32 * 9.0], 15.0, 2));
    let canvas = mix(rgb(0xF3D9A4), rgb(0x3F6F8C), hills);
    let canvas = shade(canvas, 1.0 + 0.25 * fractal(seed + 3, p, 5.0, 3));
    let frame = shade(rgb(0xB98A3E), 0.85 + 0.3 * fractal(seed + 4, p, 4.0, 2));
    mix(mix(wall, frame, smoothstep(-0.6, 0.6, inside)), canvas, smoothstep(3.4, 4.6, inside))
}

fn floor_boards(seed: u32, dark: Colour, light: Colour, width: f32) -> ScenePlane {
    ScenePlane::ground(WALL_FOOT, move |p, g| boards(seed, p, g, dark, light, width))
}

/// Boards that run away from the viewer; `p` in the picture, `g` on the ground.
fn boards(seed: u32, p: Point, g: Point, dark: Colour, light: Colour, width: f32) -> Colour {
    let board = floor(g[0] / width);
    let shifted = g[1] + 71.0 * cell(seed, board, 7);
    let piece = cell(seed, board, floor(shifted / 120.0));
    let streaks = fractal(seed + 1, [g[0] * 1.6, g[1] * 0.22], 7.0, 3);
    let wood = mix(dark, light, 0.5 + 0.38 * piece + 0.35 * streaks);
    let wood = shade(wood, 1.0 + 0.10 * fractal(seed + 2, p, 5.0, 2));
    let joint = lines(g[0], width, 1.5, 1.5).max(lines(shifted, 120.0, 3.0, 2.4));
    mix(wood, shade(dark, 0.45), 0.8 * joint)
}
