//! Computes the flow of a [`FlowSource`]: MotionNet within the model, or a two-stage source, whose flow is precomputed
//! and quantised to the 256 levels of stored images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use rayon::prelude::*;

use super::clip_flow::{ClipFlow, Stacking, Stacks};
use crate::data::LabelledClip;
use crate::error::{Error, Result};
use crate::flow::codec::CodecFlow;
use crate::flow::dis::{Dis, DisPreset};
use crate::flow::files::{self, DEFAULT_BOUND_PX, StreamPair, as_stored_px, read_two_stream};
use crate::flow::tvl1::{Tvl1, Tvl1Parameters};
use crate::flow::{FlowEstimator, FlowField, check_stop};
use crate::nets::{FlowSource, MotionNetwork};
use crate::plural::counted;
use crate::video::{Geometry, first_frame, missing_frames};

impl FlowSource {
    /// Returns the division of a clip of `frames` frames into flow stacks.
    pub(in crate::training) fn stacking(self, frames: usize, network: &MotionNetwork) -> Stacking {
        Stacking { frames, span: if self.needs_network() { network.frames() } else { 2 } }
    }

    /// Returns the flow of the whole of `clip`, whose `frames` (at least one) have the size that the flow is computed
    /// for. `network` is used if the source [needs one](Self::needs_network).
    ///
    /// # Errors
    /// If the clip cannot be read, lacks this source (image folders have no motion vectors, videos no flow images), or
    /// the device fails.
    pub fn clip_flow(self, clip: &LabelledClip, frames: &[RgbImage], network: &MotionNetwork) -> Result<ClipFlow> {
        self.stretch_flow(clip, 0, frames, network, &|| false)
    }

    /// Like [`clip_flow`](Self::clip_flow), for a part of the clip: the `frames` starting at index `first`, treated as
    /// a whole clip. Aborts with an error when `stop`, which is checked between pairs, returns `true`.
    ///
    /// # Errors
    /// Those of [`clip_flow`](Self::clip_flow), and if it was stopped.
    pub fn stretch_flow(
        self,
        clip: &LabelledClip,
        first: usize,
        frames: &[RgbImage],
        network: &MotionNetwork,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<ClipFlow> {
        let stacking = self.stacking(frames.len(), network);
        let all: Vec<usize> = stacking.all().collect();
        let stacks = if self.needs_network() {
            let window = |&stack: &usize| stacking.frames_of(stack).map(|frame| &frames[frame]).collect();
            self.of_windows(&all.iter().map(window).collect::<Vec<_>>(), network)?
        } else {
            let stretch = Stretch { clip, first, frames: frames.len(), size: size_of(frames) };
            self.of_pairs(&stretch, &all, &|frame| &frames[frame], stop)?
        };
        Ok(whole(stacking, stacks))
    }

    /// Returns the flow of `frames` by `method`, quantised to the 256 levels of stored images like that of the other
    /// two-stage sources.
    ///
    /// # Errors
    /// If the device of the method fails.
    pub fn flow_by(method: &mut dyn FlowEstimator, frames: &[RgbImage]) -> Result<ClipFlow> {
        let fields = frames.windows(2).map(|pair| method.estimate(&pair[0], &pair[1])).collect::<Result<_>>()?;
        let fields = through_pictures(fields).into_iter().map(Some).chain([None]); // no motion after the last frame
        Ok(whole(Stacking { frames: frames.len(), span: 2 }, Stacks::of_pairs(fields, size_of(frames))))
    }

    /// Returns the flow of each of `pairs`, all of one size, in the format of a stream trained on this source: raw, at
    /// half that size, `[1, 2, h/2, w/2]` on `device`. Only for TV-L1 and DIS, as the other sources need more than two
    /// images.
    ///
    /// # Errors
    /// If the parameters of the method are invalid.
    pub fn of_pictures(self, pairs: &[[&RgbImage; 2]], device: &Device) -> Result<Vec<Tensor<4>>> {
        let Some([first, _]) = pairs.first() else { return Ok(Vec::new()) };
        let (width, height) = first.dimensions();
        let fields = self.classical(pairs, &|| false)?;
        let Stacks { grid, values } = Stacks::of_pairs(fields.into_iter().map(Some), Geometry { width, height });
        let shape = [1, 2, grid.height, grid.width];
        Ok(values.into_iter().map(|values| Tensor::from_data(TensorData::new(values, shape), device)).collect())
    }

    /// Returns the flow of `pairs` by TV-L1 or DIS, quantised like stored images.
    fn classical(self, pairs: &[[&RgbImage; 2]], stop: &(dyn Fn() -> bool + Sync)) -> Result<Vec<FlowField>> {
        let fields = match (self.tvl1_parameters(), self.dis_preset()) {
            (Some(parameters), _) => tvl1(parameters, pairs, stop)?,
            (_, Some(preset)) => dis(preset, pairs, stop)?,
            _ => {
                let cause = format!("{} cannot be computed from two pictures", self.in_words());
                return Err(Error::new("flow source", cause, "Choose TV-L1 or DIS"));
            }
        };
        Ok(through_pictures(fields))
    }

    /// Returns the parameters of TV-L1, if it is the source.
    pub fn tvl1_parameters(self) -> Option<Tvl1Parameters> {
        match self {
            Self::Tvl1 => Some(Tvl1Parameters::opencv()),
            Self::Tvl1Fast => Some(Tvl1Parameters::fast()),
            _ => None,
        }
    }

    /// Returns the preset of DIS, if it is the source.
    pub fn dis_preset(self) -> Option<DisPreset> {
        match self {
            Self::Dis => Some(DisPreset::Medium),
            Self::DisFast => Some(DisPreset::Fast),
            Self::DisUltrafast => Some(DisPreset::Ultrafast),
            _ => None,
        }
    }

    /// Returns the flow of `network` in `windows`, at least one, for a source that needs a network.
    ///
    /// # Errors
    /// If the device fails.
    pub(in crate::training) fn of_windows(self, windows: &[Vec<&RgbImage>], network: &MotionNetwork) -> Result<Stacks> {
        let stacks = Stacks::of_network(network, windows)?;
        Ok(if self == Self::MotionNetStored { stacks.mapped_px(as_stored) } else { stacks })
    }

    /// Returns the flow from each of the frames `starts` of `stretch` to the next, for a source that needs no network.
    /// `picture` provides frames if the source [needs them](Self::needs_pictures).
    ///
    /// # Errors
    /// Same as [`Self::stretch_flow`].
    pub(in crate::training) fn of_pairs<'p>(
        self,
        stretch: &Stretch<'_>,
        starts: &[usize],
        picture: &dyn Fn(usize) -> &'p RgbImage,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Stacks> {
        // There is no pair after the last frame.
        let is_pair = |start: &usize| start + 1 < stretch.frames;
        let pairs: Vec<usize> = starts.iter().copied().filter(is_pair).collect();
        let pictures = || pairs.iter().map(|&start| [picture(start), picture(start + 1)]).collect::<Vec<_>>();
        let fields = match self {
            Self::Stored => stored(stretch, &pairs)?,
            Self::Codec => through_pictures(codec(stretch, &pairs, CodecFlow::flow, stop)?),
            Self::Emv => codec(stretch, &pairs, CodecFlow::emv_field, stop)?, // already quantised
            _ => self.classical(&pictures(), stop)?,
        };
        let mut fields = fields.into_iter();
        Ok(Stacks::of_pairs(starts.iter().map(|start| if is_pair(start) { fields.next() } else { None }), stretch.size))
    }
}

/// A clip, or a part of it.
pub(in crate::training) struct Stretch<'a> {
    pub clip: &'a LabelledClip,
    /// Index of its first frame in the clip.
    pub first: usize,
    /// Number of frames.
    pub frames: usize,
    /// Frame size that the flow is computed for.
    pub size: Geometry,
}

impl Stretch<'_> {
    fn sides(&self) -> [usize; 2] {
        [self.size.width, self.size.height].map(|side| side as usize)
    }
}

fn whole(stacking: Stacking, stacks: Stacks) -> ClipFlow {
    let values = stacks.values.into_iter().map(Arc::from);
    ClipFlow::new(stacking, stacks.grid, stacking.all().zip(values).collect())
}

fn size_of(frames: &[RgbImage]) -> Geometry {
    let (width, height) = frames[0].dimensions();
    Geometry { width, height }
}

/// Quantises a component in pixels as if stored in an image.
fn as_stored(px: f32) -> f32 {
    as_stored_px(px, DEFAULT_BOUND_PX)
}

/// Quantises `fields` as if stored in images; unknown vectors become zero.
fn through_pictures(mut fields: Vec<FlowField>) -> Vec<FlowField> {
    for uv in fields.iter_mut().flat_map(|field| &mut field.uv) {
        let known = if FlowField::is_known(*uv) { *uv } else { [0.0; 2] };
        *uv = known.map(as_stored);
    }
    fields
}

fn tvl1(
    parameters: Tvl1Parameters,
    pairs: &[[&RgbImage; 2]],
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<FlowField>> {
    if pairs.len() < rayon::current_num_threads() {
        let mut solver = Tvl1::new(parameters)?;
        return pairs.iter().map(|[from, to]| check_stop(stop).and_then(|()| solver.estimate(from, to))).collect();
    }
    // Pairs are solved in parallel, each on a single core.
    let solver = || Tvl1::new(parameters).map(Tvl1::on_one_core);
    let solve = |solver: &mut Result<Tvl1>, [from, to]: &[&RgbImage; 2]| {
        check_stop(stop)?;
        solver.as_mut().map_err(|error| error.clone())?.estimate(from, to)
    };
    pairs.par_iter().map_init(solver, solve).collect()
}

fn dis(preset: DisPreset, pairs: &[[&RgbImage; 2]], stop: &(dyn Fn() -> bool + Sync)) -> Result<Vec<FlowField>> {
    let solve = |[from, to]: &[&RgbImage; 2]| check_stop(stop).and_then(|()| Dis::new(preset).estimate(from, to));
    pairs.par_iter().map(solve).collect()
}

/// Returns the motion from each of the frames `starts` to the next, read from the video by `field`.
fn codec(
    stretch: &Stretch<'_>,
    starts: &[usize],
    field: fn(&mut CodecFlow, usize, usize, usize) -> Result<FlowField>,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<FlowField>> {
    let LabelledClip { path, segment_secs, .. } = stretch.clip;
    if path.is_dir() {
        let cause = "a folder of images has no motion vectors";
        return Err(Error::file(path, cause, "Use the original videos or another flow source"));
    }
    let first = first_frame(path, *segment_secs)? + stretch.first;
    let mut codec = CodecFlow::open(path)?;
    let [width, height] = stretch.sides();
    let mut fields = Vec::with_capacity(starts.len());
    for start in starts {
        check_stop(stop)?;
        fields.push(field(&mut codec, first + start, width, height)?);
    }
    codec.check_vectors(&|| check_stop(stop))?;
    Ok(fields)
}

/// Returns the flow stored in images next to the frames, in pixels of the requested size.
fn stored(stretch: &Stretch<'_>, starts: &[usize]) -> Result<Vec<FlowField>> {
    let path = &stretch.clip.path;
    if let Some(Error { cause, .. }) = missing_frames(path) {
        let cause = format!("{cause}: the flow images beside them belong to other pairs of frames");
        return Err(Error::file(path, cause, "Extract the frames and the flow of this clip again"));
    }
    let found = if path.is_dir() { flow_pictures(path)? } else { BTreeMap::new() };
    // Tools differ in whether they also write a flow image for the last frame.
    let end = stretch.first + stretch.frames - 1;
    if let Some(missing) = (stretch.first..end).find(|pair| !found.contains_key(pair)) {
        let cause = match found.keys().next_back() {
            Some(last) if *last > missing => format!("the flow images of frame pair {} are missing", missing + 1),
            _ => format!("{} for {}", counted(found.len(), "flow image pair"), counted(end, "frame pair")),
        };
        let remedy = "Expected flow_x_00001.jpg and flow_y_00001.jpg … beside the frames, or u and v folders";
        return Err(Error::file(path, cause, remedy));
    }
    let [width, height] = stretch.sides();
    let read = |pair| Ok(read_two_stream(pair, DEFAULT_BOUND_PX)?.resized(width, height));
    starts.iter().map(|&start| read(&found[&(stretch.first + start)])).collect()
}

/// Returns the pairs of flow images of the clip in folder `path`, by frame pair.
fn flow_pictures(path: &Path) -> Result<BTreeMap<usize, StreamPair>> {
    let pictures = files::list(path)?.into_iter().filter(|file| StreamPair::find(file).is_some()).collect();
    let pair = |(pair, file): (usize, PathBuf)| Some((pair, StreamPair::find(&file)?));
    Ok(files::by_pair(pictures, None).into_iter().filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::augmentation::Crop;
    use crate::flow::files::write_two_stream;
    use crate::nets::MotionConfig;
    use crate::video::decode_clip;
    use image::{Rgb, RgbImage};

    #[test]
    fn names_are_those_of_the_command_line_and_of_the_configuration() {
        for source in FlowSource::ALL {
            let text = toml::to_string(&std::collections::BTreeMap::from([("source", source)])).unwrap();
            assert_eq!(text, format!("source = \"{}\"\n", source.key()));
        }
    }

    fn folder(frames: usize) -> (tempfile::TempDir, LabelledClip) {
        let dir = tempfile::tempdir().unwrap();
        for i in 1..=frames {
            RgbImage::from_pixel(8, 4, Rgb([20 * i as u8; 3])).save(dir.path().join(format!("img_{i}.png"))).unwrap();
        }
        let clip =
            LabelledClip { path: dir.path().to_owned(), label: 0, segment_secs: None, group: None, also: Vec::new() };
        (dir, clip)
    }

    #[test]
    fn stored_pictures_are_read_in_order_and_in_pixels_of_the_frames() {
        let (dir, clip) = folder(11);
        for i in 1..=10 {
            let pair = StreamPair::named(&dir.path().join(format!("flow_x_{i}.png"))).unwrap();
            let field = FlowField::new(4, 2, vec![[0.5 * i as f32, 0.0]; 8]);
            write_two_stream(&pair, &field, DEFAULT_BOUND_PX).unwrap();
        }
        let size = Geometry { width: 8, height: 4 };
        let network = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&Device::flex());
        let frames = decode_clip(dir.path(), size, None).unwrap();
        let flow = FlowSource::Stored.clip_flow(&clip, &frames, &network).unwrap();
        let mut planes = Vec::new();
        flow.append_window(0, 10, &Crop::whole(size), size, &mut planes);
        for pair in 0..10 {
            let expected = 2.0 * as_stored_px(0.5 * (pair + 1) as f32, DEFAULT_BOUND_PX) / 20.0;
            assert!((planes[pair * 16] - expected).abs() < 1e-5, "pair {pair}: {} {expected}", planes[pair * 16]);
        }
        std::fs::remove_file(dir.path().join("flow_y_7.png")).unwrap();
        assert!(FlowSource::Stored.clip_flow(&clip, &frames, &network).is_err());
        // As many images as pairs, but with a gap: those after it must not be shifted to the pairs before.
        let last = StreamPair::named(&dir.path().join("flow_x_11.png")).unwrap();
        write_two_stream(&last, &FlowField::new(4, 2, vec![[0.5, 0.0]; 8]), DEFAULT_BOUND_PX).unwrap();
        std::fs::remove_file(dir.path().join("flow_x_7.png")).unwrap();
        let error = FlowSource::Stored.clip_flow(&clip, &frames, &network).err().unwrap();
        assert!(error.cause.contains("frame pair 7"), "{error}");
        // Frames with a gap, flow without.
        write_two_stream(
            &StreamPair::named(&dir.path().join("flow_x_7.png")).unwrap(),
            &FlowField::new(4, 2, vec![[0.5, 0.0]; 8]),
            DEFAULT_BOUND_PX,
        )
        .unwrap();
        std::fs::remove_file(dir.path().join("img_5.png")).unwrap();
        let error = FlowSource::Stored.clip_flow(&clip, &frames[..10], &network).err().unwrap();
        assert!(error.cause.starts_with("1 of the frames 1 to 11 is missing"), "{error}");
        let error = FlowSource::Codec.clip_flow(&clip, &frames, &network).err().unwrap();
        assert!(error.cause.contains("no motion vectors"), "{error}");
    }

    #[test]
    fn the_flow_of_a_stretch_is_that_of_its_place_in_the_clip() {
        let dir = tempfile::tempdir().unwrap();
        let size = Geometry { width: 64, height: 48 };
        for i in 0..8u32 {
            let picture = RgbImage::from_fn(64, 48, |x, y| {
                let at = |x: u32| (127.0 + 90.0 * (x as f32 * 0.35).sin() * (y as f32 * 0.3).cos()) as u8;
                Rgb([at(x + 2 * i); 3])
            });
            picture.save(dir.path().join(format!("img_{i}.png"))).unwrap();
            let pair = StreamPair::named(&dir.path().join(format!("flow_x_{i}.png"))).unwrap();
            write_two_stream(&pair, &FlowField::new(64, 48, vec![[i as f32, 0.0]; 64 * 48]), DEFAULT_BOUND_PX).unwrap();
        }
        let clip =
            LabelledClip { path: dir.path().to_owned(), label: 0, segment_secs: None, group: None, also: Vec::new() };
        let network = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&Device::flex());
        let frames = decode_clip(dir.path(), size, None).unwrap();
        for source in [
            FlowSource::Stored,
            FlowSource::Tvl1Fast,
            FlowSource::DisFast,
            FlowSource::DisUltrafast,
            FlowSource::MotionNetStored,
        ] {
            let window = |flow: &ClipFlow, start| {
                let mut planes = Vec::new();
                flow.append_window(start, 2, &Crop::whole(size), size, &mut planes);
                planes
            };
            let whole = source.clip_flow(&clip, &frames, &network).unwrap();
            let stretch = source.stretch_flow(&clip, 4, &frames[4..7], &network, &|| false).unwrap();
            let pairs = window(&whole, 4).into_iter().zip(window(&stretch, 0));
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{source:?}: {worst}");
        }
        let stopped = FlowSource::Tvl1.stretch_flow(&clip, 0, &frames, &network, &|| true);
        assert!(stopped.is_err_and(|error| error.is_cancelled()));
    }

    #[test]
    fn a_clip_without_pictures_of_flow_is_told() {
        let (_dir, clip) = folder(3);
        let network = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&Device::flex());
        let frames = clip.decode(Geometry { width: 8, height: 4 }, None).unwrap();
        let error = FlowSource::Stored.clip_flow(&clip, &frames, &network).err().unwrap();
        assert!(error.cause.contains("0 flow image pairs for 2"), "{error}");
    }
}
