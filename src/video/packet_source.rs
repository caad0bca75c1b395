//! The packets of a file's video stream, numbered from 0 in file order.
//!
//! The number identifies a packet everywhere in this module: time stamps can be missing, repeat or jump.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use ffmpeg::format::context::Input;
use ffmpeg::format::stream::Disposition;
use ffmpeg_next as ffmpeg;

use super::packet_table::PacketTable;
use super::recording_time::RecordingTime;
use super::{StopFlag, libav};
use crate::error::{Error, Result};
use crate::files;

/// Consecutive damaged parts after which a file counts as ended.
const MAX_UNREADABLE: usize = 1000;

/// Seek margins before a key frame, tried in turn if the demuxer overshot it, in seconds.
const SEEK_BACK_SECS: [f64; 3] = [0.0, 2.0, 20.0];

/// Upper limit of the header of a video without its index, bytes.
const HEADER_BYTES: u64 = 1 << 20;

/// Formats in which recordings are joined end to end, each with its own time stamps.
const JOINABLE: [&str; 2] = ["mpegts", "mpeg"];

/// The only format whose index is complete, without the parts removed by an edit list, once the file is open.
const INDEXED: &str = "mov,mp4,m4a,3gp,3g2,mj2";

/// A file opened for reading packets.
pub(super) struct PacketSource {
    path: PathBuf,
    stop: StopFlag,
    input: Input,
    stream: usize,
    next: usize,
    pushed_back: Option<ffmpeg::Packet>,
    failure: Option<ffmpeg::Error>,
    dropped: usize,
}

impl PacketSource {
    /// Opens `path` and selects its best video stream. Once `stop` is set, reading fails.
    pub fn open(path: &Path, stop: &StopFlag) -> Result<Self> {
        libav::init();
        check_file(path)?;
        let (input, stream) = open_input(path, stop)?;
        let (path, stop) = (path.to_owned(), stop.clone());
        Ok(Self { path, stop, input, stream, next: 0, pushed_back: None, failure: None, dropped: 0 })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the video stream.
    pub fn stream(&self) -> ffmpeg::Stream<'_> {
        self.input.stream(self.stream).expect("the stream was found when the file was opened")
    }

    /// Returns the comment in the file's header.
    pub fn comment(&self) -> Option<String> {
        self.input.metadata().get("comment").map(str::to_owned)
    }

    /// Returns the time of recording, if the header of the file or of the stream contains it.
    pub fn recorded(&self) -> Option<RecordingTime> {
        let (header, stream) = (self.input.metadata(), self.stream());
        let of_stream = stream.metadata();
        RecordingTime::of_header(|name| header.get(name))
            .or_else(|| RecordingTime::of_header(|name| of_stream.get(name)))
    }

    /// Returns the duration that the file claims, seconds, if any.
    pub fn claimed_secs(&self) -> Option<f64> {
        let duration = self.input.duration();
        (duration > 0).then(|| duration as f64 / f64::from(ffmpeg::ffi::AV_TIME_BASE))
    }

    /// Returns the origin of the file's clock on that of the stream, seconds: the first picture or the first sound,
    /// whichever is earlier. Sound before 0 is only decoder pre-roll.
    pub fn zero_secs(&self, first_picture_secs: f64) -> f64 {
        let starts = self.input.streams().filter(|stream| stream.parameters().medium() == ffmpeg::media::Type::Audio);
        let starts = starts.filter(|stream| stream.start_time() != ffmpeg::ffi::AV_NOPTS_VALUE);
        let starts = starts.map(|stream| stream.start_time() as f64 * f64::from(stream.time_base()));
        starts.map(|secs| secs.max(0.0)).fold(first_picture_secs, f64::min)
    }

    /// Returns whether the file has sound.
    pub fn has_sound(&self) -> bool {
        self.input.streams().best(ffmpeg::media::Type::Audio).is_some()
    }

    /// Returns how many packets the file promises to have; 0 where it does not say.
    pub fn promised_packets(&self) -> usize {
        let promised = usize::try_from(self.stream().frames()).unwrap_or(0);
        match self.input.format().name() {
            INDEXED => promised.min(libav::indexed_packets(&self.stream())),
            _ => promised,
        }
    }

    /// Returns whether the declared packets are time units, some of which may have none.
    pub fn counts_time(&self) -> bool {
        self.input.format().name() == "avi"
    }

    /// Returns whether the file may contain joined recordings, each with its own time stamps.
    pub fn may_jump(&self) -> bool {
        JOINABLE.contains(&self.input.format().name())
    }

    /// Returns whether the stop flag is set.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Returns whether another stream of the file, such as a longer sound track, continues after `secs` on the clock of the file.
    pub fn others_go_on_after(&self, secs: f64) -> bool {
        let Ok((mut input, stream)) = open_whole(&self.path, &self.stop) else { return false };
        let micros = (secs * f64::from(ffmpeg::ffi::AV_TIME_BASE)) as i64;
        let _ = input.seek(micros, ..micros); // Without a seek, reading starts at the beginning.
        let mut unreadable = 0;
        while unreadable < MAX_UNREADABLE && !self.is_stopped() {
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(&mut input) {
                Ok(()) if packet.stream() == stream => {}
                Ok(()) => {
                    let Some(other) = input.stream(packet.stream()) else { continue };
                    let time = packet.pts().or(packet.dts()).unwrap_or(0);
                    if time as f64 * f64::from(other.time_base()) > secs {
                        return true;
                    }
                }
                Err(error) if is_passing(error) => unreadable += 1,
                Err(_) => return false,
            }
        }
        false
    }

    /// Returns whether the file contains only this stream.
    pub fn is_alone(&self) -> bool {
        self.input.nb_streams() == 1
    }

    /// Returns why reading stopped before the end of the file, if it did.
    pub fn failure(&self) -> Option<ffmpeg::Error> {
        self.failure
    }

    /// Returns the number of empty packets skipped so far; each stands for a frame that the recorder dropped.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Returns the next packet and its number; `None` at the end, or if the file cannot be read any further.
    pub fn next(&mut self) -> Option<(usize, ffmpeg::Packet)> {
        let packet = self.pushed_back.take().or_else(|| self.read())?;
        self.next += 1;
        Some((self.next - 1, packet))
    }

    /// Seeks so that `next` returns packet `target`.
    pub fn seek(&mut self, target: usize, table: &PacketTable) -> Result<()> {
        if target == self.next && self.failure.is_none() {
            return Ok(());
        }
        if !self.jump(target, table) {
            // Counting from the beginning is slow but reliable.
            *self = Self::open(&self.path, &self.stop)?;
        }
        while self.next < target {
            if self.next().is_none() {
                return Err(match self.is_stopped() {
                    true => stopped(&self.path),
                    false => Error::file(&self.path, "the file has become shorter", "Open it again"),
                });
            }
        }
        Ok(())
    }

    /// Seeks by time, or by byte position, and locates the packet there; false if it is unknown or after `target`.
    fn jump(&mut self, target: usize, table: &PacketTable) -> bool {
        let Some(time) = table.seek_time(target) else { return false };
        let secs = time as f64 * f64::from(self.stream().time_base());
        let by_time = SEEK_BACK_SECS.iter().any(|back| {
            let micros = ((secs - back) * f64::from(ffmpeg::ffi::AV_TIME_BASE)).floor() as i64;
            self.forget();
            self.input.seek(micros, ..micros).is_ok() && self.land(target, table)
        });
        by_time || {
            // Where time stamps restart in the middle, only the byte position is reliable.
            let position = table.position(target).filter(|_| self.may_jump());
            self.forget();
            position.is_some_and(|position| libav::seek_to_byte(&mut self.input, position)) && self.land(target, table)
        }
    }

    fn forget(&mut self) {
        (self.failure, self.pushed_back) = (None, None);
    }

    /// Locates the packet after a seek; false if it is unknown or after packet `target`.
    fn land(&mut self, target: usize, table: &PacketTable) -> bool {
        let Some(packet) = self.read() else { return false };
        let Some(landed) = table.locate(&packet).filter(|landed| *landed <= target) else { return false };
        self.next = landed;
        self.pushed_back = Some(packet);
        true
    }

    fn read(&mut self) -> Option<ffmpeg::Packet> {
        let mut unreadable = 0;
        while unreadable < MAX_UNREADABLE {
            if self.is_stopped() {
                self.failure = Some(ffmpeg::Error::Exit);
                return None;
            }
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(&mut self.input) {
                // Some demuxers return the packets of every stream: thousands of sound packets may lie between two
                // pictures.
                Ok(()) if packet.stream() != self.stream => unreadable = 0,
                Ok(()) if packet.size() > 0 => return Some(packet),
                Ok(()) => (self.dropped, unreadable) = (self.dropped + 1, 0), // Decoders treat these as the end.
                Err(ffmpeg::Error::Eof) => return None,
                Err(error) if !is_passing(error) => {
                    self.failure = Some(error);
                    return None;
                }
                Err(_) => unreadable += 1,
            }
        }
        self.failure = Some(ffmpeg::Error::InvalidData);
        None
    }
}

/// Returns whether a demuxer can continue after `error`.
fn is_passing(error: ffmpeg::Error) -> bool {
    error == ffmpeg::Error::InvalidData || error == (ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN })
}

/// Reports faults known to the operating system with clearer messages than FFmpeg's.
fn check_file(path: &Path) -> Result<()> {
    let facts = std::fs::metadata(path).map_err(|error| missing(path, &error))?;
    if facts.is_dir() {
        return Err(Error::file(path, "this is a folder, not a video", "Open one of the files in it"));
    }
    // Opening a pipe blocks until something writes to it.
    if !facts.is_file() {
        let remedy = "Open a file; for cameras and streams use the Live panel or motionscope live";
        return Err(Error::file(path, "this is a pipe or a device, not a file", remedy));
    }
    files::open(path).map_err(|error| Error::io(path, &error))?;
    if facts.len() == 0 {
        return Err(Error::file(path, "the file is empty", "Copy or record it again"));
    }
    Ok(())
}

/// Returns the error for a missing file at `path`, which may be a URL with a password.
fn missing(path: &Path, error: &std::io::Error) -> Error {
    let text = path.to_string_lossy();
    match text.contains("://") {
        true => Error::new(
            &*text,
            "an address is not a file",
            "Pass a file; for addresses use the Live panel or motionscope live",
        ),
        false => Error::io(path, error),
    }
}

/// Opens a file and makes FFmpeg skip all streams but the best video stream.
fn open_input(path: &Path, stop: &StopFlag) -> Result<(Input, usize)> {
    let (mut input, index) = open_whole(path, stop)?;
    libav::keep_only(&mut input, index);
    Ok((input, index))
}

/// Opens a file with all its streams and finds its best video stream.
fn open_whole(path: &Path, stop: &StopFlag) -> Result<(Input, usize)> {
    let input = libav::open_file(&libav::byte_url(path)?, stop);
    let input =
        input.map_err(|error| if error == ffmpeg::Error::Exit { stopped(path) } else { open_error(path, error) })?;
    // FFmpeg's demuxer for text terminals accepts any text file.
    if input.format().name() == "tty" {
        return Err(not_a_video(path));
    }
    let stream = input.streams().best(ffmpeg::media::Type::Video);
    let stream = stream.filter(|stream| !stream.disposition().contains(Disposition::ATTACHED_PIC));
    let Some(index) = stream.map(|stream| stream.index()) else {
        return Err(Error::file(path, "there is no video in it, only sound or other data", "Open a file with video"));
    };
    Ok((input, index))
}

/// Returns the error for reading `path` after the stop flag was set.
pub(super) fn stopped(path: &Path) -> Error {
    Error::cancelled(path.to_string_lossy(), "reading it was stopped", "Open it again")
}

fn open_error(path: &Path, error: ffmpeg::Error) -> Error {
    if is_disk_error(error) && is_readable(path) {
        let remedy = "Copy it again from where it was recorded";
        return Error::file(path, "the file is cut off: it ends before its first frame", remedy);
    }
    if error != ffmpeg::Error::InvalidData {
        let cause = format!("it cannot be opened as a video ({error})");
        return Error::file(path, cause, "Check the file and the disk").caused_by(error);
    }
    // Recorders write the index of an mp4 last, so an interrupted recording has none.
    let mut head = [0; 8];
    let read = files::open(path).and_then(|mut file| file.read_exact(&mut head));
    if read.is_ok() && &head[4..] == b"ftyp" {
        let cause = "the recording is incomplete: its index (the moov box) is missing";
        return Error::file(
            path,
            cause,
            "Copy it again from where it was recorded, or run a repair tool for mp4 files",
        );
    }
    not_a_video(path)
}

/// Returns whether FFmpeg reports an I/O error; it also does so for a file truncated within its header.
fn is_disk_error(error: ffmpeg::Error) -> bool {
    error == ffmpeg::Error::Eof || error == (ffmpeg::Error::Other { errno: ffmpeg::error::EIO })
}

/// Returns whether the beginning and the end of a file can be read.
fn is_readable(path: &Path) -> bool {
    let read = || {
        let mut file = files::open(path)?;
        let mut piece = Vec::new();
        file.by_ref().take(HEADER_BYTES).read_to_end(&mut piece)?;
        file.seek(SeekFrom::End(-1))?;
        file.read_to_end(&mut piece)
    };
    read().is_ok()
}

fn not_a_video(path: &Path) -> Error {
    let remedy = "Open a video such as mp4, avi, mov, mkv, webm, mpg or gif";
    Error::file(path, "this is not a video, or its beginning is damaged", remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_files_without_their_passwords() {
        let error = check_file(Path::new("http://cam:secret@host/x.mp4")).unwrap_err().to_string();
        assert!(error.contains("http://cam:…@host/x.mp4: an address is not a file"), "{error}");
        assert!(check_file(Path::new("no/such.mp4")).unwrap_err().cause.contains("no such file"));
    }
}
