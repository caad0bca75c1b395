//! The packet headers of a video stream, read in one pass over the file.

use ffmpeg_next as ffmpeg;

/// A time stamp later than the previous one by more than this starts another recording, seconds; same limit as
/// FFmpeg's.
const MAX_GAP_SECS: f64 = 10.0;

/// A time stamp earlier than the previous one by more than this starts another recording, seconds.
const MAX_BACKWARDS_SECS: f64 = 0.1;

/// The properties of one packet; times are in units of the stream's time base.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PacketEntry {
    /// Presentation time, if stated.
    pub pts: Option<i64>,
    /// Decoding time, if stated.
    pub dts: Option<i64>,
    /// Duration of its picture; 0 if unknown.
    pub duration: i64,
    /// True for a key frame: decoding can begin there.
    pub key: bool,
    /// True if its picture is only needed to decode others.
    pub discarded: bool,
    /// Whether other pictures may be predicted from it; `None` if the packet does not state it.
    pub reference: Option<bool>,
    /// Byte offset in the file; negative if unknown.
    pub position: i64,
    /// Length, bytes.
    pub size: usize,
}

/// A position in a file from which the time stamps are those of another recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Jump {
    /// The first packet after it.
    pub packet: usize,
    /// Offset added to the time stamps from there on, to make them continuous.
    pub shift: i64,
}

/// All packets of a stream by their numbers.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PacketTable {
    /// The packets in file order.
    pub entries: Vec<PacketEntry>,
    /// Jumps of the time stamps, in file order; already removed from the times of the entries.
    pub jumps: Vec<Jump>,
    /// Number of empty packets; each stands for a frame that the recorder dropped.
    pub dropped: usize,
    /// Why reading stopped before the end of the file, if it did.
    pub failure: Option<ffmpeg::Error>,
    /// Packet numbers sorted by their signatures.
    by_signature: Vec<u32>,
}

impl PacketTable {
    /// Creates a table of packets from whose time stamps the `jumps` are removed.
    pub fn new(entries: Vec<PacketEntry>, jumps: Vec<Jump>, dropped: usize, failure: Option<ffmpeg::Error>) -> Self {
        let mut table = Self { entries, jumps, dropped, failure, by_signature: Vec::new() };
        // More than 2³² packets do not fit into memory.
        let mut by_signature: Vec<u32> = (0..table.entries.len() as u32).collect();
        by_signature.sort_by_key(|&count| table.signature(count as usize));
        table.by_signature = by_signature;
        table
    }

    /// Returns the number of a packet that was read after a seek, if it is unique.
    pub fn locate(&self, packet: &ffmpeg::Packet) -> Option<usize> {
        let wanted = (packet.position() as i64, packet.size(), packet.pts());
        let of = |&count: &u32| self.signature(count as usize);
        let first = self.by_signature.partition_point(|count| of(count) < wanted);
        let mut same = self.by_signature[first..].iter().take_while(|count| of(count) == wanted);
        match (same.next(), same.next()) {
            (Some(&count), None) => Some(count as usize),
            _ => None, // several packets share it, or none has it
        }
    }

    /// Returns a time at or before packet `count`, for the demuxer's seek; `None` if there is no such packet or it has
    /// no time.
    pub fn seek_time(&self, count: usize) -> Option<i64> {
        let entry = self.entries.get(count)?;
        Some(entry.pts.into_iter().chain(entry.dts).min()? - self.shift(count))
    }

    /// Returns the byte position of packet `count` in the file, if known.
    pub fn position(&self, count: usize) -> Option<i64> {
        self.entries.get(count).map(|entry| entry.position).filter(|&position| position >= 0)
    }

    /// Returns position, size and the file's own time: together they identify a packet after a seek.
    fn signature(&self, count: usize) -> (i64, usize, Option<i64>) {
        let entry = &self.entries[count];
        (entry.position, entry.size, entry.pts.map(|pts| pts - self.shift(count)))
    }

    /// Returns the offset that was added to the time stamps of packet `count`.
    fn shift(&self, count: usize) -> i64 {
        let jumps = self.jumps.partition_point(|jump| jump.packet <= count);
        jumps.checked_sub(1).map_or(0, |last| self.jumps[last].shift)
    }
}

/// Makes the time stamps of joined recordings continuous.
pub(super) fn close_jumps(entries: &mut [PacketEntry], tick_secs: f64) -> Vec<Jump> {
    let mut jumps: Vec<Jump> = Vec::new();
    let (mut shift, mut step) = (0, 1);
    let mut before: Option<i64> = None;
    for (packet, entry) in entries.iter_mut().enumerate() {
        if let Some(time) = entry.dts.or(entry.pts) {
            let gap = before.map(|before| time.saturating_add(shift).saturating_sub(before));
            let gap_secs = gap.map_or(0.0, |gap| gap as f64 * tick_secs);
            if let Some(before) = before.filter(|_| !(-MAX_BACKWARDS_SECS..=MAX_GAP_SECS).contains(&gap_secs)) {
                let next = before + if entry.duration > 0 { entry.duration } else { step };
                shift = next.saturating_sub(time);
                jumps.push(Jump { packet, shift });
            } else if let Some(gap) = gap.filter(|&gap| gap > 0) {
                step = gap;
            }
            before = Some(time.saturating_add(shift));
        }
        entry.pts = entry.pts.map(|pts| pts.saturating_add(shift));
        entry.dts = entry.dts.map(|dts| dts.saturating_add(shift));
    }
    jumps
}

/// Returns whether the VP8 picture in a packet is a reference that is never shown: bit 4 of its frame tag is 0 (RFC
/// 6386, section 9.1).
pub(super) fn vp8_is_hidden(packet: &[u8]) -> bool {
    packet.first().is_some_and(|tag| tag & 0x10 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(time: i64, position: i64) -> PacketEntry {
        PacketEntry {
            pts: Some(time),
            dts: Some(time),
            duration: 0,
            key: true,
            discarded: false,
            reference: None,
            position,
            size: 10,
        }
    }

    fn times(table: &PacketTable) -> Vec<i64> {
        table.entries.iter().filter_map(|entry| entry.pts).collect()
    }

    #[test]
    fn joined_recordings_follow_each_other_and_are_still_sought_by_their_own_times() {
        // Ticks of 0.1 s; the second recording begins 25 hours later, the third before both.
        let mut entries: Vec<_> = [50, 51, 52, 900_000, 900_001, 3, 4].map(|time| entry(time, time)).into();
        let jumps = close_jumps(&mut entries, 0.1);
        let table = PacketTable::new(entries, jumps, 0, None);
        assert_eq!(times(&table), [50, 51, 52, 53, 54, 55, 56]);
        let sought: Vec<_> = (0..8).map(|count| table.seek_time(count)).collect();
        assert_eq!(sought, [Some(50), Some(51), Some(52), Some(900_000), Some(900_001), Some(3), Some(4), None]);
        assert_eq!(table.signature(5), (3, 10, Some(3)));
    }

    #[test]
    fn pauses_and_a_little_disorder_are_no_jumps() {
        let mut entries: Vec<_> = [0, 90, 89, 150].map(|time| entry(time, 0)).into();
        assert_eq!(close_jumps(&mut entries, 0.1), []);
        assert_eq!(entries[2].pts, Some(89));
    }

    #[test]
    fn vp8_says_itself_which_pictures_are_shown() {
        assert!(vp8_is_hidden(&[0b0000_0001]) && !vp8_is_hidden(&[0b0001_0001]) && !vp8_is_hidden(&[]));
    }
}
