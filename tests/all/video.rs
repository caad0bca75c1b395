//! Video in and out: exact frames from every kind of file, playback, honest errors.
//!
//! Test clips carry their frame number as a bar code, so that a wrong frame cannot pass for the right one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ffmpeg_next as ffmpeg;
use image::{Rgb, RgbImage};
use motionscope::video::{
    ClipReader, Frame, Geometry, Player, PlayerCommand, PlayerEvent, Sizes, VideoReader, VideoWriter, counted_frames,
    decode_clip, decode_segment, first_frame,
};

use crate::shared;

const BITS: u32 = 8;
pub(crate) const CLIP: Geometry = Geometry { width: 128, height: 64 };
const SMALL: Geometry = Geometry { width: 64, height: 80 };

/// A picture with eight bars, white for the set bits of `number`, highest bit left, over a moving ramp.
pub(crate) fn coded_picture(number: usize, size: Geometry) -> RgbImage {
    RgbImage::from_fn(size.width, size.height, |x, y| {
        let bit = BITS - 1 - x * BITS / size.width;
        match (y < size.height / 2, number >> bit & 1) {
            (true, 1) => Rgb([255; 3]),
            (true, _) => Rgb([0; 3]),
            (false, _) => Rgb([(x * 2 + number as u32 * 5) as u8, (y * 3) as u8, 90]),
        }
    })
}

/// The number in the bars of a picture of any size.
pub(crate) fn read_code(picture: &RgbImage) -> usize {
    let (width, height) = picture.dimensions();
    let bright = |bar: u32| picture.get_pixel((2 * bar + 1) * width / (2 * BITS), height / 4)[1] > 127;
    (0..BITS).fold(0, |number, bar| number << 1 | usize::from(bright(bar)))
}

pub(crate) fn write_clip(path: &Path, frames: usize, fps: f64) {
    let mut writer = VideoWriter::create(path, CLIP, fps).unwrap();
    (0..frames).for_each(|number| writer.push(&coded_picture(number, CLIP)).unwrap());
    writer.finish().unwrap();
}

pub(crate) fn sizes() -> Sizes {
    Sizes { display_max: 100, scaled: vec![SMALL] }
}

/// Copies the packets of a clip into another container, changing their times in milliseconds.
pub(crate) fn remux(from: &Path, to: &Path, format: &str, retime: impl Fn(i64) -> i64) {
    let mut input = ffmpeg::format::input(from).unwrap();
    let mut output = ffmpeg::format::output_as(to, format).unwrap();
    let source = input.stream(0).unwrap();
    let milliseconds = ffmpeg::Rational(1, 1000);
    let mut target = output.add_stream(ffmpeg::codec::Id::None).unwrap();
    target.set_parameters(source.parameters());
    target.set_avg_frame_rate(source.avg_frame_rate());
    target.set_time_base(source.avg_frame_rate().invert());
    let from_base = source.time_base();
    output.write_header().unwrap();
    let to_base = output.stream(0).unwrap().time_base();
    for (_, mut packet) in input.packets() {
        packet.rescale_ts(from_base, milliseconds);
        packet.set_pts(packet.pts().map(&retime));
        packet.set_dts(packet.dts().map(&retime));
        packet.rescale_ts(milliseconds, to_base);
        packet.set_position(-1);
        packet.write_interleaved(&mut output).unwrap();
    }
    output.write_trailer().unwrap();
}

/// Numbers below `count` in an order that jumps about, each once.
fn shuffled(count: usize) -> Vec<usize> {
    let stride = (count * 5 / 8..)
        .find(|stride| (2..=*stride).all(|d| !stride.is_multiple_of(d) || !count.is_multiple_of(d)))
        .unwrap();
    (0..count).map(|place| place * stride % count).collect()
}

pub(crate) fn assert_every_frame_is_exact(path: &Path, frames: usize) {
    let mut reader = VideoReader::open(path, sizes()).unwrap();
    assert_eq!(reader.info().frames, frames, "{}", path.display());
    for index in shuffled(frames).into_iter().chain(0..frames) {
        let frame = reader.frame(index).unwrap();
        let codes = (frame.index, read_code(&frame.display), read_code(&frame.scaled[0]));
        assert_eq!(codes, (index, index, index), "{}", path.display());
    }
}

#[test]
fn every_frame_is_found_in_every_container() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_clip(&clip, 75, 25.0); // With B-frames, and key frames within.
    assert_every_frame_is_exact(&clip, 75);
    // AVI drops the presentation times, a transport stream begins late, Matroska rounds to milliseconds.
    for format in ["avi", "mpegts", "matroska", "mov"] {
        let copy = folder.path().join(format);
        remux(&clip, &copy, format, |millis| millis);
        assert_every_frame_is_exact(&copy, 75);
        let info = VideoReader::open(&copy, sizes()).unwrap().info().clone();
        assert!((info.fps - 25.0).abs() < 0.01 && !info.variable_rate && info.notes.is_empty(), "{info:?}");
        assert!((info.duration_secs - 3.0).abs() < 0.01, "{info:?}");
    }
    let gathered = decode_clip(&clip, SMALL, Some(50)).unwrap();
    assert_eq!(gathered.iter().map(read_code).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
}

#[test]
fn uneven_time_stamps_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, uneven) = (folder.path().join("clip.mp4"), folder.path().join("uneven.mkv"));
    write_clip(&clip, 40, 20.0);
    remux(&clip, &uneven, "matroska", |millis| if millis < 1000 { millis } else { 3 * millis - 2000 });
    assert_every_frame_is_exact(&uneven, 40);
    let mut reader = VideoReader::open(&uneven, sizes()).unwrap();
    assert!(reader.info().variable_rate);
    for (index, secs) in [(0, 0.0), (19, 0.95), (20, 1.0), (21, 1.15), (39, 3.85)] {
        assert!((reader.frame(index).unwrap().pts_secs - secs).abs() < 0.002, "frame {index}");
    }
}

/// A video of 200 frames in `folder`: 5 s at 30 frames per second, then 5 s at 10.
pub(crate) fn uneven_clip(folder: &Path) -> PathBuf {
    let (clip, uneven) = (folder.join("even.mp4"), folder.join("uneven.mkv"));
    write_clip(&clip, 200, 30.0);
    remux(&clip, &uneven, "matroska", |millis| if millis < 5000 { millis } else { 3 * millis - 10_000 });
    std::fs::remove_file(clip).unwrap();
    uneven
}

#[test]
fn a_segment_has_the_frames_of_its_time_stamps() {
    let folder = tempfile::tempdir().unwrap();
    let uneven = uneven_clip(folder.path());
    let frames = |secs: [f64; 2]| {
        let pictures = decode_segment(&uneven, Some(secs), SMALL, None).unwrap();
        pictures.iter().map(read_code).collect::<Vec<_>>()
    };
    for (secs, expected) in [([2.0, 3.0], 60..90), ([5.0, 6.0], 150..160), ([8.0, 9.0], 180..190)] {
        assert_eq!(frames(secs), expected.clone().collect::<Vec<_>>(), "{secs:?} s");
        assert_eq!(first_frame(&uneven, Some(secs)).unwrap(), expected.start);
        let shown = counted_frames(&uneven, expected.clone(), None).unwrap().secs;
        assert!((0..2).all(|end| (shown[end] - secs[end]).abs() < 0.002), "{shown:?} s");
        assert_eq!(frames(shown), expected.collect::<Vec<_>>(), "frames come back from their own times");
    }
    for frame in 0..200 {
        let shown = counted_frames(&uneven, frame..frame + 1, None).unwrap().secs;
        assert_eq!(first_frame(&uneven, Some(shown)).unwrap(), frame);
    }
    assert_eq!((frames([0.0, 0.0]), frames([8.26, 8.27])), (vec![0], vec![183]), "an event is one frame");
    let error = decode_segment(&uneven, Some([11.0, 12.0]), SMALL, None).unwrap_err();
    assert!(error.cause.contains("from 11 to 12 s"), "{error}");
}

#[test]
fn a_clip_gives_each_frame_in_several_sizes_at_one_go() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, pictures) = (folder.path().join("clip.mp4"), folder.path().join("pictures"));
    write_clip(&clip, 50, 25.0);
    std::fs::create_dir(&pictures).unwrap();
    (0..40).for_each(|number| coded_picture(number + 10, CLIP).save(pictures.join(format!("{number}.png"))).unwrap());
    for (path, segment) in [(&clip, Some([0.4, 2.0])), (&pictures, None)] {
        let mut reader = ClipReader::open(path, segment).unwrap();
        assert_eq!(reader.frames(), 40);
        reader.set_sizes(vec![CLIP, SMALL]);
        for place in [0, 7, 8, 39, 3] {
            let pictures = reader.pictures(place).unwrap();
            let sizes: Vec<_> = pictures.iter().map(RgbImage::dimensions).collect();
            assert_eq!(sizes, [(CLIP.width, CLIP.height), (SMALL.width, SMALL.height)]);
            assert!(pictures.iter().all(|picture| read_code(picture) == place + 10), "{}", path.display());
        }
    }
}

#[test]
fn pictures_stand_upright_with_square_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    write_clip(&path, 5, 25.0);
    let mut bytes = std::fs::read(&path).unwrap();
    let header = bytes.windows(4).position(|name| name == b"tkhd").unwrap();
    let matrix = header + 4 + 40;
    let mut put = |place: usize, number: i32| bytes[place..place + 4].copy_from_slice(&number.to_be_bytes());
    // Stored lying on its left side, with pixels twice as wide as high.
    [(0, 0), (4, 1 << 16), (12, -1 << 16), (16, 0)].iter().for_each(|&(at, number)| put(matrix + at, number));
    put(matrix + 36, 256 << 16);
    std::fs::write(&path, bytes).unwrap();

    let mut reader = VideoReader::open(&path, Sizes::default()).unwrap();
    let info = reader.info().clone();
    assert_eq!((info.width, info.height, info.rotation_degrees), (64, 256, 90));
    let turned_back = image::imageops::rotate270(&*reader.frame(3).unwrap().display);
    assert_eq!((turned_back.dimensions(), read_code(&turned_back)), ((256, 64), 3));
}

#[test]
fn colours_survive_writing_and_reading() {
    let folder = tempfile::tempdir().unwrap();
    for (side, (width, height)) in [(64, 48), (37, 23), (1, 1)].into_iter().enumerate() {
        let path = folder.path().join(format!("{side}.mp4"));
        let colours = [[255, 0, 0], [0, 200, 0], [30, 30, 220], [128, 128, 128]];
        let mut writer = VideoWriter::create(&path, Geometry { width, height }, 29.97).unwrap();
        colours.iter().for_each(|&colour| writer.push(&RgbImage::from_pixel(width, height, Rgb(colour))).unwrap());
        writer.finish().unwrap();
        let mut reader = VideoReader::open(&path, Sizes::default()).unwrap();
        let even = (width.next_multiple_of(2), height.next_multiple_of(2));
        assert_eq!((reader.info().width, reader.info().height), even, "as players expect");
        assert!((reader.info().fps - 29.97).abs() < 0.001);
        for (index, colour) in colours.iter().enumerate() {
            let frame = reader.frame(index).unwrap();
            let worst = frame.display.pixels().flat_map(|pixel| (0..3).map(|c| pixel[c].abs_diff(colour[c]))).max();
            assert!(worst.unwrap() <= 4, "{width}×{height}, colour {colour:?} off by {worst:?}");
        }
    }
}

#[test]
fn every_key_frame_of_a_written_clip_needs_nothing_of_what_was_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.mp4");
    let mut writer = VideoWriter::create(&path, Geometry { width: 64, height: 64 }, 25.0).unwrap();
    for frame in 0..100 {
        let picture = RgbImage::from_fn(64, 64, |x, y| Rgb([(4 * x + 3 * frame) as u8, (4 * y) as u8, 90]));
        writer.push(&picture).unwrap();
    }
    writer.finish().unwrap();
    let mut input = ffmpeg::format::input(&path).unwrap();
    assert_eq!(input.stream(0).unwrap().parameters().id(), ffmpeg::codec::Id::H264);
    let mut keys = 0;
    for (_, packet) in input.packets().filter(|(_, packet)| packet.is_key()) {
        // Units of a length in four bytes each; an instantaneous refresh is of type 5, a mere point of recovery is not.
        let (mut rest, mut refreshes) = (packet.data().unwrap(), false);
        while let Some((length, unit)) = rest.split_at_checked(4) {
            refreshes |= unit[0] & 0x1f == 5;
            let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
            rest = &unit[length..];
        }
        assert!(refreshes, "key frame {keys}");
        keys += 1;
    }
    assert!(keys >= 4, "{keys}");
}

#[test]
fn colours_that_the_file_does_not_name_follow_its_size() {
    let folder = tempfile::tempdir().unwrap();
    // Red by BT.709, as in high definition, and by BT.601, as below it.
    for (width, height, red) in [(1280, 720, [63, 102, 240]), (64, 48, [81, 90, 240])] {
        let path = folder.path().join(format!("{width}.y4m"));
        let mut bytes = format!("YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C444\nFRAME\n").into_bytes();
        red.iter().for_each(|&level| bytes.extend(std::iter::repeat_n(level, width * height)));
        std::fs::write(&path, bytes).unwrap();
        let frame = VideoReader::open(&path, sizes()).unwrap().frame(0).unwrap();
        let Rgb([r, g, b]) = *frame.display.get_pixel(9, 9);
        assert!(r > 251 && g < 4 && b < 4, "{width}×{height}: {r} {g} {b}");
    }
}

#[test]
fn woven_fields_are_separated_alike_in_any_order() {
    // A bright bar moves 8 pixels between the two fields of each frame.
    let (width, height) = (128_usize, 64_usize);
    let mut bytes = format!("YUV4MPEG2 W{width} H{height} F25:1 It A1:1 Cmono\n").into_bytes();
    for frame in 0..6 {
        bytes.extend(b"FRAME\n");
        for row in 0..height {
            let left = 8 * (2 * frame + row % 2);
            bytes.extend((0..width).map(|x| if (left..left + 16).contains(&x) { 235 } else { 16 }));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fields.y4m");
    std::fs::write(&path, bytes).unwrap();
    let mut reader = VideoReader::open(&path, Sizes::default()).unwrap();
    assert!(reader.info().interlaced && !reader.info().notes.is_empty());
    let frames: Vec<Frame> = (0..6).map(|index| reader.frame(index).unwrap()).collect();
    for frame in &frames[1..5] {
        let combed = frame.display.rows().map(|row| row.map(|pixel| u64::from(pixel[0])).collect::<Vec<_>>());
        let rows: Vec<Vec<u64>> = combed.collect();
        let differing = |a: &[u64], b: &[u64]| a.iter().zip(b).filter(|(a, b)| a.abs_diff(**b) > 60).count();
        let comb: usize = rows[8..56].windows(2).map(|pair| differing(&pair[0], &pair[1])).sum();
        assert!(comb < 47, "frame {} is still woven: {comb} pixels", frame.index); // Woven: 16 in each of 47 pairs.
    }
    for index in [4, 1, 5, 0, 3, 2] {
        assert_eq!(reader.frame(index).unwrap().display, frames[index].display, "frame {index}");
    }
}

#[test]
fn real_files_read_alike_in_any_order() {
    let counted = [
        ("codecs/R6llTwEh07w.mp4", 303),
        ("codecs/RATRACE_wave_f_nm_np1_fr_goo_37.avi", 72),
        ("codecs/SOX5yA1l24A.mp4", 332),
        ("codecs/TrumanShow_wave_f_nm_np1_fr_med_26.avi", 48),
        ("codecs/v_SoccerJuggling_g23_c01.avi", 240),
        ("gestures/action1/person1_take1.avi", 109),
    ];
    for (name, frames) in counted {
        let Some(path) = shared::data(&format!("data/{name}")) else { return };
        let wanted = Sizes { display_max: 64, scaled: Vec::new() };
        let mut reader = VideoReader::open(&path, wanted).unwrap();
        assert_eq!(reader.info().frames, frames, "{name}");
        assert_eq!(reader.info().has_sound, name.ends_with("A.mp4") || name.ends_with("w.mp4"), "{name}");
        let in_order: Vec<Arc<RgbImage>> = (0..frames).map(|index| reader.frame(index).unwrap().display).collect();
        for index in shuffled(frames).into_iter().step_by(5) {
            assert_eq!(reader.frame(index).unwrap().display, in_order[index], "{name}, frame {index}");
        }
    }
}

#[test]
fn what_is_not_a_video_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let clip = folder.path().join("clip.mp4");
    write_clip(&clip, 3, 25.0);
    let broken_off = std::fs::read(&clip).unwrap()[..300].to_vec();
    let mut sound =
        b"RIFF\x64\x10\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x10\0\0".to_vec();
    sound.extend([128; 0x1040]);
    let cases: [(PathBuf, &str); 7] = [
        (folder.path().join("absent.mp4"), "no such file"),
        (folder.path().to_owned(), "folder"),
        (put("empty.mp4", b""), "empty"),
        (put("letter.txt", b"Dear reader, this is a letter."), "not a video"),
        (put("noise.mp4", &[0x5a; 5000]), "not a video"),
        (put("broken.mp4", &broken_off), "incomplete"),
        (put("song.wav", &sound), "only sound"),
    ];
    for (path, cause) in cases {
        let error = VideoReader::open(&path, sizes()).err().unwrap();
        assert!(error.cause.contains(cause), "{error}");
        assert!(error.subject.contains(path.to_str().unwrap()) && !error.remedy.is_empty(), "{error}");
    }
    let mut reader = VideoReader::open(&clip, sizes()).unwrap();
    assert!(reader.frame(3).unwrap_err().cause.contains("no frame 3"));
}

#[test]
fn damaged_files_play_as_far_as_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, whole) = (folder.path().join("clip.mp4"), folder.path().join("whole.mkv"));
    write_clip(&clip, 90, 25.0);
    remux(&clip, &whole, "matroska", |millis| millis);
    let bytes = std::fs::read(&whole).unwrap();

    let cut = folder.path().join("cut.mkv");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let player = Player::open(&cut, sizes(), Arc::new(|| {}));
    let info = wait_until_open(&player);
    assert!((10..80).contains(&info.frames), "{info:?}");
    let warned = player.events().recv_timeout(Duration::from_secs(5));
    assert!(matches!(&warned, Ok(PlayerEvent::Warning(warning)) if warning.cause.contains("cut off")), "{warned:?}");

    let mut reader = VideoReader::open(&scratched_clip(folder.path()), sizes()).unwrap();
    let codes: Vec<usize> = (0..reader.info().frames).map(|i| read_code(&reader.frame(i).unwrap().display)).collect();
    assert!(codes.starts_with(&[0, 1, 2, 3, 4]) && codes.ends_with(&[87, 88, 89]), "{codes:?}");
}

/// A clip of 90 frames, some of them in the middle spoilt.
fn scratched_clip(folder: &Path) -> PathBuf {
    let (clip, path) = (folder.join("clip.mp4"), folder.join("scratched.mkv"));
    write_clip(&clip, 90, 25.0);
    remux(&clip, &path, "matroska", |millis| millis);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 1500].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_clip_appears_only_when_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    let mut writer = VideoWriter::create(&path, CLIP, 25.0).unwrap();
    writer.push(&coded_picture(1, CLIP)).unwrap();
    assert!(writer.push(&RgbImage::new(3, 3)).unwrap_err().cause.contains("3×3"));
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(VideoWriter::create(&folder.path().join("absent/clip.mp4"), CLIP, 25.0).is_err());
    assert!(VideoWriter::create(&path, CLIP, 0.0).is_err());
}

pub(crate) fn wait_until_open(player: &Player) -> motionscope::video::VideoInfo {
    match player.events().recv_timeout(Duration::from_secs(10)) {
        Ok(PlayerEvent::Opened(info)) => info,
        other => panic!("not opened: {other:?}"),
    }
}

/// Waits until `condition` holds and tells how long it took.
pub(crate) fn wait_for(what: &str, condition: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed()
}

fn shown(player: &Player) -> Option<usize> {
    player.current().map(|frame| {
        assert_eq!(read_code(&frame.display), frame.index);
        frame.index
    })
}

#[test]
fn playback_keeps_the_pace_of_the_video() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_clip(&clip, 60, 50.0);
    let player = Player::open(&clip, sizes(), Arc::new(|| {}));
    wait_until_open(&player);
    wait_for("first frame", || shown(&player) == Some(0));
    assert!(!player.state().playing);

    let begun = Instant::now();
    player.send(PlayerCommand::Play);
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    wait_for("end", || {
        seen.borrow_mut().extend(shown(&player));
        let state = player.state();
        !state.playing && state.position > 0
    });
    let played = begun.elapsed();
    // A busy machine may show fewer frames and end later, but never earlier.
    assert!(seen.borrow().len() > 2, "only {} of 60 frames were shown", seen.borrow().len());
    assert!(played.as_secs_f64() > 1.1, "60 frames at 50 per second took {played:?}");
    assert_eq!((shown(&player), player.events().try_recv()), (Some(59), Ok(PlayerEvent::Ended)));

    player.send(PlayerCommand::SetSpeed(-2.0));
    let begun = Instant::now();
    player.send(PlayerCommand::Play);
    wait_for("beginning", || {
        let state = player.state();
        !state.playing && state.position < 59
    });
    let played = begun.elapsed();
    assert!(played.as_secs_f64() > 0.5, "backwards at double speed took {played:?}");
    assert_eq!(shown(&player), Some(0));

    player.send(PlayerCommand::SetSpeed(4.0));
    player.send(PlayerCommand::SetLoop(Some((20, 29))));
    player.send(PlayerCommand::SeekFrame(20));
    player.send(PlayerCommand::Play);
    wait_for("loop", || player.state().playing);
    let begun = Instant::now();
    let (mut rounds, mut before) = (0, 20);
    while rounds < 3 {
        assert!(begun.elapsed() < Duration::from_secs(20), "a loop of 50 ms came round {rounds} times in 20 s");
        let position = player.state().position;
        assert!((20..30).contains(&position), "left the loop: {position}");
        rounds += usize::from(position < before);
        before = position;
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn seeking_and_stepping_show_the_exact_frame() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_clip(&clip, 250, 25.0);
    let player = Player::open(&clip, sizes(), Arc::new(|| {}));
    wait_until_open(&player);
    for target in (0..250).step_by(7).chain([200]) {
        player.send(PlayerCommand::SeekFrame(target)); // As when the position is dragged: only the last counts.
    }
    wait_for("dragged", || shown(&player) == Some(200));
    wait_for("window", || player.window(184, 33, 1).is_some());
    assert_eq!(player.window(184, 33, 1).unwrap().iter().map(|frame| frame.index).min(), Some(184));
    assert!(player.window(240, 20, 1).is_none());

    player.send(PlayerCommand::Step(-1));
    wait_for("step back", || shown(&player) == Some(199));
    player.send(PlayerCommand::Step(i64::MIN));
    wait_for("first", || shown(&player) == Some(0));
    player.send(PlayerCommand::SeekSecs(4.021));
    wait_for("by time", || shown(&player) == Some(100));
    player.send(PlayerCommand::SeekFrame(usize::MAX));
    wait_for("last", || shown(&player) == Some(249));

    let wanted = Sizes { display_max: 50, scaled: Vec::new() };
    player.send(PlayerCommand::SetSizes(wanted));
    wait_for("other size", || player.current().is_some_and(|frame| frame.display.dimensions() == (50, 25)));
    assert_eq!(shown(&player), Some(249));

    let player = Player::open(&folder.path().join("absent.mp4"), sizes(), Arc::new(|| {}));
    let event = player.events().recv_timeout(Duration::from_secs(5));
    assert!(matches!(event, Ok(PlayerEvent::Failed(_))), "{event:?}");
}
