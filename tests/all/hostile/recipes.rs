//! Kinds of video files: encoder × container × flags, written by FFmpeg's libraries.

use std::path::Path;

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;

/// Frames of each file: three groups of pictures at a key-frame distance of 8.
pub const FRAMES: i64 = 24;

const SIZE: (u32, u32) = (320, 240);
const ODD_SIZE: (u32, u32) = (175, 99);

/// Encoders with the containers that take them.
const KINDS: [(&str, &[&str]); 28] = [
    ("libx264", &["mp4", "mov", "matroska", "avi", "mpegts", "flv", "3gp", "asf", "nut", "h264"]),
    ("libx265", &["mp4", "mov", "matroska", "mpegts", "hevc"]),
    ("libvpx", &["webm", "matroska", "avi", "ivf", "nut"]),
    ("libvpx-vp9", &["webm", "matroska", "mp4", "ivf"]),
    ("libsvtav1", &["mp4", "webm", "ivf", "obu"]),
    ("mpeg4", &["mp4", "mov", "matroska", "avi", "mpegts", "asf", "3gp", "nut", "m4v"]),
    ("mpeg2video", &["mpegts", "vob", "mpeg", "matroska", "avi", "mov", "mxf", "mpeg2video"]),
    ("mpeg1video", &["mpeg", "matroska", "avi", "mpegts", "mpeg1video"]),
    ("mjpeg", &["avi", "mov", "matroska", "mp4", "mjpeg", "nut", "asf"]),
    ("libtheora", &["ogg", "matroska", "nut"]),
    ("prores", &["mov", "matroska", "mxf"]),
    ("ffv1", &["matroska", "avi", "nut", "mov"]),
    ("huffyuv", &["avi", "matroska"]),
    ("ffvhuff", &["avi", "matroska", "nut"]),
    ("utvideo", &["avi", "matroska", "mov"]),
    ("png", &["mov", "matroska", "avi", "mp4"]),
    ("jpeg2000", &["mov", "matroska", "avi", "mp4"]),
    ("rawvideo", &["avi", "matroska", "mov", "nut"]),
    ("wrapped_avframe", &["yuv4mpegpipe"]),
    ("gif", &["gif"]),
    ("flv", &["flv", "matroska", "avi"]),
    ("wmv1", &["asf", "avi", "matroska"]),
    ("wmv2", &["asf", "avi", "matroska"]),
    ("msmpeg4", &["avi", "asf", "matroska"]),
    ("msmpeg4v2", &["avi", "asf", "matroska"]),
    ("cinepak", &["avi", "mov", "matroska"]),
    ("svq1", &["mov", "matroska"]),
    ("qtrle", &["mov", "matroska"]),
];

/// Encoders whose frames stand alone.
const INTRA_ONLY: [&str; 11] = [
    "mjpeg",
    "prores",
    "ffv1",
    "huffyuv",
    "ffvhuff",
    "utvideo",
    "png",
    "jpeg2000",
    "rawvideo",
    "wrapped_avframe",
    "gif",
];

/// What else is asked of a file, where encoder and container know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Key frames at a distance of 8.
    Plain,
    /// Frames that are coded out of order.
    BFrames,
    /// One key frame at the beginning.
    LongGroup,
    /// An odd size, which chroma does not divide.
    OddSize,
    /// Two fields a frame.
    Interlaced,
    /// Pieces of mp4 that each have an index of their own.
    Fragmented,
    /// The index at the beginning of the file.
    IndexFirst,
    /// A frame rate that halves in the middle.
    VariableRate,
}

/// Flags by which a kind differs: those of the encoder, those of the container.
fn flags(encoder: &str, container: &str) -> Vec<Flag> {
    let mut flags = vec![Flag::Plain];
    if !INTRA_ONLY.contains(&encoder) {
        flags.push(Flag::LongGroup);
    }
    if ["libx264", "libx265", "mpeg4", "mpeg2video", "mpeg1video"].contains(&encoder) && container != "flv" {
        flags.push(Flag::BFrames);
    }
    if ["libx264", "mpeg4", "mpeg2video"].contains(&encoder) {
        flags.push(Flag::Interlaced);
    }
    if ["mp4", "mov"].contains(&container) {
        flags.extend([Flag::Fragmented, Flag::IndexFirst]);
    }
    if ["mp4", "matroska", "webm", "mpegts"].contains(&container) {
        flags.push(Flag::VariableRate);
    }
    if ["matroska", "mp4"].contains(&container) {
        flags.push(Flag::OddSize);
    }
    flags
}

/// One kind of file.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    encoder: &'static str,
    container: &'static str,
    flag: Flag,
}

/// Every kind, in a fixed order; this machine's FFmpeg may lack some encoders.
pub fn all() -> Vec<Recipe> {
    let kinds = KINDS.iter().flat_map(|&(encoder, containers)| containers.iter().map(move |&name| (encoder, name)));
    kinds
        .flat_map(|(encoder, container)| {
            flags(encoder, container).into_iter().map(move |flag| Recipe { encoder, container, flag })
        })
        .collect()
}

impl Recipe {
    /// Name of the kind, fit for a file.
    pub fn name(self) -> String {
        format!("{}-{}-{:?}", self.encoder, self.container, self.flag).to_lowercase()
    }

    /// Writes a file of this kind.
    ///
    /// # Errors
    /// If this FFmpeg has no such encoder, or refuses the combination.
    pub fn write(self, path: &Path) -> Result<(), ffmpeg::Error> {
        ffmpeg::init()?;
        ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
        let codec = ffmpeg::encoder::find_by_name(self.encoder).ok_or(ffmpeg::Error::EncoderNotFound)?;
        let mut output = ffmpeg::format::output_as(path, self.container)?;
        let (mut encoder, format) = self.open(codec, &output)?;
        output.add_stream_with(&encoder)?.set_time_base(encoder.time_base());
        output.write_header_with(self.container_options())?;
        let (width, height) = (encoder.width(), encoder.height());
        let flags = scaling::Flags::BILINEAR;
        let mut to_coded = scaling::Context::get(Pixel::RGB24, width, height, format, width, height, flags)?;
        for number in 0..FRAMES {
            let mut coded = ffmpeg::frame::Video::empty();
            to_coded.run(&picture(number, width, height), &mut coded)?;
            let is_late = self.flag == Flag::VariableRate && number > FRAMES / 2;
            coded.set_pts(Some(if is_late { 2 * number - FRAMES / 2 } else { number }));
            encoder.send_frame(&coded)?;
            write_packets(&mut encoder, &mut output)?;
        }
        encoder.send_eof()?;
        write_packets(&mut encoder, &mut output)?;
        output.write_trailer()
    }

    fn open(
        self,
        codec: ffmpeg::Codec,
        output: &ffmpeg::format::context::Output,
    ) -> Result<(ffmpeg::encoder::Video, Pixel), ffmpeg::Error> {
        let (width, height) = if self.flag == Flag::OddSize { ODD_SIZE } else { SIZE };
        let format = self.pixel_format(codec)?;
        let mut encoder = ffmpeg::codec::Context::new_with_codec(codec).encoder().video()?;
        encoder.set_width(width);
        encoder.set_height(height);
        encoder.set_format(format);
        encoder.set_time_base((1, 25));
        encoder.set_frame_rate(Some((25, 1)));
        encoder.set_gop(if self.flag == Flag::LongGroup { 250 } else { 8 });
        encoder.set_max_b_frames(if self.flag == Flag::BFrames { 2 } else { 0 });
        let mut coding = ffmpeg::codec::Flags::empty();
        if output.format().flags().contains(ffmpeg::format::Flags::GLOBAL_HEADER) {
            coding |= ffmpeg::codec::Flags::GLOBAL_HEADER;
        }
        if self.flag == Flag::Interlaced {
            coding |= ffmpeg::codec::Flags::INTERLACED_DCT | ffmpeg::codec::Flags::INTERLACED_ME;
        }
        encoder.set_flags(coding);
        encoder.set_bit_rate(400_000);
        Ok((encoder.open_with(self.encoder_options())?, format))
    }

    fn pixel_format(self, codec: ffmpeg::Codec) -> Result<Pixel, ffmpeg::Error> {
        let wanted = match self.encoder {
            "mjpeg" => Pixel::YUVJ420P,
            "gif" => Pixel::RGB8,
            _ => Pixel::YUV420P,
        };
        let taken: Vec<Pixel> = codec.video()?.formats().into_iter().flatten().collect();
        Ok(if taken.is_empty() || taken.contains(&wanted) { wanted } else { taken[0] })
    }

    fn encoder_options(self) -> ffmpeg::Dictionary<'static> {
        let mut options = ffmpeg::Dictionary::new();
        match self.encoder {
            "libx264" | "libx265" => {
                options.set("preset", "ultrafast");
                options.set("x265-params", "log-level=none");
                if self.flag == Flag::BFrames {
                    options.set("bf", "2");
                }
            }
            "libvpx" | "libvpx-vp9" => {
                options.set("deadline", "realtime");
                options.set("cpu-used", "8");
            }
            "libsvtav1" => options.set("preset", "12"),
            "svq1" | "cinepak" | "qtrle" => options.set("strict", "experimental"),
            _ => {}
        }
        options
    }

    fn container_options(self) -> ffmpeg::Dictionary<'static> {
        let mut options = ffmpeg::Dictionary::new();
        match self.flag {
            Flag::Fragmented => options.set("movflags", "frag_keyframe+empty_moov"),
            Flag::IndexFirst => options.set("movflags", "faststart"),
            _ => {}
        }
        options
    }
}

fn write_packets(
    encoder: &mut ffmpeg::encoder::Video,
    output: &mut ffmpeg::format::context::Output,
) -> Result<(), ffmpeg::Error> {
    let to = output.stream(0).map_or(encoder.time_base(), |stream| stream.time_base());
    let mut packet = ffmpeg::Packet::empty();
    while encoder.receive_packet(&mut packet).is_ok() {
        packet.set_stream(0);
        packet.rescale_ts(encoder.time_base(), to);
        packet.write_interleaved(output)?;
    }
    Ok(())
}

/// A ramp with a bright square that moves to the right.
fn picture(number: i64, width: u32, height: u32) -> ffmpeg::frame::Video {
    let mut picture = ffmpeg::frame::Video::new(Pixel::RGB24, width, height);
    let stride = picture.stride(0);
    let left = (number * 9) as usize % width as usize;
    for (row, line) in picture.data_mut(0).chunks_mut(stride).enumerate() {
        for (column, pixel) in line[..3 * width as usize].as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let is_square = (left..left + 40).contains(&column) && (60..90).contains(&row);
            *pixel = if is_square { [250, 240, 200] } else { [(column / 2) as u8, (row / 2) as u8, number as u8] };
        }
    }
    picture
}
