//! How far predictions of videos are.

use crate::app::ui::progress::Progress;
use crate::engine::Message;

/// The predictions that are computed.
#[derive(Debug, Default)]
pub struct PredictingState {
    /// How far the video is that is predicted; `None` while nothing is.
    progress: Option<Progress>,
    /// The number of that video, from 1, and of all.
    place: Option<(usize, usize)>,
    /// Whether the end was asked for.
    is_stopping: bool,
}

impl PredictingState {
    /// Predictions begin.
    pub fn begin(&mut self) {
        *self = Self { progress: Some(Progress::begin(0, "frames")), ..Self::default() };
    }

    /// The end was asked for.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// How far the video is that is predicted; `None` while nothing is.
    pub fn progress(&self) -> Option<Progress> {
        self.progress
    }

    /// Whether the end was asked for.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// What is done, in a few words.
    pub fn in_words(&self) -> String {
        match self.place {
            _ if self.is_stopping => "Stopping predictions".into(),
            Some((video, videos)) if videos > 1 => format!("Predicting video {video} of {videos}"),
            _ => "Predicting".into(),
        }
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        match message {
            Message::PredictionProgress(news) => {
                self.place = Some((news.video, news.videos));
                self.progress.iter_mut().for_each(|progress| progress.advance(news.done, news.of));
            }
            Message::PredictionsEnded => *self = Self::default(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::PredictionProgress;

    #[test]
    fn the_video_and_its_frames_are_counted_until_the_end() {
        let mut state = PredictingState::default();
        let progress = |video, done| Message::PredictionProgress(PredictionProgress { video, videos: 3, done, of: 75 });
        state.receive(&progress(1, 3));
        assert!(state.progress().is_none(), "nobody asked for it");
        state.begin();
        assert_eq!(state.in_words(), "Predicting");
        state.receive(&progress(2, 12));
        assert_eq!(
            (state.in_words().as_str(), state.progress().unwrap().counts()),
            ("Predicting video 2 of 3", (12, 75))
        );
        state.stop();
        assert_eq!(state.in_words(), "Stopping predictions");
        state.receive(&Message::PredictionsEnded);
        assert!(state.progress().is_none() && !state.is_stopping());
    }
}
