//! Conversion of raw frames in any pixel format to upright RGB images of the requested sizes.
//!
//! A single FFmpeg filter graph deinterlaces (bwdif, which keeps still parts intact and uses one frame before and one
//! after), then for each requested size scales, converts colours, and rotates.

use std::collections::VecDeque;
use std::sync::Arc;

use ffmpeg::color::Space;
use ffmpeg::filter::{self, Graph};
use ffmpeg::format::Pixel;
use ffmpeg_next as ffmpeg;
use image::RgbImage;

use super::Geometry;
use super::orientation::Orientation;

/// Averaging over the area when shrinking (no aliasing), bilinear when enlarging. Accurate rounding and chroma at
/// full width, because the fast paths shift colours by a few levels.
const SCALING: &str = "area+accurate_rnd+full_chroma_int";

/// Size above which frames without colour information are treated as BT.709, as players do.
const LARGEST_BT601: Geometry = Geometry { width: 1279, height: 576 };

/// The finished pictures of one frame, one per requested size.
pub(super) struct Converted {
    /// The frame they belong to, as given to [`Converter::push`].
    pub index: usize,
    /// Upright RGB pictures.
    pub pictures: Vec<Arc<RgbImage>>,
}

/// The kind of raw picture that a graph was built for.
#[derive(PartialEq, Eq, Clone, Copy)]
struct RawKind {
    format: Pixel,
    geometry: Geometry,
}

/// Converts the frames of one video.
pub(super) struct Converter {
    outputs: Vec<Geometry>,
    orientation: Orientation,
    deinterlace: bool,
    graph: Option<(RawKind, Graph)>,
    /// Indices of the frames inside the graph.
    pending: VecDeque<usize>,
}

impl Converter {
    /// Creates a converter to upright pictures of the sizes `outputs`, at least one.
    pub fn new(outputs: Vec<Geometry>, orientation: Orientation, deinterlace: bool) -> Self {
        Self { outputs, orientation, deinterlace, graph: None, pending: VecDeque::new() }
    }

    /// Returns a copy that deinterlaces.
    pub fn with_separated_fields(&self) -> Self {
        Self::new(self.outputs.clone(), self.orientation, true)
    }

    /// Returns how many frames before a frame must be pushed for the same result as in an uninterrupted run.
    pub fn context(&self) -> usize {
        usize::from(self.deinterlace)
    }

    /// Returns whether frame `index` was pushed and waits for the next one.
    pub fn holds(&self, index: usize) -> bool {
        self.pending.contains(&index)
    }

    /// Pushes the next frame in presentation order; returns the frame that it completes, if any.
    pub fn push(&mut self, index: usize, mut raw: ffmpeg::frame::Video) -> Result<Option<Converted>, ffmpeg::Error> {
        let kind = RawKind { format: raw.format(), geometry: Geometry { width: raw.width(), height: raw.height() } };
        let mut finished = None;
        if self.graph.as_ref().is_none_or(|(built_for, _)| *built_for != kind) {
            finished = self.flush()?;
            self.graph = Some((kind, build_graph(kind, &self.outputs, self.orientation, self.deinterlace)?));
        }
        let Some((_, graph)) = &mut self.graph else { return Ok(finished) };
        name_colours(&mut raw, kind);
        raw.set_pts(Some(index as i64));
        graph.get("in").ok_or(ffmpeg::Error::Bug)?.source().add(&raw)?;
        self.pending.push_back(index);
        Ok(finished.or(self.take()?))
    }

    /// Returns the frame that still waits for the next one, if any, and clears the graph.
    pub fn flush(&mut self) -> Result<Option<Converted>, ffmpeg::Error> {
        let mut finished = None;
        if !self.pending.is_empty()
            && let Some((_, graph)) = &mut self.graph
        {
            graph.get("in").ok_or(ffmpeg::Error::Bug)?.source().flush()?;
            finished = self.take()?;
        }
        self.reset();
        Ok(finished)
    }

    /// Discards all frames.
    pub fn reset(&mut self) {
        self.pending.clear();
        if self.deinterlace {
            self.graph = None; // A graph that has seen frames would mix them into the next one.
        }
    }

    fn take(&mut self) -> Result<Option<Converted>, ffmpeg::Error> {
        let Some((_, graph)) = &mut self.graph else { return Ok(None) };
        let mut pictures = Vec::with_capacity(self.outputs.len());
        for number in 0..self.outputs.len() {
            let mut frame = ffmpeg::frame::Video::empty();
            let mut sink = graph.get(&format!("out{number}")).ok_or(ffmpeg::Error::Bug)?;
            match sink.sink().frame(&mut frame) {
                Ok(()) => pictures.push(Arc::new(rgb_image(&frame))),
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(self.pending.pop_front().map(|index| Converted { index, pictures }))
    }
}

/// Sets the colour matrix of raw pictures without one, because FFmpeg assumes BT.601 for all of them.
fn name_colours(raw: &mut ffmpeg::frame::Video, kind: RawKind) {
    let large = kind.geometry.width > LARGEST_BT601.width || kind.geometry.height > LARGEST_BT601.height;
    if large && raw.color_space() == Space::Unspecified {
        raw.set_color_space(Space::BT709);
    }
}

fn build_graph(
    kind: RawKind,
    outputs: &[Geometry],
    orientation: Orientation,
    deinterlace: bool,
) -> Result<Graph, ffmpeg::Error> {
    let missing = ffmpeg::Error::FilterNotFound;
    let Geometry { width, height } = kind.geometry;
    let format = kind.format.descriptor().ok_or(ffmpeg::Error::InvalidData)?.name();
    let source = format!("video_size={width}x{height}:pix_fmt={format}:time_base=1/1:pixel_aspect=1/1");
    let mut graph = Graph::new();
    graph.add(&filter::find("buffer").ok_or(missing)?, "in", &source)?;
    for number in 0..outputs.len() {
        graph.add(&filter::find("buffersink").ok_or(missing)?, &format!("out{number}"), "")?;
    }
    let mut parser = graph.output("in", 0)?;
    for number in 0..outputs.len() {
        parser = parser.input(&format!("out{number}"), 0)?;
    }
    parser.parse(&graph_text(outputs, orientation, deinterlace))?;
    graph.validate()?;
    Ok(graph)
}

/// Returns the graph in FFmpeg's filter syntax: `in` is the raw picture, `out0`, `out1` … the finished ones.
fn graph_text(outputs: &[Geometry], orientation: Orientation, deinterlace: bool) -> String {
    let mut text = String::from("[in]");
    if deinterlace {
        text += "bwdif=mode=send_frame:deint=interlaced,";
    }
    text += &format!("split={}", outputs.len());
    (0..outputs.len()).for_each(|number| text += &format!("[s{number}]"));
    for (number, &upright) in outputs.iter().enumerate() {
        let Geometry { width, height } = if orientation.transposed { upright.transposed() } else { upright };
        text += &format!(";[s{number}]scale=w={width}:h={height}:flags={SCALING},format=rgb24");
        if !orientation.filters.is_empty() {
            text += &format!(",{}", orientation.filters);
        }
        text += &format!("[out{number}]");
    }
    text
}

/// Copies a finished picture without the padding at the end of its rows.
fn rgb_image(frame: &ffmpeg::frame::Video) -> RgbImage {
    let (width, height) = (frame.width(), frame.height());
    let row = 3 * width as usize;
    let mut pixels = Vec::with_capacity(row * height as usize);
    for line in frame.data(0).chunks(frame.stride(0)).take(height as usize) {
        pixels.extend_from_slice(&line[..row]);
    }
    RgbImage::from_raw(width, height, pixels).expect("the buffer holds exactly height rows of width pixels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_scales_before_it_turns() {
        let turned = Orientation { filters: "transpose=clock", degrees: 90, transposed: true, mirrored: [true, false] };
        let text = graph_text(&[Geometry { width: 20, height: 30 }], turned, true);
        let scaled = format!("scale=w=30:h=20:flags={SCALING},format=rgb24,transpose=clock[out0]");
        assert_eq!(text, format!("[in]bwdif=mode=send_frame:deint=interlaced,split=1[s0];[s0]{scaled}"));
    }
}
