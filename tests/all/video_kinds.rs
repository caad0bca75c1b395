//! Videos as other programs leave them: cut without coding again, broken off, without an index, in plain grey.

use std::path::Path;
use std::sync::Arc;

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use motionscope::video::{ClipFacts, Geometry, Player, Sizes, VideoReader, decode_clip};

use crate::shared;
use crate::video::{CLIP, assert_every_frame_is_exact, coded_picture, read_code, wait_until_open, write_clip};

/// How a file is coded and packed.
struct Kind<'a> {
    encoder: &'static str,
    format: Pixel,
    container: &'static str,
    /// Distance between key frames, and pictures in a row that are coded out of order.
    group: (u32, usize),
    encoder_options: &'a [(&'a str, &'a str)],
    container_options: &'a [(&'a str, &'a str)],
}

/// Pictures that stand alone, in AVI.
const ALONE: Kind<'static> = Kind {
    encoder: "mjpeg",
    format: Pixel::YUVJ420P,
    container: "avi",
    group: (1, 0),
    encoder_options: &[],
    container_options: &[],
};

fn options(pairs: &[(&str, &str)]) -> ffmpeg::Dictionary<'static> {
    let mut options = ffmpeg::Dictionary::new();
    pairs.iter().for_each(|(key, value)| options.set(key, value));
    options
}

/// Writes numbered pictures, 25 a second. False where this FFmpeg has no such encoder.
fn encode(path: &Path, kind: &Kind, pictures: impl Iterator<Item = RgbaImage>) -> bool {
    ffmpeg::init().unwrap();
    ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
    let Some(codec) = ffmpeg::encoder::find_by_name(kind.encoder) else {
        shared::skip("codecs", format_args!("this FFmpeg has no encoder {}", kind.encoder));
        return false;
    };
    let mut pictures = pictures.peekable();
    let (width, height) = pictures.peek().unwrap().dimensions();
    let mut output = ffmpeg::format::output_as(path, kind.container).unwrap();
    let mut encoder = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().unwrap();
    encoder.set_width(width);
    encoder.set_height(height);
    encoder.set_format(kind.format);
    encoder.set_time_base((1, 25));
    encoder.set_frame_rate(Some((25, 1)));
    encoder.set_gop(kind.group.0);
    encoder.set_max_b_frames(kind.group.1);
    encoder.set_bit_rate(4_000_000);
    if output.format().flags().contains(ffmpeg::format::Flags::GLOBAL_HEADER) {
        encoder.set_flags(ffmpeg::codec::Flags::GLOBAL_HEADER);
    }
    let mut encoder = encoder.open_with(options(kind.encoder_options)).unwrap();
    output.add_stream_with(&encoder).unwrap().set_time_base((1, 25));
    output.write_header_with(options(kind.container_options)).unwrap();
    let to_base = output.stream(0).unwrap().time_base();
    let flags = scaling::Flags::BILINEAR;
    let mut to_coded = scaling::Context::get(Pixel::RGBA, width, height, kind.format, width, height, flags).unwrap();
    let mut write = |encoder: &mut ffmpeg::encoder::Video| {
        let mut packet = ffmpeg::Packet::empty();
        while encoder.receive_packet(&mut packet).is_ok() {
            packet.set_stream(0);
            packet.set_duration(packet.duration().max(1));
            packet.rescale_ts((1, 25), to_base);
            packet.write_interleaved(&mut output).unwrap();
        }
    };
    for (number, picture) in pictures.enumerate() {
        let mut rgb = ffmpeg::frame::Video::new(Pixel::RGBA, width, height);
        let (stride, row) = (rgb.stride(0), 4 * width as usize);
        for (line, pixels) in rgb.data_mut(0).chunks_mut(stride).zip(picture.as_raw().chunks(row)) {
            line[..row].copy_from_slice(pixels);
        }
        let mut coded = ffmpeg::frame::Video::empty();
        to_coded.run(&rgb, &mut coded).unwrap();
        coded.set_pts(Some(number as i64));
        encoder.send_frame(&coded).unwrap();
        write(&mut encoder);
    }
    encoder.send_eof().unwrap();
    write(&mut encoder);
    output.write_trailer().unwrap();
    true
}

fn opaque(picture: RgbImage) -> RgbaImage {
    DynamicImage::ImageRgb8(picture).into_rgba8()
}

fn numbered(count: usize) -> impl Iterator<Item = RgbaImage> {
    (0..count).map(|number| opaque(coded_picture(number, CLIP)))
}

/// Copies what is coded from the last key frame at or before frame `first` on, of 25 a second, up to what is decoded at frame
/// `end`, as `ffmpeg -ss … -t … -c copy` does: the clock begins at `first`. Returns the frames that were copied, the key frame first.
fn cut(from: &Path, to: &Path, container: &str, first: i64, end: i64) -> Vec<i64> {
    let mut input = ffmpeg::format::input(from).unwrap();
    let stream = input.stream(0).unwrap();
    let (base, parameters) = (stream.time_base(), stream.parameters());
    let mut packets: Vec<_> = input.packets().map(|(_, packet)| packet).collect();
    packets.iter_mut().for_each(|packet| packet.rescale_ts(base, (1, 25)));
    let begins = |packet: &ffmpeg::Packet| packet.is_key() && packet.pts().is_some_and(|pts| pts <= first);
    let key = packets.iter().rposition(begins).unwrap();
    let kept: Vec<_> = packets.drain(key..).take_while(|packet| packet.dts().is_some_and(|dts| dts < end)).collect();
    let copied = kept.iter().map(|packet| packet.pts().unwrap()).collect();
    let mut output = ffmpeg::format::output_as(to, container).unwrap();
    let mut target = output.add_stream(ffmpeg::codec::Id::None).unwrap();
    target.set_parameters(parameters);
    target.set_avg_frame_rate((25, 1));
    // In AVI there are two units of time to a picture of H.264, as it has two fields.
    target.set_time_base((1, if container == "avi" { 50 } else { 25 }));
    output.write_header().unwrap();
    let to_base = output.stream(0).unwrap().time_base();
    for mut packet in kept {
        packet.set_pts(packet.pts().map(|pts| pts - first));
        packet.set_dts(packet.dts().map(|dts| dts - first));
        packet.rescale_ts((1, 25), to_base);
        packet.set_position(-1);
        packet.write_interleaved(&mut output).unwrap();
    }
    output.write_trailer().unwrap();
    copied
}

/// Asserts that every way to count the frames of a video comes to the same, and that each frame shows its number of `codes`,
/// however it is reached.
fn assert_shows(path: &Path, codes: &[usize]) {
    let mut reader = VideoReader::open(path, Sizes::default()).unwrap();
    let named = path.display();
    assert_eq!(reader.info().frames, codes.len(), "{named}");
    let in_order: Vec<_> = (0..codes.len()).map(|index| reader.frame(index).unwrap().display).collect();
    assert_eq!(in_order.iter().map(|picture| read_code(picture)).collect::<Vec<_>>(), codes, "{named}");
    for step in [7, 11, 13] {
        for index in (0..codes.len()).map(|place| (place * step + 5) % codes.len()) {
            assert_eq!(reader.frame(index).unwrap().display, in_order[index], "{named}: frame {index} after a seek");
        }
    }
    let decoded = decode_clip(path, CLIP, None).unwrap();
    assert_eq!(decoded.iter().map(read_code).collect::<Vec<_>>(), codes, "{named}");
    assert_eq!(ClipFacts::of(path, true).unwrap().frames, codes.len(), "{named}");
    let player = Player::open(path, Sizes::default(), Arc::new(|| {}));
    assert_eq!(wait_until_open(&player).frames, codes.len(), "{named}");
}

#[test]
fn a_clip_that_was_cut_without_coding_it_again_shows_what_was_cut_out_and_nothing_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let (long, part) = (folder.path().join("long.mp4"), folder.path().join("cut.mp4"));
    write_clip(&long, 120, 25.0);
    let copied = cut(&long, &part, "mp4", 53, 83);
    let mut shown: Vec<_> = copied.iter().filter(|&&frame| frame >= 53).map(|&frame| frame as usize).collect();
    shown.sort_unstable();
    assert!(shown.len() >= 30 && shown.len() + 10 < copied.len(), "there are hidden frames before: {copied:?}");
    assert_shows(&part, &shown);
}

#[test]
fn a_clip_that_was_cut_inside_an_open_group_has_no_frame_that_cannot_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    let open = [("x265-params", "log-level=none:keyint=20:min-keyint=20:open-gop=1:bframes=3:scenecut=0")];
    let matroska = Kind { format: Pixel::YUV420P, container: "matroska", ..ALONE };
    let mpeg2 = Kind { encoder: "mpeg2video", group: (12, 2), ..matroska };
    let hevc = Kind { encoder: "libx265", group: (20, 3), encoder_options: &open, ..matroska };
    for kind in [mpeg2, hevc] {
        let at = |part: &str| folder.path().join(format!("{}-{part}.mkv", kind.encoder));
        if !encode(&at("whole"), &kind, numbered(100)) {
            continue;
        }
        assert_every_frame_is_exact(&at("whole"), 100);
        let copied = cut(&at("whole"), &at("cut"), "matroska", 45, 200);
        let key = copied[0];
        assert!(copied.iter().any(|&frame| frame < key), "frames before the key frame follow it: {copied:?}");
        let frames = VideoReader::open(&at("cut"), Sizes::default()).unwrap().info().frames;
        assert!((100 - key as usize..=copied.len()).contains(&frames), "{frames} frames of {copied:?}");
        assert_shows(&at("cut"), &(100 - frames..100).collect::<Vec<_>>());
    }
}

/// Asserts that `count` frames are shown, 25 a second, and that there is nothing to remark.
fn assert_even(path: &Path, count: usize) {
    let info = VideoReader::open(path, Sizes::default()).unwrap().info().clone();
    let named = path.display();
    assert_eq!((info.frames, info.fps, info.variable_rate), (count, 25.0, false), "{named}");
    assert_eq!(info.notes, Vec::<String>::new(), "{named}");
    for frame in 0..count {
        let (found, wanted) = (info.times.secs(frame), frame as f64 * 0.04);
        assert!((found - wanted).abs() < 1e-9, "{named}: frame {frame} at {found}, not at {wanted}");
    }
}

#[test]
fn avi_files_with_pictures_out_of_order_have_their_own_rate_and_times() {
    let folder = tempfile::tempdir().unwrap();
    for (encoder, out_of_order) in [("mpeg4", 1), ("mpeg4", 2), ("mpeg4", 3), ("mpeg2video", 2)] {
        let path = folder.path().join(format!("{encoder}-{out_of_order}.avi"));
        let kind = Kind { encoder, format: Pixel::YUV420P, group: (12, out_of_order), ..ALONE };
        assert!(encode(&path, &kind, numbered(75)));
        assert_even(&path, 75);
    }
}

#[test]
fn h264_that_was_copied_into_avi_has_its_own_rate_and_times_and_is_not_called_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, copy) = (folder.path().join("whole.mp4"), folder.path().join("copy.avi"));
    let options = [("x264-params", "keyint=25:bframes=3:b-adapt=0:b-pyramid=normal")];
    let kind = Kind { encoder: "libx264", format: Pixel::YUV420P, container: "mp4", group: (25, 3), ..ALONE };
    if !encode(&whole, &Kind { encoder_options: &options, ..kind }, numbered(75)) {
        return;
    }
    cut(&whole, &copy, "avi", 0, 75);
    let mut input = ffmpeg::format::input(&copy).unwrap();
    assert!(input.packets().all(|(_, packet)| packet.pts().is_none()), "no picture says when it is shown");
    assert_even(&copy, 75);
    assert_shows(&copy, &(0..75).collect::<Vec<_>>());
}

#[test]
fn h264_that_begins_between_key_frames_or_inside_an_open_group_begins_with_its_first_whole_picture() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let options = [("x264-params", "open-gop=1:keyint=25:bframes=3:scenecut=0")];
    let kind = Kind { encoder: "libx264", format: Pixel::YUV420P, container: "mpegts", group: (25, 3), ..ALONE };
    let kind = Kind { encoder_options: &options, ..kind };
    if !encode(&at("whole.ts"), &kind, numbered(100)) {
        return;
    }
    // The pictures before the first key frame are in the decoding order of the whole.
    let mut input = ffmpeg::format::input(&at("whole.ts")).unwrap();
    let packets: Vec<_> = input.packets().map(|(_, packet)| packet).collect();
    let bytes = std::fs::read(at("whole.ts")).unwrap();
    std::fs::write(at("middle.ts"), &bytes[packets[10].position() as usize..]).unwrap();
    let key = packets.iter().skip(10).find(|packet| packet.is_key()).unwrap();
    let number = ((key.pts().unwrap() - packets[0].pts().unwrap()) as f64 / 3600.0).round() as usize;
    assert_shows(&at("middle.ts"), &(number..100).collect::<Vec<_>>());
    let matroska = Kind { container: "matroska", ..kind };
    assert!(encode(&at("whole.mkv"), &matroska, numbered(100)));
    let copied = cut(&at("whole.mkv"), &at("cut.mkv"), "matroska", number as i64, 200);
    assert!(copied.iter().any(|&frame| frame < copied[0]), "frames before the key frame follow it: {copied:?}");
    assert_shows(&at("cut.mkv"), &(copied[0] as usize..100).collect::<Vec<_>>());
}

#[test]
fn a_file_that_breaks_off_inside_a_picture_has_the_pictures_before_it_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole.avi"), folder.path().join("broken.avi"));
    assert!(encode(&whole, &ALONE, numbered(100)));
    let mut input = ffmpeg::format::input(&whole).unwrap();
    let places: Vec<_> = input.packets().map(|(_, packet)| (packet.position(), packet.size())).collect();
    let (position, size) = places[60];
    std::fs::write(&broken, &std::fs::read(&whole).unwrap()[..position as usize + size / 2]).unwrap();
    assert_shows(&broken, &(0..60).collect::<Vec<_>>());
    let notes = VideoReader::open(&broken, Sizes::default()).unwrap().info().notes.clone();
    assert!(notes.iter().any(|note| note.contains("cut off")), "{notes:?}");
}

#[test]
fn a_stream_without_a_length_or_an_index_is_counted_and_sought_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.webm");
    let kind = Kind {
        encoder: "libvpx",
        format: Pixel::YUV420P,
        container: "webm",
        group: (25, 0),
        encoder_options: &[("deadline", "realtime"), ("cpu-used", "8")],
        container_options: &[("live", "1")],
    };
    if !encode(&path, &kind, numbered(90)) {
        return;
    }
    assert!(ffmpeg::format::input(&path).unwrap().duration() <= 0, "the file has no length");
    assert_shows(&path, &(0..90).collect::<Vec<_>>());
    let info = VideoReader::open(&path, Sizes::default()).unwrap().info().clone();
    assert!((info.duration_secs - 3.6).abs() < 0.05 && info.notes.is_empty(), "{info:?}");
}

#[test]
fn plain_grey_stays_as_it_is_from_black_to_white() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grey.avi");
    // Rows of 322 bytes, which AVI makes 324.
    let size = Geometry { width: 322, height: 4 };
    let ramp = |number: usize| {
        RgbImage::from_fn(size.width, size.height, |x, _| Rgb([((x as usize + number) % 256) as u8; 3]))
    };
    let kind = Kind { encoder: "rawvideo", format: Pixel::GRAY8, ..ALONE };
    assert!(encode(&path, &kind, (0..100).map(|number| opaque(ramp(number)))));
    let mut reader = VideoReader::open(&path, Sizes::default()).unwrap();
    assert_eq!(reader.info().frames, 100);
    for index in (0..100).map(|place| place * 37 % 100) {
        let shown = reader.frame(index).unwrap().display;
        let worst = shown.as_raw().iter().zip(ramp(index).as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "frame {index} is off by {worst:?}");
    }
}

/// What is said of the video at `path`.
fn notes(path: &Path) -> Vec<String> {
    VideoReader::open(path, Sizes::default()).unwrap().info().notes.clone()
}

#[test]
fn transparency_is_told_of_where_there_is_some() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pierced = |number: usize| {
        let mut picture = opaque(coded_picture(number, CLIP));
        picture.put_pixel(5, 60, Rgba([10, 20, 30, 100]));
        picture
    };
    let kind = Kind { encoder: "png", format: Pixel::RGBA, container: "mov", ..ALONE };
    assert!(encode(&at("opaque.mov"), &kind, numbered(3)) && encode(&at("pierced.mov"), &kind, (0..3).map(pierced)));
    for name in ["opaque", "pierced"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    for number in 0..3 {
        opaque(coded_picture(number, CLIP)).save(at(&format!("opaque/{number}.png"))).unwrap();
        pierced(number).save(at(&format!("pierced/{number}.png"))).unwrap();
    }
    let is_told = |name: &str| notes(&at(name)).iter().filter(|note| note.contains("transparent parts")).count();
    assert_eq!(["opaque.mov", "opaque", "pierced.mov", "pierced"].map(is_told), [0, 0, 1, 1]);
    for name in ["pierced.mov", "pierced"] {
        let shown = VideoReader::open(&at(name), Sizes::default()).unwrap().frame(1).unwrap().display;
        assert_eq!(*shown.get_pixel(5, 60), Rgb([10, 20, 30]), "{name}: the colour as it is stored");
    }
}

#[test]
fn a_file_that_calls_its_pictures_interlaced_is_believed_though_the_first_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, called) = (folder.path().join("plain.mov"), folder.path().join("called.mov"));
    let kind = Kind { encoder: "png", format: Pixel::RGB24, container: "mov", ..ALONE };
    assert!(encode(&plain, &kind, numbered(4)));
    assert!(encode(&called, &Kind { encoder_options: &[("field_order", "tt")], ..kind }, numbered(4)));
    assert!(notes(&plain).is_empty());
    let reader = VideoReader::open(&called, Sizes::default()).unwrap();
    assert!(
        reader.info().interlaced && reader.info().notes[0].starts_with("The file is marked as interlaced"),
        "{:?}",
        reader.info()
    );
    assert_every_frame_is_exact(&called, 4);
}

#[test]
fn the_clock_time_that_a_camera_wrote_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = |path: &Path| VideoReader::open(path, Sizes::default()).unwrap().info().recorded.clone();
    let clip = folder.path().join("a.mp4");
    write_clip(&clip, 4, 25.0);
    assert_eq!(recorded(&clip), None, "a file without a time");
    // Seconds since 1904 behind the version of the movie header.
    let mut bytes = std::fs::read(&clip).unwrap();
    let header = bytes.windows(4).position(|name| name == b"mvhd").unwrap();
    bytes[header + 8..header + 12].copy_from_slice(&(1_772_720_553u32 + 2_082_844_800).to_be_bytes());
    std::fs::write(&clip, bytes).unwrap();
    let time = recorded(&clip).unwrap();
    assert_eq!(time.in_words(0.0), "2026-03-05 14:22:33 UTC");
    assert_eq!(time.clock(3600.5), "15:22:33");
}
