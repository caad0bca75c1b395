//! The prediction of one video after the other, with a bar for each.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::outcome::complain;
use crate::engine::{NamedVideo, PredictorEvent, VideoEnd, VideoPredictor};
use crate::error::Result;
use crate::plural::counted;
use crate::secrets::masked;

/// The work that videos share.
pub(super) struct PredictionJob {
    pub predictor: VideoPredictor,
    pub stop: Arc<AtomicBool>,
}

impl PredictionJob {
    /// Returns whether the user has stopped the command.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Predicts `video` to the file `target`.
    pub fn predict(&mut self, video: &NamedVideo, target: &Path) -> Result<VideoEnd> {
        let mut progress: Option<ProgressBar> = None;
        let mut damages = Vec::new();
        let (stop, name) = (self.stop.clone(), &video.name);
        let go_on = || !stop.load(Ordering::Relaxed);
        let end = self.predictor.predict(video, target, &go_on, &mut |event| match (event, &progress) {
            (PredictorEvent::Damage(damage), _) => damages.push(damage.clone()),
            (PredictorEvent::Discarded(reason), _) => {
                eprintln!("{name}: scores of an earlier run are discarded: {reason}");
            }
            (PredictorEvent::OtherDevice(before), _) => {
                eprintln!("{name}: begun on {before}; scores may differ in their last digits");
            }
            (PredictorEvent::Progress { done, .. }, Some(bar)) => bar.set_position(done as u64),
            (PredictorEvent::Progress { done, of }, None) => {
                if done > 0 {
                    eprintln!("{name}: continues after {}", counted(done, "frame"));
                }
                let bar = bar(of, &masked(&video.path.to_string_lossy()));
                bar.set_position(done as u64);
                bar.reset_eta();
                progress = Some(bar);
            }
        });
        progress.iter().for_each(ProgressBar::finish_and_clear);
        damages.iter().for_each(complain);
        end
    }
}

fn bar(length: usize, message: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} frames, {eta} left  {msg}");
    let bar = ProgressBar::new(length as u64).with_style(style.expect("the template is well-formed"));
    bar.set_message(message.to_owned());
    bar
}
