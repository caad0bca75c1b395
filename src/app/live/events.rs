//! What the window does with the events of a live source.

use std::time::Instant;

use crate::app::session::Session;
use crate::app::shell::log::LogLevel;
use crate::engine::LiveEvent;
use crate::plural::counted;

impl Session {
    /// Takes in what happened around the live source.
    pub(in crate::app) fn live_event(&mut self, event: &LiveEvent) {
        match event {
            LiveEvent::Connected(what) => self.log.push(LogLevel::Info, format!("Live: {what}")),
            LiveEvent::Interrupted(error) => self.log.push(LogLevel::Warning, error.to_string()),
            LiveEvent::Failed(error) => self.problem(error),
            LiveEvent::Recorded { path, secs } => self.written(path, &format!("{secs:.1} s of live video")),
            LiveEvent::Corrected { path, class, frames } => {
                self.log.push(
                    LogLevel::Info,
                    format!("Saved {} as {class}: {}", counted(*frames, "frame"), path.display()),
                );
                self.told = Some((format!("Saved the last seconds as {class}"), Instant::now()));
            }
            LiveEvent::Corrections { folder, counts } => {
                self.live.counted = Some(folder.clone());
                self.live.corrections.clone_from(counts);
            }
        }
    }
}
