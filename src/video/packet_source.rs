//! The packets of a file's video stream, counted from 0 in the order of the file.
//!
//! The count is the identity of a packet everywhere in this module: time stamps can be missing, repeat or jump.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ffmpeg::format::context::Input;
use ffmpeg::format::stream::Disposition;
use ffmpeg_next as ffmpeg;

use super::libav;
use super::packet_table::PacketTable;
use crate::error::{Error, Result};

/// Damaged stretches in a row after which a file counts as ended.
const MAX_UNREADABLE: usize = 1000;

/// How far before a key frame to aim when the demuxer overshot it, seconds.
const SEEK_BACK_SECS: [f64; 3] = [0.0, 2.0, 20.0];

/// A file opened for reading packets.
pub(super) struct PacketSource {
    path: PathBuf,
    input: Input,
    stream: usize,
    next: usize,
    pushed_back: Option<ffmpeg::Packet>,
    failure: Option<ffmpeg::Error>,
    dropped: usize,
}

impl PacketSource {
    /// Opens `path` and picks its best video stream.
    pub fn open(path: &Path) -> Result<Self> {
        libav::init();
        check_file(path)?;
        let (input, stream) = open_input(path)?;
        Ok(Self { path: path.to_owned(), input, stream, next: 0, pushed_back: None, failure: None, dropped: 0 })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The video stream.
    pub fn stream(&self) -> ffmpeg::Stream<'_> {
        self.input.stream(self.stream).expect("the stream was found when the file was opened")
    }

    /// Length that the file claims, seconds, where it does.
    pub fn claimed_secs(&self) -> Option<f64> {
        let duration = self.input.duration();
        (duration > 0).then(|| duration as f64 / f64::from(ffmpeg::ffi::AV_TIME_BASE))
    }

    /// Where the clock of the file begins on that of the stream, seconds: at its first picture or its first sound, whichever is
    /// earlier. Sound that begins before 0 only lets its decoder settle.
    pub fn zero_secs(&self, first_picture_secs: f64) -> f64 {
        let starts = self.input.streams().filter(|stream| stream.parameters().medium() == ffmpeg::media::Type::Audio);
        let starts = starts.filter(|stream| stream.start_time() != ffmpeg::ffi::AV_NOPTS_VALUE);
        let starts = starts.map(|stream| stream.start_time() as f64 * f64::from(stream.time_base()));
        starts.map(|secs| secs.max(0.0)).fold(first_picture_secs, f64::min)
    }

    /// Whether the file holds nothing but this stream.
    pub fn is_alone(&self) -> bool {
        self.input.nb_streams() == 1
    }

    /// Why reading stopped before the end of the file, if it did.
    pub fn failure(&self) -> Option<ffmpeg::Error> {
        self.failure
    }

    /// Empty packets passed over so far; each stands for a picture that the recorder dropped.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The next packet and its count; `None` at the end or where the file cannot be read any further.
    pub fn next(&mut self) -> Option<(usize, ffmpeg::Packet)> {
        let packet = self.pushed_back.take().or_else(|| self.read())?;
        self.next += 1;
        Some((self.next - 1, packet))
    }

    /// Moves so that `next` gives packet `target`.
    pub fn seek(&mut self, target: usize, table: &PacketTable) -> Result<()> {
        if target == self.next && self.failure.is_none() {
            return Ok(());
        }
        if !self.jump(target, table) {
            // Counting from the beginning is slow but cannot be wrong.
            let (input, stream) = open_input(&self.path)?;
            *self =
                Self { path: self.path.clone(), input, stream, next: 0, pushed_back: None, failure: None, dropped: 0 };
        }
        while self.next < target {
            if self.next().is_none() {
                return Err(Error::file(&self.path, "the file has become shorter", "Open it again"));
            }
        }
        Ok(())
    }

    /// Lets the demuxer seek by time and finds out where it landed; false if that is unknown or too late.
    fn jump(&mut self, target: usize, table: &PacketTable) -> bool {
        let Some(time) = table.seek_time(target) else { return false };
        let secs = time as f64 * f64::from(self.stream().time_base());
        SEEK_BACK_SECS.iter().any(|back| {
            let micros = ((secs - back) * f64::from(ffmpeg::ffi::AV_TIME_BASE)).floor() as i64;
            self.failure = None;
            self.pushed_back = None;
            if self.input.seek(micros, ..micros).is_err() {
                return false;
            }
            let Some(packet) = self.read() else { return false };
            let Some(landed) = table.locate(&packet).filter(|landed| *landed <= target) else { return false };
            self.next = landed;
            self.pushed_back = Some(packet);
            true
        })
    }

    fn read(&mut self) -> Option<ffmpeg::Packet> {
        let mut unreadable = 0;
        while unreadable < MAX_UNREADABLE {
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(&mut self.input) {
                // Some demuxers return the packets of every stream: thousands of sound packets may lie between two pictures.
                Ok(()) if packet.stream() != self.stream => unreadable = 0,
                Ok(()) if packet.size() > 0 => return Some(packet),
                Ok(()) => (self.dropped, unreadable) = (self.dropped + 1, 0), // The decoder would take an empty packet for the end.
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

/// Whether a demuxer can go on after `error`.
fn is_passing(error: ffmpeg::Error) -> bool {
    error == ffmpeg::Error::InvalidData || error == (ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN })
}

/// Finds what the operating system already knows to be wrong, in better words than FFmpeg's.
fn check_file(path: &Path) -> Result<()> {
    let facts = std::fs::metadata(path).map_err(|error| Error::io(path, &error))?;
    if facts.is_dir() {
        return Err(Error::file(path, "this is a folder, not a video", "Open one of the files in it"));
    }
    File::open(path).map_err(|error| Error::io(path, &error))?;
    if facts.len() == 0 {
        return Err(Error::file(path, "the file is empty", "Copy or record it again"));
    }
    Ok(())
}

fn open_input(path: &Path) -> Result<(Input, usize)> {
    let mut input = ffmpeg::format::input(&libav::url(path)?).map_err(|error| open_error(path, error))?;
    // FFmpeg's reader of text terminals takes any text file for a video.
    if input.format().name() == "tty" {
        return Err(not_a_video(path));
    }
    let stream = input.streams().best(ffmpeg::media::Type::Video);
    let stream = stream.filter(|stream| !stream.disposition().contains(Disposition::ATTACHED_PIC));
    let Some(index) = stream.map(|stream| stream.index()) else {
        return Err(Error::file(
            path,
            "there is no video in it, only sound or other data",
            "Open a file with pictures",
        ));
    };
    libav::keep_only(&mut input, index);
    Ok((input, index))
}

fn open_error(path: &Path, error: ffmpeg::Error) -> Error {
    if error != ffmpeg::Error::InvalidData {
        return Error::file(path, format!("it cannot be opened as a video ({error})"), "Check the file and the disk");
    }
    // Recorders write the index of an mp4 last, so a broken-off recording has none.
    let mut head = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
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

fn not_a_video(path: &Path) -> Error {
    let remedy = "Open a video such as mp4, avi, mov, mkv, webm, mpg or gif";
    Error::file(path, "this is not a video, or its beginning is damaged", remedy)
}
