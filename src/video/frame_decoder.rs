//! Packets in, raw pictures out, each with the count of the packet it came from.

use ffmpeg::codec::threading;
use ffmpeg::error::EAGAIN;
use ffmpeg_next as ffmpeg;

/// Threads that decode one video; more add delay and memory, not speed.
const MAX_THREADS: usize = 8;

/// Failures in a row after which a decoder counts as stuck.
const MAX_FAILURES: usize = 100;

/// The output of the decoder.
pub(super) enum Decoded {
    /// A picture and the count of its packet.
    Picture(usize, ffmpeg::frame::Video),
    /// It needs another packet first.
    Hungry,
    /// Nothing more will come until `flush`.
    Ended,
}

/// The purpose of a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Pictures to look at.
    Pictures,
    /// Pictures that also carry the motion vectors they were coded with.
    MotionVectors,
}

impl Purpose {
    /// Threads to decode with.
    ///
    /// Frame threads export a picture's vectors when it leaves the decoder, which may be before another thread has
    /// written all of them: exact vectors need a single one.
    fn threads(self) -> usize {
        match self {
            Self::Pictures => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS)),
            Self::MotionVectors => 1,
        }
    }

    fn options(self) -> ffmpeg::Dictionary<'static> {
        let mut options = ffmpeg::Dictionary::new();
        if self == Self::MotionVectors {
            options.set("flags2", "+export_mvs");
        }
        options
    }
}

/// A decoder whose time stamps are packet counts.
///
/// Decoders hand a packet's time stamp on to the picture coded in it, through all reordering. Writing the
/// packet's count there identifies each frame even where a file has no usable time stamps.
pub(super) struct FrameDecoder {
    decoder: ffmpeg::decoder::Video,
    failures: usize,
    damaged: usize,
}

impl FrameDecoder {
    /// Returns a decoder for the streams with these parameters.
    pub fn new(parameters: ffmpeg::codec::Parameters, purpose: Purpose) -> Result<Self, ffmpeg::Error> {
        let codec = ffmpeg::decoder::find(parameters.id()).ok_or(ffmpeg::Error::DecoderNotFound)?;
        let mut context = ffmpeg::codec::Context::from_parameters(parameters)?;
        let count = purpose.threads();
        context.set_threading(threading::Config { kind: threading::Type::Frame, count, ..Default::default() });
        // A stream may begin with pictures that are not whole yet; showing them is better than losing frames.
        context.set_flags(ffmpeg::codec::Flags::OUTPUT_CORRUPT);
        let decoder = context.decoder().open_as_with(codec, purpose.options())?.video()?;
        Ok(Self { decoder, failures: 0, damaged: 0 })
    }

    /// Hands over packet number `count`.
    pub fn send(&mut self, count: usize, mut packet: ffmpeg::Packet) {
        packet.set_pts(Some(count as i64));
        packet.set_dts(None);
        if self.decoder.send_packet(&packet).is_err() {
            self.damaged += 1;
        }
    }

    /// Tells the decoder that no more packets follow.
    pub fn finish(&mut self) {
        // Finishing twice is refused and does no harm.
        let _ = self.decoder.send_eof();
    }

    /// Returns the next picture, if there is one.
    pub fn receive(&mut self) -> Decoded {
        let mut picture = ffmpeg::frame::Video::empty();
        loop {
            match self.decoder.receive_frame(&mut picture) {
                Ok(()) => {
                    self.failures = 0;
                    let count = picture.pts().and_then(|pts| usize::try_from(pts).ok());
                    return Decoded::Picture(count.unwrap_or(usize::MAX), picture);
                }
                Err(ffmpeg::Error::Eof) => return Decoded::Ended,
                Err(ffmpeg::Error::Other { errno: EAGAIN }) => return Decoded::Hungry,
                Err(_) => self.failures += 1,
            }
            self.damaged += 1;
            if self.failures > MAX_FAILURES {
                return Decoded::Ended;
            }
        }
    }

    /// Resets the decoder, to restart at a key frame.
    pub fn flush(&mut self) {
        self.decoder.flush();
        self.failures = 0;
    }

    /// Returns how many packets were damaged since the last call.
    pub fn take_damaged(&mut self) -> usize {
        std::mem::take(&mut self.damaged)
    }
}
