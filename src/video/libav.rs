//! FFmpeg fields and calls that the Rust wrapper lacks, and error messages for FFmpeg's errors.
#![allow(unsafe_code)] // Plain fields of structures that live as long as the borrowed wrapper, and calls that it lacks.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::Ordering;

use ffmpeg::ffi;

use ffmpeg_next as ffmpeg;

use super::StopFlag;
use crate::error::Error;

/// Plausible pixel aspect ratios; others come from damaged headers.
const PLAUSIBLE_RATIOS: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Initialises FFmpeg once and silences its log: relevant faults are reported as [`Error`]s.
pub(super) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Initialisation only fills tables of error texts and devices, and cannot fail.
        let _ = ffmpeg::init();
        ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
    });
}

/// Returns the URL of a file for writing; the prefix keeps FFmpeg from parsing a colon in a name as a protocol.
pub(super) fn url(path: &Path) -> Result<String, Error> {
    let text = path.to_str().filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| {
        Error::file(path, "the name is not valid Unicode, which FFmpeg needs", "Rename the file or its folder")
    })?;
    Ok(format!("file:{text}"))
}

/// Returns the URL of a file for reading. On systems whose file names are bytes, any name is valid.
pub(super) fn byte_url(path: &Path) -> Result<CString, Error> {
    #[cfg(unix)]
    let bytes = [b"file:", std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())].concat();
    #[cfg(not(unix))]
    let bytes = url(path)?.into_bytes();
    CString::new(bytes)
        .map_err(|_| Error::file(path, "FFmpeg cannot read a file of this name", "Rename the file or its folder"))
}

/// Opens the file at `url`. This and every later read end as soon as `stop` is set.
pub(super) fn open_file(url: &CStr, stop: &StopFlag) -> Result<ffmpeg::format::context::Input, ffmpeg::Error> {
    let stop = stop.clone();
    let options = ffmpeg::Dictionary::new();
    open_input(url, ptr::null(), false, options, move || stop.load(Ordering::Acquire))
}

/// Returns the number of packets of `stream` in the index of its file.
pub(super) fn indexed_packets(stream: &ffmpeg::Stream) -> usize {
    // SAFETY: the stream belongs to the format context that `stream` borrows; the call only reads.
    let count = unsafe { ffi::avformat_index_get_entries_count(stream.as_ptr()) };
    usize::try_from(count).unwrap_or(0)
}

/// Seeks to the packet at byte `position`; only for formats that can resynchronise anywhere.
pub(super) fn seek_to_byte(input: &mut ffmpeg::format::context::Input, position: i64) -> bool {
    // SAFETY: the context lives as long as the wrapper, which is borrowed mutably; -1 means no stream in particular.
    unsafe { ffi::av_seek_frame(input.as_mut_ptr(), -1, position, ffi::AVSEEK_FLAG_BYTE) >= 0 }
}

/// Returns the width of a pixel divided by its height; 1 if the file does not state it.
pub(super) fn sample_aspect_ratio(stream: &ffmpeg::Stream) -> f64 {
    // SAFETY: the stream and its parameters belong to the format context that `stream` borrows.
    let ratios = unsafe {
        let stream = &*stream.as_ptr();
        [stream.sample_aspect_ratio, (*stream.codecpar).sample_aspect_ratio]
    };
    let mut known = ratios.iter().map(|ratio| f64::from(ratio.num) / f64::from(ratio.den));
    known.find(|ratio| PLAUSIBLE_RATIOS.contains(ratio)).unwrap_or(1.0)
}

/// Returns whether the file declares `stream` as interlaced.
pub(super) fn is_called_interlaced(stream: &ffmpeg::Stream) -> bool {
    use ffi::AVFieldOrder::{AV_FIELD_BB, AV_FIELD_BT, AV_FIELD_TB, AV_FIELD_TT};
    // SAFETY: the stream and its parameters belong to the format context that `stream` borrows.
    let order = unsafe { (*(*stream.as_ptr()).codecpar).field_order };
    [AV_FIELD_TT, AV_FIELD_BB, AV_FIELD_TB, AV_FIELD_BT].contains(&order)
}

/// Returns whether an edit list requires this packet to be decoded but not shown.
pub(super) fn is_discarded(packet: &ffmpeg::Packet) -> bool {
    use ffmpeg::packet::Ref;
    // SAFETY: the packet is a plain structure owned by `packet`.
    unsafe { (*packet.as_ptr()).flags & ffmpeg::ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// Makes the demuxer skip all streams but one, which saves reading the sound.
pub(super) fn keep_only(input: &mut ffmpeg::format::context::Input, index: usize) {
    for mut stream in input.streams_mut() {
        if stream.index() != index {
            // SAFETY: `stream` borrows the format context mutably; `discard` is meant to be set by the caller.
            unsafe { (*stream.as_mut_ptr()).discard = ffmpeg::ffi::AVDiscard::AVDISCARD_ALL };
        }
    }
}

/// Opens `url` with the named demuxer or device driver; `None` lets FFmpeg detect it. This and every later read end as
/// soon as `give_up` returns true.
pub(super) fn open_live(
    url: &CStr,
    driver: Option<&str>,
    options: ffmpeg::Dictionary,
    give_up: impl FnMut() -> bool + Send + 'static,
) -> Result<ffmpeg::format::context::Input, ffmpeg::Error> {
    let no_text = |_| ffmpeg::Error::InvalidData;
    let format = match driver.map(CString::new).transpose().map_err(no_text)? {
        Some(driver) => find_format(&driver)?,
        None => ptr::null(),
    };
    // A silent camera would block inside its driver, where nothing can interrupt.
    open_input(url, format, driver.is_some(), options, give_up)
}

/// Opens `url` with the demuxer `format`; null lets FFmpeg detect it.
fn open_input(
    url: &CStr,
    format: *const ffi::AVInputFormat,
    non_blocking: bool,
    options: ffmpeg::Dictionary,
    give_up: impl FnMut() -> bool + Send + 'static,
) -> Result<ffmpeg::format::context::Input, ffmpeg::Error> {
    let interrupt = ffmpeg::util::interrupt::new(Box::new(give_up));
    // SAFETY: the context is either passed to the wrapper, which frees it before the guard of its callback, or freed
    // here; FFmpeg frees a context that it cannot open. The text and the options outlive the calls that read them, and
    // a format lives as long as the program.
    unsafe {
        let mut context = ffi::avformat_alloc_context();
        if context.is_null() {
            return Err(ffmpeg::Error::Unknown);
        }
        (*context).interrupt_callback = interrupt.interrupt;
        if non_blocking {
            (*context).flags |= ffi::AVFMT_FLAG_NONBLOCK;
        }
        let mut options = options.disown();
        let opened = ffi::avformat_open_input(&mut context, url.as_ptr(), format.cast_mut(), &mut options);
        drop(ffmpeg::Dictionary::own(options));
        if opened < 0 {
            return Err(opened.into());
        }
        let found = ffi::avformat_find_stream_info(context, ptr::null_mut());
        if found < 0 {
            ffi::avformat_close_input(&mut context);
            return Err(found.into());
        }
        Ok(ffmpeg::format::context::Input::wrap_with_interrupt(context, interrupt.guard))
    }
}

/// Returns the name and the description of each device of a driver.
pub(super) fn list_sources(driver: &str) -> Result<Vec<(String, String)>, ffmpeg::Error> {
    init();
    let driver = CString::new(driver).map_err(|_| ffmpeg::Error::InvalidData)?;
    // SAFETY: FFmpeg fills the list; its devices and texts live until it is freed at the end.
    unsafe {
        let format = find_format(&driver)?;
        let mut list = ptr::null_mut();
        let count = ffi::avdevice_list_input_sources(format.cast_mut(), ptr::null(), ptr::null_mut(), &mut list);
        if count < 0 {
            return Err(count.into());
        }
        let device = |index: usize| {
            let device = &**(*list).devices.add(index);
            (text(device.device_name), text(device.device_description))
        };
        let sources = if list.is_null() { Vec::new() } else { (0..(*list).nb_devices as usize).map(device).collect() };
        ffi::avdevice_free_list_devices(&mut list);
        Ok(sources)
    }
}

fn find_format(name: &CStr) -> Result<*const ffi::AVInputFormat, ffmpeg::Error> {
    // SAFETY: the name is zero-terminated, and a format lives as long as the program.
    let format = unsafe { ffi::av_find_input_format(name.as_ptr()) };
    if format.is_null() { Err(ffmpeg::Error::DemuxerNotFound) } else { Ok(format) }
}

/// Copies one of FFmpeg's texts; empty for a null pointer.
fn text(text: *const c_char) -> String {
    // SAFETY: FFmpeg's texts are zero-terminated.
    if text.is_null() { String::new() } else { unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned() }
}

/// Returns the FFmpeg libraries in use, such as `libavcodec 59.37.100, libavformat 59.27.100`.
pub fn ffmpeg_version() -> String {
    let numbered =
        |name: &str, version: u32| format!("{name} {}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff);
    [numbered("libavcodec", ffmpeg::codec::version()), numbered("libavformat", ffmpeg::format::version())].join(", ")
}
