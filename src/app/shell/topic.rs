//! Short subjects for error messages.

pub use crate::engine::Topic;
use crate::error::{Error, ErrorKind};

/// Subjects of errors that are longer than this are no words.
const LONGEST_WORD: usize = 16;

impl Topic {
    /// Returns in two words what failed with this error, or that something is wrong with a file.
    pub fn in_words(self, error: &Error) -> String {
        let text = match self {
            Self::Clip => "Opening failed",
            Self::Model => "Model failed",
            Self::Project => "Project failed",
            Self::Training => "Training failed",
            Self::Evaluation => "Evaluation failed",
            Self::Report => "Report failed",
            Self::Export => "Saving failed",
            Self::Live => "Live failed",
            Self::Recording => "Recording failed",
            Self::Corrections => "Correction failed",
            Self::Flow => "Flow failed",
            Self::Benchmark => "Benchmark failed",
            Self::Scores => "Scoring failed",
            Self::Suggestions => "Suggestions failed",
            Self::Predictions => "Prediction failed",
            Self::Sample => "Sample failed",
            Self::Runs => "Run failed",
            Self::Other if is_word(&error.subject) => return format!("{} failed", capitalised(&error.subject)),
            Self::Other => match error.kind {
                ErrorKind::Device => "Device failed",
                ErrorKind::NotFound => "File missing",
                _ => "File problem",
            },
        };
        text.to_owned()
    }
}

/// Whether the subject of an error is a word, such as `training`, and no path.
fn is_word(subject: &str) -> bool {
    (1..=LONGEST_WORD).contains(&subject.len()) && subject.chars().all(char::is_alphabetic)
}

/// Returns a text with its first letter as a capital.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
