//! The raw pictures of a video in presentation order, beginning anywhere.

use std::collections::BTreeMap;
use std::path::Path;

use ffmpeg::codec::Id;
use ffmpeg_next as ffmpeg;

use super::frame_decoder::{Decoded, FrameDecoder, Purpose};
use super::frame_index::{FrameIndex, StreamClock};
use super::packet_source::PacketSource;
use super::packet_table::PacketTable;
use crate::error::{Error, Result};

/// Pictures to wait for one that should have come by now, before it counts as lost.
const PATIENCE: usize = 4;

/// Source, index and decoder of one video.
pub(super) struct RawFrames {
    /// The file.
    pub source: PacketSource,
    /// Its packets.
    pub table: PacketTable,
    /// Its frames.
    pub index: FrameIndex,
    /// Its clock.
    pub clock: StreamClock,
    decoder: FrameDecoder,
    queue: BTreeMap<usize, ffmpeg::frame::Video>,
    expected: usize,
}

impl RawFrames {
    /// Opens a file and lists its frames.
    pub fn open(path: &Path, purpose: Purpose) -> Result<Self> {
        let mut source = PacketSource::open(path)?;
        let codec = source.stream().parameters().id();
        let mut decoder = FrameDecoder::new(source.stream().parameters(), purpose).map_err(|error| {
            let kind = if codec == Id::None { "of an unknown kind" } else { codec.name() };
            let cause = format!("its pictures ({kind}) cannot be decoded here ({error})");
            Error::file(path, cause, "Convert the file to H.264, or install an FFmpeg with this codec")
        })?;
        let clock = stream_clock(&source);
        let table = PacketTable::scan(&mut source);
        let index = match FrameIndex::from_time_stamps(&table, &clock) {
            // VP8 has packets that carry no picture of their own.
            Some(index) if codec != Id::VP8 => index,
            _ => FrameIndex::from_order(&table, decoded_order(&mut source, &mut decoder, &table)?, &clock),
        };
        let builds_on_all = matches!(codec, Id::GIF | Id::APNG);
        let index = if builds_on_all { index.without_inner_keys() } else { index };
        let mut frames = Self { source, table, index, clock, decoder, queue: BTreeMap::new(), expected: 0 };
        if !frames.index.frames.is_empty() {
            frames.start(0)?;
        }
        Ok(frames)
    }

    /// Prepares to decode from packet `key`.
    pub fn start(&mut self, key: usize) -> Result<()> {
        self.decoder.flush();
        self.queue.clear();
        self.expected = self.index.frame_of_packet(key).unwrap_or(0);
        self.source.seek(key, &self.table)
    }

    /// The next picture in presentation order and its frame index; `None` at the end.
    ///
    /// Damaged frames are left out. The first pictures after [`Self::start`] may belong before the key frame.
    pub fn next(&mut self) -> Option<(usize, ffmpeg::frame::Video)> {
        // Few streams give their pictures out of order; the queue then puts them right.
        while self.queue.len() < PATIENCE && !self.has_expected() {
            let Some((packet, picture)) = decode_next(&mut self.source, &mut self.decoder) else { break };
            if let Some(index) = self.index.frame_of_packet(packet) {
                self.queue.insert(index, picture);
            }
        }
        let (index, picture) = self.queue.pop_first()?;
        self.expected = self.expected.max(index + 1);
        Some((index, picture))
    }

    /// Gives a picture back, to be the next one again.
    pub fn give_back(&mut self, index: usize, picture: ffmpeg::frame::Video) {
        self.queue.insert(index, picture);
        self.expected = self.expected.min(index);
    }

    /// How many damaged packets were met since the last call.
    pub fn take_damaged(&mut self) -> usize {
        self.decoder.take_damaged()
    }

    fn has_expected(&self) -> bool {
        self.queue.first_key_value().is_some_and(|(&index, _)| index <= self.expected)
    }
}

/// The next picture in the decoder's order and the count of its packet.
fn decode_next(source: &mut PacketSource, decoder: &mut FrameDecoder) -> Option<(usize, ffmpeg::frame::Video)> {
    loop {
        match decoder.receive() {
            Decoded::Picture(packet, picture) => return Some((packet, picture)),
            Decoded::Ended => return None,
            Decoded::Hungry => match source.next() {
                Some((count, packet)) => decoder.send(count, packet),
                None => decoder.finish(),
            },
        }
    }
}

/// Finds the order of the frames by decoding all of them, for files whose time stamps do not tell it.
fn decoded_order(source: &mut PacketSource, decoder: &mut FrameDecoder, table: &PacketTable) -> Result<Vec<usize>> {
    let mut seen = vec![false; table.entries.len()];
    let mut order = Vec::with_capacity(seen.len());
    source.seek(0, table)?;
    while let Some((packet, _)) = decode_next(source, decoder) {
        if let Some(seen) = seen.get_mut(packet)
            && !std::mem::replace(seen, true)
        {
            order.push(packet);
        }
    }
    Ok(order)
}

fn stream_clock(source: &PacketSource) -> StreamClock {
    let stream = source.stream();
    let claimed = [stream.avg_frame_rate(), stream.rate()];
    let claimed = claimed.iter().find(|rate| rate.numerator() > 0 && rate.denominator() > 0);
    StreamClock { tick_secs: f64::from(stream.time_base()), claimed_fps: claimed.map(|&rate| f64::from(rate)) }
}
