//! The packet headers of a video stream, read in one pass over the file.

use ffmpeg_next as ffmpeg;

/// A time stamp this much later than the one before it begins another recording, seconds; FFmpeg has the same limit.
const MAX_GAP_SECS: f64 = 10.0;

/// A time stamp this much earlier than the one before it begins another recording, seconds.
const MAX_BACKWARDS_SECS: f64 = 0.1;

/// The facts of one packet; times are in units of the stream's time base.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PacketEntry {
    /// When its picture is shown, if it says so.
    pub pts: Option<i64>,
    /// When it is to be decoded, if it says so.
    pub dts: Option<i64>,
    /// Duration of its picture; 0 if unknown.
    pub duration: i64,
    /// True for a key frame: decoding can begin with it.
    pub key: bool,
    /// True if its picture is only needed to decode others.
    pub discarded: bool,
    /// True if other pictures may be predicted from it; none where the packet does not tell.
    pub reference: Option<bool>,
    /// Byte offset in the file; negative if unknown.
    pub position: i64,
    /// Its length, bytes.
    pub size: usize,
}

/// A place from which on the time stamps of a file are those of another recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Jump {
    /// The first packet behind it.
    pub packet: usize,
    /// Offset added to the time stamps from there on, so that they continue evenly.
    pub shift: i64,
}

/// All packets of a stream by their count.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PacketTable {
    /// The packets in the order of the file.
    pub entries: Vec<PacketEntry>,
    /// Jumps of the time stamps, in file order. The times of the entries are without the jumps.
    pub jumps: Vec<Jump>,
    /// Number of empty packets; each stands for a picture that the recorder dropped.
    pub dropped: usize,
    /// Why reading stopped before the end of the file, if it did.
    pub failure: Option<ffmpeg::Error>,
    /// Counts of the packets in the order of their signatures.
    by_signature: Vec<u32>,
}

impl PacketTable {
    /// Returns a table of packets whose time stamps are without the `jumps`.
    pub fn new(entries: Vec<PacketEntry>, jumps: Vec<Jump>, dropped: usize, failure: Option<ffmpeg::Error>) -> Self {
        let mut table = Self { entries, jumps, dropped, failure, by_signature: Vec::new() };
        // More than four thousand million packets do not fit into memory.
        let mut by_signature: Vec<u32> = (0..table.entries.len() as u32).collect();
        by_signature.sort_by_key(|&count| table.signature(count as usize));
        table.by_signature = by_signature;
        table
    }

    /// Returns the count of a packet that was read after a seek, if it is beyond doubt.
    pub fn locate(&self, packet: &ffmpeg::Packet) -> Option<usize> {
        let wanted = (packet.position() as i64, packet.size(), packet.pts());
        let of = |&count: &u32| self.signature(count as usize);
        let first = self.by_signature.partition_point(|count| of(count) < wanted);
        let mut same = self.by_signature[first..].iter().take_while(|count| of(count) == wanted);
        match (same.next(), same.next()) {
            (Some(&count), None) => Some(count as usize),
            _ => None, // several share it, or none has it
        }
    }

    /// Returns a time at or before packet `count`, for the demuxer's seek; `None` where there is no such packet or it has no
    /// time.
    pub fn seek_time(&self, count: usize) -> Option<i64> {
        let entry = self.entries.get(count)?;
        Some(entry.pts.into_iter().chain(entry.dts).min()? - self.shift(count))
    }

    /// Returns where packet `count` begins in the file, bytes, if that is known.
    pub fn position(&self, count: usize) -> Option<i64> {
        self.entries.get(count).map(|entry| entry.position).filter(|&position| position >= 0)
    }

    /// Place in the file, size and the file's own time: what distinguishes a packet from the others after a seek.
    fn signature(&self, count: usize) -> (i64, usize, Option<i64>) {
        let entry = &self.entries[count];
        (entry.position, entry.size, entry.pts.map(|pts| pts - self.shift(count)))
    }

    /// Returns what was added to the time stamps of packet `count`.
    fn shift(&self, count: usize) -> i64 {
        let jumps = self.jumps.partition_point(|jump| jump.packet <= count);
        jumps.checked_sub(1).map_or(0, |last| self.jumps[last].shift)
    }
}

/// Lets the time stamps of joined recordings follow each other.
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

/// Returns whether the VP8 picture in a packet is only predicted from and never shown: bit 4 of its frame tag (RFC 6386, 9.1) is
/// 0.
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
