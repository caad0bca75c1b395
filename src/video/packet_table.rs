//! What every packet of a video stream says about itself, gathered in one pass over the file.

use std::collections::HashMap;

use ffmpeg::codec::Id;
use ffmpeg_next as ffmpeg;

use super::packet_source::PacketSource;
use super::{libav, references};

/// The facts of one packet; times are in units of the stream's time base.
pub(super) struct PacketEntry {
    /// When its picture is shown, if it says so.
    pub pts: Option<i64>,
    /// When it is to be decoded, if it says so.
    pub dts: Option<i64>,
    /// How long its picture is shown; 0 if unknown.
    pub duration: i64,
    /// Whether decoding can begin with it.
    pub key: bool,
    /// Whether its picture is only needed to decode others.
    pub discarded: bool,
    /// Whether other pictures may be predicted from it, where the packet itself says so.
    pub reference: Option<bool>,
}

/// Place in the file, size and time: what tells a packet from the others after a seek.
type Signature = (isize, usize, Option<i64>);

/// All packets of a stream by their count.
#[derive(Default)]
pub(super) struct PacketTable {
    /// The packets in the order of the file.
    pub entries: Vec<PacketEntry>,
    /// Count of the packet with a signature; `None` where several share it.
    places: HashMap<Signature, Option<usize>>,
}

impl PacketTable {
    /// Reads a freshly opened source to its end.
    pub fn scan(source: &mut PacketSource) -> Self {
        let mut table = Self::default();
        let codec = source.stream().parameters().id();
        while let Some((count, packet)) = source.next() {
            table.places.entry(signature(&packet)).and_modify(|place| *place = None).or_insert(Some(count));
            table.entries.push(PacketEntry {
                pts: packet.pts(),
                dts: packet.dts(),
                duration: packet.duration(),
                key: packet.is_key(),
                discarded: libav::is_discarded(&packet),
                reference: packet.data().filter(|_| codec == Id::H264).and_then(references::h264_reference),
            });
        }
        table
    }

    /// The count of a packet that was read after a seek, if it is beyond doubt.
    pub fn locate(&self, packet: &ffmpeg::Packet) -> Option<usize> {
        self.places.get(&signature(packet)).copied().flatten()
    }

    /// A time at or before packet `count`, for the demuxer's seek; `None` where there is no such packet or it has no time.
    pub fn seek_time(&self, count: usize) -> Option<i64> {
        let entry = self.entries.get(count)?;
        entry.pts.into_iter().chain(entry.dts).min()
    }
}

fn signature(packet: &ffmpeg::Packet) -> Signature {
    (packet.position(), packet.size(), packet.pts())
}
