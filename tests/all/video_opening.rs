//! Opening videos: what lies between the pictures, what breaks off, and how soon the first picture is there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ffmpeg_next as ffmpeg;
use image::RgbImage;
use motionscope::video::{
    ClipFacts, Player, PlayerCommand, PlayerEvent, Sizes, VideoReader, decode_clip, is_frame_folder,
};

use crate::video::{
    CLIP, assert_every_frame_is_exact, coded_picture, read_code, sizes, wait_for, wait_until_open, write_clip,
};

/// Copies the pictures of a clip into an AVI file, each after `between` packets of sound of two bytes.
fn write_sparse(clip: &Path, to: &Path, between: usize) {
    let mut input = ffmpeg::format::input(clip).unwrap();
    let mut output = ffmpeg::format::output_as(to, "avi").unwrap();
    let source = input.stream(0).unwrap();
    let mut pictures = output.add_stream(ffmpeg::codec::Id::None).unwrap();
    pictures.set_parameters(source.parameters());
    pictures.set_time_base(source.avg_frame_rate().invert());
    let codec = ffmpeg::codec::encoder::find(ffmpeg::codec::Id::PCM_S16LE).unwrap();
    let mut sound = ffmpeg::codec::Context::new_with_codec(codec).encoder().audio().unwrap();
    sound.set_rate(8000);
    sound.set_format(ffmpeg::format::Sample::I16(ffmpeg::format::sample::Type::Packed));
    sound.set_channel_layout(ffmpeg::ChannelLayout::MONO);
    sound.set_time_base((1, 8000));
    let sound = sound.open().unwrap();
    let mut track = output.add_stream(ffmpeg::codec::Id::None).unwrap();
    track.set_parameters(ffmpeg::codec::Parameters::from(&sound));
    track.set_time_base((1, 8000));
    output.write_header().unwrap();
    let base = output.stream(0).unwrap().time_base();
    let mut samples = 0;
    for (number, (stream, mut packet)) in input.packets().enumerate() {
        for _ in 0..between {
            let mut sample = ffmpeg::Packet::copy(&[0, 0]);
            sample.set_stream(1);
            sample.set_pts(Some(samples));
            sample.set_dts(Some(samples));
            sample.write(&mut output).unwrap();
            samples += 1;
        }
        packet.rescale_ts(stream.time_base(), base);
        packet.set_pts(None);
        packet.set_dts(Some(number as i64));
        packet.set_position(-1);
        packet.write(&mut output).unwrap();
    }
    output.write_trailer().unwrap();
}

#[test]
fn thousands_of_sound_packets_between_two_pictures_are_normal() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, sparse) = (folder.path().join("clip.mp4"), folder.path().join("sparse.avi"));
    write_clip(&clip, 6, 25.0);
    write_sparse(&clip, &sparse, 3000);
    assert_every_frame_is_exact(&sparse, 6);
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
