//! The pass over a file that lists its packets.

use ffmpeg::codec::Id;
use ffmpeg_next as ffmpeg;

use super::index_progress::IndexProgress;
use super::packet_source::PacketSource;
use super::packet_table::{PacketEntry, PacketTable, close_jumps, vp8_is_hidden};
use super::{libav, references};

impl PacketTable {
    /// Reads a freshly opened source to its end.
    pub fn scan(source: &mut PacketSource, progress: &IndexProgress) -> Self {
        let codec = source.stream().parameters().id();
        let mut entries: Vec<PacketEntry> = Vec::new();
        let mut is_torn = false;
        while let Some((_, packet)) = source.next() {
            progress.reach(packet.position());
            if packet.pts().is_none() {
                progress.expect_decoding(); // Without a time stamp, only decoding shows when a picture is displayed.
            }
            is_torn = packet.is_corrupt();
            let shows_nothing = codec == Id::VP8 && packet.data().is_some_and(vp8_is_hidden);
            entries.push(PacketEntry {
                pts: packet.pts(),
                dts: packet.dts(),
                duration: packet.duration(),
                key: packet.is_key(),
                discarded: libav::is_discarded(&packet) || shows_nothing,
                reference: packet.data().filter(|_| codec == Id::H264).and_then(references::h264_reference),
                position: packet.position() as i64,
                size: packet.size(),
            });
        }
        // The file ends within its last picture.
        if let Some(last) = entries.last_mut().filter(|_| is_torn) {
            last.discarded = true;
        }
        let tick_secs = f64::from(source.stream().time_base());
        let jumps = if source.may_jump() { close_jumps(&mut entries, tick_secs) } else { Vec::new() };
        Self::new(entries, jumps, source.dropped(), source.failure())
    }
}
