//! The result of one pass over a file: its packets and frames.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ffmpeg::codec::Id;
use ffmpeg_next as ffmpeg;

use super::StopFlag;
use super::frame_decoder::{Decoded, FrameDecoder, Purpose};
use super::frame_index::{FrameIndex, StreamClock, median};
use super::index_progress::IndexProgress;
use super::packet_source::{PacketSource, stopped};
use super::packet_table::{PacketEntry, PacketTable};
use crate::error::{Error, Result};

/// Pictures after which all earlier ones in presentation order have arrived.
const PATIENCE: usize = 16;

/// The packets and the frames of a video. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VideoIndex {
    /// Its packets.
    pub table: Arc<PacketTable>,
    /// Its frames.
    pub frames: Arc<FrameIndex>,
    /// Its clock.
    pub clock: StreamClock,
    /// Source of the order of the frames.
    pub order: FrameOrder,
    /// Description of how the file is truncated, if it is.
    pub cut_off: Option<String>,
}

/// The method by which the frames of a video were ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrameOrder {
    /// The packet numbers in the decoder's output order; `None` if time stamps define the order.
    pub decoded: Option<Vec<usize>>,
    /// True if all pictures depend on each other, so that decoding can begin only at the first one.
    pub builds_on_all: bool,
}

impl VideoIndex {
    /// Reads the whole file at `path`; decodes all of it if its time stamps do not define the order of its frames.
    ///
    /// # Errors
    /// If it cannot be opened or `stop` is set.
    pub fn build(path: &Path, stop: &StopFlag, progress: &IndexProgress) -> Result<Self> {
        let mut source = PacketSource::open(path, stop)?;
        progress.begin(std::fs::metadata(path).map_or(0, |facts| facts.len()));
        let codec = source.stream().parameters().id();
        let promised = source.promised_packets();
        let clock = StreamClock::of(&source);
        let mut table = PacketTable::scan(&mut source, progress);
        leave_out_unreachable(&mut source, &mut table)?;
        leave_out_torn(&mut source, &mut table)?;
        let decoded = match FrameIndex::from_time_stamps(&table, &clock) {
            Some(_) => None,
            None => Some(decoded_order(&mut source, &table, progress)?),
        };
        if source.is_stopped() {
            return Err(stopped(path));
        }
        let order = FrameOrder { decoded, builds_on_all: matches!(codec, Id::GIF | Id::APNG) };
        let mut index = Self::assemble(table, clock, order, None);
        index.cut_off = index.truncation(&source, promised);
        Ok(index)
    }

    /// Creates an index, with the frames of `table` in presentation order.
    pub fn assemble(table: PacketTable, clock: StreamClock, order: FrameOrder, cut_off: Option<String>) -> Self {
        let known = order.decoded.as_ref().map(|decoded| FrameIndex::from_order(&table, decoded.clone(), &clock));
        let frames = known.or_else(|| FrameIndex::from_time_stamps(&table, &clock));
        let frames = frames.unwrap_or_else(|| FrameIndex::from_order(&table, Vec::new(), &clock));
        let frames = if order.builds_on_all { frames.without_inner_keys() } else { frames };
        Self { table: Arc::new(table), frames: Arc::new(frames), clock, order, cut_off }
    }

    /// Compares the declared length with the actual one and describes a truncation.
    fn truncation(&self, source: &PacketSource, promised: usize) -> Option<String> {
        let found = self.table.entries.len() + self.table.dropped;
        let (found, promised) = if source.counts_time() { self.in_steps(found, promised) } else { (found, promised) };
        if found + 1 + promised / 100 < promised {
            return Some(format!("the file is cut off: it holds {found} of {promised} frames"));
        }
        if promised == 0 && self.table.jumps.is_empty() {
            let own_secs = source.stream().duration() as f64 * self.clock.tick_secs;
            let promised_secs = if own_secs > 0.0 { own_secs } else { source.claimed_secs().unwrap_or(0.0) };
            // The length declared for the whole file may be that of a longer sound track.
            let alone = own_secs > 0.0 || source.is_alone();
            let slack_secs = if alone { 0.1 + 0.05 * promised_secs } else { 2.0 + 0.1 * promised_secs };
            // Some containers declare the time from the first to the last picture, others the time stamp of the last.
            let found_secs = self.frames.duration_secs() + self.frames.first_secs().unwrap_or(0.0).max(0.0);
            let is_short = found_secs + slack_secs < promised_secs;
            if is_short && (source.is_alone() || !source.others_go_on_after(found_secs + slack_secs / 2.0)) {
                let cause = "the file is cut off: its frames end after";
                return Some(format!("{cause} {found_secs:.1} of {promised_secs:.1} seconds"));
            }
        }
        let failure = self.table.failure?;
        Some(format!("the file can be read only up to frame {found} ({failure})"))
    }

    /// Converts to packets of the median spacing: the position of the last one, at least `found`, and the number in
    /// `promised` time units.
    fn in_steps(&self, found: usize, promised: usize) -> (usize, usize) {
        let dts: Vec<i64> = self.table.entries.iter().filter_map(|entry| entry.dts).collect();
        let step = median(dts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()).unwrap_or(1).max(1);
        let reached = dts.last().and_then(|&last| usize::try_from(last / step + 1).ok()).unwrap_or(0);
        (found.max(reached), usize::try_from(step).map_or(promised, |step| promised / step))
    }
}

impl StreamClock {
    /// Returns the clock of an open file.
    pub fn of(source: &PacketSource) -> Self {
        let stream = source.stream();
        let claimed = [stream.avg_frame_rate(), stream.rate()];
        let claimed = claimed.iter().find(|rate| rate.numerator() > 0 && rate.denominator() > 0);
        Self { tick_secs: f64::from(stream.time_base()), claimed_fps: claimed.map(|&rate| f64::from(rate)) }
    }
}

/// Creates a decoder for the pictures of `source`.
///
/// # Errors
/// If this FFmpeg has no decoder for the codec.
pub(super) fn decoder_of(source: &PacketSource, purpose: Purpose) -> Result<FrameDecoder> {
    let codec = source.stream().parameters().id();
    FrameDecoder::new(source.stream().parameters(), purpose).map_err(|error| {
        let kind = if codec == Id::None { "of an unknown kind" } else { codec.name() };
        let cause = format!("its video ({kind}) cannot be decoded here ({error})");
        Error::file(source.path(), cause, "Convert the file to H.264, or install an FFmpeg with this codec")
    })
}

/// Returns the next picture in the decoder's order and the number of its packet.
pub(super) fn decode_next(
    source: &mut PacketSource,
    decoder: &mut FrameDecoder,
) -> Option<(usize, ffmpeg::frame::Video)> {
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

/// Discards the leading pictures of a file that cannot be decoded: in a recording that was cut inside an open GOP, they
/// depend on missing pictures.
fn leave_out_unreachable(source: &mut PacketSource, table: &mut PacketTable) -> Result<()> {
    let Some(first) = table.entries.first().and_then(|entry| entry.pts) else { return Ok(()) };
    let leads = |entry: &PacketEntry| !entry.discarded && entry.pts.is_some_and(|pts| pts < first);
    let mut missing: BTreeSet<usize> =
        (0..table.entries.len()).filter(|&packet| leads(&table.entries[packet])).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut decoder = decoder_of(source, Purpose::Pictures)?;
    source.seek(0, table)?;
    let mut others = 0;
    while !missing.is_empty()
        && others < PATIENCE
        && let Some((packet, _)) = decode_next(source, &mut decoder)
    {
        others += usize::from(!missing.remove(&packet));
    }
    missing.into_iter().for_each(|packet| table.entries[packet].discarded = true);
    Ok(())
}

/// Discards the pictures before the first intact one of an H.264 recording that begins between key frames or inside an
/// open GOP, as other programs do. If no picture is intact, all are kept.
fn leave_out_torn(source: &mut PacketSource, table: &mut PacketTable) -> Result<()> {
    let Some(first) = table.entries.first() else { return Ok(()) };
    let leads = |entry: &PacketEntry| entry.pts.is_none_or(|pts| Some(pts) < first.pts);
    let is_clean = first.key && !table.entries.iter().take(PATIENCE).any(leads);
    if is_clean || source.stream().parameters().id() != Id::H264 {
        return Ok(());
    }
    let mut decoder = decoder_of(source, Purpose::Pictures)?;
    source.seek(0, table)?;
    let mut torn: Vec<usize> = Vec::new();
    while let Some((packet, picture)) = decode_next(source, &mut decoder) {
        if !picture.is_corrupt() {
            for packet in torn {
                table.entries[packet].discarded = true;
            }
            return Ok(());
        }
        torn.extend(Some(packet).filter(|&packet| packet < table.entries.len()));
    }
    Ok(())
}

/// Determines the order of the frames by decoding all of them, for files whose time stamps do not define it.
fn decoded_order(source: &mut PacketSource, table: &PacketTable, progress: &IndexProgress) -> Result<Vec<usize>> {
    let mut decoder = decoder_of(source, Purpose::Pictures)?;
    let mut seen = vec![false; table.entries.len()];
    let mut order = Vec::with_capacity(seen.len());
    source.seek(0, table)?;
    while let Some((packet, _)) = decode_next(source, &mut decoder) {
        if let Some(seen) = seen.get_mut(packet)
            && !table.entries[packet].discarded
            && !std::mem::replace(seen, true)
        {
            order.push(packet);
            progress.decode(table.position(packet).unwrap_or(0));
        }
    }
    Ok(order)
}
