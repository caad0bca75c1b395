//! File format of a video's index in the user's cache: delta-encoded numbers in LEB128, seven bits per byte.
//!
//! A file that is damaged, of another version or of another video counts as absent.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::file_key::FileKey;
use super::frame_index::StreamClock;
use super::packet_table::{Jump, PacketEntry, PacketTable};
use super::video_index::{FrameOrder, VideoIndex};
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// First bytes of the file; the number is the version.
const MAGIC: &[u8] = b"motionscope index 4\n";

/// Extension of the files.
const EXTENSION: &str = "index";

/// Limit of the total size, bytes; the oldest files are removed.
const MAX_BYTES: u64 = 256 << 20;

/// Bits of the flags of a packet.
const HAS_PTS: u64 = 1;
const HAS_DTS: u64 = 2;
const IS_KEY: u64 = 4;
const IS_DISCARDED: u64 = 8;
const SAYS_REFERENCE: u64 = 16;
const IS_REFERENCE: u64 = 32;

/// Reads the index of the video `key`, if `folder` has it.
pub(super) fn read(folder: &Path, key: &FileKey) -> Option<VideoIndex> {
    let bytes = files::read(file(folder, key)).ok()?;
    decode(&bytes, key)
}

/// Writes the index of the video `key` into `folder` and removes the oldest files there beyond the limit.
///
/// # Errors
/// If the folder cannot be written to.
pub(super) fn write(folder: &Path, key: &FileKey, index: &VideoIndex) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    let bytes = encode(key, index);
    atomic::replace(&file(folder, key), |file| file.write_all(&bytes))?;
    make_room(folder, MAX_BYTES);
    Ok(())
}

fn file(folder: &Path, key: &FileKey) -> PathBuf {
    folder.join(format!("{:016x}.{EXTENSION}", hash(key.path.as_os_str().as_encoded_bytes())))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// Removes the oldest indexes until the rest has at most `limit` bytes.
fn make_room(folder: &Path, limit: u64) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let facts = |path: PathBuf| {
        let facts = path.extension().filter(|extension| *extension == EXTENSION).and(path.metadata().ok())?;
        Some((facts.modified().unwrap_or(SystemTime::UNIX_EPOCH), facts.len(), path))
    };
    let mut files: Vec<_> = entries.filter_map(|entry| facts(entry.ok()?.path())).collect();
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, length, path) in files {
        if bytes <= limit {
            return;
        }
        // It does not matter if another process removed it first, or it cannot be removed.
        let _ = std::fs::remove_file(path);
        bytes -= length;
    }
}

fn encode(key: &FileKey, index: &VideoIndex) -> Vec<u8> {
    let mut out = Encoder(MAGIC.to_vec());
    out.text(key.path.as_os_str().as_encoded_bytes());
    [key.bytes, key.changed_ns, key.number].into_iter().for_each(|number| out.number(number));
    out.number(index.clock.tick_secs.to_bits());
    out.number(index.clock.claimed_fps.map_or(0, f64::to_bits)); // A rate is above 0.
    out.text(index.cut_off.as_deref().unwrap_or_default().as_bytes());
    out.number(index.table.dropped as u64);
    out.number(index.table.jumps.len() as u64);
    for jump in &index.table.jumps {
        out.number(jump.packet as u64);
        out.signed(jump.shift);
    }
    out.number(index.table.entries.len() as u64);
    let mut before = Before::default();
    for entry in &index.table.entries {
        out.entry(entry, &mut before);
    }
    out.number(u64::from(index.order.builds_on_all));
    out.number(index.order.decoded.as_ref().map_or(0, |decoded| decoded.len() as u64 + 1));
    let mut last = 0;
    for &packet in index.order.decoded.iter().flatten() {
        out.signed(packet as i64 - last);
        last = packet as i64;
    }
    let check = hash(&out.0);
    out.0.extend(check.to_le_bytes());
    out.0
}

fn decode(bytes: &[u8], key: &FileKey) -> Option<VideoIndex> {
    let (bytes, check) = bytes.split_last_chunk()?;
    let mut input = Decoder(bytes.strip_prefix(MAGIC)?);
    if hash(bytes) != u64::from_le_bytes(*check) || input.text()? != key.path.as_os_str().as_encoded_bytes() {
        return None;
    }
    if [input.number()?, input.number()?, input.number()?] != [key.bytes, key.changed_ns, key.number] {
        return None;
    }
    let tick_secs = f64::from_bits(input.number()?);
    let claimed_fps = Some(input.number()?).filter(|&bits| bits != 0).map(f64::from_bits);
    let cut_off = Some(input.text()?).filter(|text| !text.is_empty());
    let cut_off = cut_off.map(|text| String::from_utf8_lossy(text).into_owned());
    let dropped = input.number()? as usize;
    let jumps = (0..input.count()?).map(|_| {
        let packet = input.number()? as usize;
        Some(Jump { packet, shift: input.signed()? })
    });
    let jumps = jumps.collect::<Option<_>>()?;
    let mut before = Before::default();
    let entries = (0..input.count()?).map(|_| input.entry(&mut before)).collect::<Option<Vec<_>>>()?;
    let builds_on_all = input.number()? != 0;
    let decoded = match input.number()? {
        0 => None,
        count => {
            let mut last = 0;
            let packets = (1..count).map(|_| {
                last += input.signed()?;
                usize::try_from(last).ok().filter(|&packet| packet < entries.len())
            });
            Some(packets.collect::<Option<_>>()?)
        }
    };
    let table = PacketTable::new(entries, jumps, dropped, None);
    let clock = StreamClock { tick_secs, claimed_fps };
    Some(VideoIndex::assemble(table, clock, FrameOrder { decoded, builds_on_all }, cut_off))
}

/// The previous values for delta encoding.
#[derive(Default)]
struct Before {
    pts: i64,
    dts: i64,
    duration: i64,
    position: i64,
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Zigzag encoding: small numbers of either sign take few bytes.
    fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    fn text(&mut self, text: &[u8]) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text);
    }

    fn difference(&mut self, number: i64, before: &mut i64) {
        self.signed(number.wrapping_sub(*before));
        *before = number;
    }

    fn entry(&mut self, entry: &PacketEntry, before: &mut Before) {
        let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
        self.number(
            flag(entry.pts.is_some(), HAS_PTS)
                | flag(entry.dts.is_some(), HAS_DTS)
                | flag(entry.key, IS_KEY)
                | flag(entry.discarded, IS_DISCARDED)
                | flag(entry.reference.is_some(), SAYS_REFERENCE)
                | flag(entry.reference == Some(true), IS_REFERENCE),
        );
        if let Some(pts) = entry.pts {
            self.difference(pts, &mut before.pts);
        }
        if let Some(dts) = entry.dts {
            self.difference(dts, &mut before.dts);
        }
        self.difference(entry.duration, &mut before.duration);
        self.difference(entry.position, &mut before.position);
        self.number(entry.size as u64);
    }
}

struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Reads a number of items that take at least one byte each.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|&count| count <= self.0.len())
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?; // This moves `self.0`.
        let (text, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(text)
    }

    fn difference(&mut self, before: &mut i64) -> Option<i64> {
        *before = before.wrapping_add(self.signed()?);
        Some(*before)
    }

    fn entry(&mut self, before: &mut Before) -> Option<PacketEntry> {
        let flags = self.number()?;
        let has = |flag: u64| flags & flag != 0;
        Some(PacketEntry {
            pts: if has(HAS_PTS) { Some(self.difference(&mut before.pts)?) } else { None },
            dts: if has(HAS_DTS) { Some(self.difference(&mut before.dts)?) } else { None },
            duration: self.difference(&mut before.duration)?,
            key: has(IS_KEY),
            discarded: has(IS_DISCARDED),
            reference: has(SAYS_REFERENCE).then(|| has(IS_REFERENCE)),
            position: self.difference(&mut before.position)?,
            size: usize::try_from(self.number()?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> FileKey {
        FileKey { path: "/videos/a.mp4".into(), bytes: 1 << 40, changed_ns: 1_700_000_000_000_000_000, number: 7 }
    }

    /// A video with every kind of packet, ordered by decoding or by its time stamps.
    fn index(is_decoded: bool) -> VideoIndex {
        let packet = |number: i64| PacketEntry {
            pts: (number != 3 || !is_decoded).then_some(number * 512 - 1024),
            dts: (number % 2 == 0).then_some(number * 512 - 2048),
            duration: 512,
            key: number % 4 == 0,
            discarded: number == 1,
            reference: [None, Some(false), Some(true)][number as usize % 3],
            position: number * 1000 - 1,
            size: 999 + number as usize,
        };
        let jumps = vec![Jump { packet: 4, shift: -90_000_000_000 }];
        let table = PacketTable::new((0..9).map(packet).collect(), jumps, 2, None);
        let clock = StreamClock { tick_secs: 1.0 / 12800.0, claimed_fps: Some(25.0) };
        let order = FrameOrder { decoded: is_decoded.then(|| vec![0, 2, 5, 4, 3, 8, 6]), builds_on_all: false };
        VideoIndex::assemble(table, clock, order, is_decoded.then(|| "the file is cut off".into()))
    }

    #[test]
    fn an_index_comes_back_from_the_disk_as_it_was() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for is_decoded in [false, true] {
            let index = index(is_decoded);
            write(folder.path(), &key(), &index).expect("writable");
            assert_eq!(read(folder.path(), &key()), Some(index));
        }
    }

    #[test]
    fn the_index_of_another_state_of_the_file_is_not_used() {
        let bytes = encode(&key(), &index(true));
        assert!(decode(&bytes, &key()).is_some());
        let others = [
            FileKey { path: "/videos/b.mp4".into(), ..key() },
            FileKey { bytes: 9, ..key() },
            FileKey { changed_ns: 9, ..key() },
            FileKey { number: 9, ..key() },
        ];
        for other in others {
            assert!(decode(&bytes, &other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_damaged_index_counts_as_absent() {
        let bytes = encode(&key(), &index(true));
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end], &key()).is_none(), "cut off after {end} bytes");
        }
        for place in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x41;
            assert!(decode(&bytes, &key()).is_none(), "byte {place} is damaged");
        }
    }

    #[test]
    fn the_oldest_indexes_make_room() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        for (age, name) in ["old.index", "middle.index", "new.index", "other.txt"].iter().enumerate() {
            std::fs::write(at(name), [0; 100]).expect("writable");
            let file = std::fs::File::options().append(true).open(at(name)).expect("just written");
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age as u64 * 1000);
            file.set_modified(time).expect("times can be set");
        }
        make_room(folder.path(), 150);
        let left = ["old.index", "middle.index", "new.index", "other.txt"].map(|name| at(name).exists());
        assert_eq!(left, [false, false, true, true]);
    }
}
