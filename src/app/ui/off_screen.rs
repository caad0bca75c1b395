//! Panels rendered off screen: the same widgets, laid out without a window and rasterised by the CPU.

use std::collections::HashMap;

use eframe::egui::epaint::{ClippedPrimitive, ImageDelta, Mesh, Primitive, Vertex};
use eframe::egui::{CentralPanel, ColorImage, Context, Frame, ImageData, Pos2, RawInput, Rect, TextureId, Ui, Vec2};
use image::{Rgb, RgbImage};

use super::theme::{self, PANEL_MARGIN, Tokens};

/// Pixels per point.
const SCALE: f32 = 2.0;
/// Number of passes until layouts are stable.
const PASSES: usize = 3;

/// Returns the picture that `draw` draws on a panel of `size` points, two pixels per point.
pub fn picture(size: Vec2, dark: bool, mut draw: impl FnMut(&mut Ui)) -> RgbImage {
    let ctx = Context::default();
    theme::install(&ctx);
    theme::apply(&ctx, dark);
    ctx.set_pixels_per_point(SCALE);
    let fill = Tokens::for_dark(dark).surface;
    let mut textures = HashMap::new();
    let mut primitives = Vec::new();
    for pass in 0..PASSES {
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, size));
        let input = RawInput { screen_rect, time: Some(pass as f64), ..RawInput::default() };
        let output = ctx.run_ui(input, |ui| {
            let frame = Frame::new().fill(fill).inner_margin(PANEL_MARGIN);
            CentralPanel::default().frame(frame).show(ui, &mut draw);
        });
        for (id, deltas) in &output.textures_delta.set {
            deltas.iter().for_each(|delta| update(&mut textures, *id, delta));
        }
        primitives = ctx.tessellate(output.shapes, SCALE);
    }
    let pixels = (size * SCALE).ceil();
    let mut picture = RgbImage::from_pixel(pixels.x as u32, pixels.y as u32, Rgb([fill.r(), fill.g(), fill.b()]));
    for ClippedPrimitive { clip_rect, primitive } in &primitives {
        let Primitive::Mesh(mesh) = primitive else { continue };
        if let Some(texture) = textures.get(&mesh.texture_id) {
            fill_mesh(&mut picture, mesh, texture, *clip_rect * SCALE);
        }
    }
    picture
}

/// Applies a new texture, or a change of one.
fn update(textures: &mut HashMap<TextureId, ColorImage>, id: TextureId, delta: &ImageDelta) {
    let ImageData::Color(image) = &delta.image;
    match (delta.pos, textures.get_mut(&id)) {
        (Some([left, top]), Some(texture)) => {
            let [width, height] = image.size;
            for y in 0..height {
                let row = (top + y) * texture.size[0] + left;
                texture.pixels[row..row + width].copy_from_slice(&image.pixels[y * width..(y + 1) * width]);
            }
        }
        _ => _ = textures.insert(id, ColorImage::clone(image)),
    }
}

fn fill_mesh(picture: &mut RgbImage, mesh: &Mesh, texture: &ColorImage, clip: Rect) {
    for corners in mesh.indices.chunks_exact(3) {
        let corners = [corners[0], corners[1], corners[2]].map(|index| mesh.vertices[index as usize]);
        fill_triangle(picture, corners, texture, clip);
    }
}

/// Blends a triangle over the pixels whose centres are inside it. Colours are premultiplied by their opacity.
fn fill_triangle(picture: &mut RgbImage, corners: [Vertex; 3], texture: &ColorImage, clip: Rect) {
    let [a, b, c] = corners.map(|corner| corner.pos * SCALE);
    let area = (b - a).x * (c - a).y - (b - a).y * (c - a).x;
    let whole = Rect::from_min_size(Pos2::ZERO, Vec2::new(picture.width() as f32, picture.height() as f32));
    let bounds = Rect::from_points(&[a, b, c]).intersect(clip).intersect(whole);
    if area == 0.0 || !bounds.is_positive() {
        return;
    }
    // Twice the area on the inner side of an edge. A centre on an edge belongs to one of the two triangles beside it.
    let beside = |from: Pos2, to: Pos2, p: Pos2| ((to - from).x * (p - from).y - (to - from).y * (p - from).x) / area;
    let owns = |from: Pos2, to: Pos2| {
        let edge = (to - from) * area.signum();
        edge.y < 0.0 || (edge.y == 0.0 && edge.x > 0.0)
    };
    let edges = [(b, c), (c, a), (a, b)];
    for y in bounds.top() as u32..(bounds.bottom().ceil() as u32).min(picture.height()) {
        for x in bounds.left() as u32..(bounds.right().ceil() as u32).min(picture.width()) {
            let p = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
            let shares = edges.map(|(from, to)| beside(from, to, p));
            let inside =
                shares.iter().zip(edges).all(|(share, (from, to))| *share > 0.0 || *share == 0.0 && owns(from, to));
            if inside && clip.contains(p) {
                blend(picture.get_pixel_mut(x, y), colour(&corners, shares, texture));
            }
        }
    }
}

/// Returns the colour of a point in a triangle with these barycentric coordinates: red, green, blue and opacity, 0…255.
fn colour(corners: &[Vertex; 3], shares: [f32; 3], texture: &ColorImage) -> [f32; 4] {
    let uv = corners.iter().zip(shares).fold(Vec2::ZERO, |sum, (corner, share)| sum + corner.uv.to_vec2() * share);
    let sample = sample(texture, uv);
    let own =
        |i: usize| corners.iter().zip(shares).map(|(corner, share)| f32::from(corner.color[i]) * share).sum::<f32>();
    [0, 1, 2, 3].map(|i| own(i) * sample[i] / 255.0)
}

/// Returns the texture between its four nearest pixels.
fn sample(texture: &ColorImage, uv: Vec2) -> [f32; 4] {
    let [width, height] = texture.size;
    let (x, y) = (uv.x * width as f32 - 0.5, uv.y * height as f32 - 0.5);
    let at = |dx: f32, dy: f32| {
        let column = ((x.floor() + dx).max(0.0) as usize).min(width - 1);
        let row = ((y.floor() + dy).max(0.0) as usize).min(height - 1);
        texture.pixels[row * width + column].to_array().map(f32::from)
    };
    let (right, below) = (x - x.floor(), y - y.floor());
    let corners = [at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0)];
    let weights = [(1.0 - right) * (1.0 - below), right * (1.0 - below), (1.0 - right) * below, right * below];
    [0, 1, 2, 3].map(|i| corners.iter().zip(weights).map(|(corner, weight)| corner[i] * weight).sum())
}

fn blend(pixel: &mut Rgb<u8>, [red, green, blue, opacity]: [f32; 4]) {
    for (below, over) in pixel.0.iter_mut().zip([red, green, blue]) {
        *below = (over + f32::from(*below) * (1.0 - opacity / 255.0)).round().clamp(0.0, 255.0) as u8;
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Color32, RichText, pos2, vec2};

    use super::*;

    #[test]
    fn shapes_and_words_are_filled_in() {
        let red = Color32::from_rgb(250, 10, 20);
        let picture = picture(vec2(200.0, 100.0), true, |ui| {
            ui.painter().rect_filled(Rect::from_min_max(pos2(100.0, 20.0), pos2(150.0, 60.0)), 0.0, red);
            ui.label(RichText::new("Loss").color(Color32::WHITE));
        });
        assert_eq!(picture.dimensions(), (400, 200));
        let surface = Tokens::for_dark(true).surface;
        assert_eq!(picture.get_pixel(399, 199).0, [surface.r(), surface.g(), surface.b()]);
        let inside = (210..290).flat_map(|x| (50..110).map(move |y| (x, y)));
        assert!(inside.into_iter().all(|(x, y)| picture.get_pixel(x, y).0 == [250, 10, 20]), "no seams");
        let ink = |left: u32, right: u32| {
            let pixels = (left..right).flat_map(|x| (20..70).map(move |y| (x, y)));
            pixels.filter(|(x, y)| picture.get_pixel(*x, *y).0[1] > 150).count()
        };
        assert!(ink(20, 90) > 100 && ink(300, 390) == 0, "{} {}", ink(20, 90), ink(300, 390));
    }
}
