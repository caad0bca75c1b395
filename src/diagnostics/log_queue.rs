//! Queue of log lines, written by a separate thread, since a disk may be slow and the window must not wait.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::facts;
use super::log_file::{LIMIT, LogFile};
use super::problem::keep_problem;
use crate::error::{Error, Result};

/// How long the end of the program waits for the disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// A request to the thread.
enum LogOrder {
    Write(String),
    /// Reply when all previous lines are written.
    Answer(Sender<()>),
}

/// A queue of lines for the log file. The thread is started, and the file created, with the first line.
pub struct LogQueue {
    folder: PathBuf,
    orders: OnceLock<Option<Sender<LogOrder>>>,
}

impl LogQueue {
    /// Creates a queue for the log in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, orders: OnceLock::new() }
    }

    /// Adds a line.
    pub fn push(&self, line: String) {
        let orders = self.orders.get_or_init(|| self.start().map_err(keep_problem).ok());
        if let Some(orders) = orders {
            let _ = orders.send(LogOrder::Write(line)); // The thread lives as long as the program.
        }
    }

    /// Waits briefly until all lines are written.
    pub fn flush(&self) {
        if let Some(Some(orders)) = self.orders.get() {
            let (sender, answer) = bounded(1);
            let _ = orders.send(LogOrder::Answer(sender)); // As in `push`.
            let _ = answer.recv_timeout(PATIENCE); // An unresponsive disk must not delay the end of the program.
        }
    }

    fn start(&self) -> Result<Sender<LogOrder>> {
        let (sender, orders) = unbounded(); // Unbounded: lines are short, and adding one must not block.
        let mut file = LogFile::new(self.folder.clone(), LIMIT);
        let thread = thread::Builder::new().name("log".into()).spawn(move || {
            write_all(&orders, |line| file.write(line), keep_problem);
        });
        thread.map_err(|error| Error::no_thread("log", &error))?;
        let begin = format!("\n{}", facts::text());
        let _ = sender.send(LogOrder::Write(begin)); // As in `push`.
        Ok(sender)
    }
}

/// Writes the lines of `orders` with `write` until that fails, and reports the failure to `say`, once, as later lines
/// would fail too.
fn write_all(orders: &Receiver<LogOrder>, mut write: impl FnMut(&str) -> Result<()>, say: impl Fn(Error)) {
    let mut is_broken = false;
    for order in orders {
        match order {
            LogOrder::Write(line) if !is_broken => {
                if let Err(error) = write(&line) {
                    is_broken = true;
                    say(error);
                }
            }
            LogOrder::Write(_) => {}
            LogOrder::Answer(answer) => drop(answer.send(())), // The caller may have stopped waiting.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_log_that_breaks_is_said_once_and_nobody_waits_for_it() {
        let (sender, orders) = unbounded();
        let (done, answer) = bounded(1);
        for line in ["a", "b", "c", "d"] {
            sender.send(LogOrder::Write(line.into())).unwrap();
        }
        sender.send(LogOrder::Answer(done)).unwrap();
        drop(sender);
        let (written, said) = (RefCell::new(String::new()), RefCell::new(Vec::new()));
        let write = |line: &str| {
            written.borrow_mut().push_str(line);
            if line == "a" { Ok(()) } else { Err(Error::new("log", "the disk is full", "Free some space")) }
        };
        write_all(&orders, write, |error| said.borrow_mut().push(error));
        assert_eq!((written.into_inner().as_str(), said.into_inner().len()), ("ab", 1));
        assert_eq!(answer.try_recv(), Ok(()));
    }
}
