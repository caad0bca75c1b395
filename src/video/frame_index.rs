//! The frames of a video in presentation order: the packet and the time of each.

use super::packet_table::PacketTable;
use crate::frame_times::FrameTimes;

/// Default frame rate where neither the frames nor the file define one.
const ASSUMED_FPS: f64 = 25.0;

/// One frame.
#[derive(Debug, PartialEq)]
pub(super) struct IndexedFrame {
    /// Number of the packet that contains it.
    pub packet: usize,
    /// Seconds after the first frame.
    pub pts_secs: f64,
    /// Seconds until the next frame.
    pub duration_secs: f64,
}

/// The frame rate that the container claims, and its time unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StreamClock {
    /// Seconds per time unit.
    pub tick_secs: f64,
    /// Claimed frames per second, if it claims any.
    pub claimed_fps: Option<f64>,
}

/// All frames in presentation order.
#[derive(Debug, PartialEq)]
pub(super) struct FrameIndex {
    /// The frames.
    pub frames: Vec<IndexedFrame>,
    /// Time of the first frame on the clock of the stream, seconds, if known.
    first_secs: Option<f64>,
    frame_of_packet: Vec<Option<usize>>,
    /// Packets at which decoding can begin, ascending.
    keys: Vec<usize>,
}

impl FrameIndex {
    /// Orders the packets by their time stamps; `None` if these do not define the order reliably (missing as in old AVI
    /// files, repeated, jumping back, or a beginning that is not a key frame).
    pub fn from_time_stamps(table: &PacketTable, clock: &StreamClock) -> Option<Self> {
        let entries = &table.entries;
        let mut order: Vec<usize> = (0..entries.len()).filter(|&packet| !entries[packet].discarded).collect();
        let decodable = entries.first()?.key && entries.iter().filter_map(|entry| entry.dts).is_sorted();
        if !decodable || order.iter().any(|&packet| entries[packet].pts.is_none()) {
            return None;
        }
        order.sort_by_key(|&packet| entries[packet].pts);
        let unique = order.windows(2).all(|pair| entries[pair[0]].pts != entries[pair[1]].pts);
        unique.then(|| Self::from_order(table, order, clock))
    }

    /// Creates an index from `order`, the packet numbers in presentation order.
    pub fn from_order(table: &PacketTable, order: Vec<usize>, clock: &StreamClock) -> Self {
        let (ticks, are_stated) = shown_ticks(table, &order, clock);
        let first = ticks.first().copied().unwrap_or(0.0);
        // Differences are computed in whole units, as differences of seconds are rounded.
        let times: Vec<f64> = ticks.iter().map(|ticks| (ticks - first) * clock.tick_secs).collect();
        let mut frame_of_packet = vec![None; table.entries.len()];
        let last_secs = order.last().map_or(0, |&packet| table.entries[packet].duration) as f64 * clock.tick_secs;
        let last_secs = if last_secs > 0.0 { last_secs } else { typical_step(&times, clock) };
        let mut frames = Vec::with_capacity(order.len());
        for (index, &packet) in order.iter().enumerate() {
            frame_of_packet[packet] = Some(index);
            let duration_secs = times.get(index + 1).map_or(last_secs, |next| next - times[index]);
            frames.push(IndexedFrame { packet, pts_secs: times[index], duration_secs });
        }
        let keys = (0..table.entries.len())
            .filter(|&packet| table.entries[packet].key && frame_of_packet[packet].is_some())
            .collect();
        let first_secs = (are_stated && !order.is_empty()).then_some(first * clock.tick_secs);
        Self { frames, first_secs, frame_of_packet, keys }
    }

    /// Restricts the start of decoding to the first packet: for codecs whose pictures all depend on each other.
    pub fn without_inner_keys(mut self) -> Self {
        self.keys.clear();
        self
    }

    /// Returns the frame in packet `packet`, if any.
    pub fn frame_of_packet(&self, packet: usize) -> Option<usize> {
        self.frame_of_packet.get(packet).copied().flatten()
    }

    /// Returns the last packet, at most `limit`, from which frame `index` decodes completely.
    ///
    /// Frames shown before a key frame may follow it in the file and depend on the group of pictures before it.
    pub fn key_before(&self, index: usize, limit: usize) -> usize {
        let limit = limit.min(self.frames[index].packet);
        let candidates = &self.keys[..self.keys.partition_point(|&key| key <= limit)];
        let shown_in_time = |&&key: &&usize| self.frame_of_packet[key].is_some_and(|frame| frame <= index);
        candidates.iter().rev().find(shown_in_time).copied().unwrap_or(0)
    }

    /// Returns the time from the first frame to the end of the last, seconds.
    pub fn duration_secs(&self) -> f64 {
        self.frames.last().map_or(0.0, |last| last.pts_secs + last.duration_secs)
    }

    /// Returns the average frames per second over the time stamps; `None` for a single frame.
    fn average_fps(&self) -> Option<f64> {
        let span = self.frames.last()?.pts_secs;
        (span > 0.0).then(|| (self.frames.len() - 1) as f64 / span)
    }

    /// Returns the frames per second: the rate that the container claims if the time stamps match it within their
    /// rounding, else their average; `None` for a single frame without a claimed rate.
    pub fn rate(&self, clock: &StreamClock) -> Option<f64> {
        let Some((average, last)) = self.average_fps().zip(self.frames.last()) else { return clock.claimed_fps };
        let steps = (self.frames.len() - 1) as f64;
        let rounding_secs = (1.5 * clock.tick_secs).min(0.1 / average);
        let fits = |claimed: &f64| (steps / claimed - last.pts_secs).abs() <= rounding_secs;
        // Floating-point sums give 24.999999999999996 instead of 25.
        let rounded = Some((average * 1e9).round() / 1e9).filter(|rounded| *rounded > 0.0);
        clock.claimed_fps.filter(fits).or(rounded).or(Some(average))
    }

    /// Returns whether a frame deviates from an even rate by more than the rounding of the time stamps.
    pub fn is_variable(&self, clock: &StreamClock) -> bool {
        let Some(fps) = self.average_fps() else { return false };
        let tolerance = (1.5 * clock.tick_secs).max(0.02 / fps);
        self.frames.iter().enumerate().any(|(index, frame)| (frame.pts_secs - index as f64 / fps).abs() > tolerance)
    }

    /// Returns the time of the first frame on the clock of the stream, seconds, if known.
    pub fn first_secs(&self) -> Option<f64> {
        self.first_secs
    }

    /// Returns the time of each frame on the clock of the file; the first frame is at `start_secs`.
    pub fn times(&self, clock: &StreamClock, start_secs: f64) -> FrameTimes {
        let fps = self.rate(clock).unwrap_or(ASSUMED_FPS);
        let even = FrameTimes::even(self.frames.len(), fps, start_secs);
        let stamps = || self.frames.iter().map(|frame| start_secs + frame.pts_secs).collect::<Vec<_>>();
        let listed = || FrameTimes::listed(stamps(), start_secs + self.duration_secs());
        let listed = if self.is_variable(clock) { listed() } else { None };
        listed.or(even).expect("rates are above 0 and times are finite, as both were computed from integers")
    }

    /// Returns the frame shown at `secs`: the first one before the beginning, the last one after the end.
    pub fn frame_at(&self, secs: f64) -> usize {
        self.frames.partition_point(|frame| frame.pts_secs <= secs).saturating_sub(1)
    }
}

/// Returns the time of each frame of `order` in time units of the stream, strictly increasing, and whether these times
/// are on the stream's clock.
///
/// AVI files store decoding times instead of presentation times for the pictures that others are predicted from.
fn shown_ticks(table: &PacketTable, order: &[usize], clock: &StreamClock) -> (Vec<f64>, bool) {
    if let Some(ticks) = decoding_ticks(table, order) {
        return (ticks, true);
    }
    let step = 1.0 / (clock.claimed_fps.unwrap_or(ASSUMED_FPS) * clock.tick_secs);
    let mut stated: Vec<(usize, i64)> = Vec::with_capacity(order.len());
    for (index, &packet) in order.iter().enumerate() {
        let pts = table.entries[packet].pts.filter(|pts| stated.last().is_none_or(|(_, before)| before < pts));
        stated.extend(pts.map(|pts| (index, pts)));
    }
    let Some(&(lead, first)) = stated.first() else {
        return ((0..order.len()).map(|index| index as f64 * step).collect(), false);
    };
    let mut ticks: Vec<f64> = (0..=lead).map(|index| first as f64 - (lead - index) as f64 * step).collect();
    // Frames without a time are spaced evenly between those that have one.
    for pair in stated.windows(2) {
        let ((from, before), (to, after)) = (pair[0], pair[1]);
        let each = (after - before) as f64 / (to - from) as f64;
        ticks.extend((from + 1..to).map(|index| before as f64 + (index - from) as f64 * each));
        ticks.push(after as f64);
    }
    let last = ticks.last().copied().unwrap_or(0.0);
    ticks.extend((1..=order.len() - ticks.len()).map(|further| last + further as f64 * step));
    (ticks, true)
}

/// Derives the times of the frames of `order` from their decoding times: each is shown as soon as the pictures it waits
/// for are decoded. `None` if these times are unknown, not needed, or contradict the stated ones.
fn decoding_ticks(table: &PacketTable, order: &[usize]) -> Option<Vec<f64>> {
    if order.iter().all(|&packet| table.entries[packet].pts.is_some()) {
        return None;
    }
    let mut packets = order.to_vec();
    packets.sort_unstable();
    let mut dts: Vec<i64> = packets.iter().map(|&packet| table.entries[packet].dts).collect::<Option<_>>()?;
    if !dts.is_sorted_by(|before, after| before < after) {
        return None;
    }
    let ranks = order.iter().map(|packet| packets.partition_point(|other| other < packet));
    let delay = ranks.enumerate().map(|(index, rank)| rank.saturating_sub(index)).max()?;
    let step = median(dts.windows(2).map(|pair| pair[1] - pair[0]).collect()).unwrap_or(1);
    let last = *dts.last()?;
    dts.extend((1..=delay as i64).map(|further| last + further * step));
    let shown = &dts[delay..];
    let agrees = |(&packet, &time): (&usize, &i64)| table.entries[packet].pts.is_none_or(|pts| pts == time);
    order.iter().zip(shown).all(agrees).then(|| shown.iter().map(|&time| time as f64).collect())
}

/// Returns the median of `values`, the upper one of two; `None` for no values.
pub(super) fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// Returns the median spacing of the frames, or the spacing that the container claims, seconds.
fn typical_step(times: &[f64], clock: &StreamClock) -> f64 {
    let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.0 / clock.claimed_fps.unwrap_or(ASSUMED_FPS))
}

#[cfg(test)]
mod tests {
    use super::super::packet_table::PacketEntry;
    use super::*;

    const CLOCK: StreamClock = StreamClock { tick_secs: 0.1, claimed_fps: Some(10.0) };

    /// Packets in file order: presentation times, negative for none; keys are listed separately.
    fn table(pts: &[i64], keys: &[usize]) -> PacketTable {
        let entries = pts.iter().enumerate().map(|(packet, &pts)| PacketEntry {
            pts: (pts >= 0).then_some(pts),
            dts: Some(packet as i64),
            duration: 1,
            key: keys.contains(&packet),
            discarded: false,
            reference: None,
            position: packet as i64,
            size: 1,
        });
        PacketTable::new(entries.collect(), Vec::new(), 0, None)
    }

    #[test]
    fn rates_are_what_the_container_claims_where_its_times_fit() {
        let rate = |ticks: &[i64], tick_secs, claimed_fps| {
            let clock = StreamClock { tick_secs, claimed_fps };
            FrameIndex::from_time_stamps(&table(ticks, &[0]), &clock).unwrap().rate(&clock).unwrap()
        };
        let even = |step: f64, count: u32| (0..count).map(|i| (f64::from(i) * step).round() as i64).collect::<Vec<_>>();
        assert_eq!(rate(&even(512.0, 250), 1.0 / 12800.0, None), 25.0, "and not 24.999999999999996");
        assert_eq!(rate(&even(1000.0 / 30.0, 100), 1e-3, Some(30.0)), 30.0, "in whole milliseconds");
        let ntsc = 30_000.0 / 1001.0;
        assert_eq!(rate(&even(1001.0, 100), 1.0 / 30_000.0, Some(ntsc)), ntsc);
        assert_eq!(rate(&even(40.0, 100), 1e-3, Some(30.0)), 25.0, "the times count");
        assert_eq!(rate(&even(2.0, 2), 0.1, Some(10.0)), 5.0, "a coarse clock makes no other rate fit");
    }

    #[test]
    fn frames_shown_before_a_key_frame_need_the_one_before_it() {
        // An open group: packets 5 and 6 follow key packet 4 but are shown before it.
        let index = FrameIndex::from_time_stamps(&table(&[0, 3, 1, 2, 6, 4, 5, 7], &[0, 4]), &CLOCK).unwrap();
        let keys: Vec<usize> = (0..8).map(|frame| index.key_before(frame, usize::MAX)).collect();
        assert_eq!(keys, [0, 0, 0, 0, 0, 0, 4, 4]);
        assert_eq!(index.key_before(7, 3), 0);
        assert_eq!((index.frame_of_packet(4), index.frames[6].packet), (Some(6), 4));
    }

    #[test]
    fn doubtful_time_stamps_are_not_trusted() {
        assert!(FrameIndex::from_time_stamps(&table(&[0, 1, 1], &[0]), &CLOCK).is_none());
        assert!(FrameIndex::from_time_stamps(&table(&[0, -1, 2], &[0]), &CLOCK).is_none());
        assert!(FrameIndex::from_time_stamps(&table(&[0, 1, 2], &[1]), &CLOCK).is_none());
        let counted = FrameIndex::from_order(&table(&[-1, -1, -1], &[0]), vec![0, 2, 1], &CLOCK);
        let times: Vec<f64> = counted.frames.iter().map(|frame| frame.pts_secs).collect();
        assert_eq!(times, [0.0, 0.1, 0.2]);
    }

    #[test]
    fn frames_without_a_time_lie_evenly_between_those_that_have_one() {
        let times = |pts: &[i64], dts: Option<i64>| {
            let mut table = table(pts, &[0]);
            // Rising decoding times are unreliable where they contradict the stated times.
            table.entries.iter_mut().for_each(|entry| entry.dts = dts.and(entry.dts));
            let index = FrameIndex::from_order(&table, (0..pts.len()).collect(), &CLOCK);
            (index.first_secs(), index.frames.iter().map(|frame| frame.pts_secs).collect::<Vec<_>>())
        };
        let nearly = |found: (Option<f64>, Vec<f64>), first: Option<f64>, wanted: &[f64]| {
            let is_near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            let same = found.1.iter().zip(wanted).all(|(&a, &b)| is_near(a, b)) && found.1.len() == wanted.len();
            assert!(same && found.0.zip(first).is_none_or(|(a, b)| is_near(a, b)), "{found:?}");
            assert_eq!(found.0.is_some(), first.is_some());
        };
        for dts in [None, Some(0)] {
            nearly(times(&[-1, 7, -1, 11, -1], dts), Some(0.6), &[0.0, 0.1, 0.3, 0.5, 0.6]);
        }
        nearly(times(&[-1, -1, -1], None), None, &[0.0, 0.1, 0.2]);
        nearly(times(&[0, 1, 1, 2], None), Some(0.0), &[0.0, 0.1, 0.15, 0.2]);
    }

    #[test]
    fn decoding_times_stand_in_for_missing_ones_without_losing_a_step() {
        // I P B B P B B …, as in AVI files: only the B-frames have presentation times.
        let is_shown = |packet: i64| packet % 3 == 2 || (packet > 0 && packet % 3 == 0);
        let pts: Vec<i64> = (0..=99).map(|packet| if is_shown(packet) { packet } else { -1 }).collect();
        let mut order = vec![0];
        (1..=97).step_by(3).for_each(|packet: usize| order.extend([packet + 1, packet + 2, packet]));
        let clock = StreamClock { tick_secs: 0.04, claimed_fps: Some(25.0) };
        let index = FrameIndex::from_order(&table(&pts, &[0]), order, &clock);
        assert_eq!((index.first_secs(), index.rate(&clock)), (Some(0.04), Some(25.0)));
        assert!((0..100).all(|frame| (index.frames[frame].pts_secs - frame as f64 * 0.04).abs() < 1e-12));
        assert!(!index.is_variable(&clock));
    }

    #[test]
    fn rate_and_position_follow_the_time_stamps() {
        let even = FrameIndex::from_time_stamps(&table(&[50, 51, 52, 53], &[0]), &CLOCK).unwrap();
        assert!((even.average_fps().unwrap() - 10.0).abs() < 1e-9 && !even.is_variable(&CLOCK));
        assert!((even.duration_secs() - 0.4).abs() < 1e-9);
        let uneven = FrameIndex::from_time_stamps(&table(&[0, 1, 9, 10], &[0]), &CLOCK).unwrap();
        assert!(uneven.is_variable(&CLOCK));
        assert_eq!([-1.0, 0.0, 0.5, 0.95, 7.0].map(|secs| uneven.frame_at(secs)), [0, 0, 1, 2, 3]);
    }
}
