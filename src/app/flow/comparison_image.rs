//! Comparison image of one pair: the frame and every flow in view, each with its name, as in Figure 2 of the paper.

use std::sync::Arc;

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::app::session::Session;
use crate::app::settings::Settings;
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::engine::{SourceFlow, shown_pair};
use crate::flow::colour;
use crate::video::{Frame, TextRenderer};

const BACKGROUND: Rgb<u8> = Rgb([255; 3]);
const TEXT: [u8; 3] = [20, 22, 26];
/// Minimum width of a tile; names below narrower ones are illegible.
const LEAST_WIDTH: u32 = 320;
/// Lines of text below a tile.
const LINES: u32 = 2;
/// Smallest scale of letters, relative to those of a short name.
const SMALLEST: f32 = 0.7;
/// Height of a tile relative to the diameter of the colour wheel in the first flow.
const WHEEL: u32 = 5;

/// The parts of a comparison image. Cheap to collect; drawing it takes a while and needs no window.
pub struct ComparisonImage {
    frame: Arc<Frame>,
    /// The clip, and the number of the frame.
    title: [String; 2],
    /// The flows from this frame, each with the name of its source and its pair.
    flows: Vec<(String, Arc<SourceFlow>)>,
    size: [u32; 2],
    scale: MagnitudeScale,
}

impl ComparisonImage {
    /// Returns the frame on screen with the flows in view of its pair; `None` if there is neither. Sources that are
    /// still computing another pair are left out.
    pub fn of(settings: &Settings, session: &Session) -> Option<Self> {
        let (frame, clip) = (session.frame.clone()?, session.clip.as_ref()?);
        let stride = settings.flow.stride();
        let [begins, _] = shown_pair(frame.index, session.frames(), session.selection, stride);
        let named = |source| {
            let flow = session.flow.source(source).flow.clone().filter(|flow| flow.frame == begins)?;
            let draft = if flow.is_draft { ", draft" } else { "" };
            let pair = settings.frame_numbers.pair(flow.frame, flow.stride);
            Some((format!("{}{draft}, {pair}", session.flow.name_of(source)), flow))
        };
        let clip_name = clip.path.file_stem().unwrap_or_default().to_string_lossy();
        let title = [clip_name.into_owned(), format!("frame {}", settings.frame_numbers.number(frame.index))];
        let flows: Vec<_> = settings.views.flow_sources().into_iter().filter_map(named).collect();
        let scale = MagnitudeScale::of(settings, session);
        (!flows.is_empty()).then(|| Self { frame, title, flows, size: [clip.width, clip.height], scale })
    }

    /// Draws all tiles at the size of the video, or larger where that is small, in rows that make the picture about square.
    pub fn draw(&self) -> RgbImage {
        let [width, height] = self.size;
        let enlargement = LEAST_WIDTH.div_ceil(width.max(1)).max(1);
        let tile = [width * enlargement, height * enlargement];
        let line = (tile[0] / 14).max(18);
        let count = self.flows.len() as u32 + 1;
        let columns = (1..=count).find(|columns| columns * columns >= count).unwrap_or(count);
        let rows = count.div_ceil(columns);
        let caption = LINES * line;
        let mut image = RgbImage::from_pixel(columns * tile[0], rows * (tile[1] + caption), BACKGROUND);
        let text = TextRenderer::default();
        let mut place = |index: u32, picture: &RgbImage, names: [&str; LINES as usize]| {
            let scaled = imageops::resize(picture, tile[0], tile[1], FilterType::Triangle);
            let [x, y] = [index % columns * tile[0], index / columns * (tile[1] + caption)];
            imageops::replace(&mut image, &scaled, x.into(), y.into());
            let room = (tile[0] - line) as f32;
            for (name, row) in names.into_iter().zip(0_u8..) {
                // Smaller where it is long, but not too small to be read.
                let size_px = 0.62 * line as f32;
                let size_px = size_px * (room / text.width(name, size_px)).clamp(SMALLEST, 1.0);
                let name = text.fitted(name, size_px, room);
                let baseline = (y + tile[1]) as f32 + (f32::from(row) + 0.78) * line as f32;
                text.draw(&mut image, &name, [x as f32 + 0.5 * line as f32, baseline], size_px, TEXT);
            }
        };
        place(0, &self.frame.display, self.title.each_ref().map(String::as_str));
        for ((name, flow), index) in self.flows.iter().zip(1..) {
            let field = flow.flow.at_size(width as usize, height as usize);
            let coloured = colour::bent_picture(&field, self.scale.max_px, self.scale.gamma);
            place(index, &coloured, [name, &format!("up to {}", self.scale.in_words(flow.stride))]);
        }
        // The first flow is beside the frame.
        self.draw_wheel(&mut image, [2 * tile[0], tile[1]], tile[1] / WHEEL);
        image
    }

    /// Draws the colour wheel with its lower right corner at `corner`: the colours of all directions, largest at the rim.
    fn draw_wheel(&self, image: &mut RgbImage, corner: [u32; 2], diameter: u32) {
        let radius = diameter as f32 / 2.0;
        let margin = diameter / 8;
        for (x, y) in (0..diameter).flat_map(|y| (0..diameter).map(move |x| (x, y))) {
            let [u, v] = [x, y].map(|at| (at as f32 + 0.5 - radius) / radius);
            if u.hypot(v) <= 1.0 {
                let colour = self.scale.colour([u, v].map(|part| part * self.scale.max_px));
                let at = [corner[0] - margin - diameter + x, corner[1] - margin - diameter + y];
                image.put_pixel(at[0], at[1], Rgb(colour));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::flow::tests::Window;
    use crate::app::viewer::presets::ViewPreset;
    use crate::engine::FlowSource;

    #[test]
    fn a_comparison_has_a_tile_for_the_frame_and_each_flow_of_it() {
        let mut window = Window::new([1280.0, 800.0], ViewPreset::Rivals.views());
        let app = window.harness.state_mut();
        let image = ComparisonImage::of(&app.settings, &app.session).unwrap();
        let names: Vec<_> = image.flows.iter().map(|(name, _)| name.as_str()).collect();
        let pair = app.settings.frame_numbers.pair(image.frame.index, 1);
        let expected = ["TV-L1", "MotionNet of the model"].map(|name| format!("{name}, {pair}"));
        assert_eq!(names, expected, "there is no second network");
        let drawn = image.draw();
        let line = 320 / 14;
        assert_eq!(drawn.dimensions(), (2 * 320, 2 * (240 + LINES * line)));
        let (scale, field) = (image.scale, image.flows[0].1.flow.at_size(320, 240));
        assert_eq!(drawn.get_pixel(320 + 100, 50).0, scale.colour(field.at(100, 50)), "TV-L1 beside the frame");
        // The wheel in the lower right corner of the first flow: 48 pixels wide, 6 from the edges, rightwards flow at its right.
        let [u, v] = [46.5, 24.5].map(|at| (at - 24.0) / 24.0 * scale.max_px);
        assert_eq!(drawn.get_pixel(640 - 6 - 48 + 46, 240 - 6 - 48 + 24).0, scale.colour([u, v]));
        let is_text = |y: u32| (0..640).any(|x| drawn.get_pixel(x, y).0 == TEXT);
        assert!((240..240 + LINES * line).any(is_text), "names below");

        // Another frame is on the screen: its flow is not there yet.
        let mut frame = Frame::clone(app.session.frame.as_ref().unwrap());
        frame.index += 1;
        app.session.frame = Some(Arc::new(frame.clone()));
        assert!(ComparisonImage::of(&app.settings, &app.session).is_none());
        assert!(app.session.flow.source(FlowSource::Tvl1).flow.is_some());
        // The last frame begins no pair, so the last pair is on screen.
        app.session.clip.as_mut().unwrap().frames = frame.index + 1;
        let last = ComparisonImage::of(&app.settings, &app.session).unwrap();
        assert_eq!(last.flows.len(), image.flows.len());
        assert_eq!(last.title[1], format!("frame {}", frame.index));
        // Of seven frames two apart, frame 5 is the last of its phase: 3 → 5 is on the screen.
        app.settings.flow.stride = 2;
        (frame.index, app.session.clip.as_mut().unwrap().frames) = (5, 7);
        app.session.frame = Some(Arc::new(frame));
        assert_eq!(ComparisonImage::of(&app.settings, &app.session).unwrap().flows.len(), image.flows.len());
    }
}
