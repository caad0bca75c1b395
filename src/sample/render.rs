//! Rendering of layers: the picture and, from the same maps, the exact flow.

use image::RgbImage;
use rayon::prelude::*;

use super::affine::Affine;
use super::part::BodyPart;
use crate::flow::FlowField;
use crate::video::Geometry;

/// Transmittance below which deeper layers cannot change a byte.
const OPAQUE_BELOW: f32 = 1.0 / 512.0;

/// A part with its maps into this frame and into the next one.
pub(super) struct RenderLayer<'a> {
    pub part: &'a BodyPart,
    pub now: Affine,
    pub next: Affine,
}

/// Renders `layers`, given from back to front, and the flow of every pixel.
///
/// The flow of a pixel is that of the front-most layer that covers at least half of it, evaluated at its centre.
pub(super) fn render(layers: &[RenderLayer<'_>], geometry: Geometry) -> (RgbImage, FlowField) {
    let (width, height) = (geometry.width as usize, geometry.height as usize);
    let prepared: Vec<Prepared<'_>> = layers.iter().rev().map(Prepared::new).collect(); // front to back
    let mut bytes = vec![0; width * height * 3];
    let mut uv = vec![[0.0; 2]; width * height];
    let rows = bytes.par_chunks_mut(width * 3).zip(uv.par_chunks_mut(width)).enumerate();
    rows.for_each(|(y, (pixels, flow))| {
        let crossing: Vec<&Prepared<'_>> = prepared.iter().filter(|layer| layer.crosses(y)).collect();
        for (x, (pixel, flow)) in pixels.chunks_exact_mut(3).zip(flow).enumerate() {
            let (colour, motion) = look(&crossing, [x as f64 + 0.5, y as f64 + 0.5]);
            pixel.copy_from_slice(&colour);
            *flow = motion;
        }
    });
    let picture = RgbImage::from_raw(geometry.width, geometry.height, bytes).expect("three bytes were made per pixel");
    (picture, FlowField::new(width, height, uv))
}

/// Returns colour and flow at the point `p` of the picture, through layers given from front to back.
fn look(layers: &[&Prepared<'_>], p: [f64; 2]) -> ([u8; 3], [f32; 2]) {
    let mut colour = [0.0; 3];
    let mut motion = None;
    let mut transparency = 1.0;
    for layer in layers.iter().filter(|layer| layer.spans(p[0])) {
        let [x, y] = layer.to_local.apply(p);
        let local = [x as f32, y as f32];
        let distance_px = (layer.part.outline)(local) * layer.scale;
        let coverage = (0.5 - distance_px / layer.part.softness).clamp(0.0, 1.0);
        if coverage == 0.0 {
            continue;
        }
        let alpha = coverage * layer.part.opacity;
        let paint = (layer.part.paint)(local);
        for (sum, channel) in colour.iter_mut().zip(paint) {
            *sum += transparency * alpha * channel;
        }
        transparency *= 1.0 - alpha;
        if motion.is_none() && alpha >= 0.5 {
            let to = layer.motion.apply(p);
            motion = Some([(to[0] - p[0]) as f32, (to[1] - p[1]) as f32]);
        }
        if transparency < OPAQUE_BELOW {
            break;
        }
    }
    (colour.map(|channel| (channel * 255.0 + 0.5) as u8), motion.unwrap_or_default())
}

/// A layer with precomputed values for pixels.
struct Prepared<'a> {
    part: &'a BodyPart,
    to_local: Affine,
    /// Map from this frame's picture to the next one's.
    motion: Affine,
    /// Pixels per unit of the part.
    scale: f32,
    /// Ranges of columns and rows that contain the part, edges included.
    columns: [f64; 2],
    rows: [f64; 2],
}

impl<'a> Prepared<'a> {
    fn new(layer: &RenderLayer<'a>) -> Self {
        let to_local = layer.now.inverse();
        let scale = layer.now.scale();
        let [columns, rows] = bounds(layer, f64::from(layer.part.softness));
        Self { part: layer.part, to_local, motion: to_local.then(&layer.next), scale: scale as f32, columns, rows }
    }

    fn crosses(&self, y: usize) -> bool {
        let y = y as f64 + 0.5;
        self.rows[0] <= y && y <= self.rows[1]
    }

    fn spans(&self, x: f64) -> bool {
        self.columns[0] <= x && x <= self.columns[1]
    }
}

/// Returns the columns and rows that a layer can touch; all of them for one without an extent.
fn bounds(layer: &RenderLayer<'_>, margin: f64) -> [[f64; 2]; 2] {
    let [low, high] = layer.part.extent;
    if !low[0].is_finite() {
        return [[f64::NEG_INFINITY, f64::INFINITY]; 2];
    }
    let mut bounds = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
    for (x, y) in [(low[0], low[1]), (low[0], high[1]), (high[0], low[1]), (high[0], high[1])] {
        let corner = layer.now.apply([f64::from(x), f64::from(y)]);
        for (range, value) in bounds.iter_mut().zip(corner) {
            *range = [range[0].min(value - margin), range[1].max(value + margin)];
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::super::part::Capsule;
    use super::*;

    fn at(x: f64, y: f64, degrees: f64) -> Affine {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Affine { x_axis: [cos, sin], y_axis: [-sin, cos], origin: [x, y] }
    }

    fn disc(radius: f32, colour: [f32; 3]) -> BodyPart {
        let circle = Capsule::circle([0.0; 2], radius);
        let extent = [[-radius; 2], [radius; 2]];
        BodyPart::solid(extent, Box::new(move |p| circle.distance(p)), Box::new(move |_| colour))
    }

    #[test]
    fn the_front_surface_gives_colour_and_flow_and_shadows_none() {
        let (back, front, shadow) =
            (disc(100.0, [1.0, 0.0, 0.0]), disc(6.0, [0.0, 1.0, 0.0]), BodyPart::shadow(20.0, 20.0));
        let layers = [
            RenderLayer { part: &back, now: at(16.0, 16.0, 0.0), next: at(17.5, 16.0, 0.0) },
            RenderLayer { part: &shadow, now: at(16.0, 16.0, 0.0), next: at(40.0, 16.0, 0.0) },
            RenderLayer { part: &front, now: at(16.0, 16.0, 0.0), next: at(16.0, 14.0, 30.0) },
        ];
        let (picture, flow) = render(&layers, Geometry { width: 32, height: 32 });

        assert_eq!(picture.get_pixel(18, 16).0, [0, 255, 0]);
        // The pixel centre is at (2.5, 0.5) from the disc's centre, rotates by 30° and rises by 2.
        let (sin, cos) = 30f64.to_radians().sin_cos();
        let exact = [2.5 * cos - 0.5 * sin - 2.5, 2.5 * sin + 0.5 * cos - 0.5 - 2.0];
        assert_eq!(flow.at(18, 16), exact.map(|component| component as f32));

        let [red, green, _] = picture.get_pixel(26, 16).0;
        assert!(red < 200 && green < 20, "the back is darkened by the shadow: {red}, {green}");
        assert_eq!(flow.at(26, 16), [1.5, 0.0]);
    }
}
