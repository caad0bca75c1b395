//! Opening videos: what is between the pictures, what breaks off, and how soon the first picture is there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ffmpeg_next as ffmpeg;
use image::RgbImage;
use motionscope::video::{
    ClipFacts, Player, PlayerCommand, PlayerEvent, Sizes, VideoReader, decode_clip, is_frame_folder,
};

use crate::video::{
    CLIP, assert_every_frame_is_exact, coded_picture, read_code, remux, sizes, wait_for, wait_until_open, write_clip,
};

/// Silence beside pictures: so many packets of so many samples, 8000 a second, before each picture and after the last.
struct Sound {
    samples: usize,
    before_each: usize,
    after: usize,
}

/// Copies the pictures of a clip into another container and puts sound beside them.
fn mux(clip: &Path, to: &Path, format: &str, sound: &Sound) {
    let mut input = ffmpeg::format::input(clip).unwrap();
    let mut output = ffmpeg::format::output_as(to, format).unwrap();
    let source = input.stream(0).unwrap();
    let mut pictures = output.add_stream(ffmpeg::codec::Id::None).unwrap();
    pictures.set_parameters(source.parameters());
    pictures.set_avg_frame_rate(source.avg_frame_rate());
    pictures.set_time_base(source.avg_frame_rate().invert());
    let codec = ffmpeg::codec::encoder::find(ffmpeg::codec::Id::PCM_S16LE).unwrap();
    let mut encoder = ffmpeg::codec::Context::new_with_codec(codec).encoder().audio().unwrap();
    encoder.set_rate(8000);
    encoder.set_format(ffmpeg::format::Sample::I16(ffmpeg::format::sample::Type::Packed));
    encoder.set_channel_layout(ffmpeg::ChannelLayout::MONO);
    encoder.set_time_base((1, 8000));
    let encoder = encoder.open().unwrap();
    let mut track = output.add_stream(ffmpeg::codec::Id::None).unwrap();
    track.set_parameters(ffmpeg::codec::Parameters::from(&encoder));
    track.set_time_base((1, 8000));
    output.write_header().unwrap();
    let [picture_base, sound_base] = [0, 1].map(|stream| output.stream(stream).unwrap().time_base());
    let mut heard = 0;
    let mut silence = |count: usize, output: &mut ffmpeg::format::context::Output| {
        for _ in 0..count {
            let mut packet = ffmpeg::Packet::copy(&vec![0; 2 * sound.samples]);
            packet.set_stream(1);
            packet.set_pts(Some(heard));
            packet.set_dts(Some(heard));
            packet.set_duration(sound.samples as i64);
            packet.rescale_ts((1, 8000), sound_base);
            packet.write(output).unwrap();
            heard += sound.samples as i64;
        }
    };
    for (number, (stream, mut packet)) in input.packets().enumerate() {
        silence(sound.before_each, &mut output);
        packet.rescale_ts(stream.time_base(), picture_base);
        if format == "avi" {
            packet.set_pts(None);
            packet.set_dts(Some(number as i64));
        }
        packet.set_position(-1);
        packet.write(&mut output).unwrap();
    }
    silence(sound.after, &mut output);
    output.write_trailer().unwrap();
}

#[test]
fn thousands_of_sound_packets_between_two_pictures_are_normal() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, sparse) = (folder.path().join("clip.mp4"), folder.path().join("sparse.avi"));
    write_clip(&clip, 6, 25.0);
    mux(&clip, &sparse, "avi", &Sound { samples: 1, before_each: 3000, after: 0 });
    assert_every_frame_is_exact(&sparse, 6);
}

/// What is said of the video at `path`, and how many frames it has.
fn notes(path: &Path) -> (usize, Vec<String>) {
    let reader = VideoReader::open(path, sizes()).unwrap();
    (reader.info().frames, reader.info().notes.clone())
}

#[test]
fn only_a_file_that_is_cut_off_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let clip = at("clip.mp4");
    write_clip(&clip, 150, 25.0);
    // The time stamps begin at 5 s, and the length that the file claims reaches from 0 to the last of them.
    remux(&clip, &at("late.mkv"), "matroska", |millis| millis + 5000);
    assert_eq!(notes(&at("late.mkv")), (150, Vec::new()));
    let duration_secs = VideoReader::open(&at("late.mkv"), sizes()).unwrap().info().duration_secs;
    assert!((duration_secs - 6.0).abs() < 0.01, "{duration_secs}");
    // An edit list shows the first 2 s of 6; its length is in thousandths of a second.
    let mut bytes = std::fs::read(&clip).unwrap();
    let list = bytes.windows(4).position(|bytes| bytes == b"elst").unwrap();
    assert_eq!(bytes[list + 12..list + 16], 6000_u32.to_be_bytes());
    bytes[list + 12..list + 16].copy_from_slice(&2000_u32.to_be_bytes());
    std::fs::write(at("trimmed.mp4"), bytes).unwrap();
    assert_eq!(notes(&at("trimmed.mp4")), (50, Vec::new()));
    // The sound goes on for 40 s after the pictures.
    mux(&clip, &at("sound.mkv"), "matroska", &Sound { samples: 320, before_each: 1, after: 1000 });
    assert_eq!(notes(&at("sound.mkv")), (150, Vec::new()));
    // Both end before the length that the file claims.
    mux(&clip, &at("both.mkv"), "matroska", &Sound { samples: 320, before_each: 1, after: 0 });
    let bytes = std::fs::read(at("both.mkv")).unwrap();
    std::fs::write(at("half.mkv"), &bytes[..bytes.len() / 3]).unwrap();
    let (frames, notes) = notes(&at("half.mkv"));
    assert!(frames < 100 && notes[0].starts_with("the file is cut off"), "{frames} frames, {notes:?}");
}

#[test]
fn joined_recordings_follow_each_other_on_the_timeline() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_clip(&at("clip.mp4"), 75, 25.0);
    // The second recording begins an hour before the first, which a transport stream takes for 25 hours later.
    remux(&at("clip.mp4"), &at("a.ts"), "mpegts", |millis| millis + 3_600_000);
    remux(&at("clip.mp4"), &at("b.ts"), "mpegts", |millis| millis);
    let joined = [std::fs::read(at("a.ts")).unwrap(), std::fs::read(at("b.ts")).unwrap()].concat();
    std::fs::write(at("joined.ts"), joined).unwrap();
    let mut reader = VideoReader::open(&at("joined.ts"), sizes()).unwrap();
    let info = reader.info().clone();
    assert!(info.frames == 150 && (info.duration_secs - 6.0).abs() < 0.1 && !info.variable_rate, "{info:?}");
    assert!(info.notes.len() == 1 && info.notes[0].starts_with("Time stamps restart"), "{:?}", info.notes);
    let mut before = -1.0;
    for index in 0..150 {
        let frame = reader.frame(index).unwrap();
        assert_eq!(read_code(&frame.display), index % 75);
        assert!(frame.pts_secs > before && frame.duration_secs < 0.1, "frame {index} at {} s", frame.pts_secs);
        before = frame.pts_secs;
    }
    for index in [149, 10, 80, 74, 75, 3, 120] {
        assert_eq!(read_code(&reader.frame(index).unwrap().display), index % 75, "frame {index} after a seek");
    }
}

#[test]
fn what_ends_within_its_header_is_cut_off_and_not_the_fault_of_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, whole) = (folder.path().join("clip.mp4"), folder.path().join("whole.mkv"));
    write_clip(&clip, 20, 25.0);
    remux(&clip, &whole, "matroska", |millis| millis);
    let bytes = std::fs::read(&whole).unwrap();
    let mut refused = 0;
    for length in [60, 100, 150, 200] {
        let path = folder.path().join(format!("{length}.mkv"));
        std::fs::write(&path, &bytes[..length]).unwrap();
        let Err(error) = VideoReader::open(&path, sizes()) else { continue };
        assert!(!error.cause.contains("Input/output") && !error.remedy.contains("disk"), "{length} bytes: {error}");
        refused += 1;
    }
    assert!(refused > 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_unicode_opens_like_any_other() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_clip(&clip, 6, 25.0);
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9: 100%.mp4"));
    std::fs::rename(&clip, &odd).unwrap();
    assert_every_frame_is_exact(&odd, 6);
}

#[test]
fn a_decoder_thread_that_breaks_off_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_clip(&clip, 6, 25.0);
    let is_broken = AtomicBool::new(false);
    let wake = move || assert!(is_broken.swap(true, Ordering::Relaxed), "breaks off once");
    let player = Player::open(&clip, sizes(), Arc::new(wake));
    let failed = |event: PlayerEvent| match event {
        PlayerEvent::Failed(error) => {
            error.subject == clip.to_string_lossy() && error.cause.contains("breaks off once")
        }
        _ => false,
    };
    wait_for("the failure", || player.events().try_iter().any(failed));
}

/// A picture as Windows bitmap: rows from below, each of whole multiples of four bytes.
fn bitmap(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut file = b"BM".to_vec();
    let numbers = [54 + 3 * width * height, 0, 54, 40, width, height, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
    numbers.iter().for_each(|number: &u32| file.extend(number.to_le_bytes()));
    for y in (0..height).rev() {
        (0..width).for_each(|x| file.extend(picture.get_pixel(x, y).0.iter().rev()));
    }
    file
}

/// A picture as TIFF without compression, in one strip.
fn tiff(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let bytes = picture.as_raw().len() as u32;
    let mut file = b"II*\0".to_vec();
    file.extend((8 + bytes).to_le_bytes());
    file.extend(picture.as_raw());
    let depths = 8 + bytes + 2 + 10 * 12 + 4;
    let tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 3, depths),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, bytes),
        (284, 3, 1, 1),
    ];
    file.extend((tags.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in tags {
        file.extend(u16::to_le_bytes(tag));
        file.extend(u16::to_le_bytes(kind));
        file.extend(u32::to_le_bytes(count));
        file.extend(u32::to_le_bytes(value));
    }
    file.extend(0_u32.to_le_bytes());
    file.extend([8, 0, 8, 0, 8, 0]);
    file
}

/// Writes 20 numbered pictures into a new folder.
fn write_frames(folder: &Path, name: impl Fn(usize) -> String, write: impl Fn(&RgbImage, &Path)) {
    std::fs::create_dir(folder).unwrap();
    (0..20).for_each(|number| write(&coded_picture(number, CLIP), &folder.join(name(number + 1))));
}

#[test]
fn a_folder_of_frames_opens_like_a_video_whatever_its_pictures_are() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write_frames(&at("class"), |n| format!("v_wave_g01_c01_{n:05}.png"), |picture, path| picture.save(path).unwrap());
    write_frames(&at("middle"), |n| format!("frame{n}_xxx.png"), |picture, path| picture.save(path).unwrap());
    write_frames(&at("bmp"), |n| format!("{n}.bmp"), |picture, path| std::fs::write(path, bitmap(picture)).unwrap());
    write_frames(
        &at("tif"),
        |n| format!("img_{n:04}.tif"),
        |picture, path| std::fs::write(path, tiff(picture)).unwrap(),
    );
    for name in ["class", "middle", "bmp", "tif"] {
        assert!(is_frame_folder(&at(name)), "{name}");
        assert_every_frame_is_exact(&at(name), 20);
        let mut reader = VideoReader::open(&at(name), Sizes::default()).unwrap();
        assert!(*reader.frame(7).unwrap().display == coded_picture(7, CLIP), "{name}: to the last bit");
        let info = reader.info();
        assert_eq!((info.frames, info.width, info.fps, info.duration_secs), (20, CLIP.width, 25.0, 0.8), "{name}");
        assert!(info.notes[0].contains("25 frames per second are assumed"), "{name}");
        let codes: Vec<_> = decode_clip(&at(name), CLIP, None).unwrap().iter().map(read_code).collect();
        assert_eq!(codes, (0..20).collect::<Vec<_>>(), "{name}");
        assert_eq!(ClipFacts::of(&at(name), true).unwrap().frames, 20, "{name}");
        let player = Player::open(&at(name), sizes(), Arc::new(|| {}));
        assert_eq!(wait_until_open(&player).frames, 20, "{name}");
        player.send(PlayerCommand::SeekFrame(13));
        wait_for("frame 13", || player.current().is_some_and(|frame| frame.index == 13));
    }
}

/// Appends six frames of a bright bar that moves to an elementary stream of MPEG-2, woven from two fields or whole.
fn append_mpeg2(bytes: &mut Vec<u8>, is_woven: bool) {
    let (width, height) = (128, 64);
    let codec = ffmpeg::codec::encoder::find(ffmpeg::codec::Id::MPEG2VIDEO).unwrap();
    let mut encoder = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().unwrap();
    encoder.set_width(width);
    encoder.set_height(height);
    encoder.set_format(ffmpeg::format::Pixel::YUV420P);
    encoder.set_time_base((1, 25));
    encoder.set_bit_rate(8_000_000);
    encoder.set_max_b_frames(0);
    if is_woven {
        encoder.set_flags(ffmpeg::codec::Flags::INTERLACED_DCT);
    }
    let mut encoder = encoder.open().unwrap();
    let mut packet = ffmpeg::Packet::empty();
    for number in 0..7 {
        if number < 6 {
            let mut frame = ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUV420P, width, height);
            frame.set_pts(Some(number));
            (1..3).for_each(|plane| frame.data_mut(plane).fill(128));
            let stride = frame.stride(0);
            for (row, line) in frame.data_mut(0).chunks_mut(stride).take(height as usize).enumerate() {
                line.fill(16);
                let left = 8 * (2 * number as usize + if is_woven { row % 2 } else { 0 });
                line[left..left + 16].fill(235);
            }
            encoder.send_frame(&frame).unwrap();
        } else {
            encoder.send_eof().unwrap();
        }
        while encoder.receive_packet(&mut packet).is_ok() {
            bytes.extend(packet.data().unwrap());
        }
    }
}

#[test]
fn woven_pictures_are_separated_though_the_first_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed.m2v");
    let mut bytes = Vec::new();
    append_mpeg2(&mut bytes, false);
    append_mpeg2(&mut bytes, true);
    std::fs::write(&path, bytes).unwrap();
    let open = || VideoReader::open(&path, Sizes::default()).unwrap();
    let mut reader = open();
    assert_eq!((reader.info().frames, reader.info().interlaced), (12, false));
    let frames: Vec<_> = (0..12).map(|index| reader.frame(index).unwrap()).collect();
    for frame in &frames[7..11] {
        let rows: Vec<Vec<u8>> = frame.display.rows().map(|row| row.map(|pixel| pixel[0]).collect()).collect();
        let differing = |a: &[u8], b: &[u8]| a.iter().zip(b).filter(|(a, b)| a.abs_diff(**b) > 60).count();
        let comb: usize = rows[8..56].windows(2).map(|pair| differing(&pair[0], &pair[1])).sum();
        assert!(comb < 94, "frame {} is still woven: {comb} pixels", frame.index); // Woven: 16 in each of 47 pairs.
    }
    for order in [[9, 2, 11, 4, 8, 6], [3, 7, 1, 10, 5, 0]] {
        let mut reader = open();
        for index in order {
            assert_eq!(reader.frame(index).unwrap().display, frames[index].display, "frame {index}");
        }
    }
}
