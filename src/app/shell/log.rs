//! The messages since the start, in order, for the log panel.

use std::collections::VecDeque;
use std::time::Duration;

use crate::diagnostics::SHOWN;

/// Lines kept; the oldest go first.
pub const CAPACITY: usize = 2000;

/// Severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Information.
    Info,
    /// A warning; the requested action continues.
    Warning,
    /// A requested action failed.
    Error,
}

impl LogLevel {
    /// The level in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    /// How many lines were added before it.
    pub number: usize,
    /// Time since the start of the program.
    pub at: Duration,
    /// Severity.
    pub level: LogLevel,
    /// The message.
    pub text: String,
}

impl Line {
    /// The line as it is shown and copied: `00:12.3 warning  text`.
    pub fn to_text(&self) -> String {
        format!("{} {:<8} {}", self.clock(), self.level.name(), self.text)
    }

    /// Minutes, seconds and tenths since the start.
    pub fn clock(&self) -> String {
        let secs = self.at.as_secs_f64();
        format!("{:02}:{:04.1}", (secs / 60.0) as u64, secs % 60.0)
    }
}

/// The lines, oldest first.
#[derive(Debug)]
pub struct Log {
    started: std::time::Instant,
    lines: VecDeque<Line>,
    /// How many lines were added.
    added: usize,
}

impl Default for Log {
    fn default() -> Self {
        Self { started: std::time::Instant::now(), lines: VecDeque::new(), added: 0 }
    }
}

impl Log {
    /// Adds a line, here and to the program's log.
    pub fn push(&mut self, level: LogLevel, text: impl Into<String>) {
        if self.lines.len() == CAPACITY {
            self.lines.pop_front();
        }
        let text = text.into();
        match level {
            LogLevel::Info => tracing::info!(target: SHOWN, "{text}"),
            LogLevel::Warning => tracing::warn!(target: SHOWN, "{text}"),
            LogLevel::Error => tracing::error!(target: SHOWN, "{text}"),
        }
        let line = Line { number: self.added, at: self.started.elapsed(), level, text };
        self.lines.push_back(line);
        self.added += 1;
    }

    /// The lines of at least `level`, oldest first.
    pub fn lines(&self, level: LogLevel) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.level >= level)
    }

    /// All lines of at least `level` as text, one a row.
    pub fn to_text(&self, level: LogLevel) -> String {
        self.lines(level).map(|line| line.to_text() + "\n").collect()
    }

    /// Forgets all lines.
    pub fn clear(&mut self) {
        self.lines.clear();
    }
}
