//! The sound of a file as stereo samples at the rate of a device, stretched to the speed of playback.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use ffmpeg::filter::{self, Graph};
use ffmpeg::format::context::Input;
use ffmpeg_next as ffmpeg;

use super::output::StereoSample;
use crate::error::{Error, Result};
use crate::video::{StopFlag, libav};

/// Damaged packets in a row after which the sound counts as ended.
const MAX_UNREADABLE: usize = 1000;

/// Hole in the sound that is played as silence, seconds; shorter ones are inaccuracies of time stamps.
const HOLE_SECS: f64 = 0.1;

/// Lowest tempo of one filter; slower ones are several in a row.
const LOWEST_TEMPO: f64 = 0.5;

/// A few milliseconds of sound.
pub(super) struct Piece {
    /// Time of its first sample on the clock of the streams of the file, seconds.
    pub secs: f64,
    pub samples: Vec<StereoSample>,
}

/// Format of decoded samples.
#[derive(Debug, Clone, Copy, PartialEq)]
struct RawFormat {
    rate: u32,
    format: ffmpeg::format::Sample,
    layout: u64,
}

/// Decodes the best sound stream of a file.
pub(super) struct SoundDecoder {
    path: PathBuf,
    input: Input,
    stream: usize,
    time_base: f64,
    decoder: ffmpeg::decoder::Audio,
    rate: u32,
    speed: f64,
    graph: Option<(RawFormat, Graph)>,
    /// Finished pieces.
    pieces: VecDeque<Piece>,
    /// Time at which the decoded sound ends, seconds; `None` before the first of it.
    decoded_secs: Option<f64>,
    /// Time of the next sample out of the graph, seconds.
    next_secs: f64,
    is_drained: bool,
}

impl SoundDecoder {
    /// Opens the file for `rate` samples per second at `speed` seconds of video per second.
    ///
    /// # Errors
    /// If the file cannot be read, or its sound is of an unknown codec.
    pub fn open(path: &Path, rate: u32, speed: f64, stop: &StopFlag) -> Result<Self> {
        libav::init();
        let failure = |error| sound_failure(path, error);
        let mut input = libav::open_file(&libav::byte_url(path)?, stop).map_err(failure)?;
        let stream = input.streams().best(ffmpeg::media::Type::Audio);
        let stream = stream.ok_or_else(|| failure(ffmpeg::Error::StreamNotFound))?;
        let (index, time_base) = (stream.index(), f64::from(stream.time_base()));
        let context = ffmpeg::codec::Context::from_parameters(stream.parameters()).map_err(failure)?;
        let decoder = context.decoder().audio().map_err(failure)?;
        libav::keep_only(&mut input, index);
        Ok(Self {
            path: path.to_owned(),
            input,
            stream: index,
            time_base,
            decoder,
            rate,
            speed,
            graph: None,
            pieces: VecDeque::new(),
            decoded_secs: None,
            next_secs: 0.0,
            is_drained: false,
        })
    }

    /// Returns whether it gives samples at this rate and speed.
    pub fn fits(&self, rate: u32, speed: f64) -> bool {
        self.rate == rate && self.speed == speed
    }

    /// Moves to `secs` on the clock of the streams, or somewhat before it.
    pub fn seek(&mut self, secs: f64) {
        let micros = (secs * f64::from(ffmpeg::ffi::AV_TIME_BASE)).floor() as i64;
        // Where a file cannot seek, it is read on from where it is; sound that is past is passed over.
        let _ = self.input.seek(micros, ..micros);
        self.decoder.flush();
        self.graph = None;
        self.pieces.clear();
        (self.decoded_secs, self.is_drained) = (None, false);
    }

    /// Returns the next piece, none longer than a packet; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn next(&mut self) -> Result<Option<Piece>> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Ok(Some(piece));
            }
            if self.is_drained {
                return Ok(None);
            }
            self.decode().map_err(|error| sound_failure(&self.path, error))?;
        }
    }

    /// Takes one frame from the decoder, or gives it a packet.
    fn decode(&mut self) -> std::result::Result<(), ffmpeg::Error> {
        let mut frame = ffmpeg::frame::Audio::empty();
        match self.decoder.receive_frame(&mut frame) {
            Ok(()) => self.stretch(frame),
            Err(ffmpeg::Error::Eof) => {
                self.is_drained = true;
                match &mut self.graph {
                    Some((_, graph)) => {
                        graph.get("in").ok_or(ffmpeg::Error::Bug)?.source().flush()?;
                        self.take()
                    }
                    None => Ok(()),
                }
            }
            Err(ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN }) => {
                match self.read() {
                    // A damaged packet is a short silence.
                    Some(packet) => _ = self.decoder.send_packet(&packet),
                    None => _ = self.decoder.send_eof(),
                }
                Ok(())
            }
            // So is a damaged frame.
            Err(ffmpeg::Error::InvalidData) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self) -> Option<ffmpeg::Packet> {
        let mut unreadable = 0;
        while unreadable < MAX_UNREADABLE {
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.stream && packet.size() > 0 => return Some(packet),
                Ok(()) => unreadable = 0,
                Err(ffmpeg::Error::InvalidData) => unreadable += 1,
                Err(_) => return None,
            }
        }
        None
    }

    /// Sends a frame through the graph and takes what is finished.
    fn stretch(&mut self, frame: ffmpeg::frame::Audio) -> std::result::Result<(), ffmpeg::Error> {
        let rate = frame.rate();
        if rate == 0 || frame.samples() == 0 {
            return Ok(());
        }
        let raw = RawFormat { rate, format: frame.format(), layout: layout_of(&frame) };
        let stamped = frame.timestamp().map(|time| time as f64 * self.time_base);
        let secs = stamped.or(self.decoded_secs).unwrap_or(0.0);
        let is_continued = self.decoded_secs.is_some_and(|decoded| (secs - decoded).abs() < HOLE_SECS);
        if !is_continued || self.graph.as_ref().is_none_or(|(built, _)| *built != raw) {
            self.graph = Some((raw, build_graph(raw, self.rate, self.speed)?));
            self.next_secs = secs;
        }
        self.decoded_secs = Some(secs + frame.samples() as f64 / f64::from(rate));
        let Some((_, graph)) = &mut self.graph else { return Ok(()) };
        graph.get("in").ok_or(ffmpeg::Error::Bug)?.source().add(&frame)?;
        self.take()
    }

    fn take(&mut self) -> std::result::Result<(), ffmpeg::Error> {
        let Some((_, graph)) = &mut self.graph else { return Ok(()) };
        loop {
            let mut frame = ffmpeg::frame::Audio::empty();
            match graph.get("out").ok_or(ffmpeg::Error::Bug)?.sink().frame(&mut frame) {
                Ok(()) => {
                    let samples: Vec<StereoSample> =
                        frame.plane::<(f32, f32)>(0).iter().map(|&(left, right)| [left, right]).collect();
                    let secs = self.next_secs;
                    self.next_secs += samples.len() as f64 * self.speed / f64::from(self.rate);
                    self.pieces.push_back(Piece { secs, samples });
                }
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN }) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Returns the channels of a frame as a mask; the usual ones for their number where the file does not name them.
fn layout_of(frame: &ffmpeg::frame::Audio) -> u64 {
    match frame.channel_layout().bits() {
        0 => ffmpeg::ChannelLayout::default(i32::from(frame.channels())).bits(),
        mask => mask,
    }
}

fn build_graph(raw: RawFormat, rate: u32, speed: f64) -> std::result::Result<Graph, ffmpeg::Error> {
    let missing = ffmpeg::Error::FilterNotFound;
    let RawFormat { rate: raw_rate, format, layout } = raw;
    let source = format!(
        "time_base=1/{raw_rate}:sample_rate={raw_rate}:sample_fmt={}:channel_layout=0x{layout:x}",
        format.name()
    );
    let mut graph = Graph::new();
    graph.add(&filter::find("abuffer").ok_or(missing)?, "in", &source)?;
    graph.add(&filter::find("abuffersink").ok_or(missing)?, "out", "")?;
    graph.output("in", 0)?.input("out", 0)?.parse(&graph_text(rate, speed))?;
    graph.validate()?;
    Ok(graph)
}

/// Returns the graph in FFmpeg's filter language.
fn graph_text(rate: u32, speed: f64) -> String {
    let (mut tempos, mut rest) = (String::new(), speed);
    while rest < LOWEST_TEMPO {
        tempos += &format!("atempo={LOWEST_TEMPO},");
        rest /= LOWEST_TEMPO;
    }
    if rest != 1.0 {
        tempos += &format!("atempo={rest},");
    }
    format!("[in]{tempos}aresample={rate},aformat=sample_fmts=flt:channel_layouts=stereo[out]")
}

fn sound_failure(path: &Path, error: ffmpeg::Error) -> Error {
    Error::file(path, format!("its sound cannot be played ({error})"), "Play it without sound").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;

    /// Writes 2 s of sound: silence up to 1.25 s, then a tone of 500 Hz on the left.
    fn write_sound(path: &Path) {
        let samples = (0..2 * RATE).flat_map(|at| {
            let tone = (f64::from(at) * 500.0 * std::f64::consts::TAU / f64::from(RATE)).sin();
            let left = if at < RATE * 5 / 4 { 0.0 } else { 0.5 * tone };
            [(left * f64::from(i16::MAX)) as i16, 0]
        });
        let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
        let mut file = Vec::new();
        file.extend(b"RIFF");
        file.extend((36 + data.len() as u32).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend(16_u32.to_le_bytes());
        file.extend([1_u16, 2].map(u16::to_le_bytes).concat());
        file.extend([RATE, 4 * RATE].map(u32::to_le_bytes).concat());
        file.extend([4_u16, 16].map(u16::to_le_bytes).concat());
        file.extend(b"data");
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        std::fs::write(path, file).expect("a folder of its own");
    }

    /// Returns all pieces from `from_secs`, the time of the first loud sample and the number of samples.
    fn heard(speed: f64, from_secs: f64) -> (f64, usize) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("tone.wav");
        write_sound(&path);
        let mut decoder = SoundDecoder::open(&path, 16_000, speed, &StopFlag::default()).expect("a file with sound");
        decoder.seek(from_secs);
        let (mut loud_secs, mut count) = (None, 0);
        while let Some(piece) = decoder.next().expect("readable") {
            for (index, sample) in piece.samples.iter().enumerate() {
                assert!(sample[1].abs() < 0.01, "the tone is on the left alone");
                if sample[0].abs() > 0.1 && loud_secs.is_none() {
                    loud_secs = Some(piece.secs + index as f64 * speed / 16_000.0);
                }
            }
            count += piece.samples.len();
        }
        (loud_secs.expect("there is a tone"), count)
    }

    #[test]
    fn sound_has_the_times_of_the_file_at_every_speed() {
        for (speed, tolerance) in [(1.0, 0.005), (2.0, 0.08), (0.25, 0.08)] {
            let (loud_secs, count) = heard(speed, 0.0);
            assert!((loud_secs - 1.25).abs() < tolerance, "at {speed}x the tone begins at {loud_secs}");
            let secs = count as f64 * speed / 16_000.0;
            assert!((secs - 2.0).abs() < 0.1, "at {speed}x {secs} s of 2 s are left");
        }
    }

    #[test]
    fn a_seek_changes_no_times() {
        let (loud_secs, count) = heard(1.0, 1.0);
        assert!((loud_secs - 1.25).abs() < 0.005, "{loud_secs}");
        assert!((15_000..32_000).contains(&count), "{count} samples instead of about 16,000");
    }

    #[test]
    fn a_file_without_sound_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("text.wav");
        std::fs::write(&path, "no sound").expect("a folder of its own");
        let error = SoundDecoder::open(&path, RATE, 1.0, &StopFlag::default()).err().expect("no sound");
        assert!(error.to_string().contains("its sound cannot be played"), "{error}");
    }

    #[test]
    fn slow_playback_chains_filters() {
        assert!(graph_text(48_000, 0.25).starts_with("[in]atempo=0.5,atempo=0.5,aresample=48000"));
        assert!(graph_text(48_000, 1.0).starts_with("[in]aresample"));
    }
}
