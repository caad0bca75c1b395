//! Recent log lines in memory, readable from a signal handler.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes kept.
const CAPACITY: usize = 16 << 10;
/// Bytes returned at a time: a signal handler has a small stack.
const PIECE: usize = 256;

/// A ring buffer of the end of a growing text. Reading takes no lock and allocates nothing, so text written at the same
/// time may be torn.
pub struct RecentLines {
    bytes: [AtomicU8; CAPACITY],
    /// Number of bytes written so far.
    written: AtomicUsize,
    writing: Mutex<()>,
}

impl RecentLines {
    /// Creates an empty text.
    pub const fn new() -> Self {
        Self { bytes: [const { AtomicU8::new(0) }; CAPACITY], written: AtomicUsize::new(0), writing: Mutex::new(()) }
    }

    /// Appends `text`, which ends with a line feed.
    pub fn push(&self, text: &str) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.written.load(Ordering::Relaxed);
        for (place, byte) in (start..).zip(text.bytes()) {
            self.bytes[place % CAPACITY].store(byte, Ordering::Relaxed);
        }
        self.written.store(start + text.len(), Ordering::Release);
    }

    /// Passes the complete lines in the buffer to `take`, in pieces.
    pub fn for_each_piece(&self, mut take: impl FnMut(&[u8])) {
        let end = self.written.load(Ordering::Acquire);
        let byte = |place: usize| self.bytes[place % CAPACITY].load(Ordering::Relaxed);
        let mut place = end.saturating_sub(CAPACITY);
        if place > 0 {
            while place < end && byte(place) != b'\n' {
                place += 1;
            }
            place += 1;
        }
        let mut piece = [0; PIECE];
        while place < end {
            let length = PIECE.min(end - place);
            for (offset, kept) in piece[..length].iter_mut().enumerate() {
                *kept = byte(place + offset);
            }
            take(&piece[..length]);
            place += length;
        }
    }

    /// Returns the complete lines in the buffer.
    pub fn text(&self) -> String {
        let mut bytes = Vec::new();
        self.for_each_piece(|piece| bytes.extend_from_slice(piece));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_whole_lines_are_left() {
        let lines = RecentLines::new();
        assert_eq!(lines.text(), "");
        lines.push("Übung\n");
        assert_eq!(lines.text(), "Übung\n");
        for number in 0..2000 {
            lines.push(&format!("line {number}: it goes wrong\n"));
        }
        let text = lines.text();
        assert!(text.starts_with("line ") && text.ends_with("line 1999: it goes wrong\n"), "{}", &text[..40]);
        assert!((CAPACITY - 30..=CAPACITY).contains(&text.len()), "{}", text.len());
    }
}
