//! Raw pictures of a video in presentation order, from any starting point.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ffmpeg_next as ffmpeg;

use super::StopFlag;
use super::frame_decoder::{Decoded, FrameDecoder, Purpose};
use super::frame_index::{FrameIndex, StreamClock};
use super::index_store::index_of;
use super::packet_source::PacketSource;
use super::packet_table::PacketTable;
use super::video_index::{VideoIndex, decode_next, decoder_of};
use crate::error::Result;

/// Maximum number of packets to search for the next picture.
const FIRST_PACKETS: usize = 1000;

/// Pictures to wait for a missing earlier one before it counts as lost.
const PATIENCE: usize = 4;

/// Source and decoder of a video whose frames are not listed yet.
pub(super) struct UnlistedFrames {
    source: PacketSource,
    decoder: FrameDecoder,
    /// Time stamps of the packets in the decoder, by their numbers.
    stamps: BTreeMap<usize, i64>,
}

/// A picture of a video whose frames are not listed yet.
pub(super) struct RawPicture {
    /// Number of its packet.
    pub packet: usize,
    /// Its time stamp, if it has one.
    pub pts: Option<i64>,
    /// The decoded picture.
    pub picture: ffmpeg::frame::Video,
}

/// Source, index and decoder of one video.
pub(super) struct RawFrames {
    /// The file.
    pub source: PacketSource,
    /// Its packets.
    pub table: Arc<PacketTable>,
    /// Its frames.
    pub index: Arc<FrameIndex>,
    /// Its clock.
    pub clock: StreamClock,
    /// Description of how the file is truncated, if it is.
    pub cut_off: Option<String>,
    decoder: FrameDecoder,
    queue: BTreeMap<usize, ffmpeg::frame::Video>,
    expected: usize,
}

impl UnlistedFrames {
    /// Opens a file; only its beginning is read.
    pub fn open(path: &Path, purpose: Purpose, stop: &StopFlag) -> Result<Self> {
        let source = PacketSource::open(path, stop)?;
        let decoder = decoder_of(&source, purpose)?;
        Ok(Self { source, decoder, stamps: BTreeMap::new() })
    }

    /// Returns the file.
    pub fn source(&self) -> &PacketSource {
        &self.source
    }

    /// Returns the next picture from the decoder, starting with the first; `None` if none is found within
    /// [`FIRST_PACKETS`] packets.
    pub fn next_picture(&mut self) -> Option<RawPicture> {
        for _ in 0..FIRST_PACKETS {
            match self.decoder.receive() {
                Decoded::Picture(packet, picture) => {
                    let pts = self.stamps.remove(&packet);
                    return Some(RawPicture { packet, pts, picture });
                }
                Decoded::Ended => return None,
                Decoded::Hungry => match self.source.next() {
                    Some((count, packet)) => {
                        self.stamps.extend(packet.pts().map(|pts| (count, pts)));
                        self.decoder.send(count, packet);
                    }
                    None => self.decoder.finish(),
                },
            }
        }
        None
    }

    /// Adds the index and seeks to its first frame.
    pub fn list(self, index: VideoIndex) -> Result<RawFrames> {
        let Self { source, decoder, .. } = self;
        let VideoIndex { table, frames: index, clock, cut_off, .. } = index;
        let mut frames =
            RawFrames { source, table, index, clock, cut_off, decoder, queue: BTreeMap::new(), expected: 0 };
        if !frames.index.frames.is_empty() {
            frames.start(0)?;
        }
        Ok(frames)
    }
}

impl RawFrames {
    /// Opens a file and lists its frames. Once `stop` is set, reading fails.
    pub fn open(path: &Path, purpose: Purpose, stop: &StopFlag) -> Result<Self> {
        let unlisted = UnlistedFrames::open(path, purpose, stop)?;
        unlisted.list(index_of(path, stop, &Arc::default())?)
    }

    /// Seeks to packet `key` to decode from there.
    pub fn start(&mut self, key: usize) -> Result<()> {
        self.decoder.flush();
        self.queue.clear();
        self.expected = self.index.frame_of_packet(key).unwrap_or(0);
        self.source.seek(key, &self.table)
    }

    /// Returns the next picture in presentation order and its frame index; `None` at the end.
    ///
    /// Damaged frames are skipped. The first pictures after [`Self::start`] may be shown before the key frame.
    pub fn next(&mut self) -> Option<(usize, ffmpeg::frame::Video)> {
        // A few streams deliver their pictures out of order; the queue sorts them.
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

    /// Puts a picture back, to be returned next.
    pub fn give_back(&mut self, index: usize, picture: ffmpeg::frame::Video) {
        self.queue.insert(index, picture);
        self.expected = self.expected.min(index);
    }

    /// Returns the number of damaged packets since the last call.
    pub fn take_damaged(&mut self) -> usize {
        self.decoder.take_damaged()
    }

    fn has_expected(&self) -> bool {
        self.queue.first_key_value().is_some_and(|(&index, _)| index <= self.expected)
    }
}
