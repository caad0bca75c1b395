//! Drawing of annotated frames: frame and flow side by side, the prediction and the top classes below.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::flow::colour;
use crate::nets::MotionSquare;
use crate::nets::fusion::{Firmness, found_text, percent};
use crate::video::{Geometry, TextRenderer};

/// Width of a pane in pixels: smaller pictures are enlarged, so that the text is legible.
const PANE_WIDTHS: std::ops::RangeInclusive<u32> = 320..=960;
/// Delay of flow and classes behind the frame, in seconds, from which it is displayed.
const LATE_SECS: f64 = 0.1;
/// Classes shown as bars.
const BARS: usize = 3;

const BACKGROUND: [u8; 3] = [13, 15, 18];
const TRACK: [u8; 3] = [35, 39, 47];
const BAR: [u8; 3] = [62, 196, 154];
const TEXT: [u8; 3] = [242, 245, 249];
const WEAK: [u8; 3] = [138, 147, 160];

/// The content of an annotated frame.
pub(in crate::engine) struct Annotated<'a> {
    /// The frame.
    pub frame: &'a RgbImage,
    /// The part of it that a stream processed separately.
    pub square: Option<MotionSquare>,
    /// Its flow in colours, in any size, with the length of full saturation in pixels of the video; `None` before the
    /// first.
    pub flow: Option<(&'a RgbImage, f32)>,
    /// Classes with their shares, the top class first; empty for a model without streams.
    pub ranked: &'a [(String, f32)],
    /// Firmness of the top class.
    pub firmness: Firmness,
    /// Classes that a multi-label model shows, drawn instead of the top class; `None` for other models.
    pub found: Option<&'a [String]>,
    /// Seconds after the first frame.
    pub secs: f64,
    /// Delay of flow and classes behind the frame, seconds.
    pub late_secs: f64,
}

/// The layout and fonts for the frames of one clip.
pub(in crate::engine) struct Drawing {
    pane: Geometry,
    /// Height of a line of text.
    line: u32,
    text: TextRenderer,
}

impl Drawing {
    /// Creates the layout for frames of size `frame`.
    pub fn new(frame: Geometry) -> Self {
        // 4:2:0 video needs even sides.
        let width = frame.width.clamp(*PANE_WIDTHS.start(), *PANE_WIDTHS.end()).next_multiple_of(2);
        let height = (u64::from(frame.height) * u64::from(width)).div_ceil(u64::from(frame.width.max(1)));
        let height = (height as u32).clamp(32, 4096).next_multiple_of(2);
        Self { pane: Geometry { width, height }, line: (width / 16).next_multiple_of(2), text: TextRenderer::default() }
    }

    /// Returns the size of the pictures.
    pub fn size(&self) -> Geometry {
        let Geometry { width, height } = self.pane;
        Geometry { width: 2 * width, height: height + (BARS as u32 + 1) * self.line }
    }

    /// Draws the picture.
    pub fn draw(&self, annotated: &Annotated) -> RgbImage {
        let Geometry { width, height } = self.size();
        let mut picture = RgbImage::from_pixel(width, height, Rgb(BACKGROUND));
        imageops::replace(&mut picture, &self.pane(annotated.frame), 0, 0);
        if let Some(square) = &annotated.square {
            self.square(&mut picture, square);
        }
        if let Some((flow, scale_px)) = annotated.flow {
            imageops::replace(&mut picture, &self.pane(flow), i64::from(self.pane.width), 0);
            self.legend(&mut picture, scale_px);
        }
        self.tag(&mut picture, 0, &format!("{:.2} s", annotated.secs));
        let late = Some(annotated.late_secs).filter(|secs| *secs >= LATE_SECS);
        let late = late.map_or(String::new(), |secs| format!(", {secs:.1} s behind"));
        self.tag(&mut picture, self.pane.width, &format!("MotionNet flow{late}"));
        self.answer(&mut picture, annotated);
        for (row, (class, share)) in annotated.ranked.iter().take(BARS).enumerate() {
            self.bar(&mut picture, row as u32, class, *share);
        }
        picture
    }

    /// Returns a picture scaled to the size of a pane.
    pub fn pane(&self, picture: &RgbImage) -> RgbImage {
        let Geometry { width, height } = self.pane;
        if picture.dimensions() == (width, height) {
            return picture.clone();
        }
        imageops::resize(picture, width, height, FilterType::Triangle)
    }

    /// Draws a thin border around a part of the frame: white between dark lines, to be visible on any background.
    fn square(&self, picture: &mut RgbImage, square: &MotionSquare) {
        let Geometry { width, height } = self.pane;
        let at = |share: f32, side: u32| ((share * side as f32).round() as i64).clamp(0, i64::from(side) - 1);
        let [left, right] = [square.left, square.left + square.width].map(|x| at(x, width));
        let [top, bottom] = [square.top, square.top + square.height].map(|y| at(y, height));
        for (inset, colour) in [(0, BACKGROUND), (2, BACKGROUND), (1, TEXT)] {
            let [left, right, top, bottom] = [left + inset, right - inset, top + inset, bottom - inset];
            let across = (left..=right).flat_map(|x| [(x, top), (x, bottom)]);
            let down = (top..=bottom).flat_map(|y| [(left, y), (right, y)]);
            for (x, y) in across.chain(down) {
                picture.put_pixel(
                    x.clamp(0, i64::from(width) - 1) as u32,
                    y.clamp(0, i64::from(height) - 1) as u32,
                    Rgb(colour),
                );
            }
        }
    }

    /// Draws the colour wheel in the lower left corner of the flow, with the length at its rim.
    fn legend(&self, picture: &mut RgbImage, scale_px: f32) {
        let side = (2 * self.line).min(self.pane.height / 2);
        let [left, top] = [self.pane.width, self.pane.height - side];
        let text = format!("{scale_px:.1} px/frame");
        let size = 0.55 * self.line as f32;
        let width = self.text.width(&text, size).ceil() as u32 + self.line / 2;
        fill(picture, [left, top], [side, side], BACKGROUND);
        fill(picture, [left + side, self.pane.height.saturating_sub(self.line)], [width, self.line], BACKGROUND);
        for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
            let [u, v] = [x, y].map(|at| 2.0 * (at as f32 + 0.5) / side as f32 - 1.0);
            if u.hypot(v) <= 1.0 {
                picture.put_pixel(left + x, top + y, Rgb(colour::colour(u, v, 1.0)));
            }
        }
        let at = [(left + side + self.line / 4) as f32, self.pane.height as f32 - 0.3 * self.line as f32];
        self.text.draw(picture, &text, at, size, TEXT);
    }

    /// Draws a short text on a dark background in the upper left corner of a pane.
    fn tag(&self, picture: &mut RgbImage, left: u32, text: &str) {
        let size = 0.55 * self.line as f32;
        let width = self.text.width(text, size).ceil() as u32 + self.line / 2;
        fill(picture, [left, 0], [width, self.line], BACKGROUND);
        let at = [(left + self.line / 4) as f32, 0.7 * self.line as f32];
        self.text.draw(picture, text, at, size, TEXT);
    }

    /// Draws the top class, or all classes that a multi-label model shows, in large letters below the frame.
    fn answer(&self, picture: &mut RgbImage, annotated: &Annotated) {
        let (line, top) = (self.line as f32, self.pane.height as f32);
        let room = self.pane.width as f32 - 1.5 * line;
        let Annotated { ranked, firmness, found, .. } = annotated;
        let (class, share, is_firm) = match (found, ranked.first()) {
            // The probability of one class says nothing of several.
            (Some(found), Some(_)) => (found_text(found), String::new(), !found.is_empty()),
            (None, Some((class, share))) => {
                (firmness.text(class), format!("{} %", percent(*share, 0)), *firmness == Firmness::Sure)
            }
            (_, None) => ("–".into(), String::new(), *firmness == Firmness::Sure),
        };
        let text = self.text.fitted(&class, 1.5 * line, room);
        let color = if is_firm { TEXT } else { WEAK };
        self.text.draw(picture, &text, [0.75 * line, top + 2.0 * line], 1.5 * line, color);
        self.text.draw(picture, &share, [0.75 * line, top + 3.3 * line], 0.9 * line, BAR);
    }

    /// Draws the bar of one class below the flow.
    fn bar(&self, picture: &mut RgbImage, row: u32, class: &str, share: f32) {
        let (line, gap) = (self.line, self.line / 8);
        let [left, top] = [self.pane.width, self.pane.height + line / 2 + row * line];
        let numbers = 3 * line;
        let width = self.pane.width.saturating_sub(numbers + line / 2);
        fill(picture, [left, top + gap], [width, line - 2 * gap], TRACK);
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        fill(picture, [left, top + gap], [(share * width as f32).round() as u32, line - 2 * gap], BAR.map(|c| c / 2));
        let (size, base) = (0.6 * line as f32, top as f32 + 0.71 * line as f32);
        let text = self.text.fitted(class, size, width as f32 - line as f32);
        self.text.draw(picture, &text, [(left + line / 3) as f32, base], size, TEXT);
        let text = format!("{} %", percent(share, 0));
        let right = (2 * self.pane.width - line / 2) as f32 - self.text.width(&text, size);
        self.text.draw(picture, &text, [right, base], size, WEAK);
    }
}

fn fill(picture: &mut RgbImage, [left, top]: [u32; 2], [width, height]: [u32; 2], colour: [u8; 3]) {
    let [right, bottom] = [(left + width).min(picture.width()), (top + height).min(picture.height())];
    for y in top..bottom {
        for x in left..right {
            picture.put_pixel(x, y, Rgb(colour));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::Doubt;

    #[test]
    fn panes_lie_side_by_side_and_bars_are_as_long_as_their_shares() {
        let (red, blue) =
            (RgbImage::from_pixel(64, 48, Rgb([255, 0, 0])), RgbImage::from_pixel(8, 6, Rgb([0, 0, 255])));
        let drawing = Drawing::new(Geometry { width: 64, height: 48 });
        let ranked =
            [("wave".to_owned(), 0.75), ("a very long name of a class indeed, longer than its bar".to_owned(), 0.25)];
        let annotated = |late_secs: f64| Annotated {
            frame: &red,
            square: None,
            flow: Some((&blue, 2.5)),
            ranked: &ranked,
            firmness: Firmness::Sure,
            found: None,
            secs: 1.2,
            late_secs,
        };
        let picture = drawing.draw(&annotated(0.0));
        assert!(
            drawing.draw(&annotated(0.05)) == picture && drawing.draw(&annotated(3.2)) != picture,
            "late flow says so"
        );
        let Geometry { width, height } = drawing.size();
        assert_eq!((picture.dimensions(), width % 2, height % 2), ((width, height), 0, 0));
        assert_eq!((picture.get_pixel(160, 120).0, picture.get_pixel(480, 120).0), ([255, 0, 0], [0, 0, 255]));
        let row = drawing.pane.height + drawing.line / 2 + drawing.line / 4;
        let filled = (0..width).filter(|x| picture.get_pixel(*x, row).0 == BAR.map(|c| c / 2)).count() as f32;
        let track = (0..width).filter(|x| picture.get_pixel(*x, row).0 == TRACK).count() as f32;
        assert!((filled / (filled + track) - 0.75).abs() < 0.02, "{filled} {track}");
        assert!(picture.pixels().any(|pixel| pixel.0 == TEXT), "letters");
        let (side, left) = (2 * drawing.line, drawing.pane.width);
        let middle = picture.get_pixel(left + side / 2, drawing.pane.height - side / 2).0;
        assert!(middle.iter().all(|level| *level > 200), "the wheel is white in its middle: {middle:?}");
        let unsure = drawing.draw(&Annotated {
            frame: &red,
            square: None,
            flow: None,
            ranked: &ranked,
            firmness: Firmness::Unsure(Doubt::NoStream),
            found: None,
            secs: 1.2,
            late_secs: 0.0,
        });
        assert!(unsure != picture && unsure.get_pixel(480, 120).0 == BACKGROUND, "no flow yet");
    }

    #[test]
    fn the_square_that_a_stream_saw_is_a_thin_frame_on_the_picture() {
        let red = RgbImage::from_pixel(320, 240, Rgb([255, 0, 0]));
        let drawing = Drawing::new(Geometry { width: 320, height: 240 });
        let drawn = |square| {
            let (firmness, found, secs, late_secs) = (Firmness::Sure, None, 0.0, 0.0);
            drawing.draw(&Annotated { frame: &red, square, flow: None, ranked: &[], firmness, found, secs, late_secs })
        };
        let square = MotionSquare { left: 0.25, top: 0.5, width: 0.5, height: 0.25 };
        let (with, without) = (drawn(Some(square)), drawn(None));
        let changed = |x, y| with.get_pixel(x, y) != without.get_pixel(x, y);
        assert_eq!(with.get_pixel(81, 150).0, TEXT, "its left edge is white");
        assert_eq!(with.get_pixel(160, 121).0, TEXT, "so is its upper one");
        assert!(changed(239, 150) && changed(160, 180), "dark at the right and below");
        assert!(!changed(160, 150) && !changed(76, 150) && !changed(160, 190), "nothing else is covered");
    }

    #[test]
    fn any_size_of_frame_can_be_drawn() {
        for (width, height) in [(1, 1), (1, 2000), (4000, 3), (1921, 1081)] {
            let frame = RgbImage::new(width, height);
            let drawing = Drawing::new(Geometry { width, height });
            let ranked = [("x".to_owned(), f32::NAN)];
            let picture = drawing.draw(&Annotated {
                frame: &frame,
                square: Some(MotionSquare { left: 0.25, top: 0.5, width: 0.5, height: 0.5 }),
                flow: Some((&frame, 1.0)),
                ranked: &ranked,
                firmness: Firmness::Unsure(Doubt::NoStream),
                found: None,
                secs: 0.0,
                late_secs: 0.0,
            });
            assert_eq!(picture.dimensions(), (drawing.size().width, drawing.size().height));
            assert!(picture.width() <= 1920 && picture.height() <= 4500 && picture.height().is_multiple_of(2));
        }
    }
}
