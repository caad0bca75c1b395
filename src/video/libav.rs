//! The few facts of FFmpeg's structures that its Rust wrapper does not give, and the words for its errors.
#![allow(unsafe_code)] // Reading plain fields of structures that live as long as the borrowed wrapper.

use std::path::Path;
use std::sync::Once;

use ffmpeg_next as ffmpeg;

use crate::error::Error;

/// Pixel shapes that are meant; others come from damaged headers.
const PLAUSIBLE_RATIOS: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Readies FFmpeg once and silences its own log: what matters reaches the person as an [`Error`].
pub(super) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without device support, initialising only fills a table of error texts and cannot fail.
        let _ = ffmpeg::init();
        ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
    });
}

/// The path as FFmpeg takes it; the prefix keeps a colon in a name from being read as a protocol.
pub(super) fn url(path: &Path) -> Result<String, Error> {
    let text = path.to_str().filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| {
        Error::file(path, "the name is not valid Unicode, which FFmpeg needs", "Rename the file or its folder")
    })?;
    Ok(format!("file:{text}"))
}

/// Width of a pixel divided by its height; 1 where the file does not say.
pub(super) fn sample_aspect_ratio(stream: &ffmpeg::Stream) -> f64 {
    // SAFETY: the stream and its parameters belong to the format context that `stream` borrows.
    let ratios = unsafe {
        let stream = &*stream.as_ptr();
        [stream.sample_aspect_ratio, (*stream.codecpar).sample_aspect_ratio]
    };
    let mut known = ratios.iter().map(|ratio| f64::from(ratio.num) / f64::from(ratio.den));
    known.find(|ratio| PLAUSIBLE_RATIOS.contains(ratio)).unwrap_or(1.0)
}

/// Whether an edit list asks to decode this packet without showing its picture.
pub(super) fn is_discarded(packet: &ffmpeg::Packet) -> bool {
    use ffmpeg::packet::Ref;
    // SAFETY: the packet is a plain structure owned by `packet`.
    unsafe { (*packet.as_ptr()).flags & ffmpeg::ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// Lets the demuxer pass over every stream but one, which saves reading the sound.
pub(super) fn keep_only(input: &mut ffmpeg::format::context::Input, index: usize) {
    for mut stream in input.streams_mut() {
        if stream.index() != index {
            // SAFETY: `stream` borrows the format context mutably; `discard` is meant to be set by the caller.
            unsafe { (*stream.as_mut_ptr()).discard = ffmpeg::ffi::AVDiscard::AVDISCARD_ALL };
        }
    }
}

/// The FFmpeg libraries in use, such as `libavcodec 59.37.100, libavformat 59.27.100`.
pub fn ffmpeg_version() -> String {
    let numbered =
        |name: &str, version: u32| format!("{name} {}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff);
    [numbered("libavcodec", ffmpeg::codec::version()), numbered("libavformat", ffmpeg::format::version())].join(", ")
}
