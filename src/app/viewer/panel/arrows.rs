//! Flow as arrows: a mesh whose density follows the zoom and whose lengths follow the common scale.

use eframe::egui::{Color32, Mesh, Pos2, Rect, Vec2, vec2};

use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::flow::{FlowField, colour};

/// Least distance between arrows on the screen, in points.
const SPACING: f32 = 15.0;
/// Most arrows at a time.
const MOST: f32 = 3000.0;
/// Length of an arrow of the full scale, in distances between arrows.
const LONGEST: f32 = 1.5;
/// What is shorter than this on the screen, in points, is drawn as a dot.
const SHORTEST: f32 = 1.5;

/// The arrows of `field`, one unit of which is `units` pixels of the video, that are seen of `picture` in `pane`.
pub fn arrows(field: &FlowField, units: [f32; 2], scale: MagnitudeScale, picture: Rect, pane: Rect) -> Mesh {
    let mut mesh = Mesh::default();
    let seen = picture.intersect(pane);
    if !seen.is_positive() || field.width == 0 || field.height == 0 {
        return mesh;
    }
    let cell = picture.size() / vec2(field.width as f32, field.height as f32);
    let spacing = SPACING.max((seen.area() / MOST).sqrt());
    let step = rounded((spacing / cell.min_elem()).ceil() as usize);
    let reach = LONGEST * step as f32 * cell.min_elem();
    for row in (step / 2..field.height).step_by(step) {
        for column in (step / 2..field.width).step_by(step) {
            let at = picture.min + vec2(column as f32 + 0.5, row as f32 + 0.5) * cell;
            let [u, v] = field.at(column, row);
            if !seen.expand(reach).contains(at) || !FlowField::is_known([u, v]) {
                continue;
            }
            arrow(&mut mesh, at, [u * units[0], v * units[1]], scale, reach);
        }
    }
    mesh
}

/// Rounds up to three binary digits, so that arrows stay where they are while the zoom changes a little.
fn rounded(step: usize) -> usize {
    step.next_multiple_of((step.next_power_of_two() / 8).max(1))
}

/// One arrow that begins at `at`: a dark outline and the colour of its direction on it.
fn arrow(mesh: &mut Mesh, at: Pos2, [u, v]: [f32; 2], scale: MagnitudeScale, reach: f32) {
    let px = u.hypot(v);
    let length = scale.share(px).min(1.0) * reach;
    if length < SHORTEST {
        return mesh.add_colored_rect(Rect::from_center_size(at, Vec2::splat(1.5)), Color32::from_white_alpha(150));
    }
    let along = vec2(u, v) / px;
    let [r, g, b] = colour::colour(along.x, along.y, 1.0);
    // Blue and violet are too dark to stand on a frame.
    let lift = |channel: u8| 70 + (u16::from(channel) * 185 / 255) as u8;
    pointer(mesh, at, along, length, 1.2, Color32::from_black_alpha(190));
    pointer(mesh, at, along, length, 0.0, Color32::from_rgb(lift(r), lift(g), lift(b)));
}

/// Shaft and head, `grown` points larger on all sides.
fn pointer(mesh: &mut Mesh, at: Pos2, along: Vec2, length: f32, grown: f32, color: Color32) {
    let across = along.rot90();
    let head = (length * 0.4).clamp(3.0, 7.0);
    let neck = at + along * (length - head).max(0.0);
    let (half, wing) = (0.6 + grown, head * 0.5 + grown);
    let start = at - along * grown;
    let first = mesh.vertices.len() as u32;
    for corner in [start - across * half, start + across * half, neck + across * half, neck - across * half] {
        mesh.colored_vertex(corner, color);
    }
    let tip = at + along * (length.max(head) + grown * 1.6);
    for corner in [neck - along * grown - across * wing, neck - along * grown + across * wing, tip] {
        mesh.colored_vertex(corner, color);
    }
    mesh.add_triangle(first, first + 1, first + 2);
    mesh.add_triangle(first, first + 2, first + 3);
    mesh.add_triangle(first + 4, first + 5, first + 6);
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    const SCALE: MagnitudeScale = MagnitudeScale { max_px: 2.0, gamma: 1.0 };
    /// Vertices of an arrow with its outline.
    const VERTICES: usize = 14;

    #[test]
    fn arrows_are_few_whatever_the_zoom_and_lie_in_view() {
        let field = FlowField::new(640, 480, vec![[1.0, 0.5]; 640 * 480]);
        let pane = Rect::from_min_size(pos2(10.0, 10.0), vec2(800.0, 600.0));
        for zoom in [1.0, 3.0, 20.0, 60.0] {
            let picture = Rect::from_center_size(pane.center(), pane.size() * zoom);
            let mesh = arrows(&field, [1.0, 1.0], SCALE, picture, pane);
            let count = mesh.vertices.len() / VERTICES;
            assert!((100..=3600).contains(&count), "{count} arrows at {zoom}");
            assert!(mesh.is_valid());
            assert!(pane.expand(200.0).contains_rect(mesh.calc_bounds()));
        }
    }

    #[test]
    fn unknown_vectors_have_no_arrow_and_rest_is_a_dot() {
        let picture = Rect::from_min_size(Pos2::ZERO, vec2(30.0, 30.0));
        let of = |uv| arrows(&FlowField::new(1, 1, vec![uv]), [1.0, 1.0], SCALE, picture, picture).vertices.len();
        assert_eq!(of([f32::NAN, 0.0]), 0);
        assert_eq!(of([0.0, 0.0]), 4);
        assert_eq!(of([0.0, 2.0]), VERTICES);
    }
}
