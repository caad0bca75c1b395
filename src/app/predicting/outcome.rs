//! What became of predictions of videos.

use std::time::Instant;

use crate::app::session::Session;
use crate::app::shell::log::LogLevel;
use crate::engine::PredictionReport;
use crate::plural::counted;

impl Session {
    /// Predictions are written, or were stopped.
    pub(in crate::app) fn predicted(&mut self, report: &PredictionReport) {
        let text = in_words(report);
        self.log.push(LogLevel::Info, format!("{text} in {}", report.folder.display()));
        self.told = Some((text, Instant::now()));
    }
}

/// Returns what became of predictions in a few words.
fn in_words(report: &PredictionReport) -> String {
    let PredictionReport { predicted, complete, failed, is_stopped, .. } = report;
    let mut text = format!("Predicted {}", counted(*predicted, "video"));
    for (count, what) in [(complete, "up to date"), (failed, "failed")] {
        if *count > 0 {
            text += &format!(", {count} {what}");
        }
    }
    if *is_stopped {
        text += ", then stopped; predict again to continue";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_all_videos_is_said() {
        let report = |predicted, complete, failed, is_stopped| {
            in_words(&PredictionReport { folder: "/p".into(), predicted, complete, failed, is_stopped })
        };
        assert_eq!(report(1, 0, 0, false), "Predicted 1 video");
        assert_eq!(report(3, 1, 2, false), "Predicted 3 videos, 1 up to date, 2 failed");
        assert_eq!(report(0, 0, 0, true), "Predicted 0 videos, then stopped; predict again to continue");
    }
}
