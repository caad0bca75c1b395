//! The log of this process: its latest lines in memory, all of them in the log file.

use std::path::Path;
use std::sync::OnceLock;
use std::{io, process};

use super::log_queue::LogQueue;
use super::private_text::private;
use super::recent_lines::RecentLines;

/// Marks, as their target, messages that a person sees elsewhere already: in the window, or printed by a command.
pub const SHOWN: &str = "shown";

/// The latest lines.
pub static RECENT: RecentLines = RecentLines::new();
/// The lines that are to be written to the log file.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// Begins to keep the log in `folder`.
pub fn begin(folder: &Path) {
    let _ = QUEUE.set(LogQueue::new(folder.to_owned())); // Of two calls the first counts.
}

/// Waits a moment until the log file has all lines.
pub fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.flush();
    }
}

/// Adds a text of one or several lines.
pub fn add(text: &str) {
    let line = private(&format!("[{}] {}\n", process::id(), text.trim_end()));
    RECENT.push(&line);
    if let Some(queue) = QUEUE.get() {
        queue.push(line);
    }
}

/// A writer of log lines, each with one call.
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
