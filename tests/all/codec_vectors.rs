//! Motion vectors of the codec: the motion they tell, the frames they belong to, the codecs that have none.

use std::path::Path;

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;
use image::{Rgb, RgbImage};
use motionscope::flow::codec::CodecFlow;
use motionscope::flow::tvl1::{Tvl1, Tvl1Parameters};
use motionscope::flow::{FlowEstimator, FlowField};
use motionscope::video::{FrameKind, Geometry, MotionVectorReader, Sizes, VideoReader, VideoWriter, decode_clip};

use crate::cli::{code, motionscope, text};
use crate::shared;

const CLIP: Geometry = Geometry { width: 160, height: 96 };

/// Frames of the clips that FFmpeg's other encoders make.
const FRAMES: i64 = 12;

/// Noise between 0 and 1, interpolated between random values a `cell` of pixels apart.
fn noise(x: f64, y: f64, cell: f64) -> f64 {
    let (x, y) = (x / cell + 1000.0, y / cell + 1000.0);
    let (left, top) = (x as u64, y as u64);
    let value = |column: u64, row: u64| {
        let mixed = (column * 7919 + row * 104_729 + cell as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1 << 24)
    };
    let mix = |from: f64, to: f64, share: f64| from + (to - from) * share;
    let row = |row: u64| mix(value(left, row), value(left + 1, row), x - left as f64);
    mix(row(top), row(top + 1), y - top as f64)
}

/// A texture of which no part resembles another, moved by `shift` pixels.
fn moved_texture(shift: [f64; 2], size: Geometry) -> RgbImage {
    RgbImage::from_fn(size.width, size.height, |x, y| {
        let (x, y) = (f64::from(x) - shift[0], f64::from(y) - shift[1]);
        let level = 40.0 + 70.0 * noise(x, y, 4.0) + 100.0 * noise(x, y, 13.0);
        Rgb([level as u8, (0.8 * level) as u8, (255.0 - level) as u8])
    })
}

/// A texture that moves by `step` pixels from frame to frame.
pub fn write_moving_texture(path: &Path, frames: usize, step: [f64; 2]) {
    let mut writer = VideoWriter::create(path, CLIP, 25.0).unwrap();
    for frame in 0..frames {
        writer.push(&moved_texture(step.map(|step| step * frame as f64), CLIP)).unwrap();
    }
    writer.finish().unwrap();
}

/// A texture that moves by (2, −1) pixels a frame, by a named encoder of FFmpeg; a key frame every `gop` frames.
pub fn encode_moving_texture(path: &Path, encoder: &str, format: Pixel, b_frames: usize, gop: u32) {
    let Geometry { width, height } = CLIP;
    let rate = ffmpeg::Rational(25, 1);
    let mut output = ffmpeg::format::output(path).unwrap();
    let codec = ffmpeg::encoder::find_by_name(encoder).unwrap();
    let mut video = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().unwrap();
    video.set_width(width);
    video.set_height(height);
    video.set_format(format);
    video.set_time_base(rate.invert());
    video.set_frame_rate(Some(rate));
    video.set_max_b_frames(b_frames);
    video.set_gop(gop);
    video.set_flags(ffmpeg::codec::Flags::QSCALE);
    video.set_global_quality(2 * ffmpeg::ffi::FF_QP2LAMBDA);
    let mut video = video.open().unwrap();
    output.add_stream_with(&video).unwrap().set_time_base(rate.invert());
    output.write_header().unwrap();
    let flags = scaling::Flags::BICUBIC;
    let mut scaler = scaling::Context::get(Pixel::RGB24, width, height, format, width, height, flags).unwrap();
    let mut drain = |video: &mut ffmpeg::encoder::Video| {
        let mut packet = ffmpeg::Packet::empty();
        while video.receive_packet(&mut packet).is_ok() {
            packet.set_stream(0);
            packet.rescale_ts(rate.invert(), output.stream(0).unwrap().time_base());
            packet.write_interleaved(&mut output).unwrap();
        }
    };
    for frame in 0..FRAMES {
        let picture = moved_texture([2.0, -1.0].map(|step| step * frame as f64), CLIP);
        let mut rgb = ffmpeg::frame::Video::new(Pixel::RGB24, width, height);
        let stride = rgb.stride(0);
        for (line, row) in rgb.data_mut(0).chunks_mut(stride).zip(picture.as_raw().chunks(3 * width as usize)) {
            line[..row.len()].copy_from_slice(row);
        }
        let mut yuv = ffmpeg::frame::Video::empty();
        scaler.run(&rgb, &mut yuv).unwrap();
        yuv.set_pts(Some(frame));
        video.send_frame(&yuv).unwrap();
        drain(&mut video);
    }
    video.send_eof().unwrap();
    drain(&mut video);
    output.write_trailer().unwrap();
}

/// Median motion of the known vectors.
fn median(flow: &FlowField) -> [f32; 2] {
    [0, 1].map(|axis| {
        let mut values: Vec<f32> = flow.uv.iter().filter(|uv| FlowField::is_known(**uv)).map(|uv| uv[axis]).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    })
}

/// Share of the vectors less than half a pixel from `truth`.
fn share_near(flow: &FlowField, truth: [f32; 2]) -> f64 {
    let near = flow.uv.iter().filter(|[u, v]| (u - truth[0]).hypot(v - truth[1]) < 0.5).count();
    near as f64 / flow.uv.len() as f64
}

/// Numbers below `count`, each once, in an order that jumps about.
fn jumping(count: usize) -> impl Iterator<Item = usize> {
    (0..5).rev().flat_map(move |rest| (rest..count).step_by(5))
}

#[test]
fn vectors_tell_a_known_motion() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_moving_texture(&clip, 40, [2.0, -1.0]);
    let mut reader = MotionVectorReader::open(&clip).unwrap();
    let frames: Vec<_> = (0..reader.frames()).map(|index| reader.vectors(index).unwrap()).collect();
    assert_eq!(frames.len(), 40);
    assert_eq!((frames[0].kind, frames[0].vectors.len()), (FrameKind::Intra, 0));
    assert!(frames.iter().all(|frame| (frame.width, frame.height) == (CLIP.width, CLIP.height)));
    let bi_predicted = frames.iter().filter(|frame| frame.kind == FrameKind::BiPredicted).count();
    assert!(bi_predicted > 10, "the encoder makes {bi_predicted} B-frames");
    // Near and far references, before and after, all tell the same motion.
    let mut offsets: Vec<i32> = Vec::new();
    for vector in frames.iter().flat_map(|frame| &frame.vectors) {
        offsets.push(vector.frame_offset);
        assert!(vector.x > -16.0 && vector.x < CLIP.width as f32 && vector.width <= 16.0 && vector.height >= 8.0);
    }
    offsets.sort_unstable();
    offsets.dedup();
    assert!(offsets.len() > 3, "{offsets:?}");

    let mut flow = CodecFlow::open(&clip).unwrap();
    for index in 0..39 {
        // Frame 30 is a key frame: the motion is carried on.
        let full = flow.flow(index, 160, 96).unwrap();
        assert_eq!(median(&full), [2.0, -1.0], "frame {index}");
        assert!(share_near(&full, [2.0, -1.0]) > 0.9, "frame {index}");
        let small = flow.flow(index, 80, 24).unwrap();
        assert_eq!((small.width, small.height, median(&small)), (80, 24, [1.0, -0.25]));
    }
    assert!(flow.flow(39, 160, 96).is_err(), "the last frame has no next one");
}

#[test]
fn older_codecs_tell_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [("mpeg4", "avi", 2), ("mpeg2video", "mpg", 2), ("mpeg1video", "mkv", 1), ("msmpeg4", "avi", 0)];
    for (encoder, container, b_frames) in cases {
        let clip = folder.path().join(format!("{encoder}.{container}"));
        encode_moving_texture(&clip, encoder, Pixel::YUV420P, b_frames, 12);
        let mut flow = CodecFlow::open(&clip).unwrap();
        for index in 0..flow.frames() - 1 {
            let field = flow.flow(index, 160, 96).unwrap();
            assert_eq!(median(&field), [2.0, -1.0], "{encoder}, frame {index}");
            assert!(share_near(&field, [2.0, -1.0]) > 0.6, "{encoder}, frame {index}");
        }
        let mut last = MotionVectorReader::open(&clip).unwrap();
        let (first, frames) = (last.vectors(0).unwrap(), last.frames());
        assert_eq!((first.kind, frames), (FrameKind::Intra, FRAMES as usize), "{encoder}");
    }
}

#[test]
fn vectors_stand_upright_like_the_frames() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_moving_texture(&clip, 8, [2.0, -1.0]);
    let mut bytes = std::fs::read(&clip).unwrap();
    let matrix = bytes.windows(4).position(|name| name == b"tkhd").unwrap() + 4 + 40;
    for (motion, entries) in [
        ([1.0, 2.0], [(0, 0), (4, 1 << 16), (12, -1 << 16), (16, 0)]), // a quarter turn clockwise
        ([-1.0, -2.0], [(0, 0), (4, -1 << 16), (12, 1 << 16), (16, 0)]), // anticlockwise
        ([-2.0, 1.0], [(0, -1 << 16), (4, 0), (12, 0), (16, -1 << 16)]), // half a turn
        ([-2.0, -1.0], [(0, -1 << 16), (4, 0), (12, 0), (16, 1 << 16)]), // mirrored
    ] {
        for (place, number) in entries {
            bytes[matrix + place..matrix + place + 4].copy_from_slice(&i32::to_be_bytes(number));
        }
        let turned = folder.path().join("turned.mp4");
        std::fs::write(&turned, &bytes).unwrap();
        let info = VideoReader::open(&turned, Sizes::default()).unwrap().info().clone();
        let frame = MotionVectorReader::open(&turned).unwrap().vectors(3).unwrap();
        assert_eq!((frame.width, frame.height), (info.width, info.height));
        let flow = CodecFlow::open(&turned).unwrap().flow(2, info.width as usize, info.height as usize).unwrap();
        assert_eq!(median(&flow), motion, "{} degrees", info.rotation_degrees);
        assert!(share_near(&flow, motion) > 0.9, "blocks lie where the motion is");
    }
}

/// Mean absolute difference of the brightness of `first` at each pixel and of `second` where the flow leads.
fn photometric_error(first: &RgbImage, second: &RgbImage, flow: &FlowField) -> f64 {
    let (width, height) = (flow.width as i64, flow.height as i64);
    let mut sum = 0.0;
    for (x, y, pixel) in first.enumerate_pixels() {
        let [u, v] = flow.at(x as usize, y as usize);
        let to_x = (i64::from(x) + u.round() as i64).clamp(0, width - 1);
        let to_y = (i64::from(y) + v.round() as i64).clamp(0, height - 1);
        sum += f64::from(pixel[1].abs_diff(second.get_pixel(to_x as u32, to_y as u32)[1]));
    }
    sum / (width * height) as f64
}

#[test]
fn the_flow_of_real_clips_explains_their_change() {
    for name in ["codecs/v_SoccerJuggling_g23_c01.avi", "codecs/R6llTwEh07w.mp4", "gestures/action1/person1_take1.avi"]
    {
        let Some(path) = shared::data(&format!("data/{name}")) else { return };
        let mut flow = CodecFlow::open(&path).unwrap();
        let info = VideoReader::open(&path, Sizes::default()).unwrap().info().clone();
        let geometry = Geometry { width: info.width, height: info.height };
        let frames = decode_clip(&path, geometry, Some(31)).unwrap();
        let (mut explained, mut still) = (0.0, 0.0);
        for (index, pair) in frames.windows(2).enumerate() {
            let field = flow.flow(index, info.width as usize, info.height as usize).unwrap();
            let zero = FlowField::new(field.width, field.height, vec![[0.0; 2]; field.uv.len()]);
            explained += photometric_error(&pair[0], &pair[1], &field);
            still += photometric_error(&pair[0], &pair[1], &zero);
        }
        eprintln!("{name}: the flow leaves {:.1} % of the change", 100.0 * explained / still);
        assert!(explained < 0.95 * still, "{name}: {explained} of {still}");
    }
}

/// Correlation of all components of two fields, −1…1.
fn correlation(a: &FlowField, b: &FlowField) -> f64 {
    let pairs = || a.uv.iter().flatten().zip(b.uv.iter().flatten()).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let product = pairs().map(|(a, b)| a * b).sum::<f64>();
    let squares = pairs().fold([0.0, 0.0], |[sum_a, sum_b], (a, b)| [sum_a + a * a, sum_b + b * b]);
    product / (squares[0] * squares[1]).sqrt()
}

#[test]
fn the_flow_of_real_clips_resembles_tvl1() {
    // A hand-held camera in MPEG-4, and in H.264 with B-frames.
    for name in ["codecs/v_SoccerJuggling_g23_c01.avi", "codecs/R6llTwEh07w.mp4"] {
        let Some(path) = shared::data(&format!("data/{name}")) else { return };
        let info = VideoReader::open(&path, Sizes::default()).unwrap().info().clone();
        let frames = decode_clip(&path, Geometry { width: info.width, height: info.height }, Some(9)).unwrap();
        let mut flow = CodecFlow::open(&path).unwrap();
        let mut tvl1 = Tvl1::new(Tvl1Parameters::fast()).unwrap();
        let alike = frames.windows(2).enumerate().map(|(index, pair)| {
            let codec = flow.flow(index, info.width as usize, info.height as usize).unwrap();
            correlation(&codec, &tvl1.estimate(&pair[0], &pair[1]).unwrap())
        });
        let alike: Vec<f64> = alike.collect();
        eprintln!("{name}: correlation with TV-L1 {alike:.2?}");
        assert!(alike.iter().sum::<f64>() > 0.6 * alike.len() as f64, "{name}: {alike:?}");
    }
}

#[test]
fn vectors_are_the_same_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_moving_texture(&clip, 70, [2.0, -1.0]);
    let shared = ["codecs/RATRACE_wave_f_nm_np1_fr_goo_37.avi", "codecs/R6llTwEh07w.mp4"];
    let shared = shared.iter().filter_map(|name| shared::data(&format!("data/{name}")));
    for path in std::iter::once(clip).chain(shared) {
        let mut reader = MotionVectorReader::open(&path).unwrap();
        let frames = VideoReader::open(&path, Sizes::default()).unwrap().info().frames;
        assert_eq!(reader.frames(), frames, "{}", path.display());
        let in_order: Vec<_> = (0..frames).map(|index| reader.vectors(index).unwrap()).collect();
        for index in jumping(frames) {
            assert_eq!(reader.vectors(index).unwrap(), in_order[index], "{}, frame {index}", path.display());
        }
        let mut flow = CodecFlow::open(&path).unwrap();
        let in_order: Vec<_> = (0..frames - 1).map(|index| flow.flow(index, 40, 24).unwrap()).collect();
        for index in jumping(frames - 1).step_by(3) {
            assert_eq!(flow.flow(index, 40, 24).unwrap(), in_order[index], "{}, flow {index}", path.display());
        }
        assert!(reader.vectors(frames).unwrap_err().cause.contains(&format!("no frame {frames}")));
    }
}

#[test]
fn codecs_without_vectors_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (raw, jpeg) = (folder.path().join("raw.y4m"), folder.path().join("jpeg.avi"));
    std::fs::write(&raw, [&b"YUV4MPEG2 W4 H2 F25:1 Ip A1:1 Cmono\nFRAME\n"[..], &[90; 8]].concat()).unwrap();
    encode_moving_texture(&jpeg, "mjpeg", Pixel::YUVJ420P, 0, 12);
    for (path, codec) in [(raw, "rawvideo"), (jpeg, "mjpeg")] {
        let error = MotionVectorReader::open(&path).err().unwrap();
        assert!(error.cause.contains(codec) && error.remedy.contains("TV-L1"), "{error}");
    }
    assert!(MotionVectorReader::open(&folder.path().join("absent.mp4")).is_err());
}

#[test]
fn damaged_and_intra_clips_have_flow_as_far_as_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, short) = (folder.path().join("clip.mp4"), folder.path().join("short.mp4"));
    write_moving_texture(&clip, 60, [2.0, -1.0]);
    let mut bytes = std::fs::read(&clip).unwrap();
    let data = bytes.windows(4).position(|name| name == b"mdat").unwrap();
    let middle = data + (bytes.len() - data) / 2;
    bytes[middle..middle + 3000].fill(0xa5);
    let scratched = folder.path().join("scratched.mp4");
    std::fs::write(&scratched, bytes).unwrap();
    let mut flow = CodecFlow::open(&scratched).unwrap();
    assert_eq!(flow.frames(), 60);
    let known = (0..59).filter(|&index| {
        let field = flow.flow(index, 80, 48).unwrap();
        field.uv.iter().all(|uv| FlowField::is_known(*uv)) && share_near(&field, [1.0, -0.5]) > 0.9
    });
    assert!(known.count() > 30);

    let intra = folder.path().join("intra.avi");
    encode_moving_texture(&intra, "mpeg4", Pixel::YUV420P, 0, 0);
    let field = CodecFlow::open(&intra).unwrap().flow(5, 80, 48).unwrap();
    assert!(field.uv.iter().all(|uv| !FlowField::is_known(*uv)), "nothing is known where nothing was predicted");
    let output = motionscope(folder.path(), &["flow", "intra.avi", "--method", "codec", "--out", "flow"]);
    let said = text(&output.stderr);
    assert!(code(&output) == 1 && said.contains("intra.avi: all of its frames are intra-coded"), "{said}");
    assert!(!folder.path().join("flow").exists(), "nothing is written");
    flow.check_vectors(&|| Ok(())).unwrap();

    write_moving_texture(&short, 1, [0.0, 0.0]);
    let mut single = CodecFlow::open(&short).unwrap();
    assert!(single.frames() == 1 && single.flow(0, 8, 8).is_err());
}
