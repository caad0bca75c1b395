//! Reference frames of predicted frames, derived from packet headers without decoding.
//!
//! Motion vectors state the direction of the reference frame, not its index. Encoders mostly predict from the nearest
//! allowed frame: of the packets before it in the file, the one shown closest on either side.

use super::frame_index::FrameIndex;
use super::packet_table::PacketTable;

/// Packets to look back: more than the 16 reference pictures that any of these decoders keeps.
const LOOK_BACK: usize = 48;

/// Types of H.264 NAL units that contain a slice: of a non-IDR and of an IDR picture.
const SLICES: [u8; 2] = [1, 5];

/// The distances in frames to the reference frames of a frame; 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReferenceDistances {
    /// Distance to the nearest earlier reference in presentation order.
    pub past: usize,
    /// Distance to the nearest later reference in presentation order.
    pub future: usize,
}

impl ReferenceDistances {
    /// Returns the distances of frame `frame`.
    pub fn of(frame: usize, index: &FrameIndex, table: &PacketTable) -> Self {
        let packet = index.frames[frame].packet;
        let mut distances = Self { past: 0, future: 0 };
        let nearer = |known: usize, distance: usize| if known == 0 { distance } else { known.min(distance) };
        for earlier in (packet.saturating_sub(LOOK_BACK)..packet).filter(|&earlier| is_reference(earlier, index, table))
        {
            match index.frame_of_packet(earlier) {
                Some(other) if other < frame => distances.past = nearer(distances.past, frame - other),
                Some(other) => distances.future = nearer(distances.future, other - frame),
                None => {}
            }
        }
        distances
    }
}

/// Returns whether other pictures may be predicted from `packet`: as its header states, else whether no earlier packet
/// in the file is shown after it.
fn is_reference(packet: usize, index: &FrameIndex, table: &PacketTable) -> bool {
    let in_order = || {
        let frame = index.frame_of_packet(packet);
        let before = packet.saturating_sub(LOOK_BACK)..packet;
        before.map(|earlier| index.frame_of_packet(earlier)).max().flatten() <= frame
    };
    table.entries[packet].reference.unwrap_or_else(in_order)
}

/// Returns whether the H.264 picture in `packet` is a reference: `nal_ref_idc` of its first slice.
///
/// `None` if no slice is found. Supports both NAL unit formats, four-byte lengths and start codes.
pub(super) fn h264_reference(packet: &[u8]) -> Option<bool> {
    let headers = headers_by_length(packet).unwrap_or_else(|| headers_by_start_code(packet));
    headers.into_iter().find(|header| SLICES.contains(&(header & 0x1f))).map(|header| header & 0x60 != 0)
}

/// Returns the first bytes of the NAL units, if their lengths add up to the packet.
fn headers_by_length(packet: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut headers) = (packet, Vec::new());
    while !rest.is_empty() {
        let (length, unit) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        headers.push(*unit.get(..length)?.first()?);
        rest = &unit[length..];
    }
    Some(headers)
}

fn headers_by_start_code(packet: &[u8]) -> Vec<u8> {
    packet.windows(4).filter(|window| window[..3] == [0, 0, 1]).map(|window| window[3]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::frame_index::StreamClock;
    use super::super::packet_table::PacketEntry;
    use super::*;

    /// Packets in file order: the frame of each, and its reference flag.
    fn distances(frames: &[(i64, Option<bool>)]) -> Vec<(usize, usize)> {
        let entries = frames.iter().enumerate().map(|(packet, &(pts, reference))| PacketEntry {
            pts: Some(pts),
            dts: Some(packet as i64),
            duration: 1,
            key: packet == 0,
            discarded: false,
            reference,
            position: packet as i64,
            size: 1,
        });
        let table = PacketTable::new(entries.collect(), Vec::new(), 0, None);
        let index = FrameIndex::from_time_stamps(&table, &StreamClock { tick_secs: 0.1, claimed_fps: None }).unwrap();
        let of = |frame| ReferenceDistances::of(frame, &index, &table);
        (0..frames.len()).map(|frame| (of(frame).past, of(frame).future)).collect()
    }

    #[test]
    fn the_nearest_reference_decoded_before_counts() {
        // I0 P1 P4 B2 B3 P5 without reference flags, as in MPEG-4.
        let plain = [0, 1, 4, 2, 3, 5].map(|pts| (pts, None));
        assert_eq!(distances(&plain), [(0, 0), (1, 0), (1, 2), (2, 1), (3, 0), (1, 0)]);
        // x264's pyramid: b1 and b3 are predicted from B2, and nothing is predicted from them.
        let pyramid = [(0, true), (4, true), (2, true), (1, false), (3, false), (5, true)];
        let pyramid = pyramid.map(|(pts, reference)| (pts, Some(reference)));
        assert_eq!(distances(&pyramid), [(0, 0), (1, 1), (2, 2), (1, 1), (4, 0), (1, 0)]);
    }

    #[test]
    fn h264_slices_tell_whether_they_are_predicted_from() {
        let unit = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
        let settings = [0x67, 1, 2];
        assert_eq!(h264_reference(&[unit(&settings), unit(&[0x65, 9])].concat()), Some(true));
        assert_eq!(h264_reference(&unit(&[0x01, 9])), Some(false));
        assert_eq!(h264_reference(&[&[0, 0, 0, 1][..], &settings, &[0, 0, 1, 0x41, 7]].concat()), Some(true));
        assert_eq!(h264_reference(&[0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x01, 7]), Some(false));
        for damaged in [&[][..], &[0, 0], &[0, 0, 1], &[0xff; 9], &[0, 0, 0, 0, 5], &unit(&settings)] {
            assert_eq!(h264_reference(damaged), None, "{damaged:?}");
        }
    }
}
