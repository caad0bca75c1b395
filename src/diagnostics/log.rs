//! The log of this process: recent lines in memory, all lines in the log file.

use std::path::Path;
use std::sync::OnceLock;
use std::{io, process};

use super::log_queue::LogQueue;
use super::private_text::private;
use super::recent_lines::RecentLines;

/// Target of messages that the user already sees elsewhere: in the window, or printed by a command.
pub const SHOWN: &str = "shown";

/// The most recent lines.
pub static RECENT: RecentLines = RecentLines::new();
/// The queue of lines for the log file.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// Starts to write the log to `folder`.
pub fn begin(folder: &Path) {
    let _ = QUEUE.set(LogQueue::new(folder.to_owned())); // The first of two calls counts.
}

/// Waits briefly until the log file contains all lines.
pub fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.flush();
    }
}

/// Adds a text of one or more lines.
pub fn add(text: &str) {
    let line = private(&format!("[{}] {}\n", process::id(), text.trim_end()));
    RECENT.push(&line);
    if let Some(queue) = QUEUE.get() {
        queue.push(line);
    }
}

/// A writer that adds each call's text as log lines.
#[derive(Debug, Clone, Copy)]
pub struct LogLines;

impl io::Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        add(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
