//! Opening videos: what lies between the pictures, what breaks off, and how soon the first picture is there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ffmpeg_next as ffmpeg;
use motionscope::video::{Player, PlayerEvent};

use crate::video::{assert_every_frame_is_exact, sizes, wait_for, write_clip};

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
