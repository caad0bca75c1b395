//! Handling of the events of a live source.

use std::path::Path;
use std::time::Instant;

use crate::app::session::Session;
use crate::app::shell::log::LogLevel;
use crate::app::shell::topic::Topic;
use crate::engine::LiveEvent;
use crate::plural::counted;
use crate::video::SlowCapture;

impl Session {
    /// Handles the events of the live source.
    pub(in crate::app) fn live_event(&mut self, event: &LiveEvent) {
        match event {
            LiveEvent::Connected(what) => {
                self.succeeded(Topic::Live);
                self.log.push(LogLevel::Info, format!("Live: {what}"));
            }
            LiveEvent::Interrupted(error) => self.log.push(LogLevel::Warning, error.to_string()),
            LiveEvent::Failed(error) => {
                self.failed(Topic::Live, error);
                self.told = Some(("Live source stopped".into(), Instant::now()));
            }
            LiveEvent::Recorded { path, secs, slow } => {
                self.succeeded(Topic::Recording);
                self.written(path, Some(&format!("{secs:.1} s of live video")));
                self.tell_slow(path, *slow);
            }
            LiveEvent::Corrected { path, class, frames, slow } => {
                self.succeeded(Topic::Corrections);
                self.log.push(
                    LogLevel::Info,
                    format!("Saved {} as {class}: {}", counted(*frames, "frame"), path.display()),
                );
                self.told = Some((format!("Saved the last seconds as {class}"), Instant::now()));
                self.tell_slow(path, *slow);
            }
            LiveEvent::CorrectionRestored(clip) => {
                self.succeeded(Topic::Corrections);
                self.log.push(LogLevel::Info, format!("Moved back {}", clip.display()));
            }
            LiveEvent::CorrectionRemoved(removed) => {
                self.succeeded(Topic::Corrections);
                let name = removed.clip.file_name().unwrap_or_default().to_string_lossy();
                let text = format!("Moved {name} to {}", removed.place.parent().unwrap_or(&removed.place).display());
                self.log.push(LogLevel::Info, text.clone());
                self.told = Some((text, Instant::now()));
                self.live.removed = Some(removed.clone());
            }
            LiveEvent::Corrections { folder, clips } => {
                if self.live.listed.as_ref() != Some(folder) {
                    self.live.removed = None;
                }
                self.live.listed = Some(folder.clone());
                self.live.corrections.clone_from(clips);
            }
        }
    }

    /// Says that the clip at `path` has few of its source's frames, if it is so.
    fn tell_slow(&mut self, path: &Path, slow: Option<SlowCapture>) {
        let Some(words) = slow.map(SlowCapture::in_words) else { return };
        self.log.push(LogLevel::Warning, format!("{}: captured at {words}", path.display()));
        self.told = Some((format!("Saved at {words}"), Instant::now()));
    }
}
