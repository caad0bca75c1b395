//! Text rendering into pictures, without a window: for labels in videos.
//!
//! Outlines come from the interface's fonts. The coverage of each pixel is exact: edges add their signed area to the
//! pixels that they cross, and a prefix sum along each row fills the inside (as in Raph Levien's font-rs).

use epaint_default_fonts::NOTO_EMOJI_REGULAR;
use image::{Rgb, RgbImage};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// Inter, for Latin, Greek and Cyrillic letters, then an emoji font; each with its relative scale.
const FONTS: [(&[u8], f32); 2] =
    [(include_bytes!("../../assets/fonts/Inter-SemiBold.otf"), 1.0), (NOTO_EMOJI_REGULAR, 0.81)];
/// Line segments per curve.
const PIECES: usize = 8;
/// Maximum font size.
const MAX_SIZE_PX: f32 = 512.0;

/// A renderer of text into pictures.
pub struct TextRenderer {
    fonts: [(FontRef<'static>, f32); 2],
}

impl Default for TextRenderer {
    fn default() -> Self {
        let font = |(data, scale)| (FontRef::new(data).expect("the font is a part of the program"), scale);
        Self { fonts: FONTS.map(font) }
    }
}

impl TextRenderer {
    /// Returns the width of a line of text, pixels.
    pub fn width(&self, text: &str, size_px: f32) -> f32 {
        text.chars().map(|letter| self.advance(letter, size_px)).sum()
    }

    /// Returns the part of `text` that fits into `width` pixels, with an ellipsis if it is shortened.
    pub fn fitted(&self, text: &str, size_px: f32, width: f32) -> String {
        if self.width(text, size_px) <= width {
            return text.to_owned();
        }
        let mut fitted: String = text.to_owned();
        while fitted.pop().is_some() && self.width(&fitted, size_px) + self.advance('…', size_px) > width {}
        fitted.trim_end().to_owned() + "…"
    }

    /// Draws a line of text that begins at `at` on its baseline, in pixels from the upper left corner, and clips it to
    /// the picture.
    pub fn draw(&self, picture: &mut RgbImage, text: &str, at: [f32; 2], size_px: f32, colour: [u8; 3]) {
        let size_px = size_px.min(MAX_SIZE_PX);
        let mut x = at[0];
        for letter in text.chars() {
            self.draw_letter(picture, letter, [x, at[1]], size_px, colour);
            x += self.advance(letter, size_px);
        }
    }

    fn advance(&self, letter: char, size_px: f32) -> f32 {
        let Some((font, size, glyph)) = self.glyph(letter, size_px) else { return 0.0 };
        font.glyph_metrics(size, LocationRef::default()).advance_width(glyph).unwrap_or(0.0)
    }

    /// Returns the glyph in the first font that has one, else a box; `None` for variation selectors and joiners.
    fn glyph(&self, letter: char, size_px: f32) -> Option<(&FontRef<'static>, Size, GlyphId)> {
        if matches!(letter, '\u{FE00}'..='\u{FE0F}' | '\u{200D}') {
            return None;
        }
        let found = self.fonts.iter().find_map(|(font, scale)| Some((font, scale, font.charmap().map(letter)?)));
        let (font, scale, glyph) = found.unwrap_or((&self.fonts[0].0, &self.fonts[0].1, GlyphId::NOTDEF));
        Some((font, Size::new(scale * size_px), glyph))
    }

    fn draw_letter(&self, picture: &mut RgbImage, letter: char, [x, y]: [f32; 2], size_px: f32, colour: [u8; 3]) {
        let Some((font, size, glyph)) = self.glyph(letter, size_px) else { return };
        let Some(outline) = font.outline_glyphs().get(glyph) else { return };
        // A bitmap for one letter, large enough for accents and descenders.
        let (left, top) = (x.floor() - size_px.ceil(), y.floor() - 2.0 * size_px.ceil());
        let mut pen = Coverage::new(4 * size_px.ceil() as usize, 4 * size_px.ceil() as usize, [x - left, y - top]);
        let settings = DrawSettings::unhinted(size, LocationRef::default());
        if outline.draw(settings, &mut pen).is_ok() {
            pen.fill(|column, row, share| blend(picture, left + column as f32, top + row as f32, share, colour));
        }
    }
}

fn blend(picture: &mut RgbImage, x: f32, y: f32, share: f32, colour: [u8; 3]) {
    if x < 0.0 || y < 0.0 || x >= picture.width() as f32 || y >= picture.height() as f32 {
        return;
    }
    let Rgb(below) = picture.get_pixel_mut(x as u32, y as u32);
    for (channel, ink) in below.iter_mut().zip(colour) {
        *channel = (f32::from(*channel) * (1.0 - share) + f32::from(ink) * share).round() as u8;
    }
}

/// The signed areas under the edges of an outline, per pixel.
struct Coverage {
    width: usize,
    height: usize,
    areas: Vec<f32>,
    /// The origin of the outline; its y axis points upwards.
    origin: [f32; 2],
    start: [f32; 2],
    at: [f32; 2],
}

impl Coverage {
    fn new(width: usize, height: usize, origin: [f32; 2]) -> Self {
        Self { width, height, areas: vec![0.0; width * height + 2], origin, start: origin, at: origin }
    }

    /// Calls `pixel` with column, row and coverage of each pixel with non-zero coverage.
    fn fill(&self, mut pixel: impl FnMut(usize, usize, f32)) {
        let mut sum = 0.0;
        for (i, area) in self.areas[..self.width * self.height].iter().enumerate() {
            sum += area;
            let share = sum.abs().min(1.0);
            if share > 1.0 / 512.0 {
                pixel(i % self.width, i / self.width, share);
            }
        }
    }

    fn place(&self, x: f32, y: f32) -> [f32; 2] {
        [self.origin[0] + x, self.origin[1] - y]
    }

    fn edge_to(&mut self, to: [f32; 2]) {
        let from = std::mem::replace(&mut self.at, to);
        if from[1] == to[1] {
            return;
        }
        let (sign, upper, lower) = if from[1] < to[1] { (1.0, from, to) } else { (-1.0, to, from) };
        let slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
        let limit = self.height as f32;
        for row in upper[1].clamp(0.0, limit) as usize..lower[1].clamp(0.0, limit).ceil() as usize {
            let top = upper[1].max(row as f32);
            let bottom = lower[1].min(row as f32 + 1.0);
            let ends = [top, bottom].map(|y| upper[0] + (y - upper[1]) * slope);
            self.add(row, sign * (bottom - top), ends);
        }
    }

    /// Adds an edge of signed `height` between two x positions within one row: it covers each pixel to its right by
    /// `height`.
    fn add(&mut self, row: usize, height: f32, ends: [f32; 2]) {
        let [left, right] = [ends[0].min(ends[1]), ends[0].max(ends[1])].map(|x| x.clamp(0.0, self.width as f32 - 1.0));
        let (first, last) = (left as usize, right as usize);
        let mut before = 0.0;
        for column in first..=last + 1 {
            // The share of the edge to the left of this column's right side, weighted by the area that it covers.
            let covered = covered_left_of(column as f32 + 1.0, left, right) * height;
            self.areas[row * self.width + column] += covered - before;
            before = covered;
        }
    }
}

/// Returns the mean, over an edge from `left` to `right`, of the share of the pixel ending at `side` that is to the
/// right of the edge.
fn covered_left_of(side: f32, left: f32, right: f32) -> f32 {
    let covered = |x: f32| (side - x).clamp(0.0, 1.0);
    if right - left < 1e-6 {
        return covered(left);
    }
    // The integral of `covered` is piecewise quadratic; its antiderivative at `x`:
    let integral = |x: f32| {
        let inside = covered(x);
        if x <= side - 1.0 { x } else { side - 0.5 - 0.5 * inside * inside }
    };
    (integral(right) - integral(left)) / (right - left)
}

impl OutlinePen for Coverage {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = self.place(x, y);
        self.at = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.edge_to(self.place(x, y));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let [from, control, to] = [self.at, self.place(cx, cy), self.place(x, y)];
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            let at = |i: usize| (1.0 - t).powi(2) * from[i] + 2.0 * t * (1.0 - t) * control[i] + t * t * to[i];
            self.edge_to([at(0), at(1)]);
        }
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let [from, first, second, to] = [self.at, self.place(cx0, cy0), self.place(cx1, cy1), self.place(x, y)];
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            let s = 1.0 - t;
            let at = |i: usize| {
                s.powi(3) * from[i] + 3.0 * s * s * t * first[i] + 3.0 * s * t * t * second[i] + t.powi(3) * to[i]
            };
            self.edge_to([at(0), at(1)]);
        }
    }

    fn close(&mut self) {
        self.edge_to(self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Coverage of a polygon.
    fn coverage(corners: &[[f32; 2]]) -> Vec<f32> {
        let mut pen = Coverage::new(8, 8, [0.0, 8.0]);
        pen.move_to(corners[0][0], corners[0][1]);
        corners[1..].iter().for_each(|[x, y]| pen.line_to(*x, *y));
        pen.close();
        let mut shares = vec![0.0; 64];
        pen.fill(|column, row, share| shares[8 * row + column] = share);
        shares
    }

    #[test]
    fn areas_are_exact() {
        let square = coverage(&[[1.5, 1.25], [5.0, 1.25], [5.0, 6.0], [1.5, 6.0]]);
        let sum: f32 = square.iter().sum();
        assert!((sum - 3.5 * 4.75).abs() < 1e-4, "{sum}");
        assert!((square[8 * 3 + 1] - 0.5).abs() < 1e-5 && square[8 * 3 + 3] == 1.0 && square[8 * 3 + 5] == 0.0);
        assert!((square[8 * 6 + 3] - 0.75).abs() < 1e-5, "the lowest row");
        let triangle = coverage(&[[0.5, 0.5], [6.5, 1.0], [3.0, 7.25]]);
        let area = 0.5 * ((6.0_f32 * 6.75) - (2.5 * 0.5)).abs();
        let sum: f32 = triangle.iter().sum();
        assert!((sum - area).abs() < 0.01, "{sum} {area}");
    }

    #[test]
    fn text_is_drawn_where_it_is_meant_and_cut_off_at_the_edges() {
        let renderer = TextRenderer::default();
        let mut picture = RgbImage::new(200, 60);
        renderer.draw(&mut picture, "Iwave Ж 9 %", [10.0, 40.0], 24.0, [255, 200, 0]);
        let inked = |picture: &RgbImage, x: u32, y: u32| picture.get_pixel(x, y)[0] > 200;
        // The stem of the I: from the baseline up to the cap height, 0.727 em.
        assert!((24..39).all(|y| (11..16).any(|x| inked(&picture, x, y))));
        assert!((0..200).all(|x| !inked(&picture, x, 60 - 1) && !inked(&picture, x, 10)));
        let end = 10.0 + renderer.width("Iwave Ж 9 %", 24.0);
        let last = (0..200).rev().find(|x| (0..60).any(|y| inked(&picture, *x, y))).unwrap() as f32;
        assert!((end - 5.0..end).contains(&last), "{last} {end}");
        for at in [[-30.0, 20.0], [195.0, 200.0], [1e9, -1e9], [f32::NAN, 3.0]] {
            renderer.draw(&mut picture, "手 edge\u{0}", at, 40.0, [255; 3]);
        }
    }

    #[test]
    fn pictograms_are_drawn_and_what_no_font_has_is_a_box() {
        let renderer = TextRenderer::default();
        let drawn = |text: &str| {
            let mut picture = RgbImage::new(60, 60);
            renderer.draw(&mut picture, text, [10.0, 45.0], 32.0, [255; 3]);
            picture
        };
        let inked = |picture: &RgbImage| picture.pixels().filter(|pixel| pixel[0] > 128).count();
        let unknown = drawn("手");
        for name in ["🏃", "👋", "⚽", "✋"] {
            let picture = drawn(name);
            assert!(picture != unknown && inked(&picture) > 60, "{name}: {} pixels", inked(&picture));
            assert!((20.0..45.0).contains(&renderer.width(name, 32.0)), "{name}: {}", renderer.width(name, 32.0));
        }
        assert!(inked(&unknown) > 20);
        assert_eq!(drawn("✋\u{FE0F}"), drawn("✋"));
        assert_eq!(renderer.width("✋\u{FE0F}", 32.0), renderer.width("✋", 32.0));
    }

    #[test]
    fn long_text_ends_in_an_ellipsis() {
        let renderer = TextRenderer::default();
        let fitted = renderer.fitted("a very long class name", 20.0, 100.0);
        assert!(fitted.ends_with('…') && renderer.width(&fitted, 20.0) <= 100.0, "{fitted}");
        assert_eq!(renderer.fitted("wave", 20.0, 100.0), "wave");
        assert_eq!(renderer.fitted("wave", 20.0, 1.0), "…");
    }
}
