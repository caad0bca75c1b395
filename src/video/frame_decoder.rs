//! Decoder of packets to raw pictures, each with the number of its packet.

use ffmpeg::codec::threading;
use ffmpeg::error::EAGAIN;
use ffmpeg_next as ffmpeg;

/// Maximum number of threads for one video; more add delay and memory, not speed.
const MAX_THREADS: usize = 8;

/// Consecutive failures after which a decoder counts as stuck.
const MAX_FAILURES: usize = 100;

/// The output of the decoder.
pub(super) enum Decoded {
    /// A picture and the number of its packet.
    Picture(usize, ffmpeg::frame::Video),
    /// Another packet is needed first.
    Hungry,
    /// No more pictures until `flush`.
    Ended,
}

/// The purpose of a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Pictures alone.
    Pictures,
    /// Pictures with the motion vectors that they were coded with.
    MotionVectors,
}

impl Purpose {
    /// Returns the number of decoding threads.
    ///
    /// Frame threads export a picture's vectors when it leaves the decoder, which may be before another thread has
    /// written all of them: complete vectors need a single thread.
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

/// A decoder whose time stamps are packet numbers.
///
/// Decoders pass a packet's time stamp on to its picture, through all reordering. Replacing it by the packet's number
/// identifies each frame even if the file has no usable time stamps.
pub(super) struct FrameDecoder {
    decoder: ffmpeg::decoder::Video,
    failures: usize,
    damaged: usize,
}

impl FrameDecoder {
    /// Creates a decoder for streams with these parameters.
    pub fn new(parameters: ffmpeg::codec::Parameters, purpose: Purpose) -> Result<Self, ffmpeg::Error> {
        let codec = ffmpeg::decoder::find(parameters.id()).ok_or(ffmpeg::Error::DecoderNotFound)?;
        let mut context = ffmpeg::codec::Context::from_parameters(parameters)?;
        let count = purpose.threads();
        context.set_threading(threading::Config { kind: threading::Type::Frame, count, ..Default::default() });
        // A stream may begin with incomplete pictures; showing them is better than losing frames.
        context.set_flags(ffmpeg::codec::Flags::OUTPUT_CORRUPT);
        let decoder = context.decoder().open_as_with(codec, purpose.options())?.video()?;
        Ok(Self { decoder, failures: 0, damaged: 0 })
    }

    /// Sends packet number `count`.
    pub fn send(&mut self, count: usize, mut packet: ffmpeg::Packet) {
        packet.set_pts(Some(count as i64));
        packet.set_dts(None);
        if self.decoder.send_packet(&packet).is_err() {
            self.damaged += 1;
        }
    }

    /// Signals the end of the packets.
    pub fn finish(&mut self) {
        // A second call is rejected and harmless.
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

    /// Returns the number of damaged packets since the last call.
    pub fn take_damaged(&mut self) -> usize {
        std::mem::take(&mut self.damaged)
    }
}
